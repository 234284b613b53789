//! Whether links among the static files lead to what is no static file: the settings file, the files of a
//! private storage, uploads. Django's finders follow links, and so do ours.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Problem, real,
    served_folders::{Kept, kept},
};
use crate::{
    settings::Settings,
    staticfiles::{Finder, Found, project_ignore},
    storages::Storages,
};

/// Checks where the files lead that finders have found: `storehouse.E010` and `storehouse.E011`, each with the
/// first of the files. It asks the disk about a file only if that has the size of the settings file, or if a
/// link leads to it.
#[must_use]
pub fn found_files(settings: &Settings, storages: &Storages, found: &[Found]) -> Vec<Problem> {
    let of_settings = settings.file().and_then(|file| settings_among(file, found));
    let guarded = kept(storages).into_iter().filter(Kept::is_guarded);
    let guarded: Vec<Kept> = guarded.collect();
    let mut problems: Vec<Problem> = of_settings.into_iter().collect();
    problems.extend(guarded_among(&guarded, found));
    problems
}

/// Checks where links in the folders of the finders lead, as [`found_files`]. A folder that cannot be listed to its
/// end is a warning, `storehouse.W009`: a link there is seen by nobody before a browser follows it.
#[must_use]
pub fn links(
    settings: &Settings,
    storages: &Storages,
    finders: &[Box<dyn Finder>],
) -> Vec<Problem> {
    let ignore = project_ignore(finders, []);
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for finder in finders {
        match finder.list(&ignore) {
            Ok(files) => found.extend(files),
            Err(error) => {
                let message = format!(
                    "Links among static files were not all looked at, and could lead to private files: {error}."
                );
                problems.push(Problem::warning("storehouse.W009", message));
            }
        }
    }
    problems.extend(found_files(settings, storages, &found));
    problems
}

fn settings_among(file: &Path, found: &[Found]) -> Option<Problem> {
    let size = file.metadata().ok()?.len();
    let mut same = found.iter().map(|found| &found.source);
    let link = same.find(|source| source.size == size && is_same_file(&source.path, file))?;
    let message = format!(
        "'{}' is the settings file '{}' by another name: everybody could read it at STATIC_URL.",
        link.path.display(),
        file.display()
    );
    Some(Problem::error("storehouse.E010", message).with_hint(REMOVE))
}

const REMOVE: &str = "remove the link";

/// Whether two paths lead to one file, be it through links of either kind.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let number = |path: &Path| {
            let metadata = path.metadata().ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        let number_of_one = number(one);
        number_of_one.is_some() && number_of_one == number(other)
    }
    #[cfg(not(unix))]
    {
        real(one) == real(other)
    }
}

/// Tells of each of these storages that links among the files lead to.
fn guarded_among(guarded: &[Kept], found: &[Found]) -> Vec<Problem> {
    let mut folders: HashMap<&Path, PathBuf> = HashMap::new();
    let mut first: Vec<Option<&Path>> = vec![None; guarded.len()];
    let sources = found.iter().map(|found| &found.source);
    for source in sources.filter(|source| source.is_linked) {
        let path = source.path.as_path();
        let Some(folder) = path.parent() else {
            continue;
        };
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        let file = is_link.then(|| real(path));
        let leads_to = match &file {
            Some(file) => file,
            None => folders.entry(folder).or_insert_with(|| real(folder)),
        };
        for (kept, first) in guarded.iter().zip(&mut first) {
            // A link from the storage's own folder is the storage's.
            if leads_to.starts_with(&kept.real) && !path.starts_with(&kept.root) {
                *first = first.or(Some(path));
            }
        }
    }
    let told = guarded.iter().zip(first);
    let told = told.filter_map(|(kept, first)| Some((kept, first?)));
    told.map(|(kept, path)| {
        let shown = format!("'{}'", path.display());
        kept.readable("what a link leads to,", &shown, "STATIC_URL")
            .with_hint(REMOVE)
    })
    .collect()
}
