//! Django's FileSystemFinder: the folders of STATICFILES_DIRS.

use storehouse_storage::Result;

use super::{
    Finder, Searched,
    folder::{self, Exists},
};
use crate::staticfiles::model::found::Found;
use crate::{settings::StaticDir, staticfiles::sources::ignore::IgnorePatterns};

/// Finds what is in the folders of STATICFILES_DIRS.
#[derive(Debug)]
pub struct FileSystemFinder {
    folders: Vec<StaticDir>,
}

impl FileSystemFinder {
    /// Takes the folders in order; one that is given twice counts once.
    ///
    /// A folder given under two prefixes is listed twice under the last of them, and so gives
    /// nothing under the first: what Django does. It is found under both.
    #[must_use]
    pub fn new(given: Vec<StaticDir>) -> Self {
        let mut folders: Vec<StaticDir> = Vec::new();
        for mut folder in given {
            // An empty prefix is none, as in Django.
            folder.prefix = folder.prefix.filter(|prefix| !prefix.is_empty());
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self { folders }
    }

    /// The prefix that the files of a folder are listed under.
    fn listed_under(&self, folder: &StaticDir) -> Option<&str> {
        let mut same = self.folders.iter().filter(|same| same.path == folder.path);
        same.next_back()?.prefix.as_deref()
    }
}

impl Finder for FileSystemFinder {
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
        let dirs = self.folders.iter();
        let folders = dirs.map(|dir| (dir.path.as_path(), self.listed_under(dir)));
        folder::list(&folders.collect::<Vec<_>>(), ignore)
    }

    fn find(&self, path: &str) -> Vec<Searched> {
        let look = |dir: &StaticDir| match &dir.prefix {
            None => folder::find(&dir.path, path, Exists::Reachable),
            Some(prefix) => match path.strip_prefix(&format!("{prefix}/")) {
                Some(path) => folder::find(&dir.path, path, Exists::Reachable),
                None => Searched {
                    location: dir.path.clone(),
                    found: Ok(None),
                },
            },
        };
        self.folders.iter().map(look).collect()
    }

    fn setting(&self) -> &str {
        "STATICFILES_DIRS"
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn dir(prefix: Option<&str>, path: impl AsRef<Path>) -> StaticDir {
        StaticDir {
            prefix: prefix.map(str::to_owned),
            path: path.as_ref().to_owned(),
        }
    }

    #[test]
    fn a_folder_under_two_prefixes_is_listed_twice_under_the_last_and_found_under_both() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.css"), "x").unwrap();
        let finder = FileSystemFinder::new(vec![dir(Some("a"), &folder), dir(Some("b"), &folder)]);

        let listed = finder.list(&IgnorePatterns::default()).unwrap();
        let names: Vec<&str> = listed.iter().map(|found| found.name.as_str()).collect();
        let found = |path: &str| {
            let searched = finder.find(path).into_iter();
            let found = searched.map(|searched| searched.found.unwrap().is_some());
            found.collect::<Vec<bool>>()
        };

        assert_eq!(names, ["b/x.css", "b/x.css"]);
        assert_eq!(found("a/x.css"), [true, false]);
        assert_eq!(found("b/x.css"), [false, true]);
        assert_eq!(found("x.css"), [false, false]);
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
