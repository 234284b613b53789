//! Whether the files that are served at `/` are only those that everybody may read.

use std::path::{Path, PathBuf};

use super::{Problem, root_of};
use crate::{
    settings::Settings,
    storages::{STATICFILES, Storages},
};

const OWN_FOLDER: &str = "give the files that are served at / a folder of their own";

/// Checks WHITENOISE_ROOT, whose files everybody can read: neither the settings nor uploads may be
/// among them, nor may it be in a folder of uploads, where a name could lead into it. Links are
/// followed.
#[must_use]
pub fn whitenoise_root(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(root) = settings.whitenoise_root() else {
        return problems;
    };
    let shown = root.display();
    // WhiteNoise warns too: the folder may come later.
    if !root.is_dir() {
        let message =
            format!("The directory '{shown}' in the WHITENOISE_ROOT setting does not exist.");
        problems.push(Problem::warning("storehouse.W002", message));
    }
    let real_root = real(&root);
    let settings_file = settings.file();
    if let Some(file) = settings_file.filter(|file| real(file).starts_with(&real_root)) {
        let message = format!(
            "The settings file '{}' is inside WHITENOISE_ROOT '{shown}': everybody could read it.",
            file.display()
        );
        problems.push(Problem::error("storehouse.E010", message).with_hint(OWN_FOLDER));
    }
    for alias in storages.aliases() {
        let Some(folder) = root_of(storages, &alias).filter(|_| alias != STATICFILES) else {
            continue;
        };
        let folder = real(&folder);
        let message = if folder.starts_with(&real_root) {
            format!(
                "The files of STORAGES.{alias} are inside WHITENOISE_ROOT '{shown}': they would be served at / as well, private ones too, and could run as pages of the site."
            )
        } else if real_root.starts_with(&folder) {
            format!(
                "WHITENOISE_ROOT '{shown}' is inside the folder of STORAGES.{alias}: an upload whose name leads there would be served at / as well, and could run as a page of the site."
            )
        } else {
            continue;
        };
        problems.push(Problem::error("storehouse.E011", message).with_hint(OWN_FOLDER));
    }
    problems
}

/// The path with the links in as much of it as exists followed: the rest may be made later.
fn real(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        Some(folder.canonicalize().ok()?.join(rest))
    });
    existing.unwrap_or_else(|| path.to_owned())
}
