//! What is shown: Django's lines and its summary, or one JSON object for each.

use std::{io, path::Path};

use serde_json::{Value as Json, json};

use crate::{
    cli::{
        collectstatic::asked::Asked,
        output::{Failure, Output, among_words},
    },
    staticfiles::{self, Action, Event, Kind, Phase, Plan, Report, Write, WriteContent},
    storages::Coding,
};

/// The lines that come before anything is written: what is cleared, skipped or lost its name.
pub(super) fn show_plan(plan: &Plan, dry_run: bool, output: Output) -> io::Result<()> {
    if output.is_json() || !output.shows(2) {
        return Ok(());
    }
    let deleting = if dry_run {
        "Pretending to delete"
    } else {
        "Deleting"
    };
    for name in &plan.cleared {
        output.report(format_args!("{deleting} '{}'", among_words(name)))?;
    }
    for conflict in &plan.conflicts {
        output.report(format_args!(
            "Found another file with the destination path '{}'. It will be ignored since only the \
             first encountered file is collected. If this is not what you want, make sure every \
             static file has a unique path.",
            among_words(conflict.name.as_str())
        ))?;
    }
    for write in plan.unmodified() {
        output.report(format_args!(
            "Skipping '{}' (not modified)",
            found_as(write)
        ))?;
    }
    let hashed = plan.writes.iter().filter(|write| is_skipped_hashed(write));
    for write in hashed.filter(|_| !dry_run) {
        output.result(format_args!(
            "Skipped post-processing '{}'",
            among_words(write.original.as_str())
        ))?;
    }
    Ok(())
}

fn is_skipped_hashed(write: &Write) -> bool {
    matches!(write.kind, Kind::Hashed { .. }) && !write.is_post_processed()
}

/// What would be done. As JSON all of it; as lines what Django says, which makes no hashed names then.
pub(super) fn show_dry_run(plan: &Plan, output: Output) -> Result<Report, Failure> {
    show_plan(plan, true, output)?;
    if output.is_json() {
        for line in would_be_done(plan) {
            output.report(line)?;
        }
        return Ok(foreseen(plan));
    }
    for write in plan.copies() {
        if write.there.is_some() && output.shows(2) {
            output.report(format_args!("Pretending to delete '{}'", found_as(write)))?;
        }
        if output.shows(1) {
            let verb = if is_link(write) { "link" } else { "copy" };
            output.report(format_args!("Pretending to {verb} '{}'", source_of(write)))?;
        }
    }
    let deleted = plan.stale_releases.iter().chain(&plan.deletions);
    for name in deleted.filter(|name| !is_cleared(plan, name.as_str()) && output.shows(2)) {
        output.report(format_args!(
            "Pretending to delete '{}'",
            among_words(name.as_str())
        ))?;
    }
    // As in Django, which makes no hashed names then.
    Ok(Report {
        post_processed: 0,
        ..foreseen(plan)
    })
}

/// What the report of a run that carries out the plan would be.
fn foreseen(plan: &Plan) -> Report {
    let count = |which: fn(&Write) -> bool| plan.writes.iter().filter(|write| which(write)).count();
    let written = plan
        .writes
        .iter()
        .filter(|write| write.action == Action::Copy);
    Report {
        copied: count(|write| write.is_copied() && !write.is_omitted()),
        omitted: count(|write| write.is_copied() && write.is_omitted()),
        bytes: written.map(|write| write.size()).sum(),
        post_processed: count(|write| write.is_post_processed()),
        repaired: count(|write| write.action == Action::Repair),
        deleted: plan.deleted(),
        ..Report::default()
    }
}

/// Whether a file is among those that `--clear` has shown before.
fn is_cleared(plan: &Plan, name: &str) -> bool {
    let found = plan
        .cleared
        .binary_search_by(|cleared| (**cleared).cmp(name));
    found.is_ok()
}

fn would_be_done(plan: &Plan) -> impl Iterator<Item = Json> {
    let writes = plan.writes.iter().filter_map(|write| {
        let event = match (write.action, write.kind) {
            (Action::Skip | Action::Omitted { .. }, _) => return None,
            (Action::Repair, _) => "would_repair",
            (_, Kind::Collected) => "would_copy",
            _ => "would_write",
        };
        let mut line = staticfiles::write_as_json(write);
        line["event"] = json!(event);
        Some(line)
    });
    let deleted = plan.in_the_way.iter().chain(&plan.stale_releases);
    let deleted = deleted.chain(&plan.deletions).map(ToString::to_string);
    let unnameable = plan.unnameable_deletions.iter();
    let deleted = deleted.chain(unnameable.map(|path| path.display().to_string()));
    let deleted = deleted.map(|name| json!({ "event": "would_delete", "name": name }));
    writes.chain(deleted)
}

/// Says what a plan that was written to a file would do.
pub(super) fn show_planned(plan: &Plan, file: &Path, output: Output) -> io::Result<()> {
    let of = |action| {
        plan.writes
            .iter()
            .filter(move |write| write.action == action)
    };
    let (written, repaired) = (of(Action::Copy).count(), of(Action::Repair).count());
    let bytes: u64 = of(Action::Copy).map(|write| write.size()).sum();
    if output.is_json() {
        return output.report(json!({
            "event": "planned",
            "file": file.display().to_string(),
            "written": written,
            "bytes": bytes,
            "repaired": repaired,
            "deleted": plan.deleted(),
        }));
    }
    if !output.shows(1) {
        return Ok(());
    }
    output.report(format_args!(
        "The plan is in '{}': {written} files written ({bytes} bytes), {repaired} with new attributes, {} deleted.",
        path_among_words(file),
        plan.deleted()
    ))
}

/// Tells programs that a phase begins, and how many files of how many bytes there are in it. People
/// see it in the progress.
pub(super) fn show_phase(
    phase: Phase,
    amount: Option<(usize, u64)>,
    output: Output,
) -> io::Result<()> {
    if !output.is_json() {
        return Ok(());
    }
    let mut line = json!({ "event": "phase", "phase": phase.key() });
    if let Some((files, bytes)) = amount {
        (line["files"], line["bytes"]) = (json!(files), json!(bytes));
    }
    output.report(line)
}

pub(super) fn show_event(event: &Event, plan: &Plan, output: Output) -> io::Result<()> {
    match event {
        Event::Began {
            phase,
            files,
            bytes,
        } => show_phase(*phase, Some((*files, *bytes)), output),
        Event::Deleted(name) if output.is_json() => {
            output.report(json!({ "event": "deleted", "name": name }))
        }
        Event::Deleted(name) if output.shows(2) && !is_cleared(plan, name) => {
            output.report(format_args!("Deleting '{}'", among_words(name)))
        }
        Event::Repaired(write) if output.is_json() => {
            output.report(json!({ "event": "repaired", "name": write.name.as_str() }))
        }
        Event::Repaired(write) if output.shows(2) => output.report(format_args!(
            "Setting the attributes of '{}'",
            among_words(write.name.as_str())
        )),
        Event::Done(write) if output.is_json() && write.is_copied() && !write.is_omitted() => {
            output.report(
                json!({ "event": "copied", "name": write.name.as_str(), "size": write.size() }),
            )
        }
        Event::Done(write) if output.is_json() && write.is_post_processed() => {
            output.result(json!({
                "event": "post_processed",
                "name": write.original.as_str(),
                "as": write.name.as_str(),
            }))
        }
        Event::Done(write) if output.shows(2) && write.is_post_processed() => {
            output.result(format_args!(
                "Post-processed '{}' as '{}'",
                among_words(made_of(write)),
                among_words(write.name.as_str())
            ))
        }
        Event::Started(write) if output.shows(2) && !output.is_json() => {
            // Django's words for what is replaced.
            if write.there.is_some() {
                output.report(format_args!("Deleting '{}'", found_as(write)))?;
            }
            let verb = if is_link(write) { "Linking" } else { "Copying" };
            output.report(format_args!("{verb} '{}'", source_of(write)))
        }
        _ => Ok(()),
    }
}

fn is_link(write: &Write) -> bool {
    matches!(write.content, WriteContent::Link(_))
}

/// What a file is made of: a compressed copy of a hashed file is one of that.
fn made_of(write: &Write) -> &str {
    let suffix = write.coding.map_or("", Coding::suffix);
    let plain = write.name.as_str().strip_suffix(suffix);
    let plain = plain.filter(|_| matches!(write.kind, Kind::Compressed { .. }));
    plain.unwrap_or(write.original.as_str())
}

/// The name that a file has where it was found, without a prefix: by it Django tells of a file.
fn found_as(write: &Write) -> String {
    let source = write.source();
    source.map_or_else(
        || among_words(write.name.as_str()),
        |source| among_words(&source.relative),
    )
}

fn path_among_words(path: &Path) -> String {
    among_words(&path.display().to_string())
}

/// Where a file is copied from, as it is shown.
fn source_of(write: &Write) -> String {
    let source = write.source();
    source.map_or_else(String::new, |source| path_among_words(&source.path))
}

/// Django's summary line.
pub(super) fn summarise(
    asked: &Asked,
    plan: &Plan,
    report: &Report,
    location: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let unmodified = plan.unmodified().count();
    let skipped = plan.conflicts.len();
    if output.is_json() {
        return Ok(output.report(json!({
            "event": "summary",
            "copied": report.copied,
            "omitted": report.omitted,
            "bytes": report.bytes,
            "unmodified": unmodified,
            "post_processed": report.post_processed,
            "repaired": report.repaired,
            "deleted": report.deleted,
            "conflicts": skipped,
        }))?);
    }
    if !output.shows(1) {
        return Ok(());
    }
    let mut line = String::from("\n");
    // What is replaced after `--clear` counts too, as in Django.
    let cleared = plan.cleared.len().max(report.deleted);
    if cleared > 0 {
        line.push_str(&format!("{cleared} static {} deleted, ", files(cleared)));
    }
    // WhiteNoise copies what it deletes in the end.
    let copied = report.copied + report.omitted;
    line.push_str(&format!(
        "{copied} static {} {}",
        files(copied),
        if asked.link { "symlinked" } else { "copied" }
    ));
    if let Some(location) = location {
        line.push_str(&format!(" to '{}'", among_words(location)));
    }
    if unmodified > 0 {
        line.push_str(&format!(", {unmodified} unmodified"));
    }
    if report.post_processed > 0 {
        line.push_str(&format!(", {} post-processed", report.post_processed));
    }
    if skipped > 0 {
        line.push_str(&format!(", {skipped} skipped due to conflict"));
    }
    if report.repaired > 0 {
        line.push_str(&format!(", {} with new attributes", report.repaired));
    }
    line.push('.');
    Ok(output.report(line)?)
}

fn files(count: usize) -> &'static str {
    if count == 1 { "file" } else { "files" }
}
