//! Where a check gets its storage from, and what is done when it is over.

use std::sync::Arc;

use async_trait::async_trait;
use storehouse_storage::Storage;

/// A storage of a check's own, with what it needs to be there: a folder, a bucket, a server.
///
/// It lives as long as the check; what it made is removed when it is dropped, or in
/// [`clean_up`](Self::clean_up) where that takes an `await`.
///
/// ```
/// use std::sync::Arc;
/// use storehouse_conformance::Fixture;
/// use storehouse_storage::Storage;
///
/// struct InAFolder {
///     folder: tempfile::TempDir, // removed when it is dropped
///     storage: Arc<dyn Storage>,
/// }
///
/// #[async_trait::async_trait]
/// impl Fixture for InAFolder {
///     async fn storage(&self) -> Arc<dyn Storage> {
///         Arc::clone(&self.storage)
///     }
/// }
/// ```
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// Returns the storage, which nobody else uses and which is empty at first.
    async fn storage(&self) -> Arc<dyn Storage>;

    /// Returns the secrets that the storage was given, none of which it may ever show.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Removes what the fixture made. Called once, also after a check that failed.
    async fn clean_up(&self) {}
}

#[async_trait]
impl Fixture for Arc<dyn Storage> {
    async fn storage(&self) -> Arc<dyn Storage> {
        Self::clone(self)
    }
}
