//! Storages in buckets of a real service, which is MinIO for most tests of this driver.

#![allow(dead_code, reason = "the conformance tests take less than all")]

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use storehouse_s3::{S3Driver, S3Storage};
use storehouse_storage::{
    Candidates, Content, Driver, DriverConfig, Name, Options, Result, SaveOptions, Saved, Storage,
    Target, Value, find_option,
};
use storehouse_test_support::{Bucket, Minio, Proxy, Request, Response};

/// Makes a bucket. Finding the server blocks, for minutes at worst.
pub(crate) async fn bucket(purpose: &'static str) -> Arc<Bucket> {
    let made = tokio::task::spawn_blocking(move || Arc::new(Minio::get().bucket(purpose)));
    made.await.unwrap()
}

/// Opens a storage in `bucket` behind `endpoint`, with more options as a URL's query gives them.
pub(crate) fn opened(bucket: &Bucket, endpoint: &str, more: &[(&'static str, &str)]) -> S3Storage {
    let options = [
        ("bucket_name", bucket.name()),
        ("endpoint_url", endpoint),
        ("region_name", bucket.region()),
        ("access_key", bucket.access_key()),
        ("secret_key", bucket.secret_key()),
    ];
    storage(&[&options, more].concat())
}

/// Opens a storage with these options; the later of two of one name counts.
pub(crate) fn storage(given: &[(&'static str, &str)]) -> S3Storage {
    S3Driver.open_storage(&config(given)).unwrap()
}

pub(crate) fn config(given: &[(&'static str, &str)]) -> DriverConfig {
    let table = S3Driver.options();
    let mut values: Vec<(&str, Value)> = Vec::new();
    for (name, text) in given {
        let value = find_option(table, name)
            .unwrap()
            .kind
            .read_text(text)
            .unwrap();
        values.retain(|(known, _)| known != name);
        values.push((name, value));
    }
    DriverConfig::new(Options::new(table, values).unwrap())
}

/// A bucket with a proxy in front of it.
pub(crate) struct Behind {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) proxy: Proxy,
    pub(crate) storage: S3Storage,
}

/// Makes a bucket and a storage that reaches it through a proxy.
pub(crate) async fn behind_a_proxy(purpose: &'static str) -> Behind {
    behind_a_proxy_with(purpose, &[]).await
}

pub(crate) async fn behind_a_proxy_with(
    purpose: &'static str,
    more: &[(&'static str, &str)],
) -> Behind {
    let bucket = bucket(purpose).await;
    let proxy = Proxy::start(Minio::get().endpoint());
    // Finding out what MinIO keeps would be among the requests that are counted.
    let known = [("exclusive_create", "condition")];
    let storage = opened(&bucket, &proxy.endpoint(), &[&known, more].concat());
    Behind {
        bucket,
        proxy,
        storage,
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// Bytes that are not all the same.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// A content that can be read once, in blocks of 1 MiB.
pub(crate) fn one_pass(bytes: &[u8]) -> Content {
    let blocks: Vec<Bytes> = bytes
        .chunks(1024 * 1024)
        .map(Bytes::copy_from_slice)
        .collect();
    Content::from_stream(stream::iter(blocks).map(Ok::<_, std::io::Error>))
}

pub(crate) async fn create(
    storage: &S3Storage,
    text: &str,
    content: impl Into<Content>,
) -> Result<Saved> {
    put(storage, Target::Create(name(text)), content).await
}

pub(crate) async fn replace(
    storage: &S3Storage,
    text: &str,
    content: impl Into<Content>,
) -> Result<Saved> {
    put(storage, Target::Replace(name(text)), content).await
}

/// Saves under the name, or the first free one after it.
pub(crate) async fn save(
    storage: &S3Storage,
    text: &str,
    content: impl Into<Content>,
) -> Result<Saved> {
    let target = Target::FirstFree(Candidates::new(name(text), None));
    put(storage, target, content).await
}

async fn put(storage: &S3Storage, target: Target, content: impl Into<Content>) -> Result<Saved> {
    storage
        .put(target, content.into(), &SaveOptions::default())
        .await
}

/// What was asked, as `METHOD what`, in the order it came.
pub(crate) fn log(proxy: &Proxy) -> Vec<String> {
    let requests = proxy.requests();
    requests
        .iter()
        .map(|request| {
            let query = request
                .target
                .split_once('?')
                .map_or("", |(_, query)| query);
            let what = match query {
                "" => "object",
                query if query.starts_with("uploads") => "begin",
                query if query.starts_with("partNumber") => "part",
                query if query.starts_with("uploadId") => "upload",
                query if query.starts_with("list-type") => "list",
                query if query.starts_with("encoding-type") => "first list",
                _ => "other",
            };
            format!("{} {what}", request.method)
        })
        .collect()
}

/// Whether a request is the one that completes an upload.
pub(crate) fn completes(request: &Request) -> bool {
    request.method == "POST" && request.query("uploadId").is_some()
}

pub(crate) fn is_put(request: &Request) -> bool {
    request.method == "PUT"
}

/// An answer as the service gives it when it refuses.
pub(crate) fn refusal(status: u16, code: &str) -> Response {
    Response::new(status).body(format!("<Error><Code>{code}</Code></Error>"))
}

pub(crate) const MIB: usize = 1024 * 1024;
