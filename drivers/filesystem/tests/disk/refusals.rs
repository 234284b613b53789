//! What the system refuses, told in words and kinds.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
};

use storehouse_storage::{ErrorKind, Storage, StorageExt, Target};
use tempfile::TempDir;

use crate::{child, name, put, storage, tree};

/// `nobody`, on every system in use.
const NOBODY: u32 = 65534;

#[test]
fn a_folder_that_may_not_be_written_to_is_said_with_its_path() {
    let folder = TempDir::new().unwrap();
    // Where the tests run as root, which may do anything, the child is somebody else, who may not
    // even see the folder that this binary is in.
    let program = folder.path().join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("old.txt"), "old").unwrap();
    fs::write(root.join("hidden.txt"), "hidden").unwrap();
    for (path, mode) in [
        (folder.path(), 0o755),
        (&root, 0o555),
        (&root.join("hidden.txt"), 0o000),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = Command::new(program);
    child::become_child(&mut command, "no rights", &root);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }

    child::run(command).finish();

    assert_eq!(tree(&root), ["hidden.txt", "old.txt"]);
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) async fn try_without_rights(root: &Path) {
    let storage = storage(root);
    let new_root = crate::storage(&root.join("new/root"));
    let replacing = put(&storage, Target::Replace(name("old.txt")), "new");

    for (operation, outcome) in [
        ("save", storage.save_as("new.txt", "new").await.map(drop)),
        (
            "save deeper",
            storage.save_as("new/new.txt", "new").await.map(drop),
        ),
        ("replace", replacing.await.map(drop)),
        ("delete", storage.delete(&name("old.txt")).await),
        ("open", storage.read(&name("hidden.txt")).await.map(drop)),
        (
            "make the root",
            new_root.save_as("a.txt", "a").await.map(drop),
        ),
    ] {
        let error = outcome.expect_err(operation);
        assert_eq!(
            error.kind(),
            ErrorKind::PermissionDenied,
            "{operation}: {error}"
        );
        assert!(
            error.to_string().contains(root.to_str().unwrap()),
            "{operation}: {error}"
        );
        assert!(
            error.to_string().contains("let the user"),
            "{operation}: {error}"
        );
    }
    assert_eq!(storage.read_text(&name("old.txt")).await.unwrap(), "old");
}

#[tokio::test]
async fn a_file_in_the_place_of_a_folder_is_said() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    for name in ["a.txt", "dir/x"] {
        storage.save_as(name, "a").await.unwrap();
    }

    for (case, outcome, kind) in [
        (
            "save below a file",
            storage.save_as("a.txt/b", "b").await.map(drop),
            ErrorKind::NotADirectory,
        ),
        (
            "save deep below a file",
            storage.save_as("a.txt/b/c", "c").await.map(drop),
            ErrorKind::NotADirectory,
        ),
        (
            "replace a folder",
            put(&storage, Target::Replace(name("dir")), "d")
                .await
                .map(drop),
            ErrorKind::IsADirectory,
        ),
        (
            "create where a folder is",
            put(&storage, Target::Create(name("dir")), "d")
                .await
                .map(drop),
            ErrorKind::AlreadyExists,
        ),
        (
            "open a folder",
            storage.read(&name("dir")).await.map(drop),
            ErrorKind::IsADirectory,
        ),
        (
            "stat a folder",
            storage.stat(&name("dir")).await.map(drop),
            ErrorKind::NotFound,
        ),
        (
            "delete a folder",
            storage.delete(&name("dir")).await,
            ErrorKind::IsADirectory,
        ),
        (
            "open below a file",
            storage.read(&name("a.txt/b")).await.map(drop),
            ErrorKind::NotFound,
        ),
    ] {
        let error = outcome.expect_err(case);

        assert_eq!(error.kind(), kind, "{case}: {error}");
    }
    assert!(!storage.exists(&name("a.txt/b")).await.unwrap());
    storage.delete(&name("a.txt/b")).await.unwrap();
    // With the staging folder.
    assert_eq!(tree(folder.path()).len(), 4);
}

#[tokio::test]
async fn a_root_that_is_a_file_is_a_wrong_setting() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();

    for location in ["file", "file/media"] {
        let storage = storage(&folder.path().join(location));
        let error = storage.save_as("a.txt", "a").await.unwrap_err();

        assert_eq!(
            error.kind(),
            ErrorKind::Configuration,
            "{location}: {error}"
        );
        assert!(error.to_string().contains(location), "{error}");
    }
}

#[tokio::test]
async fn names_that_no_disk_takes_are_refused_before_anything_is_made() {
    let folder = TempDir::new().unwrap();
    let storage = storage(&folder.path().join("root"));
    let longest = storage.capabilities().max_name_bytes;

    for (case, text) in [
        ("part", "a".repeat(256)),
        ("folder", format!("{}/a", "a".repeat(256))),
        ("name", "a/".repeat(longest / 2) + "aa"),
        ("ours", ".storehouse-tmp-0/a".to_owned()),
        ("ours, deeper", "a/.STOREHOUSE-TMP".to_owned()),
    ] {
        let name = name(&text);
        for (operation, outcome) in [
            ("save", storage.save_as(&text, "x").await.map(drop)),
            ("open", storage.read(&name).await.map(drop)),
            ("stat", storage.stat(&name).await.map(drop)),
            ("delete", storage.delete(&name).await),
            ("list", storage.list_dir(Some(&name)).await.map(drop)),
        ] {
            let error = outcome.expect_err(case);
            assert_eq!(
                error.kind(),
                ErrorKind::InvalidName,
                "{case}: {operation}: {error}"
            );
        }
    }
    assert!(tree(folder.path()).is_empty());
}

#[tokio::test]
async fn a_taken_name_without_room_for_a_suffix_is_cut() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    let text = "a".repeat(250);
    storage.save_as(&text, "first").await.unwrap();

    let saved = storage.save_as(&text, "second").await.unwrap();

    assert_eq!(saved.name.as_str().len(), 255);
    assert!(
        saved
            .name
            .as_str()
            .starts_with(&format!("{}_", "a".repeat(247)))
    );
    // Nothing of the root would be left.
    let text = format!("a.{}", "x".repeat(250));
    storage.save_as(&text, "first").await.unwrap();
    let error = storage.save_as(&text, "second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidName, "{error}");
}

// Django's collectstatic removes an empty folder where a file goes.
#[tokio::test]
async fn an_empty_folder_gives_way_to_a_file_that_replaces_it() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    fs::create_dir(folder.path().join("dir")).unwrap();

    put(&storage, Target::Replace(name("dir")), "d")
        .await
        .unwrap();

    assert_eq!(fs::read(folder.path().join("dir")).unwrap(), b"d");
}
