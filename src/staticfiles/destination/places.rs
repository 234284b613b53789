//! Where a push goes: the storage of the files, and that of the manifest, which may be another. It
//! lists and writes nothing.
//!
//! In the storage of the manifest are the manifest and the integrity digests, which whoever makes
//! pages reads at its start. All else is with the files: releases too, since they say which of the
//! files are kept.

use std::sync::Arc;

use storehouse_storage::{Result, Storage};

use crate::staticfiles::model::write::Kind;
use crate::storages::{STATICFILES, Storages};

/// The storages that a push writes to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Places {
    files: Arc<dyn Storage>,
    /// `None` where it is the same.
    manifest: Option<Arc<dyn Storage>>,
}

impl Places {
    /// Takes the storages that the settings name for static files.
    ///
    /// # Errors
    /// As [`Storages::get`] and [`Storages::manifest_storage`].
    pub fn of(storages: &Storages) -> Result<Self> {
        Ok(Self {
            files: storages.staticfiles()?,
            manifest: storages.manifest_storage(STATICFILES)?,
        })
    }

    /// Puts the manifest, and the digests beside it, into another storage than the files.
    #[must_use]
    pub fn with_manifest(mut self, storage: Arc<dyn Storage>) -> Self {
        self.manifest = Some(storage);
        self
    }

    /// Returns the storage of the files.
    #[must_use]
    pub fn files(&self) -> &Arc<dyn Storage> {
        &self.files
    }

    /// Returns the storage of the manifest.
    #[must_use]
    pub fn manifest(&self) -> &Arc<dyn Storage> {
        self.manifest.as_ref().unwrap_or(&self.files)
    }

    /// Returns whether the manifest has a storage of its own.
    #[must_use]
    pub fn are_two(&self) -> bool {
        self.manifest.is_some()
    }

    /// Returns where a file of this kind goes.
    pub(in crate::staticfiles) fn of_kind(&self, kind: Kind) -> &dyn Storage {
        match kind.goes_with_manifest() {
            true => &**self.manifest(),
            false => &*self.files,
        }
    }
}

impl From<Arc<dyn Storage>> for Places {
    fn from(files: Arc<dyn Storage>) -> Self {
        Self {
            files,
            manifest: None,
        }
    }
}
