//! What is kept beside the content: attributes, size, times and the ETag.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use md5::{Digest, Md5};
use storehouse_storage::{
    Attributes, ErrorKind, EtagRule, Name, OpenOptions, SaveOptions, StorageExt, Target,
    guess_content_type,
};

use crate::{
    alike::{assert_alike, assert_same_type},
    samples::{IN_PARTS, SMALL, sample},
    subject::{Subject, name},
};

/// How far the clock of a service may be from ours.
const SKEW: Duration = Duration::from_secs(60);

pub(crate) async fn attributes_come_back_as_they_went_in(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = name(&format!("{size}.css"));
        put(&subject, &file, size, &everything()).await;

        let expected = kept(&subject, &everything().attributes, &file);
        let found = attributes(&subject, &file).await;
        assert_alike(&found, &expected, "attributes are not kept");
    }
}

pub(crate) async fn stat_and_open_tell_the_same(subject: Subject) {
    let file = name("file.css");
    put(&subject, &file, SMALL, &everything()).await;

    let stat = subject.stat(&file).await;
    let opened = subject.storage.open(&file, &OpenOptions::default()).await;
    let open = opened.expect("it was just saved").entry().clone();

    assert_eq!(open.name, stat.name, "open and stat tell two names");
    assert_eq!(open.size, stat.size, "open and stat tell two sizes");
    assert_eq!(open.etag, stat.etag, "open and stat tell two ETags");
    let (opened, told) = (open.attributes, stat.attributes);
    assert_eq!(opened, told, "open and stat tell two sets of attributes");
    assert_eq!(open.modified, stat.modified, "open and stat tell two times");
}

pub(crate) async fn a_content_type_is_guessed_where_none_is_given(subject: Subject) {
    for text in [
        "a.css",
        "a.JS",
        "a.svg",
        "a.tar.gz",
        "photo.jpeg",
        "fonts/a.woff2",
    ] {
        let file = subject.create(text, "content").await;

        let found = attributes(&subject, &file).await.content_type;
        let guess = guess_content_type(&file);
        let why = format!("the type of {text:?}");
        assert_same_type(found.as_deref(), guess.as_deref(), &why);
    }
}

pub(crate) async fn a_given_content_type_beats_the_guess(subject: Subject) {
    let file = name("file.css");
    let options = SaveOptions::default().with_content_type("text/x-other");
    put(&subject, &file, SMALL, &options).await;

    let keeps = subject.storage.capabilities().attributes;
    let expected = if keeps {
        "text/x-other"
    } else {
        "text/css; charset=utf-8"
    };
    let found = attributes(&subject, &file).await.content_type;
    let why = format!("attributes are kept: {keeps}");
    assert_same_type(found.as_deref(), Some(expected), &why);
}

pub(crate) async fn a_replace_drops_the_old_attributes(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = name(&format!("{size}.txt"));
        put(&subject, &file, size, &everything()).await;
        let options = SaveOptions::default().with_metadata("new", "pair");
        put(&subject, &file, size, &options).await;

        let expected = kept(&subject, &options.attributes, &file);
        let found = attributes(&subject, &file).await;
        assert_alike(&found, &expected, "the old ones are still there");
    }
}

pub(crate) async fn a_copy_keeps_the_attributes(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let file = name(&format!("{size}.css"));
        put(&subject, &file, size, &everything()).await;
        let expected = attributes(&subject, &file).await;

        for text in ["copy.css", "moved.css"] {
            let copy = name(&format!("{size}/{text}"));
            let target = Target::Create(copy.clone());
            let copied = match text {
                "copy.css" => subject.storage.copy(&file, target).await,
                _ => subject.storage.rename(&file, target).await,
            };
            copied.unwrap_or_else(|error| panic!("copy of {file:?} to {copy:?}: {error}"));

            let found = attributes(&subject, &copy).await;
            let why = format!("{text:?} has not the attributes of its source");
            assert_alike(&found, &expected, &why);
        }
    }
}

pub(crate) async fn metadata_keys_are_in_lower_case(subject: Subject) {
    let file = name("file.txt");
    let options = SaveOptions::default().with_metadata("X-Author", "M. Twain");
    put(&subject, &file, SMALL, &options).await;

    let expected = match subject.storage.capabilities().attributes {
        true => BTreeMap::from([("x-author".to_owned(), "M. Twain".to_owned())]),
        false => BTreeMap::new(),
    };
    let found = attributes(&subject, &file).await.metadata;
    assert_eq!(found, expected, "keys are kept in lower case");
}

pub(crate) async fn strange_values_are_kept_or_refused(subject: Subject) {
    for (number, value) in [
        "Žižek ⊗",
        " blanks ",
        "a, b; c=\"d\"",
        "%41",
        "=?utf-8?q?x?=",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let file = name(&format!("{number}.txt"));
        let options = SaveOptions::default().with_metadata("author", value);
        kept_or_refused(&subject, &file, &options).await;
    }
}

pub(crate) async fn a_line_break_in_a_value_is_kept_or_refused(subject: Subject) {
    let file = name("file.txt");
    for value in ["a\r\nX-Evil: 1", "a\nb", "a\0b"] {
        let options = SaveOptions::default().with_content_disposition(value);
        kept_or_refused(&subject, &file, &options).await;
        let options = SaveOptions::default().with_metadata("author", value);
        kept_or_refused(&subject, &file, &options).await;
    }
}

pub(crate) async fn times_are_those_of_the_save(subject: Subject) {
    let before = SystemTime::now();
    let file = subject.create("file.txt", "content").await;
    let after = SystemTime::now();

    let entry = subject.stat(&file).await;
    let window = before - SKEW..after + SKEW;
    assert!(
        entry.modified.is_some(),
        "a storage knows when a file was modified"
    );
    let listed = subject.entries(None).await.remove(0);
    assert!(
        listed.modified.is_some(),
        "a listing tells when a file was modified"
    );
    for time in [
        entry.modified,
        entry.created,
        entry.accessed,
        listed.modified,
    ] {
        let plausible = time.is_none_or(|time| window.contains(&time));
        assert!(
            plausible,
            "{time:?} is not about the time of the save, {before:?}"
        );
    }
    let modified = subject.storage.get_modified_time(&file).await;
    assert_eq!(
        modified.ok(),
        entry.modified,
        "get_modified_time differs from stat"
    );
}

pub(crate) async fn a_replace_is_not_older_than_what_it_replaces(subject: Subject) {
    let file = name("file.txt");
    put(&subject, &file, SMALL, &SaveOptions::default()).await;
    let old = subject.stat(&file).await.modified;

    put(&subject, &file, SMALL, &SaveOptions::default()).await;

    assert!(
        subject.stat(&file).await.modified >= old,
        "time went backwards"
    );
}

pub(crate) async fn an_etag_changes_with_the_content(subject: Subject) {
    let file = name("file.bin");
    let mut seen = Vec::new();
    for content in ["one", "two", "one and more", ""] {
        let target = Target::Replace(file.clone());
        subject
            .put(target, content)
            .await
            .expect("a replace takes any name");
        let etag = subject.stat(&file).await.etag;

        let etag = etag.expect("a storage has an ETag for every object");
        assert!(
            !etag.is_empty() && !etag.contains('"'),
            "{etag:?} is empty or in quotes"
        );
        assert!(
            !seen.contains(&etag),
            "the ETag of {content:?} is that of another content"
        );
        seen.push(etag);
    }
}

pub(crate) async fn an_etag_is_made_by_the_rule_that_is_told(subject: Subject) {
    for size in [0, SMALL, IN_PARTS] {
        let bytes = sample(1, size);
        let file = subject.create(&format!("{size}.bin"), bytes.clone()).await;
        let expected = match of_the_rule(subject.storage.etag_rule(size as u64), &bytes) {
            Some(expected) => expected,
            // It tells nothing of the content, and it is there.
            None => subject
                .stat(&file)
                .await
                .etag
                .expect("every object has an ETag"),
        };

        let found = subject.stat(&file).await.etag;
        assert_eq!(found.as_ref(), Some(&expected), "of {size} bytes");
        let listed = subject.entries(None).await;
        let listed = listed.iter().find(|entry| entry.name == file);
        let listed = listed.expect("it was just saved").etag.as_ref();
        assert_eq!(
            listed,
            Some(&expected),
            "a listing tells the same ETag as stat"
        );
    }
}

/// Values that only some headers can carry: as given, or refused as a whole.
async fn kept_or_refused(subject: &Subject, file: &Name, options: &SaveOptions) {
    let target = Target::Replace(file.clone());
    match subject.storage.put(target, "content".into(), options).await {
        Ok(_) => {
            let expected = kept(subject, &options.attributes, file);
            let found = attributes(subject, file).await;
            assert_alike(&found, &expected, "a value was changed");
        }
        Err(error) => {
            let told = matches!(error.kind(), ErrorKind::Unsupported);
            assert!(told, "a value that cannot be kept is Unsupported: {error}");
            assert!(
                !subject.exists(file).await,
                "a refused save leaves something"
            );
        }
    }
    subject
        .storage
        .delete(file)
        .await
        .expect("it may be there or not");
}

pub(super) async fn put(subject: &Subject, file: &Name, size: usize, options: &SaveOptions) {
    let target = Target::Replace(file.clone());
    let saved = subject
        .storage
        .put(target, sample(1, size).into(), options)
        .await;
    saved.unwrap_or_else(|error| panic!("a save of {file:?} with {options:?}: {error}"));
}

pub(super) async fn attributes(subject: &Subject, file: &Name) -> Attributes {
    let mut attributes = subject.stat(file).await.attributes;
    // Some services tell one although none was given.
    attributes.storage_class = None;
    attributes
}

pub(super) fn everything() -> SaveOptions {
    SaveOptions::default()
        .with_content_type("text/x-check; charset=utf-8")
        .with_content_encoding("br")
        .with_content_disposition("attachment; filename=\"a b.css\"")
        .with_content_language("de, en")
        .with_cache_control("public, max-age=31536000, immutable")
        .with_metadata("author", "M. Twain")
        .with_metadata("second-key", "second value")
}

/// What a storage tells of these attributes: all of them, or what the name suggests.
pub(super) fn kept(subject: &Subject, given: &Attributes, file: &Name) -> Attributes {
    let mut expected = match subject.storage.capabilities().attributes {
        true => given.clone(),
        false => Attributes::default(),
    };
    if expected.content_type.is_none() {
        expected.content_type = guess_content_type(file);
    }
    expected
}

/// The ETag of a content by a rule that tells of the content.
pub(super) fn of_the_rule(rule: EtagRule, bytes: &[u8]) -> Option<String> {
    match rule {
        EtagRule::Md5 => Some(hex::encode(Md5::digest(bytes))),
        EtagRule::Md5OfParts { part_bytes } => Some(of_parts(bytes, part_bytes)),
        _ => None,
    }
}

fn of_parts(bytes: &[u8], part_bytes: u64) -> String {
    let part = usize::try_from(part_bytes).expect("a part fits into memory");
    let digests: Vec<u8> = bytes.chunks(part).flat_map(Md5::digest).collect();
    format!(
        "{}-{}",
        hex::encode(Md5::digest(&digests)),
        bytes.len().div_ceil(part)
    )
}
