//! A reader is lazy, stays on the content it was opened on, and is nobody else's business.

use bytes::{Bytes, BytesMut};
use futures::{TryStreamExt, future::join_all};
use storehouse_storage::{Content, ErrorKind, Name, OpenOptions, Reader, Target};
use tokio::io::AsyncReadExt;

use crate::{
    samples::{IN_PARTS, LARGE, SMALL, sample},
    subject::{Subject, assert_kind, name},
};

pub(crate) async fn a_reader_tells_what_it_reads(subject: Subject) {
    let bytes = sample(1, SMALL);
    let file = subject.create("folder/file.bin", bytes.clone()).await;

    let reader = open(&subject, &file).await;

    assert_eq!(reader.entry().name, file, "a reader tells another name");
    assert_eq!(
        reader.entry().size,
        SMALL as u64,
        "a reader tells another size"
    );
    assert_eq!(
        reader.range(),
        0..SMALL as u64,
        "a reader of everything tells a part"
    );
}

pub(crate) async fn a_reader_that_is_dropped_unread_harms_nobody(subject: Subject) {
    let bytes = sample(1, LARGE);
    let file = subject.create("file.bin", bytes.clone()).await;

    for _ in 0..50 {
        drop(open(&subject, &file).await);
    }
    let mut reader = open(&subject, &file).await;
    let first = reader.try_next().await.expect("it is there");
    drop(reader);

    let first = first.expect("it is not empty");
    assert!(
        first == bytes[..first.len()],
        "the first block is not the start"
    );
    subject
        .assert_holds(&file, &bytes, "readers of it were dropped")
        .await;
}

pub(crate) async fn a_reader_that_is_kept_open_keeps_nobody_waiting(subject: Subject) {
    let file = subject.create("file.bin", sample(1, LARGE)).await;
    let mut open_readers = Vec::new();
    for _ in 0..20 {
        let mut reader = open(&subject, &file).await;
        reader.try_next().await.expect("it is there");
        open_readers.push(reader);
    }

    let other = subject.create("other.bin", sample(2, SMALL)).await;
    subject
        .assert_holds(&other, &sample(2, SMALL), "20 readers are open")
        .await;
    subject
        .storage
        .delete(&other)
        .await
        .expect("20 readers are open");
    assert_eq!(open_readers.len(), 20);
}

pub(crate) async fn a_reader_stays_on_its_content_when_it_is_replaced(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let old = sample(1, size);
        let file = subject.create(&format!("{size}.bin"), old.clone()).await;
        let unread = open(&subject, &file).await;
        let mut begun = open(&subject, &file).await;
        let first = begun.try_next().await.expect("it is there");

        let replaced = subject
            .put(Target::Replace(file.clone()), sample(2, size + 1))
            .await;
        replaced.expect("a replace takes any name");

        old_or_failed(unread, Bytes::new(), &old, "replaced").await;
        old_or_failed(begun, first.unwrap_or_default(), &old, "replaced").await;
        subject
            .assert_holds(&file, &sample(2, size + 1), "old readers were read")
            .await;
    }
}

pub(crate) async fn a_reader_stays_on_its_content_when_it_is_deleted(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let old = sample(1, size);
        let file = subject.create(&format!("{size}.bin"), old.clone()).await;
        let reader = open(&subject, &file).await;

        subject.storage.delete(&file).await.expect("it is there");

        old_or_failed(reader, Bytes::new(), &old, "deleted").await;
    }
}

pub(crate) async fn many_readers_at_once_all_get_everything(subject: Subject) {
    let bytes = sample(1, 1024 * 1024);
    let file = subject.create("file.bin", bytes.clone()).await;

    let reads = (0..32).map(|_| {
        let (subject, file, bytes) = (subject.clone(), file.clone(), bytes.clone());
        tokio::spawn(async move { subject.read(&file).await == bytes })
    });

    for read in join_all(reads).await {
        assert!(
            read.expect("every reader ends"),
            "one of 32 readers got something else"
        );
    }
}

pub(crate) async fn a_reader_is_an_async_read(subject: Subject) {
    let bytes = sample(1, IN_PARTS);
    let file = subject.create("file.bin", bytes.clone()).await;

    let mut found = Vec::new();
    let mut reader = open(&subject, &file).await.into_async_read();
    reader.read_to_end(&mut found).await.expect("it is there");

    assert!(found == bytes, "an AsyncRead gives something else");
}

pub(crate) async fn a_reader_ends_once_and_for_all(subject: Subject) {
    let file = subject.create("file.bin", sample(1, SMALL)).await;
    let mut reader = open(&subject, &file).await;

    while reader.try_next().await.expect("it is there").is_some() {}

    let after = reader.try_next().await;
    assert!(matches!(after, Ok(None)), "a reader goes on after its end");
}

pub(crate) async fn what_is_read_can_be_saved_at_the_same_time(subject: Subject) {
    let bytes = sample(1, IN_PARTS);
    let file = subject.create("file.bin", bytes.clone()).await;

    let content: Content = open(&subject, &file).await.into_content();
    assert_eq!(
        content.length(),
        Some(IN_PARTS as u64),
        "a reader knows its length"
    );
    let copy = subject.create("copy.bin", content).await;

    subject
        .assert_holds(&copy, &bytes, "it was saved from a reader")
        .await;
}

pub(crate) async fn an_open_of_a_folder_says_so(subject: Subject) {
    subject.create("folder/file.txt", "content").await;

    let opened = subject
        .storage
        .open(&name("folder"), &OpenOptions::default())
        .await;

    let expected = match subject.storage.capabilities().folders {
        true => ErrorKind::IsADirectory,
        false => ErrorKind::NotFound,
    };
    assert_kind(opened, expected, "a folder cannot be read");
}

pub(crate) async fn a_path_is_where_the_content_is(subject: Subject) {
    let file = subject.create("folder/a b.txt", "content").await;

    // Django's test for a storage that is on this machine: it has a path or none.
    if let Some(path) = subject.storage.path(&file) {
        let found = std::fs::read(&path);
        let found = found.unwrap_or_else(|error| panic!("nothing is at {path:?}: {error}"));
        assert_eq!(found, b"content", "another content is at {path:?}");
    }
}

pub(crate) async fn nothing_shows_a_secret(subject: Subject) {
    let missing = subject
        .storage
        .open(&name("missing.txt"), &OpenOptions::default())
        .await;
    let error = missing.expect_err("nothing is there");
    let shown = [
        format!("{:?}", subject.storage),
        format!("{:#?}", subject.storage),
        subject.storage.describe(),
        error.to_string(),
        format!("{error:?}"),
    ];

    for secret in &subject.secrets {
        let shows = shown.iter().find(|text| text.contains(secret.as_str()));
        // The message must not show it either.
        assert!(
            shows.is_none(),
            "a secret is in Debug, describe or an error"
        );
    }
    assert!(
        shown.iter().all(|text| !text.is_empty()),
        "a storage shows itself"
    );
}

async fn open(subject: &Subject, file: &Name) -> Reader {
    let opened = subject.storage.open(file, &OpenOptions::default()).await;
    opened.unwrap_or_else(|error| panic!("{file:?} is there, but cannot be opened: {error}"))
}

/// Reads what is left after `first`: all of the old content, or an error.
async fn old_or_failed(mut reader: Reader, first: Bytes, old: &[u8], what: &str) {
    let mut found = BytesMut::from(first);
    loop {
        match reader.try_next().await {
            Ok(Some(block)) => found.extend_from_slice(&block),
            Ok(None) => break,
            Err(_) => return,
        }
    }
    assert!(
        found == old,
        "a reader of what was {what} gives neither the old content nor an error"
    );
}
