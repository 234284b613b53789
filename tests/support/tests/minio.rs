//! Buckets of a real MinIO.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check reports by panicking"
)]

use std::io::{Read, Write};
use std::net::TcpStream;

use storehouse_test_support::Minio;

const ODD_KEYS: [&str; 9] = [
    "a b.txt",
    "a%2Fb%",
    "a+b",
    "a=1&b=2?c#d",
    "a\nb",
    "quotes\"'<&>",
    "ünï/cødé/日本 🦀",
    "~!*()[]{}|^`\\:;,@$",
    "x",
];

/// Asks without a signature, and returns the status line.
fn ask_anonymously(minio: &Minio, path: &str) -> String {
    let authority = minio.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn keys_with_odd_characters_come_back_whole() {
    let bucket = Minio::get().bucket("odd keys");

    for key in ODD_KEYS {
        bucket.put_raw(key, key.as_bytes());
    }

    let mut expected = ODD_KEYS.to_vec();
    expected.sort_unstable();
    assert_eq!(bucket.object_names(), expected);
    for key in ODD_KEYS {
        assert_eq!(
            bucket.get_raw(key).as_deref(),
            Some(key.as_bytes()),
            "{key:?}"
        );
        bucket.delete_raw(key);
        assert_eq!(bucket.get_raw(key), None, "{key:?}");
    }
}

#[test]
fn headers_given_with_an_object_are_found_on_it() {
    let bucket = Minio::get().bucket("headers");

    bucket.put_raw_with(
        "a",
        b"body",
        &[("Content-Type", "text/x-a"), ("x-amz-meta-nonce", "7")],
    );

    let headers = bucket.head_raw("a").unwrap();
    assert_eq!(headers.get("content-type"), Some("text/x-a"));
    assert_eq!(headers.get("x-amz-meta-nonce"), Some("7"));
    assert_eq!(headers.get("content-length"), Some("4"));
    assert_eq!(bucket.head_raw("b"), None);
}

#[test]
fn a_list_has_more_than_one_page() {
    let bucket = Minio::get().bucket("pages");
    let keys: Vec<_> = (0..1005).map(|number| format!("{number:04}")).collect();
    for key in &keys {
        bucket.put_raw(key, b"");
    }

    assert_eq!(bucket.object_names(), keys);
}

#[test]
fn an_upload_that_was_begun_is_told() {
    let bucket = Minio::get().bucket("uploads");

    bucket.begin_upload_raw("a b+ü");
    bucket.begin_upload_raw("c");

    assert_eq!(bucket.incomplete_uploads(), ["a b+ü", "c"]);
    assert!(bucket.object_names().is_empty());
}

#[test]
fn a_dropped_bucket_is_gone_with_all_that_is_in_it() {
    let minio = Minio::get();
    let bucket = minio.bucket("gone");
    let name = bucket.name().to_owned();
    bucket.put_raw("folder/a b", b"A");
    bucket.begin_upload_raw("c");
    assert!(minio.bucket_names().contains(&name));

    drop(bucket);

    assert!(!minio.bucket_names().contains(&name));
}

#[test]
fn only_a_policy_opens_a_bucket_to_everybody() {
    let minio = Minio::get();
    let bucket = minio.bucket("policy");
    bucket.put_raw("a", b"A");
    let path = format!("/{}/a", bucket.name());

    let before = ask_anonymously(&minio, &path);
    bucket.allow_anonymous_reads();
    let after = ask_anonymously(&minio, &path);

    assert!(before.starts_with("HTTP/1.1 403"), "{before}");
    assert!(after.starts_with("HTTP/1.1 200"), "{after}");
}
