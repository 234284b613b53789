//! What a caller may ask of a save, an open and a URL. The options a storage is configured with
//! are elsewhere: [`crate::OptionRow`].

use std::{ops::Range, time::Duration};

use crate::{
    entry::Attributes,
    error::{Error, ErrorKind, Result},
};

/// What a save may carry beside the content. The default asks for nothing.
///
/// ```
/// use storehouse_storage::SaveOptions;
///
/// let options = SaveOptions::default()
///     .with_content_type("text/css; charset=utf-8")
///     .with_cache_control("public, max-age=31536000, immutable")
///     .with_metadata("author", "M. Twain");
/// # assert_eq!(options.attributes.metadata["author"], "M. Twain");
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// What is kept beside the content.
    pub attributes: Attributes,
    /// A canned ACL such as `public-read`. No ACL header is sent unless this or the storage's
    /// `default_acl` asks for one; a storage without ACLs does not look at it.
    pub acl: Option<String>,
    /// Whether `save` may replace what is there. `None`: as the storage is configured.
    pub overwrite: Option<bool>,
    /// The longest name `save` may use, in characters. `None`: as long as the storage takes.
    pub max_length: Option<usize>,
}

impl SaveOptions {
    /// Sets `Content-Type`.
    #[must_use]
    pub fn with_content_type(mut self, value: impl Into<String>) -> Self {
        self.attributes.content_type = Some(value.into());
        self
    }

    /// Sets `Content-Encoding`. The content must be coded so already.
    #[must_use]
    pub fn with_content_encoding(mut self, value: impl Into<String>) -> Self {
        self.attributes.content_encoding = Some(value.into());
        self
    }

    /// Sets `Content-Disposition`.
    #[must_use]
    pub fn with_content_disposition(mut self, value: impl Into<String>) -> Self {
        self.attributes.content_disposition = Some(value.into());
        self
    }

    /// Sets `Content-Language`.
    #[must_use]
    pub fn with_content_language(mut self, value: impl Into<String>) -> Self {
        self.attributes.content_language = Some(value.into());
        self
    }

    /// Sets `Cache-Control`.
    #[must_use]
    pub fn with_cache_control(mut self, value: impl Into<String>) -> Self {
        self.attributes.cache_control = Some(value.into());
        self
    }

    /// Sets the service's storage class.
    #[must_use]
    pub fn with_storage_class(mut self, value: impl Into<String>) -> Self {
        self.attributes.storage_class = Some(value.into());
        self
    }

    /// Adds a pair of the user's own; the key is kept in lower case.
    #[must_use]
    pub fn with_metadata(mut self, key: impl AsRef<str>, value: impl Into<String>) -> Self {
        let key = key.as_ref().to_ascii_lowercase();
        self.attributes.metadata.insert(key, value.into());
        self
    }

    /// Sets all attributes at once, for example those of the object that is copied.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// Asks for a canned ACL.
    #[must_use]
    pub fn with_acl(mut self, acl: impl Into<String>) -> Self {
        self.acl = Some(acl.into());
        self
    }

    /// Says whether `save` may replace what is there, whatever the storage is configured to do.
    #[must_use]
    pub fn with_overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = Some(overwrite);
        self
    }

    /// Limits the name that `save` may use, in characters.
    #[must_use]
    pub fn with_max_length(mut self, characters: usize) -> Self {
        self.max_length = Some(characters);
        self
    }
}

/// A part of the content, in bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByteRange {
    /// From this byte to the end.
    From(u64),
    /// These bytes, the end exclusive; cut at the end of the content.
    Bounded(Range<u64>),
    /// The last bytes, this many; all if the content has fewer.
    Suffix(u64),
}

impl ByteRange {
    /// Returns which bytes of a content of `size` bytes this means: RFC 9110 section 14.1.2.
    ///
    /// # Errors
    /// [`ErrorKind::RangeNotSatisfiable`] if the range is empty or starts at or beyond the end.
    pub fn resolve(&self, size: u64) -> Result<Range<u64>> {
        let range = match self {
            Self::From(start) => *start..size,
            Self::Bounded(range) => range.start..range.end.min(size),
            Self::Suffix(count) => size.saturating_sub(*count)..size,
        };
        if range.is_empty() {
            let problem = format!("the range {self} is outside the content of {size} bytes");
            return Err(Error::new(ErrorKind::RangeNotSatisfiable, problem));
        }
        Ok(range)
    }
}

impl std::fmt::Display for ByteRange {
    /// As in a `Range` header, where the last byte is inclusive.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::From(start) => write!(f, "bytes={start}-"),
            Self::Bounded(range) => {
                write!(f, "bytes={}-{}", range.start, range.end.saturating_sub(1))
            }
            Self::Suffix(count) => write!(f, "bytes=-{count}"),
        }
    }
}

/// What an open may ask for. The default is the whole content.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// The part to read. `None`: the whole.
    pub range: Option<ByteRange>,
}

impl OpenOptions {
    /// Asks for a part of the content.
    #[must_use]
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }
}

/// What a URL may carry. The default asks for nothing: the storage's own kind of URL.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlOptions {
    /// How long the URL works. `None`: as the storage is configured.
    pub expires_in: Option<Duration>,
    /// Saves the file under this name instead of showing it (`Content-Disposition`).
    pub download_name: Option<String>,
    /// Answers with this `Content-Type`.
    pub content_type: Option<String>,
}

impl UrlOptions {
    /// Makes the URL work for `time` only.
    #[must_use]
    pub fn with_expires_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }

    /// Makes a browser save the file as `name`.
    #[must_use]
    pub fn with_download_name(mut self, name: impl Into<String>) -> Self {
        self.download_name = Some(name.into());
        self
    }

    /// Makes the answer carry this `Content-Type`.
    #[must_use]
    pub fn with_content_type(mut self, value: impl Into<String>) -> Self {
        self.content_type = Some(value.into());
        self
    }

    /// Returns whether anything is asked that only a signed URL can promise.
    #[must_use]
    pub fn needs_signature(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_at_the_end_and_refused_beyond_it() {
        for (case, range, size, expected) in [
            ("first byte", ByteRange::Bounded(0..1), 100, Some(0..1)),
            ("whole", ByteRange::From(0), 100, Some(0..100)),
            ("last byte", ByteRange::From(99), 100, Some(99..100)),
            ("at the end", ByteRange::From(100), 100, None),
            (
                "over the end",
                ByteRange::Bounded(90..1000),
                100,
                Some(90..100),
            ),
            ("beyond the end", ByteRange::Bounded(100..101), 100, None),
            ("empty", ByteRange::Bounded(5..5), 100, None),
            (
                "backwards",
                ByteRange::Bounded(Range { start: 6, end: 5 }),
                100,
                None,
            ),
            ("suffix", ByteRange::Suffix(1), 100, Some(99..100)),
            (
                "long suffix",
                ByteRange::Suffix(u64::MAX),
                100,
                Some(0..100),
            ),
            ("no suffix", ByteRange::Suffix(0), 100, None),
            ("of nothing", ByteRange::From(0), 0, None),
            ("suffix of nothing", ByteRange::Suffix(5), 0, None),
        ] {
            assert_eq!(range.resolve(size).ok(), expected, "{case}");
        }
    }
}
