//! Whether the folders that are served hold only what everybody may read.
//!
//! | folder | served at | may not hold |
//! |---|---|---|
//! | `WHITENOISE_ROOT` | `/` | the settings file, the files of any other storage |
//! | that of `STORAGES.staticfiles` | `STATIC_URL` | the same |
//! | that of `STORAGES.default` | `MEDIA_URL` | the settings file, the files of a private storage |
//!
//! The first two may not lie in the folder of uploads either: a name could lead into them. A
//! warning tells of any other storage around a served folder: only the application knows the names it saves.
//!
//! The folders of the finders are served too, once they are collected: [`collected_folders`].

use super::locations::locations;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Problem, real, root_of};
use crate::{
    settings::Settings,
    staticfiles::Finder,
    storages::{DEFAULT, STATICFILES, Storages},
};

const OWN_FOLDER: &str = "give each of them a folder of its own, outside of the other";

const SETTINGS_FILE: &str = "The settings file";

/// A folder whose files are served.
struct Served {
    /// As the user knows it.
    shown: String,
    real: PathBuf,
    /// The path or setting below which its files are served.
    at: &'static str,
    /// The storage whose folder it is.
    alias: Option<&'static str>,
    /// Whether its files are sent for a signed URL only.
    is_private: bool,
}

/// The folder of a storage.
pub(super) struct Kept {
    pub(super) alias: String,
    pub(super) root: PathBuf,
    pub(super) real: PathBuf,
    is_private: bool,
}

impl Kept {
    /// Whether its files may be read with a signed URL only, or are uploads, which run nowhere: what static
    /// files are not.
    pub(super) fn is_guarded(&self) -> bool {
        self.alias != STATICFILES && (self.is_private || self.alias == DEFAULT)
    }

    /// Tells that its files can be read at `at` too, since they are `how` what is `shown`.
    pub(super) fn readable(&self, how: &str, shown: &str, at: &str) -> Problem {
        let alias = &self.alias;
        let message = match self.is_private {
            true => format!(
                "The files of STORAGES.{alias}, which are private (querystring_auth), are {how} {shown}: they would be served at {at} without a signature."
            ),
            false => format!(
                "The files of STORAGES.{alias} are {how} {shown}: they would be served at {at} as well, and an uploaded page would run as a page of the site."
            ),
        };
        Problem::error("storehouse.E011", message).with_hint(OWN_FOLDER)
    }
}

/// Checks the folders whose files are served, which everybody can read: `WHITENOISE_ROOT` and those of
/// static and media files. Links are followed.
#[must_use]
pub fn served_folders(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    // WhiteNoise warns too: the folder may come later.
    if let Some(root) = settings.whitenoise_root().filter(|root| !root.is_dir()) {
        let shown = root.display();
        let message =
            format!("The directory '{shown}' in the WHITENOISE_ROOT setting does not exist.");
        problems.push(Problem::warning("storehouse.W002", message));
    }
    let served = served(settings, storages);
    problems.extend(settings_inside(settings, &served));
    let kept = kept(storages);
    for folder in &served {
        problems.extend(kept.iter().filter_map(|kept| clash(folder, kept)));
    }
    problems
}

/// Checks the folders that static files are collected from: what is in them is served at `STATIC_URL`.
/// Links to them are followed, and links in them are not: see [`found_files`](super::found_files).
#[must_use]
pub fn collected_folders(
    settings: &Settings,
    storages: &Storages,
    finders: &[Box<dyn Finder>],
) -> Vec<Problem> {
    let kept = kept(storages);
    let mut problems = Vec::new();
    for (setting, folder) in locations(finders) {
        let shown = format!("'{}' of the {setting} setting", folder.display());
        let folder = real(&folder);
        // Those of STATICFILES_DIRS are checked without the finders.
        if let Some(file) = settings.file()
            && setting != "STATICFILES_DIRS"
            && real(file).starts_with(&folder)
        {
            problems.push(settings_readable(file, &shown));
        }
        // That finder is there to collect media.
        let is_meant = |kept: &Kept| setting == "DEFAULT_FILE_STORAGE" && !kept.is_private;
        let guarded = kept
            .iter()
            .filter(|kept| kept.is_guarded() && !is_meant(kept));
        let inside = guarded.filter(|kept| kept.real.starts_with(&folder));
        problems.extend(inside.map(|kept| kept.readable("inside", &shown, "STATIC_URL")));
    }
    problems
}

fn served(settings: &Settings, storages: &Storages) -> Vec<Served> {
    let root = settings.whitenoise_root().map(|root| Served {
        shown: format!("WHITENOISE_ROOT '{}'", root.display()),
        real: real(&root),
        at: "/",
        alias: None,
        is_private: false,
    });
    let of_alias = |(alias, at): (&'static str, &'static str)| {
        let root = place_of(storages, alias)?;
        Some(Served {
            shown: format!("the folder of STORAGES.{alias} '{}'", root.display()),
            real: real(&root),
            at,
            alias: Some(alias),
            is_private: storages.is_private(alias).unwrap_or_default(),
        })
    };
    let of_storages = [(STATICFILES, "STATIC_URL"), (DEFAULT, "MEDIA_URL")];
    root.into_iter()
        .chain(of_storages.into_iter().filter_map(of_alias))
        .collect()
}

/// Where the files of a storage are: a folder of this machine, or one in a bucket of a service, as a path of its
/// own.
fn place_of(storages: &Storages, alias: &str) -> Option<PathBuf> {
    root_of(storages, alias).or_else(|| {
        let storage = storages.get(alias).ok()?;
        let service = storage.service()?;
        Some(PathBuf::from(format!("{service} {}", storage.describe())))
    })
}

/// The folders of all storages but that of manifests, which takes no uploads.
pub(super) fn kept(storages: &Storages) -> Vec<Kept> {
    let manifests = storages.manifest_storage(STATICFILES).ok().flatten();
    let is_for_manifests = |alias: &str| match (&manifests, storages.get(alias)) {
        (Some(manifests), Ok(storage)) => alias != DEFAULT && Arc::ptr_eq(manifests, &storage),
        _ => false,
    };
    let kept = storages.aliases().into_iter().filter_map(|alias| {
        let root = place_of(storages, &alias)?;
        let real = real(&root);
        let is_private = storages.is_private(&alias).unwrap_or_default();
        (!is_for_manifests(&alias)).then_some(Kept {
            alias,
            root,
            real,
            is_private,
        })
    });
    kept.collect()
}

/// Checks that a file of secrets, such as the key of a certificate, is in none of the folders that are served:
/// `storehouse.E010`. The folders of `finders` are among those that are served, with `DEBUG`. `what` is what it is,
/// as a message begins: "The TLS key".
#[must_use]
pub fn secret_file(
    settings: &Settings,
    storages: &Storages,
    finders: &[Box<dyn Finder>],
    what: &str,
    file: &Path,
) -> Vec<Problem> {
    let mut problems = secret_inside(what, file, &served(settings, storages));
    let file_is_in = |folder: &Path| real(file).starts_with(real(folder));
    let around = locations(finders)
        .into_iter()
        .filter(|(_, folder)| file_is_in(folder));
    problems.extend(around.map(|(setting, folder)| {
        let shown = format!("'{}' of the {setting} setting", folder.display());
        secret_readable(what, file, &shown)
    }));
    problems
}

/// The settings file among the files that are served.
fn settings_inside(settings: &Settings, served: &[Served]) -> Vec<Problem> {
    let file = settings.file();
    file.map(|file| secret_inside(SETTINGS_FILE, file, served))
        .unwrap_or_default()
}

fn secret_inside(what: &str, file: &Path, served: &[Served]) -> Vec<Problem> {
    let real_file = real(file);
    let around = served
        .iter()
        .filter(|folder| real_file.starts_with(&folder.real));
    let problems = around.map(|folder| secret_readable(what, file, &folder.shown));
    problems.collect()
}

/// Tells of a settings file in a folder that everybody can read.
pub(super) fn settings_readable(file: &Path, folder: &str) -> Problem {
    secret_readable(SETTINGS_FILE, file, folder)
}

fn secret_readable(what: &str, file: &Path, folder: &str) -> Problem {
    let shown = file.display();
    let message = format!("{what} '{shown}' is inside {folder}: everybody could read it.");
    Problem::error("storehouse.E010", message).with_hint(OWN_FOLDER)
}

/// What is wrong with the files of a storage and a folder that is served beside each other.
fn clash(served: &Served, kept: &Kept) -> Option<Problem> {
    let Served {
        shown, real, at, ..
    } = served;
    let alias = &kept.alias;
    // Static files are for everybody.
    if served.alias == Some(alias) || alias == STATICFILES {
        return None;
    }
    let is_media = served.alias == Some(DEFAULT);
    // Another name for the same files, to read them by.
    let is_same = kept.real == *real && alias != DEFAULT && !kept.is_private && !is_media;
    if is_same {
        let message = format!(
            "STORAGES.{alias} has the folder of {shown}: what is saved there would be served at {at}, and could run as a page of the site."
        );
        return Some(Problem::warning("storehouse.W005", message).with_hint(OWN_FOLDER));
    }
    if kept.real.starts_with(real) {
        // Uploads among media are where they belong, unless they are private.
        let is_meant = is_media && (!kept.is_private || served.is_private);
        return (!is_meant).then(|| kept.readable("inside", shown, at));
    }
    let below = real.strip_prefix(&kept.real).ok()?.display();
    if is_media && !kept.is_private {
        return None;
    }
    let message = format!(
        "{shown} is inside the folder of STORAGES.{alias}: a file that is saved there under a name below '{below}/' would be served at {at}, and could run as a page of the site."
    );
    let problem = match alias == DEFAULT {
        true => Problem::error("storehouse.E011", message),
        false => Problem::warning("storehouse.W005", message),
    };
    Some(problem.with_hint(OWN_FOLDER))
}
