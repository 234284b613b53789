//! `Range`: which bytes of a representation are asked for, and whether they are answered with. It
//! reads no content.
//!
//! RFC 9110 sections 14.1.1, 14.1.2 and 14.2. The unit is `bytes`, in any case; a header with another
//! unit, with a mistake, or twice in the request, is ignored, and the answer is the whole. A range
//! that goes over the end is cut there; one that starts beyond it cannot be satisfied, nor can `-0`.
//! With several, those that cannot be are left out.
//!
//! # Limits
//! Ranges must not multiply what a request costs (sections 14.2 and 17.15; CVE-2011-3192):
//!
//! - a request with more than [`MAX_RANGES`] ranges gets the whole;
//! - ranges that overlap or touch become one (section 15.3.7.2), so that no byte is sent twice;
//! - several parts whose body, with what stands between them, would be more than 1 KiB longer than
//!   the representation: the whole instead ([`Multipart`](super::Multipart) counts them).
//!
//! So no answer is longer than the representation and 1 KiB, and none makes more than [`MAX_RANGES`]
//! reads. The time to read the header is linear in its bytes.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, header};
use storehouse_storage::ByteRange;

/// How many ranges a request may ask for: players and download managers ask for one, readers of PDF
/// for some tens. Each part may be a request to a bucket.
pub const MAX_RANGES: usize = 32;

/// What `Range` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The whole: there is no such header, or it is ignored.
    Whole,
    /// These bytes, in the order in which they were asked for: one range or more, none empty, none
    /// touching another, all inside the representation. The end is exclusive.
    Parts(Vec<Range<u64>>),
    /// Nothing that there is.
    Unsatisfiable,
}

/// Reads `Range` for a representation of `length` bytes.
pub(super) fn asked(headers: &HeaderMap, length: u64) -> Asked {
    let mut lines = headers.get_all(header::RANGE).iter();
    // It is no list: two lines are as wrong as two units in one.
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Asked::Whole;
    };
    // Of nothing there is no range: `Content-Range` cannot even say it. Clients that put
    // `bytes=0-` on every request want an empty file to be found, not a 416, which would be allowed.
    if length == 0 {
        return Asked::Whole;
    }
    let Some(ranges) = parse(line.as_bytes()) else {
        return Asked::Whole;
    };
    let satisfiable = ranges.iter().filter_map(|range| range.resolve(length).ok());
    let parts = coalesce(satisfiable.collect());
    if parts.is_empty() {
        return Asked::Unsatisfiable;
    }
    Asked::Parts(parts)
}

/// Returns a part as it stands in `Content-Range`: RFC 9110 section 14.4, where the last byte is
/// inclusive. `part` is not empty.
pub(super) fn content_range(part: &Range<u64>, length: u64) -> HeaderValue {
    let (first, last) = (part.start, part.end.saturating_sub(1));
    header_value(format!("bytes {first}-{last}/{length}"))
}

/// Returns the `Content-Range` of a 416: how long it is that no range was in.
pub(super) fn content_range_of_none(length: u64) -> HeaderValue {
    header_value(format!("bytes */{length}"))
}

#[expect(clippy::expect_used, reason = "the text is the proof")]
fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("letters, digits, blanks, `-`, `*` and `/`")
}

/// Reads a header's value. `None` if it is to be ignored: it breaks the grammar, has another unit or
/// more than [`MAX_RANGES`] ranges.
fn parse(value: &[u8]) -> Option<Vec<ByteRange>> {
    let equals = value.iter().position(|&byte| byte == b'=')?;
    let (unit, set) = (&value[..equals], &value[equals + 1..]);
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    for member in set.split(|&byte| byte == b',') {
        let member = member.trim_ascii();
        // A list may have empty members: section 5.6.1.2.
        if member.is_empty() {
            continue;
        }
        if ranges.len() == MAX_RANGES {
            return None;
        }
        ranges.push(parse_one(member)?);
    }
    (!ranges.is_empty()).then_some(ranges)
}

fn parse_one(member: &[u8]) -> Option<ByteRange> {
    let dash = member.iter().position(|&byte| byte == b'-')?;
    let (first, last) = (&member[..dash], &member[dash + 1..]);
    match (first.is_empty(), last.is_empty()) {
        (true, _) => Some(ByteRange::Suffix(number(last)?)),
        (false, true) => Some(ByteRange::From(number(first)?)),
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(ByteRange::Bounded(first..last.saturating_add(1)))
        }
    }
}

/// A number of any length; what no `u64` holds is beyond the end of every representation.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(value))
    })
}

/// Makes one of those that overlap or touch. It takes the place of the first of them.
fn coalesce(ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted: Vec<(usize, Range<u64>)> = ranges.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, range)| range.start);
    let mut merged: Vec<(usize, Range<u64>)> = Vec::with_capacity(sorted.len());
    for (place, range) in sorted {
        match merged.last_mut() {
            Some((first_place, last)) if range.start <= last.end => {
                last.end = last.end.max(range.end);
                *first_place = place.min(*first_place);
            }
            _ => merged.push((place, range)),
        }
    }
    merged.sort_by_key(|(place, _)| *place);
    merged.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

    use proptest::prelude::*;

    use super::*;

    fn asked_of(value: &str, length: u64) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_str(value).unwrap());
        asked(&headers, length)
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one part is a list of one")]
    #[test]
    fn one_range_is_answered_as_the_rfc_says() {
        use Asked::{Parts, Unsatisfiable};

        for (case, value, expected) in [
            ("the first byte", "bytes=0-0", Parts(vec![0..1])),
            ("the last byte", "bytes=-1", Parts(vec![99..100])),
            ("no last bytes", "bytes=-0", Unsatisfiable),
            ("from the last byte", "bytes=99-", Parts(vec![99..100])),
            ("from the end", "bytes=100-", Unsatisfiable),
            ("all of it", "bytes=0-", Parts(vec![0..100])),
            ("over the end", "bytes=90-200", Parts(vec![90..100])),
            (
                "a huge end",
                "bytes=0-999999999999999999999",
                Parts(vec![0..100]),
            ),
            (
                "a huge start",
                "bytes=999999999999999999999-",
                Unsatisfiable,
            ),
            (
                "a huge suffix",
                "bytes=-18446744073709551615",
                Parts(vec![0..100]),
            ),
            (
                "the largest end",
                "bytes=0-18446744073709551615",
                Parts(vec![0..100]),
            ),
            (
                "a suffix longer than all",
                "bytes=-101",
                Parts(vec![0..100]),
            ),
            ("leading zeros", "bytes=007-010", Parts(vec![7..11])),
            ("any case", "Bytes=0-1", Parts(vec![0..2])),
            (
                "ten times two to the 64th",
                "bytes=184467440737095516160-",
                Unsatisfiable,
            ),
        ] {
            assert_eq!(asked_of(value, 100), expected, "{case}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_or_has_another_unit_is_ignored() {
        for (case, value) in [
            ("the wrong way round", "bytes=5-4"),
            ("no range", "bytes="),
            ("only commas", "bytes=,,"),
            ("no equals", "bytes"),
            ("another unit", "items=0-1"),
            ("blank before the equals", "bytes =0-1"),
            ("blanks inside", "bytes=0 - 1"),
            ("only a dash", "bytes=-"),
            ("no dash", "bytes=5"),
            ("two dashes", "bytes=1--2"),
            ("a sign", "bytes=+1-2"),
            ("letters", "bytes=a-b"),
            ("hexadecimal", "bytes=0x1-2"),
            ("semicolon", "bytes=0-1;3-4"),
            ("two units", "bytes=0-1, bytes=3-4"),
            ("one of two is wrong", "bytes=0-1, 5-4"),
        ] {
            assert_eq!(asked_of(value, 100), Asked::Whole, "{case}");
        }
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one part is a list of one")]
    #[test]
    fn several_ranges_are_merged_and_keep_their_order() {
        use Asked::{Parts, Unsatisfiable};

        for (case, value, expected) in [
            (
                "blanks in the list",
                "bytes= 0-1 ,\t3-4 ",
                Parts(vec![0..2, 3..5]),
            ),
            ("empty members", "bytes=,0-1,,3-4,", Parts(vec![0..2, 3..5])),
            ("one of two is there", "bytes=200-, 3-4", Parts(vec![3..5])),
            ("none of two is there", "bytes=200-, 100-100", Unsatisfiable),
            (
                "not in order",
                "bytes=50-59, 0-9",
                Parts(vec![50..60, 0..10]),
            ),
            ("overlapping", "bytes=0-9, 5-14", Parts(vec![0..15])),
            ("one in another", "bytes=0-99, 5-14", Parts(vec![0..100])),
            ("touching", "bytes=0-9, 10-14", Parts(vec![0..15])),
            (
                "a byte between",
                "bytes=0-9, 11-14",
                Parts(vec![0..10, 11..15]),
            ),
            ("the same twice", "bytes=5-6, 5-6", Parts(vec![5..7])),
            (
                "overlapping, another first",
                "bytes=50-59, 20-29, 55-64, 0-9",
                Parts(vec![50..65, 20..30, 0..10]),
            ),
            (
                "overlapping, the later starts before",
                "bytes=5-14, 40-49, 0-9",
                Parts(vec![0..15, 40..50]),
            ),
            (
                "joined by a third",
                "bytes=0-9, 20-29, 8-22",
                Parts(vec![0..30]),
            ),
        ] {
            assert_eq!(asked_of(value, 100), expected, "{case}");
        }
    }

    #[test]
    fn of_an_empty_file_no_range_is_asked() {
        for value in ["bytes=0-", "bytes=-5", "bytes=0-0", "bytes=-0"] {
            assert_eq!(asked_of(value, 0), Asked::Whole, "{value}");
        }
    }

    #[test]
    fn the_header_counts_only_once() {
        let mut headers = HeaderMap::new();
        assert_eq!(asked(&headers, 100), Asked::Whole);

        headers.append(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        assert_ne!(asked(&headers, 100), Asked::Whole);

        headers.append(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        assert_eq!(asked(&headers, 100), Asked::Whole);
    }

    #[test]
    fn too_many_ranges_are_the_whole() {
        let ranges = |count: usize| {
            let ranges: Vec<String> = (0..count).map(|at| format!("{0}-{0}", at * 2)).collect();
            format!("bytes={}", ranges.join(","))
        };

        let Asked::Parts(parts) = asked_of(&ranges(MAX_RANGES), 1 << 20) else {
            panic!("as many as are allowed");
        };

        assert_eq!(parts.len(), MAX_RANGES);
        for many in [ranges(MAX_RANGES + 1), ranges(10_000)] {
            assert_eq!(asked_of(&many, 1 << 20), Asked::Whole);
        }
        let open: String = repeat_n("0-,", 1000).collect();
        assert_eq!(asked_of(&format!("bytes={open}"), 100), Asked::Whole);
        // Empty members are no ranges.
        let commas: String = repeat_n(',', 10_000).collect();
        assert_ne!(asked_of(&format!("bytes={commas}0-1"), 100), Asked::Whole);
    }

    proptest! {
        #[test]
        fn parts_are_inside_and_apart(
            value in "bytes=([0-9]{0,3}-[0-9]{0,3},?){1,12}",
            length in 0..500_u64,
        ) {
            if let Asked::Parts(parts) = asked_of(&value, length) {
                prop_assert!(!parts.is_empty() && parts.len() <= MAX_RANGES);
                let mut sorted = parts.clone();
                sorted.sort_by_key(|part| part.start);
                for part in &sorted {
                    prop_assert!(part.start < part.end && part.end <= length, "{:?}", parts);
                }
                for pair in sorted.windows(2) {
                    prop_assert!(pair[0].end < pair[1].start, "{:?}", parts);
                }
            }
        }

        /// By the definition: a byte is answered with if and only if one of the ranges has it.
        #[test]
        fn each_byte_that_is_asked_for_is_in_a_part(
            pairs in proptest::collection::vec((0..40_u64, 0..40_u64), 1..6),
        ) {
            let ordered = pairs.iter().map(|&(a, b)| (a.min(b), a.max(b)));
            let members: Vec<String> = ordered.clone().map(|(a, b)| format!("{a}-{b}")).collect();

            let parts = match asked_of(&format!("bytes={}", members.join(",")), 30) {
                Asked::Parts(parts) => parts,
                other => {
                    prop_assert_eq!(other, Asked::Unsatisfiable);
                    Vec::new()
                }
            };

            for byte in 0..30 {
                let wanted = ordered.clone().any(|(first, last)| (first..=last).contains(&byte));
                let given = parts.iter().any(|part| part.contains(&byte));
                prop_assert_eq!(given, wanted, "byte {} of {:?}", byte, parts);
            }
        }

        #[test]
        fn no_value_makes_it_panic(
            bytes in "(bytes=)?[0-9a\u{e9}, =-]{0,60}|[0-9]{0,40}",
            length: u64,
        ) {
            if let Ok(value) = HeaderValue::from_bytes(bytes.as_bytes()) {
                let headers = HeaderMap::from_iter([(header::RANGE, value)]);
                let _ = asked(&headers, length);
            }
        }
    }
}
