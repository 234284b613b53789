//! Where static files come from: Django's finders. They list sources; they never look at the
//! destination and never read content.
//!
//! Order decides who wins a name: finders as STATICFILES_FINDERS has them, inside one its folders
//! as the setting has them (`django/contrib/staticfiles/finders.py`, 6.1). Inside a folder the
//! order is by name, where Django's is the file system's.

use std::path::{Path, PathBuf};

use storehouse_storage::{Error, Name, Result};

use super::{
    ignore::IgnorePatterns,
    walk::{SourceFile, walk},
};
use crate::settings::{Settings, StaticDir};

/// A file that a finder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is called in the destination: the prefix of its folder, then its path there.
    pub name: Name,
    /// The file itself, its size and its time.
    pub source: SourceFile,
}

/// Something that finds static files.
pub trait Finder: std::fmt::Debug + Send + Sync {
    /// Returns all files but the ignored ones, in order. It blocks while it reads folders.
    ///
    /// # Errors
    /// A folder that cannot be read, a link that leads in a circle or nowhere, a name that is no
    /// text.
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>>;
}

/// Django's dotted name of [`FileSystemFinder`].
pub const FILE_SYSTEM_FINDER: &str = "django.contrib.staticfiles.finders.FileSystemFinder";
/// Django's dotted name of [`AppDirectoriesFinder`].
pub const APP_DIRECTORIES_FINDER: &str = "django.contrib.staticfiles.finders.AppDirectoriesFinder";

/// Makes the finders that STATICFILES_FINDERS names, in its order.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for a name that is not known.
pub fn finders(settings: &Settings) -> Result<Vec<Box<dyn Finder>>> {
    let names = settings.staticfiles_finders();
    names.iter().map(|name| finder(name, settings)).collect()
}

fn finder(name: &str, settings: &Settings) -> Result<Box<dyn Finder>> {
    match name {
        FILE_SYSTEM_FINDER => Ok(Box::new(FileSystemFinder::new(settings.staticfiles_dirs()))),
        APP_DIRECTORIES_FINDER => Ok(Box::new(AppDirectoriesFinder::new(settings)?)),
        _ => {
            let known = [FILE_SYSTEM_FINDER, APP_DIRECTORIES_FINDER];
            Err(Error::configuration(format!(
                "STATICFILES_FINDERS has {name:?}, which is not known"
            ))
            .with_advice(format!("known are {}", known.join(" and "))))
        }
    }
}

/// Finds what is in the folders of STATICFILES_DIRS.
#[derive(Debug)]
pub struct FileSystemFinder {
    folders: Vec<StaticDir>,
}

impl FileSystemFinder {
    /// Takes the folders in order; one that is given twice counts once.
    ///
    /// A folder given under two prefixes is listed twice under the last of them, and so gives
    /// nothing under the first: what Django does.
    #[must_use]
    pub fn new(given: Vec<StaticDir>) -> Self {
        let mut folders: Vec<StaticDir> = Vec::new();
        for mut folder in given {
            // An empty prefix is none, as in Django.
            folder.prefix = folder.prefix.filter(|prefix| !prefix.is_empty());
            if folders.contains(&folder) {
                continue;
            }
            for same in folders.iter_mut().filter(|known| known.path == folder.path) {
                same.prefix.clone_from(&folder.prefix);
            }
            folders.push(folder);
        }
        Self { folders }
    }
}

impl Finder for FileSystemFinder {
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for folder in &self.folders {
            all.extend(list_folder(&folder.path, folder.prefix.as_deref(), ignore)?);
        }
        Ok(all)
    }
}

/// Finds what is in the folder `static` of each of INSTALLED_APPS.
#[derive(Debug)]
pub struct AppDirectoriesFinder {
    folders: Vec<PathBuf>,
}

impl AppDirectoriesFinder {
    /// Takes the apps of the settings in order; an app without a folder `static` gives nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for an app that is not a folder.
    pub fn new(settings: &Settings) -> Result<Self> {
        let mut folders = Vec::new();
        for app in settings.installed_apps() {
            let Some(folder) = &app.folder else {
                return Err(Error::configuration(format!(
                    "INSTALLED_APPS has the Python name {:?}, which this version cannot look up",
                    app.text
                ))
                .with_advice(
                    "write the folder of the app, the one that holds its `static` folder",
                ));
            };
            folders.push(folder.join("static"));
        }
        Ok(Self { folders })
    }
}

impl Finder for AppDirectoriesFinder {
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for folder in &self.folders {
            all.extend(list_folder(folder, None, ignore)?);
        }
        Ok(all)
    }
}

/// The files of one folder; a folder that is not there has none (check `staticfiles.W004` says so).
fn list_folder(folder: &Path, prefix: Option<&str>, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = walk(folder, ignore)?;
    files.into_iter().map(|file| found(prefix, file)).collect()
}

fn found(prefix: Option<&str>, source: SourceFile) -> Result<Found> {
    let text = match prefix {
        Some(prefix) => format!("{prefix}/{}", source.relative),
        None => source.relative.clone(),
    };
    let name = Name::new(&text).map_err(|error| unnameable(prefix, &text, &source.path, &error))?;
    Ok(Found { name, source })
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

    fn dir(prefix: Option<&str>, path: &str) -> StaticDir {
        StaticDir {
            prefix: prefix.map(str::to_owned),
            path: path.into(),
        }
    }

    #[test]
    fn a_folder_under_two_prefixes_is_listed_twice_under_the_last() {
        let finder = FileSystemFinder::new(vec![
            dir(Some("a"), "x"),
            dir(None, "y"),
            dir(Some("b"), "x"),
        ]);

        assert_eq!(
            finder.folders,
            [dir(Some("b"), "x"), dir(None, "y"), dir(Some("b"), "x")]
        );
    }

    #[test]
    fn an_empty_prefix_is_none() {
        let finder = FileSystemFinder::new(vec![dir(Some(""), "x"), dir(None, "x")]);

        assert_eq!(finder.folders, [dir(None, "x")]);
    }

    #[test]
    fn a_folder_given_twice_counts_once() {
        let finder = FileSystemFinder::new(vec![dir(None, "x"), dir(None, "x")]);

        assert_eq!(finder.folders, [dir(None, "x")]);
    }
}
