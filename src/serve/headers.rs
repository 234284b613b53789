//! The header fields that follow from a decision. Those that are a site's policy (`Cache-Control`,
//! CORS, `nosniff`, `Date`) are not among them: who answers adds them, to each of its answers.
//!
//! | answer | fields | RFC 9110 |
//! |---|---|---|
//! | 200 | those of the representation: `Content-Type`, `Content-Encoding`, `Content-Length`, `ETag`, `Last-Modified`; `Accept-Ranges` | 8, 14.3 |
//! | 206 | the same of the part, and `Content-Range`; of several parts, the type and the range are in each | 15.3.7 |
//! | 304 | `ETag`, or `Last-Modified` where there is none | 15.4.5 |
//! | 416 | `Content-Range: bytes */LENGTH`, `Accept-Ranges` | 15.5.17 |
//! | 405, 204 | `Allow` | 15.5.6, 9.3.7 |
//!
//! `Vary: Accept-Encoding` is on each answer about a file that is stored encoded too, 304 as well (12.5.5).

use std::ops::Range;

use http::{HeaderMap, HeaderValue, header};

use super::{
    Decision, Outcome,
    range::{content_range, content_range_of_none},
};

const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// For our fields and those that a service adds, so that the map does not grow.
const ROOM: usize = 16;

impl Decision<'_> {
    /// Returns the header fields that belong to the answer, the same for HEAD as for GET.
    ///
    /// For several parts `Content-Type` is not there: it names the boundary, see
    /// [`Multipart::content_type`](super::Multipart::content_type).
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(ROOM);
        match &self.outcome {
            Outcome::Whole => self.add_content(&mut headers, self.variant.length()),
            Outcome::Part(part) => {
                self.add_content(&mut headers, length_of(part));
                let range = content_range(part, self.variant.length());
                headers.insert(header::CONTENT_RANGE, range);
            }
            Outcome::Parts(parts) => {
                self.add_content(&mut headers, parts.body_length());
                headers.remove(header::CONTENT_TYPE);
            }
            Outcome::NotModified => {
                self.add_etag(&mut headers);
                if headers.is_empty() {
                    self.add_last_modified(&mut headers);
                }
            }
            Outcome::RangeNotSatisfiable => {
                let range = content_range_of_none(self.variant.length());
                headers.insert(header::CONTENT_RANGE, range);
                headers.insert(header::ACCEPT_RANGES, BYTES);
            }
            Outcome::PreconditionFailed => {}
            Outcome::MethodNotAllowed | Outcome::Options => {
                headers.insert(header::ALLOW, ALLOW);
                return headers;
            }
        }
        if self.representation.is_negotiated() {
            headers.insert(header::VARY, ACCEPT_ENCODING);
        }
        headers
    }

    fn add_content(&self, headers: &mut HeaderMap, length: u64) {
        if let Some(content_type) = self.representation.content_type() {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        if let Some(coding) = self.variant.coding() {
            let token = HeaderValue::from_static(coding.token());
            headers.insert(header::CONTENT_ENCODING, token);
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(header::ACCEPT_RANGES, BYTES);
        self.add_etag(headers);
        self.add_last_modified(headers);
    }

    fn add_etag(&self, headers: &mut HeaderMap) {
        if let Some(etag) = self.variant.etag() {
            headers.insert(header::ETAG, etag.header_value().clone());
        }
    }

    fn add_last_modified(&self, headers: &mut HeaderMap) {
        if let Some(date) = self.last_modified {
            let made = self.representation.last_modified_value(date);
            headers.insert(header::LAST_MODIFIED, made);
        }
    }
}

fn length_of(part: &Range<u64>) -> u64 {
    part.end.saturating_sub(part.start)
}
