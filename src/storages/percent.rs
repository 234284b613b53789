//! Percent-decoding that refuses what is none (RFC 3986 section 2.1), where the usual kind lets it be.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Decodes once; `None` where a `%` begins nothing, or where the bytes are no UTF-8.
pub(crate) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = bytes.get(at + 1..at + 3)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    percent_decode_str(text).decode_utf8().ok()
}
