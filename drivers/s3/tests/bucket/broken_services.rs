//! Services that are none, that lie, or that send us elsewhere.

use futures::TryStreamExt;
use storehouse_storage::{ErrorKind, Storage, StorageExt};
use storehouse_test_support::{Action, FakeHttp, Request, Response};

use crate::fixture::{behind_a_proxy, create, is_put, name, replace, storage};

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed_with_or_without_keys() {
    let elsewhere = FakeHttp::start(|_| Response::new(200));
    for status in [301, 302, 307, 308] {
        let behind = behind_a_proxy("redirect").await;
        let answer = Response::new(status)
            .header("Location", format!("{}/a.txt", elsewhere.endpoint()))
            .header("x-amz-bucket-region", "eu-west-1");
        behind
            .proxy
            .when_times(2, |_| true, Action::Respond(answer));

        let read = behind.storage.read(&name("a.txt")).await.unwrap_err();
        let saved = create(&behind.storage, "a.txt", "A").await.unwrap_err();

        for error in [read, saved] {
            assert_eq!(error.kind(), ErrorKind::Configuration, "{status}");
            assert!(error.to_string().contains("eu-west-1"), "{error}");
        }
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_damaged_on_its_way_is_removed() {
    let behind = behind_a_proxy("damaged").await;
    // By this one the ETags are known to be MD5s.
    create(&behind.storage, "first.txt", "1").await.unwrap();
    let wrong = Response::new(200).header("ETag", format!("\"{}\"", "0".repeat(32)));
    let damage = || {
        let is_look = |request: &Request| request.method == "HEAD";
        behind.proxy.when(is_put, Action::Replace(wrong.clone()));
        behind.proxy.when(is_look, Action::Replace(wrong.clone()));
    };

    damage();
    let created = create(&behind.storage, "a.txt", "A").await.unwrap_err();
    behind.storage.settle().await;
    damage();
    let replaced = replace(&behind.storage, "b.txt", "B").await.unwrap_err();

    assert_eq!(created.kind(), ErrorKind::Integrity);
    assert_eq!(replaced.kind(), ErrorKind::Integrity);
    // What was there before a replace is gone either way.
    assert_eq!(behind.bucket.object_names(), ["b.txt", "first.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_of_another_kind_is_not_compared() {
    let behind = behind_a_proxy("kms").await;
    let other = Response::new(200)
        .header("ETag", format!("\"{}\"", "0".repeat(32)))
        .header("x-amz-server-side-encryption", "aws:kms");
    behind.proxy.when(is_put, Action::Replace(other));

    create(&behind.storage, "a.txt", "A").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_is_not_taken_for_a_bucket() {
    let portal = FakeHttp::start(|_| {
        let page = "<html><body>Please log in</body></html>";
        Response::new(200)
            .header("Content-Type", "text/html")
            .body(page)
    });
    let storage = storage(&[
        ("bucket_name", "bucket"),
        ("endpoint_url", &portal.endpoint()),
        ("access_key", "a"),
        ("secret_key", "s"),
    ]);

    let errors = [
        storage.read(&name("a")).await.unwrap_err(),
        storage.stat(&name("a")).await.unwrap_err(),
        create(&storage, "a", "A").await.unwrap_err(),
        storage.delete(&name("a")).await.unwrap_err(),
        storage
            .list(None)
            .try_collect::<Vec<_>>()
            .await
            .unwrap_err(),
    ];

    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert!(error.to_string().contains("not one of S3"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_cut_off() {
    let endless = FakeHttp::start(|_| Response::new(200).body(vec![b' '; 20 * 1024 * 1024]));
    let storage = storage(&[
        ("bucket_name", "bucket"),
        ("endpoint_url", &endless.endpoint()),
        ("access_key", "a"),
        ("secret_key", "s"),
    ]);

    let error = storage
        .list(None)
        .try_collect::<Vec<_>>()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert_eq!(endless.requests().len(), 1);
}
