//! System checks: what is wrong with the settings, found before it does harm. Checks that Django
//! has keep their ids (`django/contrib/staticfiles/checks.py`, `core/checks/{files,urls}.py`,
//! `core/checks/security/base.py`, `contrib/staticfiles/utils.py`, 6.1); ours begin with `storehouse.`.
//!
//! Only [`live`] looks beyond this machine.

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use storehouse_storage::{
    Content, Error, Name, Result, SaveOptions, Secret, Storage, StorageExt, Target,
};

use crate::{
    settings::{Settings, StaticDir},
    staticfiles::{FILE_SYSTEM_FINDER, Finder, local_root},
    storages::{DEFAULT, STATICFILES, Storages},
};

/// What `startproject` puts before the key that it makes.
const MADE_BY_DJANGO: &str = "django-insecure-";

const OWN_FOLDER: &str = "give the files that are served at / a folder of their own";

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
    problems.extend(whitenoise_root(settings, storages));
    problems.extend(storages_open(storages));
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
        problems.extend(secret_keys(settings, storages));
    }
    problems
}

/// Runs Django's checks of SECRET_KEY (`django/core/checks/security/base.py`, 6.1) if a storage signs
/// its URLs with it: who guesses the key can read every private file.
fn secret_keys(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !storages
        .aliases()
        .iter()
        .any(|alias| signs_with_secret_key(storages, alias))
    {
        return problems;
    }
    if !settings.secret_key().is_some_and(is_strong) {
        problems.push(weak_key("security.W009", "SECRET_KEY"));
    }
    for (index, key) in settings.secret_key_fallbacks().into_iter().enumerate() {
        if !is_strong(key) {
            let name = format!("SECRET_KEY_FALLBACKS[{index}]");
            problems.push(weak_key("security.W025", &name));
        }
    }
    problems
}

/// A bucket's URLs are signed with the keys of its service.
fn signs_with_secret_key(storages: &Storages, alias: &str) -> bool {
    storages.get(alias).is_ok_and(|storage| {
        let is_private = || storages.is_private(alias).unwrap_or_default();
        storage.service().is_none() && (storage.capabilities().signed_urls || is_private())
    })
}

fn is_strong(key: &Secret) -> bool {
    let text = key.expose();
    let different: HashSet<char> = text.chars().collect();
    text.chars().count() >= 50 && different.len() >= 5 && !text.starts_with(MADE_BY_DJANGO)
}

fn weak_key(id: &'static str, name: &str) -> Problem {
    let message = format!(
        "Your {name} has less than 50 characters, less than 5 unique characters, or it's prefixed with '{MADE_BY_DJANGO}' indicating that it was generated automatically by Django: URLs of private files could be forged."
    );
    Problem::warning(id, message).with_hint("Please generate a long and random value.")
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

/// Runs the checks that come before `collectstatic`: Django's of the tag `staticfiles`, and those
/// of its storage.
#[must_use]
pub fn staticfiles(
    settings: &Settings,
    storages: &Storages,
    finders: Result<&[Box<dyn Finder>], &Error>,
) -> Vec<Problem> {
    let mut problems = finding(settings, storages);
    match finders {
        Ok(finders) => problems.extend(root_inside(settings, storages, finders)),
        Err(error) => problems.push(Problem::error("storehouse.E007", error.to_string())),
    }
    problems.extend(storage_of_static_files(settings, storages));
    problems
}

/// Runs Django's checks of the tag `staticfiles`, which look at STATICFILES_DIRS and STORAGES.
///
/// `staticfiles.E001` is not among them: a STATICFILES_DIRS that is no list is no valid setting.
#[must_use]
pub fn finding(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    let finders = settings.staticfiles_finders();
    // They are checks of this finder.
    if finders.iter().any(|name| name == FILE_SYSTEM_FINDER) {
        let static_root = static_root(settings, storages);
        for dir in settings.staticfiles_dirs() {
            problems.extend(static_dir(&dir, static_root.as_deref()));
        }
    }
    let aliases = storages.aliases();
    if !aliases.iter().any(|alias| alias == STATICFILES) {
        let message = "The STORAGES setting must define a 'staticfiles' storage.";
        problems.push(Problem::error("staticfiles.E005", message));
    }
    problems
}

/// Checks an entry of STATICFILES_DIRS.
fn static_dir(dir: &StaticDir, static_root: Option<&Path>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let prefix = dir.prefix.as_deref().unwrap_or_default();
    if prefix.ends_with('/') {
        let message = format!(
            "The prefix '{prefix}' in the STATICFILES_DIRS setting must not end with a slash."
        );
        problems.push(Problem::error("staticfiles.E003", message));
    }
    if static_root == Some(&*dir.path) {
        let message = "The STATICFILES_DIRS setting should not contain the STATIC_ROOT setting.";
        problems.push(Problem::error("staticfiles.E002", message));
    }
    if !dir.path.is_dir() {
        let message = format!(
            "The directory '{}' in the STATICFILES_DIRS setting does not exist.",
            dir.path.display()
        );
        problems.push(Problem::warning("staticfiles.W004", message));
    }
    problems
}

/// Refuses to collect into a folder below one that is collected: every run would make it deeper.
fn root_inside(
    settings: &Settings,
    storages: &Storages,
    finders: &[Box<dyn Finder>],
) -> Vec<Problem> {
    let Some(root) = static_root(settings, storages) else {
        return Vec::new();
    };
    let sources = locations(finders).into_iter();
    let around = sources.filter(|(_, folder)| root != *folder && root.starts_with(folder));
    let problems = around.map(|(setting, folder)| {
        let message = format!(
            "STATIC_ROOT is inside '{}' of the {setting} setting: what was collected would be collected again.",
            folder.display()
        );
        Problem::error("storehouse.E001", message)
    });
    problems.collect()
}

/// The folders that finders look in, each with the setting that says so.
fn locations(finders: &[Box<dyn Finder>]) -> Vec<(&str, PathBuf)> {
    let of_finder = |finder: &'_ dyn Finder| finder.find("").into_iter();
    let all = finders.iter().flat_map(|finder| {
        of_finder(&**finder).map(|searched| (finder.setting(), searched.location))
    });
    all.collect()
}

/// What Django refuses when it makes the storage of static files (`check_settings`, in its order). A
/// storage that is no folder is none of Django's, and needs no STATIC_URL.
fn storage_of_static_files(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    let is_folder = root_of(storages, STATICFILES).is_some();
    let static_url = settings
        .static_url()
        .filter(|_| settings.text("STATIC_URL").is_some());
    // Django's own default, which is the whole site.
    let media_url = settings
        .media_url()
        .or_else(|| is_folder.then(|| "/".to_owned()));
    if is_folder && static_url.is_none() {
        let message =
            "You're using the staticfiles app without having set the required STATIC_URL setting.";
        problems.push(Problem::error("storehouse.E008", message));
    }
    if static_url.is_some() && static_url == media_url {
        let message = "The MEDIA_URL and STATIC_URL settings must have different values";
        problems.push(Problem::error("storehouse.E003", message));
    } else if let (Some(static_url), Some(media_url)) = (static_url, media_url)
        && settings.debug()
        && media_url.starts_with(&static_url)
    {
        let message = "runserver can't serve media if MEDIA_URL is within STATIC_URL.";
        problems.push(Problem::error("storehouse.E009", message));
    }
    let roots = (
        static_root(settings, storages),
        media_root(settings, storages),
    );
    if matches!(&roots, (Some(static_root), Some(media_root)) if static_root == media_root) {
        let message = "The MEDIA_ROOT and STATIC_ROOT settings must have different values";
        problems.push(Problem::error("storehouse.E004", message));
    }
    problems
}

/// Refuses to clear a folder of static files that other files depend on.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) if it is the root of
/// the file system, or holds the folder of media or one of the sources.
pub fn clear_is_safe(
    settings: &Settings,
    storages: &Storages,
    finders: &[Box<dyn Finder>],
) -> Result<()> {
    let Some(static_root) = static_root(settings, storages) else {
        return Ok(());
    };
    if static_root.parent().is_none() {
        let problem = format!(
            "STATIC_ROOT is {}: --clear would delete every file there is",
            static_root.display()
        );
        return Err(
            Error::configuration(problem).with_advice("give static files a folder of their own")
        );
    }
    let sources = locations(finders).into_iter();
    let sources = sources.map(|(_, path)| ("the folder of static files", path, "the sources"));
    let kept = media_root(settings, storages).map(|path| ("MEDIA_ROOT", path, "the uploads"));
    let kept = kept.into_iter().chain(sources);
    for (what, path, lost) in kept {
        if path.starts_with(&static_root) {
            let problem = format!(
                "{what} {} is inside STATIC_ROOT {}: --clear would delete {lost}",
                path.display(),
                static_root.display()
            );
            return Err(Error::configuration(problem).with_advice("give each a folder of its own"));
        }
    }
    Ok(())
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

/// Opens every storage: no request is sent, but missing and contradictory options show.
fn storages_open(storages: &Storages) -> Vec<Problem> {
    let aliases = storages.aliases();
    let open = |alias: &String| {
        storages.get(alias)?;
        storages.manifest_storage(alias)
    };
    let errors = aliases.iter().filter_map(|alias| open(alias).err());
    errors
        .map(|error| Problem::error("storehouse.E005", error.to_string()))
        .collect()
}

/// Writes, reads and deletes a file in every storage, and says in plain words what fails.
pub async fn live(storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (what, storage) in that_open(storages) {
        if let Err(error) = write_read_delete(&*storage).await {
            let hint = format!("{what} was tried with a file of its own");
            problems.push(Problem::error("storehouse.E006", error.to_string()).with_hint(hint));
        }
    }
    problems
}

/// Every storage once, with what it is called: those of `STORAGES`, and those that only a manifest
/// goes to. One that cannot be opened is among the problems already.
fn that_open(storages: &Storages) -> Vec<(String, Arc<dyn Storage>)> {
    let aliases = storages.aliases();
    let of_alias = |alias: &String| {
        let storage = storages.get(alias).ok()?;
        Some((format!("the storage {alias:?}"), storage))
    };
    let mut all: Vec<_> = aliases.iter().filter_map(of_alias).collect();
    for alias in &aliases {
        if let Ok(Some(storage)) = storages.manifest_storage(alias)
            && !all.iter().any(|(_, other)| Arc::ptr_eq(other, &storage))
        {
            all.push((format!("the manifest_storage of {alias:?}"), storage));
        }
    }
    all
}

async fn write_read_delete(storage: &dyn Storage) -> Result<()> {
    const TEXT: &str = "written by storehouse check --deploy; safe to delete";
    let name = Name::new(format!("storehouse-check-{}.txt", std::process::id()))?;
    let target = Target::FirstFree(storehouse_storage::Candidates::new(name, None));
    let saved = storage
        .put(target, Content::from(TEXT), &SaveOptions::default())
        .await?;
    let read = storage.read_text(&saved.name).await;
    // Deleted whatever the reading gave.
    storage.delete(&saved.name).await?;
    if read? != TEXT {
        return Err(Error::new(
            storehouse_storage::ErrorKind::Integrity,
            format!(
                "{} gave back something else than was saved",
                storage.describe()
            ),
        ));
    }
    if storage.exists(&saved.name).await? {
        return Err(Error::new(
            storehouse_storage::ErrorKind::Integrity,
            format!("a file deleted from {} is still there", storage.describe()),
        ));
    }
    Ok(())
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
