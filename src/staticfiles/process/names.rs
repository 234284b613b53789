//! What a file is called: in the manifest, in the destination, and on a disk.

use storehouse_storage::Name;

use super::problem::ProblemKind;
use crate::staticfiles::manifest::hashed::{FileHash, hashed_name};

/// Django's `clean_name`: the key of a file in the manifest.
pub(super) fn key_of(name: &str) -> String {
    name.replace('\\', "/")
}

/// Returns where a content of the file `name` is stored.
pub(super) fn stored_as(name: &str, hash: &FileHash) -> Result<Name, ProblemKind> {
    let hashed = hashed_name(name, hash).map_err(|_| ProblemKind::NameIsNoUrl)?;
    Name::new(&hashed).map_err(|error| ProblemKind::HashedName {
        hashed,
        why: error.problem().to_owned(),
    })
}

/// Returns Django's name for a file on a disk, if no storage can have it: a `\` in it stays there,
/// and is a `/` everywhere else.
pub(super) fn disk_name(name: &str, hash: &FileHash) -> Option<String> {
    if !name.contains('\\') {
        return None;
    }
    hashed_name(name, hash)
        .ok()
        .filter(|hashed| hashed.contains('\\'))
}
