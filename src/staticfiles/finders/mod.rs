//! Where static files come from: Django's finders. They list sources and look for single ones; they
//! never look at the destination and never read content.
//!
//! Order decides who wins a name: finders as STATICFILES_FINDERS has them, inside one its folders
//! as the setting has them (`django/contrib/staticfiles/finders.py`, 6.1). Inside a folder the
//! order is by name, where Django's is the file system's.
//!
//! | Django's name, after `django.contrib.staticfiles.finders.` | finds |
//! |---|---|
//! | `FileSystemFinder` | what is in the folders of STATICFILES_DIRS |
//! | `AppDirectoriesFinder` | what is in `static/` of each of INSTALLED_APPS |
//! | `DefaultStorageFinder` | everything in the storage of media, if that is a folder |
//!
//! A finder of your own has a name too, and stands where STATICFILES_FINDERS has it:
//!
//! ```
//! use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
//! use storehouse::{
//!     settings::{Settings, Sources, StaticDir},
//!     staticfiles::{
//!         FileSystemFinder, Finder, Found, IgnorePatterns, Matches, Searched, finders_with, search,
//!     },
//!     storages::{Storages, builtin},
//! };
//! use storehouse_storage::Result;
//!
//! /// Finds what a bundler made.
//! #[derive(Debug)]
//! struct Bundles(FileSystemFinder);
//!
//! impl Finder for Bundles {
//!     fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
//!         self.0.list(ignore)
//!     }
//!
//!     fn find(&self, path: &str) -> Vec<Searched> {
//!         self.0.find(path)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let registry = builtin();
//! let sources = Sources::new("/srv/site").with_set(r#"STATICFILES_FINDERS=["site.Bundles"]"#);
//! let settings = Settings::load(&sources, &registry)?;
//! let storages = Storages::new(&settings, registry)?;
//! let folder = StaticDir { prefix: None, path: PathBuf::from("/srv/site/dist") };
//! let bundles: Arc<dyn Finder> = Arc::new(Bundles(FileSystemFinder::new(vec![folder])));
//!
//! let own = BTreeMap::from([("site.Bundles".to_owned(), bundles)]);
//! let finders = finders_with(&settings, &storages, &own).await?;
//!
//! let searched = search(&finders, "app.js", Matches::All)?;
//! assert_eq!(searched.locations, [PathBuf::from("/srv/site/dist")]);
//! # Ok(()) }
//! ```

use crate::staticfiles::model::found::Found;
use std::{collections::BTreeMap, sync::Arc};

use storehouse_storage::{Result, nearest};

use crate::staticfiles::sources::ignore::{DEFAULT_IGNORE, IgnorePatterns};
use crate::{
    settings::{Problems, Settings},
    storages::Storages,
};

mod answer;
mod app_directories;
mod apps;
mod default_storage;
mod file_system;
mod folder;
mod interpreter;
mod remembered;
mod search;

pub use self::{
    app_directories::AppDirectoriesFinder,
    default_storage::DefaultStorageFinder,
    file_system::FileSystemFinder,
    search::{Matches, Search, Searched, search},
};

/// Something that finds static files. Both methods block while they look at a disk.
pub trait Finder: std::fmt::Debug + Send + Sync {
    /// Returns all files but the ignored ones, in order.
    ///
    /// # Errors
    /// A folder that cannot be read, a link that leads in a circle or nowhere, a name that is no
    /// text.
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>>;

    /// Looks for `path`, which is relative and has `/`, and says what it found in each of its
    /// places, in order. A folder is found as a file is; the empty path is each place itself.
    ///
    /// A place whose files are under another prefix is searched too, and has nothing. A path that
    /// leads out of a place is [`ErrorKind::InvalidName`](storehouse_storage::ErrorKind::InvalidName) there.
    fn find(&self, path: &str) -> Vec<Searched>;

    /// Returns the setting that says where it looks, for messages.
    fn setting(&self) -> &str {
        "STATICFILES_FINDERS"
    }

    /// Returns what the project leaves out of all that is found, in place of
    /// [`DEFAULT_IGNORE`](crate::staticfiles::DEFAULT_IGNORE); `None` if it says nothing: the
    /// `ignore_patterns` of a class made from Django's `StaticFilesConfig`.
    fn default_ignore(&self) -> Option<&[String]> {
        None
    }
}

/// Returns what a project leaves out: what a finder says ([`Finder::default_ignore`]), else
/// [`DEFAULT_IGNORE`]; and `given` beside it.
#[must_use]
pub fn project_ignore<'a>(
    finders: &'a [Box<dyn Finder>],
    given: impl IntoIterator<Item = &'a str>,
) -> IgnorePatterns {
    let of_project = finders.iter().find_map(|finder| finder.default_ignore());
    let default: Vec<&str> = match of_project {
        Some(patterns) => patterns.iter().map(String::as_str).collect(),
        None => DEFAULT_IGNORE.to_vec(),
    };
    IgnorePatterns::new(given.into_iter().chain(default))
}

/// Delegates to the finder inside, so that several lists can share one.
impl<T: Finder + ?Sized> Finder for Arc<T> {
    fn list(&self, ignore: &IgnorePatterns) -> Result<Vec<Found>> {
        (**self).list(ignore)
    }

    fn find(&self, path: &str) -> Vec<Searched> {
        (**self).find(path)
    }

    fn setting(&self) -> &str {
        (**self).setting()
    }

    fn default_ignore(&self) -> Option<&[String]> {
        (**self).default_ignore()
    }
}

/// Django's dotted name of [`FileSystemFinder`].
pub const FILE_SYSTEM_FINDER: &str = "django.contrib.staticfiles.finders.FileSystemFinder";
/// Django's dotted name of [`AppDirectoriesFinder`].
pub const APP_DIRECTORIES_FINDER: &str = "django.contrib.staticfiles.finders.AppDirectoriesFinder";
/// Django's dotted name of [`DefaultStorageFinder`].
pub const DEFAULT_STORAGE_FINDER: &str = "django.contrib.staticfiles.finders.DefaultStorageFinder";

const BUILT_IN: [&str; 3] = [
    FILE_SYSTEM_FINDER,
    APP_DIRECTORIES_FINDER,
    DEFAULT_STORAGE_FINDER,
];

/// Makes the finders that STATICFILES_FINDERS names, in its order.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for names that are not
/// known, all of them; as [`AppDirectoriesFinder::from_settings`] and [`DefaultStorageFinder::new`].
pub async fn finders(settings: &Settings, storages: &Storages) -> Result<Vec<Box<dyn Finder>>> {
    finders_with(settings, storages, &BTreeMap::new()).await
}

/// As [`finders`], with finders of your own by the names that STATICFILES_FINDERS gives them. One
/// that it does not name is not used.
///
/// # Errors
/// As [`finders`].
pub async fn finders_with(
    settings: &Settings,
    storages: &Storages,
    own: &BTreeMap<String, Arc<dyn Finder>>,
) -> Result<Vec<Box<dyn Finder>>> {
    let names = settings.staticfiles_finders();
    refuse_unknown(settings, &names, own)?;
    let mut finders: Vec<Box<dyn Finder>> = Vec::new();
    for name in &names {
        finders.push(match (own.get(name), name.as_str()) {
            (Some(own), _) => Box::new(Arc::clone(own)),
            (None, APP_DIRECTORIES_FINDER) => {
                Box::new(AppDirectoriesFinder::from_settings(settings).await?)
            }
            (None, DEFAULT_STORAGE_FINDER) => {
                Box::new(DefaultStorageFinder::new(&*storages.default()?)?)
            }
            _ => Box::new(FileSystemFinder::new(settings.staticfiles_dirs())),
        });
    }
    Ok(finders)
}

/// Names what STATICFILES_FINDERS has and nobody knows.
fn refuse_unknown(
    settings: &Settings,
    names: &[String],
    own: &BTreeMap<String, Arc<dyn Finder>>,
) -> Result<()> {
    let known = || BUILT_IN.into_iter().chain(own.keys().map(String::as_str));
    let place = settings.source("STATICFILES_FINDERS");
    let mut problems = Problems::default();
    for name in names {
        if known().any(|known| known == name) {
            continue;
        }
        let advice = match nearest(name, known()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known are {}", known().collect::<Vec<_>>().join(", ")),
        };
        problems.add(format!(
            "STATICFILES_FINDERS ({place}) has {name:?}, which is not known; {advice}"
        ));
    }
    problems.into_result()
}

#[cfg(all(test, feature = "filesystem"))]
mod tests {
    use super::*;
    use crate::{settings::Sources, storages::builtin};

    #[derive(Debug)]
    struct Nothing;

    impl Finder for Nothing {
        fn list(&self, _: &IgnorePatterns) -> Result<Vec<Found>> {
            Ok(Vec::new())
        }

        fn find(&self, _: &str) -> Vec<Searched> {
            Vec::new()
        }
    }

    async fn made(names: &str) -> Result<Vec<String>> {
        let sources = Sources::new("/nowhere")
            .with_set("DEFAULT_FILE_STORAGE=file:media")
            .with_set(format!("STATICFILES_FINDERS={names}"));
        let settings = Settings::load(&sources, &builtin())?;
        let storages = Storages::new(&settings, builtin())?;
        let nothing: Arc<dyn Finder> = Arc::new(Nothing);
        let own = BTreeMap::from([("site.Nothing".to_owned(), nothing)]);
        let finders = finders_with(&settings, &storages, &own).await?;
        Ok(finders.iter().map(|one| one.setting().to_owned()).collect())
    }

    #[tokio::test]
    async fn finders_stand_where_the_setting_has_them() {
        let names = r#"[
            "django.contrib.staticfiles.finders.DefaultStorageFinder", "site.Nothing",
            "django.contrib.staticfiles.finders.AppDirectoriesFinder",
            "django.contrib.staticfiles.finders.FileSystemFinder", "site.Nothing",
        ]"#;

        let settings = made(names).await.unwrap();

        assert_eq!(
            settings,
            [
                "DEFAULT_FILE_STORAGE",
                "STATICFILES_FINDERS",
                "INSTALLED_APPS",
                "STATICFILES_DIRS",
                "STATICFILES_FINDERS"
            ]
        );
    }

    #[tokio::test]
    async fn all_unknown_finders_are_named_with_the_nearest() {
        let names =
            r#"["django.contrib.staticfiles.finders.FilesystemFinder", "site.Nothin", "other"]"#;

        let error = made(names).await.unwrap_err().to_string();

        for said in [
            r#"FilesystemFinder", which is not known; did you mean "django.contrib.staticfiles.finders.FileSystemFinder"?"#,
            r#""site.Nothin", which is not known; did you mean "site.Nothing"?"#,
            r#""other", which is not known; known are django."#,
        ] {
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}
