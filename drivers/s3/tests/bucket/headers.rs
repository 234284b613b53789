//! What objects are saved with: ACLs, parameters, metadata.

use std::collections::BTreeMap;

use storehouse_s3::{S3Driver, S3Storage};
use storehouse_storage::{
    Content, Driver, DriverConfig, Options, SaveOptions, Storage, Target, Value,
};
use storehouse_test_support::{Minio, Proxy};

use crate::fixture::{MIB, behind_a_proxy, behind_a_proxy_with, bucket, bytes, name, replace};

#[tokio::test(flavor = "multi_thread")]
async fn an_acl_is_sent_when_an_object_is_made_and_only_if_asked() {
    for length in [10, 9 * MIB] {
        let with = behind_a_proxy_with("acl", &[("default_acl", "public-read")]).await;
        let without = behind_a_proxy("no-acl").await;

        // That the service takes it shows that it is signed.
        replace(&with.storage, "a.bin", bytes(length))
            .await
            .unwrap();
        replace(&without.storage, "a.bin", bytes(length))
            .await
            .unwrap();

        let acls: Vec<_> = with
            .proxy
            .requests()
            .iter()
            .map(|request| request.headers.get("x-amz-acl").is_some())
            .collect();
        let first_only: Vec<_> = (0..acls.len()).map(|index| index == 0).collect();
        assert_eq!(acls, first_only, "{length}");
        for request in without.proxy.requests() {
            assert_eq!(request.headers.get("x-amz-acl"), None, "{length}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_can_ask_for_another_acl() {
    let behind = behind_a_proxy_with("save-acl", &[("default_acl", "private")]).await;
    let options = SaveOptions::default().with_acl("public-read");

    behind
        .storage
        .put(Target::Create(name("a")), Content::from("A"), &options)
        .await
        .unwrap();

    assert_eq!(
        behind.proxy.requests()[0].headers.get("x-amz-acl"),
        Some("public-read")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_reach_the_object() {
    let bucket = bucket("parameters").await;
    let proxy = Proxy::start(Minio::get().endpoint());
    let metadata = BTreeMap::from([("Owner".to_owned(), Value::from("Zoë"))]);
    let parameters = BTreeMap::from([
        ("CacheControl".to_owned(), Value::from("max-age=86400")),
        ("Tagging".to_owned(), Value::from("team=web&stage=test")),
        (
            "Expires".to_owned(),
            Value::from("Thu, 01 Jan 2032 00:00:00 GMT"),
        ),
        ("Metadata".to_owned(), Value::Table(metadata)),
    ]);
    let storage = with_parameters(bucket.name(), &proxy, parameters);

    replace(&storage, "a.css", "a{}").await.unwrap();

    let headers = bucket.head_raw("a.css").unwrap();
    assert_eq!(headers.get("cache-control"), Some("max-age=86400"));
    assert_eq!(headers.get("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(
        headers.get("expires"),
        Some("Thu, 01 Jan 2032 00:00:00 GMT")
    );
    assert_eq!(headers.get("x-amz-tagging-count"), Some("2"));
    let entry = storage.stat(&name("a.css")).await.unwrap();
    assert_eq!(entry.attributes.metadata["owner"], "Zoë");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_on_the_service_keeps_what_it_copies() {
    let behind = behind_a_proxy("copy").await;
    let options = SaveOptions::default()
        .with_cache_control("no-store")
        .with_metadata("a", "b");
    behind
        .storage
        .put(Target::Create(name("a b+%é")), Content::from("A"), &options)
        .await
        .unwrap();

    let saved = behind
        .storage
        .copy(&name("a b+%é"), Target::Replace(name("copy")))
        .await
        .unwrap();

    let entry = behind.storage.stat(&name("copy")).await.unwrap();
    assert_eq!((saved.size, saved.etag), (1, entry.etag));
    assert_eq!(entry.attributes.cache_control.as_deref(), Some("no-store"));
    assert_eq!(entry.attributes.metadata["a"], "b");
}

fn with_parameters(bucket: &str, proxy: &Proxy, parameters: BTreeMap<String, Value>) -> S3Storage {
    let minio = Minio::get();
    let options = Options::new(
        S3Driver.options(),
        [
            ("bucket_name", Value::from(bucket)),
            ("endpoint_url", Value::from(proxy.endpoint())),
            ("access_key", Value::from(minio.access_key())),
            ("secret_key", Value::from(minio.secret_key())),
            ("object_parameters", Value::Table(parameters)),
        ],
    );
    S3Driver
        .open_storage(&DriverConfig::new(options.unwrap()))
        .unwrap()
}
