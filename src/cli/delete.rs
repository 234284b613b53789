//! `storehouse delete NAME…`.

use storehouse_storage::{Name, Result, Storage};

use super::{Context, flags::DeleteFlags, output::Failure};

pub(super) async fn run(flags: DeleteFlags, context: &Context) -> std::result::Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    // All names are looked at first: a bad one must not stop the work half-way.
    let names: Vec<Name> = flags.names.iter().map(Name::new).collect::<Result<_>>()?;
    let failures = storage.delete_many(&names).await;
    if failures.is_empty() {
        return Ok(());
    }
    Err(Failure::Errors(
        failures.into_iter().map(|(_, error)| error).collect(),
    ))
}
