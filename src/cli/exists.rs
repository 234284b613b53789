//! `storehouse exists NAME`: the exit code is the answer.

use storehouse_storage::{Name, Result, Storage};

use super::{Context, flags::OneName, output::Failure};

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
    storage.exists(&Name::new(&flags.name)?).await
}
