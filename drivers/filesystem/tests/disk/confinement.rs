//! Nothing outside the storage's folder is read, written or deleted, whatever symlinks there are
//! and however they change.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use storehouse_storage::{ErrorKind, Result, Storage, StorageExt, Target};
use tempfile::TempDir;

use crate::{name, put, storage, tree};

const CANARY: &str = "what is outside";
/// How many operations must have gone well, and how many been refused, while the swapper swaps.
const ENOUGH: u64 = 3000;
/// More than a slow and busy machine needs for that: 3 seconds on two cores with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A storage's folder `root` beside a folder `outside` with a file `f`.
fn with_outside() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("root")).unwrap();
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/f"), CANARY).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_folder_swapped_for_a_link_to_the_outside_lets_nothing_out_or_in() {
    let folder = with_outside();
    let root = folder.path().join("root");
    fs::create_dir(root.join("d")).unwrap();
    symlink("../outside", root.join("link")).unwrap();
    let storage = Arc::new(storage(&root));
    let is_over = Arc::new(AtomicBool::new(false));

    let swapper = std::thread::spawn({
        let (is_over, root) = (Arc::clone(&is_over), root.clone());
        move || {
            while !is_over.load(Relaxed) {
                let (d, link) = (root.join("d"), root.join("link"));
                renameat_with(CWD, d, CWD, link, RenameFlags::EXCHANGE).unwrap();
            }
        }
    });
    let started = Instant::now();
    let (done, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let storage = Arc::clone(&storage);
            let (done, refused) = (Arc::clone(&done), Arc::clone(&refused));
            tokio::spawn(async move {
                while done.load(Relaxed) < ENOUGH || refused.load(Relaxed) < ENOUGH {
                    assert!(
                        started.elapsed() < PATIENCE,
                        "is anything swapped? {done:?} {refused:?}"
                    );
                    for outcome in one_round(&*storage, task).await {
                        match outcome {
                            Ok(()) => done.fetch_add(1, Relaxed),
                            // The words depend on the instant: the link was seen, or no longer.
                            Err(_) => refused.fetch_add(1, Relaxed),
                        };
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    is_over.store(true, Relaxed);
    swapper.join().unwrap();

    assert_eq!(tree(&folder.path().join("outside")), ["f"]);
    assert_eq!(
        fs::read_to_string(folder.path().join("outside/f")).unwrap(),
        CANARY
    );
}

/// Every operation once. What is refused counts; what is missing, or there already, does not.
async fn one_round(storage: &dyn Storage, task: u64) -> Vec<Result<()>> {
    let f = name("d/f");
    let replaced = put(storage, Target::Replace(f.clone()), "inside");
    let replaced = replaced.await.map(drop);
    let created = put(
        storage,
        Target::Create(name(&format!("d/sub{task}/g"))),
        "inside",
    );
    let created = created.await.map(drop);
    let read = match storage.read_text(&f).await {
        Ok(text) => {
            assert_eq!(text, "inside", "the outside was read");
            Ok(())
        }
        other => other.map(drop),
    };
    let listed: Result<Vec<_>> = storage.list(Some(&name("d"))).try_collect().await;
    if let Ok(listed) = &listed {
        let outside = CANARY.len() as u64;
        assert!(
            listed.iter().all(|entry| entry.size != outside),
            "{listed:?}"
        );
    }
    let deleted = storage.delete(&name("d/f")).await;
    [replaced, created, read, listed.map(drop), deleted]
        .into_iter()
        .filter(|outcome| {
            let kind = outcome.as_ref().err().map(storehouse_storage::Error::kind);
            !matches!(kind, Some(ErrorKind::NotFound | ErrorKind::AlreadyExists))
        })
        .collect()
}

#[tokio::test]
async fn a_link_out_of_the_folder_is_refused_by_every_operation() {
    for (case, target) in [("relative", "../outside"), ("absolute", "ABSOLUTE")] {
        let folder = with_outside();
        let root = folder.path().join("root");
        let target = match target {
            "ABSOLUTE" => folder.path().join("outside"),
            relative => relative.into(),
        };
        symlink(target.join("f"), root.join("file")).unwrap();
        symlink(&target, root.join("dir")).unwrap();
        let storage = storage(&root);
        let (file, below) = (name("file"), name("dir/f"));

        for (operation, outcome) in [
            ("open a file", storage.read(&file).await.map(drop)),
            ("open below", storage.read(&below).await.map(drop)),
            ("stat", storage.stat(&file).await.map(drop)),
            ("exists", storage.exists(&below).await.map(drop)),
            ("delete below", storage.delete(&below).await),
            (
                "list below",
                storage.list_dir(Some(&name("dir"))).await.map(drop),
            ),
            (
                "copy from",
                storage
                    .copy(&below, Target::Create(name("c")))
                    .await
                    .map(drop),
            ),
            (
                "save below",
                storage.save_as("dir/new", "x").await.map(drop),
            ),
            (
                "save deeper",
                storage.save_as("dir/new/er", "x").await.map(drop),
            ),
            (
                "replace below",
                put(&storage, Target::Replace(below.clone()), "x")
                    .await
                    .map(drop),
            ),
        ] {
            let error = outcome.expect_err(&format!("{case}: {operation}"));
            assert_eq!(
                error.kind(),
                ErrorKind::PermissionDenied,
                "{case}: {operation}: {error}"
            );
            let is_read = !["delete", "save", "replace"]
                .iter()
                .any(|write| operation.starts_with(write));
            let advice = error.to_string().contains("follow_symlinks = true");
            assert_eq!(advice, is_read, "{case}: {operation}: {error}");
        }
        assert_eq!(tree(&folder.path().join("outside")), ["f"], "{case}");
    }
}

#[tokio::test]
async fn replacing_a_link_replaces_the_link_and_not_what_it_leads_to() {
    let folder = with_outside();
    let root = folder.path().join("root");
    symlink("../outside/f", root.join("file")).unwrap();
    let storage = storage(&root);

    let replaced = put(&storage, Target::Replace(name("file")), "new");
    replaced.await.unwrap();

    assert_eq!(storage.read_text(&name("file")).await.unwrap(), "new");
    assert_eq!(
        fs::read_to_string(folder.path().join("outside/f")).unwrap(),
        CANARY
    );
}

#[tokio::test]
async fn deleting_a_link_deletes_the_link_and_not_what_it_leads_to() {
    let folder = with_outside();
    let root = folder.path().join("root");
    symlink("../outside/f", root.join("file")).unwrap();
    symlink("../outside", root.join("dir")).unwrap();
    let storage = storage(&root);

    storage.delete(&name("file")).await.unwrap();
    storage.delete(&name("dir")).await.unwrap();

    assert!(tree(&root).is_empty());
    assert_eq!(tree(&folder.path().join("outside")), ["f"]);
}

#[tokio::test]
async fn a_link_that_stays_inside_is_followed() {
    let folder = with_outside();
    let root = folder.path().join("root");
    let storage = storage(&root);
    storage.save_as("real/deep/f", "inside").await.unwrap();
    fs::create_dir(root.join("links")).unwrap();
    symlink("../real/deep", root.join("links/d")).unwrap();

    let read = storage.read_text(&name("links/d/f")).await.unwrap();
    let saved = storage.save_as("links/d/new/g", "g").await.unwrap();

    assert_eq!(read, "inside");
    assert_eq!(saved.name, name("links/d/new/g"));
    assert_eq!(
        fs::read_to_string(root.join("real/deep/new/g")).unwrap(),
        "g"
    );
}
