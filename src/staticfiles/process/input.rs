//! What the processing is given.

use std::collections::HashMap;

use bytes::Bytes;
use storehouse_storage::Name;

use crate::{staticfiles::manifest::hashed::FileHash, storages::ManifestOptions};

/// A collected file, as the processing needs it.
#[derive(Debug, Clone)]
pub(in crate::staticfiles) struct Source {
    /// What Django calls it: with the prefix of its folder, and with every `\` it has.
    pub(in crate::staticfiles) name: String,
    /// What it is called in the destination.
    pub(in crate::staticfiles) collected_as: Name,
    /// Its content.
    pub(in crate::staticfiles) content: SourceContent,
}

/// The content of a source.
#[derive(Debug, Clone)]
pub(in crate::staticfiles) enum SourceContent {
    /// All of it and its hash, for a file whose references are followed ([`is_adjustable`]).
    Text(Bytes, FileHash),
    /// Its hash, for any other.
    Hash(FileHash),
    /// Nothing is needed of it: its name is hashed already, and stays.
    Fixed,
}

/// What the processing has to know beside the sources.
#[derive(Debug)]
pub(in crate::staticfiles) struct Site<'a> {
    /// STATIC_URL.
    pub(in crate::staticfiles) static_url: &'a str,
    /// The options of hashed names.
    pub(in crate::staticfiles) options: &'a ManifestOptions,
    /// What is in the destination already, from earlier runs too, with its hash where it is known.
    pub(in crate::staticfiles) there: &'a HashMap<Name, Option<FileHash>>,
    /// Whether the destination has folders, which a reference may name.
    pub(in crate::staticfiles) has_folders: bool,
}

/// Returns whether references in the file `name` are followed: Django's `*.css` and `*.js`.
pub(in crate::staticfiles) fn is_adjustable(name: &str) -> bool {
    name.ends_with(".css") || name.ends_with(".js")
}
