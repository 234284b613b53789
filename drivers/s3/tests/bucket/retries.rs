//! What is sent again, how often, and for how long.

use std::time::{Duration, Instant};

use storehouse_storage::{ErrorKind, Storage, StorageExt};
use storehouse_test_support::{Action, Response};

use crate::fixture::{
    MIB, behind_a_proxy, behind_a_proxy_with, bytes, completes, create, log, name, refusal,
    replace, save, storage,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_recovers_is_not_noticed() {
    for (case, answer) in [
        ("internal error", refusal(500, "InternalError")),
        ("slow down", refusal(503, "SlowDown")),
        ("too many", Response::new(429)),
    ] {
        let behind = behind_a_proxy("recovers").await;
        behind
            .proxy
            .when_times(3, |_| true, Action::Respond(answer));

        create(&behind.storage, "a.txt", "A").await.unwrap();

        assert_eq!(behind.bucket.get_raw("a.txt").unwrap(), b"A", "{case}");
        assert_eq!(behind.proxy.unused_rules(), 0, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_can_ask_for_time() {
    let behind = behind_a_proxy("retry-after").await;
    let answer = refusal(503, "SlowDown").header("Retry-After", "1");
    behind.proxy.when(|_| true, Action::Respond(answer));
    let start = Instant::now();

    create(&behind.storage, "a.txt", "A").await.unwrap();

    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stays_down_is_given_up_within_the_time_limit() {
    let behind = behind_a_proxy_with("down", &[("retry_timeout", "2")]).await;
    let down = Action::Respond(refusal(503, "SlowDown"));
    behind.proxy.when_times(usize::MAX, |_| true, down);
    let start = Instant::now();

    let error = behind.storage.stat(&name("a")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.retry_may_help());
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert!(behind.proxy.requests().len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_good_is_asked_once() {
    for (status, code) in [
        (400, "InvalidRequest"),
        (403, "AccessDenied"),
        (404, "NoSuchKey"),
        (412, "PreconditionFailed"),
    ] {
        let behind = behind_a_proxy("for-good").await;
        let answer = Action::Respond(refusal(status, code));
        behind.proxy.when_times(usize::MAX, |_| true, answer);

        replace(&behind.storage, "a.txt", "A").await.unwrap_err();

        assert_eq!(log(&behind.proxy), ["PUT object"], "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_lost_is_sent_again_and_no_other() {
    let behind = behind_a_proxy("part").await;
    let second =
        |request: &storehouse_test_support::Request| request.query("partNumber") == Some("2");
    behind.proxy.when(second, Action::LoseRequest);

    replace(&behind.storage, "a.bin", bytes(20 * MIB))
        .await
        .unwrap();

    let parts = log(&behind.proxy);
    assert_eq!(parts.iter().filter(|what| *what == "PUT part").count(), 4);
    assert!(behind.bucket.get_raw("a.bin").unwrap() == bytes(20 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_turns_into_an_error_is_an_error() {
    let behind = behind_a_proxy("late-error").await;
    let late = refusal(200, "InternalError");
    behind.proxy.when(completes, Action::Respond(late));

    save(&behind.storage, "a.bin", bytes(9 * MIB))
        .await
        .unwrap();

    let completions = log(&behind.proxy);
    assert_eq!(
        completions
            .iter()
            .filter(|what| *what == "POST upload")
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_told_within_five_seconds() {
    for endpoint in ["http://127.0.0.1:1", "http://no-such-host.invalid:9000"] {
        let storage = storage(&[
            ("bucket_name", "bucket"),
            ("endpoint_url", endpoint),
            ("access_key", "a"),
            ("secret_key", "s"),
        ]);
        let start = Instant::now();

        let error = storage.exists(&name("a")).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unavailable, "{endpoint}");
        assert!(error.to_string().contains("endpoint_url"), "{error}");
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{endpoint}: {:?}",
            start.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_answers_is_given_up_after_the_read_timeout() {
    let limits = [("read_timeout", "1"), ("retry_timeout", "0")];
    let behind = behind_a_proxy_with("silent", &limits).await;
    behind
        .proxy
        .when(|_| true, Action::Delay(Duration::from_secs(10)));
    let start = Instant::now();

    let error = behind.storage.stat(&name("a")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .contains("no answer came after the request had left for 1 s"),
        "{error}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_no_time_limit_unless_one_is_set() {
    let limits = [("timeout", "1"), ("retry_timeout", "0")];
    for (more, expected) in [(&limits[..], false), (&limits[1..], true)] {
        let behind = behind_a_proxy_with("limit", more).await;
        behind.bucket.put_raw("a.txt", b"A");
        behind
            .proxy
            .when(|_| true, Action::Delay(Duration::from_secs(2)));

        let read = behind.storage.read(&name("a.txt")).await;

        assert_eq!(read.is_ok(), expected, "{more:?}");
    }
}
