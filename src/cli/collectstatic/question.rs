//! The question before anything is overwritten or deleted, in Django's words.

use std::io;

use storehouse_storage::{Error, ErrorKind, Storage};

use crate::cli::{
    collectstatic::asked::Asked,
    output::{Failure, Output, escaped},
};

/// Asks whether to go on, unless nothing could be lost.
pub(super) async fn ask(
    asked: &Asked,
    dry_run: bool,
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
    output.ask(&question(asked, dry_run, location))?;
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
        _ => Err(Error::new(ErrorKind::Other, "Collecting static files cancelled.").into()),
    }
}

fn question(asked: &Asked, dry_run: bool, location: Option<&str>) -> String {
    let mut text = String::from("\n");
    if dry_run {
        text.push_str("You have activated the --dry-run option so no files will be modified.\n\n");
    }
    text.push_str("You have requested to collect static files at the destination\nlocation as specified in your settings");
    match location {
        Some(location) => text.push_str(&format!(":\n\n    {}\n\n", escaped(location))),
        None => text.push_str(".\n\n"),
    }
    text.push_str(match asked.clear {
        true => "This will DELETE ALL FILES in this location!\n",
        false => "This will overwrite existing files!\n",
    });
    text.push_str(
        "Are you sure you want to do this?\n\nType 'yes' to continue, or 'no' to cancel: ",
    );
    text
}
