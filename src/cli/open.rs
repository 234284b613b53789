//! `storehouse open NAME`.

use futures::TryStreamExt;
use storehouse_storage::{Name, OpenOptions, Storage};

use super::{Context, flags::OneName, output::Failure};

pub(super) async fn run(flags: OneName, context: &Context) -> Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let mut reader = storage
        .open(&Name::new(&flags.name)?, &OpenOptions::default())
        .await?;
    while let Some(block) = reader.try_next().await? {
        context.output.bytes(&block)?;
    }
    Ok(())
}
