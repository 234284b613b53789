//! Listings of buckets that others write to as well.

use futures::TryStreamExt;
use storehouse_s3::S3Storage;
use storehouse_storage::{ErrorKind, Result, Storage, StorageExt};
use storehouse_test_support::{Action, FakeHttp, Minio, Request, Response};

use crate::fixture::{behind_a_proxy, bucket, create, log, name, opened, refusal, storage};

async fn names(storage: &S3Storage) -> Result<Vec<String>> {
    let entries = storage.list(None).map_ok(|entry| entry.name.to_string());
    let mut names: Vec<String> = entries.try_collect().await?;
    names.sort_unstable();
    Ok(names)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_bucket_sees_nothing_beside_it() {
    let bucket = bucket("location").await;
    for key in [
        "site/a.txt",
        "site/deep/b.txt",
        "sitemap.xml",
        "other/c.txt",
    ] {
        bucket.put_raw(key, b"x");
    }
    let storage = opened(&bucket, Minio::get().endpoint(), &[("location", "/site/")]);

    create(&storage, "new.txt", "N").await.unwrap();

    assert_eq!(
        names(&storage).await.unwrap(),
        ["a.txt", "deep/b.txt", "new.txt"]
    );
    assert!(bucket.object_names().contains(&"site/new.txt".to_owned()));
    assert_eq!(storage.describe(), format!("s3://{}/site", bucket.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_that_a_console_makes_is_no_object() {
    let bucket = bucket("marker").await;
    bucket.put_raw("folder/", b"");
    bucket.put_raw("folder/a.txt", b"A");
    let storage = opened(&bucket, Minio::get().endpoint(), &[]);

    let folder = storage.list_dir(None).await.unwrap();

    assert_eq!(names(&storage).await.unwrap(), ["folder/a.txt"]);
    assert_eq!(folder.folders, [name("folder")]);
    assert!(folder.files.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_key_does_not_hide_the_others() {
    let page = "<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>\
        <Contents><Key>a%2F%2Fb</Key><Size>1</Size></Contents>\
        <Contents><Key>..%2Fx</Key><Size>1</Size></Contents>\
        <Contents><Key>%2Fabsolute</Key><Size>1</Size></Contents>\
        <Contents><Key>good+one%0A</Key><Size>1</Size></Contents></ListBucketResult>";
    let service = FakeHttp::start(move |_| Response::new(200).body(page));
    let storage = fake(&service);

    assert_eq!(names(&storage).await.unwrap(), ["good one\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_never_ends_is_an_error() {
    for (case, token) in [
        (
            "the same page again",
            "<NextContinuationToken>t</NextContinuationToken>",
        ),
        ("no way on", ""),
    ] {
        let page = format!(
            "<ListBucketResult><IsTruncated>true</IsTruncated>{token}\
             <Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>"
        );
        let service = FakeHttp::start(move |_| Response::new(200).body(page.clone()));

        let error = names(&fake(&service)).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Integrity, "{case}");
        assert!(service.requests().len() <= 2, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_fails_half_way_says_so() {
    let behind = behind_a_proxy("half").await;
    for index in 0..1001 {
        behind.bucket.put_raw(&format!("{index}"), b"");
    }
    let second = |request: &Request| request.query("continuation-token").is_some();
    behind
        .proxy
        .when(second, Action::Respond(refusal(403, "AccessDenied")));

    let error = names(&behind.storage).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(names(&behind.storage).await.unwrap().len(), 1001);
    assert_eq!(log(&behind.proxy), ["GET list"; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_tells_size_time_and_etag() {
    let behind = behind_a_proxy("entries").await;
    create(&behind.storage, "a.txt", "A").await.unwrap();

    let listed: Vec<_> = behind.storage.list(None).try_collect().await.unwrap();
    let stat = behind.storage.stat(&name("a.txt")).await.unwrap();

    assert_eq!(listed[0].size, 1);
    assert_eq!(listed[0].etag, stat.etag);
    let seconds = |time: Option<std::time::SystemTime>| {
        time.unwrap()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    assert_eq!(seconds(listed[0].modified), seconds(stat.modified));
    assert_eq!(behind.storage.read_text(&name("a.txt")).await.unwrap(), "A");
}

fn fake(service: &FakeHttp) -> S3Storage {
    storage(&[
        ("bucket_name", "bucket"),
        ("endpoint_url", &service.endpoint()),
        ("access_key", "a"),
        ("secret_key", "s"),
    ])
}
