//! One PUT or parts: where the line is, what is left when it fails, and how many run at once.

use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, future, stream};
use storehouse_storage::{Content, ErrorKind, Storage, StorageExt};
use storehouse_test_support::Action;
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::fixture::{
    MIB, behind_a_proxy, bytes, create, is_put, log, name, one_pass, replace, save,
};

/// How long something may take that is not held up by anybody.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn the_line_between_one_put_and_parts_is_eight_mebibytes() {
    for (length, parts) in [
        (8 * MIB - 1, 0),
        (8 * MIB, 0),
        (8 * MIB + 1, 2),
        (20 * MIB, 3),
    ] {
        for one_pass_only in [false, true] {
            let behind = behind_a_proxy("line").await;
            let content = match one_pass_only {
                true => one_pass(&bytes(length)),
                false => bytes(length).into(),
            };

            let saved = replace(&behind.storage, "a.bin", content).await.unwrap();

            let mut expected = vec!["PUT object"];
            if parts > 0 {
                expected = vec!["POST begin"];
                expected.extend(vec!["PUT part"; parts]);
                expected.push("POST upload");
            }
            assert_eq!(log(&behind.proxy), expected, "{length}");
            assert_eq!(saved.size, length as u64);
            assert!(
                behind.bucket.get_raw("a.bin").unwrap() == bytes(length),
                "{length}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_sent_side_by_side_within_the_memory_of_the_process() {
    let behind = behind_a_proxy("parallel").await;

    let first = replace(&behind.storage, "a.bin", bytes(48 * MIB));
    let second = replace(&behind.storage, "b.bin", bytes(48 * MIB));
    future::try_join(first, second).await.unwrap();

    let most = behind.proxy.most_waiting();
    assert!((2..=4).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_saves_are_sent_at_once_and_no_more() {
    let behind = behind_a_proxy("saves").await;
    let slow = Action::Delay(Duration::from_millis(500));
    behind.proxy.when_times(100, is_put, slow);
    let texts: Vec<String> = (0..100).map(|index| index.to_string()).collect();

    let saves = texts.iter().map(|text| create(&behind.storage, text, "A"));
    future::try_join_all(saves).await.unwrap();

    let most = behind.proxy.most_waiting();
    assert!((2..=64).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_stall_keep_nobody_waiting() {
    for (count, given) in [(100, 1), (12, 7 * MIB), (6, 8 * MIB)] {
        let behind = Arc::new(behind_a_proxy("stalled").await);
        let arrived = Arc::new(Semaphore::new(0));
        let released = Arc::new(Semaphore::new(0));
        let stalled: Vec<_> = (0..count)
            .map(|index| {
                let content = stalling(given, Arc::clone(&arrived), Arc::clone(&released));
                let behind = Arc::clone(&behind);
                tokio::spawn(async move {
                    create(&behind.storage, &format!("slow/{index}"), content).await
                })
            })
            .collect();
        let all = arrived.acquire_many(count);
        let all = timeout(PATIENCE, all).await;
        all.expect("some sources are not even read")
            .unwrap()
            .forget();

        let file = create(&behind.storage, "small", "A");
        let large = create(&behind.storage, "large", bytes(17 * MIB));
        let pipe = create(&behind.storage, "pipe", one_pass(&bytes(17 * MIB)));
        let others = timeout(PATIENCE, future::try_join3(file, large, pipe)).await;

        others.expect("the others have to wait").unwrap();
        released.add_permits(count as usize);
        for saved in future::try_join_all(stalled).await.unwrap() {
            let name = saved.unwrap().name;
            let stored = behind.bucket.get_raw(name.as_str()).unwrap();
            assert!(stored == bytes(given + 1), "{name} of {given}");
        }
    }
}

/// The first bytes of a content, which tells when they were taken and gives the last of them when it
/// is released.
fn stalling(given: usize, arrived: Arc<Semaphore>, released: Arc<Semaphore>) -> Content {
    let all = Bytes::from(bytes(given + 1));
    let last = all.slice(given..);
    let first = all.slice(..given);
    let starts = (0..given).step_by(MIB);
    let blocks: Vec<_> = starts
        .map(|start| first.slice(start..given.min(start + MIB)))
        .collect();
    let end = stream::once(async move {
        arrived.add_permits(1);
        released.acquire().await.unwrap().forget();
        last
    });
    let blocks = stream::iter(blocks).chain(end);
    Content::from_stream(blocks.map(Ok::<_, std::io::Error>))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_leaves_no_parts() {
    for good in [0, 1, 8, 9, 17] {
        let behind = behind_a_proxy("bad-source").await;
        let blocks = stream::repeat(Bytes::from(vec![7; MIB])).take(good).map(Ok);
        let content =
            Content::from_stream(blocks.chain(stream::iter([Err(std::io::Error::other("gone"))])));

        let error = create(&behind.storage, "a.bin", content).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Content, "{good}");
        assert!(behind.bucket.object_names().is_empty(), "{good}");
        assert!(behind.bucket.incomplete_uploads().is_empty(), "{good}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_dropped_is_aborted() {
    let behind = behind_a_proxy("dropped").await;
    let stalled = Arc::new(Notify::new());
    let waiting = Arc::clone(&stalled);
    let blocks = stream::repeat(Bytes::from(vec![7; MIB]))
        .take(17)
        .chain(stream::once(async move {
            waiting.notify_one();
            future::pending::<Bytes>().await
        }));
    let content = Content::from_stream(blocks.map(Ok::<_, std::io::Error>));
    {
        let saving = pin!(create(&behind.storage, "a.bin", content));
        let begun = pin!(stalled.notified());
        assert!(matches!(
            future::select(saving, begun).await,
            future::Either::Right(_)
        ));
    }

    behind.storage.settle().await;

    let requests = log(&behind.proxy);
    assert_eq!(requests.last().map(String::as_str), Some("DELETE upload"));
    assert!(behind.bucket.incomplete_uploads().is_empty());
    assert!(behind.bucket.object_names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_large_saves_of_one_name_get_forty_names() {
    let behind = behind_a_proxy("forty").await;
    let content = Bytes::from(bytes(9 * MIB));

    let saves = (0..40).map(|_| save(&behind.storage, "a.bin", content.clone()));
    let saved = future::try_join_all(saves).await.unwrap();

    let names: BTreeSet<_> = saved.iter().map(|saved| saved.name.clone()).collect();
    assert_eq!(names.len(), 40);
    assert!(names.contains(&name("a.bin")));
    assert_eq!(behind.bucket.object_names().len(), 40);
    assert!(behind.bucket.incomplete_uploads().is_empty());
    assert!(behind.proxy.most_waiting() <= 64);
    for saved in saved {
        assert_eq!(
            behind.storage.size(&saved.name).await.unwrap(),
            9 * MIB as u64
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_too_long_costs_no_request() {
    let behind = behind_a_proxy("too-long").await;

    let error = create(&behind.storage, &"a".repeat(1025), "A")
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::InvalidName);
    assert!(error.to_string().contains("1024"), "{error}");
    assert!(behind.proxy.requests().is_empty());
}
