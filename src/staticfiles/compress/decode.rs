//! Whether a compressed copy is a copy of a given content. It decodes, and keeps nothing.

use std::io::{BufRead, BufReader, Read};

use crate::storages::Coding;

/// How much is decoded at a time, in bytes.
const BLOCK: usize = 64 * 1024;

/// Returns whether `encoded` decodes to `plain`; `None` where this build has no decoder of the coding.
///
/// It stops at the first byte that differs, so it decodes no more than `plain` has bytes and a block.
pub(crate) fn decodes_to(coding: Coding, encoded: &[u8], plain: &[u8]) -> Option<bool> {
    Some(match coding {
        Coding::Brotli => is_same(brotli::Decompressor::new(encoded, BLOCK), plain),
        // A gzip file may have several members (RFC 1952, section 2.2).
        Coding::Gzip => is_same(flate2::bufread::MultiGzDecoder::new(encoded), plain),
        #[cfg(feature = "zstd")]
        Coding::Zstd => zstd::Decoder::new(encoded).is_ok_and(|decoder| is_same(decoder, plain)),
        #[cfg(not(feature = "zstd"))]
        Coding::Zstd => return None,
    })
}

/// Whether a stream has these bytes, and ends well.
fn is_same(decoder: impl Read, mut plain: &[u8]) -> bool {
    let mut decoder = BufReader::with_capacity(BLOCK, decoder);
    loop {
        let Ok(block) = decoder.fill_buf() else {
            return false;
        };
        if block.is_empty() {
            return plain.is_empty();
        }
        let Some(rest) = plain.strip_prefix(block) else {
            return false;
        };
        let count = block.len();
        plain = rest;
        decoder.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staticfiles::compress::encode::encode;

    #[test]
    fn a_copy_decodes_to_its_content_and_to_no_other() {
        let plain: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let longer = [&plain[..], b"x"].concat();
        let mut edited = plain.clone();
        edited[400_000] ^= 1;
        for coding in Coding::ALL {
            let Ok(copy) = encode(coding, &plain) else {
                assert_eq!(decodes_to(coding, b"", &plain), None, "{coding:?}");
                continue;
            };
            let is_copy = |encoded: &[u8], plain: &[u8]| decodes_to(coding, encoded, plain);

            assert_eq!(is_copy(&copy, &plain), Some(true), "{coding:?}");
            for other in [&longer[..], &edited, &plain[..plain.len() - 1], b""] {
                assert_eq!(is_copy(&copy, other), Some(false), "{coding:?}");
            }
            for damaged in [&copy[..copy.len() - 9], b"", &plain[..100]] {
                assert_eq!(is_copy(damaged, &plain), Some(false), "{coding:?}");
            }
        }
    }

    #[test]
    fn members_of_gzip_are_one_content() {
        let halves = [b"first", b"again"].map(|half| encode(Coding::Gzip, half).unwrap());

        let same = decodes_to(Coding::Gzip, &halves.concat(), b"firstagain");

        assert_eq!(same, Some(true));
    }
}
