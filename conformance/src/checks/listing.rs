//! A listing has every object exactly once, and a folder is a folder, not the start of a name.

use futures::{StreamExt, stream};
use storehouse_storage::{Content, Folder, Name, Target};

use crate::{
    samples::{IN_PARTS, one_pass, sample},
    subject::{Subject, name},
};

/// More than a page of any service: S3 lists 1,000 at a time.
pub(crate) const MANY: usize = 1005;

pub(crate) async fn an_empty_storage_lists_nothing(subject: Subject) {
    assert_eq!(
        subject.names().await,
        [""; 0],
        "an empty storage lists something"
    );
    let inside = subject.names_in(Some(&name("folder"))).await;
    assert_eq!(
        inside, [""; 0],
        "a folder that is not there lists something"
    );
    for folder in [None, Some("folder")] {
        let listed = list_dir(&subject, folder).await;
        assert_eq!(
            listed,
            Folder::default(),
            "list_dir of {folder:?} has something"
        );
    }
}

pub(crate) async fn a_listing_is_recursive(subject: Subject) {
    let names = ["a.txt", "a/b.txt", "a/b/c.txt", "a/b/c/d/e.txt", "z.txt"];
    create_all(&subject, &names).await;

    assert_eq!(
        subject.names().await,
        sorted(&names),
        "it goes down to the last folder"
    );
}

pub(crate) async fn a_listing_tells_the_sizes(subject: Subject) {
    for size in [0, 1, 1000] {
        subject
            .create(&format!("folder/{size}.bin"), sample(1, size))
            .await;
    }

    for entry in subject.entries(None).await {
        let stat = subject.stat(&entry.name).await;
        assert_eq!(entry.size, stat.size, "of {:?}", entry.name);
        let expected = format!("folder/{}.bin", entry.size);
        assert_eq!(entry.name.as_str(), expected, "the size of another object");
    }
}

pub(crate) async fn a_folder_is_not_the_start_of_a_name(subject: Subject) {
    create_all(
        &subject,
        &[
            "a/b.txt",
            "ab.txt",
            "a.txt",
            "ab/c.txt",
            "a b/c.txt",
            "b/a/c.txt",
        ],
    )
    .await;

    let found = subject.names_in(Some(&name("a"))).await;
    assert_eq!(found, ["a/b.txt"], "the listing of a folder");
    let listed = list_dir(&subject, Some("a")).await;
    assert_eq!(
        texts(&listed),
        (vec![], vec!["a/b.txt"]),
        "list_dir of a folder"
    );
}

pub(crate) async fn a_folder_lists_what_is_below_it(subject: Subject) {
    let names = ["a/b/c.txt", "a/b/d/e.txt", "a/f.txt", "g.txt"];
    create_all(&subject, &names).await;

    assert_eq!(
        subject.names_in(Some(&name("a"))).await,
        sorted(&names[..3])
    );
    assert_eq!(
        subject.names_in(Some(&name("a/b"))).await,
        sorted(&names[..2])
    );
}

pub(crate) async fn a_file_is_no_folder(subject: Subject) {
    create_all(&subject, &["file.txt"]).await;

    let found = subject.names_in(Some(&name("file.txt"))).await;
    assert_eq!(found, [""; 0], "a file lists something");
    assert_eq!(
        list_dir(&subject, Some("file.txt")).await,
        Folder::default()
    );
    assert_eq!(
        subject.names_in(Some(&name("file.txt/below"))).await,
        [""; 0]
    );
}

pub(crate) async fn folders_with_strange_names_are_listed(subject: Subject) {
    for folder in [
        "a b", "50%", "%2F", "a?b", "a#b", "a+b", "⊗", "it's", "[1]", "a*",
    ] {
        let file = format!("{folder}/file.txt");
        create_all(&subject, &[&file]).await;

        let found = subject.names_in(Some(&name(folder))).await;
        assert_eq!(found, [file.as_str()], "the listing of {folder:?}");
        let listed = list_dir(&subject, Some(folder)).await;
        assert_eq!(
            texts(&listed),
            (vec![], vec![file.as_str()]),
            "list_dir of {folder:?}"
        );
    }
}

pub(crate) async fn list_dir_tells_what_lies_directly_in_a_folder(subject: Subject) {
    let names = [
        "b.txt",
        "a.txt",
        "d/e.txt",
        "d/f/g.txt",
        "d/f/h.txt",
        "d/c/i/j.txt",
        "k/l.txt",
    ];
    create_all(&subject, &names).await;

    let top = list_dir(&subject, None).await;
    assert_eq!(
        texts(&top),
        (vec!["d", "k"], vec!["a.txt", "b.txt"]),
        "at the top"
    );
    let inside = list_dir(&subject, Some("d")).await;
    assert_eq!(
        texts(&inside),
        (vec!["d/c", "d/f"], vec!["d/e.txt"]),
        "in a folder"
    );
    let deeper = list_dir(&subject, Some("d/f")).await;
    assert_eq!(
        texts(&deeper),
        (vec![], vec!["d/f/g.txt", "d/f/h.txt"]),
        "two folders down"
    );
    assert_eq!(inside.files[0].size, 4, "list_dir tells sizes");
}

pub(crate) async fn folders_do_not_exist_as_objects(subject: Subject) {
    create_all(&subject, &["folder/deeper/foo.txt"]).await;

    for text in [
        "folder",
        "folder/deeper",
        "folder/deeper/fo",
        "folder/deeper/foo",
        "fol",
    ] {
        assert!(!subject.exists(&name(text)).await, "{text:?} is no object");
        let stat = subject.storage.stat(&name(text)).await;
        let kind = stat.map_err(|error| error.kind());
        assert_eq!(
            kind,
            Err(storehouse_storage::ErrorKind::NotFound),
            "stat of {text:?}"
        );
    }
}

pub(crate) async fn more_than_a_page_is_listed_exactly_once(subject: Subject) {
    let names: Vec<String> = (0..MANY)
        .map(|number| format!("many/{number:04}.txt"))
        .collect();
    create_many(&subject, &names).await;
    create_all(&subject, &["other.txt"]).await;

    let listed = subject.names_in(Some(&name("many"))).await;
    assert!(
        listed == names,
        "{} of {MANY} objects are in the listing",
        listed.len()
    );
    assert_eq!(
        subject.names().await.len(),
        MANY + 1,
        "the listing of everything"
    );
    let files = list_dir(&subject, Some("many")).await.files;
    let files: Vec<&str> = files.iter().map(|entry| entry.name.as_str()).collect();
    assert!(
        files == names,
        "list_dir tells {} of {MANY} files",
        files.len()
    );
}

pub(crate) async fn more_than_a_page_of_folders_is_listed_exactly_once(subject: Subject) {
    let folders: Vec<String> = (0..MANY).map(|number| format!("{number:04}")).collect();
    let files: Vec<String> = folders
        .iter()
        .map(|folder| format!("{folder}/a.txt"))
        .collect();
    create_many(&subject, &files).await;

    let listed = list_dir(&subject, None).await;
    let found: Vec<&str> = listed.folders.iter().map(Name::as_str).collect();
    assert!(
        found == folders,
        "list_dir tells {} of {MANY} folders",
        found.len()
    );
    assert!(listed.files.is_empty(), "files of folders lie at the top");
}

pub(crate) async fn a_listing_that_is_left_early_harms_nobody(subject: Subject) {
    create_all(&subject, &["a.txt", "b.txt", "c.txt"]).await;

    let first = subject.storage.list(None).next().await;
    let none = subject.storage.list(None);
    drop(none);

    assert!(matches!(first, Some(Ok(_))), "the first of three objects");
    assert_eq!(
        subject.names().await.len(),
        3,
        "a listing after one that was left"
    );
}

pub(crate) async fn what_stays_is_listed_once_while_others_come_and_go(subject: Subject) {
    let staying: Vec<String> = (0..300)
        .map(|number| format!("stay/{number:03}.txt"))
        .collect();
    create_many(&subject, &staying).await;
    let other = subject.clone();
    let changing = tokio::spawn(async move {
        for round in 0..60 {
            let file = other
                .create(&format!("stay/{:03}-{round}.txt", round * 5), "x")
                .await;
            other
                .storage
                .delete(&file)
                .await
                .expect("it was just saved");
        }
    });

    for _ in 0..5 {
        let mut listed = subject.names_in(Some(&name("stay"))).await;
        listed.retain(|name| staying.contains(name));
        assert!(
            listed == staying,
            "{} of 300 objects that stay are listed",
            listed.len()
        );
    }
    changing.await.expect("creates and deletes work meanwhile");
}

pub(crate) async fn what_is_being_saved_is_not_listed(subject: Subject) {
    let bytes = sample(1, IN_PARTS);
    let other = subject.clone();
    let (half, rest) = (bytes.slice(..IN_PARTS - 1), bytes.slice(IN_PARTS - 1..));
    let (ready, wait) = tokio::sync::oneshot::channel::<()>();
    let (go_on, gate) = tokio::sync::oneshot::channel::<()>();
    // All but one byte, which comes only after the listing was looked at.
    let last = stream::once(async move {
        ready.send(()).expect("the check waits");
        gate.await.expect("the check goes on");
        Ok(rest)
    });
    let content = Content::from_stream(one_pass(&half).chain(last));
    let saving = tokio::spawn(async move {
        other
            .put(Target::Create(name("folder/file.bin")), content)
            .await
    });

    wait.await.expect("the storage reads what it saves");
    assert_eq!(subject.names().await, [""; 0], "a part of a save is listed");
    assert!(
        list_dir(&subject, None).await.files.is_empty(),
        "list_dir tells a part"
    );
    subject
        .assert_nothing_at(&name("folder/file.bin"), "it is being saved")
        .await;
    go_on.send(()).expect("the storage waits for the last byte");

    saving.await.expect("no panic").expect("the name is free");
    subject
        .assert_holds(&name("folder/file.bin"), &bytes, "it was saved")
        .await;
}

pub(crate) async fn create_many(subject: &Subject, names: &[String]) {
    let creates = names.iter().cloned().map(|name| {
        let subject = subject.clone();
        async move { subject.create(&name, "some").await }
    });
    let created: Vec<Name> = stream::iter(creates).buffer_unordered(32).collect().await;
    assert_eq!(created.len(), names.len(), "every name is free");
}

async fn create_all(subject: &Subject, names: &[&str]) {
    for name in names {
        subject.create(name, "some").await;
    }
}

async fn list_dir(subject: &Subject, folder: Option<&str>) -> Folder {
    let folder = folder.map(name);
    let listed = subject.storage.list_dir(folder.as_ref()).await;
    listed.unwrap_or_else(|error| panic!("list_dir of {folder:?}: {error}"))
}

fn texts(listed: &Folder) -> (Vec<&str>, Vec<&str>) {
    let folders = listed.folders.iter().map(Name::as_str).collect();
    let files = listed
        .files
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    (folders, files)
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}
