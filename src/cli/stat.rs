//! `storehouse stat NAME`.

use storehouse_storage::{Name, Storage};

use super::{
    Context,
    flags::OneName,
    output::{Failure, entry_details, entry_json, shown},
};

pub(super) async fn run(flags: OneName, context: &Context) -> Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let entry = storage.stat(&Name::new(&flags.name)?).await?;
    let output = context.output;
    if output.is_json() {
        return Ok(output.result(entry_json(&entry))?);
    }
    output.result(format_args!("name: {}", shown(&entry.name)))?;
    output.result(format_args!("size: {}", entry.size))?;
    for (key, value) in entry_details(&entry) {
        output.result(format_args!("{key}: {value}"))?;
    }
    for (key, value) in &entry.attributes.metadata {
        output.result(format_args!("metadata {key}: {value:?}"))?;
    }
    Ok(())
}
