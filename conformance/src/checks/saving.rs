//! What a save may write to: nothing is replaced unless asked for, and a taken name gets Django's
//! suffix.

use bytes::Bytes;
use storehouse_storage::{Content, ErrorKind, Name, Put, SaveOptions, StorageExt, Target};

use crate::{
    samples::{IN_PARTS, SMALL, one_pass, sample},
    subject::{Subject, assert_kind, name},
};

pub(crate) async fn a_free_name_is_used_as_it_is(subject: Subject) {
    for text in ["file.txt", "folder/file.tar.gz"] {
        let saved = save(&subject, text, "content", &keeping()).await;

        assert_eq!(saved.as_str(), text, "a free name was changed");
        subject
            .assert_holds(&saved, b"content", "it was just saved")
            .await;
    }
}

pub(crate) async fn a_create_of_a_taken_name_fails_and_keeps_what_is_there(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let old = sample(1, size);
        let taken = subject.create(&format!("{size}.bin"), old.clone()).await;

        for content in [sample(2, size).into(), one_pass(&sample(3, size))] {
            let created = subject.put(Target::Create(taken.clone()), content).await;

            assert_kind(created, ErrorKind::AlreadyExists, "the name is taken");
        }
        subject.storage.settle().await;
        subject
            .assert_holds(&taken, &old, "creates of its name failed")
            .await;
    }
    assert_eq!(
        subject.names().await.len(),
        2,
        "a failed create leaves something"
    );
}

pub(crate) async fn a_replace_takes_the_place_of_what_is_there(subject: Subject) {
    for sizes in [
        [SMALL, SMALL],
        [IN_PARTS, SMALL],
        [SMALL, IN_PARTS],
        [IN_PARTS, 0],
    ] {
        let file = name("file.bin");
        for (version, size) in [(1, sizes[0]), (2, sizes[1])] {
            let content = one_pass(&sample(version, size));
            let saved = subject.put(Target::Replace(file.clone()), content).await;
            let saved = saved.expect("a replace takes any name, free or not");

            assert_eq!(saved.name, file, "a replace wrote to another name");
        }
        let new = sample(2, sizes[1]);
        subject.assert_holds(&file, &new, "it was replaced").await;
    }
    assert_eq!(
        subject.names().await,
        ["file.bin"],
        "a replace made another object"
    );
}

pub(crate) async fn a_taken_name_gets_a_suffix(subject: Subject) {
    for (text, root, extension) in [
        ("file.txt", "file", ".txt"),
        ("folder/file.txt", "folder/file", ".txt"),
        ("site.tar.gz", "site", ".tar.gz"),
        ("README", "README", ""),
        (".bashrc", ".bashrc", ""),
        ("a.b.", "a.b.", ""),
        ("folder.d/file", "folder.d/file", ""),
        ("⊗.é", "⊗", ".é"),
    ] {
        let first = save(&subject, text, "first", &keeping()).await;
        let second = save(&subject, text, "second", &keeping()).await;

        assert!(
            has_suffix(&second, root, extension),
            "{second:?} is not {root:?}, `_`, seven of a-zA-Z0-9 and {extension:?}"
        );
        subject
            .assert_holds(&first, b"first", "the name was taken")
            .await;
        subject
            .assert_holds(&second, b"second", "it is the name returned")
            .await;
    }
}

pub(crate) async fn a_large_content_gets_a_suffix_too(subject: Subject) {
    let (old, new) = (sample(1, IN_PARTS), sample(2, IN_PARTS));
    subject.create("file.bin", old.clone()).await;

    let saved = subject
        .storage
        .save(&name("file.bin"), new.clone().into(), &keeping())
        .await;

    let saved = saved
        .expect("bytes can be sent again under another name")
        .name;
    assert!(
        has_suffix(&saved, "file", ".bin"),
        "{saved:?} has no suffix"
    );
    subject
        .assert_holds(&name("file.bin"), &old, "the name was taken")
        .await;
    subject
        .assert_holds(&saved, &new, "it is the name returned")
        .await;
}

pub(crate) async fn a_one_pass_content_never_replaces_what_is_there(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let (old, new) = (sample(1, size), sample(2, size));
        let taken = subject.create(&format!("{size}.bin"), old.clone()).await;
        let before = subject.names().await;

        match subject
            .storage
            .save(&taken, one_pass(&new), &keeping())
            .await
        {
            Ok(saved) => {
                assert_ne!(saved.name, taken, "a save replaced what is there");
                subject
                    .assert_holds(&saved.name, &new, "it could be read once only")
                    .await;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
                subject.storage.settle().await;
                assert_eq!(
                    subject.names().await,
                    before,
                    "a failed save leaves something"
                );
            }
        }
        subject
            .assert_holds(&taken, &old, "the name was taken")
            .await;
    }
}

pub(crate) async fn the_caller_says_whether_a_save_replaces(subject: Subject) {
    let file = save(&subject, "file.txt", "first", &keeping()).await;

    let kept = save(&subject, "file.txt", "second", &keeping()).await;
    assert_ne!(kept, file, "`overwrite: false` replaced what is there");
    subject
        .assert_holds(&file, b"first", "`overwrite: false`")
        .await;

    let options = SaveOptions::default().with_overwrite(true);
    let replaced = save(&subject, "file.txt", "third", &options).await;
    assert_eq!(replaced, file, "`overwrite: true` took another name");
    subject
        .assert_holds(&file, b"third", "`overwrite: true`")
        .await;
}

pub(crate) async fn a_save_replaces_only_where_the_storage_is_set_to(subject: Subject) {
    let file = save(&subject, "file.txt", "first", &SaveOptions::default()).await;

    let second = save(&subject, "file.txt", "second", &SaveOptions::default()).await;

    let replaces = subject.storage.allow_overwrite();
    assert_eq!(second == file, replaces, "allow_overwrite is {replaces}");
    let expected: &[u8] = if replaces { b"second" } else { b"first" };
    subject
        .assert_holds(&file, expected, "allow_overwrite says so")
        .await;
}

pub(crate) async fn a_save_keeps_to_the_longest_name_allowed(subject: Subject) {
    let options = keeping().with_max_length(16);
    save(&subject, "d/abcdefghi.txt", "first", &options).await;

    let second = save(&subject, "d/abcdefghi.txt", "second", &options).await;
    assert!(
        has_suffix(&second, "d/ab", ".txt"),
        "the root of {second:?} is not cut to 16"
    );

    let long = save(&subject, "d/abcdefghijklmnopq.txt", "third", &options).await;
    assert!(
        has_suffix(&long, "d/ab", ".txt"),
        "a free name over 16 is not cut: {long:?}"
    );

    let options = options.with_overwrite(true);
    let replaced = save(&subject, "d/abcdefghijklmnopq.txt", "fourth", &options).await;
    assert_eq!(
        replaced.as_str(),
        "d/abcdefghij.txt",
        "a replace only cuts the root"
    );
}

pub(crate) async fn a_longest_name_without_room_fails_and_leaves_nothing(subject: Subject) {
    let options = keeping().with_max_length(12);
    let taken = save(&subject, "abc.txt", "first", &options).await;

    for text in ["abc.txt", "abcdefghijk.txt"] {
        let saved = subject
            .storage
            .save(&name(text), "second".into(), &options)
            .await;

        assert_kind(
            saved,
            ErrorKind::InvalidName,
            "a suffix leaves nothing of the root",
        );
    }
    assert_eq!(
        subject.names().await,
        ["abc.txt"],
        "a failed save leaves something"
    );
    subject
        .assert_holds(&taken, b"first", "saves of its name failed")
        .await;
}

pub(crate) async fn an_available_name_is_free_and_not_taken_yet(subject: Subject) {
    let taken = subject.create("file.txt", "content").await;

    let free = subject
        .storage
        .get_available_name(&name("free.txt"), None)
        .await;
    let free = free.expect("the storage answers");
    assert_eq!(free.as_str(), "free.txt", "a free name was changed");

    let other = subject.storage.get_available_name(&taken, None).await;
    let other = other.expect("the storage answers");
    assert!(
        has_suffix(&other, "file", ".txt"),
        "{other:?} has no suffix"
    );
    assert_eq!(
        subject.names().await,
        ["file.txt"],
        "asking for a name made one"
    );
}

pub(crate) async fn a_file_below_a_file_is_refused_where_folders_are_real(subject: Subject) {
    let file = subject.create("file.txt", "content").await;
    let below = name("file.txt/below.txt");

    for target in [
        Target::Create(below.clone()),
        Target::Replace(below.clone()),
    ] {
        let saved = subject.put(target, "below").await;
        if subject.storage.capabilities().folders {
            assert_kind(
                saved,
                ErrorKind::NotADirectory,
                "a folder of the name is a file",
            );
            assert!(!subject.exists(&below).await, "a refused file exists");
        } else {
            saved.expect("a storage without folders keeps both");
            subject
                .assert_holds(&below, b"below", "it was just saved")
                .await;
            subject
                .storage
                .delete(&below)
                .await
                .expect("it was just saved");
        }
    }
    subject
        .assert_holds(&file, b"content", "a file below it was saved")
        .await;
}

pub(crate) async fn a_folder_takes_up_its_name_where_folders_are_real(subject: Subject) {
    let file = subject.create("folder/file.txt", "content").await;
    let folder = name("folder");
    let folders = subject.storage.capabilities().folders;

    let replaced = subject
        .put(Target::Replace(folder.clone()), "replaced")
        .await;
    if folders {
        assert_kind(
            replaced,
            ErrorKind::IsADirectory,
            "no file takes a folder's place",
        );
        let created = subject.put(Target::Create(folder.clone()), "created").await;
        let kind = created.expect_err("a folder is there").kind();
        assert!(
            matches!(kind, ErrorKind::AlreadyExists | ErrorKind::IsADirectory),
            "a create of a folder's name answers {kind:?}"
        );
        let saved = save(&subject, "folder", "saved", &keeping()).await;
        assert!(
            has_suffix(&saved, "folder", ""),
            "{saved:?}: a folder's name is taken"
        );
    } else {
        replaced.expect("a storage without folders keeps both");
        subject
            .assert_holds(&folder, b"replaced", "it was just saved")
            .await;
    }
    subject
        .assert_holds(&file, b"content", "the name of its folder was saved")
        .await;
}

fn keeping() -> SaveOptions {
    SaveOptions::default().with_overwrite(false)
}

async fn save(subject: &Subject, text: &str, content: &'static str, options: &SaveOptions) -> Name {
    let content = Bytes::from_static(content.as_bytes());
    let saved = subject
        .storage
        .save(&name(text), content.into(), options)
        .await;
    let saved = saved.unwrap_or_else(|error| panic!("save of {text:?}: {error}"));
    saved.name
}

fn has_suffix(name: &Name, root: &str, extension: &str) -> bool {
    let suffix = name.as_str().strip_prefix(root);
    let suffix = suffix.and_then(|rest| rest.strip_suffix(extension));
    let random = suffix.and_then(|suffix| suffix.strip_prefix('_'));
    random.is_some_and(|random| {
        random.len() == 7 && random.bytes().all(|letter| letter.is_ascii_alphanumeric())
    })
}

fn put(target: Target, content: impl Into<Content>) -> Put {
    Put {
        target,
        content: content.into(),
        options: SaveOptions::default(),
    }
}

pub(crate) async fn many_puts_are_saved_each_under_its_name(subject: Subject) {
    let old = subject.create("many/old.bin", "old").await;
    let contents = [sample(1, SMALL), sample(2, SMALL), sample(3, 0)];
    for is_one_pass in [false, true] {
        let puts = contents.iter().enumerate().map(|(number, content)| {
            let target = match number {
                0 => Target::Replace(old.clone()),
                _ => Target::Create(name(&format!("many/{is_one_pass}/{number}.bin"))),
            };
            match is_one_pass {
                true => put(target, one_pass(content)),
                false => put(target, content.clone()),
            }
        });

        let (saved, failure) = subject.storage.put_many(puts.collect()).await;

        assert!(failure.is_none(), "many puts failed: {failure:?}");
        assert_eq!(saved.len(), contents.len(), "how many were saved");
        for (saved, content) in saved.iter().zip(&contents) {
            let why = "it was put with others";
            subject.assert_holds(&saved.name, content, why).await;
        }
    }
}

pub(crate) async fn many_puts_end_with_the_first_that_fails(subject: Subject) {
    let taken = subject.create("taken.bin", "old").await;
    let puts = vec![
        put(Target::Create(name("first.bin")), "first"),
        put(Target::Create(taken.clone()), "new"),
        put(Target::Create(name("third.bin")), "third"),
    ];

    let (saved, failure) = subject.storage.put_many(puts).await;

    assert_eq!(saved.len(), 1, "what is before the failure was saved");
    assert_kind(
        failure.map_or(Ok(()), Err),
        ErrorKind::AlreadyExists,
        "the name is taken",
    );
    assert_eq!(
        subject.names().await,
        ["first.bin", "taken.bin"],
        "what comes after a failure is not begun"
    );
    subject
        .assert_holds(&taken, b"old", "a put of its name failed")
        .await;
}
