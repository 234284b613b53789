//! Where a content is cut into the bodies of requests, and into how many. It holds no bytes.
//!
//! | content | sent as | by default |
//! |---|---|---|
//! | up to `multipart_threshold` | one PUT | up to 8 MiB |
//! | of known length | parts of `multipart_chunksize`; of a `max_upload_parts`th of it where that is more | parts of 8 MiB; of a 10,000th (above 78 GiB) |
//! | of unknown length | half of `max_upload_parts` as large as that, then parts that double every twentieth | 5,000 parts of 8 MiB (39 GiB), then parts that double every 500 |
//!
//! No part is larger than 4 GiB.

use storehouse_storage::{Error, EtagRule, Result};

pub(crate) const MIB: u64 = 1024 * 1024;
/// What an object may have, by S3's limits: 5 TiB.
pub(crate) const MAX_OBJECT_BYTES: u64 = 5 * 1024 * 1024 * MIB;
/// Below the 5 GiB that S3 takes as a part.
pub(crate) const MAX_PART_BYTES: u64 = 4 * 1024 * MIB;

/// What the options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cuts {
    /// The most bytes of one PUT.
    pub(crate) single_bytes: u64,
    /// The bytes of a part, if so many parts are enough.
    pub(crate) part_bytes: u64,
    /// The most parts of an upload; never 0.
    pub(crate) max_parts: u64,
}

/// How large the parts of one upload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartSizes {
    Even(u64),
    /// Starting with this size, for at most so many parts.
    Growing(u64, u64),
}

impl Cuts {
    /// Chooses the sizes of the parts by the content's length.
    pub(crate) fn parts(&self, length: Option<u64>) -> PartSizes {
        match length {
            // A whole MiB, so that the last part is not a remainder of a few bytes.
            Some(length) => PartSizes::Even(
                length
                    .div_ceil(self.max_parts)
                    .next_multiple_of(MIB)
                    .max(self.part_bytes),
            ),
            None => PartSizes::Growing(self.part_bytes, self.max_parts),
        }
    }

    /// Refuses a content that no upload can hold, where its length is known.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](storehouse_storage::ErrorKind::Unsupported).
    pub(crate) fn check(&self, length: Option<u64>) -> Result<()> {
        let Some(length) = length.filter(|length| *length > self.single_bytes) else {
            return Ok(());
        };
        if length <= self.max_parts.saturating_mul(MAX_PART_BYTES) {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "an upload takes at most {} parts of {MAX_PART_BYTES} bytes, and this content has {length}",
            self.max_parts
        ))
        .with_advice("max_upload_parts says how many the service takes"))
    }

    /// Says that a content of unknown length has turned out too long.
    pub(crate) fn too_long(&self) -> Error {
        let sizes = self.parts(None);
        let most: u64 = (0..self.max_parts).map(|part| sizes.bytes(part)).sum();
        Error::unsupported(format!(
            "an upload of unknown length takes at most {} parts, {most} bytes in all",
            self.max_parts
        ))
        .with_advice("set multipart_chunksize higher, or save a content whose length is known")
    }

    /// Returns how much is read before it is decided how a content is sent: enough for one PUT if it
    /// may be one, else the first part; always whole parts, so that a content that goes on after it
    /// can be cut.
    pub(crate) fn first_bytes(&self, length: Option<u64>) -> u64 {
        let sizes = self.parts(length);
        match length {
            Some(length) if length <= self.single_bytes => self.single_bytes,
            Some(_) => sizes.bytes(0),
            None => {
                let ends = (0..self.max_parts).scan(0, |end, part| {
                    *end += sizes.bytes(part);
                    Some(*end)
                });
                let mut ends = ends.skip_while(|end| *end < self.single_bytes);
                ends.next().unwrap_or(self.single_bytes)
            }
        }
    }

    /// Returns how an object of `size` bytes gets its ETag.
    pub(crate) fn etag_rule(&self, size: u64) -> EtagRule {
        match self.parts(Some(size)) {
            PartSizes::Even(part_bytes) if size > self.single_bytes => {
                EtagRule::Md5OfParts { part_bytes }
            }
            _ => EtagRule::Md5,
        }
    }
}

/// boto3, rclone and the AWS CLI cut at 8 MB too, so ETags agree. The number is S3's limit.
impl Default for Cuts {
    fn default() -> Self {
        Self {
            single_bytes: 8 * MIB,
            part_bytes: 8 * MIB,
            max_parts: 10_000,
        }
    }
}

impl PartSizes {
    /// Returns the size of a part, counted from 0.
    pub(crate) fn bytes(self, part: u64) -> u64 {
        match self {
            Self::Even(bytes) => bytes,
            Self::Growing(first, max_parts) => {
                let even_parts = max_parts.div_ceil(2);
                let Some(beyond) = part.checked_sub(even_parts) else {
                    return first;
                };
                let doublings = 1 + beyond / (max_parts / 20).max(1);
                first
                    .saturating_mul(1 << doublings.min(32))
                    .min(MAX_PART_BYTES)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * MIB;

    fn cuts(single_bytes: u64, part_bytes: u64, max_parts: u64) -> Cuts {
        Cuts {
            single_bytes,
            part_bytes,
            max_parts,
        }
    }

    #[test]
    fn every_size_fits_into_the_parts_there_may_be() {
        let usual = Cuts::default();
        let scaleway = cuts(8 * MIB, 8 * MIB, 1000);
        for (cuts, length) in [
            (usual, 8 * MIB + 1),
            (usual, 80_000 * MIB),
            (usual, 80_000 * MIB + 1),
            (usual, MAX_OBJECT_BYTES),
            (scaleway, 8000 * MIB),
            (scaleway, 8000 * MIB + 1),
            (scaleway, 1000 * MAX_PART_BYTES),
            (cuts(MIB, 5 * MIB + 1, 3), 15 * MIB + 3),
            (cuts(MIB, 5 * MIB, 1), MAX_PART_BYTES),
        ] {
            cuts.check(Some(length)).unwrap();
            let PartSizes::Even(bytes) = cuts.parts(Some(length)) else {
                panic!("{length}");
            };
            let fits = (cuts.part_bytes..=MAX_PART_BYTES).contains(&bytes);
            assert!(fits, "{length}: {bytes}");
            assert!(length.div_ceil(bytes) <= cuts.max_parts, "{length}");
        }
    }

    #[test]
    fn parts_of_an_unknown_length_grow_far_whatever_their_number() {
        for (max_parts, part_bytes, least) in [
            (10_000, 8 * MIB, MAX_OBJECT_BYTES),
            (1000, 8 * MIB, 600 * GIB),
            (1000, 5 * MIB, 450 * GIB),
            (100, 8 * MIB, 50 * GIB),
            (2, 8 * MIB, 24 * MIB),
            (1, 8 * MIB, 8 * MIB),
            (10_000, MAX_PART_BYTES, MAX_OBJECT_BYTES),
        ] {
            let sizes = cuts(8 * MIB, part_bytes, max_parts).parts(None);

            let all: Vec<u64> = (0..max_parts).map(|part| sizes.bytes(part)).collect();

            assert_eq!(all[0], part_bytes, "{max_parts}");
            assert!(all.is_sorted(), "{max_parts}");
            assert!(all.iter().all(|bytes| *bytes <= MAX_PART_BYTES));
            assert!(all.iter().sum::<u64>() >= least, "{max_parts}");
        }
    }

    #[test]
    fn a_content_that_no_upload_holds_is_told_by_its_length() {
        let few = cuts(8 * MIB, 8 * MIB, 2);
        for (length, expected) in [
            (Some(2 * MAX_PART_BYTES), true),
            (Some(2 * MAX_PART_BYTES + 1), false),
            (None, true),
        ] {
            assert_eq!(few.check(length).is_ok(), expected, "{length:?}");
        }
        let error = few.check(Some(u64::MAX)).unwrap_err().to_string();
        let limit = format!("at most 2 parts of {MAX_PART_BYTES} bytes");
        assert!(error.contains(&limit), "{error}");
        // One PUT needs no part.
        assert!(cuts(GIB, 5 * MIB, 1).check(Some(GIB)).is_ok());
    }

    #[test]
    fn what_is_read_first_is_enough_to_decide_and_can_be_cut() {
        for (case, cuts, length, expected) in [
            ("by default", Cuts::default(), None, 8 * MIB),
            ("short", cuts(MIB, 8 * MIB, 100), Some(MIB), MIB),
            ("long", cuts(GIB, 8 * MIB, 100), Some(GIB + 1), 11 * MIB),
            ("a low line", cuts(1, 8 * MIB, 100), None, 8 * MIB),
            ("a high line", cuts(20 * MIB, 8 * MIB, 100), None, 24 * MIB),
            ("a line above all parts", cuts(GIB, 8 * MIB, 2), None, GIB),
        ] {
            assert_eq!(cuts.first_bytes(length), expected, "{case}");
        }
    }

    #[test]
    fn the_etag_rule_follows_what_is_sent() {
        let parts = |part_bytes| EtagRule::Md5OfParts { part_bytes };
        let low = cuts(MIB, 5 * MIB, 2);
        for (cuts, size, expected) in [
            (Cuts::default(), 8 * MIB, EtagRule::Md5),
            (Cuts::default(), 8 * MIB + 1, parts(8 * MIB)),
            (low, MIB, EtagRule::Md5),
            (low, MIB + 1, parts(5 * MIB)),
            (low, 10 * MIB + 1, parts(6 * MIB)),
            (cuts(GIB, 5 * MIB, 2), GIB, EtagRule::Md5),
        ] {
            assert_eq!(cuts.etag_rule(size), expected, "{cuts:?} {size}");
        }
    }
}
