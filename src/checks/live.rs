//! Whether each storage does what it has to: the only check that looks beyond this machine.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use storehouse_storage::{
    Error, ErrorKind, Limitation, Name, Result, SaveOptions, Storage, StorageExt,
};

use super::Problem;
use crate::{staticfiles::local_root, storages::Storages};

/// Larger than what the drivers of buckets send in one request by default.
const LARGE_BYTES: usize = 8 * 1024 * 1024 + 1;

/// Writes, reads and deletes files in every storage, as the storage saves them, and says in plain
/// words what fails and what the service behind the storage lacks.
pub async fn live(storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (what, storage) in that_open(storages) {
        let hint = format!("{what} was tried with files of its own");
        let missing = missing_folders(&*storage);
        let examined = examine(&*storage).await;
        remove_empty(&missing);
        match examined {
            Ok(limitations) => problems.extend(limitations.into_iter().map(|limitation| {
                let message = format!("{}: {}", storage.describe(), limitation.problem);
                Problem::warning("storehouse.W003", message).with_hint(limitation.advice)
            })),
            Err(error) => {
                problems.push(Problem::error("storehouse.E006", error.to_string()).with_hint(hint));
            }
        }
    }
    problems
}

/// Every storage once, with what it is called: those of `STORAGES`, and those that only a manifest
/// goes to. One that cannot be opened is among the problems already.
fn that_open(storages: &Storages) -> Vec<(String, Arc<dyn Storage>)> {
    let aliases = storages.aliases();
    let of_alias = |alias: &String| {
        let storage = storages.get(alias).ok()?;
        Some((format!("the storage {alias:?}"), storage))
    };
    let mut all: Vec<_> = aliases.iter().filter_map(of_alias).collect();
    for alias in &aliases {
        if let Ok(Some(storage)) = storages.manifest_storage(alias)
            && !all.iter().any(|(_, other)| Arc::ptr_eq(other, &storage))
        {
            all.push((format!("the manifest_storage of {alias:?}"), storage));
        }
    }
    all
}

/// The folders that saving makes, innermost first: that of the storage, and those around it.
fn missing_folders(storage: &dyn Storage) -> Vec<PathBuf> {
    let root = local_root(storage).unwrap_or_default();
    let missing = root.ancestors().take_while(|folder| !folder.exists());
    // The last one is the empty path, where there is no folder at all.
    let missing = missing.filter(|folder| !folder.as_os_str().is_empty());
    missing.map(Path::to_owned).collect()
}

/// Removes folders, innermost first, as long as nothing is in them. A check leaves nothing behind; what somebody
/// else has saved meanwhile stays.
fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

async fn examine(storage: &dyn Storage) -> Result<Vec<Limitation>> {
    let limitations = storage.examine().await?;
    let text = "written by storehouse check --deploy; safe to delete";
    write_read_delete(storage, Bytes::from_static(text.as_bytes())).await?;
    let large = text.bytes().cycle().take(LARGE_BYTES).collect::<Vec<u8>>();
    write_read_delete(storage, large.into()).await?;
    Ok(limitations)
}

async fn write_read_delete(storage: &dyn Storage, content: Bytes) -> Result<()> {
    let random = getrandom::u64()
        .map_err(|error| Error::new(ErrorKind::Other, format!("no random numbers: {error}")))?;
    // A storage that replaces must find nothing here.
    let name = Name::new(format!("storehouse-check-{random:016x}.txt"))?;
    let options = SaveOptions::default();
    let saved = storage
        .save(&name, content.clone().into(), &options)
        .await?;
    let read = storage.read(&saved.name).await;
    // Deleted whatever the reading gave.
    storage.delete(&saved.name).await?;
    if read? != content {
        return Err(Error::new(
            ErrorKind::Integrity,
            format!(
                "{} gave back something else than was saved",
                storage.describe()
            ),
        ));
    }
    if storage.exists(&saved.name).await? {
        return Err(Error::new(
            ErrorKind::Integrity,
            format!("a file deleted from {} is still there", storage.describe()),
        ));
    }
    Ok(())
}
