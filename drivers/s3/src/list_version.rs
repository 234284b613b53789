//! Which of S3's two listings a service is asked for. It asks for neither.

use std::sync::atomic::{AtomicBool, Ordering};

/// A listing of S3's API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `ListObjects`.
    V1,
    /// `ListObjectsV2`.
    V2,
}

/// What the option says of it, and what was found out.
#[derive(Debug)]
pub(crate) struct ListVersion {
    said: Option<Version>,
    only_v1: AtomicBool,
}

impl Version {
    /// Reads the option; the table knows no other words. `auto` is none.
    pub(crate) fn read(text: Option<&str>) -> Option<Self> {
        match text {
            Some("1") => Some(Self::V1),
            Some("2") => Some(Self::V2),
            _ => None,
        }
    }
}

impl ListVersion {
    /// Starts with what the option says. If that is nothing, with the second listing.
    pub(crate) fn new(said: Option<Version>) -> Self {
        Self {
            said,
            only_v1: AtomicBool::new(false),
        }
    }

    /// Returns what to ask for now.
    pub(crate) fn current(&self) -> Version {
        match self.said {
            Some(version) => version,
            None if self.only_v1.load(Ordering::Relaxed) => Version::V1,
            None => Version::V2,
        }
    }

    /// Returns whether it may be found out.
    pub(crate) fn is_open(&self) -> bool {
        self.said.is_none()
    }

    /// Keeps for the next listing that the service has answered the first one only.
    pub(crate) fn found_only_v1(&self) {
        self.only_v1.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_out_counts_where_the_option_says_nothing() {
        for (text, first, later) in [
            ("auto", Version::V2, Version::V1),
            ("1", Version::V1, Version::V1),
            ("2", Version::V2, Version::V2),
        ] {
            let version = ListVersion::new(Version::read(Some(text)));

            assert_eq!(version.current(), first, "{text}");
            version.found_only_v1();
            assert_eq!(version.current(), later, "{text}");
        }
    }
}
