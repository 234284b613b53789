//! Storages that sign nothing, in buckets that anybody may use.

use std::time::Duration;

use futures::TryStreamExt;
use storehouse_s3::{S3Driver, S3Storage};
use storehouse_storage::{Driver, ErrorKind, Storage, StorageExt, UrlOptions};
use storehouse_test_support::{Bucket, Minio, Proxy};

use crate::fixture::{MIB, bucket, bytes, config, create, name, replace, storage};

fn opened(bucket: &Bucket, endpoint: &str) -> S3Storage {
    storage(&[
        ("bucket_name", bucket.name()),
        ("endpoint_url", endpoint),
        ("skip_signature", "true"),
    ])
}

/// Lets anybody do all that a storage does.
fn allow_everything(bucket: &Bucket) {
    let name = bucket.name();
    bucket.set_policy(&format!(
        r#"{{"Version":"2012-10-17","Statement":[
          {{"Effect":"Allow","Principal":{{"AWS":["*"]}},"Action":["s3:ListBucket"],
            "Resource":["arn:aws:s3:::{name}"]}},
          {{"Effect":"Allow","Principal":{{"AWS":["*"]}},
            "Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload"],
            "Resource":["arn:aws:s3:::{name}/*"]}}]}}"#
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_anybody_may_do_needs_no_signature() {
    let bucket = bucket("anybody").await;
    allow_everything(&bucket);
    let proxy = Proxy::start(Minio::get().endpoint());
    let storage = opened(&bucket, &proxy.endpoint());

    create(&storage, "a b/é.txt", "A").await.unwrap();
    replace(&storage, "large.bin", bytes(9 * MIB))
        .await
        .unwrap();
    let text = storage.read_text(&name("a b/é.txt")).await.unwrap();
    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();
    let names = listed.iter().map(|entry| entry.name.clone());
    let failures = storage.delete_many(&names.collect::<Vec<_>>()).await;

    assert_eq!(text, "A");
    assert_eq!(listed.len(), 2);
    assert!(failures.is_empty(), "{failures:?}");
    assert!(bucket.object_names().is_empty());
    let requests = proxy.requests();
    assert!(requests.len() >= 8, "{requests:?}");
    for request in requests {
        for header in [
            "authorization",
            "x-amz-security-token",
            "x-amz-content-sha256",
        ] {
            assert_eq!(request.headers.get(header), None, "{header}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_anybody_may_not_do_is_denied() {
    let bucket = bucket("only-read").await;
    bucket.allow_anonymous_reads();
    bucket.put_raw("a.txt", b"A");
    let storage = opened(&bucket, Minio::get().endpoint());

    let text = storage.read_text(&name("a.txt")).await.unwrap();
    let saved = replace(&storage, "a.txt", "B").await.unwrap_err();
    let listed = storage.list_dir(None).await.unwrap_err();

    assert_eq!(text, "A");
    for error in [saved, listed] {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_are_plain_where_nothing_is_signed() {
    let bucket = bucket("plain-urls").await;
    bucket.allow_anonymous_reads();
    bucket.put_raw("a b.txt", b"A");
    let storage = opened(&bucket, Minio::get().endpoint());

    let url = storage.url(&name("a b.txt"), &UrlOptions::default()).await;
    let options = UrlOptions::default().with_expires_in(Duration::from_secs(60));
    let refused = storage.url(&name("a b.txt"), &options).await.unwrap_err();

    let url = url.unwrap();
    assert!(!url.contains('?'), "{url}");
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "A");
    assert!(!storage.capabilities().signed_urls);
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(refused.to_string().contains("skip_signature"), "{refused}");
}

#[test]
fn keys_that_nothing_is_signed_with_are_refused() {
    for name in ["skip_signature", "anonymous"] {
        let options = [
            ("bucket_name", "assets"),
            (name, "true"),
            ("access_key", "a"),
            ("secret_key", "s"),
        ];

        let error = S3Driver.open(config(&options)).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("skip_signature"), "{error}");
    }
}
