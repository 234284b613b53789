//! What is deleted is gone, what is missing is deleted already, and nothing else is touched.

use storehouse_storage::{ErrorKind, Name, Target};

use crate::{
    checks::listing::{MANY, create_many},
    subject::{Subject, name},
};

pub(crate) async fn what_is_deleted_is_gone(subject: Subject) {
    let file = subject.create("folder/file.txt", "content").await;
    let other = subject.create("folder/file.txt.bak", "other").await;

    subject.storage.delete(&file).await.expect("it is there");

    subject.assert_nothing_at(&file, "it was deleted").await;
    subject
        .assert_holds(&other, b"other", "another name was deleted")
        .await;
}

pub(crate) async fn a_delete_of_what_is_missing_succeeds(subject: Subject) {
    let there = subject.create("folder/file.txt", "content").await;

    for text in [
        "missing.txt",
        "missing/missing.txt",
        "folder/missing.txt",
        "folder/file.tx",
    ] {
        let deleted = subject.storage.delete(&name(text)).await;
        deleted.unwrap_or_else(|error| panic!("{text:?} is missing, as asked: {error}"));
    }
    subject
        .assert_holds(&there, b"content", "other names were deleted")
        .await;
}

pub(crate) async fn a_deleted_name_is_free(subject: Subject) {
    let file = subject.create("file.txt", "old").await;
    subject.storage.delete(&file).await.expect("it is there");

    let again = subject.create("file.txt", "new").await;

    subject
        .assert_holds(&again, b"new", "it was deleted and made again")
        .await;
}

pub(crate) async fn a_delete_of_a_folder_keeps_what_is_in_it(subject: Subject) {
    let file = subject.create("folder/file.txt", "content").await;

    match subject.storage.delete(&name("folder")).await {
        Ok(()) => {}
        Err(error) => {
            assert!(
                subject.storage.capabilities().folders,
                "no folder can be there: {error}"
            );
            assert_eq!(error.kind(), ErrorKind::IsADirectory, "{error}");
        }
    }
    subject
        .assert_holds(&file, b"content", "its folder was deleted")
        .await;
}

pub(crate) async fn a_delete_below_a_file_keeps_the_file(subject: Subject) {
    let file = subject.create("file.txt", "content").await;

    let deleted = subject.storage.delete(&name("file.txt/below.txt")).await;

    deleted.expect("what cannot be there is missing");
    subject
        .assert_holds(&file, b"content", "a name below it was deleted")
        .await;
}

pub(crate) async fn many_deletes_are_done_and_missing_names_are_no_failures(subject: Subject) {
    let texts: Vec<String> = (0..MANY)
        .map(|number| format!("many/{number}.txt"))
        .collect();
    create_many(&subject, &texts).await;
    let kept = subject.create("many/kept.txt", "content").await;
    let mut names: Vec<Name> = texts.iter().map(|text| name(text)).collect();
    names.extend(["missing.txt", "many/missing.txt"].map(name));

    let failures = subject.storage.delete_many(&names).await;

    assert!(
        failures.is_empty(),
        "names that could not be deleted: {failures:?}"
    );
    assert_eq!(subject.names().await, [kept.as_str()], "what is left");
}

pub(crate) async fn many_deletes_take_names_with_strange_characters(subject: Subject) {
    let texts = [
        "a b", "50%", "%2F", "a&b", "<a>", "a+b", "⊗", "a\"b", "it's", "]]>",
    ];
    let mut names = Vec::new();
    for text in texts {
        names.push(subject.create(text, "content").await);
    }

    let failures = subject.storage.delete_many(&names).await;

    assert!(
        failures.is_empty(),
        "names that could not be deleted: {failures:?}"
    );
    assert_eq!(subject.names().await, [""; 0], "what is left");
}

pub(crate) async fn no_deletes_delete_nothing(subject: Subject) {
    let file = subject.create("file.txt", "content").await;

    assert!(subject.storage.delete_many(&[]).await.is_empty());

    subject
        .assert_holds(&file, b"content", "nothing was deleted")
        .await;
}

pub(crate) async fn a_save_that_is_taken_back_is_gone(subject: Subject) {
    let other = subject.create("folder/other.txt", "content").await;
    let file = name("folder/file.txt");
    let saved = subject.put(Target::Create(file.clone()), "content").await;
    let saved = saved.expect("the name is free");

    match subject.storage.take_back(&saved).await {
        Ok(()) => {
            subject
                .assert_nothing_at(&file, "its save was taken back")
                .await;
            let again = subject.storage.take_back(&saved).await;
            again.expect("what is gone is taken back already");
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            subject
                .assert_holds(&file, b"content", "it could not be taken back")
                .await;
        }
    }
    subject
        .assert_holds(&other, b"content", "another save was taken back")
        .await;
}

pub(crate) async fn what_replaced_a_save_is_not_taken_back(subject: Subject) {
    let file = name("folder/file.txt");
    let saved = subject.put(Target::Create(file.clone()), "mine").await;
    let saved = saved.expect("the name is free");
    let replaced = subject
        .put(Target::Replace(file.clone()), "theirs, and longer")
        .await;
    replaced.expect("a replace takes any name");

    if let Err(error) = subject.storage.take_back(&saved).await {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }

    subject
        .assert_holds(
            &file,
            b"theirs, and longer",
            "the save before it was taken back",
        )
        .await;
}
