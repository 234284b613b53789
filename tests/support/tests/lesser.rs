//! Services that lack something, asked by hand over plain connections: each gap once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check reports by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use storehouse_test_support::{Bucket, Etags, Gap, LesserS3, Minio, Refusal, Response};

/// A gap that takes nothing away.
const NONE: Gap = Gap::Slow(Duration::ZERO);

/// The MD5 of `A`.
const MD5_OF_A: &str = "\"7fc56270e7a70fa81a5935b72eacbe29\"";

/// A bucket, and a lesser service in front of it.
struct Behind {
    bucket: Bucket,
    service: LesserS3,
}

impl Behind {
    fn of(gap: Gap) -> Self {
        let minio = Minio::get();
        Self {
            bucket: minio.bucket("lesser"),
            service: LesserS3::start(&minio, gap),
        }
    }

    /// Asks as a client does that signs with some key: `what` is a method, a key and a query.
    fn ask(&self, what: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let (method, key) = what.split_once(' ').unwrap();
        let mut fields = vec![("Authorization", "of somebody")];
        fields.extend(headers);
        let mut stream = self.connect();
        self.send(&mut stream, &format!("{method} {key}"), &fields, body);
        receive(&mut BufReader::new(stream), method)
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.service.endpoint().strip_prefix("http://").unwrap()).unwrap()
    }

    fn send(&self, stream: &mut TcpStream, what: &str, headers: &[(&str, &str)], body: &str) {
        let (method, key) = what.split_once(' ').unwrap();
        let mut message = format!("{method} /{}/{key} HTTP/1.1\r\n", self.bucket.name());
        for (name, value) in headers {
            message += &format!("{name}: {value}\r\n");
        }
        message += &format!("Host: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(message.as_bytes()).unwrap();
    }

    /// Begins an upload and returns its id.
    fn begin(&self, key: &str) -> String {
        element(
            &self.ask(&format!("POST {key}?uploads"), &[], ""),
            "UploadId",
        )
    }

    /// Uploads `body` as an upload of one part.
    fn upload(&self, key: &str, body: &str, headers: &[(&str, &str)]) -> Response {
        let id = self.begin(key);
        let part = self.ask(&format!("PUT {key}?partNumber=1&uploadId={id}"), &[], body);
        self.complete(key, &id, &etag(&part), headers)
    }

    fn complete(&self, key: &str, id: &str, etag: &str, headers: &[(&str, &str)]) -> Response {
        let parts = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
             </CompleteMultipartUpload>",
            etag.replace('"', "&quot;")
        );
        self.ask(&format!("POST {key}?uploadId={id}"), headers, &parts)
    }

    /// What a copy is made of.
    fn source(&self, key: &str) -> String {
        format!("/{}/{key}", self.bucket.name())
    }

    fn stored(&self, key: &str) -> String {
        String::from_utf8(self.bucket.get_raw(key).unwrap_or_default()).unwrap()
    }
}

/// Reads an answer whose length is told.
fn receive(connection: &mut BufReader<TcpStream>, method: &str) -> Response {
    let mut line = String::new();
    connection.read_line(&mut line).unwrap();
    let mut answer = Response::new(line[9..12].parse().unwrap());
    loop {
        line.clear();
        connection.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => answer.headers.add(name, value),
            None => break,
        }
    }
    if method != "HEAD" {
        let length = answer.headers.get("content-length").unwrap_or("0");
        answer.body = vec![0; length.parse().unwrap()];
        connection.read_exact(&mut answer.body).unwrap();
    }
    answer
}

fn text(answer: &Response) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// What is in the first element of this name; nothing if there is none.
fn element(answer: &Response, name: &str) -> String {
    let text = text(answer);
    let inside = text
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inside
        .map_or("", |(inside, _)| inside)
        .replace("&#34;", "\"")
}

fn etag(answer: &Response) -> String {
    answer.headers.get("etag").unwrap_or_default().to_owned()
}

#[test]
fn what_is_not_taken_away_is_answered_as_minio_does() {
    let behind = Behind::of(NONE);
    let meta = ("x-amz-meta-note", "two  blanks");

    let put = behind.ask("PUT a%20b+%c3%bc.txt", &[meta], "A");
    let got = behind.ask("GET a%20b+%c3%bc.txt", &[], "");
    let head = behind.ask("HEAD a%20b+%c3%bc.txt", &[], "");

    assert_eq!((put.status, etag(&put).as_str()), (200, MD5_OF_A));
    assert_eq!(behind.bucket.object_names(), ["a b+ü.txt"]);
    assert_eq!((got.status, text(&got).as_str()), (200, "A"));
    let raw = behind.bucket.head_raw("a b+ü.txt").unwrap();
    let names = |headers: &storehouse_test_support::Headers| {
        let names = headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        let mut names: Vec<_> = names.filter(|name| name != "connection").collect();
        names.sort();
        names
    };
    assert_eq!(names(&head.headers), names(&raw));
    for name in ["content-length", "content-type", "etag", "x-amz-meta-note"] {
        assert_eq!(head.headers.get(name), raw.get(name), "{name}");
    }
    assert_eq!(raw.get("server"), Some("MinIO"));
    assert_eq!(got.headers.get("server"), Some("LesserS3"));
}

#[test]
fn what_was_asked_is_told_with_what_became_of_it() {
    let behind = Behind::of(Gap::NoCopy);

    behind.ask("PUT a", &[], "A");
    behind.ask("PUT b", &[("x-amz-copy-source", &behind.source("a"))], "");
    behind.ask("HEAD c", &[], "");

    let requests = behind.service.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|asked| {
            let key = asked.target.rsplit('/').next().unwrap();
            let what = format!("{} {key}", asked.method);
            (what, asked.upstream_status, asked.status)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("PUT a".to_owned(), Some(200), Some(200)),
            ("PUT b".to_owned(), None, Some(501)),
            ("HEAD c".to_owned(), Some(404), Some(404)),
        ]
    );
    behind.service.clear();
    assert!(behind.service.requests().is_empty());
}

/// The gap, the status of a PUT and of a completion onto an object, and what is there after each.
const CONDITIONS: &[(Gap, u16, u16, &str, &str)] = &[
    (NONE, 412, 412, "theirs", "theirs"),
    (Gap::ConditionIgnored, 200, 200, "ours", "ours"),
    (
        Gap::ConditionIgnoredAtCompletion,
        412,
        200,
        "theirs",
        "ours",
    ),
    (
        Gap::ConditionRefused(Refusal::NotImplemented),
        501,
        501,
        "theirs",
        "theirs",
    ),
    (
        Gap::ConditionRefused(Refusal::InvalidArgument),
        400,
        400,
        "theirs",
        "theirs",
    ),
    (
        Gap::ConditionRefusedAtCompletion(Refusal::NotImplemented),
        412,
        501,
        "theirs",
        "theirs",
    ),
];

#[test]
fn a_condition_is_kept_ignored_or_refused() {
    let condition = [("If-None-Match", "*")];
    for (gap, put, completed, after_put, after_completion) in CONDITIONS {
        let behind = Behind::of(*gap);
        behind.bucket.put_raw("a", b"theirs");
        behind.bucket.put_raw("b", b"theirs");

        let answers = [
            behind.ask("PUT a", &condition, "ours").status,
            behind.upload("b", "ours", &condition).status,
        ];

        assert_eq!(answers, [*put, *completed], "{gap:?}");
        assert_eq!(behind.stored("a"), *after_put, "{gap:?}");
        assert_eq!(behind.stored("b"), *after_completion, "{gap:?}");
        // Nothing is said against a write without one, and reads keep theirs.
        assert_eq!(behind.ask("PUT a", &[], "A").status, 200, "{gap:?}");
        let read = behind.ask("GET a", &[("If-None-Match", MD5_OF_A)], "");
        assert_eq!(read.status, 304, "{gap:?}");
    }
}

#[test]
fn a_refusal_is_one_of_s3() {
    for (refusal, status, code) in [
        (Refusal::NotImplemented, 501, "NotImplemented"),
        (Refusal::InvalidArgument, 400, "InvalidArgument"),
    ] {
        let behind = Behind::of(Gap::ConditionRefused(refusal));

        for (what, condition) in [
            ("PUT a", ("If-None-Match", "*")),
            ("DELETE a", ("If-Match", MD5_OF_A)),
        ] {
            let answer = behind.ask(what, &[condition], "");

            assert_eq!(answer.status, status, "{what}");
            assert_eq!(element(&answer, "Code"), code, "{what}");
            assert!(!element(&answer, "Message").is_empty(), "{what}");
        }
    }
}

/// The gap, a request and the status it has; where there is none, that of MinIO is 200.
const REFUSED: &[(Gap, &str, u16)] = &[
    (NONE, "batch", 200),
    (NONE, "copy", 200),
    (NONE, "part copy", 200),
    (Gap::NoBatchDelete(Refusal::NotImplemented), "batch", 501),
    (Gap::NoBatchDelete(Refusal::InvalidArgument), "batch", 400),
    (Gap::NoBatchDelete(Refusal::NotImplemented), "copy", 200),
    (Gap::NoCopy, "copy", 501),
    (Gap::NoCopy, "part copy", 200),
    (Gap::NoPartCopy, "part copy", 501),
    (Gap::NoPartCopy, "copy", 200),
];

const DELETE: &str = "<Delete><Object><Key>a</Key></Object></Delete>";
const MD5_OF_DELETE: &str = "aFPqFnlCon58cZ4Qt7zwvQ==";

#[test]
fn an_operation_that_is_missing_is_refused_and_no_other() {
    let digest = [("Content-MD5", MD5_OF_DELETE)];
    for (gap, operation, status) in REFUSED {
        let behind = Behind::of(*gap);
        behind.bucket.put_raw("a", b"A");
        let source = behind.source("a");
        let copy = [("x-amz-copy-source", source.as_str())];

        let answer = match *operation {
            "batch" => behind.ask("POST ?delete", &digest, DELETE),
            "copy" => behind.ask("PUT b", &copy, ""),
            _ => {
                let id = behind.begin("b");
                behind.ask(&format!("PUT b?partNumber=1&uploadId={id}"), &copy, "")
            }
        };

        assert_eq!(answer.status, *status, "{gap:?}, {operation}");
        let deleted = *operation == "batch" && *status == 200;
        assert_eq!(behind.stored("a").is_empty(), deleted, "{gap:?}");
        assert_eq!(behind.ask("DELETE a", &[], "").status, 204, "{gap:?}");
    }
}

/// What the ETags of `A` and of an upload of `A` alone are shown as.
const ETAGS: &[(Gap, &str, &str)] = &[
    (NONE, MD5_OF_A, "\"8f28f2e7231860115d2a8cacba019dbe-1\""),
    (
        Gap::Etags(Etags::NotMd5),
        "\"803a9d8f1858f057e5a6ca48d15341d6\"",
        "\"70d70d18dce79feea2d5735345fe6241-1\"",
    ),
    (
        Gap::Etags(Etags::Opaque),
        "\"v-92ebcae27b5395a18af07a7e07265cf7\"",
        "\"v-1-ebd910abcac8a2d5110681327e2f82f8\"",
    ),
    (
        Gap::Etags(Etags::RandomMultipart),
        MD5_OF_A,
        "\"70d70d18dce79feea2d5735345fe6241-1\"",
    ),
    (
        Gap::Etags(Etags::Weak),
        "W/\"7fc56270e7a70fa81a5935b72eacbe29\"",
        "W/\"8f28f2e7231860115d2a8cacba019dbe-1\"",
    ),
    (
        Gap::Etags(Etags::UpperCase),
        "\"7FC56270E7A70FA81A5935B72EACBE29\"",
        "\"8F28F2E7231860115D2A8CACBA019DBE-1\"",
    ),
];

#[test]
fn an_etag_is_the_same_in_every_answer() {
    for (gap, of_put, of_upload) in ETAGS {
        let behind = Behind::of(*gap);

        let put = behind.ask("PUT a", &[], "A");
        let uploaded = behind.upload("b", "A", &[]);

        assert_eq!(etag(&put), *of_put, "{gap:?}");
        assert_eq!(uploaded.status, 200, "{gap:?}");
        assert_eq!(element(&uploaded, "ETag"), *of_upload, "{gap:?}");
        for (key, expected) in [("a", of_put), ("b", of_upload)] {
            let head = behind.ask(&format!("HEAD {key}"), &[], "");
            let got = behind.ask(&format!("GET {key}"), &[], "");
            let list = behind.ask(&format!("GET ?list-type=2&prefix={key}"), &[], "");
            let copy = [("x-amz-copy-source", behind.source(key))];
            let copy = copy.each_ref().map(|(name, value)| (*name, value.as_str()));
            let copied = behind.ask("PUT c", &copy, "");

            assert_eq!(etag(&head), **expected, "{gap:?}, {key}");
            assert_eq!(etag(&got), **expected, "{gap:?}, {key}");
            assert_eq!(element(&list, "ETag"), **expected, "{gap:?}, {key}");
            assert_eq!(copied.status, 200, "{gap:?}, {key}");
            assert_eq!(
                element(&copied, "ETag"),
                etag(&behind.ask("HEAD c", &[], "")),
                "{gap:?}"
            );
        }
    }
}

#[test]
fn an_etag_of_a_part_is_shown_in_the_same_way() {
    for (gap, of_put, _) in ETAGS {
        let behind = Behind::of(*gap);
        behind.bucket.put_raw("a", b"A");
        let id = behind.begin("b");
        let source = behind.source("a");
        let copy = [("x-amz-copy-source", source.as_str())];

        let copied = behind.ask(&format!("PUT b?partNumber=1&uploadId={id}"), &copy, "");
        let parts = behind.ask(&format!("GET b?uploadId={id}"), &[], "");

        assert_eq!(element(&copied, "ETag"), *of_put, "{gap:?}");
        assert_eq!(element(&parts, "ETag"), *of_put, "{gap:?}");
        let completed = behind.complete("b", &id, of_put, &[]);
        assert_eq!(completed.status, 200, "{gap:?}: {}", text(&completed));
    }
}

#[test]
fn an_etag_that_was_shown_is_good_for_conditions_and_no_other_is() {
    let other = "\"00000000000000000000000000000000\"";
    for (gap, shown, _) in ETAGS {
        let behind = Behind::of(*gap);
        behind.bucket.put_raw("a", b"A");
        let source = behind.source("a");

        for (what, header, value, expected) in [
            ("GET a", "If-Match", *shown, 200),
            ("GET a", "If-Match", other, 412),
            ("GET a", "If-None-Match", *shown, 304),
            ("GET a", "If-None-Match", other, 200),
            ("PUT b", "x-amz-copy-source-if-match", *shown, 200),
            ("PUT b", "x-amz-copy-source-if-match", other, 412),
        ] {
            let mut headers = vec![(header, value)];
            if what == "PUT b" {
                headers.push(("x-amz-copy-source", &source));
            }

            let answer = behind.ask(what, &headers, "");

            assert_eq!(answer.status, expected, "{gap:?}: {header}: {value}");
        }
    }
}

#[test]
fn a_service_that_ignores_version_2_lists_by_version_1() {
    let behind = Behind::of(Gap::ListV2Ignored);
    for key in ["a", "b/c", "d"] {
        behind.bucket.put_raw(key, b"");
    }

    let first = behind.ask("GET ?list-type=2&max-keys=1", &[], "");
    let again = behind.ask(
        "GET ?list-type=2&max-keys=1&continuation-token=a&start-after=a",
        &[],
        "",
    );
    let second = behind.ask("GET ?list-type=2&max-keys=1&marker=a", &[], "");
    let folders = "GET ?list-type=2&max-keys=1&delimiter=%2F&marker=a";
    let next = element(&behind.ask(folders, &[], ""), "NextMarker");
    let encoded = behind.ask(&format!("{folders}&encoding-type=url"), &[], "");
    let last = behind.ask(
        &format!("GET ?max-keys=1&delimiter=%2F&marker={next}"),
        &[],
        "",
    );

    assert_eq!(element(&first, "Key"), "a");
    assert_eq!(element(&first, "IsTruncated"), "true");
    assert!(
        text(&first).contains("<Marker></Marker>"),
        "{}",
        text(&first)
    );
    for missing in ["NextContinuationToken", "NextMarker", "KeyCount"] {
        assert!(
            !text(&first).contains(missing),
            "{missing}: {}",
            text(&first)
        );
    }
    assert_eq!(element(&again, "Key"), "a");
    assert_eq!(element(&second, "Key"), "b/c");
    assert_eq!(next, "b/");
    assert_eq!(element(&encoded, "NextMarker"), "b/");
    assert_eq!(element(&last, "Key"), "d");
    assert_eq!(element(&last, "IsTruncated"), "false");
}

#[test]
fn a_service_that_refuses_version_2_lists_by_version_1_only() {
    let behind = Behind::of(Gap::ListV2Refused(Refusal::NotImplemented));
    behind.bucket.put_raw("a", b"");
    behind.bucket.put_raw("b", b"");

    let refused = behind.ask("GET ?list-type=2", &[], "");
    let listed = behind.ask("GET ?max-keys=1", &[], "");

    assert_eq!(refused.status, 501);
    assert_eq!(element(&listed, "Key"), "a");
    assert_eq!(element(&listed, "IsTruncated"), "true");
    assert_eq!(element(&listed, "NextMarker"), "");
}

#[test]
fn keys_are_encoded_only_where_the_service_can() {
    for (gap, key, told) in [
        (NONE, "a+b%2B%C3%BC", "url"),
        (Gap::NoEncodingType, "a b+ü", ""),
    ] {
        let behind = Behind::of(gap);
        behind.bucket.put_raw("a b+ü", b"");

        let list = behind.ask("GET ?list-type=2&encoding-type=url", &[], "");

        assert_eq!(element(&list, "Key"), key, "{gap:?}");
        assert_eq!(element(&list, "EncodingType"), told, "{gap:?}");
    }
}

#[test]
fn a_document_has_the_root_or_the_element_of_another_service() {
    for (gap, root_of_upload, copy_has_etag, root_of_part) in [
        (
            NONE,
            "InitiateMultipartUploadResult",
            true,
            "CopyPartResult",
        ),
        (
            Gap::UploadRoot,
            "InitiateMultipartUpload",
            true,
            "CopyPartResult",
        ),
        (
            Gap::CopyWithoutEtag,
            "InitiateMultipartUploadResult",
            false,
            "CopyPartResult",
        ),
        (
            Gap::PartCopyRoot,
            "InitiateMultipartUploadResult",
            true,
            "CopyObjectResult",
        ),
    ] {
        let behind = Behind::of(gap);
        behind.bucket.put_raw("a", b"A");
        let source = behind.source("a");
        let copy = [("x-amz-copy-source", source.as_str())];

        let begun = behind.ask("POST b?uploads", &[], "");
        let copied = behind.ask("PUT c", &copy, "");
        let id = element(&begun, "UploadId");
        let part = behind.ask(&format!("PUT b?partNumber=1&uploadId={id}"), &copy, "");

        assert_eq!(root(&begun), root_of_upload, "{gap:?}");
        assert_eq!(root(&copied), "CopyObjectResult", "{gap:?}");
        assert_eq!(!element(&copied, "ETag").is_empty(), copy_has_etag);
        assert_eq!(root(&part), root_of_part, "{gap:?}");
        assert_eq!(element(&part, "ETag"), MD5_OF_A, "{gap:?}");
    }
}

/// The name of the outermost element, if its end tag is its own.
fn root(answer: &Response) -> String {
    let text = text(answer);
    let (_, rest) = text.split_once("?>").unwrap();
    let start = rest.trim_start().trim_start_matches('<');
    let name = start.split([' ', '>']).next().unwrap();
    assert!(text.trim_end().ends_with(&format!("</{name}>")), "{text}");
    name.to_owned()
}

#[test]
fn a_head_of_nothing_tells_what_is_missing_only_at_minio() {
    for (gap, code) in [(NONE, Some("NoSuchKey")), (Gap::HeadlessNotFound, None)] {
        let behind = Behind::of(gap);

        let head = behind.ask("HEAD nothing", &[], "");

        assert_eq!(head.status, 404, "{gap:?}");
        assert_eq!(head.headers.get("x-minio-error-code"), code, "{gap:?}");
    }
}

#[test]
fn an_unknown_key_is_told_of_in_every_answer() {
    let behind = Behind::of(Gap::UnknownKey);
    behind.bucket.put_raw("a", b"A");

    for what in ["GET a", "PUT b", "DELETE a", "GET ?list-type=2"] {
        let answer = behind.ask(what, &[], "");

        assert_eq!(answer.status, 404, "{what}");
        assert_eq!(element(&answer, "Code"), "XAdminUserNotFound", "{what}");
    }
    assert_eq!(behind.ask("HEAD a", &[], "").status, 404);
    assert_eq!(behind.bucket.object_names(), ["a"]);
}

#[test]
fn a_slow_service_keeps_each_request_waiting() {
    let delay = Duration::from_millis(50);
    let behind = Behind::of(Gap::Slow(delay));
    let start = Instant::now();

    behind.ask("PUT a", &[], "A");
    behind.ask("GET a", &[], "");

    assert!(start.elapsed() >= 2 * delay);
}

#[test]
fn an_upload_is_gone_when_it_is_to_be_completed() {
    for (gap, statuses) in [
        (NONE, [200, 200]),
        (Gap::NoUpload, [404, 404]),
        (Gap::NoFirstUpload, [404, 200]),
    ] {
        let behind = Behind::of(gap);

        let answers = [(); 2].map(|()| behind.upload("a", "A", &[]));

        assert_eq!(answers.each_ref().map(|answer| answer.status), statuses);
        for answer in answers.iter().filter(|answer| answer.status == 404) {
            assert_eq!(element(answer, "Code"), "NoSuchUpload", "{gap:?}");
        }
        assert!(behind.bucket.incomplete_uploads().is_empty(), "{gap:?}");
        assert_eq!(behind.stored("a").is_empty(), gap == Gap::NoUpload);
    }
}

#[test]
fn who_does_not_sign_stays_a_stranger() {
    let behind = Behind::of(NONE);
    behind.bucket.put_raw("a", b"A");
    let mut stream = behind.connect();

    behind.send(&mut stream, "GET a", &[], "");
    let answer = receive(&mut BufReader::new(stream), "GET");

    assert_eq!(answer.status, 403);
}

#[test]
fn a_body_that_is_signed_in_chunks_is_refused() {
    let behind = Behind::of(NONE);
    let chunks = [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")];

    assert_eq!(behind.ask("PUT a", &chunks, "A").status, 501);
    let unsigned = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    assert_eq!(behind.ask("PUT a", &unsigned, "A").status, 200);
}

#[test]
fn one_connection_carries_many_requests() {
    let behind = Behind::of(NONE);
    let mut connection = BufReader::new(behind.connect());

    for (what, status) in [
        ("PUT a", 200),
        ("HEAD a", 200),
        ("GET a", 200),
        ("DELETE a", 204),
    ] {
        let signed = [("Authorization", "of somebody")];
        behind.send(connection.get_mut(), what, &signed, "A");
        let (method, _) = what.split_once(' ').unwrap();

        assert_eq!(receive(&mut connection, method).status, status, "{what}");
    }
}

#[test]
fn fifty_are_answered_at_once() {
    let behind = Behind::of(Gap::Etags(Etags::Opaque));
    let body = "x".repeat(1 << 20);

    thread::scope(|scope| {
        for number in 0..50 {
            let (behind, body) = (&behind, &body);
            scope.spawn(move || {
                let put = behind.ask(&format!("PUT {number}"), &[], body);
                let got = behind.ask(&format!("GET {number}"), &[], "");
                assert_eq!((put.status, got.status), (200, 200), "{number}");
                assert!(text(&got) == *body, "{number}");
                assert_eq!(etag(&put), etag(&got), "{number}");
            });
        }
    });

    assert_eq!(behind.service.requests().len(), 100);
}
