//! Listings of big folders and deep trees.

use std::{collections::BTreeSet, fs, path::Path};

use futures::{StreamExt, TryStreamExt};
use storehouse_storage::{Storage, StorageExt};
use tempfile::TempDir;

use crate::{name, storage};

#[tokio::test]
async fn every_file_is_listed_once_however_many_there_are() {
    let folder = TempDir::new().unwrap();
    let mut expected = BTreeSet::new();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    // More than one job looks at in one folder.
    for index in 0..1200 {
        for parent in ["", "a", "a/b"] {
            let path = Path::new(parent).join(format!("{index}.txt"));
            fs::write(folder.path().join(&path), "x").unwrap();
            expected.insert(path.display().to_string());
        }
    }
    let storage = storage(folder.path());

    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();

    assert_eq!(listed.len(), expected.len());
    let names: BTreeSet<_> = listed.iter().map(|entry| entry.name.to_string()).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_tree_deeper_than_there_are_descriptors_is_listed() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    let deep = "d/".repeat(1500) + "f";
    storage.save_as(&deep, "x").await.unwrap();

    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();

    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].name.as_str(), deep);
}

#[tokio::test]
async fn a_file_being_written_is_not_listed() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    storage.save_as("a.txt", "a").await.unwrap();
    let staging = folder.path().join(".storehouse-tmp-0");
    fs::create_dir_all(&staging).unwrap();
    fs::write(staging.join("half"), "ha").unwrap();

    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();
    let top = storage.list_dir(None).await.unwrap();

    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((top.files.len(), top.folders.len()), (1, 0), "{top:?}");
}

#[tokio::test]
async fn a_folder_is_not_the_start_of_a_name_and_a_file_is_no_folder() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    for text in ["a/b/c", "ab/c", "f"] {
        storage.save_as(text, "x").await.unwrap();
    }

    for (folder, expected) in [
        ("a", vec!["a/b/c"]),
        ("a/b", vec!["a/b/c"]),
        ("f", vec![]),
        ("x", vec![]),
    ] {
        let entries = storage.list(Some(&name(folder)));
        let names: Vec<_> = entries
            .map(|entry| entry.unwrap().name.to_string())
            .collect()
            .await;

        assert_eq!(names, expected, "{folder}");
    }
}

#[tokio::test]
async fn times_are_those_of_the_disk() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    storage.save_as("a.css", "a").await.unwrap();

    let seen = storage.stat(&name("a.css")).await.unwrap();
    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();

    let metadata = folder.path().join("a.css").metadata().unwrap();
    assert_eq!(seen.modified, metadata.modified().ok());
    assert_eq!(seen.accessed, metadata.accessed().ok());
    assert_eq!(
        seen.attributes.content_type.as_deref(),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(listed, [seen]);
}
