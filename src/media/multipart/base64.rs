//! Content-Transfer-Encoding: base64, block by block. Nothing sends it today; Django takes it, so a form
//! that worked there works here.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use super::Malformed;

/// As Python's `b64decode(validate=True)`: padded, and nobody looks at the bits that are left over.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// A decoder of a file's content: white space between is nothing, and all else counts.
#[derive(Debug, Default)]
pub(in crate::media) struct Base64 {
    /// One to three characters that wait for the rest of their group.
    rest: Vec<u8>,
    ended: bool,
}

impl Base64 {
    /// Decodes the groups of four that are whole with `block`.
    pub(in crate::media) fn decode(&mut self, block: &[u8]) -> Result<Bytes, Malformed> {
        let letters = block.iter().filter(|byte| !is_space(**byte));
        let mut groups = std::mem::take(&mut self.rest);
        groups.extend(letters);
        self.rest = groups.split_off(groups.len() / 4 * 4);
        if groups.is_empty() {
            return Ok(Bytes::new());
        }
        // Padding ends the content: what came after it would be another one.
        if self.ended {
            return Err(undecodable());
        }
        self.ended = groups.ends_with(b"=");
        ENGINE
            .decode(groups)
            .map(Bytes::from)
            .map_err(|_| undecodable())
    }

    /// Ends the content, which is whole groups.
    pub(in crate::media) fn finish(&self) -> Result<(), Malformed> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(undecodable()),
        }
    }
}

/// Decodes the value of a field, or returns it as it is, as Django does.
pub(in crate::media) fn decode_field(value: Vec<u8>) -> Vec<u8> {
    ENGINE.decode(&value).unwrap_or(value)
}

/// What Python's `bytes.split()` splits at.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn undecodable() -> Malformed {
    Malformed::new("the base64 of a part cannot be decoded")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(blocks: &[&[u8]]) -> Option<Vec<u8>> {
        let mut decoder = Base64::default();
        let mut all = Vec::new();
        for block in blocks {
            all.extend(decoder.decode(block).ok()?);
        }
        decoder.finish().ok().map(|()| all)
    }

    #[test]
    fn groups_may_come_in_pieces_and_with_white_space() {
        for (case, blocks, expected) in [
            ("whole", &[&b"aGVsbG8="[..]][..], Some("hello")),
            (
                "in pieces",
                &[b"a", b"GVs", b"bG", b"8", b"="],
                Some("hello"),
            ),
            (
                "with blanks",
                &[b" aGVs\r\n", b"\tbG8=\x0b\x0c "],
                Some("hello"),
            ),
            ("bits left over", &[b"aGVsbG9="], Some("hello")),
            ("nothing", &[b" \r\n"], Some("")),
            ("cut", &[b"aGVsbG8"], None),
            ("no base64", &[b"a*Vs"], None),
            ("padding in the middle", &[b"aGVsbG8=aGVs"], None),
            ("something after the padding", &[b"aGVsbG8=", b"aGVs"], None),
        ] {
            let found = decoded(blocks);

            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{case}");
        }
    }

    #[test]
    fn a_field_that_is_not_base64_stays_as_it_is() {
        assert_eq!(decode_field(b"aGVsbG8=".to_vec()), b"hello");
        assert_eq!(decode_field(b"no base64".to_vec()), b"no base64");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9)) {
            let blocks: Vec<_> = blocks.iter().map(Vec::as_slice).collect();
            let _ = decoded(&blocks);
            decode_field(blocks.concat());
        }

        #[test]
        fn any_cut_of_it_gives_the_same(
            blocks in prop::collection::vec("(aGVs|bG8=|bA==|[A-Za-z0-9+/]{1,4}|=| |\r\n|é){0,2}", 0..5),
        ) {
            let blocks: Vec<_> = blocks.iter().map(String::as_bytes).collect();

            prop_assert_eq!(decoded(&blocks), decoded(&[&blocks.concat()]));
        }

        #[test]
        fn any_content_comes_out_as_it_went_in(
            content in prop::collection::vec(any::<u8>(), 0..200),
            size in 1_usize..20,
        ) {
            let encoded = ENGINE.encode(&content);

            let blocks: Vec<_> = encoded.as_bytes().chunks(size).collect();

            prop_assert_eq!(decoded(&blocks), Some(content));
        }
    }
}
