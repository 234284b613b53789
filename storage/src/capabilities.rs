//! What a storage can do, as data, so that a caller can ask instead of try.

/// What a storage can do. The default is a storage that does the least the trait demands.
///
/// The conformance suite chooses its checks by this, and fails a storage that claims too much.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Keeps content type, cache-control and the other [`Attributes`](crate::Attributes), with metadata.
    pub attributes: bool,
    /// [`url`](crate::Storage::url) without options works.
    pub urls: bool,
    /// [`url`](crate::Storage::url) with an expiry, a download name or a content type works.
    pub signed_urls: bool,
    /// Folders are real: a file cannot lie below a file, and a folder takes up its name.
    pub folders: bool,
    /// [`copy`](crate::Storage::copy) moves no content through this process.
    pub server_side_copy: bool,
    /// How many small contents one [`put_many`](crate::Storage::put_many) does well to have; 1 where
    /// each is a request of its own.
    pub puts_at_once: usize,
    /// The longest name, in UTF-8 bytes, after what the storage itself puts before it.
    pub max_name_bytes: usize,
    /// The longest part of a name between slashes, in UTF-8 bytes. Where this depends on the service,
    /// it may be too little before the service's first answer, and is right after it.
    pub max_part_bytes: usize,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            attributes: false,
            urls: false,
            signed_urls: false,
            folders: false,
            server_side_copy: false,
            puts_at_once: 1,
            max_name_bytes: 1024,
            max_part_bytes: 1024,
        }
    }
}
