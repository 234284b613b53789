//! `Accept-Encoding`: which of the stored encodings of a file is sent. It encodes nothing.
//!
//! RFC 9110 sections 12.4.2 and 12.5.3. The best quality wins. Where several are as good:
//!
//! 1. a coding that the client names, before the file as it is, before a coding that only `*`
//!    covers: whoever sends a bare `*` has not said that it can read brotli (WhiteNoise answers the same);
//! 2. the smallest;
//! 3. in the order of [`Coding::ALL`].
//!
//! The file as it is (`identity`) is acceptable unless it is refused, by `identity;q=0` or by `*;q=0`
//! where `identity` is not named. Not named, it is the last choice; sent it is too where the header is
//! missing: section 12.5.3 would allow any coding, and the clients that do not send it read none.
//!
//! There is no 406. If nothing that is stored is acceptable, the file goes out as it is, which the
//! section allows (the header may be disregarded), and which helps more than an error.
//!
//! A member that breaks the grammar counts as not sent, and the others count. Of a coding that is named
//! twice the lowest quality counts. `x-gzip` is `gzip` (section 8.4.1.3). The time is linear in the bytes.

use std::cmp::Reverse;

use http::{HeaderMap, header};

use crate::storages::Coding;

/// Chooses from the file as it is, which is always there, and `stored`: its encodings, each with its
/// size in bytes. `None`: the file as it is.
pub(super) fn choose(
    headers: &HeaderMap,
    stored: impl IntoIterator<Item = (Coding, u64)>,
) -> Option<Coding> {
    let accepted = Accepted::of(headers);
    // Refused or not mentioned, anything that is accepted is better.
    let identity = accepted.identity.or(accepted.others).unwrap_or(0);
    let better = stored.into_iter().filter_map(|(coding, size)| {
        let named = accepted.named(coding);
        let quality = named.or(accepted.others)?;
        let is_better = quality > identity || quality == identity && named.is_some();
        (is_better && quality > 0).then_some((Reverse(quality), named.is_none(), size, coding))
    });
    better.min().map(|(.., coding)| coding)
}

/// The qualities that a request gives to what may be stored, in thousandths; 0 is a refusal.
#[derive(Debug, Default)]
struct Accepted {
    codings: [Option<u16>; Coding::ALL.len()],
    identity: Option<u16>,
    /// Of `*`: what is not named.
    others: Option<u16>,
}

impl Accepted {
    fn of(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        for line in headers.get_all(header::ACCEPT_ENCODING) {
            for member in line.as_bytes().split(|&byte| byte == b',') {
                accepted.add(member);
            }
        }
        accepted
    }

    fn add(&mut self, member: &[u8]) {
        let Some((name, quality)) = parse(member) else {
            return;
        };
        let name = if name.eq_ignore_ascii_case(b"x-gzip") {
            b"gzip"
        } else {
            name
        };
        let place = if name == b"*" {
            &mut self.others
        } else if name.eq_ignore_ascii_case(b"identity") {
            &mut self.identity
        } else {
            let named = |coding: &Coding| name.eq_ignore_ascii_case(coding.token().as_bytes());
            match Coding::ALL.iter().position(named) {
                Some(index) => &mut self.codings[index],
                None => return,
            }
        };
        *place = Some(place.map_or(quality, |before| before.min(quality)));
    }

    fn named(&self, coding: Coding) -> Option<u16> {
        let all = Coding::ALL.into_iter().zip(self.codings);
        all.into_iter().find(|(each, _)| *each == coding)?.1
    }
}

/// The name and the quality of a member of the list.
fn parse(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut halves = member.splitn(2, |&byte| byte == b';');
    let name = halves.next()?.trim_ascii();
    let Some(weight) = halves.next() else {
        return Some((name, 1000));
    };
    match weight.trim_ascii() {
        [b'q' | b'Q', b'=', value @ ..] => Some((name, parse_quality(value)?)),
        _ => None,
    }
}

/// `0`, `1`, or one of them with a point and up to three digits; no more than 1.
fn parse_quality(value: &[u8]) -> Option<u16> {
    let (&whole, rest) = value.split_first()?;
    let digits = match rest {
        [] => rest,
        [b'.', digits @ ..] => digits,
        _ => return None,
    };
    if !matches!(whole, b'0' | b'1') || digits.len() > 3 {
        return None;
    }
    let mut thousandths = u16::from(whole - b'0');
    for place in 0..3 {
        let digit = digits.get(place).unwrap_or(&b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        thousandths = thousandths * 10 + u16::from(digit - b'0');
    }
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// As encoders do: the better, the smaller.
    const ALL: [(Coding, u64); 3] = [
        (Coding::Gzip, 300),
        (Coding::Brotli, 250),
        (Coding::Zstd, 280),
    ];
    const GZIP: [(Coding, u64); 1] = [(Coding::Gzip, 300)];

    /// What is chosen, `identity` for the file as it is.
    fn chosen(lines: &[&str], stored: &[(Coding, u64)]) -> &'static str {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                header::ACCEPT_ENCODING,
                HeaderValue::from_str(line).unwrap(),
            );
        }
        choose(&headers, stored.iter().copied()).map_or("identity", Coding::token)
    }

    #[test]
    fn the_best_quality_wins() {
        for (case, value, expected) in [
            ("a browser", "gzip, deflate, br, zstd", "br"),
            ("an older one", "gzip, deflate", "gzip"),
            ("one", "zstd", "zstd"),
            ("unequal", "br;q=0.5, gzip;q=0.8, zstd;q=0.7", "gzip"),
            ("by a thousandth", "br;q=0.998, gzip;q=0.999", "gzip"),
            ("the RFC's", "compress;q=0.5, gzip;q=1.0", "gzip"),
            (
                "the RFC's, with identity",
                "gzip;q=1.0, identity; q=0.5, *;q=0",
                "gzip",
            ),
            ("low", "gzip;q=0.001", "gzip"),
            ("identity is better", "gzip;q=0.5, identity", "identity"),
            ("identity is as good", "identity, gzip", "gzip"),
            ("identity only", "identity", "identity"),
            ("unknown only", "deflate, compress, lzma", "identity"),
            ("refused", "gzip;q=0", "identity"),
            ("refused, long", "gzip;q=0.000", "identity"),
            ("all refused", "br;q=0, gzip;q=0, zstd;q=0", "identity"),
            ("the best refused", "br;q=0, gzip", "gzip"),
            ("named twice", "br, gzip, br;q=0", "gzip"),
            ("nothing", "", "identity"),
            ("only commas", ", ,", "identity"),
        ] {
            assert_eq!(chosen(&[value], &ALL), expected, "{case}");
        }
    }

    #[test]
    fn a_star_stands_for_what_is_not_named() {
        for (case, value, expected) in [
            ("alone", "*", "identity"),
            ("with a quality", "*;q=0.5", "identity"),
            ("beside a name", "gzip, *", "gzip"),
            ("beside a better name", "gzip, *;q=0.1", "gzip"),
            ("beside a worse name", "gzip;q=0.5, *", "identity"),
            ("beside a worse identity", "*, identity;q=0.5", "br"),
            ("identity is refused", "identity;q=0, *", "br"),
            (
                "identity and the best are refused",
                "identity;q=0, br;q=0, *",
                "zstd",
            ),
            ("all the others are refused", "gzip, *;q=0", "gzip"),
            ("all is refused", "*;q=0", "identity"),
            ("all is refused by name", "identity;q=0", "identity"),
            ("all but identity", "identity, *;q=0", "identity"),
            (
                "a low one is better than none",
                "gzip;q=0.001, *;q=0",
                "gzip",
            ),
        ] {
            assert_eq!(chosen(&[value], &ALL), expected, "{case}");
        }
    }

    #[test]
    fn what_is_not_stored_is_not_chosen() {
        for (case, value, expected) in [
            ("another", "br", "identity"),
            ("the second", "br, gzip;q=0.1", "gzip"),
            (
                "refused identity, and another",
                "identity;q=0, br",
                "identity",
            ),
            ("by another name", "x-gzip", "gzip"),
        ] {
            assert_eq!(chosen(&[value], &GZIP), expected, "{case}");
        }
        assert_eq!(chosen(&["br, gzip"], &[]), "identity");
    }

    #[test]
    fn a_header_is_read_as_the_grammar_says() {
        for (case, value, expected) in [
            ("any case", "GZip;Q=1", "gzip"),
            ("blanks", "\tgzip\t; q=1 ,", "gzip"),
            ("no digits behind the point", "gzip;q=1.", "gzip"),
            ("zeros behind it", "gzip;q=1.000", "gzip"),
            ("a part of a word", "gzipped, agzip, xgzip", "identity"),
            ("over 1", "gzip;q=1.001", "identity"),
            ("two", "gzip;q=2", "identity"),
            ("four digits", "gzip;q=0.1234", "identity"),
            ("a sign", "gzip;q=-1", "identity"),
            ("a word", "gzip;q=high", "identity"),
            ("no value", "gzip;q=", "identity"),
            ("no point", "gzip;q=05", "identity"),
            ("a blank before the equals", "gzip;q =1", "identity"),
            ("another parameter", "gzip;level=9", "identity"),
            ("two parameters", "gzip;level=9;q=1", "identity"),
            ("nothing behind the semicolon", "gzip;", "identity"),
            ("quotes", "\"gzip\"", "identity"),
            ("the others count", "br;q=x, gzip", "gzip"),
            ("bytes above ASCII", "é, gzip", "gzip"),
        ] {
            assert_eq!(chosen(&[value], &GZIP), expected, "{case}");
        }
        let tokens = format!("{}gzip", "a,".repeat(32 * 1024));
        assert_eq!(chosen(&[&tokens], &GZIP), "gzip");
    }

    #[test]
    fn several_lines_are_one_list() {
        assert_eq!(chosen(&["deflate", "gzip"], &GZIP), "gzip");
        assert_eq!(chosen(&["gzip", "gzip;q=0"], &GZIP), "identity");
        assert_eq!(chosen(&[], &ALL), "identity");
    }

    #[test]
    fn of_those_as_good_the_smallest_is_sent() {
        let equal = [(Coding::Gzip, 9), (Coding::Zstd, 9), (Coding::Brotli, 9)];
        let odd = [(Coding::Gzip, 8), (Coding::Brotli, 9)];

        assert_eq!(chosen(&["gzip, zstd, br"], &equal), "br");
        assert_eq!(chosen(&["gzip, zstd"], &equal), "zstd");
        assert_eq!(chosen(&["br, gzip"], &odd), "gzip");
    }

    proptest! {
        #[test]
        fn each_quality_is_read_or_refused(quality in 0..3000_u16) {
            let text = format!("{}.{:03}", quality / 1000, quality % 1000);

            let expected = (quality <= 1000).then_some(quality);
            prop_assert_eq!(parse_quality(text.as_bytes()), expected);
        }

        #[test]
        fn what_is_refused_is_never_sent_encoded(
            others in "((br|gzip|zstd|identity|\\*|[a-z;=]{0,4})(;q=(0|1|0\\.[0-9])?)?, ?){0,9}",
        ) {
            let value = format!("{others}, gzip;q=0, *;q=0");

            prop_assert_ne!(chosen(&[&value], &ALL), "gzip");
        }

        #[test]
        fn no_value_makes_it_panic(value in "([a-z*;=,.0-9 \t\u{e9}]|gzip|;q=){0,60}") {
            let _ = chosen(&[&value], &ALL);
        }
    }
}
