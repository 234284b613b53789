//! Every valid name is kept as it is, byte for byte, by every verb; one that is too long is
//! refused and leaves nothing.

use bytes::Bytes;
use storehouse_storage::{
    Capabilities, ErrorKind, Name, OpenOptions, SaveOptions, StorageExt, Target,
};

use crate::subject::{Subject, assert_kind, name};

pub(crate) async fn names_with_blanks_are_kept(subject: Subject) {
    keep(
        &subject,
        &[
            "a b.txt",
            " leading",
            "trailing ",
            "a  b/ c /d",
            "no\u{a0}break",
        ],
    )
    .await;
}

pub(crate) async fn names_with_dots_are_kept(subject: Subject) {
    keep(
        &subject,
        &["ends.", ".hidden", "...", "a..b", "..a", "a../b", ".d/.e"],
    )
    .await;
}

pub(crate) async fn names_with_percent_signs_are_kept(subject: Subject) {
    let names = [
        "50%.txt", "a%20b", "%2Fetc", "%2e%2e/x", "%", "%%", "a%zz", "%25",
    ];
    keep(&subject, &names).await;
}

pub(crate) async fn names_with_characters_of_urls_are_kept(subject: Subject) {
    let names = [
        "a?b", "a#b", "a+b", "a&b=c", "a=b", "a@b", "a:b", "a;b", "a,b", "~a", "$a", "a!",
    ];
    keep(&subject, &names).await;
}

pub(crate) async fn names_with_quotes_and_brackets_are_kept(subject: Subject) {
    let names = [
        "it's",
        "say \"hi\"",
        "`a`",
        "a<b>",
        "[1]",
        "{2}",
        "(3)",
        "a*",
        "a|b",
        "a^b",
    ];
    keep(&subject, &names).await;
}

pub(crate) async fn names_beyond_ascii_are_kept(subject: Subject) {
    let names = [
        "⊗.txt",
        "фото/кот.jpg",
        "图片",
        "😀.png",
        "．．/x",
        "a\u{202e}gnp.exe",
        "ß",
        "İ",
    ];
    keep(&subject, &names).await;
}

pub(crate) async fn control_characters_in_names_are_kept_or_refused(subject: Subject) {
    for text in ["a\nb", "a\tb", "a\rb", "\u{1b}[2J", "a\u{1}b", "a\u{7f}b"] {
        let target = Target::Create(name(text));
        match subject.put(target, "content").await {
            Ok(_) => keep_one(&subject, &name(text), "content".into()).await,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidName, "{text:?}: {error}");
                assert_eq!(
                    subject.names().await,
                    [""; 0],
                    "a refused name leaves something"
                );
            }
        }
    }
}

pub(crate) async fn composed_and_decomposed_letters_are_two_names(subject: Subject) {
    two_names(&subject, "caf\u{e9}.txt", "cafe\u{301}.txt").await;
}

pub(crate) async fn capital_and_small_letters_are_two_names(subject: Subject) {
    two_names(&subject, "A.txt", "a.txt").await;
}

pub(crate) async fn a_backslash_is_a_separator(subject: Subject) {
    let saved = subject.storage.save_as(r"a\b.txt", "content").await;
    let saved = saved.expect("`\\` separates folders, as in Django");

    assert_eq!(saved.name.as_str(), "a/b.txt", "`\\` becomes `/`");
    subject
        .assert_holds(&name("a/b.txt"), b"content", "it is a\\b.txt")
        .await;
    let found = subject.names_in(Some(&name("a"))).await;
    assert_eq!(found, ["a/b.txt"], "the folder has it");
}

pub(crate) async fn deep_folders_are_made(subject: Subject) {
    let deep = vec!["d"; 40].join("/") + "/file.txt";

    keep(&subject, &[&deep]).await;
}

pub(crate) async fn the_longest_part_is_kept(subject: Subject) {
    let limits = known_limits(&subject).await;
    let length = limits.max_part_bytes.min(limits.max_name_bytes);
    assert!(
        length >= 100,
        "no part of a name may be longer than {length} bytes"
    );

    keep(&subject, &[&"p".repeat(length)]).await;
}

pub(crate) async fn a_longer_part_is_refused(subject: Subject) {
    let length = known_limits(&subject).await.max_part_bytes + 1;

    refuse(&subject, &"p".repeat(length)).await;
    refuse(&subject, &format!("{}/a.txt", "p".repeat(length))).await;
}

pub(crate) async fn the_longest_name_is_kept(subject: Subject) {
    let longest = of_length(&subject, subject.storage.capabilities().max_name_bytes);

    keep(&subject, &[&longest]).await;
}

pub(crate) async fn a_longer_name_is_refused(subject: Subject) {
    let length = subject.storage.capabilities().max_name_bytes + 1;

    refuse(&subject, &of_length(&subject, length)).await;
}

pub(crate) async fn a_taken_name_of_full_length_is_kept_and_another_is_shorter(subject: Subject) {
    let longest = of_length(&subject, subject.storage.capabilities().max_name_bytes);
    let taken = subject.create(&longest, "first").await;

    let options = SaveOptions::default().with_overwrite(false);
    let saved = subject
        .storage
        .save(&taken, "second".into(), &options)
        .await
        .unwrap_or_else(|error| panic!("the second save of the longest name: {error}"));

    assert_ne!(saved.name, taken, "the name was taken");
    subject
        .assert_holds(&taken, b"first", "another was saved under a name beside it")
        .await;
    subject
        .assert_holds(&saved.name, b"second", "it was saved there")
        .await;
}

pub(crate) async fn a_name_that_is_missing_is_not_found(subject: Subject) {
    let there = subject.create("there.txt", "content").await;
    let storage = &subject.storage;

    for text in [
        "missing.txt",
        "there.tx",
        "there.txt2",
        "there",
        "folder/there.txt",
    ] {
        let missing = name(text);
        let options = OpenOptions::default();
        assert_kind(
            storage.open(&missing, &options).await,
            ErrorKind::NotFound,
            text,
        );
        assert_kind(storage.stat(&missing).await, ErrorKind::NotFound, text);
        assert!(!subject.exists(&missing).await, "{text:?} exists");
        let target = Target::Create(name("copy.txt"));
        assert_kind(
            storage.copy(&missing, target).await,
            ErrorKind::NotFound,
            text,
        );
        let target = Target::Create(name("moved.txt"));
        assert_kind(
            storage.rename(&missing, target).await,
            ErrorKind::NotFound,
            text,
        );
        let target = Target::Replace(missing.clone());
        assert_kind(
            storage.rename(&missing, target).await,
            ErrorKind::NotFound,
            text,
        );
    }
    assert_eq!(
        subject.names().await,
        [there.as_str()],
        "looking for names made some"
    );
}

async fn keep(subject: &Subject, names: &[&str]) {
    for text in names {
        let content = Bytes::from(format!("the content of {text:?}"));
        let name = subject.create(text, content.clone()).await;
        keep_one(subject, &name, content).await;
    }
    assert_eq!(
        subject.names().await,
        [""; 0],
        "what was deleted is still listed"
    );
}

/// Tries an object that is the only one with every verb that takes a name, and deletes it.
async fn keep_one(subject: &Subject, name: &Name, content: Bytes) {
    subject
        .assert_holds(name, &content, "it was saved under this name")
        .await;
    assert_eq!(
        &subject.stat(name).await.name,
        name,
        "stat tells another name"
    );
    assert!(subject.exists(name).await, "{name:?} does not exist");
    assert_eq!(
        subject.names().await,
        [name.as_str()],
        "the listing has another name"
    );
    let folder = name.parent();
    let listed = subject.storage.list_dir(folder.as_ref()).await;
    let listed = listed.unwrap_or_else(|error| panic!("list_dir of {folder:?}: {error}"));
    let files: Vec<&Name> = listed.files.iter().map(|entry| &entry.name).collect();
    assert_eq!(files, [name], "list_dir has another name");
    let target = Target::Replace(name.clone());
    let copied = subject.storage.copy(name, target).await;
    let copied = copied.unwrap_or_else(|error| panic!("copy of {name:?}: {error}"));
    assert_eq!(&copied.name, name, "a copy tells another name");
    subject
        .assert_holds(name, &content, "it was copied onto itself")
        .await;
    let deleted = subject.storage.delete(name).await;
    deleted.unwrap_or_else(|error| panic!("delete of {name:?}: {error}"));
    subject.assert_nothing_at(name, "it was deleted").await;
}

async fn two_names(subject: &Subject, one: &str, other: &str) {
    let (one, other) = (
        subject.create(one, "one").await,
        subject.create(other, "other").await,
    );

    subject
        .assert_holds(&one, b"one", "the other is another name")
        .await;
    subject
        .assert_holds(&other, b"other", "the one is another name")
        .await;
    assert_eq!(
        subject.names().await.len(),
        2,
        "two names are listed as one"
    );
}

async fn refuse(subject: &Subject, text: &str) {
    let why = format!("a name of {} bytes is too long", text.len());
    // Longer than any name at all where the storage takes the longest there are.
    match Name::new(text) {
        Ok(name) => {
            let created = subject.put(Target::Create(name.clone()), "content").await;
            assert_kind(created, ErrorKind::InvalidName, &why);
            let replaced = subject.put(Target::Replace(name), "content").await;
            assert_kind(replaced, ErrorKind::InvalidName, &why);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidName, "{why}"),
    }
    assert_eq!(
        subject.names().await,
        [""; 0],
        "a refused name leaves something"
    );
}

/// The storage's limits, after an answer by which it may have learned what its service takes.
async fn known_limits(subject: &Subject) -> Capabilities {
    subject.exists(&name("asked")).await;
    subject.storage.capabilities()
}

/// A name of `length` bytes whose parts are as long as the storage takes, or shorter.
fn of_length(subject: &Subject, length: usize) -> String {
    let part = subject.storage.capabilities().max_part_bytes.min(200);
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // No slash at the end, and none before a part that would be empty.
        let left = length - text.len();
        let slash = text.len() % (part + 1) == part && left > 1;
        text.push(if slash { '/' } else { 'n' });
    }
    text
}
