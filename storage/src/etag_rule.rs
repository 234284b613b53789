//! How ETags are made of contents, so that a caller can tell an unchanged content from a listing.

/// How a storage makes an ETag of a content. Digests are written in lower-case hex.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtagRule {
    /// It tells nothing of the content but that it changed.
    Opaque,
    /// The MD5 of the content.
    Md5,
    /// S3's multipart form: the MD5 of the binary MD5s of all parts, `-`, and the number of parts.
    Md5OfParts {
        /// Bytes in each part but the last.
        part_bytes: u64,
    },
}
