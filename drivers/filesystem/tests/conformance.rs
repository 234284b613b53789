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

async fn empty() -> InAFolder {
    in_a_folder(FilesystemOptions::default()).await
}

async fn empty_with_links() -> InAFolder {
    in_a_folder(FilesystemOptions::default().with_follow_symlinks(true)).await
}

#[expect(clippy::unused_async, reason = "the suite awaits it")]
#[expect(clippy::expect_used, reason = "a check reports by panicking")]
async fn in_a_folder(options: FilesystemOptions) -> InAFolder {
    let folder = TempDir::new().expect("a temporary folder");
    let options = options.with_base_url("/media/");
    let storage = FilesystemStorage::new(folder.path().join("media"), options);
    InAFolder {
        storage: Arc::new(storage.expect("the path is absolute")),
        _folder: folder,
    }
}

storehouse_conformance::suite!(empty);

/// Reading through links out of the folder changes no promise.
mod with_follow_symlinks {
    storehouse_conformance::suite!(super::empty_with_links);
}
