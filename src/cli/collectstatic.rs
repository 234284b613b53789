//! `storehouse collectstatic`: Django's command, with its lines, its prompt and its summary.

use std::{io, pin::pin, sync::Arc};

use futures::StreamExt;
use serde_json::json;
use storehouse_storage::{Error, ErrorKind, Storage};

use super::{
    Context,
    flags::CollectstaticFlags,
    output::{Failure, Output, shown, shown_path},
    progress::Progress,
};
use crate::{
    checks,
    staticfiles::{
        self, Action, DEFAULT_IGNORE, Event, Finder, Hashing, IgnorePatterns, Plan, PlanOptions,
        Planned, Report,
    },
    storages::STATICFILES,
};

pub(super) async fn run(flags: CollectstaticFlags, context: &Context) -> Result<(), Failure> {
    let output = context.output;
    let finders = staticfiles::finders(&context.settings, &context.storages).await;
    refuse_bad_settings(&flags, context, finders.as_deref())?;
    let finders = finders?;
    let storage = context.storages.staticfiles()?;
    let location = staticfiles::local_root(&*storage).map(|root| shown_path(&root));
    if !flags.noinput {
        ask(&flags, &*storage, location.as_deref(), output).await?;
    }
    let planned = make_plan(&flags, context, finders, &*storage).await?;
    let report = if flags.dry_run {
        show_dry_run(&planned.plan, output)?
    } else {
        carry_out(&flags, &planned.plan, Arc::clone(&storage), output).await?
    };
    if !report.failures.is_empty() {
        return Err(Failure::Errors(report.failures));
    }
    summarise(&planned, &report, location.as_deref(), output)
}

/// Errors of the checks end the command before anything is touched, as in Django.
fn refuse_bad_settings(
    flags: &CollectstaticFlags,
    context: &Context,
    finders: Result<&[Box<dyn Finder>], &Error>,
) -> Result<(), Failure> {
    let problems = checks::staticfiles(&context.settings, &context.storages, finders);
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(checks::Problem::is_error);
    for warning in warnings {
        context
            .output
            .note(format_args!("storehouse: warning: {warning}"));
    }
    if errors.is_empty() && flags.clear {
        checks::clear_is_safe(
            &context.settings,
            &context.storages,
            finders.unwrap_or_default(),
        )?;
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
    finders: Vec<Box<dyn Finder>>,
    storage: &dyn Storage,
) -> Result<Planned, Failure> {
    let default: &[&str] = if flags.no_default_ignore {
        &[]
    } else {
        &DEFAULT_IGNORE
    };
    let typed = flags.ignore.iter().map(String::as_str);
    let ignore = IgnorePatterns::new(typed.chain(default.iter().copied()));
    let found = staticfiles::find(finders, ignore).await?;
    let options = PlanOptions {
        clear: flags.clear,
        dry_run: flags.dry_run,
    };
    let jobs = flags.jobs.count(staticfiles::local_root(storage).is_some());
    let hashing = hashing(flags, context)?;
    let planned = staticfiles::plan(found, storage, options, hashing.as_ref(), jobs).await?;
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
        output.report(format_args!("{deleting} '{}'", shown(name)))?;
    }
    for conflict in &plan.conflicts {
        output.report(format_args!(
            "Found another file with the destination path '{}'. It will be ignored since only the \
             first encountered file is collected. If this is not what you want, make sure every \
             static file has a unique path.",
            shown(&conflict.name)
        ))?;
    }
    for step in plan.steps.iter().filter(|step| step.action == Action::Skip) {
        output.report(format_args!(
            "Skipping '{}' (not modified)",
            shown(&step.found.name)
        ))?;
    }
    let hashed = &plan.post_processing.hashed;
    for step in hashed.iter().filter(|step| !step.is_post_processed()) {
        output.result(format_args!(
            "Skipped post-processing '{}'",
            shown(&step.original)
        ))?;
    }
    Ok(())
}

fn show_dry_run(plan: &Plan, output: Output) -> Result<Report, Failure> {
    show_plan(plan, true, output)?;
    for found in plan.copies() {
        if output.is_json() {
            output.report(json!({ "event": "would_copy", "name": found.name.as_str() }))?;
        } else if output.shows(1) {
            output.report(format_args!(
                "Pretending to copy '{}'",
                shown_path(&found.source.path)
            ))?;
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
    let mut progress = Progress::new(output, "copied", Some(plan.copies().count()));
    let mut events = pin!(staticfiles::execute(plan, storage, jobs));
    let mut report = Report::default();
    while let Some(event) = events.next().await {
        show_event(&event, output)?;
        if let Event::Copied(found) = &event {
            progress.done(found.source.size);
        }
        report.add(event);
    }
    progress.finish();
    Ok(report)
}

fn show_event(event: &Event, output: Output) -> io::Result<()> {
    match event {
        Event::Copied(found) if output.is_json() => output.report(
            json!({ "event": "copied", "name": found.name.as_str(), "size": found.source.size }),
        ),
        Event::Deleted(name) if output.is_json() => {
            output.report(json!({ "event": "deleted", "name": name.as_str() }))
        }
        Event::PostProcessed { original, name } if output.is_json() => output.result(
            json!({ "event": "post_processed", "name": original.as_str(), "as": name.as_str() }),
        ),
        Event::PostProcessed { original, name } if output.shows(2) => output.result(format_args!(
            "Post-processed '{}' as '{}'",
            shown(original),
            shown(name)
        )),
        Event::Started(found) if output.shows(2) && !output.is_json() => {
            output.report(format_args!("Copying '{}'", shown_path(&found.source.path)))
        }
        _ => Ok(()),
    }
}

/// Django's summary line.
fn summarise(
    planned: &Planned,
    report: &Report,
    location: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let plan = &planned.plan;
    let unmodified = plan.steps.len() - plan.copies().count();
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
        "{} static {} copied",
        report.copied,
        files(report.copied)
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
