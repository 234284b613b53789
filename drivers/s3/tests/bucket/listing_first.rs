//! Listings of services that have only the first one, `ListObjects`.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use storehouse_s3::S3Storage;
use storehouse_storage::{ErrorKind, Folder, Name, Result, Storage};
use storehouse_test_support::{FakeHttp, Request, Response};

use crate::fixture::{behind_a_proxy_with, log, name, refusal, storage};

/// Keys with all that a marker has to survive, in the order of a listing.
const KEYS: &[&str] = &[
    "a b+c",
    "a%2Fb",
    "folder/one",
    "folder/three",
    "folder/two",
    "ü.txt",
    "ü/one",
    "日本",
];

/// What a service does when it is asked for the second listing.
#[derive(Debug, Clone, Copy)]
enum Second {
    /// It answers with the first one.
    Ignored,
    Refused(u16, &'static str),
}

/// A service with `KEYS`, two on each page.
fn service(second: Second, says_next_marker: bool) -> FakeHttp {
    FakeHttp::start(move |request| match second {
        Second::Refused(status, code) if is_second(request) => refusal(status, code),
        _ => Response::new(200).body(page(request, says_next_marker)),
    })
}

fn is_second(request: &Request) -> bool {
    request.query("list-type").is_some()
}

/// A page as Amazon's `ListObjects` makes it.
fn page(request: &Request, says_next_marker: bool) -> String {
    let asked = |name| {
        let text = request.query(name).unwrap_or_default();
        percent_decode_str(text).decode_utf8().unwrap().into_owned()
    };
    let (marker, delimiter) = (asked("marker"), asked("delimiter"));
    let entries: BTreeSet<&str> = KEYS
        .iter()
        .map(|key| match key.find('/') {
            Some(end) if !delimiter.is_empty() => &key[..=end],
            _ => key,
        })
        .filter(|entry| *entry > marker.as_str())
        .collect();
    let coded = |text: &str| {
        let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        text.replace("%20", "+")
    };
    let listed: Vec<&str> = entries.iter().copied().take(2).collect();
    let mut body = String::new();
    for entry in &listed {
        body += &match entry.ends_with('/') {
            true => format!(
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                coded(entry)
            ),
            false => format!(
                "<Contents><Key>{}</Key><Size>1</Size></Contents>",
                coded(entry)
            ),
        };
    }
    if says_next_marker && let Some(last) = listed.last() {
        body += &format!("<NextMarker>{}</NextMarker>", coded(last));
    }
    format!(
        "<ListBucketResult><EncodingType>url</EncodingType>\
         <IsTruncated>{}</IsTruncated>{body}</ListBucketResult>",
        entries.len() > listed.len()
    )
}

fn opened(service: &FakeHttp, list_version: &str) -> S3Storage {
    storage(&[
        ("bucket_name", "bucket"),
        ("endpoint_url", &service.endpoint()),
        ("access_key", "a"),
        ("secret_key", "s"),
        ("list_version", list_version),
    ])
}

async fn names(storage: &S3Storage) -> Result<Vec<String>> {
    let entries = storage.list(None).map_ok(|entry| entry.name.to_string());
    entries.try_collect().await
}

/// How often the second listing was asked for.
fn asked_for_second(service: &FakeHttp) -> usize {
    let requests = service.requests();
    requests.iter().filter(|request| is_second(request)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_the_second_listing_is_found_out_once() {
    for second in [
        Second::Ignored,
        Second::Refused(501, "NotImplemented"),
        Second::Refused(501, ""),
        Second::Refused(405, "MethodNotAllowed"),
        Second::Refused(400, "InvalidArgument"),
    ] {
        for says_next_marker in [false, true] {
            let service = service(second, says_next_marker);
            let storage = opened(&service, "auto");

            for _ in 0..2 {
                assert_eq!(names(&storage).await.unwrap(), KEYS, "{second:?}");
            }
            let folder = storage.list_dir(None).await.unwrap();

            assert_eq!(folder.folders, [name("folder"), name("ü")], "{second:?}");
            let files: Vec<&str> = files(&folder).map(Name::as_str).collect();
            assert_eq!(files, ["a b+c", "a%2Fb", "ü.txt", "日本"], "{second:?}");
            assert_eq!(asked_for_second(&service), 1, "{second:?}");
        }
    }
}

fn files(folder: &Folder) -> impl Iterator<Item = &Name> {
    folder.files.iter().map(|file| &file.name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_option_decides_which_listing_is_asked_for() {
    let refuses = service(Second::Refused(501, "NotImplemented"), false);
    let first = opened(&refuses, "1");
    assert_eq!(names(&first).await.unwrap(), KEYS);
    assert_eq!(asked_for_second(&refuses), 0);

    let second = opened(&refuses, "2");
    let error = names(&second).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);

    let ignores = service(Second::Ignored, true);
    let error = names(&opened(&ignores, "2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert_eq!(ignores.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_refusal_is_not_taken_for_a_missing_listing() {
    for (status, code) in [
        (403, "AccessDenied"),
        (400, "InvalidBucketName"),
        (404, "NoSuchBucket"),
    ] {
        let service = service(Second::Refused(status, code), false);

        names(&opened(&service, "auto")).await.unwrap_err();

        assert_eq!(service.requests().len(), 1, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_both_listings_is_not_kept() {
    let service = FakeHttp::start(|_| refusal(400, "InvalidArgument"));
    let storage = opened(&service, "auto");

    for _ in 0..2 {
        names(&storage).await.unwrap_err();
    }

    assert_eq!(asked_for_second(&service), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_listing_that_never_ends_is_an_error() {
    for (case, body) in [
        (
            "the same page again",
            "<Contents><Key>a</Key><Size>1</Size></Contents>",
        ),
        (
            "the same folder again",
            "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>",
        ),
        ("no way on", ""),
    ] {
        let page =
            format!("<ListBucketResult><IsTruncated>true</IsTruncated>{body}</ListBucketResult>");
        let service = FakeHttp::start(move |_| Response::new(200).body(page.clone()));

        let error = names(&opened(&service, "1")).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Integrity, "{case}");
        assert!(service.requests().len() <= 2, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_service_is_listed_in_pages_by_the_first_listing() {
    let behind = behind_a_proxy_with("first-listing", &[("list_version", "1")]).await;
    // A page has a thousand.
    let mut expected: Vec<String> = (0..1001).map(|index| format!("é +%/{index}/x")).collect();
    expected.sort_unstable();
    for key in &expected {
        behind.bucket.put_raw(key, b"");
    }

    let mut listed = names(&behind.storage).await.unwrap();
    listed.sort_unstable();
    let folder = behind.storage.list_dir(Some(&name("é +%"))).await.unwrap();

    assert_eq!(listed, expected);
    assert_eq!(folder.folders.len(), 1001);
    assert_eq!(log(&behind.proxy), ["GET first list"; 4]);
}
