//! Copies and moves, inside a storage and to another one.

use std::sync::Arc;

use storehouse_storage::{ErrorKind, Name, Prefixed, SaveOptions, Storage, StorageExt, Target};

use crate::{
    samples::{IN_PARTS, SMALL, sample},
    subject::{Subject, assert_kind, name},
};

pub(crate) async fn a_copy_has_the_content_and_the_source_stays(subject: Subject) {
    for size in [0, SMALL, IN_PARTS] {
        let bytes = sample(1, size);
        let file = subject.create(&format!("{size}.bin"), bytes.clone()).await;
        let copy = name(&format!("copies of/{size}%.bin"));

        let copied = subject
            .storage
            .copy(&file, Target::Create(copy.clone()))
            .await;

        let copied = copied.expect("the name is free");
        let told = (copied.name, copied.size);
        assert_eq!(
            told,
            (copy.clone(), size as u64),
            "a copy tells name and size"
        );
        subject.assert_holds(&copy, &bytes, "it is a copy").await;
        subject.assert_holds(&file, &bytes, "it was copied").await;
    }
}

pub(crate) async fn a_copy_to_a_taken_name_fails_and_keeps_it(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = subject
            .create(&format!("{size}.bin"), sample(1, size))
            .await;
        let taken = subject
            .create(&format!("{size}-taken.bin"), sample(2, size))
            .await;

        let copied = subject
            .storage
            .copy(&file, Target::Create(taken.clone()))
            .await;

        assert_kind(copied, ErrorKind::AlreadyExists, "the name is taken");
        subject
            .assert_holds(&taken, &sample(2, size), "a copy to it failed")
            .await;
        subject
            .assert_holds(&file, &sample(1, size), "its copy failed")
            .await;
    }
}

pub(crate) async fn a_copy_can_replace(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = subject
            .create(&format!("{size}.bin"), sample(1, size))
            .await;
        let taken = subject.create(&format!("{size}-taken.bin"), "old").await;

        let copied = subject
            .storage
            .copy(&file, Target::Replace(taken.clone()))
            .await;

        let copied = copied.expect("a replace takes any name").name;
        assert_eq!(copied, taken, "a replace wrote to another name");
        subject
            .assert_holds(&taken, &sample(1, size), "a copy replaced it")
            .await;
    }
}

pub(crate) async fn a_copy_can_take_the_first_free_name(subject: Subject) {
    let file = subject.create("file.txt", "content").await;
    let taken = subject.create("taken.txt", "taken").await;

    let free = subject.storage.copy(&file, first_free("free.txt")).await;
    let free = free.expect("the name is free").name;
    let other = subject.storage.copy(&file, first_free("taken.txt")).await;

    assert_eq!(free.as_str(), "free.txt", "a free name was changed");
    subject
        .assert_holds(&taken, b"taken", "the name was taken")
        .await;
    // A driver that copies by reading has a content that can be read once.
    match other {
        Ok(saved) => {
            assert_ne!(saved.name, taken);
            subject
                .assert_holds(&saved.name, b"content", "it is a copy")
                .await;
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}"),
    }
}

pub(crate) async fn a_copy_onto_itself_keeps_the_object(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let bytes = sample(1, size);
        let options = SaveOptions::default().with_metadata("author", "M. Twain");
        let file = name(&format!("{size}.bin"));
        let target = Target::Create(file.clone());
        let saved = subject
            .storage
            .put(target, bytes.clone().into(), &options)
            .await;
        saved.expect("the name is free");
        let before = subject.stat(&file).await.attributes;

        let copied = subject
            .storage
            .copy(&file, Target::Replace(file.clone()))
            .await;

        let copied = copied.expect("a replace takes any name").name;
        assert_eq!(copied, file, "a replace wrote to another name");
        subject
            .assert_holds(&file, &bytes, "it was copied onto itself")
            .await;
        let after = subject.stat(&file).await.attributes;
        assert_eq!(
            after.metadata, before.metadata,
            "a copy onto itself changes metadata"
        );
        let created = subject
            .storage
            .copy(&file, Target::Create(file.clone()))
            .await;
        assert_kind(created, ErrorKind::AlreadyExists, "its own name is taken");
    }
}

pub(crate) async fn a_copy_of_what_is_missing_leaves_nothing(subject: Subject) {
    let kept = subject.create("kept.txt", "content").await;

    for target in [
        Target::Create(name("copy.txt")),
        Target::Replace(kept.clone()),
        first_free("free.txt"),
    ] {
        let copied = subject.storage.copy(&name("missing.txt"), target).await;
        assert_kind(copied, ErrorKind::NotFound, "there is nothing to copy");
    }
    assert_eq!(
        subject.names().await,
        ["kept.txt"],
        "failed copies leave something"
    );
    subject
        .assert_holds(&kept, b"content", "a copy to it failed")
        .await;
}

pub(crate) async fn a_rename_moves_the_object(subject: Subject) {
    let file = subject.create("old/file.txt", "content").await;
    let new = name("new/file.txt");

    let moved = subject
        .storage
        .rename(&file, Target::Create(new.clone()))
        .await;

    let moved = moved.expect("the name is free").name;
    assert_eq!(moved, new, "a free name was changed");
    subject
        .assert_holds(&new, b"content", "it was moved here")
        .await;
    subject.assert_nothing_at(&file, "it was moved away").await;
}

pub(crate) async fn a_rename_that_fails_keeps_both(subject: Subject) {
    let file = subject.create("file.txt", "content").await;
    let taken = subject.create("taken.txt", "taken").await;

    let moved = subject
        .storage
        .rename(&file, Target::Create(taken.clone()))
        .await;

    assert_kind(moved, ErrorKind::AlreadyExists, "the name is taken");
    subject
        .assert_holds(&file, b"content", "its move failed")
        .await;
    subject
        .assert_holds(&taken, b"taken", "a move to it failed")
        .await;
}

pub(crate) async fn a_rename_onto_itself_keeps_the_object(subject: Subject) {
    let file = subject.create("file.txt", "content").await;

    let moved = subject
        .storage
        .rename(&file, Target::Replace(file.clone()))
        .await;

    let moved = moved.expect("nothing is to be done").name;
    assert_eq!(moved, file, "a move onto itself tells another name");
    subject
        .assert_holds(&file, b"content", "it was moved onto itself")
        .await;
}

pub(crate) async fn a_copy_to_another_storage_keeps_both(subject: Subject) {
    let other = elsewhere(&subject);
    for size in [SMALL, IN_PARTS] {
        let bytes = sample(1, size);
        let file = subject.create(&format!("{size}.bin"), bytes.clone()).await;

        let target = Target::Create(file.clone());
        let copied = subject.storage.copy_to(&file, &other.storage, target).await;

        let copied = copied.expect("the name is free there").name;
        assert_eq!(copied, file, "a free name was changed");
        subject
            .assert_holds(&file, &bytes, "it was copied elsewhere")
            .await;
        other
            .assert_holds(&file, &bytes, "it was copied here")
            .await;
    }
}

pub(crate) async fn a_move_to_another_storage_leaves_nothing_here(subject: Subject) {
    let other = elsewhere(&subject);
    let file = subject.create("file.txt", "content").await;

    let target = Target::Create(name("moved.txt"));
    let moved = subject.storage.move_to(&file, &other.storage, target).await;

    let moved = moved.expect("the name is free there").name;
    other
        .assert_holds(&moved, b"content", "it was moved here")
        .await;
    assert!(!subject.exists(&file).await, "it was moved away");
}

pub(crate) async fn a_move_to_a_taken_name_elsewhere_keeps_the_source(subject: Subject) {
    let other = elsewhere(&subject);
    let file = subject.create("file.txt", "content").await;
    let taken: Name = other.create("file.txt", "taken").await;

    let target = Target::Create(taken.clone());
    let moved = subject.storage.move_to(&file, &other.storage, target).await;

    assert_kind(moved, ErrorKind::AlreadyExists, "the name is taken there");
    subject
        .assert_holds(&file, b"content", "its move failed")
        .await;
    other
        .assert_holds(&taken, b"taken", "a move to it failed")
        .await;
}

/// Another storage: a folder of the same, since the checks know no other.
fn elsewhere(subject: &Subject) -> Subject {
    let storage: Arc<dyn Storage> = Arc::clone(&subject.storage);
    Subject {
        storage: Arc::new(Prefixed::new(storage, name("elsewhere"))),
        secrets: subject.secrets.clone(),
    }
}

fn first_free(text: &str) -> Target {
    Target::FirstFree(storehouse_storage::Candidates::new(name(text), None))
}
