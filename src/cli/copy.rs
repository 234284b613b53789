//! `storehouse copy SRC-STORAGE DST-STORAGE [PREFIX]`.

use std::path::Path;

use futures::StreamExt;
use serde_json::json;
use storehouse_storage::{Error, Name, Storage};

use super::{
    Context, flags::CopyFlags, identity::identity, list::folder, output::Failure, output::shown,
    progress::Progress,
};
use crate::{
    staticfiles::local_root,
    storages::{Transfer, transfer},
};

pub(super) async fn run(flags: CopyFlags, context: &Context) -> Result<(), Failure> {
    let source = context.storages.open(&flags.source)?;
    let destination = context.storages.open(&flags.destination)?;
    refuse_overlap(&*source, &*destination)?;
    let from = source.describe();
    let output = context.output;
    let folder = folder(flags.prefix.as_deref())?;
    let is_local = local_root(&*source).is_some() && local_root(&*destination).is_some();
    let jobs = flags.jobs.count(is_local);
    let mut transfers = transfer(source, destination, folder, jobs).await?;
    let mut progress = Progress::new(output, "copying");
    let (mut copied, mut unmodified, mut failures) = (0, 0, Vec::new());
    while let Some(transfer) = progress.watch(transfers.next()).await {
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
    if copied + unmodified == 0 {
        let below = flags
            .prefix
            .map_or(String::new(), |typed| format!(" below {typed:?}"));
        output.note(format_args!(
            "storehouse: there is nothing in {from}{below}"
        ));
    }
    if output.is_json() {
        let summary = json!({ "event": "summary", "copied": copied, "unmodified": unmodified });
        return Ok(output.report(summary)?);
    }
    if output.shows(1) {
        let files = if copied == 1 { "file" } else { "files" };
        output.report(format_args!(
            "{copied} {files} copied, {unmodified} unmodified."
        ))?;
    }
    Ok(())
}

/// Refuses what has nothing to copy, and what would copy again what it has copied.
fn refuse_overlap(source: &dyn Storage, destination: &dyn Storage) -> Result<(), Error> {
    let (from, to) = (source.describe(), destination.describe());
    if identity(source) == identity(destination) {
        let problem = format!("source and destination are the same storage, {from}");
        return Err(Error::configuration(problem).with_advice("name two that differ"));
    }
    let is_one_service = source.service() == destination.service();
    if is_one_service && Path::new(&to).starts_with(&from) {
        let problem = format!("the destination {to} is inside the source {from}");
        return Err(Error::configuration(problem).with_advice(
            "every run would copy again what the last one copied; copy to elsewhere",
        ));
    }
    Ok(())
}

fn line(context: &Context, event: &str, name: &Name) -> Result<(), Failure> {
    let output = context.output;
    if output.is_json() {
        output.report(json!({ "event": event, "name": name.as_str() }))?;
    } else if output.shows(2) {
        output.report(format_args!("{event} {}", shown(name)))?;
    }
    Ok(())
}
