//! What is kept of an upload: where the file is and what it is. The application puts it into its own
//! database; the storage holds only the content.

use serde::{Deserialize, Serialize};
use storehouse_storage::{Name, OpenOptions, Reader, Result, UrlOptions};

use crate::storages::Storages;

/// A file in one of the storages: what Django's `FileField` and Rails' blob keep.
///
/// All fields are plain, so that they can be columns of a table, or one in JSON. A row that is deleted
/// leaves its file; call [`delete`](Self::delete).
///
/// ```
/// use storehouse::{media::FileRecord, storage::{Result, UrlOptions}, storages::Storages};
///
/// async fn link(row: &str, storages: &Storages) -> Result<String> {
///     let photo: FileRecord = serde_json::from_str(row).expect("what was written there");
///     photo.url(storages, &UrlOptions::default()).await
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The alias of the storage in `STORAGES`.
    pub storage: String,
    /// The name in the storage.
    pub name: String,
    /// Bytes of the content.
    pub size: u64,
    /// What the bytes are, as a `Content-Type`.
    pub content_type: String,
    /// SHA-256 of the content, in hexadecimal.
    pub checksum: String,
    /// What the client called the file, without folders. For showing, and for downloads.
    pub original_name: String,
}

impl FileRecord {
    /// Opens the content.
    ///
    /// # Errors
    /// As [`Storages::get`] and [`Storage::open`](crate::storage::Storage::open).
    pub async fn open(&self, storages: &Storages) -> Result<Reader> {
        let storage = storages.get(&self.storage)?;
        storage.open(&self.name()?, &OpenOptions::default()).await
    }

    /// Returns the URL that a browser gets the file with.
    ///
    /// # Errors
    /// As [`Storages::get`] and [`Storage::url`](crate::storage::Storage::url).
    pub async fn url(&self, storages: &Storages, options: &UrlOptions) -> Result<String> {
        storages
            .get(&self.storage)?
            .url(&self.name()?, options)
            .await
    }

    /// Deletes the file. Does nothing if it is not there.
    ///
    /// # Errors
    /// As [`Storages::get`] and [`Storage::delete`](crate::storage::Storage::delete).
    pub async fn delete(&self, storages: &Storages) -> Result<()> {
        storages.get(&self.storage)?.delete(&self.name()?).await
    }

    fn name(&self) -> Result<Name> {
        Name::new(&self.name)
    }
}
