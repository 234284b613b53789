//! How much of a source has to be known, and what is known of it.

use bytes::Bytes;

use crate::staticfiles::support::md5::Md5Sum;

/// What has to be known of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::staticfiles) enum Want {
    /// Nothing.
    Nothing,
    /// Its digest.
    Digest,
    /// All of it, and its digest.
    Content,
}

/// What is known of a source.
#[derive(Debug, Clone, Default)]
pub(in crate::staticfiles) struct Known {
    pub(in crate::staticfiles) md5: Option<Md5Sum>,
    pub(in crate::staticfiles) content: Option<Bytes>,
}
