//! `storehouse list [PREFIX]`.

use futures::TryStreamExt;
use storehouse_storage::{Name, Storage};

use super::{
    Context,
    flags::ListFlags,
    output::{Failure, entry_json},
};

pub(super) async fn run(flags: ListFlags, context: &Context) -> Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let folder = folder(flags.prefix.as_deref())?;
    let end = if flags.null { '\0' } else { '\n' };
    let mut entries = storage.list(folder.as_ref());
    while let Some(entry) = entries.try_next().await? {
        match context.output.is_json() {
            true => context.output.result(entry_json(&entry))?,
            false => context.output.name(&entry.name, end)?,
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
