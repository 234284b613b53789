//! With which header fields an answer comes.

use super::*;

/// The status and the fields, one a line, sorted.
fn head(decision: &Decision<'_>) -> Vec<String> {
    let headers = decision.headers();
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.insert(0, decision.status().as_u16().to_string());
    lines
}

#[test]
fn each_answer_has_its_header_fields() {
    let common = [
        "accept-ranges: bytes",
        "etag: \"e\"",
        "last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
    ];
    for (case, lines, expected) in [
        (
            "200",
            vec![],
            vec!["200", "content-length: 100", "content-type: text/plain"],
        ),
        (
            "206",
            vec![(header::RANGE, "bytes=-10")],
            vec![
                "206",
                "content-length: 10",
                "content-range: bytes 90-99/100",
                "content-type: text/plain",
            ],
        ),
        (
            // By hand: two heads of 94 and 96 bytes, 2 and 3 of content, 40 at the end.
            "206 in parts",
            vec![(header::RANGE, "bytes=0-1,3-5")],
            vec!["206", "content-length: 235"],
        ),
    ] {
        let file = file();

        let decision = decide(&Method::GET, &headers(&lines), &file, now());

        let mut expected: Vec<&str> = expected.into_iter().chain(common).collect();
        expected.sort_unstable();
        assert_eq!(head(&decision), expected, "{case}");
    }
}

#[test]
fn an_answer_without_content_has_few_header_fields() {
    let bare = Representation::new(100).with_last_modified(changed());
    for (case, file, line, expected) in [
        (
            "304 with a tag",
            file(),
            (header::IF_NONE_MATCH, "*"),
            vec!["304", "etag: \"e\""],
        ),
        (
            "304 without",
            bare,
            (header::IF_NONE_MATCH, "*"),
            vec!["304", "last-modified: Sun, 06 Nov 1994 08:49:37 GMT"],
        ),
        (
            "304 of what is stored encoded",
            stored_in_gzip(),
            (header::IF_NONE_MATCH, "*"),
            vec!["304", "etag: \"e\"", "vary: accept-encoding"],
        ),
        (
            "416",
            file(),
            (header::RANGE, "bytes=-0"),
            vec!["416", "accept-ranges: bytes", "content-range: bytes */100"],
        ),
        ("412", file(), (header::IF_MATCH, "\"x\""), vec!["412"]),
    ] {
        let decision = decide(&Method::GET, &headers(&[line]), &file, now());

        assert_eq!(head(&decision), expected, "{case}");
        assert_eq!(decision.body(), Body::Empty, "{case}");
    }
}

#[test]
fn an_encoded_answer_says_so_and_that_it_depends_on_the_request() {
    let file = stored_in_gzip();
    for (case, accepted, tag, length, coding) in [
        (
            "accepted",
            "gzip",
            "etag: \"z\"",
            "content-length: 40",
            Some("content-encoding: gzip"),
        ),
        (
            "refused",
            "gzip;q=0",
            "etag: \"e\"",
            "content-length: 100",
            None,
        ),
        (
            "all refused",
            "*;q=0",
            "etag: \"e\"",
            "content-length: 100",
            None,
        ),
    ] {
        let lines = [(header::ACCEPT_ENCODING, accepted)];

        let head = head(&decide(&Method::GET, &headers(&lines), &file, now()));

        for line in [tag, length, "vary: accept-encoding"] {
            assert!(head.contains(&line.to_owned()), "{case}: {head:?}");
        }
        let found = head
            .iter()
            .find(|line| line.starts_with("content-encoding"));
        assert_eq!(found.map(String::as_str), coding, "{case}");
    }
}

#[test]
fn other_methods_are_told_what_is_allowed_whatever_they_ask() {
    let conditions = [
        (header::IF_MATCH, r#""x""#),
        (header::IF_NONE_MATCH, "*"),
        (header::IF_MODIFIED_SINCE, AFTER),
        (header::RANGE, "bytes=100-"),
        (header::ACCEPT_ENCODING, "gzip"),
    ];
    for (method, status) in [
        (Method::POST, "405"),
        (Method::PUT, "405"),
        (Method::DELETE, "405"),
        (Method::PATCH, "405"),
        (Method::TRACE, "405"),
        (Method::CONNECT, "405"),
        (Method::from_bytes(b"get").unwrap(), "405"),
        (Method::OPTIONS, "204"),
    ] {
        let file = stored_in_gzip();

        let decision = decide(&method, &headers(&conditions), &file, now());

        let expected = [status, "allow: GET, HEAD, OPTIONS"];
        assert_eq!(head(&decision), expected, "{method}");
        assert_eq!(decision.body(), Body::Empty, "{method}");
    }
}

#[test]
fn head_is_decided_as_get_without_a_range_and_has_no_body() {
    for (case, line, status) in [
        ("nothing is asked", (header::HOST, "h"), 200),
        ("a range", (header::RANGE, "bytes=0-0"), 200),
        ("beyond the end", (header::RANGE, "bytes=100-"), 200),
        ("the tag", (header::IF_NONE_MATCH, r#""e""#), 304),
        ("another tag", (header::IF_MATCH, r#""x""#), 412),
        ("encoded", (header::ACCEPT_ENCODING, "gzip"), 200),
    ] {
        let file = stored_in_gzip();
        let request = headers(std::slice::from_ref(&line));
        let mut without_range = request.clone();
        without_range.remove(header::RANGE);

        let answer = decide(&Method::HEAD, &request, &file, now());
        let get = decide(&Method::GET, &without_range, &file, now());

        assert_eq!(answer.status().as_u16(), status, "{case}");
        assert_eq!(answer.body(), Body::Empty, "{case}");
        assert_eq!(head(&answer), head(&get), "{case}");
    }
}

#[test]
fn a_date_in_the_future_is_sent_as_now() {
    let future = now() + std::time::Duration::from_secs(3600);
    let file = Representation::new(100).with_last_modified(future);

    let decision = decide(&Method::GET, &HeaderMap::new(), &file, now());

    let sent = decision.headers()[header::LAST_MODIFIED].clone();
    assert_eq!(sent, "Thu, 26 Nov 2026 14:49:06 GMT");
    // Later the client asks with it, and it may have changed in between.
    let request = HeaderMap::from_iter([(header::IF_MODIFIED_SINCE, sent)]);
    let later = now() + std::time::Duration::from_secs(60);
    assert_eq!(
        decide(&Method::GET, &request, &file, later).outcome,
        Outcome::Whole
    );
}
