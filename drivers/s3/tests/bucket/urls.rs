//! URLs, fetched by a client that knows nothing of them.

use std::time::Duration;

use storehouse_s3::S3Driver;
use storehouse_storage::{DriverConfig, ErrorKind, Files, Storage, UrlOptions};
use storehouse_test_support::{Bucket, Minio, Proxy};

use crate::fixture::{bucket, config, name, opened, storage};

struct Fetched {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

async fn fetch(url: &str) -> Fetched {
    let answer = reqwest::get(url).await.unwrap();
    Fetched {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.bytes().await.unwrap().to_vec(),
    }
}

async fn url(bucket: &Bucket, more: &[(&'static str, &str)], options: &UrlOptions) -> String {
    let storage = opened(bucket, Minio::get().endpoint(), more);
    storage.url(&name("dir/a b+é.txt"), options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_gives_the_object_and_nothing_without_its_signature() {
    let bucket = bucket("signed").await;
    bucket.put_raw("dir/a b+é.txt", b"A");

    let url = url(&bucket, &[], &UrlOptions::default()).await;

    let fetched = fetch(&url).await;
    assert_eq!((fetched.status, fetched.body), (200, b"A".to_vec()));
    assert!(url.contains("X-Amz-Expires=3600"), "{url}");
    let (bare, _) = url.split_once('?').unwrap();
    assert_eq!(fetch(bare).await.status, 403);
    let other = url.replace("a%20b", "other");
    assert_eq!(fetch(&other).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_carries_what_was_asked() {
    let bucket = bucket("asked").await;
    bucket.put_raw("dir/a b+é.txt", b"A");
    let options = UrlOptions::default()
        .with_expires_in(Duration::from_secs(60))
        .with_download_name("Bericht \"é\".txt")
        .with_content_type("application/x-test");

    let url = url(&bucket, &[], &options).await;

    let fetched = fetch(&url).await;
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.headers["content-type"], "application/x-test");
    let disposition = fetched.headers["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"Bericht _"),
        "{disposition}"
    );
    assert!(
        disposition.contains("filename*=UTF-8''Bericht%20%22%C3%A9%22"),
        "{disposition}"
    );
    assert!(url.contains("X-Amz-Expires=60"), "{url}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_is_made_for_the_host_that_browsers_use() {
    let bucket = bucket("public").await;
    bucket.put_raw("dir/a b+é.txt", b"A");
    // Signed requests go to the one, browsers to the other.
    let outside = Proxy::start(Minio::get().endpoint());
    let public = outside.endpoint().replace("127.0.0.1", "localhost");

    let url = url(
        &bucket,
        &[("public_endpoint_url", &public)],
        &UrlOptions::default(),
    )
    .await;

    assert!(url.starts_with(&public), "{url}");
    let fetched = fetch(&url).await;
    assert_eq!((fetched.status, fetched.body), (200, b"A".to_vec()));
    assert_eq!(outside.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_url_gives_what_anybody_may_read() {
    let bucket = bucket("plain").await;
    bucket.put_raw("dir/a b+é.txt", b"A");
    bucket.allow_anonymous_reads();

    let url = url(
        &bucket,
        &[("querystring_auth", "false")],
        &UrlOptions::default(),
    )
    .await;

    assert!(!url.contains('?'), "{url}");
    assert_eq!(fetch(&url).await.status, 200);
}

#[tokio::test]
async fn urls_have_the_shapes_of_django_storages() {
    let keys = [
        ("bucket_name", "bkt"),
        ("access_key", "a"),
        ("secret_key", "s"),
        ("querystring_auth", "false"),
    ];
    for (more, expected) in [
        (&[][..], "https://bkt.s3.amazonaws.com/a%20b"),
        (
            &[("addressing_style", "path")],
            "https://s3.amazonaws.com/bkt/a%20b",
        ),
        (&[("use_ssl", "false")], "http://bkt.s3.amazonaws.com/a%20b"),
        (
            &[("endpoint_url", "http://minio:9000")],
            "http://minio:9000/bkt/a%20b",
        ),
        (
            &[
                ("endpoint_url", "http://minio:9000"),
                ("addressing_style", "virtual"),
            ],
            "http://bkt.minio:9000/a%20b",
        ),
        (
            &[("location", "media")],
            "https://bkt.s3.amazonaws.com/media/a%20b",
        ),
        (
            &[("custom_domain", "cdn.example.com")],
            "https://cdn.example.com/a%20b",
        ),
        (
            &[
                ("custom_domain", "cdn.example.com/x"),
                ("url_protocol", "http:"),
                ("location", "media"),
            ],
            "http://cdn.example.com/x/media/a%20b",
        ),
    ] {
        let region = [("region_name", "us-east-1")];
        let storage = storage(&[&keys, &region[..], more].concat());

        let url = storage
            .url(&name("a b"), &UrlOptions::default())
            .await
            .unwrap();

        assert_eq!(url, expected);
    }
}

#[tokio::test]
async fn what_needs_a_signature_is_refused_where_there_is_none() {
    let keys = [
        ("bucket_name", "bkt"),
        ("access_key", "a"),
        ("secret_key", "s"),
    ];
    let options = UrlOptions::default().with_expires_in(Duration::from_secs(60));
    for more in [
        [("custom_domain", "cdn.example.com")],
        [("querystring_auth", "false")],
    ] {
        let storage = storage(&[&keys[..], &more].concat());

        let error = storage.url(&name("a"), &options).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(!storage.capabilities().signed_urls);
    }
}

#[tokio::test]
async fn a_signature_lasts_seven_days_at_most() {
    let keys = [
        ("bucket_name", "bkt"),
        ("access_key", "a"),
        ("secret_key", "s"),
    ];
    let storage = storage(&keys);
    for (seconds, expected) in [(0, false), (1, true), (604_800, true), (604_801, false)] {
        let options = UrlOptions::default().with_expires_in(Duration::from_secs(seconds));

        let url = storage.url(&name("a"), &options).await;

        assert_eq!(url.is_ok(), expected, "{seconds}");
    }
}

#[tokio::test]
async fn urls_of_static_files_are_plain() {
    let keys = [
        ("bucket_name", "bkt"),
        ("access_key", "a"),
        ("secret_key", "s"),
    ];
    let config: DriverConfig = config(&keys).with_files(Files::Static);
    let storage = S3Driver.open_storage(&config).unwrap();

    let url = storage
        .url(&name("a"), &UrlOptions::default())
        .await
        .unwrap();

    assert!(!url.contains('?'), "{url}");
}
