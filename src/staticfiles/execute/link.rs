//! What only a disk has and no storage knows of: links to sources (`collectstatic --link`), and names
//! with a `\`. Nothing here is for a bucket.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use storehouse_storage::{Error, Name, Result, Storage};

use crate::staticfiles::{destination::local::local_root, model::source_file::SourceFile};

/// Makes `name` a link to a source; what was there is replaced at once. Django's `link_file`.
///
/// # Errors
/// [`Unsupported`](storehouse_storage::ErrorKind::Unsupported) for a storage that is no folder of this machine; what the system gives.
pub(in crate::staticfiles) async fn make(
    storage: &dyn Storage,
    name: &Name,
    source: &SourceFile,
) -> Result<()> {
    let Some(path) = storage.path(name) else {
        return Err(not_a_folder(storage));
    };
    let target = source.path.clone();
    on_disk(name, move || {
        // Absolute, so that the link does not depend on where it lies.
        let target = std::path::absolute(target)?;
        replace_by_link(&target, &path)
    })
    .await
}

/// Gives what was saved as `name` a name that only a disk can have, in the same folder or another.
///
/// # Errors
/// As [`make`].
pub(in crate::staticfiles) async fn rename(
    storage: &dyn Storage,
    name: &Name,
    disk_name: &str,
) -> Result<()> {
    let (Some(path), Some(root)) = (storage.path(name), local_root(storage)) else {
        return Err(not_a_folder(storage));
    };
    let to = root.join(disk_name);
    on_disk(name, move || {
        make_parent(&to)?;
        fs::rename(&path, &to)
    })
    .await
}

fn not_a_folder(storage: &dyn Storage) -> Error {
    let problem = format!("{} is no folder of this machine", storage.describe());
    Error::unsupported(problem).with_advice("leave --link out")
}

async fn on_disk(
    name: &Name,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<()> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
    done.map_err(|error| {
        let error = Error::from_io(error);
        let problem = format!("cannot make {:?}: {}", name.as_str(), error.problem());
        Error::new(error.kind(), problem)
    })
}

fn replace_by_link(target: &Path, path: &Path) -> io::Result<()> {
    make_parent(path)?;
    match symlink(target, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    // Beside it, then over it: nobody sees the name missing.
    let beside = beside(path);
    symlink(target, &beside)?;
    fs::rename(&beside, path).inspect_err(|_| {
        // Of no use any more, and nobody else's.
        let _ = fs::remove_file(&beside);
    })
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Begins as unfinished saves do: a listing leaves it out if it is ever left behind.
    path.with_file_name(format!(".storehouse-tmp-{}-{name}", std::process::id()))
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
