//! With `follow_symlinks` a storage reads through symlinks that lead out of its folder, and still
//! changes nothing out there.

use std::{fs, os::unix::fs::symlink};

use futures::{StreamExt, TryStreamExt};
use storehouse_filesystem::{FilesystemOptions, FilesystemStorage};
use storehouse_storage::{Entry, ErrorKind, Name, Storage, StorageExt, Target};
use tempfile::TempDir;

use crate::{name, put, storage_with, tree};

/// A folder `root` with links to a folder `outside`, and the storage of it.
fn with_links() -> (TempDir, FilesystemStorage) {
    let folder = TempDir::new().unwrap();
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    fs::create_dir(&root).unwrap();
    fs::create_dir_all(outside.join("deep")).unwrap();
    fs::write(outside.join("f"), "outside").unwrap();
    fs::write(outside.join("deep/g"), "deeper").unwrap();
    symlink(outside.join("f"), root.join("absolute")).unwrap();
    symlink("../outside/f", root.join("relative")).unwrap();
    symlink("relative", root.join("chain")).unwrap();
    symlink("../outside", root.join("dir")).unwrap();
    symlink("../outside/nothing", root.join("broken")).unwrap();
    let options = FilesystemOptions::default().with_follow_symlinks(true);
    let storage = storage_with(&root, options);
    (folder, storage)
}

async fn listed(storage: &dyn Storage, folder: Option<&Name>) -> Vec<String> {
    // A walk that goes round in circles fails the test, and does not last for ever.
    let entries = storage.list(folder).take(100);
    let entries: Vec<Entry> = entries.try_collect().await.unwrap();
    let mut names: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", entry.name, entry.size))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_links_lead_to_outside_is_read() {
    let (_folder, storage) = with_links();

    for (linked, content) in [
        ("absolute", "outside"),
        ("relative", "outside"),
        ("chain", "outside"),
        ("dir/f", "outside"),
        ("dir/deep/g", "deeper"),
    ] {
        let linked = name(linked);

        assert_eq!(storage.read_text(&linked).await.unwrap(), content);
        assert!(storage.exists(&linked).await.unwrap(), "{linked}");
        let entry = storage.stat(&linked).await.unwrap();
        assert_eq!(entry.size, content.len() as u64, "{linked}");
        assert!(entry.modified.is_some() && entry.etag.is_some(), "{linked}");
        let copied = storage.copy(&linked, Target::Replace(name("copy"))).await;
        assert_eq!(copied.unwrap().name, name("copy"));
        assert_eq!(storage.read_text(&name("copy")).await.unwrap(), content);
    }
    assert!(storage.exists(&name("broken")).await.unwrap());
    assert!(!storage.exists(&name("dir")).await.unwrap());
}

#[tokio::test]
async fn what_links_lead_to_outside_is_listed() {
    let (_folder, storage) = with_links();

    let all = listed(&storage, None).await;
    let below = listed(&storage, Some(&name("dir/deep"))).await;
    let top = storage.list_dir(None).await.unwrap();

    let files = [
        "absolute 7",
        "chain 7",
        "dir/deep/g 6",
        "dir/f 7",
        "relative 7",
    ];
    assert_eq!(all, files);
    assert_eq!(below, ["dir/deep/g 6"]);
    assert_eq!(top.folders, [name("dir")]);
    let names: Vec<_> = top.files.iter().map(|entry| entry.name.as_str()).collect();
    // Which cannot be opened, and takes its name.
    assert_eq!(names, ["absolute", "broken", "chain", "relative"]);
}

#[tokio::test]
async fn a_link_to_a_folder_above_ends_a_listing() {
    let (folder, storage) = with_links();
    symlink("..", folder.path().join("outside/up")).unwrap();

    let all = listed(&storage, Some(&name("dir"))).await;

    // `dir/up` is the folder that root and outside are in; its `outside` is where the walk began.
    assert!(
        all.contains(&"dir/up/root/relative 7".to_owned()),
        "{all:?}"
    );
    assert!(
        !all.iter().any(|name| name.contains("up/outside")),
        "{all:?}"
    );
}

#[tokio::test]
async fn nothing_outside_is_written_or_deleted() {
    let (folder, storage) = with_links();
    let before = tree(&folder.path().join("outside"));
    let below = name("dir/f");

    for (operation, outcome) in [
        ("delete", storage.delete(&below).await),
        ("save", storage.save_as("dir/new", "x").await.map(drop)),
        (
            "save deeper",
            storage.save_as("dir/new/er", "x").await.map(drop),
        ),
        (
            "replace",
            put(&storage, Target::Replace(below.clone()), "x")
                .await
                .map(drop),
        ),
        (
            "copy to",
            storage
                .copy(&below, Target::Create(name("dir/c")))
                .await
                .map(drop),
        ),
    ] {
        let error = outcome.expect_err(operation);
        assert_eq!(
            error.kind(),
            ErrorKind::PermissionDenied,
            "{operation}: {error}"
        );
    }
    let failures = storage.delete_many(&[below]).await;
    assert_eq!(failures.len(), 1);

    assert_eq!(tree(&folder.path().join("outside")), before);
    assert_eq!(
        fs::read_to_string(folder.path().join("outside/f")).unwrap(),
        "outside"
    );
}

#[tokio::test]
async fn a_link_itself_is_replaced_deleted_and_takes_up_its_name() {
    let (folder, storage) = with_links();

    let saved = storage.save_as("relative", "x").await.unwrap();
    put(&storage, Target::Replace(name("absolute")), "new")
        .await
        .unwrap();
    for link in ["relative", "chain", "dir", "broken"] {
        storage.delete(&name(link)).await.unwrap();
    }

    assert_ne!(saved.name, name("relative"));
    assert_eq!(storage.read_text(&name("absolute")).await.unwrap(), "new");
    // With it goes its folder of unfinished files.
    drop(storage);
    let left = tree(&folder.path().join("root"));
    assert_eq!(left, ["absolute", saved.name.as_str()]);
    assert_eq!(
        fs::read_to_string(folder.path().join("outside/f")).unwrap(),
        "outside"
    );
    assert_eq!(
        tree(&folder.path().join("outside")),
        ["deep", "deep/g", "f"]
    );
}
