//! `storehouse stat NAME`.

use storehouse_storage::{Name, Storage};

use super::{
    Context,
    flags::OneName,
    output::{Failure, entry_details, entry_json, for_reader},
};

pub(super) async fn run(flags: OneName, context: &Context) -> Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let entry = storage.stat(&Name::new(&flags.name)?).await?;
    let output = context.output;
    if output.is_json() {
        return Ok(output.result(entry_json(&entry))?);
    }
    output.result(format_args!("name: {}", for_reader(entry.name.as_str())))?;
    output.result(format_args!("size: {}", entry.size))?;
    for (key, value) in entry_details(&entry) {
        output.result(format_args!("{key}: {}", for_reader(&value)))?;
    }
    for (key, value) in &entry.attributes.metadata {
        output.result(format_args!("metadata {key}: {value:?}"))?;
    }
    Ok(())
}
