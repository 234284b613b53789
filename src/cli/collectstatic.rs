//! `storehouse collectstatic`: Django's command, with its lines, its prompt and its summary.

use std::{io, pin::pin, sync::Arc};

use futures::StreamExt;
use serde_json::json;
use storehouse_storage::{Error, ErrorKind, Storage};

use super::{
    Context,
    flags::CollectstaticFlags,
    output::{Failure, Output, escaped, shown, shown_path},
    progress::Progress,
};
use crate::{
    checks,
    staticfiles::{
        self, Action, DEFAULT_IGNORE, Event, Hashing, IgnorePatterns, Kind, Plan, PlanOptions,
        Planned, Planner, Recall, Report, Write, WriteContent,
    },
    storages::STATICFILES,
};

pub(super) async fn run(flags: CollectstaticFlags, context: &Context) -> Result<(), Failure> {
    let output = context.output;
    refuse_bad_settings(&flags, context)?;
    let storage = context.storages.staticfiles()?;
    let location = staticfiles::local_root(&*storage).map(|root| shown_path(&root));
    if flags.link && location.is_none() {
        let problem = format!("no links can be made in {}", storage.describe());
        let error = Error::unsupported(problem).with_advice("leave --link out");
        return Err(error.into());
    }
    if !flags.noinput {
        ask(&flags, &*storage, location.as_deref(), output).await?;
    }
    let planned = make_plan(&flags, context, &*storage).await?;
    let report = if flags.dry_run {
        show_dry_run(&planned.plan, output)?
    } else {
        carry_out(&flags, &planned.plan, Arc::clone(&storage), output).await?
    };
    if !report.failures.is_empty() {
        return Err(Failure::Errors(report.failures));
    }
    summarise(&flags, &planned.plan, &report, location.as_deref(), output)?;
    if !flags.dry_run {
        let learned = planned.learned(&*storage).await;
        remember(learned, storage.describe()).await;
    }
    Ok(())
}

/// Keeps what the next run need not read again. Without it that run reads it again, and no more.
async fn remember(learned: Recall, destination: String) {
    let saving = tokio::task::spawn_blocking(move || learned.save(&destination));
    let _ = saving.await;
}

/// Errors of the checks end the command before anything is touched, as in Django.
fn refuse_bad_settings(flags: &CollectstaticFlags, context: &Context) -> Result<(), Failure> {
    let problems = checks::staticfiles(&context.settings, &context.storages);
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(checks::Problem::is_error);
    for warning in warnings {
        context
            .output
            .note(format_args!("storehouse: warning: {warning}"));
    }
    if errors.is_empty() && flags.clear {
        checks::clear_is_safe(&context.settings, &context.storages)?;
    }
    let errors: Vec<Error> = errors
        .into_iter()
        .map(|problem| Error::configuration(problem.to_string()))
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Failure::Errors(errors))
    }
}

async fn make_plan(
    flags: &CollectstaticFlags,
    context: &Context,
    storage: &dyn Storage,
) -> Result<Planned, Failure> {
    let default: &[&str] = if flags.no_default_ignore {
        &[]
    } else {
        &DEFAULT_IGNORE
    };
    let typed = flags.ignore.iter().map(String::as_str);
    let ignore = IgnorePatterns::new(typed.chain(default.iter().copied()));
    let finding = staticfiles::find(staticfiles::finders(&context.settings)?, ignore);
    let options = PlanOptions {
        clear: flags.clear,
        dry_run: flags.dry_run,
        link: flags.link,
    };
    let jobs = flags.jobs.count(staticfiles::local_root(storage).is_some());
    let hashing = hashing(flags, context)?;
    let destination = storage.describe();
    let recall = tokio::task::spawn_blocking(move || Recall::load(&destination)).await;
    let planned = Planner::new(storage, options)
        .with_hashing(hashing.as_ref())
        .with_recall(recall.unwrap_or_default())
        .with_jobs(jobs)
        .plan(finding)
        .await?;
    if planned.asked > 0 {
        context.output.note(format_args!(
            "{} objects were asked for their digest one by one: the bucket's ETags tell nothing of the content",
            planned.asked
        ));
    }
    for warning in &planned.warnings {
        context
            .output
            .note(format_args!("storehouse: warning: {warning}"));
    }
    if !planned.errors.is_empty() {
        return Err(Failure::Errors(planned.errors));
    }
    Ok(planned)
}

/// How names are hashed, if the storage asks for it and the flags do not forbid it.
fn hashing(flags: &CollectstaticFlags, context: &Context) -> Result<Option<Hashing>, Failure> {
    if flags.no_post_process {
        return Ok(None);
    }
    let Some(options) = context.storages.manifest_options(STATICFILES)? else {
        return Ok(None);
    };
    let Some(static_url) = context.settings.static_url() else {
        let error = Error::configuration("STATIC_URL is not set, and hashed names need it")
            .with_advice("set it, for example to \"/static/\"");
        return Err(error.into());
    };
    Ok(Some(Hashing {
        options,
        static_url,
    }))
}

async fn ask(
    flags: &CollectstaticFlags,
    storage: &dyn Storage,
    location: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    if location.is_some() {
        let there = storage.list_dir(None).await?;
        if there.folders.is_empty() && there.files.is_empty() {
            return Ok(());
        }
    }
    output.ask(&question(flags, location))?;
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer)
    });
    let answer = answer
        .await
        .map_err(io::Error::other)
        .and_then(|answer| answer);
    match answer {
        Ok(answer) if answer.trim_end_matches(['\r', '\n']) == "yes" => Ok(()),
        _ => Err(
            Error::new(ErrorKind::Other, "collecting static files cancelled")
                .with_advice("answer yes, or give --noinput")
                .into(),
        ),
    }
}

/// Django's words.
fn question(flags: &CollectstaticFlags, location: Option<&str>) -> String {
    let mut text = String::from("\n");
    if flags.dry_run {
        text.push_str("You have activated the --dry-run option so no files will be modified.\n\n");
    }
    text.push_str("You have requested to collect static files at the destination\nlocation as specified in your settings");
    match location {
        Some(location) => text.push_str(&format!(":\n\n    {location}\n\n")),
        None => text.push_str(".\n\n"),
    }
    text.push_str(match flags.clear {
        true => "This will DELETE ALL FILES in this location!\n",
        false => "This will overwrite existing files!\n",
    });
    text.push_str(
        "Are you sure you want to do this?\n\nType 'yes' to continue, or 'no' to cancel: ",
    );
    text
}

/// The lines that come before anything is written: what is cleared, skipped or lost its name.
fn show_plan(plan: &Plan, dry_run: bool, output: Output) -> io::Result<()> {
    if output.is_json() || !output.shows(2) {
        return Ok(());
    }
    let deleting = if dry_run {
        "Pretending to delete"
    } else {
        "Deleting"
    };
    for name in &plan.cleared {
        output.report(format_args!("{deleting} '{}'", escaped(name)))?;
    }
    for conflict in &plan.conflicts {
        output.report(format_args!(
            "Found another file with the destination path '{}'. It will be ignored since only the \
             first encountered file is collected. If this is not what you want, make sure every \
             static file has a unique path.",
            shown(&conflict.name)
        ))?;
    }
    for write in plan.unmodified() {
        output.report(format_args!(
            "Skipping '{}' (not modified)",
            shown(&write.name)
        ))?;
    }
    let hashed = plan.writes.iter().filter(|write| is_skipped_hashed(write));
    for write in hashed {
        output.result(format_args!(
            "Skipped post-processing '{}'",
            shown(&write.original)
        ))?;
    }
    Ok(())
}

fn is_skipped_hashed(write: &Write) -> bool {
    matches!(write.kind, Kind::Hashed { .. }) && !write.is_post_processed()
}

fn show_dry_run(plan: &Plan, output: Output) -> Result<Report, Failure> {
    show_plan(plan, true, output)?;
    for write in plan.copies() {
        if output.is_json() {
            output.report(json!({ "event": "would_copy", "name": write.name.as_str() }))?;
        } else if output.shows(1) {
            let verb = if is_link(write) { "link" } else { "copy" };
            output.report(format_args!("Pretending to {verb} '{}'", source_of(write)))?;
        }
    }
    Ok(Report {
        copied: plan.copies().count(),
        bytes: plan.bytes(),
        ..Report::default()
    })
}

async fn carry_out(
    flags: &CollectstaticFlags,
    plan: &Plan,
    storage: Arc<dyn Storage>,
    output: Output,
) -> Result<Report, Failure> {
    show_plan(plan, false, output)?;
    let jobs = flags
        .jobs
        .count(staticfiles::local_root(&*storage).is_some());
    let written = plan
        .writes
        .iter()
        .filter(|write| write.action == Action::Copy);
    let mut progress = Progress::new(output, "written", Some(written.count()));
    let mut events = pin!(staticfiles::execute(plan, storage, jobs));
    let mut report = Report::default();
    while let Some(event) = events.next().await {
        show_event(&event, output)?;
        if let Event::Wrote(bytes) = &event {
            progress.done(*bytes);
        }
        report.add(event);
    }
    progress.finish();
    Ok(report)
}

fn show_event(event: &Event, output: Output) -> io::Result<()> {
    match event {
        Event::Deleted(name) if output.is_json() => {
            output.report(json!({ "event": "deleted", "name": name }))
        }
        Event::Done(write) if output.is_json() && write.is_copied() => output.report(
            json!({ "event": "copied", "name": write.name.as_str(), "size": write.size() }),
        ),
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
                shown(&write.original),
                shown(&write.name)
            ))
        }
        Event::Started(write) if output.shows(2) && !output.is_json() => {
            let verb = if is_link(write) { "Linking" } else { "Copying" };
            output.report(format_args!("{verb} '{}'", source_of(write)))
        }
        _ => Ok(()),
    }
}

fn is_link(write: &Write) -> bool {
    matches!(write.content, WriteContent::Link(_))
}

/// Where a file is copied from, as it is shown.
fn source_of(write: &Write) -> String {
    let source = write.source();
    source.map_or_else(String::new, |source| shown_path(&source.path))
}

/// Django's summary line.
fn summarise(
    flags: &CollectstaticFlags,
    plan: &Plan,
    report: &Report,
    location: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let unmodified = plan.unmodified().count();
    let (cleared, skipped) = (plan.cleared.len(), plan.conflicts.len());
    if output.is_json() {
        return Ok(output.report(json!({
            "event": "summary",
            "copied": report.copied,
            "bytes": report.bytes,
            "unmodified": unmodified,
            "post_processed": report.post_processed,
            "deleted": cleared,
            "conflicts": skipped,
        }))?);
    }
    if !output.shows(1) {
        return Ok(());
    }
    let mut line = String::from("\n");
    if cleared > 0 {
        line.push_str(&format!("{cleared} static {} deleted, ", files(cleared)));
    }
    line.push_str(&format!(
        "{} static {} {}",
        report.copied,
        files(report.copied),
        if flags.link { "symlinked" } else { "copied" }
    ));
    if let Some(location) = location {
        line.push_str(&format!(" to '{location}'"));
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
    line.push('.');
    Ok(output.report(line)?)
}

fn files(count: usize) -> &'static str {
    if count == 1 { "file" } else { "files" }
}
