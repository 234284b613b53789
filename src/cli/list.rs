//! `storehouse list [PREFIX]`.

use futures::TryStreamExt;
use serde_json::json;
use storehouse_storage::{Error, ErrorKind, Folder, Name, OpenOptions, Operation, Storage};

use super::{
    Context,
    flags::ListFlags,
    output::{Failure, entry_json},
};

pub(super) async fn run(flags: ListFlags, context: &Context) -> Result<(), Failure> {
    if flags.null && context.output.is_json() {
        let problem = "-0 and --json cannot be used together";
        let advice = "JSON has names with line breaks in one line as well";
        return Err(Failure::Usage(
            Error::configuration(problem).with_advice(advice),
        ));
    }
    let storage = context.storages.open(&flags.storage.storage)?;
    let folder = folder(flags.prefix.as_deref())?;
    let end = if flags.null { '\0' } else { '\n' };
    if flags.dirs {
        let found = storage.list_dir(folder.as_ref()).await?;
        if let Some(folder) = &folder {
            refuse_no_folder(&*storage, folder, &found).await?;
        }
        return show_dir(found, end, context);
    }
    let mut entries = storage.list(folder.as_ref());
    while let Some(entry) = entries.try_next().await? {
        match context.output.is_json() {
            true => context.output.result(entry_json(&entry))?,
            false => context.output.name(&entry.name, end)?,
        }
    }
    Ok(())
}

/// Refuses what is no folder, where folders are real: Django's `listdir` fails there too.
async fn refuse_no_folder(
    storage: &dyn Storage,
    folder: &Name,
    found: &Folder,
) -> Result<(), Error> {
    if !storage.capabilities().folders || *found != Folder::default() {
        return Ok(());
    }
    let opened = storage.open(folder, &OpenOptions::default()).await;
    let (kind, problem) = match opened {
        Ok(_) => (ErrorKind::NotADirectory, "it is a file"),
        Err(error) if error.kind() == ErrorKind::IsADirectory => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            (ErrorKind::NotFound, "there is no folder of this name")
        }
        Err(error) => return Err(error),
    };
    let error = Error::new(kind, problem);
    Err(error.during(Operation::List, &storage.describe(), Some(folder.as_str())))
}

/// Shows what lies directly in a folder: Django's `listdir`.
fn show_dir(found: Folder, end: char, context: &Context) -> Result<(), Failure> {
    let output = context.output;
    for folder in &found.folders {
        match output.is_json() {
            true => output.result(json!({ "name": format!("{folder}/"), "folder": true }))?,
            false => output.folder(folder, end)?,
        }
    }
    for entry in &found.files {
        match output.is_json() {
            true => output.result(entry_json(entry))?,
            false => output.name(&entry.name, end)?,
        }
    }
    Ok(())
}

/// The folder that was typed: with or without a slash at its end; nothing and `.` are the top.
pub(super) fn folder(typed: Option<&str>) -> storehouse_storage::Result<Option<Name>> {
    match typed.map(|typed| typed.trim_end_matches('/')) {
        // `/` alone is absolute, and no name.
        Some("") if typed.is_some_and(|typed| typed.starts_with('/')) => Name::new("/").map(Some),
        None | Some("" | ".") => Ok(None),
        Some(folder) => Name::new(folder).map(Some),
    }
}
