//! System checks: what is wrong with the settings, found before it does harm. Checks that Django
//! has keep their ids (`django/contrib/staticfiles/checks.py`, `core/checks/{files,urls}.py`,
//! `core/checks/security/base.py`, `contrib/staticfiles/utils.py`, 6.1); ours begin with `storehouse.`.
//!
//! Only [`live`](live()) looks beyond this machine.

mod found_files;
mod live;
mod locations;
mod secret_key;
mod served_folders;
mod static_files;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use storehouse_storage::{Error, Result};

pub use self::{
    found_files::{found_files, links},
    live::live,
    served_folders::{collected_folders, secret_file, served_folders},
    static_files::{clear_is_safe, finding, staticfiles},
};
use crate::{
    serve::problems_of_settings,
    settings::Settings,
    staticfiles::{Finder, local_root},
    storages::{DEFAULT, STATICFILES, Storages},
};

/// The kinds of checks. All but `storages` are Django's tags.
pub const TAGS: [&str; 5] = ["files", "security", "staticfiles", "storages", "urls"];

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works, but hardly as meant.
    Warning,
    /// It cannot work, or would do harm.
    Error,
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// What the check is called, for example `staticfiles.E002`.
    pub id: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    fn error(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            id,
            message: message.into(),
            hint: None,
        }
    }

    fn warning(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            ..Self::error(id, message)
        }
    }

    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the kind of check that found it: one of [`TAGS`].
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self.id {
            "storehouse.E005" | "storehouse.E006" | "storehouse.W003" | "storehouse.W004"
            | "storehouse.W006" | "storehouse.W007" | "storehouse.W008" => "storages",
            "storehouse.E010" | "storehouse.E011" | "storehouse.W002" | "storehouse.W005"
            | "storehouse.W009" => "security",
            id => {
                let kind = id.split('.').next().unwrap_or_default();
                TAGS.iter()
                    .find(|tag| **tag == kind)
                    .unwrap_or(&"staticfiles")
            }
        }
    }

    /// Returns whether nothing should be done before it is mended.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}) {}", self.id, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Runs every check of the settings; `deploy` adds those that only matter in production. `finders`
/// are those of [`staticfiles::finders`](crate::staticfiles::finders()), or why there are none.
#[must_use]
pub fn all(
    settings: &Settings,
    storages: &Storages,
    finders: Result<&[Box<dyn Finder>], &Error>,
    deploy: bool,
) -> Vec<Problem> {
    let mut problems = staticfiles(settings, storages, finders);
    problems.extend(urls(settings));
    problems.extend(files(settings));
    problems.extend(served_folders(settings, storages));
    let is_shown = |problem: &Problem| matches!(problem.id, "storehouse.E010" | "storehouse.E011");
    // What lies in a folder is found through it too.
    if let Ok(finders) = finders
        && !problems.iter().any(is_shown)
    {
        problems.extend(links(settings, storages, finders));
    }
    problems.extend(unused(settings));
    problems.extend(media_of_nobody(settings, storages));
    problems.extend(sending(settings, storages));
    problems.extend(storages_open(settings, storages));
    problems.extend(modes(storages));
    if let Err(error) = clear_is_safe(settings, storages, finders.unwrap_or_default()) {
        problems.push(Problem::warning("storehouse.W001", error.to_string()));
    }
    if deploy && settings.debug() {
        problems.push(Problem::warning(
            "security.W018",
            "You should not have DEBUG set to True in deployment.",
        ));
    }
    if deploy {
        problems.extend(secret_key::secret_keys(settings, storages));
    }
    problems
}

/// Django's `core/checks/files.py`.
fn files(settings: &Settings) -> Option<Problem> {
    let folder = settings.path("FILE_UPLOAD_TEMP_DIR")?;
    (!folder.is_dir()).then(|| {
        let message = format!(
            "The FILE_UPLOAD_TEMP_DIR setting refers to the nonexistent directory '{}'.",
            folder.display()
        );
        Problem::error("files.E001", message)
    })
}

/// Runs Django's checks of the tag `urls`.
#[must_use]
pub fn urls(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, url) in [
        ("STATIC_URL", settings.static_url()),
        ("MEDIA_URL", settings.media_url()),
    ] {
        if url.is_some_and(|url| !url.is_empty() && !url.ends_with('/')) {
            problems.push(Problem::error(
                "urls.E006",
                format!("The {name} setting must end with a slash."),
            ));
        }
    }
    problems
}

/// Tells of settings of Django, and of packages, that were brought along and do nothing here.
fn unused(settings: &Settings) -> Option<Problem> {
    let unused = settings.unused();
    let count = match unused.len() {
        0 => return None,
        1 => "1 setting".to_owned(),
        many => format!("{many} settings"),
    };
    let names = unused.join(", ");
    let message =
        format!("{count} of Django, or of packages, that Storehouse does not use: {names}.");
    Some(Problem::warning("storehouse.W008", message))
}

/// Warns of a `MEDIA_URL` below which nothing is served.
fn media_of_nobody(settings: &Settings, storages: &Storages) -> Option<Problem> {
    let has_url = settings.text("MEDIA_URL").is_some();
    let has_storage = storages.aliases().iter().any(|alias| alias == DEFAULT);
    (has_url && !has_storage).then(|| {
        let message = "MEDIA_URL is set, and STORAGES has no 'default': no media are served.";
        Problem::warning("storehouse.W006", message)
    })
}

/// Looks at what settings say of how files are sent: `serve` does not start with what is wrong there.
fn sending(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let errors = problems_of_settings(settings, storages).into_iter();
    errors
        .map(|error| Problem::error("storehouse.E012", error.to_string()))
        .collect()
}

/// Opens every storage: no request is sent, but missing and contradictory options show.
fn storages_open(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let aliases = storages.aliases();
    let open = |alias: &String| {
        storages.get(alias)?;
        storages.manifest_storage(alias)
    };
    let errors = aliases.iter().filter_map(|alias| {
        let error = open(alias).err()?;
        let is_unused = storages.lacks_folder(alias) && !uses(settings, alias);
        match (is_unused, storages.is_built_in(alias)) {
            (true, true) => None,
            (true, false) => Some(Problem::warning("storehouse.W007", error.to_string())),
            (false, _) => Some(Problem::error("storehouse.E005", error.to_string())),
        }
    });
    errors.collect()
}

/// Whether settings beside `STORAGES` show that the project has files for this storage. One that has static
/// files only, or media only, need not say where the others would be.
fn uses(settings: &Settings, alias: &str) -> bool {
    let signs: &[&str] = match alias {
        DEFAULT => &["MEDIA_URL"],
        STATICFILES => &["STATIC_URL", "STATICFILES_DIRS", "STATIC_ROOT"],
        _ => return true,
    };
    signs.iter().any(|name| settings.given(name).is_some())
}

/// Warns of modes with which files are saved and then out of reach.
fn modes(storages: &Storages) -> Vec<Problem> {
    const CLASSES: [(u32, u32, &str); 3] = [
        (0o400, 0o100, "their owner"),
        (0o040, 0o010, "their group"),
        (0o004, 0o001, "others"),
    ];
    let aliases = storages.aliases().into_iter();
    let problems = aliases.filter_map(|alias| {
        let mode = storages.directory_mode(&alias)?;
        if mode & 0o300 != 0o300 {
            let message = format!(
                "The directory_permissions_mode 0o{mode:o} of STORAGES.{alias} keeps the user of this program out of the folders that it makes: nothing can be saved in them."
            );
            let problem = Problem::warning("storehouse.W004", message);
            return Some(problem.with_hint("0o755 lets the owner save and everybody read"));
        }
        let who = CLASSES.iter().find(|(read, enter, _)| mode & read != 0 && mode & enter == 0)?.2;
        let message = format!(
            "The directory_permissions_mode 0o{mode:o} of STORAGES.{alias} lets {who} list folders and not enter them: files in them cannot be opened."
        );
        Some(Problem::warning("storehouse.W004", message).with_hint("0o755 lets everybody enter"))
    });
    problems.collect()
}

/// Where static files really go, if that is a folder: STATIC_ROOT, or what the storage string says.
fn static_root(settings: &Settings, storages: &Storages) -> Option<PathBuf> {
    root_of(storages, STATICFILES).or_else(|| settings.static_root())
}

/// Where media really go, if that is a folder: MEDIA_ROOT, or what the storage string says.
fn media_root(settings: &Settings, storages: &Storages) -> Option<PathBuf> {
    root_of(storages, DEFAULT).or_else(|| settings.media_root())
}

fn root_of(storages: &Storages, alias: &str) -> Option<PathBuf> {
    local_root(&*storages.get(alias).ok()?)
}

/// The path with the links in as much of it as exists followed: the rest may be made later.
fn real(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        Some(folder.canonicalize().ok()?.join(rest))
    });
    existing.unwrap_or_else(|| path.to_owned())
}
