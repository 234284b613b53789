//! The modes of what a save makes. They are set after the file is made, and the umask, which the
//! whole process shares, is never touched; so modes cannot get mixed up between saves.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use rustix::fs::Mode;
use storehouse_filesystem::FilesystemOptions;
use storehouse_storage::StorageExt;
use tempfile::TempDir;

use crate::{child, mode_of, storage_with};

#[test]
fn modes_are_exact_whatever_the_umask_and_whoever_else_saves() {
    let folder = TempDir::new().unwrap();

    child::start("modes", folder.path()).finish();

    // The cases are in `save_under_a_umask`: a umask belongs to a whole process.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 64 + 1);
}

/// The child: saves with many modes at once, then looks.
pub(crate) async fn save_under_a_umask(root: &Path) {
    rustix::process::umask(Mode::from_raw_mode(0o027));
    let default = (None, None);
    let given = (0..64_u32).map(|index| {
        // From 0o600 and 0o700 up, so that the child can look whoever it is.
        (
            Some(0o600 | (index * 5 % 64)),
            Some(0o700 | (index * 11 % 64)),
        )
    });
    let cases: Vec<_> = given.chain([default]).enumerate().collect();

    let saves = cases.iter().map(|&(index, (file_mode, folder_mode))| {
        let options = FilesystemOptions::default()
            .with_file_permissions_mode(file_mode)
            .with_directory_permissions_mode(folder_mode);
        let storage = storage_with(&root.join(format!("{index}/new")), options);
        tokio::spawn(async move { storage.save_as("a/b/c.txt", "c").await.map(drop) })
    });
    for save in saves.collect::<Vec<_>>() {
        save.await.unwrap().unwrap();
    }

    for (index, (file_mode, folder_mode)) in cases {
        let top = root.join(index.to_string());
        for path in ["", "new", "new/a", "new/a/b"] {
            let mode = mode_of(&top.join(path)) & 0o777;
            assert_eq!(
                mode,
                folder_mode.unwrap_or(0o750),
                "{index}: {path} {mode:o}"
            );
        }
        let mode = mode_of(&top.join("new/a/b/c.txt"));
        assert_eq!(mode, file_mode.unwrap_or(0o640), "{index}: {mode:o}");
    }
}

#[tokio::test]
async fn a_file_is_readable_for_the_web_server_by_default() {
    let folder = TempDir::new().unwrap();

    let storage = storage_with(folder.path(), FilesystemOptions::default());
    storage.save_as("a.txt", "a").await.unwrap();

    assert_eq!(mode_of(&folder.path().join("a.txt")), 0o644);
}

#[tokio::test]
async fn a_folder_that_is_there_keeps_its_mode() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("old")).unwrap();
    fs::set_permissions(folder.path().join("old"), fs::Permissions::from_mode(0o711)).unwrap();

    let options = FilesystemOptions::default().with_directory_permissions_mode(0o755);
    let storage = storage_with(folder.path(), options);
    storage.save_as("old/new/a.txt", "a").await.unwrap();

    assert_eq!(mode_of(&folder.path().join("old")), 0o711);
    assert_eq!(mode_of(&folder.path().join("old/new")), 0o755);
}

#[tokio::test]
async fn a_replaced_file_gets_the_mode_of_a_new_one() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.txt"), "old").unwrap();
    fs::set_permissions(
        folder.path().join("a.txt"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();

    let options = FilesystemOptions::default().with_allow_overwrite(true);
    let storage = storage_with(folder.path(), options);
    storage.save_as("a.txt", "new").await.unwrap();

    assert_eq!(mode_of(&folder.path().join("a.txt")), 0o644);
}

#[tokio::test]
async fn a_new_file_gets_the_group_of_the_storage() {
    let folder = TempDir::new().unwrap();
    // Any group will do for root; others can only give files to groups that they are in.
    let own = rustix::process::getegid().as_raw();
    let groups = rustix::process::getgroups().unwrap();
    let group = match rustix::process::geteuid().is_root() {
        true => 12345,
        false => groups.last().map_or(own, |group| group.as_raw()),
    };
    std::os::unix::fs::chown(folder.path(), None, Some(group)).unwrap();

    let storage = storage_with(folder.path(), FilesystemOptions::default());
    storage.save_as("a/b.txt", "b").await.unwrap();

    let file = folder.path().join("a/b.txt").metadata().unwrap();
    assert_eq!(file.gid(), group);
}
