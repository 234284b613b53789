//! Whether each storage does what it has to: the only check that looks beyond this machine.

use std::sync::Arc;

use storehouse_storage::{Content, Error, Name, Result, SaveOptions, Storage, StorageExt, Target};

use super::Problem;
use crate::storages::Storages;

/// Writes, reads and deletes a file in every storage, and says in plain words what fails.
pub async fn live(storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (what, storage) in that_open(storages) {
        if let Err(error) = write_read_delete(&*storage).await {
            let hint = format!("{what} was tried with a file of its own");
            problems.push(Problem::error("storehouse.E006", error.to_string()).with_hint(hint));
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

async fn write_read_delete(storage: &dyn Storage) -> Result<()> {
    const TEXT: &str = "written by storehouse check --deploy; safe to delete";
    let name = Name::new(format!("storehouse-check-{}.txt", std::process::id()))?;
    let target = Target::FirstFree(storehouse_storage::Candidates::new(name, None));
    let saved = storage
        .put(target, Content::from(TEXT), &SaveOptions::default())
        .await?;
    let read = storage.read_text(&saved.name).await;
    // Deleted whatever the reading gave.
    storage.delete(&saved.name).await?;
    if read? != TEXT {
        return Err(Error::new(
            storehouse_storage::ErrorKind::Integrity,
            format!(
                "{} gave back something else than was saved",
                storage.describe()
            ),
        ));
    }
    if storage.exists(&saved.name).await? {
        return Err(Error::new(
            storehouse_storage::ErrorKind::Integrity,
            format!("a file deleted from {} is still there", storage.describe()),
        ));
    }
    Ok(())
}
