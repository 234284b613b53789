//! What there is to send of a file: its size, type, date and tags, as it is and in each encoding that
//! is stored. It holds no content.
//!
//! In RFC 9110's words (sections 3.2 and 8) each [`Variant`] is a representation of the resource, and
//! what `Accept-Encoding` selects is the *selected representation*: conditions and ranges are about its
//! tag and its bytes.

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue};

use super::{EntityTag, HttpDate, encoding};
use crate::storages::Coding;

/// A file that can be sent, as [`decide`](super::decide) looks at it.
///
/// ```
/// use std::time::SystemTime;
/// use http::HeaderValue;
/// use storehouse::{serve::{EntityTag, Representation}, storages::Coding};
///
/// let stylesheet = Representation::new(22_016)
///     .with_etag(EntityTag::strong("55e7cbb9ba48"))
///     .with_content_type(HeaderValue::from_static("text/css"))
///     .with_last_modified(SystemTime::now())
///     .with_encoded(Coding::Brotli, 4_096, EntityTag::strong("27b5301bb11a"));
/// # let _ = stylesheet;
/// ```
#[derive(Debug, Clone)]
pub struct Representation {
    plain: Variant,
    encoded: Vec<Variant>,
    /// Whether the file as it is goes out with a `Content-Encoding`.
    is_stored_encoded: bool,
    content_type: Option<HeaderValue>,
    /// And as it stands in the header.
    last_modified: Option<(HttpDate, HeaderValue)>,
}

/// The bytes of a file in one encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    coding: Option<Coding>,
    length: u64,
    etag: Option<EntityTag>,
}

impl Representation {
    /// Makes what is known least: a file of `length` bytes.
    ///
    /// An object that is stored with a `Content-Encoding` and in no other way is not negotiated: who
    /// sends it adds that header, and says so with [`stored_encoded`](Self::stored_encoded).
    #[must_use]
    pub fn new(length: u64) -> Self {
        let plain = Variant {
            coding: None,
            length,
            etag: None,
        };
        Self {
            plain,
            encoded: Vec::new(),
            is_stored_encoded: false,
            content_type: None,
            last_modified: None,
        }
    }

    /// Sets the tag of the file as it is.
    #[must_use]
    pub fn with_etag(mut self, etag: impl Into<Option<EntityTag>>) -> Self {
        self.plain.etag = etag.into();
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<Option<HeaderValue>>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Sets when the content was last changed.
    #[must_use]
    pub fn with_last_modified(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        let date = time.into().map(HttpDate::at);
        self.last_modified = date.map(|date| (date, date.header_value()));
        self
    }

    /// Says whether the file as it is goes out with a `Content-Encoding`. Then several ranges of it are
    /// not sent as parts: the field would be about all of the body.
    #[must_use]
    pub fn stored_encoded(mut self, is_encoded: bool) -> Self {
        self.is_stored_encoded = is_encoded;
        self
    }

    /// Adds the file in an encoding, of `length` bytes; what was there in this encoding goes.
    ///
    /// A strong tag has to be another one than that of the file as it is: it stands for other bytes
    /// (RFC 9110 section 8.8.3.3).
    #[must_use]
    pub fn with_encoded(
        mut self,
        coding: Coding,
        length: u64,
        etag: impl Into<Option<EntityTag>>,
    ) -> Self {
        let is_other = |variant: &Variant| variant.coding != Some(coding);
        self.encoded.retain(is_other);
        self.encoded.push(Variant {
            coding: Some(coding),
            length,
            etag: etag.into(),
        });
        self
    }

    /// Selects what is sent to a client with these headers.
    pub(super) fn select(&self, headers: &HeaderMap) -> &Variant {
        let stored = self
            .encoded
            .iter()
            .filter_map(|variant| Some((variant.coding?, variant.length)));
        let coding = encoding::choose(headers, stored);
        let mut encoded = self.encoded.iter();
        encoded
            .find(|variant| coding.is_some() && variant.coding == coding)
            .unwrap_or(&self.plain)
    }

    /// Returns whether `Accept-Encoding` makes a difference.
    pub(super) fn is_negotiated(&self) -> bool {
        !self.encoded.is_empty()
    }

    /// Returns whether a variant of it goes out with a `Content-Encoding`.
    pub(super) fn is_encoded(&self, variant: &Variant) -> bool {
        self.is_stored_encoded || variant.coding.is_some()
    }

    pub(super) fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// When it was last changed, as a client may be told at `now`.
    ///
    /// RFC 9110 section 8.8.2.1: a date in the future, from a clock that is wrong, is sent as `now`.
    pub(super) fn last_modified(&self, now: HttpDate) -> Option<HttpDate> {
        let (date, _) = self.last_modified.as_ref()?;
        Some((*date).min(now))
    }

    /// The header's value for a date that [`last_modified`](Self::last_modified) gave.
    pub(super) fn last_modified_value(&self, date: HttpDate) -> HeaderValue {
        match &self.last_modified {
            Some((same, value)) if *same == date => value.clone(),
            _ => date.header_value(),
        }
    }
}

impl Variant {
    /// Returns the encoding; `None` is the file as it is.
    #[must_use]
    pub fn coding(&self) -> Option<Coding> {
        self.coding
    }

    /// Returns its size in bytes, encoded.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns its tag.
    #[must_use]
    pub fn etag(&self) -> Option<&EntityTag> {
        self.etag.as_ref()
    }
}
