//! What the folders of a finder have: all files, or what is under one path. Which folders there are is
//! the finders' business.

use std::{
    fs,
    path::{Path, PathBuf},
};

use storehouse_storage::{Error, ErrorKind, Name, Result};

use super::Searched;
use crate::staticfiles::model::found::Found;
use crate::{
    settings::absolute,
    staticfiles::{
        model::source_file::SourceFile,
        sources::{ignore::IgnorePatterns, walk::walk},
    },
};

/// What is there under a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exists {
    /// Not a link that leads nowhere: Python's `os.path.exists`.
    Reachable,
    /// Any link: `os.path.lexists`, which Django's `FileSystemStorage` takes.
    Any,
}

/// The files of some folders, in their order, each with the prefix of its names; a folder that is not
/// there has none (check `staticfiles.W004` says so).
pub(super) fn list(
    folders: &[(&Path, Option<&str>)],
    ignore: &IgnorePatterns,
) -> Result<Vec<Found>> {
    let there = folders.iter().filter(|(folder, _)| folder.is_dir());
    let (roots, prefixes): (Vec<&Path>, Vec<Option<&str>>) = there.copied().unzip();
    let files = walk(&roots, ignore)?.into_iter().zip(prefixes);
    files
        .flat_map(|(files, prefix)| files.into_iter().map(move |file| found(prefix, file)))
        .collect()
}

/// What `folder` has under `path`.
pub(super) fn find(folder: &Path, path: &str, exists: Exists) -> Searched {
    Searched {
        location: folder.to_owned(),
        found: inside(folder, path).map(|path| {
            let metadata = match exists {
                Exists::Reachable => fs::metadata(&path),
                Exists::Any => fs::symlink_metadata(&path),
            };
            metadata.is_ok().then_some(path)
        }),
    }
}

/// Returns `path` below `folder`, by text alone: Django's `safe_join`. An absolute path may be
/// below it already.
fn inside(folder: &Path, path: &str) -> Result<PathBuf> {
    let (root, path_there) = (
        absolute(folder, Path::new("")),
        absolute(folder, Path::new(path)),
    );
    if path_there.starts_with(&root) {
        return Ok(path_there);
    }
    let problem = format!("the path {path:?} leads out of {folder:?}");
    Err(Error::new(ErrorKind::InvalidName, problem)
        .with_advice("write it as it stands in a page, such as \"css/app.css\""))
}

fn found(prefix: Option<&str>, source: SourceFile) -> Result<Found> {
    let text = match prefix {
        Some(prefix) => format!("{prefix}/{}", source.relative),
        None => source.relative.clone(),
    };
    let name = Name::new(&text).map_err(|error| unnameable(prefix, &text, &source.path, &error))?;
    Ok(Found {
        name,
        source: source.into(),
    })
}

/// Says why a file cannot be collected under the name it would have: its own fault, or its prefix's.
fn unnameable(prefix: Option<&str>, text: &str, path: &Path, error: &Error) -> Error {
    if let Some(prefix) = prefix
        && let Err(error) = Name::new(format!("{prefix}/x"))
    {
        let problem = format!(
            "the prefix {prefix:?} in STATICFILES_DIRS cannot be used: {}",
            error.problem()
        );
        return Error::configuration(problem)
            .with_advice("write it as a folder below STATIC_ROOT, such as \"vendor\"");
    }
    let problem = format!(
        "{path:?} cannot be called {text:?} in a storage: {}",
        error.problem()
    );
    Error::new(error.kind(), problem).with_advice("rename it, or leave it out with --ignore")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside_its_folder() {
        for (case, path, expected) in [
            ("plain", "css/a.css", Some("/srv/a/css/a.css")),
            ("the folder itself", "", Some("/srv/a")),
            ("a slash at the end", "css/", Some("/srv/a/css")),
            ("out and in again", "../a/b", Some("/srv/a/b")),
            ("absolute and inside", "/srv/a/b", Some("/srv/a/b")),
            ("out", "../b", None),
            ("a neighbour whose name starts alike", "../ab", None),
            ("absolute", "/etc/passwd", None),
        ] {
            let found = inside(Path::new("/srv/x/../a"), path);

            assert_eq!(
                found.ok().as_deref(),
                expected.map(Path::new),
                "{case}: {path:?}"
            );
        }
    }
}
