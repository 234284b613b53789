//! What a request for a file is answered with. It opens nothing and sends nothing: method, headers,
//! what there is, and the time of the answer go in, a [`Decision`] comes out.
//!
//! The order is that of RFC 9110 section 13.2.2:
//!
//! | step | answer |
//! |---|---|
//! | the method is OPTIONS, or is neither GET nor HEAD | 204, 405, both with `Allow`; conditions do not count (13.2.1) |
//! | `Accept-Encoding` selects one of what is stored | all that follows is about it |
//! | `If-Match`, or else `If-Unmodified-Since`, fails | 412 |
//! | `If-None-Match`, or else `If-Modified-Since`, says that the client has it | 304 |
//! | GET with `Range`, and `If-Range` holds or is not there | 206 in one part or several, or 416 |
//! | all else | 200 |
//!
//! HEAD is decided as GET without `Range`, for which only GET is defined (14.2), and without the body.
//!
//! Several ranges of a file that is sent encoded are answered with the whole: `Content-Encoding` beside
//! `multipart/byteranges` would say that the body as such is encoded.

use std::{ops::Range, time::SystemTime};

use http::{HeaderMap, Method, StatusCode};

use super::{
    HttpDate, Multipart, Representation, Variant,
    conditional::{Validators, Verdict, if_range_holds, verdict},
    range::{Asked, asked},
};

/// What is answered, and what it is about.
#[derive(Debug, Clone)]
pub struct Decision<'r> {
    /// Which answer it is.
    pub outcome: Outcome,
    pub(super) representation: &'r Representation,
    pub(super) variant: &'r Variant,
    pub(super) last_modified: Option<HttpDate>,
    is_head: bool,
}

/// An answer. All ranges are in bytes from 0, the end exclusive, and inside the variant.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 200 with all of it.
    Whole,
    /// 206 with one part.
    Part(Range<u64>),
    /// 206 with several.
    Parts(Multipart),
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client asks for.
    PreconditionFailed,
    /// 416: the range is beyond its end.
    RangeNotSatisfiable,
    /// 405: it can be read, no more.
    MethodNotAllowed,
    /// 204: the client asks what it may do.
    Options,
}

/// What of the content is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// Nothing of it: for HEAD and 304, or because the answer is an error that has its own text.
    Empty,
    /// These bytes of the variant, from 0, the end exclusive. It may be none, of an empty file.
    Bytes(Range<u64>),
    /// Several parts of it and what stands between them.
    Parts(&'a Multipart),
}

/// Decides what a request for `representation` is answered with.
///
/// `now` is the time of the answer, as in its `Date`.
///
/// ```
/// use std::time::SystemTime;
/// use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
/// use storehouse::serve::{Body, EntityTag, Outcome, Representation, decide};
///
/// let file = Representation::new(100).with_etag(EntityTag::strong("55e7cbb9ba48"));
/// let mut headers = HeaderMap::new();
/// headers.insert(header::RANGE, HeaderValue::from_static("bytes=90-"));
///
/// let decision = decide(&Method::GET, &headers, &file, SystemTime::now());
/// assert_eq!(decision.status(), StatusCode::PARTIAL_CONTENT);
/// assert_eq!(decision.body(), Body::Bytes(90..100));
/// assert_eq!(decision.headers()[header::CONTENT_RANGE], "bytes 90-99/100");
///
/// headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"55e7cbb9ba48\""));
/// let decision = decide(&Method::GET, &headers, &file, SystemTime::now());
/// assert_eq!(decision.outcome, Outcome::NotModified);
/// ```
#[must_use]
pub fn decide<'r>(
    method: &Method,
    headers: &HeaderMap,
    representation: &'r Representation,
    now: SystemTime,
) -> Decision<'r> {
    let now = HttpDate::at(now);
    let variant = representation.select(headers);
    let current = Validators {
        etag: variant.etag(),
        last_modified: representation.last_modified(now),
    };
    let outcome = match *method {
        Method::GET | Method::HEAD => match verdict(headers, current, now) {
            Verdict::Failed => Outcome::PreconditionFailed,
            Verdict::NotModified => Outcome::NotModified,
            Verdict::Go if *method == Method::GET && if_range_holds(headers, current, now) => {
                in_range(headers, representation, variant)
            }
            Verdict::Go => Outcome::Whole,
        },
        Method::OPTIONS => Outcome::Options,
        _ => Outcome::MethodNotAllowed,
    };
    Decision {
        outcome,
        representation,
        variant,
        last_modified: current.last_modified,
        is_head: *method == Method::HEAD,
    }
}

impl Decision<'_> {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.outcome {
            Outcome::Whole => StatusCode::OK,
            Outcome::Part(_) | Outcome::Parts(_) => StatusCode::PARTIAL_CONTENT,
            Outcome::NotModified => StatusCode::NOT_MODIFIED,
            Outcome::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Outcome::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Outcome::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Outcome::Options => StatusCode::NO_CONTENT,
        }
    }

    /// Whether the body stays away.
    pub(super) fn is_head(&self) -> bool {
        self.is_head
    }

    /// Returns which of what is stored it is about: the one to open, if something is sent of it.
    #[must_use]
    pub fn variant(&self) -> &Variant {
        self.variant
    }

    /// Returns what of the variant is sent.
    #[must_use]
    pub fn body(&self) -> Body<'_> {
        match &self.outcome {
            _ if self.is_head => Body::Empty,
            Outcome::Whole => Body::Bytes(0..self.variant.length()),
            Outcome::Part(range) => Body::Bytes(range.clone()),
            Outcome::Parts(parts) => Body::Parts(parts),
            _ => Body::Empty,
        }
    }
}

/// The answer to a GET that may be given in parts.
fn in_range(headers: &HeaderMap, representation: &Representation, variant: &Variant) -> Outcome {
    let length = variant.length();
    let mut ranges = match asked(headers, length) {
        Asked::Whole => return Outcome::Whole,
        Asked::Unsatisfiable => return Outcome::RangeNotSatisfiable,
        Asked::Parts(ranges) => ranges,
    };
    // Section 15.3.7.2: no multipart for one range; the client may not know it.
    if ranges.len() == 1 {
        return ranges.pop().map_or(Outcome::Whole, Outcome::Part);
    }
    let parts = Multipart::new(ranges, length, representation.content_type().cloned());
    if representation.is_encoded(variant) || parts.is_much_longer_than_the_whole() {
        return Outcome::Whole;
    }
    Outcome::Parts(parts)
}

#[cfg(test)]
#[path = "decide_tests/mod.rs"]
mod tests;
