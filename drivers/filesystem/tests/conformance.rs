//! The promises of every storage, kept by a folder.

use std::sync::Arc;

use async_trait::async_trait;
use storehouse_conformance::Fixture;
use storehouse_filesystem::{FilesystemOptions, FilesystemStorage};
use storehouse_storage::Storage;
use tempfile::TempDir;

struct InAFolder {
    storage: Arc<dyn Storage>,
    _folder: TempDir,
}

#[async_trait]
impl Fixture for InAFolder {
    async fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }
}

#[expect(clippy::unused_async, reason = "the suite awaits it")]
#[expect(clippy::expect_used, reason = "a check reports by panicking")]
async fn empty() -> InAFolder {
    let folder = TempDir::new().expect("a temporary folder");
    let options = FilesystemOptions::default().with_base_url("/media/");
    let storage = FilesystemStorage::new(folder.path().join("media"), options);
    InAFolder {
        storage: Arc::new(storage.expect("the path is absolute")),
        _folder: folder,
    }
}

storehouse_conformance::suite!(empty);
