//! Whether static files can be found and collected, and a folder of them cleared, without harm.

use super::locations::locations;
use std::path::Path;

use storehouse_storage::{Error, Result};

use super::{
    Problem, collected_folders, media_root, real, root_of, served_folders::settings_readable,
    static_root, uses,
};
use crate::{
    settings::{Settings, StaticDir},
    staticfiles::{FILE_SYSTEM_FINDER, Finder},
    storages::{STATICFILES, Storages},
};

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
        Ok(finders) => {
            problems.extend(root_inside(settings, storages, finders));
            problems.extend(collected_folders(settings, storages, finders));
        }
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
            problems.extend(settings_collected(&dir, settings));
        }
    }
    let aliases = storages.aliases();
    // Django runs its check only where its app for static files is installed.
    if uses(settings, STATICFILES) && !aliases.iter().any(|alias| alias == STATICFILES) {
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

/// Refuses to collect the settings file.
fn settings_collected(dir: &StaticDir, settings: &Settings) -> Option<Problem> {
    let file = settings.file()?;
    let folder = format!("'{}' of the STATICFILES_DIRS setting", dir.path.display());
    let is_inside = real(file).starts_with(real(&dir.path));
    is_inside.then(|| settings_readable(file, &folder))
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
