//! Names that are taken, and answers that were lost: which object is ours, and which is not.

use storehouse_storage::{ErrorKind, Storage};
use storehouse_test_support::{Action, Request, Response};

use crate::fixture::{
    MIB, behind_a_proxy, behind_a_proxy_with, bytes, completes, create, is_put, log, name,
    one_pass, refusal, replace, save,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_was_lost_knows_its_own_object() {
    for (case, fault) in [
        ("no answer", Action::LoseAnswer),
        ("a gateway's error", Action::Replace(Response::new(502))),
    ] {
        let behind = behind_a_proxy("lost-answer").await;
        behind.proxy.when(is_put, fault);

        let saved = save(&behind.storage, "a.txt", "A").await.unwrap();

        assert_eq!(saved.name.as_str(), "a.txt", "{case}");
        assert!(saved.etag.is_some(), "{case}");
        assert_eq!(behind.bucket.object_names(), ["a.txt"], "{case}");
        assert_eq!(
            log(&behind.proxy),
            ["PUT object", "PUT object", "HEAD object"],
            "{case}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_request_was_lost_does_not_take_another_object_for_its_own() {
    let behind = behind_a_proxy("lost-request").await;
    // The very same content: the ETag could not tell them apart.
    behind.bucket.put_raw("a.txt", b"A");
    behind.proxy.when(is_put, Action::LoseRequest);

    let saved = save(&behind.storage, "a.txt", "A").await.unwrap();

    assert_ne!(saved.name.as_str(), "a.txt");
    assert_eq!(behind.bucket.object_names().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_costs_one_request_more_and_no_look() {
    let behind = behind_a_proxy("taken").await;
    behind.bucket.put_raw("a.txt", b"theirs");

    let error = create(&behind.storage, "a.txt", "ours").await.unwrap_err();
    save(&behind.storage, "a.txt", "ours").await.unwrap();

    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(log(&behind.proxy), ["PUT object"; 3]);
    assert_eq!(behind.bucket.get_raw("a.txt").unwrap(), b"theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_create_finds_out_what_the_service_keeps_and_no_other() {
    let behind = behind_a_proxy_with("finding-out", &[("exclusive_create", "auto")]).await;

    create(&behind.storage, "a.txt", "A").await.unwrap();
    create(&behind.storage, "b.txt", "B").await.unwrap();

    assert_eq!(
        log(&behind.proxy),
        ["HEAD object", "PUT object", "PUT object", "PUT object"]
    );
    assert_eq!(behind.bucket.object_names(), ["a.txt", "b.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_write_and_not_look_creates_all_the_same() {
    let behind = behind_a_proxy_with("no-look", &[("exclusive_create", "auto")]).await;
    behind.bucket.put_raw("in/taken.txt", b"theirs");
    let denied = Action::Respond(refusal(403, "AccessDenied"));
    let is_look = |request: &Request| matches!(request.method.as_str(), "HEAD" | "GET");
    behind.proxy.when_times(usize::MAX, is_look, denied);

    create(&behind.storage, "in/a.txt", "A").await.unwrap();
    let taken = create(&behind.storage, "in/taken.txt", "ours")
        .await
        .unwrap_err();

    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert_eq!(behind.bucket.object_names(), ["in/a.txt", "in/taken.txt"]);
    assert_eq!(behind.bucket.get_raw("in/taken.txt").unwrap(), b"theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_that_collide_do_not_take_the_name_for_taken() {
    let behind = behind_a_proxy("conflict").await;
    let conflict = Action::Respond(refusal(409, "ConditionalRequestConflict"));
    behind.proxy.when_times(2, is_put, conflict);

    let saved = save(&behind.storage, "a.txt", "A").await.unwrap();

    assert_eq!(saved.name.as_str(), "a.txt");
    assert_eq!(log(&behind.proxy), ["PUT object"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_whose_answer_was_lost_knows_its_own_object() {
    for (case, target) in [("create", false), ("replace", true)] {
        let behind = behind_a_proxy("lost-completion").await;
        behind.proxy.when(completes, Action::LoseAnswer);
        let content = one_pass(&bytes(9 * MIB));

        let saved = match target {
            false => save(&behind.storage, "a.bin", content).await.unwrap(),
            true => replace(&behind.storage, "a.bin", content).await.unwrap(),
        };

        assert_eq!(saved.name.as_str(), "a.bin", "{case}");
        assert_eq!(behind.bucket.object_names(), ["a.bin"], "{case}");
        assert!(
            behind.bucket.get_raw("a.bin").unwrap() == bytes(9 * MIB),
            "{case}"
        );
        assert!(behind.bucket.incomplete_uploads().is_empty(), "{case}");
        assert_eq!(behind.proxy.unused_rules(), 0, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_loses_the_race_starts_again_under_the_next_name() {
    let behind = behind_a_proxy("race").await;
    let taken = Action::Respond(refusal(412, "PreconditionFailed"));
    behind.proxy.when(completes, taken);

    let saved = save(&behind.storage, "a.bin", bytes(9 * MIB))
        .await
        .unwrap();

    assert_ne!(saved.name.as_str(), "a.bin");
    assert_eq!(behind.bucket.object_names(), [saved.name.as_str()]);
    assert!(behind.bucket.incomplete_uploads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_collides_starts_again_under_the_same_name() {
    let behind = behind_a_proxy("collision").await;
    let conflict = Action::Respond(refusal(409, "ConditionalRequestConflict"));
    behind.proxy.when(completes, conflict);

    let saved = save(&behind.storage, "a.bin", bytes(9 * MIB))
        .await
        .unwrap();

    assert_eq!(saved.name.as_str(), "a.bin");
    assert!(behind.bucket.incomplete_uploads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_cannot_be_read_twice_fails_when_it_loses_the_race() {
    for code in ["PreconditionFailed", "ConditionalRequestConflict"] {
        let status = if code == "PreconditionFailed" {
            412
        } else {
            409
        };
        let behind = behind_a_proxy("one-pass").await;
        behind
            .proxy
            .when(completes, Action::Respond(refusal(status, code)));

        let content = one_pass(&bytes(9 * MIB));
        let error = save(&behind.storage, "a.bin", content).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{code}");
        assert!(behind.bucket.object_names().is_empty(), "{code}");
        assert!(behind.bucket.incomplete_uploads().is_empty(), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_seen_before_anything_large_is_sent() {
    let behind = behind_a_proxy("large-taken").await;
    behind.bucket.put_raw("a.bin", b"theirs");

    let content = one_pass(&bytes(9 * MIB));
    let saved = save(&behind.storage, "a.bin", content).await.unwrap();

    assert_ne!(saved.name.as_str(), "a.bin");
    assert_eq!(
        log(&behind.proxy),
        [
            "HEAD object",
            "HEAD object",
            "POST begin",
            "PUT part",
            "PUT part",
            "POST upload"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nonce_is_not_shown_as_metadata() {
    let behind = behind_a_proxy("nonce").await;

    save(&behind.storage, "a.txt", "A").await.unwrap();

    let entry = behind.storage.stat(&name("a.txt")).await.unwrap();
    assert!(entry.attributes.metadata.is_empty());
    let raw = behind.bucket.head_raw("a.txt").unwrap();
    assert!(raw.get("x-amz-meta-storehouse-nonce").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_says_taken_for_ever_is_an_error() {
    let behind = behind_a_proxy("always-taken").await;
    let taken = Action::Respond(refusal(412, "PreconditionFailed"));
    behind.proxy.when_times(usize::MAX, is_put, taken);

    let error = save(&behind.storage, "a.txt", "A").await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(behind.proxy.requests().len() <= 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_and_a_folder_may_have_one_name() {
    let behind = behind_a_proxy("folder").await;

    create(&behind.storage, "a/b", "below").await.unwrap();
    create(&behind.storage, "a", "beside").await.unwrap();
    create(&behind.storage, "a/c", "below").await.unwrap();

    for (key, content) in [("a", "beside"), ("a/b", "below"), ("a/c", "below")] {
        assert_eq!(
            behind.bucket.get_raw(key).unwrap(),
            content.as_bytes(),
            "{key}"
        );
    }
}
