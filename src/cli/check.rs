//! `storehouse check [--deploy]`.

use serde_json::json;

use super::{Context, flags::CheckFlags, output::Failure};
use crate::{
    checks::{self, Level, Problem},
    staticfiles,
};

pub(super) async fn run(flags: CheckFlags, context: &Context) -> Result<(), Failure> {
    let (settings, storages) = (&context.settings, &context.storages);
    let finders = staticfiles::finders(settings, storages).await;
    let mut problems = checks::all(settings, storages, finders.as_deref(), flags.deploy);
    if flags.deploy {
        problems.extend(checks::live(storages).await);
    }
    show(&problems, context)?;
    match problems.iter().any(Problem::is_error) {
        true => Err(Failure::Exit(1)),
        false => Ok(()),
    }
}

fn show(problems: &[Problem], context: &Context) -> Result<(), Failure> {
    let output = context.output;
    if output.is_json() {
        for problem in problems {
            output.report(json!({
                "level": level(problem),
                "id": problem.id,
                "message": problem.message,
                "hint": problem.hint,
            }))?;
        }
        return Ok(());
    }
    if !problems.is_empty() {
        output.report("System check identified some issues:\n")?;
    }
    for (wanted, title) in [(Level::Error, "ERRORS:"), (Level::Warning, "WARNINGS:")] {
        let mut of_level = problems
            .iter()
            .filter(|problem| problem.level == wanted)
            .peekable();
        if of_level.peek().is_some() {
            output.report(title)?;
        }
        for problem in of_level {
            output.report(format_args!("?: ({}) {}", problem.id, problem.message))?;
            if let Some(hint) = &problem.hint {
                output.report(format_args!("\tHINT: {hint}"))?;
            }
        }
    }
    let count = match problems.len() {
        0 => "no issues".to_owned(),
        1 => "1 issue".to_owned(),
        many => format!("{many} issues"),
    };
    Ok(output.report(format_args!("System check identified {count}."))?)
}

fn level(problem: &Problem) -> &'static str {
    match problem.level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}
