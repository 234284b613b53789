//! What the processing gives.

use bytes::Bytes;
use storehouse_storage::Name;

use super::problem::Problem;
use crate::staticfiles::support::md5::Md5Sum;

/// What came of it.
#[derive(Debug, Default)]
pub(in crate::staticfiles) struct Processed {
    /// One for each source without a problem of its own, in the order of the sources.
    pub(in crate::staticfiles) files: Vec<HashedFile>,
    /// What is wrong, in the order of the sources.
    pub(in crate::staticfiles) problems: Vec<Problem>,
    /// Files of earlier runs that are referred to and whose hash is not known. If there are any,
    /// the rest is not complete.
    pub(in crate::staticfiles) unread: Vec<Name>,
}

/// A file under its hashed name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::staticfiles) struct HashedFile {
    /// Which source it is made of.
    pub(in crate::staticfiles) source: usize,
    /// Its key in the manifest.
    pub(in crate::staticfiles) key: String,
    /// Its name in the destination: the value in the manifest.
    pub(in crate::staticfiles) name: Name,
    /// Its name on a disk, where that is one that only a disk can hold (with a `\`).
    pub(in crate::staticfiles) disk_name: Option<String>,
    /// Its content and the MD5 of that, where it is not that of the source.
    pub(in crate::staticfiles) content: Option<(Bytes, Md5Sum)>,
    /// What passes wrote under other names before.
    pub(in crate::staticfiles) intermediate: Vec<(Name, Bytes)>,
}
