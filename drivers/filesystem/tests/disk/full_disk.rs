//! A disk that is full, and a storage that spans two disks. Both are made of `tmpfs` in a mount
//! namespace of the child's own (`unshare`, of util-linux).

use std::{env, fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use bytes::Bytes;
use storehouse_storage::{Content, ErrorKind, Storage, StorageExt, Target};
use tempfile::TempDir;

use crate::{child, mode_of, name, put, storage, tree};

/// Runs the child where `mounted`, below `root`, is a disk of 1 MiB and 50 files.
fn on_a_small_disk(role: &str, root: &Path, mounted: &str) {
    let mount = r#"mount -t tmpfs -o size=1m,nr_inodes=50,mode=755 tmpfs "$0" && exec "$@""#;
    let mut command = Command::new("unshare");
    // As root in a namespace of its own, also for those who are not root outside.
    command.args(["--map-root-user", "--mount", "sh", "-c", mount]);
    command
        .arg(root.join(mounted))
        .arg(env::current_exe().unwrap());
    child::become_child(&mut command, role, root);
    child::run(command).finish();
}

#[test]
fn a_full_disk_is_said_and_nothing_is_left() {
    let folder = TempDir::new().unwrap();

    on_a_small_disk("full disk", folder.path(), "");
}

pub(crate) async fn fill(root: &Path) {
    let storage = storage(root);
    storage.save_as("old.bin", vec![1; 100_000]).await.unwrap();
    let blocks = || (0..8).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![2; 300_000])));

    for (case, content) in [
        ("large", Content::from(vec![2; 2_000_000])),
        (
            "in blocks",
            Content::from_stream(futures::stream::iter(blocks())),
        ),
    ] {
        let target = Target::Replace(name("old.bin"));
        let error = put(&storage, target, content).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::StorageFull, "{case}: {error}");
        assert!(
            error.to_string().contains("bytes are free there"),
            "{case}: {error}"
        );
        storage.settle().await;
        assert_eq!(
            storage.read(&name("old.bin")).await.unwrap(),
            vec![1; 100_000],
            "{case}"
        );
    }
    drop(storage);
    assert_eq!(tree(root), ["old.bin"]);
}

#[test]
fn a_disk_that_takes_no_more_files_is_said() {
    let folder = TempDir::new().unwrap();

    on_a_small_disk("many files", folder.path(), "");
}

pub(crate) async fn make_too_many(root: &Path) {
    let storage = storage(root);

    let error = loop {
        if let Err(error) = storage.save_as("a.txt", "a").await {
            break error;
        }
    };

    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert!(error.to_string().contains("but no new file"), "{error}");
}

#[test]
fn a_folder_on_another_disk_is_saved_to_like_any_other() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("mounted")).unwrap();

    on_a_small_disk("two disks", folder.path(), "mounted");
}

pub(crate) async fn save_across_disks(root: &Path) {
    let other = root.join("mounted");
    let device = |path: &Path| path.metadata().unwrap().dev();
    assert_ne!(device(root), device(&other));

    let storage = storage(root);
    let first = storage.save_as("mounted/new/a.txt", "first").await.unwrap();
    let second = storage
        .save_as("mounted/new/a.txt", "second")
        .await
        .unwrap();
    let third = put(&storage, Target::Replace(first.name.clone()), "third");
    third.await.unwrap();

    assert_eq!(storage.read_text(&first.name).await.unwrap(), "third");
    assert_eq!(storage.read_text(&second.name).await.unwrap(), "second");
    assert_eq!(mode_of(&other.join("new/a.txt")), 0o644);
    drop(storage);
    assert_eq!(tree(&other).len(), 3, "{:?}", tree(&other));
    assert_eq!(tree(root).len(), 4, "{:?}", tree(root));
}
