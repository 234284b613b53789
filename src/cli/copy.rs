//! `storehouse copy SRC-STORAGE DST-STORAGE [PREFIX]`.

use futures::StreamExt;
use serde_json::json;
use storehouse_storage::{Error, Name, Storage};

use super::{
    Context, flags::CopyFlags, list::folder, output::Failure, output::shown, progress::Progress,
};
use crate::{
    staticfiles::local_root,
    storages::{Transfer, transfer},
};

pub(super) async fn run(flags: CopyFlags, context: &Context) -> Result<(), Failure> {
    let source = context.storages.open(&flags.source)?;
    let destination = context.storages.open(&flags.destination)?;
    if source.describe() == destination.describe() {
        let problem = format!(
            "source and destination are the same storage, {}",
            source.describe()
        );
        return Err(Error::configuration(problem).into());
    }
    let output = context.output;
    let folder = folder(flags.prefix.as_deref())?;
    let is_local = local_root(&*source).is_some() && local_root(&*destination).is_some();
    let jobs = flags.jobs.count(is_local);
    let mut transfers = transfer(source, destination, folder, jobs).await?;
    let mut progress = Progress::new(output, "copied", None);
    let (mut copied, mut unmodified, mut failures) = (0, 0, Vec::new());
    while let Some(transfer) = transfers.next().await {
        match transfer {
            Transfer::Copied(entry) => {
                copied += 1;
                progress.done(entry.size);
                line(context, "copied", &entry.name)?;
            }
            Transfer::Unmodified(entry) => {
                unmodified += 1;
                line(context, "unmodified", &entry.name)?;
            }
            Transfer::Failed(error) => failures.push(error),
        }
    }
    progress.finish();
    if !failures.is_empty() {
        return Err(Failure::Errors(failures));
    }
    if output.is_json() {
        let summary = json!({ "event": "summary", "copied": copied, "unmodified": unmodified });
        return Ok(output.result(summary)?);
    }
    if output.shows(1) {
        let files = if copied == 1 { "file" } else { "files" };
        output.result(format_args!(
            "{copied} {files} copied, {unmodified} unmodified."
        ))?;
    }
    Ok(())
}

fn line(context: &Context, event: &str, name: &Name) -> Result<(), Failure> {
    let output = context.output;
    if output.is_json() {
        output.result(json!({ "event": event, "name": name.as_str() }))?;
    } else if output.shows(2) {
        output.result(format_args!("{event} {}", shown(name)))?;
    }
    Ok(())
}
