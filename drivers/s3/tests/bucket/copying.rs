//! Copies on the service: how many requests they are, and what goes with them.

use storehouse_storage::{Content, Entry, ErrorKind, SaveOptions, Storage, StorageExt, Target};
use storehouse_test_support::Action;

use crate::fixture::{
    Behind, MIB, behind_a_proxy, behind_a_proxy_with, bytes, completes, is_put, log, name, refusal,
    replace,
};

#[tokio::test(flavor = "multi_thread")]
async fn attributes_change_in_one_request_without_the_content() {
    let acl = [("default_acl", "public-read")];
    let behind = behind_a_proxy_with("attributes", &acl).await;
    let seen = stored(&behind, "a b.css", 1024).await;
    let options = SaveOptions::default()
        .with_cache_control("no-store")
        .with_storage_class("REDUCED_REDUNDANCY");

    let target = Target::Replace(seen.name.clone());
    let saved = behind.storage.copy_as(&seen, target, &options).await;

    let requests = behind.proxy.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let headers = &requests[0].headers;
    assert_eq!(requests[0].body_length, 0);
    for (header, expected) in [
        ("x-amz-metadata-directive", "REPLACE"),
        ("cache-control", "no-store"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        // Neither is kept by a copy.
        ("x-amz-acl", "public-read"),
        ("content-type", "text/css; charset=utf-8"),
    ] {
        assert_eq!(headers.get(header), Some(expected), "{header}");
    }
    let etag = seen.etag.as_ref().map(|etag| format!("\"{etag}\""));
    let condition = headers.get("x-amz-copy-source-if-match");
    assert_eq!(condition, etag.as_deref());
    assert_eq!(saved.unwrap().etag, seen.etag);
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_of_a_large_object_change_without_the_content() {
    let behind = behind_a_proxy("large-attributes").await;
    let seen = stored(&behind, "a.bin", 17 * MIB).await;
    let options = SaveOptions::default().with_cache_control("no-store");

    let target = Target::Replace(seen.name.clone());
    behind
        .storage
        .copy_as(&seen, target, &options)
        .await
        .unwrap();

    let parts = [
        "POST begin",
        "PUT part",
        "PUT part",
        "PUT part",
        "POST upload",
    ];
    assert_eq!(log(&behind.proxy), parts);
    for request in behind.proxy.requests() {
        assert!(request.body_length < 1024, "{request:?}");
    }
    let entry = behind.storage.stat(&seen.name).await.unwrap();
    assert_eq!(entry.attributes.cache_control.as_deref(), Some("no-store"));
    assert_eq!(entry.etag, seen.etag, "a push compares by it");
    assert!(behind.bucket.get_raw("a.bin").unwrap() == bytes(17 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_stay_when_attributes_change() {
    let behind = behind_a_proxy("tags").await;
    let tags = [("x-amz-tagging", "team=web")];
    behind.bucket.put_raw_with("a.txt", b"A", &tags);

    let options = SaveOptions::default().with_cache_control("no-store");
    let changed = behind
        .storage
        .set_attributes(&name("a.txt"), &options)
        .await;

    changed.unwrap();
    let headers = behind.bucket.head_raw("a.txt").unwrap();
    assert_eq!(headers.get("cache-control"), Some("no-store"));
    assert_eq!(headers.get("x-amz-tagging-count"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_copy_to_a_free_name_moves_no_content() {
    let behind = behind_a_proxy("large-copy").await;
    let seen = stored(&behind, "a.bin", 9 * MIB).await;
    let copy = name("copy.bin");

    let target = Target::Create(copy.clone());
    let options = SaveOptions::default();
    behind
        .storage
        .copy_as(&seen, target, &options)
        .await
        .unwrap();

    let sent: usize = behind
        .proxy
        .requests()
        .iter()
        .map(|request| request.body_length)
        .sum();
    assert!(sent < 1024, "{sent}");
    let completion = behind.proxy.requests().into_iter().next_back().unwrap();
    assert_eq!(completion.headers.get("if-none-match"), Some("*"));
    assert!(behind.bucket.get_raw("copy.bin").unwrap() == bytes(9 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_race_for_a_name_copies_to_the_next() {
    let behind = behind_a_proxy("copy-race").await;
    let seen = stored(&behind, "a.bin", 9 * MIB).await;
    let taken = Action::Respond(refusal(412, "PreconditionFailed"));
    behind.proxy.when(completes, taken);

    let candidates = storehouse_storage::Candidates::new(name("copy.bin"), None);
    let target = Target::FirstFree(candidates);
    let options = SaveOptions::default();
    let saved = behind.storage.copy_as(&seen, target, &options).await;

    let saved = saved.unwrap().name;
    assert!(saved.as_str().starts_with("copy_"), "{saved}");
    assert!(behind.bucket.incomplete_uploads().is_empty());
    assert_eq!(behind.bucket.object_names().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_half_way_leaves_no_parts() {
    let behind = behind_a_proxy("copy-parts").await;
    let seen = stored(&behind, "a.bin", 17 * MIB).await;
    replace(&behind.storage, "a.bin", bytes(18 * MIB))
        .await
        .unwrap();

    let target = Target::Create(name("copy.bin"));
    let options = SaveOptions::default();
    let copied = behind.storage.copy_as(&seen, target, &options).await;

    assert_eq!(copied.unwrap_err().kind(), ErrorKind::Integrity);
    assert!(behind.bucket.incomplete_uploads().is_empty());
    assert_eq!(behind.bucket.object_names(), ["a.bin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_is_made_again() {
    let behind = behind_a_proxy("copy-lost").await;
    let seen = stored(&behind, "a.txt", 10).await;
    behind.proxy.when(is_put, Action::LoseAnswer);

    let options = SaveOptions::default().with_cache_control("no-store");
    let target = Target::Replace(seen.name.clone());
    let changed = behind.storage.copy_as(&seen, target, &options).await;

    assert_eq!(changed.unwrap().size, 10);
    assert_eq!(log(&behind.proxy), ["PUT object", "PUT object"]);
}

/// An object as a listing tells it, and a proxy that has seen nothing yet.
async fn stored(behind: &Behind, text: &str, length: usize) -> Entry {
    let options = SaveOptions::default().with_metadata("a", "b");
    let target = Target::Replace(name(text));
    let content = Content::from(bytes(length));
    behind.storage.put(target, content, &options).await.unwrap();
    let folder = behind.storage.list_dir(None).await.unwrap();
    behind.proxy.clear();
    folder.files.into_iter().next().unwrap()
}
