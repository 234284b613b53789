//! Django's DefaultStorageFinder: everything in the storage of media. It takes the files from the
//! disk, and so needs a storage that is a folder.

use std::path::PathBuf;

use storehouse_storage::{Error, Result, Storage};

use super::{
    Finder, Searched,
    folder::{self, Exists},
};
use crate::staticfiles::model::found::Found;
use crate::staticfiles::{destination::local::local_root, sources::ignore::IgnorePatterns};

/// Finds everything in the default storage.
#[derive(Debug)]
pub struct DefaultStorageFinder {
    root: PathBuf,
}

impl DefaultStorageFinder {
    /// Takes the storage of media, Django's `default_storage`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) if it is not a
    /// folder on this machine: Django asks for a `base_location`, which a bucket does not have.
    pub fn new(storage: &dyn Storage) -> Result<Self> {
        let Some(root) = local_root(storage) else {
            let problem = format!(
                "STATICFILES_FINDERS has DefaultStorageFinder, which needs a default storage with a location on this machine, and that is {}",
                storage.describe()
            );
            return Err(Error::configuration(problem).with_advice(
                "take the finder out, or set DEFAULT_FILE_STORAGE to a folder, such as \"file:media\"",
            ));
        };
        Ok(Self { root })
    }
}

impl Finder for DefaultStorageFinder {
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
        folder::list(&[(&self.root, None)], ignore)
    }

    fn find(&self, path: &str) -> Vec<Searched> {
        vec![folder::find(&self.root, path, Exists::Any)]
    }

    fn setting(&self) -> &str {
        "DEFAULT_FILE_STORAGE"
    }
}
