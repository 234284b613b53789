//! What the destination holds, from one listing: what the plan compares with. It reads no content.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use futures::TryStreamExt;
use storehouse_storage::{Name, Result, Storage};

/// The objects of a storage by name.
#[derive(Debug, Clone, Default)]
pub struct Destination {
    /// What is there.
    pub objects: HashMap<Name, Object>,
    /// Whether it is on this machine's disk: Django's rule (`path()` works) decides how files are
    /// compared.
    pub is_local: bool,
}

/// What one listing tells of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Bytes.
    pub size: u64,
    /// When the content was last written.
    pub modified: Option<SystemTime>,
    /// The storage's tag.
    pub etag: Option<String>,
}

impl Destination {
    /// Lists all of `storage`.
    ///
    /// # Errors
    /// As [`Storage::list`]: a listing that breaks off is no listing.
    pub async fn list(storage: &dyn Storage) -> Result<Self> {
        let entries = storage.list(None).map_ok(|entry| {
            let object = Object {
                size: entry.size,
                modified: entry.modified,
                etag: entry.etag,
            };
            (entry.name, object)
        });
        Ok(Self {
            objects: entries.try_collect().await?,
            is_local: local_root(storage).is_some(),
        })
    }
}

/// Returns the folder of a storage that is one on this machine: Django's `path("")`.
#[must_use]
pub fn local_root(storage: &dyn Storage) -> Option<PathBuf> {
    let path = storage.path(&Name::new("x").ok()?)?;
    path.parent().map(Path::to_owned)
}
