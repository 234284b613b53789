//! Files and folders that are open at once do not grow with the number of tasks.

use std::{env, path::Path, process::Command, sync::Arc};

use futures::future::{join_all, maybe_done};
use storehouse_storage::{Storage, StorageExt};
use tempfile::TempDir;

use crate::{child, storage, tree};

/// More than the blocking pool has threads, each of which could have six files open.
const TASKS: usize = 1000;

#[test]
fn a_thousand_tasks_need_no_more_than_five_hundred_descriptors() {
    with_few_descriptors("few descriptors");
}

#[test]
fn what_is_saved_and_not_yet_told_to_its_caller_has_nothing_open() {
    with_few_descriptors("slow callers");
}

/// Lets a child that may have 500 files open save as many as there are tasks.
fn with_few_descriptors(role: &str) {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n 500 && exec "$0" "$@""#]);
    command.arg(env::current_exe().unwrap());
    child::become_child(&mut command, role, folder.path());

    child::run(command).finish();

    assert_eq!(tree(folder.path()).len(), TASKS);
}

/// Begins with all saves, and asks for none of the results before the last is there.
pub(crate) async fn save_for_slow_callers(root: &Path) {
    let storage = storage(root);
    let names: Vec<String> = (0..TASKS).map(|task| format!("{task}.txt")).collect();
    let saves = names.iter().map(|name| storage.save_as(name, "x"));
    let mut saves: Vec<_> = saves.map(|save| Box::pin(maybe_done(save))).collect();
    for save in &mut saves {
        // A quick one may be done already.
        let _ = futures::poll!(save);
    }

    storage.settle().await;

    join_all(&mut saves).await;
    for mut save in saves {
        save.as_mut().take_output().unwrap().unwrap();
    }
}

pub(crate) async fn save_many(root: &Path) {
    let storage = Arc::new(storage(root));
    let saves = (0..TASKS).map(|task| {
        let storage = Arc::clone(&storage);
        tokio::spawn(async move { storage.save_as(&format!("{task}.txt"), "x").await })
    });

    for saved in join_all(saves).await {
        saved.unwrap().unwrap();
    }
}
