//! Times of files, and how far they can be trusted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between a change of a file and the memory of it: the coarsest times of disks in use (FAT).
pub(in crate::staticfiles) const RACY: Duration = Duration::from_secs(2);

/// Returns whether a time is too long ago for a later change to have the same.
pub(in crate::staticfiles) fn is_old(time: SystemTime, now: SystemTime) -> bool {
    now.duration_since(time).is_ok_and(|age| age > RACY)
}

/// Returns the nanoseconds since 1970.
pub(in crate::staticfiles) fn nanoseconds(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}
