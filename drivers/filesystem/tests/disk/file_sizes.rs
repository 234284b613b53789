//! The limit of file sizes, above which the system sends a signal. README tells applications what to do.

use std::{env, path::Path, process::Command};

use storehouse_storage::{ErrorKind, StorageExt};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::{child, storage, tree};

/// Of these 4 blocks of 512 or 1,024 bytes each may be in a file.
const LIMITED: &str = r#"ulimit -f 4 && exec "$0" "$@""#;
const TOO_LARGE: usize = 64 * 1024;

#[test]
fn a_file_above_the_limit_of_sizes_is_an_error_where_the_signal_has_a_handler() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", LIMITED]);
    command.arg(env::current_exe().unwrap());
    child::become_child(&mut command, "file sizes", folder.path());

    let mut running = child::run(command);

    assert_eq!(running.hear(), "StorageFull");
    running.finish();
    assert_eq!(tree(folder.path()), ["small.txt"]);
}

pub(crate) async fn save_a_large_file(root: &Path) {
    let number = rustix::process::Signal::XFSZ.as_raw();
    let _ = signal(SignalKind::from_raw(number)).unwrap();
    let storage = storage(root);

    let refused = storage.save_as("large.bin", vec![0; TOO_LARGE]).await;

    let kind = refused.unwrap_err().kind();
    assert_eq!(kind, ErrorKind::StorageFull);
    storage.save_as("small.txt", "x").await.unwrap();
    child::say(&format!("{kind:?}"));
}
