//! `storehouse findstatic NAME…`: Django's command, with its lines. A name that is nowhere is told
//! on standard error and is no failure, as there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use storehouse_storage::{Error, ErrorKind};

use super::{
    Context,
    flags::FindstaticFlags,
    output::{Failure, Output, among_words, escaped, for_reader},
    refuse_bad_settings,
};
use crate::{
    settings::absolute,
    staticfiles::{self, Matches, Search},
};

/// As deep as the system follows links.
const MOST_LINKS: usize = 40;

pub(super) async fn run(flags: FindstaticFlags, context: &Context) -> Result<(), Failure> {
    refuse_bad_settings(context)?;
    let finders = staticfiles::finders(&context.settings, &context.storages).await?;
    let wanted = match flags.first {
        true => Matches::First,
        false => Matches::All,
    };
    let searching = tokio::task::spawn_blocking(move || {
        let search = |name: String| {
            let mut search = staticfiles::search(&finders, &name, wanted)?;
            for path in &mut search.matches {
                *path = real_path(path);
            }
            Ok((name, search))
        };
        flags.names.into_iter().map(search).collect()
    });
    let searches: Result<Vec<(String, Search)>, Error> = searching
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Other, error.to_string())));
    for (name, search) in searches? {
        show(&name, &search, context.output)?;
    }
    Ok(())
}

/// Django's words.
fn show(name: &str, search: &Search, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        for path in &search.matches {
            output.result(json!({ "name": name, "path": path.to_string_lossy() }))?;
        }
    }
    let lines = |paths: &[PathBuf], between: &str| {
        let shown: Vec<String> = paths
            .iter()
            .map(|path| for_reader(&path.display().to_string()))
            .collect();
        shown.join(between)
    };
    let locations = match output.shows(2) {
        true => format!(
            "\nLooking in the following locations:\n  {}",
            lines(&search.locations, "\n  ")
        ),
        false => String::new(),
    };
    if search.matches.is_empty() {
        let newline = if output.shows(2) { "\n" } else { "" };
        let told = format!(
            "No matching file found for '{}'.{newline}{locations}",
            escaped(name)
        );
        told.split('\n').for_each(|line| output.note(line));
    } else if !output.is_json() && output.shows(1) {
        output.result(format_args!(
            "Found '{}' here:\n  {}{locations}",
            among_words(name),
            lines(&search.matches, "\n  ")
        ))?;
    } else if !output.is_json() {
        output.result(lines(&search.matches, "\n"))?;
    }
    Ok(())
}

/// Where a path leads, also if that is not there: Python's `os.path.realpath`.
fn real_path(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        match (path.parent(), fs::read_link(&path)) {
            (Some(folder), Ok(target)) => path = absolute(folder, &target),
            _ => break,
        }
    }
    path
}
