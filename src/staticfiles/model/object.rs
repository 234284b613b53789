//! A file of the destination, as a listing tells it.

use std::time::{SystemTime, UNIX_EPOCH};

/// What one listing tells of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Bytes; of a link, those of what it leads to.
    pub size: u64,
    /// When the content was last written.
    pub modified: Option<SystemTime>,
    /// The storage's tag.
    pub etag: Option<String>,
    /// Whether it is a link on a disk.
    pub is_link: bool,
    /// The number of the file on a disk; 0 where there are none.
    pub inode: u64,
}

impl Object {
    /// Returns the tag that a save of this file on a disk has told, if this is what was saved and not
    /// what somebody else has put in its place: number, time and size, as in `storehouse-filesystem`.
    /// `None` where files have no numbers. A driver with other tags is not believed, and its files
    /// are read again.
    pub(in crate::staticfiles) fn tag(&self) -> Option<String> {
        let modified = self.modified?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let tag = format!("{:x}-{modified:x}-{:x}", self.inode, self.size);
        (self.inode != 0).then_some(tag)
    }
}
