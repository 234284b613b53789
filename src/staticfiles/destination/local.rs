//! Which storages are folders of this machine.

use std::path::{Path, PathBuf};

use storehouse_storage::{Name, Storage};

/// Returns the folder of a storage that is one on this machine: Django's `path("")`.
#[must_use]
pub fn local_root(storage: &dyn Storage) -> Option<PathBuf> {
    let path = storage.path(&Name::new("x").ok()?)?;
    path.parent().map(Path::to_owned)
}
