//! Files and folders that are open at once do not grow with the number of tasks.

use std::{env, path::Path, process::Command, sync::Arc};

use futures::future::join_all;
use storehouse_storage::StorageExt;
use tempfile::TempDir;

use crate::{child, storage, tree};

/// More than the blocking pool has threads, each of which could have six files open.
const TASKS: usize = 1000;

#[test]
fn a_thousand_tasks_need_no_more_than_five_hundred_descriptors() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n 500 && exec "$0" "$@""#]);
    command.arg(env::current_exe().unwrap());
    child::become_child(&mut command, "few descriptors", folder.path());

    child::run(command).finish();

    assert_eq!(tree(folder.path()).len(), TASKS);
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
