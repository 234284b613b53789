//! `storehouse collectstatic`: Django's command, with its lines, its prompt and its summary. What was
//! asked for becomes a plan; the plan is shown, kept in a file, or carried out.

use std::{io, path::Path, pin::pin, time::SystemTime};

use futures::{
    FutureExt, Stream, StreamExt,
    future::{Either, select},
};
use serde_json::Value as Json;
use storehouse_storage::Error;

use self::{
    asked::Asked,
    question::ask,
    show::{show_dry_run, show_event, show_phase, show_plan, show_planned, summarise},
};
use super::{
    Context, errors_among,
    flags::CollectstaticFlags,
    identity::identity,
    output::{Failure, Output},
    progress::Progress,
    refuse,
};
use crate::{
    checks,
    staticfiles::{
        self, Action, Event, Finder, Found, Hashing, IgnorePatterns, MemoryKey, ObjectRules, Phase,
        PhaseCounts, Phases, Places, Plan, PlanOptions, Planned, Planner, Report,
    },
    storages::{CompressionOptions, STATICFILES},
};

mod asked;
mod question;
mod show;

pub(super) async fn run(flags: CollectstaticFlags, context: &Context) -> Result<(), Failure> {
    let output = context.output;
    let reviewed = match &flags.apply {
        Some(file) => Some(read_plan(file)?),
        None => None,
    };
    let asked = match &reviewed {
        Some(plan) => Asked::of_plan(plan)?,
        None => Asked::of_flags(&flags),
    };
    show_phase(Phase::Finding, None, output)?;
    let finders = finders(context).await;
    refuse_bad_settings(&asked, context, finders.as_deref())?;
    let finders = finders?;
    let places = Places::of(&context.storages)?;
    let files = &**places.files();
    let location = staticfiles::local_root(files).map(|root| root.display().to_string());
    let location = location.as_deref();
    if asked.link && location.is_none() {
        let problem = format!("no links can be made in {}", files.describe());
        let error = Error::unsupported(problem).with_advice("leave --link out");
        return Err(error.into());
    }
    if !flags.noinput && flags.plan.is_none() {
        ask(&asked, flags.dry_run, files, location, output).await?;
    }
    let mut planned = make_plan(&flags, &asked, context, finders, &places).await?;
    if !flags.dry_run {
        refuse_many_deletions(&flags, &planned.plan)?;
    }
    if flags.plan.is_some() || reviewed.is_some() {
        let document = document(&planned, &asked, &places);
        if let Some(reviewed) = reviewed {
            staticfiles::refuse_unless_same(&reviewed, &document)?;
        }
        if let Some(file) = &flags.plan {
            write_plan(file, &document)?;
            return Ok(show_planned(&planned.plan, file, output)?);
        }
    }
    let mut report = if flags.dry_run {
        let report = show_dry_run(&planned.plan, output)?;
        // To look at what is too much is what it is for.
        refuse_many_deletions(&flags, &planned.plan)?;
        report
    } else {
        planned.begin(&places).await?;
        carry_out(&flags, &planned.plan, &places, output).await?
    };
    report.post_processed += planned.already_settled.unwrap_or(0);
    if !report.failures.is_empty() {
        return Err(Failure::Errors(report.failures));
    }
    summarise(&asked, &planned.plan, &report, location, output)?;
    if !flags.dry_run {
        planned.remember(&places, report).await;
    }
    Ok(())
}

/// The finders. The interpreter may be asked where apps are, which takes its time.
async fn finders(context: &Context) -> Result<Vec<Box<dyn Finder>>, Error> {
    let mut progress = Progress::new(context.output, Phase::Finding.words());
    let finding = staticfiles::finders(&context.settings, &context.storages);
    let finders = progress.watch(finding).await;
    progress.finish();
    finders
}

/// What this program is told apart from another version of it by: that may do something else.
fn this_program() -> Option<(u64, Option<SystemTime>)> {
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    Some((file.len(), file.modified().ok()))
}

/// Errors of the checks end the command before anything is touched, as in Django.
fn refuse_bad_settings(
    asked: &Asked,
    context: &Context,
    finders: Result<&[Box<dyn Finder>], &Error>,
) -> Result<(), Failure> {
    let problems = match context.skips_checks {
        true => Vec::new(),
        false => checks::staticfiles(&context.settings, &context.storages, finders),
    };
    let errors = errors_among(problems, context.output);
    if errors.is_empty() && asked.clear {
        checks::clear_is_safe(
            &context.settings,
            &context.storages,
            finders.unwrap_or_default(),
        )?;
    }
    refuse(errors)
}

/// Finds the files, and refuses those that nobody may read.
async fn find(
    finders: Vec<Box<dyn Finder>>,
    ignore: IgnorePatterns,
    context: &Context,
) -> Result<Vec<Found>, Error> {
    let found = staticfiles::find(finders, ignore).await?;
    if context.skips_checks {
        return Ok(found);
    }
    let problems = checks::found_files(&context.settings, &context.storages, &found);
    match problems.first() {
        Some(problem) => Err(Error::configuration(problem.to_string())),
        None => Ok(found),
    }
}

fn plan_options(
    flags: &CollectstaticFlags,
    asked: &Asked,
    compression: Option<&CompressionOptions>,
    output: Output,
) -> PlanOptions {
    let is_looked_at = flags.plan.is_some() || flags.apply.is_some();
    // Old copies are told by those of today, which takes as long to make as in the run itself.
    let shows_deletions = output.shows(2) || flags.max_delete.is_some();
    let is_hashed_only = compression.is_some_and(|options| options.keep_only_hashed_files);
    PlanOptions {
        clear: asked.clear,
        // As JSON it tells what would be done, not what Django would say.
        dry_run: flags.dry_run && !output.is_json(),
        link: asked.link,
        repair: asked.repair_metadata,
        // At a higher level every file has its line.
        summary: !output.shows(2) && !output.is_json(),
        // What is there, and what is old, is told by what the hashed names of today are.
        complete: is_looked_at
            || flags.dry_run
                && (output.is_json()
                    || asked.pruning().prunes()
                    || is_hashed_only
                    || shows_deletions && compression.is_some()),
    }
}

async fn make_plan(
    flags: &CollectstaticFlags,
    asked: &Asked,
    context: &Context,
    finders: Vec<Box<dyn Finder>>,
    places: &Places,
) -> Result<Planned, Failure> {
    let output = context.output;
    let ignore = ignore_patterns(asked, &finders);
    let finding = find(finders, ignore, context);
    let compression = match asked.no_post_process {
        true => None,
        false => context.storages.compression_options(STATICFILES)?,
    };
    let options = plan_options(flags, asked, compression.as_ref(), output);
    let hashing = match asked.no_post_process {
        true => None,
        false => Hashing::of(&context.settings, &context.storages, STATICFILES)?,
    };
    refuse_pruning_without_names(asked, hashing.as_ref())?;
    let rules = ObjectRules::of(&context.storages, STATICFILES)?;
    let memory = MemoryKey {
        destination: identity(&**places.files()),
        options: format!(
            "{:?} {hashing:?} {compression:?} {} {asked:?} {}",
            this_program(),
            rules.fingerprint(),
            identity(&**places.manifest())
        ),
    };
    let is_local = staticfiles::local_root(&**places.files()).is_some();
    let (phases, told) = Phases::told();
    let counts = phases.counts();
    let planning = Planner::new(places, options)
        .with_hashing(hashing.as_ref())
        .with_compression(compression.as_ref())
        .with_rules(Some(&rules))
        .with_pruning(asked.pruning())
        .with_memory(memory)
        .with_time(asked.time())
        .with_jobs(flags.jobs.count(is_local))
        .with_phases(phases)
        .plan(finding);
    let planned = watch_phases(planning, told, counts, output).await?;
    if planned.asked > 0 {
        output.note(format_args!(
            "{} objects were asked for their digest one by one: the bucket's ETags tell nothing of the content",
            planned.asked
        ));
    }
    for warning in &planned.warnings {
        output.note(format_args!("storehouse: warning: {warning}"));
    }
    if !planned.errors.is_empty() {
        return Err(Failure::Errors(planned.errors));
    }
    Ok(planned)
}

/// What is left out: what is asked for, and what the project says or else Django.
fn ignore_patterns(asked: &Asked, finders: &[Box<dyn Finder>]) -> IgnorePatterns {
    let given = asked.ignore.iter().map(String::as_str);
    match asked.no_default_ignore {
        true => IgnorePatterns::new(given),
        false => staticfiles::project_ignore(finders, given),
    }
}

/// Waits for a plan, and shows what it is at meanwhile.
async fn watch_phases(
    planning: impl Future<Output = Result<Planned, Error>>,
    mut told: impl Stream<Item = Phase> + Unpin,
    counts: PhaseCounts,
    output: Output,
) -> Result<Planned, Failure> {
    let mut progress = Progress::new(output, Phase::Finding.words()).with_counts(counts);
    let mut planning = pin!(planning);
    let planned = loop {
        match progress.watch(select(planning.as_mut(), told.next())).await {
            Either::Left((planned, _)) => break planned,
            Either::Right((Some(phase), _)) => show_next(phase, &mut progress, output)?,
            Either::Right((None, _)) => break progress.watch(planning).await,
        }
    };
    // Some may have been told by the time that it was done.
    while let Some(Some(phase)) = told.next().now_or_never() {
        show_next(phase, &mut progress, output)?;
    }
    progress.finish();
    Ok(planned?)
}

fn show_next(phase: Phase, progress: &mut Progress, output: Output) -> io::Result<()> {
    // What `Finding` is was shown when the finders were asked for.
    if phase == Phase::Finding {
        return Ok(());
    }
    progress.enter(phase.words());
    show_phase(phase, None, output)
}

/// Pruning goes by manifests, and versions are counted in releases. Without these it is wrong usage.
fn refuse_pruning_without_names(asked: &Asked, hashing: Option<&Hashing>) -> Result<(), Failure> {
    let releases = hashing.map_or(0, |hashing| hashing.options.releases);
    let problem = match asked.keep_versions.map(usize::from) {
        Some(count) if count > releases => format!(
            "--keep-versions {count} needs the option `releases` of the storage of static files to be {count} or more; it is {releases}"
        ),
        _ if asked.pruning().prunes() && hashing.is_none() => {
            "old files are known by their hashed names only: set a storage that makes them, such as manifest+file:static".to_owned()
        }
        _ => return Ok(()),
    };
    Err(Failure::Usage(Error::configuration(problem)))
}

/// What `--max-delete` is for: a wrong setting must not empty a bucket.
fn refuse_many_deletions(flags: &CollectstaticFlags, plan: &Plan) -> Result<(), Failure> {
    let deleted = plan.deleted();
    match flags.max_delete {
        Some(most) if deleted > most => {
            let problem = format!("{deleted} files would be deleted, and --max-delete is {most}");
            Err(Error::new(storehouse_storage::ErrorKind::Other, problem)
                .with_advice("look at them with --dry-run -v 2, then give a higher --max-delete")
                .into())
        }
        _ => Ok(()),
    }
}

fn document(planned: &Planned, asked: &Asked, places: &Places) -> Json {
    let destination = identity(&**places.files());
    let options = asked.to_json();
    let mut document =
        staticfiles::document(&planned.plan, &planned.listing, &destination, options);
    if places.are_two() {
        document["manifest_storage"] = Json::from(identity(&**places.manifest()));
    }
    document
}

fn read_plan(file: &Path) -> Result<Json, Failure> {
    let failed = |problem: String| {
        let problem = format!("cannot read the plan {file:?}: {problem}");
        Error::configuration(problem).with_advice("make one with --plan")
    };
    let json = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    Ok(serde_json::from_slice(&json).map_err(|error| failed(error.to_string()))?)
}

fn write_plan(file: &Path, document: &Json) -> Result<(), Failure> {
    let text = format!("{document:#}\n");
    std::fs::write(file, text).map_err(|error| {
        let error = Error::from_io(error);
        let problem = format!("cannot write the plan {file:?}: {}", error.problem());
        Error::new(error.kind(), problem).into()
    })
}

async fn carry_out(
    flags: &CollectstaticFlags,
    plan: &Plan,
    places: &Places,
    output: Output,
) -> Result<Report, Failure> {
    show_plan(plan, false, output)?;
    let is_local = staticfiles::local_root(&**places.files()).is_some();
    let jobs = flags.jobs.count(is_local);
    let written = || {
        plan.writes
            .iter()
            .filter(|write| write.action == Action::Copy)
    };
    let mut progress = Progress::new(output, Phase::Writing.words());
    let bytes = written().map(|write| write.size()).sum();
    progress.expect(written().count(), bytes);
    let mut events = pin!(staticfiles::execute(plan, places.clone(), jobs));
    let mut report = Report::default();
    while let Some(event) = progress.watch(events.next()).await {
        show_event(&event, plan, output)?;
        match &event {
            Event::Began { phase, .. } => progress.enter(phase.words()),
            Event::Wrote(saved) => progress.done(saved.size),
            _ => {}
        }
        report.add(event);
    }
    progress.finish();
    Ok(report)
}
