//! Django's AppDirectoriesFinder: the folder `static` of each application. Where the applications
//! are is found out by [`super::apps`].

use std::path::PathBuf;

use storehouse_storage::Result;

use super::{
    Finder, Searched,
    apps::look_for_apps,
    folder::{self, Exists},
};
use crate::staticfiles::model::found::Found;
use crate::{settings::Settings, staticfiles::sources::ignore::IgnorePatterns};

/// Finds what is in the folder `static` of each of INSTALLED_APPS. An app without one has nothing.
#[derive(Debug)]
pub struct AppDirectoriesFinder {
    folders: Vec<PathBuf>,
    ignore: Option<Vec<String>>,
}

impl AppDirectoriesFinder {
    /// Takes the folders of the apps in order; one that is given twice counts once.
    #[must_use]
    pub fn new(apps: Vec<PathBuf>) -> Self {
        let mut folders = Vec::new();
        for app in apps {
            let folder = app.join("static");
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self {
            folders,
            ignore: None,
        }
    }

    /// Finds the folders of INSTALLED_APPS. The interpreter in PYTHON is asked, once, if there are
    /// names of Python's among them, such as `django.contrib.admin`; it imports none of them. What it
    /// answers is remembered in the user's cache folder, as long as it is surely right.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) with all apps that
    /// are not found, or with what is wrong with the interpreter.
    pub async fn from_settings(settings: &Settings) -> Result<Self> {
        let apps = look_for_apps(settings).await?;
        Ok(Self {
            ignore: apps.ignore,
            ..Self::new(apps.folders)
        })
    }
}

impl Finder for AppDirectoriesFinder {
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
        let folders = self.folders.iter().map(|folder| (folder.as_path(), None));
        folder::list(&folders.collect::<Vec<_>>(), ignore)
    }

    fn find(&self, path: &str) -> Vec<Searched> {
        let folders = self.folders.iter().filter(|folder| folder.is_dir());
        folders
            .map(|folder| folder::find(folder, path, Exists::Any))
            .collect()
    }

    fn setting(&self) -> &str {
        "INSTALLED_APPS"
    }

    fn default_ignore(&self) -> Option<&[String]> {
        self.ignore.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_given_twice_counts_once() {
        let finder = AppDirectoriesFinder::new(vec!["a".into(), "b".into(), "a".into()]);

        assert_eq!(finder.folders, ["a/static", "b/static"].map(PathBuf::from));
    }
}
