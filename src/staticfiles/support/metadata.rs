//! What the system knows of a file.

use std::{fs, time::SystemTime};

/// Returns when anything of a file last changed, which nobody can set. `None` where the system does not tell.
#[cfg(unix)]
pub(in crate::staticfiles) fn changed(metadata: &fs::Metadata) -> Option<SystemTime> {
    use std::{os::unix::fs::MetadataExt, time::Duration};
    let seconds = u64::try_from(metadata.ctime()).ok()?;
    let nanoseconds = u32::try_from(metadata.ctime_nsec()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
}

#[cfg(not(unix))]
pub(in crate::staticfiles) fn changed(_: &fs::Metadata) -> Option<SystemTime> {
    None
}

/// Returns the number of a file on its disk; 0 where there are none.
#[cfg(unix)]
pub(in crate::staticfiles) fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
pub(in crate::staticfiles) fn inode(_: &fs::Metadata) -> u64 {
    0
}
