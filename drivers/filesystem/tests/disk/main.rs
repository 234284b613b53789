//! What a folder on disk promises beyond the contract: its modes, its confinement, its behaviour
//! when processes die, disks fill up and trees are odd.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a check reports by panicking, and a child by printing"
)]

mod child;
mod confinement;
mod crash;
mod descriptors;
mod file_sizes;
mod following;
#[cfg(target_os = "linux")]
mod full_disk;
mod listing;
#[cfg(target_os = "linux")]
mod memory;
mod modes;
mod odd_trees;
mod options;
mod refusals;
mod replacing;

use std::{os::unix::fs::PermissionsExt, path::Path};

use storehouse_filesystem::{FilesystemOptions, FilesystemStorage};
use storehouse_storage::{Content, Name, Result, SaveOptions, Saved, Storage, Target};

/// A storage in a folder, as it is by default.
fn storage(location: &Path) -> FilesystemStorage {
    storage_with(location, FilesystemOptions::default())
}

fn storage_with(location: &Path, options: FilesystemOptions) -> FilesystemStorage {
    FilesystemStorage::new(location, options).unwrap()
}

/// Saves under exactly the name that `target` says.
async fn put(storage: &dyn Storage, target: Target, content: impl Into<Content>) -> Result<Saved> {
    storage
        .put(target, content.into(), &SaveOptions::default())
        .await
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn mode_of(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

/// Every file and folder below `folder`, as relative paths, sorted.
fn tree(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in next.read_dir().unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            found.push(path.strip_prefix(folder).unwrap().display().to_string());
            if entry.file_type().unwrap().is_dir() {
                pending.push(path);
            }
        }
    }
    found.sort();
    found
}
