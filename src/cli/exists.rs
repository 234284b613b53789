//! `storehouse exists NAME`: the exit code is the answer.

use storehouse_storage::{ErrorKind, Name, OpenOptions, Result, Storage};

use super::{
    Context,
    flags::OneName,
    output::{Failure, shown},
};

const NOT_THERE: u8 = 1;
/// Never 1: a script must not take a failure for a missing file.
pub(super) const COULD_NOT_TELL: u8 = 2;

pub(super) async fn run(flags: OneName, context: &Context) -> std::result::Result<u8, Failure> {
    match exists(&flags, context).await {
        Ok(true) => Ok(0),
        Ok(false) => Ok(NOT_THERE),
        Err(error) => {
            context.output.failure(error.into());
            Ok(COULD_NOT_TELL)
        }
    }
}

async fn exists(flags: &OneName, context: &Context) -> Result<bool> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let typed = flags.name.as_str();
    // With a slash at its end a folder is meant, as `list --dirs` shows it.
    let name = Name::new(typed.strip_suffix('/').unwrap_or(typed))?;
    let exists = storage.exists(&name).await?;
    if !exists && storage.capabilities().folders {
        tell_a_folder(&*storage, &name, context).await;
    }
    Ok(exists)
}

/// Says that there is a folder, where folders are real: its name is taken, and no file's.
async fn tell_a_folder(storage: &dyn Storage, name: &Name, context: &Context) {
    let opened = storage.open(name, &OpenOptions::default()).await;
    if opened.is_err_and(|error| error.kind() == ErrorKind::IsADirectory) {
        let name = shown(name);
        context
            .output
            .note(format_args!("storehouse: {name} is a folder, and no file"));
    }
}
