//! `multipart/form-data`, taken apart as it arrives: bytes in, events out. It waits for nothing, opens
//! nothing, and knows no storage.
//!
//! RFC 7578 over RFC 2046 section 5.1.1, with the limits and the leniency of Django 6.1
//! (`django/http/multipartparser.py`), except where a form that is broken could pass as whole:
//!
//! | body | Django | here |
//! |---|---|---|
//! | the last boundary is missing | what came is the form | refused |
//! | a part's header has no end, no colon, no UTF-8, or begins with a blank | the part, or the line, is left out | refused |
//! | the same parameter twice | the last counts | refused |
//! | the boundary in the middle of a line | ends the part | is content |
//! | a part without a name | left out | left out |
//! | headers of a part over 1,024 bytes | refused | refused |
//! | a `Content-Type` over 10,000 bytes | refused | refused |
//!
//! Each byte is looked at a bounded number of times, whatever it is, and no more than a boundary or the
//! headers of one part are held back.

mod base64;
mod boundary;
mod head;
mod parameters;
mod parser;

pub(super) use self::{
    base64::{Base64, decode_field},
    boundary::Boundary,
    head::PartHead,
    parser::{Event, Parser},
};

/// What is wrong with a body, as a sentence's end: "the last boundary is missing".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(String);

impl Malformed {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}
