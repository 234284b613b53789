//! The command: what was typed becomes a call, and what comes back is printed. A file a command;
//! the work itself is in the library.
//!
//! A program of your own has every command with a driver of your own in five lines:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     let registry = storehouse::storages::builtin();
//!     // registry.register(my_driver());
//!     storehouse::cli::run(std::env::args_os(), registry)
//! }
//! ```

use std::{ffi::OsString, io::Write, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use storehouse_storage::{Error, ErrorKind, Registry};

use self::{
    flags::{Command, Flags},
    output::{Failure, Output},
};
use crate::{
    checks,
    settings::{Settings, Sources},
    storages::Storages,
};

mod check;
mod collectstatic;
mod copy;
mod delete;
mod exists;
mod findstatic;
mod flags;
mod gathered;
mod identity;
mod list;
mod log;
mod open;
mod output;
mod progress;
mod releases;
mod rollback;
mod save;
mod serve;
mod settings;
mod signals;
mod stat;
mod url;

/// How long storages may go on cleaning up (aborting uploads) after the command ended.
const SETTLING: Duration = Duration::from_millis(1500);

/// Runs the command that `args` (with the program's name first) say, with these drivers.
///
/// Exit codes: 0 done, 1 failed, 2 the command line does not parse (`exists`: could not tell), 130
/// and 143 after SIGINT and SIGTERM.
pub fn run<I, T>(args: I, registry: Registry) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let flags = match Flags::try_parse_from(args) {
        Ok(flags) => flags,
        Err(error) => {
            // Help and version go to standard output and are no failure. If printing fails there
            // is nobody left to tell.
            if !error.use_stderr() {
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            // What was typed is part of it.
            let message = output::safe_lines(error.to_string().trim_end());
            let _ = writeln!(std::io::stderr(), "{message}");
            return ExitCode::from(2);
        }
    };
    let output =
        Output::new(flags.common.verbosity, flags.common.json).with_causes(flags.common.traceback);
    log::show(output);
    let code = match start(flags, registry, output) {
        Ok(code) => code,
        Err(failure) => output.failure(failure),
    };
    ExitCode::from(code)
}

/// What every command works with.
#[derive(Debug)]
struct Context {
    settings: Settings,
    storages: Arc<Storages>,
    output: Output,
    skips_checks: bool,
}

fn start(flags: Flags, registry: Registry, output: Output) -> Result<u8, Failure> {
    let could_not_tell = matches!(flags.command, Command::Exists(_));
    let context = match load(&flags, registry, output) {
        Ok(context) => context,
        Err(error) if could_not_tell => {
            output.failure(error.into());
            return Ok(exists::COULD_NOT_TELL);
        }
        Err(error) => return Err(error.into()),
    };
    let has_file = context.settings.file().is_some();
    let runtime = runtime(&flags.command)?;
    let code = runtime.block_on(async {
        signals::survive_large_files();
        let storages = Arc::clone(&context.storages);
        // A server ends by a signal as well, but not before it has answered.
        let ends_itself = matches!(flags.command, Command::Serve(_));
        let command = Box::pin(dispatch(flags.command, context));
        let done = match ends_itself {
            true => command.await,
            false => signals::or_stop(command, output).await,
        };
        // An upload that was dropped is aborted in the background: not at the price of a hang.
        let _ = tokio::time::timeout(SETTLING, storages.settle()).await;
        done
    });
    // A read of standard input that nobody waits for any more would hold the process up.
    runtime.shutdown_background();
    if !has_file && code.as_ref().is_err_and(Failure::is_configuration) {
        output.note("storehouse: no storehouse.toml was found here or in a parent folder");
    }
    match code {
        // What was not read any more changes nothing of a result that is none.
        Ok(0) => output.finish().map(|()| 0).map_err(Failure::from),
        code => code,
    }
}

/// The threads that a command runs on.
fn runtime(command: &Command) -> Result<tokio::runtime::Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Command::Serve(flags) = command
        && let Some(workers) = flags.workers.or(flags.nothreading.then_some(1))
    {
        builder.worker_threads(usize::from(workers));
    }
    builder.enable_all().build().map_err(|error| {
        let problem = format!("no threads can be started: {error}");
        Error::new(ErrorKind::Other, problem)
    })
}

fn load(flags: &Flags, registry: Registry, output: Output) -> Result<Context, Error> {
    let common = &flags.common;
    let sources = Sources {
        settings_file: common.settings.clone(),
        environment: common.env.clone(),
        sets: common.set.clone(),
        ..Sources::from_process()?
    };
    let settings = Settings::load(&sources, &registry)?;
    for warning in settings.warnings() {
        output.note(format_args!("storehouse: warning: {warning}"));
    }
    let storages = Arc::new(Storages::new(&settings, registry)?);
    Ok(Context {
        settings,
        storages,
        output,
        skips_checks: common.skip_checks,
    })
}

/// Runs the checks that Django runs before every command: their errors end it.
fn refuse_bad_settings(context: &Context) -> Result<(), Failure> {
    if context.skips_checks {
        return Ok(());
    }
    let mut problems = checks::finding(&context.settings, &context.storages);
    problems.extend(checks::urls(&context.settings));
    refuse(errors_among(problems, context.output))
}

/// Tells the warnings, and returns the errors.
fn errors_among(problems: Vec<checks::Problem>, output: Output) -> Vec<Error> {
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(checks::Problem::is_error);
    for warning in warnings {
        output.note(format_args!("storehouse: warning: {warning}"));
    }
    let errors = errors.into_iter();
    let errors = errors.map(|problem| Error::configuration(problem.to_string()));
    errors.collect()
}

fn refuse(errors: Vec<Error>) -> Result<(), Failure> {
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Failure::Errors(errors)),
    }
}

async fn dispatch(command: Command, context: Context) -> Result<u8, Failure> {
    match command {
        Command::Serve(flags) => return serve::run(flags, &context).await,
        Command::Collectstatic(flags) => collectstatic::run(flags, &context).await?,
        Command::Findstatic(flags) => findstatic::run(flags, &context).await?,
        Command::Save(flags) => save::run(flags, &context).await?,
        Command::Open(flags) => open::run(flags, &context).await?,
        Command::Delete(flags) => delete::run(flags, &context).await?,
        Command::Exists(flags) => return exists::run(flags, &context).await,
        Command::Url(flags) => url::run(flags, &context).await?,
        Command::Stat(flags) => stat::run(flags, &context).await?,
        Command::List(flags) => list::run(flags, &context).await?,
        Command::Copy(flags) => copy::run(flags, &context).await?,
        Command::Releases => releases::run(&context).await?,
        Command::Rollback(flags) => rollback::run(flags, &context).await?,
        Command::Settings => settings::run(&context)?,
        Command::Check(flags) => check::run(flags, &context).await?,
    }
    Ok(0)
}
