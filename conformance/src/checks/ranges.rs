//! A range gives exactly its bytes: RFC 9110, section 14.1.2, with the end exclusive here.

use std::ops::Range;

use storehouse_storage::{ByteRange, ErrorKind, OpenOptions, StorageExt};

use crate::{
    samples::{IN_PARTS, SMALL, sample},
    subject::{Subject, assert_kind, name},
};

pub(crate) async fn a_range_from_a_byte_goes_to_the_end(subject: Subject) {
    let size = SMALL as u64;
    for start in [0, 1, size / 2, size - 1] {
        give(&subject, SMALL, ByteRange::From(start), start..size).await;
    }
}

pub(crate) async fn a_bounded_range_gives_its_bytes(subject: Subject) {
    let size = SMALL as u64;
    for range in [0..1, 0..size, 10..20, size - 1..size] {
        give(&subject, SMALL, ByteRange::Bounded(range.clone()), range).await;
    }
}

pub(crate) async fn a_range_over_the_end_is_cut(subject: Subject) {
    let size = SMALL as u64;
    for end in [size + 1, size * 10, u64::MAX] {
        give(
            &subject,
            SMALL,
            ByteRange::Bounded(size - 5..end),
            size - 5..size,
        )
        .await;
    }
}

pub(crate) async fn a_suffix_gives_the_last_bytes(subject: Subject) {
    let size = SMALL as u64;
    for (count, range) in [
        (1, size - 1..size),
        (100, size - 100..size),
        (size, 0..size),
        (size + 1, 0..size),
        (u64::MAX, 0..size),
    ] {
        give(&subject, SMALL, ByteRange::Suffix(count), range).await;
    }
}

pub(crate) async fn a_range_of_a_large_object_gives_its_bytes(subject: Subject) {
    let size = IN_PARTS as u64;
    let middle = size / 2 - 300_000..size / 2 + 300_000;
    give(
        &subject,
        IN_PARTS,
        ByteRange::Bounded(middle.clone()),
        middle,
    )
    .await;
    give(
        &subject,
        IN_PARTS,
        ByteRange::Suffix(700_001),
        size - 700_001..size,
    )
    .await;
}

pub(crate) async fn a_range_beyond_the_end_is_refused_at_once(subject: Subject) {
    let file = subject.create("file.bin", sample(1, SMALL)).await;
    let size = SMALL as u64;

    for range in [
        ByteRange::From(size),
        ByteRange::From(u64::MAX),
        ByteRange::Bounded(size..size + 1),
        ByteRange::Bounded(size * 2..size * 3),
    ] {
        let opened = subject.storage.open(&file, &ranged(range.clone())).await;
        assert_kind(
            opened,
            ErrorKind::RangeNotSatisfiable,
            &format!("{range} of {size} bytes"),
        );
    }
}

pub(crate) async fn an_empty_range_is_refused(subject: Subject) {
    let file = subject.create("file.bin", sample(1, SMALL)).await;

    for range in [
        ByteRange::Bounded(5..5),
        ByteRange::Bounded(Range { start: 9, end: 3 }),
        ByteRange::Suffix(0),
    ] {
        let opened = subject.storage.open(&file, &ranged(range.clone())).await;
        assert_kind(
            opened,
            ErrorKind::RangeNotSatisfiable,
            &format!("{range} is empty"),
        );
    }
}

pub(crate) async fn an_empty_object_has_no_range(subject: Subject) {
    let file = subject.create("empty.bin", "").await;

    for range in [
        ByteRange::From(0),
        ByteRange::Bounded(0..1),
        ByteRange::Suffix(5),
    ] {
        let opened = subject.storage.open(&file, &ranged(range.clone())).await;
        assert_kind(
            opened,
            ErrorKind::RangeNotSatisfiable,
            &format!("{range} of nothing"),
        );
    }
    assert_eq!(
        subject
            .storage
            .read(&file)
            .await
            .expect("no range was asked"),
        ""
    );
}

pub(crate) async fn a_range_of_a_missing_object_is_not_found(subject: Subject) {
    let opened = subject
        .storage
        .open(&name("missing.bin"), &ranged(ByteRange::From(0)))
        .await;

    assert_kind(
        opened,
        ErrorKind::NotFound,
        "there is nothing to take a range of",
    );
}

async fn give(subject: &Subject, size: usize, asked: ByteRange, expected: Range<u64>) {
    let bytes = sample(1, size);
    let file = name("file.bin");
    if !subject.exists(&file).await {
        subject.create(file.as_str(), bytes.clone()).await;
    }
    let opened = subject.storage.open(&file, &ranged(asked.clone())).await;
    let reader = opened.unwrap_or_else(|error| panic!("{asked} of {size} bytes: {error}"));

    assert_eq!(
        reader.range(),
        expected,
        "the reader of {asked} tells another range"
    );
    assert_eq!(
        reader.entry().size,
        size as u64,
        "the size is of the whole object, not of {asked}"
    );
    let found = reader.into_bytes().await.expect("the range is there");
    let positions = |range: &Range<u64>| {
        let position = |byte| usize::try_from(byte).expect("samples are small");
        position(range.start)..position(range.end)
    };
    assert!(
        found == bytes[positions(&expected)],
        "{asked} gives other bytes"
    );
}

fn ranged(range: ByteRange) -> OpenOptions {
    OpenOptions::default().with_range(range)
}
