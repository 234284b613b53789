//! Trees that hold more than files and folders, and roots that come and go.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    path::PathBuf,
    process::Command,
};

use bytes::Bytes;
use futures::TryStreamExt;
use storehouse_storage::{Entry, ErrorKind, Put, SaveOptions, Storage, StorageExt, Target};
use tempfile::TempDir;

use crate::{name, put, storage};

async fn listed(storage: &dyn Storage) -> Vec<String> {
    let entries: Vec<Entry> = storage.list(None).try_collect().await.unwrap();
    let mut names: Vec<_> = entries.iter().map(|entry| entry.name.to_string()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_no_file_is_refused_at_once_and_not_listed() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    storage.save_as("file", "file").await.unwrap();
    let made = Command::new("mkfifo")
        .arg(folder.path().join("fifo"))
        .status();
    assert!(made.unwrap().success());
    let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();

    for odd in ["fifo", "socket"] {
        let opened = storage.read(&name(odd)).await.unwrap_err();
        let seen = storage.stat(&name(odd)).await.unwrap_err();

        assert_eq!(opened.kind(), ErrorKind::NotFound, "{odd}: {opened}");
        assert!(
            opened.to_string().contains("a fifo, a socket"),
            "{odd}: {opened}"
        );
        assert_eq!(seen.kind(), ErrorKind::NotFound, "{odd}: {seen}");
        // It takes up the name all the same.
        let created = put(&storage, Target::Create(name(odd)), "x").await;
        assert_eq!(
            created.unwrap_err().kind(),
            ErrorKind::AlreadyExists,
            "{odd}"
        );
    }
    assert_eq!(listed(&storage).await, ["file"]);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_takes_up_its_name() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    symlink("nowhere", folder.path().join("a.txt")).unwrap();
    symlink("round", folder.path().join("round")).unwrap();

    let saved = storage.save_as("a.txt", "a").await.unwrap();

    assert_ne!(saved.name, name("a.txt"));
    assert!(!folder.path().join("nowhere").exists());
    for link in ["a.txt", "round"] {
        // As Django's: its name is taken.
        assert!(storage.exists(&name(link)).await.unwrap(), "{link}");
        let opened = storage.read(&name(link)).await.unwrap_err();
        assert_eq!(opened.kind(), ErrorKind::NotFound, "{link}: {opened}");
    }
    assert_eq!(listed(&storage).await, [saved.name.as_str()]);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_no_folder_to_save_in() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    symlink("nowhere", folder.path().join("dir")).unwrap();

    let error = storage.save_as("dir/a.txt", "a").await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NotADirectory, "{error}");
    assert!(!folder.path().join("nowhere").exists());
}

#[tokio::test]
async fn links_that_lead_round_are_listed_once_round() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    storage.save_as("a/f", "f").await.unwrap();
    storage.save_as("b/g", "g").await.unwrap();
    symlink("..", folder.path().join("a/up")).unwrap();
    symlink("../b", folder.path().join("a/over")).unwrap();
    symlink("../a", folder.path().join("b/back")).unwrap();

    let listed = listed(&storage).await;

    assert_eq!(listed, ["a/f", "a/over/g", "b/back/f", "b/g"]);
    let a = storage.list_dir(Some(&name("a"))).await.unwrap();
    assert_eq!(a.folders, [name("a/over"), name("a/up")]);
    assert_eq!(a.files.len(), 1);
}

#[tokio::test]
async fn a_file_whose_name_cannot_be_asked_for_does_not_spoil_a_listing() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    storage.save_as("good", "good").await.unwrap();
    for odd in [&b"caf\xe9"[..], b"back\\slash"] {
        fs::write(folder.path().join(OsStr::from_bytes(odd)), "odd").unwrap();
    }

    assert_eq!(listed(&storage).await, ["good"]);
    assert_eq!(storage.list_dir(None).await.unwrap().files.len(), 1);
}

#[tokio::test]
async fn a_root_that_is_not_there_is_empty_until_the_first_save() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("not/there");
    let storage = storage(&root);
    let a = name("a.txt");

    assert!(!storage.exists(&a).await.unwrap());
    assert_eq!(
        storage.read(&a).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(listed(&storage).await.is_empty());
    assert!(storage.list_dir(None).await.unwrap().files.is_empty());
    storage.delete(&a).await.unwrap();
    assert!(!folder.path().join("not").exists(), "reading makes nothing");

    storage.save_as("a.txt", "a").await.unwrap();
    assert!(root.join("a.txt").exists());
}

#[tokio::test]
async fn a_root_that_is_removed_and_made_again_goes_on_working() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("root");
    let storage = storage(&root);
    storage.save_as("a/b.txt", "old").await.unwrap();

    fs::remove_dir_all(&root).unwrap();
    let gone = storage.exists(&name("a/b.txt")).await.unwrap();
    let saved = storage.save_as("a/b.txt", "new").await.unwrap();

    assert!(!gone);
    assert_eq!(saved.name, name("a/b.txt"));
    assert_eq!(fs::read_to_string(root.join("a/b.txt")).unwrap(), "new");
}

/// A content that removes a folder when nobody needs it any more.
struct Removing(PathBuf);

impl AsRef<[u8]> for Removing {
    fn as_ref(&self) -> &[u8] {
        b"first"
    }
}

impl Drop for Removing {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[tokio::test]
async fn a_folder_that_is_removed_between_two_of_many_puts_is_made_again() {
    for target in [Target::Create, Target::Replace] {
        let folder = TempDir::new().unwrap();
        let storage = storage(folder.path());
        let removing = Bytes::from_owner(Removing(folder.path().join("a/b")));
        let puts = [("a/b/first", removing), ("a/b/second", "second".into())];
        let puts = puts.map(|(file, content)| Put {
            target: target(name(file)),
            content: content.into(),
            options: SaveOptions::default(),
        });

        let (saved, failure) = storage.put_many(puts.into()).await;

        assert!(failure.is_none(), "{failure:?}");
        let saved: Vec<_> = saved.iter().map(|saved| saved.name.as_str()).collect();
        assert_eq!(saved, ["a/b/first", "a/b/second"]);
        // Had it been removed at another time, there would be both of them or none.
        assert_eq!(listed(&storage).await, ["a/b/second"]);
    }
}

#[tokio::test]
async fn a_root_behind_a_link_moves_on_with_the_link() {
    let folder = TempDir::new().unwrap();
    let current = folder.path().join("current");
    for release in ["1", "2"] {
        fs::create_dir(folder.path().join(release)).unwrap();
        fs::write(folder.path().join(release).join("version"), release).unwrap();
    }
    symlink("1", &current).unwrap();
    let storage = storage(&current);
    let before = storage.read_text(&name("version")).await.unwrap();

    fs::remove_file(&current).unwrap();
    symlink("2", &current).unwrap();
    let after = storage.read_text(&name("version")).await.unwrap();

    assert_eq!((before.as_str(), after.as_str()), ("1", "2"));
}
