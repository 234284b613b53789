//! Which valid names this storage takes: not too long for a disk, and none of its own. Decided
//! without a look at the disk.

use std::path::Path;

use storehouse_storage::{Error, ErrorKind, Name, Result};

use crate::staging;

/// The most bytes a part of a name has on every disk in use (`NAME_MAX`).
pub(crate) const MAX_PART_BYTES: usize = 255;
/// Linux's `PATH_MAX` without its NUL.
const MAX_PATH_BYTES: usize = 4095;

/// How long the names of one storage may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// What is left of a path behind the storage's folder and a slash.
    pub(crate) max_name_bytes: usize,
}

impl Limits {
    pub(crate) fn of(location: &Path) -> Self {
        let taken = location.as_os_str().len() + 1;
        Self {
            max_name_bytes: MAX_PATH_BYTES.saturating_sub(taken),
        }
    }

    /// Refuses a name that cannot be on the disk, or is kept for staging.
    pub(crate) fn check(self, name: &Name) -> Result<()> {
        let length = name.as_str().len();
        if length > self.max_name_bytes {
            return Err(too_long("the name", length, self.max_name_bytes));
        }
        for part in name.parts() {
            if part.len() > MAX_PART_BYTES {
                return Err(too_long("a part of it", part.len(), MAX_PART_BYTES));
            }
            if staging::is_reserved(part) {
                let problem = format!("{part:?} is reserved for files that are being written");
                return Err(Error::new(ErrorKind::InvalidName, problem));
            }
        }
        Ok(())
    }
}

fn too_long(what: &str, length: usize, most: usize) -> Error {
    let problem = format!("{what} has {length} bytes, this storage takes {most}");
    Error::new(ErrorKind::InvalidName, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_disk_cannot_take_is_refused() {
        let limits = Limits::of(Path::new("/srv/media"));

        for (case, name, reason) in [
            ("plain", "a/b.txt".to_owned(), None),
            ("longest part", "a".repeat(255), None),
            ("part too long", "a".repeat(256), Some("256 bytes")),
            (
                "folder too long",
                format!("{}/b", "a".repeat(256)),
                Some("256 bytes"),
            ),
            (
                "bytes count, not letters",
                "\u{e9}".repeat(128),
                Some("256 bytes"),
            ),
            ("longest name", "a/".repeat(2041) + "ab", None),
            (
                "name too long",
                "a/".repeat(2042) + "a",
                Some("this storage takes 4084"),
            ),
            (
                "staging",
                ".storehouse-tmp-0/x".to_owned(),
                Some("reserved"),
            ),
            (
                "staging, deeper",
                "a/.storehouse-tmp/x".to_owned(),
                Some("reserved"),
            ),
        ] {
            let refused = limits.check(&Name::new(name).unwrap()).err();

            match (reason, refused) {
                (None, refused) => assert!(refused.is_none(), "{case}: {refused:?}"),
                (Some(reason), refused) => {
                    let error = refused.unwrap();
                    assert_eq!(error.kind(), ErrorKind::InvalidName, "{case}");
                    assert!(error.problem().contains(reason), "{case}: {error}");
                }
            }
        }
    }
}
