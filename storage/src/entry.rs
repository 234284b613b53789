//! What a storage tells of an object: size, times, and the attributes it was saved with. Nothing
//! here reads content.

use std::{collections::BTreeMap, time::SystemTime};

use crate::name::Name;

/// What is kept beside the content: HTTP's representation headers and the user's own pairs.
///
/// Values are as in the header, for example `text/css; charset=utf-8`. A storage whose
/// [`Capabilities::attributes`](crate::Capabilities) is false drops them all when it saves. Any
/// other tells what was saved, with two liberties that services take:
///
/// - The parameters of a content type may come back in another form that means the same (RFC 9110,
///   8.3.1): `text/css;charset=UTF-8`, or with the value in quotes. Compare type and parameters,
///   not texts.
/// - Metadata whose value is empty may be missing.
///
/// # For drivers
/// A value is handed on and told as it stands; the liberties are for what the service makes of it.
/// One that the service cannot carry is refused with [`ErrorKind::Unsupported`](crate::ErrorKind).
/// Where no content type was saved, `stat` and `open` tell [`crate::guess_content_type`]'s.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `Content-Type`. Where none is given, the one that the name suggests.
    pub content_type: Option<String>,
    /// `Content-Encoding`: how the stored bytes are coded. No storage codes or decodes them unless
    /// its settings say so, as the S3 driver's `gzip` does.
    pub content_encoding: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// The service's storage class, for example `STANDARD_IA`.
    pub storage_class: Option<String>,
    /// Pairs of the user's own. Keys are case-insensitive and kept in lower case.
    pub metadata: BTreeMap<String, String>,
}

/// One object: what [`stat`](crate::Storage::stat) knows of it, or the part that a listing tells.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, relative to the storage.
    pub name: Name,
    /// Bytes stored.
    pub size: u64,
    /// When the content was last written.
    pub modified: Option<SystemTime>,
    /// When the object was made (on disk: when its metadata last changed, as in Django).
    pub created: Option<SystemTime>,
    /// When the content was last read, where the storage knows.
    pub accessed: Option<SystemTime>,
    /// An opaque tag without quotes that changes when the content does. A weak one (RFC 9110, 8.8.1)
    /// keeps its `W/"…"`.
    pub etag: Option<String>,
    /// What is kept beside the content. A listing of a bucket tells none.
    pub attributes: Attributes,
}

impl Entry {
    /// Makes an entry that knows no more than name and size.
    #[must_use]
    pub fn new(name: Name, size: u64) -> Self {
        Self {
            name,
            size,
            modified: None,
            created: None,
            accessed: None,
            etag: None,
            attributes: Attributes::default(),
        }
    }

    /// Sets when the content was last written.
    #[must_use]
    pub fn with_modified(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        self.modified = time.into();
        self
    }

    /// Sets when the object was made.
    #[must_use]
    pub fn with_created(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        self.created = time.into();
        self
    }

    /// Sets when the content was last read.
    #[must_use]
    pub fn with_accessed(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        self.accessed = time.into();
        self
    }

    /// Sets the tag; quotes around it are taken off.
    #[must_use]
    pub fn with_etag(mut self, etag: impl Into<Option<String>>) -> Self {
        self.etag = etag.into().map(without_quotes);
        self
    }

    /// Sets what is kept beside the content.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }
}

/// What a save did.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The name really used.
    pub name: Name,
    /// Bytes written.
    pub size: u64,
    /// The tag of what was written, where the storage told it. No quotes.
    pub etag: Option<String>,
    /// By which the storage knows what this save has made from all that others write under the name,
    /// the same content too; where it has such a mark. Opaque.
    pub mark: Option<String>,
}

impl Saved {
    /// Makes the answer of a save.
    #[must_use]
    pub fn new(name: Name, size: u64) -> Self {
        Self {
            name,
            size,
            etag: None,
            mark: None,
        }
    }

    /// Sets the tag; quotes around it are taken off.
    #[must_use]
    pub fn with_etag(mut self, etag: impl Into<Option<String>>) -> Self {
        self.etag = etag.into().map(without_quotes);
        self
    }

    /// Sets the mark, for [`Storage::take_back`](crate::Storage::take_back).
    #[must_use]
    pub fn with_mark(mut self, mark: impl Into<Option<String>>) -> Self {
        self.mark = mark.into();
        self
    }
}

/// What lies directly in a folder: Django's `listdir`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Names of the folders in it, each once, sorted.
    pub folders: Vec<Name>,
    /// The objects in it, sorted by name.
    pub files: Vec<Entry>,
}

/// Takes the quotes off a strong tag; those of a weak one are part of what tells it.
fn without_quotes(tag: String) -> String {
    match tag.starts_with("W/") {
        true => tag,
        false => tag.trim_matches('"').to_owned(),
    }
}
