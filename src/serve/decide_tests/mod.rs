//! Which answer, and which bytes of what; with which header fields is in `fields`. The grammar of each
//! header has its tests beside its parser.

use http::{HeaderName, HeaderValue, header};
use proptest::prelude::*;

use super::*;
use crate::{
    serve::{EntityTag, MAX_RANGES},
    storages::Coding,
};

mod fields;

const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

/// 2026-11-26 14:49:06.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_704_546)
}

fn changed() -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777)
}

/// 100 bytes with the tag "e", changed long ago.
fn file() -> Representation {
    Representation::new(100)
        .with_etag(EntityTag::strong("e"))
        .with_last_modified(changed())
        .with_content_type(HeaderValue::from_static("text/plain"))
}

/// The same, and 40 bytes of it in gzip with the tag "z".
fn stored_in_gzip() -> Representation {
    file().with_encoded(Coding::Gzip, 40, EntityTag::strong("z"))
}

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// What a GET of the file with these headers comes to.
fn outcome_of_get(lines: &[(HeaderName, &str)]) -> Outcome {
    decide(&Method::GET, &headers(lines), &file(), now()).outcome
}

#[test]
fn steps_are_taken_in_the_order_of_section_13_2_2() {
    use Outcome::{NotModified, Part, PreconditionFailed, RangeNotSatisfiable, Whole};
    use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE};

    for (case, lines, expected) in [
        ("nothing is asked", vec![], Whole),
        ("a range", vec![(RANGE, "bytes=0-0")], Part(0..1)),
        (
            "beyond the end",
            vec![(RANGE, "bytes=100-")],
            RangeNotSatisfiable,
        ),
        (
            "412 before 416",
            vec![(IF_MATCH, r#""x""#), (RANGE, "bytes=100-")],
            PreconditionFailed,
        ),
        (
            "304 before 416",
            vec![(IF_NONE_MATCH, r#""e""#), (RANGE, "bytes=100-")],
            NotModified,
        ),
        (
            "304 before 206",
            vec![(IF_MODIFIED_SINCE, CHANGED), (RANGE, "bytes=0-0")],
            NotModified,
        ),
        (
            "412 before 206",
            vec![
                (IF_UNMODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT"),
                (RANGE, "bytes=0-0"),
            ],
            PreconditionFailed,
        ),
        (
            "conditions that hold, and a range",
            vec![
                (IF_MATCH, r#""e""#),
                (IF_NONE_MATCH, r#""x""#),
                (RANGE, "bytes=0-0"),
            ],
            Part(0..1),
        ),
        (
            "a date in the future",
            vec![(IF_MODIFIED_SINCE, AFTER)],
            NotModified,
        ),
    ] {
        assert_eq!(outcome_of_get(&lines), expected, "{case}");
    }
}

#[test]
fn a_range_counts_if_if_range_holds() {
    use Outcome::{Part, RangeNotSatisfiable, Whole};
    use header::{IF_RANGE, RANGE};

    for (case, lines, expected) in [
        (
            "If-Range holds",
            vec![(IF_RANGE, r#""e""#), (RANGE, "bytes=0-0")],
            Part(0..1),
        ),
        (
            "If-Range holds by date",
            vec![(IF_RANGE, CHANGED), (RANGE, "bytes=0-0")],
            Part(0..1),
        ),
        (
            "If-Range is stale",
            vec![(IF_RANGE, r#""x""#), (RANGE, "bytes=0-0")],
            Whole,
        ),
        (
            "If-Range is stale, the range beyond the end",
            vec![(IF_RANGE, r#""x""#), (RANGE, "bytes=100-")],
            Whole,
        ),
        (
            "If-Range holds, the range is beyond the end",
            vec![(IF_RANGE, r#""e""#), (RANGE, "bytes=100-")],
            RangeNotSatisfiable,
        ),
        ("If-Range alone", vec![(IF_RANGE, r#""x""#)], Whole),
    ] {
        assert_eq!(outcome_of_get(&lines), expected, "{case}");
    }
}

#[test]
fn conditions_and_ranges_are_about_the_encoding_that_is_sent() {
    use Outcome::{NotModified, Part, RangeNotSatisfiable, Whole};
    use header::{ACCEPT_ENCODING, IF_NONE_MATCH, IF_RANGE, RANGE};

    for (case, accepted, lines, expected) in [
        (
            "its tag",
            "gzip",
            vec![(IF_NONE_MATCH, r#""z""#)],
            NotModified,
        ),
        (
            "the other tag",
            "gzip",
            vec![(IF_NONE_MATCH, r#""e""#)],
            Whole,
        ),
        (
            "its tag, not sent",
            "gzip;q=0",
            vec![(IF_NONE_MATCH, r#""z""#)],
            Whole,
        ),
        ("its end", "gzip", vec![(RANGE, "bytes=30-")], Part(30..40)),
        (
            "beyond its end",
            "gzip",
            vec![(RANGE, "bytes=40-")],
            RangeNotSatisfiable,
        ),
        (
            "not beyond the other",
            "br",
            vec![(RANGE, "bytes=40-")],
            Part(40..100),
        ),
        (
            "the other tag, to go on",
            "gzip",
            vec![(RANGE, "bytes=30-"), (IF_RANGE, r#""e""#)],
            Whole,
        ),
        (
            "several ranges",
            "gzip",
            vec![(RANGE, "bytes=0-1,5-6")],
            Whole,
        ),
    ] {
        let file = stored_in_gzip();
        let mut lines = lines;
        lines.push((ACCEPT_ENCODING, accepted));

        let decision = decide(&Method::GET, &headers(&lines), &file, now());

        assert_eq!(decision.outcome, expected, "{case}");
    }
}

#[test]
fn an_empty_file_is_sent_whole() {
    let file = Representation::new(0);
    for range in ["bytes=0-", "bytes=-1", "bytes=5-6"] {
        let request = headers(&[(header::RANGE, range)]);

        let decision = decide(&Method::GET, &request, &file, now());

        assert_eq!(decision.body(), Body::Bytes(0..0), "{range}");
        assert_eq!(decision.headers()[header::CONTENT_LENGTH], "0", "{range}");
    }
}

#[test]
fn ranges_that_cost_more_than_the_whole_are_the_whole() {
    let each_other = |count: u64| {
        let ranges: Vec<String> = (0..count).map(|at| format!("{0}-{0}", at * 2)).collect();
        format!("bytes={}", ranges.join(","))
    };
    for (case, length, range, is_in_parts) in [
        ("a few of a small file", 100, each_other(3), true),
        ("many of a small file", 100, each_other(32), false),
        ("many of a large file", 1 << 20, each_other(32), true),
        (
            "all of it but a byte, in a small file",
            100,
            "bytes=0-49,51-99".to_owned(),
            true,
        ),
        (
            "all of it but some bytes, in many parts",
            1 << 20,
            (0..32)
                .map(|at| format!(",{}-{}", at * 32_768, at * 32_768 + 32_766))
                .fold("bytes=".to_owned(), |a, b| a + &b),
            false,
        ),
    ] {
        let file = Representation::new(length);

        let decision = decide(
            &Method::GET,
            &headers(&[(header::RANGE, &range)]),
            &file,
            now(),
        );

        let in_parts = matches!(decision.outcome, Outcome::Parts(_));
        assert_eq!(in_parts, is_in_parts, "{case}");
    }
}

proptest! {
    /// The promise of the module `range`.
    #[test]
    fn no_answer_is_longer_than_the_file_and_1_kib(
        range in "bytes=([0-9]{0,3}-[0-9]{0,3},){1,40}",
        length in 0..1500_u64,
        content_type in "[a-z]{1,100}/[a-z]{1,100}",
    ) {
        let file = Representation::new(length)
            .with_content_type(HeaderValue::try_from(content_type).unwrap());
        let request = headers(&[(header::RANGE, &range)]);

        let decision = decide(&Method::GET, &request, &file, now());

        let sent = match decision.body() {
            Body::Empty => 0,
            Body::Bytes(range) => {
                prop_assert!(range.end <= length);
                range.end - range.start
            }
            Body::Parts(parts) => {
                prop_assert!((2..=MAX_RANGES).contains(&parts.parts().len()));
                parts.body_length()
            }
        };
        prop_assert!(sent <= length + 1024, "{} bytes of {}", sent, length);
        if let Some(declared) = decision.headers().get(header::CONTENT_LENGTH) {
            prop_assert_eq!(declared, &HeaderValue::from(sent));
        }
    }

    #[test]
    fn no_request_makes_it_panic(
        method in "GET|HEAD|OPTIONS|[A-Z]{1,7}",
        values in proptest::collection::vec("[ -~\u{e9}]{0,30}|bytes=[0-9,-]{0,20}|(W/|\"|e|z|,|\\*){0,9}", 0..9),
        length: u64,
        seconds in 0..u64::from(u32::MAX),
    ) {
        use header::{
            ACCEPT_ENCODING, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
            RANGE,
        };
        let names = [
            RANGE, IF_NONE_MATCH, IF_RANGE, ACCEPT_ENCODING, IF_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE,
        ];
        let lines: Vec<_> = names.into_iter().cycle().zip(values.iter().map(String::as_str)).collect();
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let file = Representation::new(length)
            .with_etag(EntityTag::strong("e"))
            .with_last_modified(time)
            .with_encoded(Coding::Gzip, length / 2, EntityTag::weak("z"));

        let decision = decide(&Method::from_bytes(method.as_bytes()).unwrap(), &headers(&lines), &file, now());

        let _ = (decision.headers(), decision.body(), decision.status());
    }
}
