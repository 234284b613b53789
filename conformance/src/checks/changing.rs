//! What is kept beside a content changes, and the content stays: `copy_as`, onto the object itself
//! and to another name.

use storehouse_storage::{
    Candidates, Entry, ErrorKind, EtagRule, SaveOptions, StorageExt, Target, guess_content_type,
};

use super::attributes::{attributes, everything, kept, of_the_rule, put};
use crate::{
    alike::{assert_alike, assert_same_type},
    samples::{IN_PARTS, SMALL, sample},
    subject::{Subject, assert_kind, name},
};

pub(crate) async fn attributes_are_replaced_and_the_content_stays(subject: Subject) {
    for size in [0, SMALL, IN_PARTS] {
        let file = name(&format!("a folder/{size}%.css"));
        put(&subject, &file, size, &everything()).await;
        let options = SaveOptions::default()
            .with_content_type("text/x-other")
            .with_cache_control("no-store")
            .with_metadata("author", "S. Clemens")
            .with_metadata("third-key", "third value");

        let changed = subject.storage.set_attributes(&file, &options).await;

        let changed = changed.unwrap_or_else(|error| panic!("{file:?} is there, but: {error}"));
        let told = (changed.name, changed.size);
        assert_eq!(told, (file.clone(), size as u64), "it tells name and size");
        let found = attributes(&subject, &file).await;
        let expected = kept(&subject, &options.attributes, &file);
        assert_alike(&found, &expected, "attributes are not replaced");
        let why = "its attributes were replaced";
        subject.assert_holds(&file, &sample(1, size), why).await;
    }
}

pub(crate) async fn attributes_that_are_left_out_are_gone(subject: Subject) {
    let file = name("file.css");
    put(&subject, &file, SMALL, &everything()).await;

    let changed = subject
        .storage
        .set_attributes(&file, &SaveOptions::default())
        .await;

    changed.unwrap_or_else(|error| panic!("{file:?} is there, but: {error}"));
    let found = attributes(&subject, &file).await;
    assert_eq!(found.metadata.len(), 0, "old metadata are still there");
    assert_eq!(found.cache_control, None, "an old attribute is still there");
    let guessed = guess_content_type(&file);
    let (found, guessed) = (found.content_type.as_deref(), guessed.as_deref());
    assert_same_type(found, guessed, "no type is given, so: a guess");
}

pub(crate) async fn attributes_of_what_is_missing_are_not_found(subject: Subject) {
    let missing = name("missing.txt");
    let gone = Entry::new(missing.clone(), 7);

    let changed = subject
        .storage
        .set_attributes(&missing, &everything())
        .await;
    assert_kind(changed, ErrorKind::NotFound, "there is nothing to change");
    for target in [
        Target::Replace(missing.clone()),
        Target::Create(name("copy.txt")),
        first_free("free.txt"),
    ] {
        let copied = subject.storage.copy_as(&gone, target, &everything()).await;
        assert_kind(copied, ErrorKind::NotFound, "there is nothing to copy");
    }
    let names = subject.names().await;
    assert!(names.is_empty(), "what fails leaves something: {names:?}");
}

pub(crate) async fn a_copy_can_have_other_attributes(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = name(&format!("{size}.css"));
        put(&subject, &file, size, &everything()).await;
        let before = attributes(&subject, &file).await;
        let taken = subject.create(&format!("{size}-taken.css"), "old").await;
        let options = SaveOptions::default()
            .with_cache_control("public, max-age=31536000, immutable")
            .with_metadata("of-the", "copy");
        let from = subject.stat(&file).await;

        for target in [
            Target::Create(name(&format!("{size}.0a1b2c3d4e5f.css"))),
            Target::Replace(taken),
            first_free(&format!("{size}-free.css")),
        ] {
            let copied = subject.storage.copy_as(&from, target, &options).await;

            let copied = copied.expect("the target allows it");
            let found = attributes(&subject, &copied.name).await;
            let expected = kept(&subject, &options.attributes, &copied.name);
            assert_alike(&found, &expected, "a copy has not what was asked for");
            subject
                .assert_holds(&copied.name, &sample(1, size), "it is a copy")
                .await;
            assert_eq!(copied.size, size as u64, "a copy tells another size");
        }
        let after = attributes(&subject, &file).await;
        assert_eq!(after, before, "a copy changes its source");
        subject
            .assert_holds(&file, &sample(1, size), "it was copied")
            .await;
    }
}

pub(crate) async fn a_copy_with_other_attributes_never_takes_a_taken_name(subject: Subject) {
    let file = subject.create("file.txt", sample(1, SMALL)).await;
    let taken = subject.create("taken.txt", "taken").await;
    let from = subject.stat(&file).await;

    for target in [taken.clone(), file.clone()] {
        let target = Target::Create(target);
        let copied = subject.storage.copy_as(&from, target, &everything()).await;
        assert_kind(copied, ErrorKind::AlreadyExists, "the name is taken");
    }
    subject
        .assert_holds(&taken, b"taken", "a copy to it failed")
        .await;
    let cache_control = attributes(&subject, &file).await.cache_control;
    assert_eq!(cache_control, None, "a create onto itself changed it");
}

pub(crate) async fn a_content_that_was_replaced_meanwhile_is_left_alone(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = name(&format!("{size}.txt"));
        put(&subject, &file, size, &everything()).await;
        let seen = subject.stat(&file).await;
        let target = Target::Replace(file.clone());
        let replaced = subject.put(target.clone(), sample(2, size)).await;
        replaced.expect("a replace takes any name");
        let new = attributes(&subject, &file).await;

        let options = SaveOptions::default().with_cache_control("max-age=60");
        let changed = subject.storage.copy_as(&seen, target, &options).await;
        let copy = name("copy.txt");
        let target = Target::Create(copy.clone());
        let copied = subject.storage.copy_as(&seen, target, &options).await;

        let why = "what is there is not what was seen";
        assert_kind(changed, ErrorKind::Integrity, why);
        assert_kind(copied, ErrorKind::Integrity, why);
        let found = attributes(&subject, &file).await;
        assert_eq!(found, new, "the new content has got attributes of the old");
        subject
            .assert_holds(&file, &sample(2, size), "it is the new content")
            .await;
        assert!(!subject.exists(&copy).await, "a failed copy leaves it");
    }
}

pub(crate) async fn an_etag_keeps_to_its_rule_when_attributes_change(subject: Subject) {
    for size in [0, SMALL, IN_PARTS] {
        let file = name(&format!("{size}.bin"));
        put(&subject, &file, size, &everything()).await;

        let options = SaveOptions::default().with_metadata("new", "pair");
        let changed = subject.storage.set_attributes(&file, &options).await;

        let told = changed.expect("it is there").etag;
        let found = subject.stat(&file).await.etag;
        assert!(
            told.is_none() || told == found,
            "{told:?} was told and {found:?} is there"
        );
        let rule = subject.storage.etag_rule(size as u64);
        if let Some(expected) = of_the_rule(rule, &sample(1, size)) {
            assert_eq!(found, Some(expected), "of {size} bytes, by {rule:?}");
        } else {
            assert_eq!(rule, EtagRule::Opaque, "a rule that the check knows");
        }
    }
}

fn first_free(text: &str) -> Target {
    Target::FirstFree(Candidates::new(name(text), None))
}
