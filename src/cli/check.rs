//! `storehouse check [--deploy] [--tag TAG]`.

use serde_json::json;

use storehouse_storage::Error;

use super::{
    Context,
    flags::{CheckFlags, FailLevel},
    output::Failure,
};
use crate::{
    checks::{self, Level, Problem},
    staticfiles,
};

pub(super) async fn run(flags: CheckFlags, context: &Context) -> Result<(), Failure> {
    if flags.list_tags {
        for tag in checks::TAGS {
            match context.output.is_json() {
                true => context.output.result(json!({ "tag": tag }))?,
                false => context.output.result(tag)?,
            }
        }
        return Ok(());
    }
    refuse_unknown_tags(&flags.tags)?;
    let is_asked = |tag: &str| flags.tags.is_empty() || flags.tags.iter().any(|one| one == tag);
    let (settings, storages) = (&context.settings, &context.storages);
    let finders = staticfiles::finders(settings, storages).await;
    let mut problems = checks::all(settings, storages, finders.as_deref(), flags.deploy);
    if flags.deploy && is_asked("storages") {
        problems.extend(checks::live(storages).await);
    }
    problems.retain(|problem| is_asked(problem.tag()));
    show(&problems, context)?;
    match problems
        .iter()
        .any(|problem| fails(problem, flags.fail_level))
    {
        true => Err(Failure::Exit(1)),
        false => Ok(()),
    }
}

fn refuse_unknown_tags(tags: &[String]) -> Result<(), Failure> {
    let unknown = tags
        .iter()
        .find(|tag| !checks::TAGS.contains(&tag.as_str()));
    let Some(tag) = unknown else { return Ok(()) };
    let problem = format!("There is no system check with the {tag:?} tag");
    let advice = format!("the tags are {}", checks::TAGS.join(", "));
    Err(Error::configuration(problem).with_advice(advice).into())
}

/// Whether a problem is of this level or above.
fn fails(problem: &Problem, level: FailLevel) -> bool {
    match level {
        FailLevel::Critical => false,
        FailLevel::Error => problem.is_error(),
        FailLevel::Warning | FailLevel::Info | FailLevel::Debug => true,
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
