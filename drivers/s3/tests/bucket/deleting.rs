//! Deletes in batches, and what they answer when some of it fails.

use storehouse_storage::{ErrorKind, Name, Storage};
use storehouse_test_support::{Action, Request, Response};

use crate::fixture::{behind_a_proxy, name, refusal};

fn is_batch(request: &Request) -> bool {
    request.method == "POST" && request.query("delete").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_names_go_in_one_request() {
    let behind = behind_a_proxy("batches").await;
    behind.bucket.put_raw("0", b"x");
    behind.bucket.put_raw("2499", b"x");
    let names: Vec<Name> = (0..2500).map(|index| name(&index.to_string())).collect();

    let failures = behind.storage.delete_many(&names).await;

    assert!(failures.is_empty());
    assert_eq!(behind.proxy.requests().len(), 3);
    assert!(behind.bucket.object_names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_name_that_stays_is_reported() {
    let behind = behind_a_proxy("partial").await;
    let answer = "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error>\
        <Error><Key>c</Key><Code>NoSuchKey</Code></Error>\
        <Error><Key>d</Key><Code>InternalError</Code></Error></DeleteResult>";
    behind
        .proxy
        .when(is_batch, Action::Respond(Response::new(200).body(answer)));

    let names = ["a", "b", "c", "d"].map(name);
    let failures = behind.storage.delete_many(&names).await;

    let failed: Vec<_> = failures
        .iter()
        .map(|(name, error)| (name.as_str(), error.kind()))
        .collect();
    assert_eq!(
        failed,
        [
            ("b", ErrorKind::PermissionDenied),
            ("d", ErrorKind::Unavailable)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_about_a_name_that_nobody_asked_for_is_not_a_success() {
    let behind = behind_a_proxy("stranger").await;
    let answer =
        "<DeleteResult><Error><Key>z</Key><Code>AccessDenied</Code></Error></DeleteResult>";
    behind
        .proxy
        .when(is_batch, Action::Respond(Response::new(200).body(answer)));

    let failures = behind.storage.delete_many(&["a", "b"].map(name)).await;

    assert_eq!(failures.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_refused_fails_for_each_of_its_names() {
    let behind = behind_a_proxy("refused-batch").await;
    behind
        .proxy
        .when(is_batch, Action::Respond(refusal(403, "AccessDenied")));

    let failures = behind.storage.delete_many(&["a", "b"].map(name)).await;

    assert_eq!(failures.len(), 2);
    for (_, error) in failures {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert_eq!(error.advice(), Some("the key needs s3:DeleteObject"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_missing_is_not_taken_for_a_deleted_object() {
    let behind = behind_a_proxy("no-bucket").await;
    let answer = Action::Respond(refusal(404, "NoSuchBucket"));
    behind.proxy.when_times(3, |_| true, answer);

    let deleted = behind.storage.delete(&name("a")).await.unwrap_err();
    let opened = behind.storage.open(&name("a"), &Default::default()).await;

    assert_eq!(deleted.kind(), ErrorKind::Configuration);
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Configuration);
}
