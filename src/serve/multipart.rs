//! The body that answers several ranges, `multipart/byteranges`: its parts, what stands between
//! them, and how long it all is. It reads no content.
//!
//! RFC 9110 sections 14.6 and 15.3.7.2, with the delimiters of RFC 2046 section 5.1.1:
//!
//! ```text
//! --B                                 \
//! Content-Type: text/plain             | a head for each part
//! Content-Range: bytes 0-1/100         |
//!                                     /
//! (two bytes)
//! --B                                   the others begin with a line end
//! …
//! --B--
//! ```

use std::ops::Range;

use bytes::Bytes;
use http::HeaderValue;

use super::range::content_range;

/// What ends a part of the body: text that is in none of them.
///
/// Whoever can put content into a storage must not be able to guess it, or could end a part early
/// in it: make each from 16 random bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary(String);

impl Boundary {
    /// Makes a boundary of random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)))
    }
}

/// How much longer than the representation a body may be that has parts of it, in bytes.
///
/// Two or three small ranges of a small file are worth answering. Beyond it the whole is less work for
/// both sides, and what a request can make the server send stays in proportion (RFC 9110 section 14.2).
const MAX_EXTRA: u64 = 1024;

/// Several parts of a representation, in the order in which they are sent.
///
/// ```
/// use std::time::SystemTime;
/// use http::{HeaderMap, HeaderValue, Method, header};
/// use storehouse::serve::{Boundary, Outcome, Piece, Representation, decide};
///
/// let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-1,-2"))]);
/// let file = Representation::new(100);
/// let decision = decide(&Method::GET, &headers, &file, SystemTime::now());
/// let Outcome::Parts(parts) = &decision.outcome else { panic!("two ranges") };
///
/// let boundary = Boundary::new([7; 16]); // in earnest: random bytes
/// let mut body = Vec::new();
/// for piece in parts.pieces(&boundary) {
///     match piece {
///         Piece::Text(text) => body.extend_from_slice(&text),
///         Piece::Content(range) => body.extend(range.map(|_| b'x')), // in earnest: read it
///     }
/// }
/// assert_eq!(body.len() as u64, parts.body_length());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart {
    parts: Vec<Range<u64>>,
    /// Of the representation.
    length: u64,
    content_type: Option<HeaderValue>,
}

/// A piece of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes to send as they are.
    Text(Bytes),
    /// A part of the representation, in bytes from 0, the end exclusive.
    Content(Range<u64>),
}

impl Multipart {
    /// `parts` are inside the representation of `length` bytes, whose type `content_type` is.
    pub(super) fn new(
        parts: Vec<Range<u64>>,
        length: u64,
        content_type: Option<HeaderValue>,
    ) -> Self {
        Self {
            parts,
            length,
            content_type,
        }
    }

    /// Returns the parts of the representation, in bytes from 0, the ends exclusive.
    #[must_use]
    pub fn parts(&self) -> &[Range<u64>] {
        &self.parts
    }

    /// Returns the `Content-Type` of the response; that of the representation is in each part.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the text is the proof"
    )]
    pub fn content_type(&self, boundary: &Boundary) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/byteranges; boundary={}", boundary.0))
            .expect("a boundary is hexadecimal")
    }

    /// Returns how long the body is, in bytes, whatever the boundary.
    #[must_use]
    pub fn body_length(&self) -> u64 {
        // All boundaries are of one length.
        self.pieces(&Boundary::new([0; 16]))
            .map(|piece| match piece {
                Piece::Text(text) => text.len() as u64,
                Piece::Content(range) => range.end - range.start,
            })
            .fold(0, u64::saturating_add)
    }

    /// Returns whether the representation itself is the better answer: see the constant.
    pub(super) fn is_much_longer_than_the_whole(&self) -> bool {
        self.body_length() > self.length.saturating_add(MAX_EXTRA)
    }

    /// Returns the body, piece by piece.
    pub fn pieces<'a>(&'a self, boundary: &'a Boundary) -> impl Iterator<Item = Piece> + 'a {
        let parts = self.parts.iter().enumerate().flat_map(|(index, part)| {
            let head = self.head(index, part, boundary);
            [Piece::Text(head), Piece::Content(part.clone())]
        });
        let end = format!("\r\n--{}--\r\n", boundary.0);
        parts.chain([Piece::Text(end.into())])
    }

    /// The lines before a part's content.
    fn head(&self, index: usize, part: &Range<u64>, boundary: &Boundary) -> Bytes {
        // The line end belongs to the delimiter (RFC 2046). There is nothing before the first.
        let mut head = Vec::from(if index == 0 { "--" } else { "\r\n--" });
        head.extend_from_slice(boundary.0.as_bytes());
        if let Some(content_type) = &self.content_type {
            head.extend_from_slice(b"\r\nContent-Type: ");
            head.extend_from_slice(content_type.as_bytes());
        }
        head.extend_from_slice(b"\r\nContent-Range: ");
        head.extend_from_slice(content_range(part, self.length).as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        head.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(parts: &Multipart, boundary: &Boundary, content: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        for piece in parts.pieces(boundary) {
            match piece {
                Piece::Text(text) => body.extend_from_slice(&text),
                Piece::Content(range) => {
                    let [start, end] =
                        [range.start, range.end].map(|at| usize::try_from(at).unwrap());
                    body.extend_from_slice(&content[start..end]);
                }
            }
        }
        body
    }

    #[test]
    fn the_body_is_as_in_the_rfc() {
        let pdf = HeaderValue::from_static("application/pdf");
        let parts = Multipart::new(vec![0..2, 7..10], 10, Some(pdf));
        let boundary = Boundary::new([0xab; 16]);

        let body = body(&parts, &boundary, b"0123456789");

        let line = "abababababababababababababababab";
        let expected = format!(
            "--{line}\r\nContent-Type: application/pdf\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
             \r\n--{line}\r\nContent-Type: application/pdf\r\nContent-Range: bytes 7-9/10\r\n\r\n789\
             \r\n--{line}--\r\n"
        );
        assert_eq!(String::from_utf8(body).unwrap(), expected);
        assert_eq!(
            parts.content_type(&boundary),
            format!("multipart/byteranges; boundary={line}")
        );
    }

    #[test]
    fn without_a_type_a_part_has_only_its_range() {
        let parts = Multipart::new(vec![0..1, 3..4], 4, None);

        let Some(Piece::Text(head)) = parts.pieces(&Boundary::new([0; 16])).next() else {
            panic!("a head comes first");
        };

        let zeros = "0".repeat(32);
        assert_eq!(
            head,
            format!("--{zeros}\r\nContent-Range: bytes 0-0/4\r\n\r\n")
        );
    }

    proptest! {
        #[test]
        fn the_length_is_that_of_the_body(
            pairs in proptest::collection::vec((0..200_u64, 1..50_u64), 1..8),
            random: [u8; 16],
            content_type in proptest::option::of("[a-z]{1,9}/[a-z]{1,9}"),
        ) {
            let ranges = pairs.iter().map(|(start, length)| *start..start + length);
            let content_type = content_type.map(|text| HeaderValue::try_from(text).unwrap());
            let parts = Multipart::new(ranges.collect(), 250, content_type);

            let body = body(&parts, &Boundary::new(random), &[b'x'; 250]);

            prop_assert_eq!(parts.body_length(), body.len() as u64);
        }
    }
}
