//! Processes that are killed in the middle of a save, and processes that save at the same time.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use storehouse_storage::{Storage, StorageExt};
use tempfile::TempDir;

use crate::{child, name, storage, tree};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_save_leaves_nothing_that_can_be_seen_and_its_litter_is_swept() {
    let folder = TempDir::new().unwrap();
    let mut dying = child::start("save slowly", folder.path());
    let mut living = child::start("save slowly", folder.path());
    assert_eq!(dying.hear(), "staged");
    assert_eq!(living.hear(), "staged");
    dying.kill();
    // Where files can be written without a name there is no litter.
    assert!([0, 2].contains(&staged(&folder)));

    let storage = storage(folder.path());
    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();
    let exists = storage.exists(&name("slow/a.bin")).await.unwrap();
    let first = storage.save_as("b.txt", "b").await.unwrap();

    assert!(listed.is_empty() && !exists, "{listed:?}");
    assert_eq!(first.name, name("b.txt"));
    assert!(
        staged(&folder) <= 1,
        "only the living writer's file may stay"
    );
    living.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_leaves_no_folder_of_its_own_behind() {
    let folder = TempDir::new().unwrap();

    let storage = storage(folder.path());
    storage.save_as("a/b.txt", "b").await.unwrap();
    drop(storage);

    assert_eq!(tree(folder.path()), ["a", "a/b.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_processes_that_save_one_name_get_forty_names() {
    let folder = TempDir::new().unwrap();
    let mut children: Vec<_> = (0..40)
        .map(|_| child::start("save once", folder.path()))
        .collect();
    for child in &mut children {
        assert_eq!(child.hear(), "ready");
    }
    for child in &mut children {
        child.go();
    }
    let names: BTreeSet<_> = children.iter_mut().map(child::Running::hear).collect();
    children.into_iter().for_each(child::Running::finish);

    let storage = storage(folder.path());
    let mut contents = BTreeSet::new();
    for used in &names {
        let content = storage.read_text(&name(used)).await.unwrap();
        assert_eq!(content, content[..8].repeat(40_000), "{used} is whole");
        contents.insert(content);
    }

    assert_eq!(names.len(), 40);
    assert_eq!(contents.len(), 40);
    assert!(names.contains("uploads/a.tar.gz"), "{names:?}");
    assert_eq!(tree(&folder.path().join("uploads")).len(), 40);
    assert_eq!(staged(&folder), 0);
}

/// How many files are being written, or were left so.
fn staged(folder: &TempDir) -> usize {
    let all = tree(folder.path());
    all.iter()
        .filter(|path| path.starts_with(".storehouse-tmp") && path.contains('/'))
        .count()
}
