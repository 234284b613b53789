//! Reading what breaks off, what changes meanwhile, and what is only looked at.

use futures::StreamExt;
use storehouse_storage::{ByteRange, ErrorKind, OpenOptions, Storage, StorageExt};
use storehouse_test_support::{Action, Request, Response};

use crate::fixture::{MIB, behind_a_proxy, behind_a_proxy_with, bytes, log, name};

fn is_get(request: &Request) -> bool {
    request.method == "GET"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_breaks_off_is_resumed_where_it_broke() {
    let behind = behind_a_proxy("resume").await;
    behind.bucket.put_raw("a.bin", &bytes(MIB));
    behind.proxy.when(is_get, Action::CutBody(300_000));
    behind.proxy.when(is_get, Action::CutBody(300_000));

    let read = behind.storage.read(&name("a.bin")).await.unwrap();

    assert!(read == bytes(MIB));
    let requests = behind.proxy.requests();
    let ranges: Vec<_> = requests
        .iter()
        .map(|request| request.headers.get("range"))
        .collect();
    assert_eq!(
        ranges,
        [
            None,
            Some("bytes=300000-1048575"),
            Some("bytes=600000-1048575")
        ]
    );
    assert!(requests[1].headers.get("if-match").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_are_never_mixed() {
    let behind = behind_a_proxy("mixed").await;
    behind.bucket.put_raw("a.bin", &vec![b'1'; MIB]);
    behind.proxy.when(is_get, Action::CutBody(300_000));
    let mut reader = behind
        .storage
        .open(&name("a.bin"), &OpenOptions::default())
        .await
        .unwrap();
    reader.next().await.unwrap().unwrap();
    behind.bucket.put_raw("a.bin", &vec![b'2'; MIB]);

    let error = reader.into_bytes().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert!(
        error.to_string().contains("replaced while it was read"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_content_is_never_a_success() {
    let behind = behind_a_proxy_with("short", &[("retry_timeout", "0")]).await;
    behind.bucket.put_raw("a.bin", &bytes(MIB));
    behind.proxy.when(is_get, Action::CutBody(300_000));

    let error = behind.storage.read(&name("a.bin")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.retry_may_help());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_fetches_its_bytes_only() {
    let behind = behind_a_proxy("range").await;
    behind.bucket.put_raw("a.bin", &bytes(8 * MIB));
    let options = OpenOptions::default().with_range(ByteRange::Suffix(1024));

    let reader = behind.storage.open(&name("a.bin"), &options).await.unwrap();
    let read = reader.into_bytes().await.unwrap();

    assert!(read == bytes(8 * MIB)[8 * MIB - 1024..]);
    assert_eq!(behind.proxy.requests()[0].answer_length, 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_costs_one_request() {
    let behind = behind_a_proxy("requests").await;
    behind.bucket.put_raw("a.txt", b"A");
    let object = name("a.txt");

    behind.storage.read(&object).await.unwrap();
    behind.storage.exists(&object).await.unwrap();
    behind.storage.stat(&object).await.unwrap();
    behind.storage.delete(&object).await.unwrap();

    assert_eq!(
        log(&behind.proxy),
        ["GET object", "HEAD object", "HEAD object", "DELETE object"]
    );
    let counts = behind.storage.request_counts().unwrap();
    assert_eq!(
        (counts.get, counts.head, counts.delete, counts.total()),
        (1, 2, 1, 4)
    );
    assert_eq!((counts.bytes_sent, counts.bytes_received), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_taken_for_a_missing_object() {
    let behind = behind_a_proxy("refused").await;
    behind
        .proxy
        .when(|_| true, Action::Respond(Response::new(403)));

    let error = behind.storage.exists(&name("a")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("s3:ListBucket"), "{error}");
}
