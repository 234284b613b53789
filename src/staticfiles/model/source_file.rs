//! A file below a source folder.

use std::{path::PathBuf, time::SystemTime};

use crate::staticfiles::support::times::is_old;

/// A file below a source folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is on disk.
    pub path: PathBuf,
    /// Its path below the source folder, with `/`.
    pub relative: String,
    /// Bytes, following links.
    pub size: u64,
    /// When its content was last written.
    pub modified: Option<SystemTime>,
    /// When anything of it last changed, be it its times or its names: unlike `modified`, nobody can
    /// set it. None where the system does not tell.
    pub changed: Option<SystemTime>,
    /// Which file it is on its disk; 0 where that cannot be told.
    pub inode: u64,
    /// Whether a symlink below the source folder leads to it.
    pub is_linked: bool,
}

impl SourceFile {
    /// Returns whether this changed too long ago for another change to have the same times.
    pub(in crate::staticfiles) fn is_settled(&self, now: SystemTime) -> bool {
        let is_old = |time| is_old(time, now);
        self.modified.is_some_and(is_old) && self.changed.is_none_or(is_old)
    }
}
