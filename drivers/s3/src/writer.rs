//! What every write to a bucket needs, whichever way it goes. It sends nothing by itself.

use std::sync::Arc;

use storehouse_storage::{Error, ErrorKind, Name, Result};
use tokio_util::task::TaskTracker;

use crate::{bucket::Bucket, headers::SaveDefaults};

/// S3's limit for a key, in bytes of UTF-8.
pub(crate) const MAX_KEY_BYTES: usize = 1024;

/// A bucket, or a folder in it, with what its objects get.
pub(crate) struct Writer {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) location: Option<Name>,
    pub(crate) defaults: SaveDefaults,
    /// What must be finished even if the future that asked for it was dropped.
    pub(crate) tasks: TaskTracker,
}

impl Writer {
    /// Returns the key of a name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if it is longer than S3 takes.
    pub(crate) fn key(&self, name: &Name) -> Result<String> {
        let key = match &self.location {
            Some(location) => format!("{location}/{name}"),
            None => name.to_string(),
        };
        if key.len() > MAX_KEY_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidName,
                format!("its key has {} bytes, S3 takes {MAX_KEY_BYTES}", key.len()),
            ));
        }
        Ok(key)
    }
}
