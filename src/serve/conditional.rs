//! Conditions of a request: whether the client may have, or still has, what is there. It decides
//! for GET and HEAD, and knows nothing of ranges.
//!
//! RFC 9110 section 13. The order is that of section 13.2.2: `If-Match`, or else
//! `If-Unmodified-Since`; then `If-None-Match`, or else `If-Modified-Since`. A header that is there
//! hides the date that would stand in for it, even if nothing in it can be read.
//!
//! | header | compares | a mistake in it |
//! |---|---|---|
//! | `If-Match` | strongly; `*` holds for whatever is there | matches nothing: 412 |
//! | `If-None-Match` | weakly | matches nothing: 200 |
//! | `If-Unmodified-Since`, `If-Modified-Since` | not later than the date, in whole seconds | the header is ignored |
//! | `If-Range` | strongly; or exactly the date, if that is strong | 200, the whole |
//!
//! `*` counts only alone: together with tags it is a mistake. A mistake ends its line: the tags before it,
//! and those of other lines, count. A representation without a date has the
//! two `…-Since` ignored (sections 13.1.3, 13.1.4).

use http::{HeaderMap, HeaderName, header};

use super::{
    etag::{EntityTag, Tag, Tags},
    http_date::HttpDate,
};

/// How long ago a change must be for its date to be strong, in seconds.
///
/// Section 8.8.2.2: in the second of the date, and as long as clocks of files lag behind, there may be
/// a second change with the same date. After it, clients that keep to section 13.1.5 know as much:
/// they send a date in `If-Range` only if their copy was answered at least a second after it.
const STRONG_AFTER: i64 = 2;

/// What a representation can be compared by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validators<'a> {
    pub(super) etag: Option<&'a EntityTag>,
    pub(super) last_modified: Option<HttpDate>,
}

/// What the conditions of a GET or HEAD ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All hold, or there are none.
    Go,
    /// The client has it: 304.
    NotModified,
    /// The client wants it only as it was: 412.
    Failed,
}

/// Evaluates all conditions but `If-Range`.
pub(super) fn verdict(headers: &HeaderMap, current: Validators<'_>, now: HttpDate) -> Verdict {
    let is_not_after = |date: HttpDate| current.last_modified.is_none_or(|time| time <= date);
    let may_go = if headers.contains_key(header::IF_MATCH) {
        lists(headers, header::IF_MATCH, |tag| {
            current
                .etag
                .is_some_and(|etag| tag.is_strongly(&etag.tag()))
        })
    } else {
        date_in(headers, &header::IF_UNMODIFIED_SINCE, now).is_none_or(is_not_after)
    };
    if !may_go {
        return Verdict::Failed;
    }
    let has_it = if headers.contains_key(header::IF_NONE_MATCH) {
        lists(headers, header::IF_NONE_MATCH, |tag| {
            current.etag.is_some_and(|etag| tag.is_weakly(&etag.tag()))
        })
    } else {
        current.last_modified.is_some()
            && date_in(headers, &header::IF_MODIFIED_SINCE, now).is_some_and(is_not_after)
    };
    if has_it {
        Verdict::NotModified
    } else {
        Verdict::Go
    }
}

/// Returns whether ranges may be answered with: there is no `If-Range`, or it holds (section 13.1.5).
pub(super) fn if_range_holds(headers: &HeaderMap, current: Validators<'_>, now: HttpDate) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let Some(value) = only(headers, &header::IF_RANGE) else {
        return false;
    };
    // One tag, not a list; `*` is none.
    if let Some((tag, rest)) = Tag::first_of(value) {
        let etag = current.etag.map(EntityTag::tag);
        return rest.is_empty() && etag.is_some_and(|etag| tag.is_strongly(&etag));
    }
    let date = date_in(headers, &header::IF_RANGE, now);
    current
        .last_modified
        .is_some_and(|time| date == Some(time) && now.seconds_after(time) >= STRONG_AFTER)
}

/// Returns whether the list is `*`, or has a tag that `is_current`. It may have several lines.
fn lists(headers: &HeaderMap, name: HeaderName, is_current: impl Fn(&Tag<'_>) -> bool) -> bool {
    if only(headers, &name) == Some(b"*") {
        return true;
    }
    let mut lines = headers.get_all(name).iter();
    lines.any(|line| Tags::of(line.as_bytes()).any(|tag| is_current(&tag)))
}

/// The date that is the header's only value.
fn date_in(headers: &HeaderMap, name: &HeaderName, now: HttpDate) -> Option<HttpDate> {
    HttpDate::parse(str::from_utf8(only(headers, name)?).ok()?, now)
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    lines
        .next()
        .is_none()
        .then(|| first.as_bytes().trim_ascii())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "Thu, 26 Nov 2026 14:49:06 GMT";
    /// When the representation was changed last.
    const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn date(text: &str) -> HttpDate {
        HttpDate::parse(text, HttpDate::at(std::time::UNIX_EPOCH)).unwrap()
    }

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    /// Of a representation with the strong tag "e".
    fn verdict_on(lines: &[(HeaderName, &str)]) -> Verdict {
        let etag = EntityTag::strong("e");
        let current = Validators {
            etag: etag.as_ref(),
            last_modified: Some(date(CHANGED)),
        };
        verdict(&headers(lines), current, date(NOW))
    }

    #[test]
    fn tags_are_compared_as_each_header_says() {
        use Verdict::{Failed, Go, NotModified};

        let many = format!("{}\"e\"", "\"x\", ".repeat(10_000));
        for (case, value, if_match, if_none_match) in [
            ("the tag", r#""e""#, Go, NotModified),
            ("another tag", r#""x""#, Failed, Go),
            ("the tag, weak", r#"W/"e""#, Failed, NotModified),
            ("whatever is there", "*", Go, NotModified),
            ("in a list", r#""x", "e""#, Go, NotModified),
            ("in a long list", &many, Go, NotModified),
            ("in another case", r#""E""#, Failed, Go),
            ("a part of it", r#""ee""#, Failed, Go),
            ("no quotes", "e", Failed, Go),
            ("behind a mistake", r#"x, "e""#, Failed, Go),
            ("a star and a tag", r#"*, "x""#, Failed, Go),
            ("nothing", "", Failed, Go),
        ] {
            assert_eq!(verdict_on(&[(header::IF_MATCH, value)]), if_match, "{case}");
            assert_eq!(
                verdict_on(&[(header::IF_NONE_MATCH, value)]),
                if_none_match,
                "{case}"
            );
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        for (case, first, second, expected) in [
            ("in the first", r#""e""#, r#""x""#, Verdict::NotModified),
            ("in the second", r#""x""#, r#""e""#, Verdict::NotModified),
            ("in none", r#""x""#, r#""y""#, Verdict::Go),
            ("a star is not alone", "*", r#""x""#, Verdict::Go),
            ("two stars", "*", "*", Verdict::Go),
        ] {
            let lines = [
                (header::IF_NONE_MATCH, first),
                (header::IF_NONE_MATCH, second),
            ];

            assert_eq!(verdict_on(&lines), expected, "{case}");
        }
    }

    #[test]
    fn dates_are_compared_by_the_second() {
        use Verdict::{Failed, Go, NotModified};

        for (case, value, unmodified_since, modified_since) in [
            ("the same", CHANGED, Go, NotModified),
            ("a second before", BEFORE, Failed, Go),
            ("a second after", AFTER, Go, NotModified),
            (
                "in the form of RFC 850",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                Go,
                NotModified,
            ),
            (
                "in the form of asctime",
                "Sun Nov  6 08:49:36 1994",
                Failed,
                Go,
            ),
            (
                "in the future",
                "Fri, 01 Jan 2100 00:00:00 GMT",
                Go,
                NotModified,
            ),
            ("the year 0", "Sat, 01 Jan 0000 00:00:00 GMT", Failed, Go),
            (
                "the year 9999",
                "Fri, 31 Dec 9999 23:59:59 GMT",
                Go,
                NotModified,
            ),
            ("no date", "yesterday", Go, Go),
            ("nothing", "", Go, Go),
            (
                "two dates",
                "Sun, 06 Nov 1994 08:49:36 GMT, Sun, 06 Nov 1994 08:49:36 GMT",
                Go,
                Go,
            ),
        ] {
            let unmodified = [(header::IF_UNMODIFIED_SINCE, value)];
            let modified = [(header::IF_MODIFIED_SINCE, value)];

            assert_eq!(verdict_on(&unmodified), unmodified_since, "{case}");
            assert_eq!(verdict_on(&modified), modified_since, "{case}");
        }
    }

    #[test]
    fn a_date_that_is_sent_twice_is_ignored() {
        for name in [header::IF_UNMODIFIED_SINCE, header::IF_MODIFIED_SINCE] {
            for value in [BEFORE, CHANGED] {
                let lines = [(name.clone(), value), (name.clone(), value)];

                assert_eq!(verdict_on(&lines), Verdict::Go, "{name}: {value}");
            }
        }
    }

    #[test]
    fn the_order_is_that_of_section_13_2_2() {
        use Verdict::{Failed, Go, NotModified};
        use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

        for (case, lines, expected) in [
            ("none", vec![], Go),
            (
                "If-Match hides If-Unmodified-Since",
                vec![(IF_MATCH, r#""e""#), (IF_UNMODIFIED_SINCE, BEFORE)],
                Go,
            ),
            (
                "and does so if it fails",
                vec![(IF_MATCH, r#""x""#), (IF_UNMODIFIED_SINCE, AFTER)],
                Failed,
            ),
            (
                "If-None-Match hides If-Modified-Since",
                vec![(IF_NONE_MATCH, r#""x""#), (IF_MODIFIED_SINCE, AFTER)],
                Go,
            ),
            (
                "and does so if it matches",
                vec![(IF_NONE_MATCH, r#""e""#), (IF_MODIFIED_SINCE, BEFORE)],
                NotModified,
            ),
            (
                "and does so if it has a mistake",
                vec![(IF_NONE_MATCH, "e"), (IF_MODIFIED_SINCE, AFTER)],
                Go,
            ),
            (
                "412 is before 304",
                vec![(IF_MATCH, r#""x""#), (IF_NONE_MATCH, r#""e""#)],
                Failed,
            ),
            (
                "If-Match holds, then If-None-Match",
                vec![(IF_MATCH, r#""e""#), (IF_NONE_MATCH, r#""e""#)],
                NotModified,
            ),
            (
                "If-Unmodified-Since, then If-None-Match",
                vec![(IF_UNMODIFIED_SINCE, BEFORE), (IF_NONE_MATCH, r#""e""#)],
                Failed,
            ),
            (
                "If-Unmodified-Since, then If-Modified-Since",
                vec![(IF_UNMODIFIED_SINCE, AFTER), (IF_MODIFIED_SINCE, AFTER)],
                NotModified,
            ),
        ] {
            assert_eq!(verdict_on(&lines), expected, "{case}");
        }
    }

    #[test]
    fn what_the_representation_lacks_is_not_compared() {
        use Verdict::{Failed, Go, NotModified};

        let current = Validators {
            etag: None,
            last_modified: None,
        };
        for (case, name, value, expected) in [
            ("a tag is asked for", header::IF_MATCH, r#""e""#, Failed),
            ("something is there", header::IF_MATCH, "*", Go),
            ("a tag is had", header::IF_NONE_MATCH, r#""e""#, Go),
            ("anything is had", header::IF_NONE_MATCH, "*", NotModified),
            ("unmodified", header::IF_UNMODIFIED_SINCE, BEFORE, Go),
            ("modified", header::IF_MODIFIED_SINCE, AFTER, Go),
        ] {
            let headers = headers(&[(name, value)]);

            assert_eq!(verdict(&headers, current, date(NOW)), expected, "{case}");
        }
    }

    #[test]
    fn if_range_holds_only_for_what_is_strong_and_the_same() {
        let [strong, weak] = [EntityTag::strong("e"), EntityTag::weak("e")];
        for (case, etag, value, holds) in [
            ("the tag", &strong, r#""e""#, true),
            ("another tag", &strong, r#""x""#, false),
            ("the tag, sent as weak", &strong, r#"W/"e""#, false),
            ("a weak tag", &weak, r#"W/"e""#, false),
            ("the weak tag, sent as strong", &weak, r#""e""#, false),
            ("no tag is there", &None, r#""e""#, false),
            ("a list", &strong, r#""e", "x""#, false),
            ("a star", &strong, "*", false),
            ("no quotes", &strong, "e", false),
            ("the date", &strong, CHANGED, true),
            (
                "the date in another form",
                &strong,
                "Sunday, 06-Nov-94 08:49:37 GMT",
                true,
            ),
            ("a date before", &strong, BEFORE, false),
            ("a date after", &strong, AFTER, false),
            ("no date", &strong, "yesterday", false),
            ("nothing", &strong, "", false),
        ] {
            let current = Validators {
                etag: etag.as_ref(),
                last_modified: Some(date(CHANGED)),
            };
            let headers = headers(&[(header::IF_RANGE, value)]);

            assert_eq!(
                if_range_holds(&headers, current, date(NOW)),
                holds,
                "{case}"
            );
        }
    }

    #[test]
    fn a_date_is_strong_once_its_second_is_over() {
        let current = Validators {
            etag: None,
            last_modified: Some(date(CHANGED)),
        };
        let headers = headers(&[(header::IF_RANGE, CHANGED)]);
        for (now, holds) in [
            (CHANGED, false),
            (AFTER, false),
            ("Sun, 06 Nov 1994 08:49:39 GMT", true),
            // A clock that was set back.
            (BEFORE, false),
        ] {
            assert_eq!(if_range_holds(&headers, current, date(now)), holds, "{now}");
        }
    }

    #[test]
    fn if_range_that_is_sent_twice_does_not_hold() {
        let current = Validators {
            etag: None,
            last_modified: Some(date(CHANGED)),
        };
        let lines = [(header::IF_RANGE, CHANGED), (header::IF_RANGE, CHANGED)];

        assert!(!if_range_holds(&headers(&lines), current, date(NOW)));
        assert!(if_range_holds(&headers(&[]), current, date(NOW)));
    }

    proptest! {
        #[test]
        fn no_values_make_it_panic(
            values in proptest::collection::vec("[ -~\u{e9}\t]{0,40}|(W/|\"|e|,|\\*| ){0,20}", 0..6),
        ) {
            use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

            let names = [IF_MATCH, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, IF_MODIFIED_SINCE];
            let lines: Vec<_> = names.into_iter().cycle().zip(values.iter().map(String::as_str)).collect();
            let current = Validators { etag: None, last_modified: Some(date(CHANGED)) };

            let _ = verdict(&headers(&lines), current, date(NOW));
            let _ = if_range_holds(&headers(&lines), current, date(NOW));
        }
    }
}
