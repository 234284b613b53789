//! Where the applications of INSTALLED_APPS are: folders by themselves, names of Python's by asking
//! the interpreter, once for all of them. What is inside an application is not looked at.

use std::path::PathBuf;

use storehouse_storage::{Error, ErrorKind, Result};

use super::{answer::Answer, interpreter::Interpreter};
use crate::settings::{AppEntry, Settings};

/// What is known of the applications.
pub(super) struct Apps {
    /// The folder of each, in order.
    pub(super) folders: Vec<PathBuf>,
    /// What the project's own `StaticFilesConfig` leaves out, if it has one.
    pub(super) ignore: Option<Vec<String>>,
}

/// Returns the folder of each application, and what is to be left out of them.
///
/// # Errors
/// [`ErrorKind::Configuration`] with all that are not found, or with what is wrong with the
/// interpreter.
pub(super) async fn look_for_apps(settings: &Settings) -> Result<Apps> {
    let apps = on_disk(settings.installed_apps()).await?;
    let names: Vec<&str> = apps
        .iter()
        .filter(|app| app.place == Place::Python)
        .map(|app| app.text.as_str())
        .collect();
    let answer = match names.is_empty() {
        // Folders alone need no Python.
        true => Answer::default(),
        false => Interpreter::of(settings)
            .find_apps(&names)
            .await
            .map_err(|error| nobody_to_ask(settings, &apps, &error))?,
    };
    let ignore = answer.ignore.and_then(|patterns| {
        patterns
            .inspect_err(|problem| {
                tracing::warn!("no `ignore_patterns` of INSTALLED_APPS are known, so give them with --ignore: {problem}");
            })
            .ok()
    });
    let mut found = answer.apps.into_iter();
    let mut folders = Vec::new();
    let mut missing = Vec::new();
    for app in apps {
        let folder = match app.place {
            Place::Folder(folder) => Ok(folder),
            Place::Nowhere(folder) => Err(format!("there is no folder {folder:?}")),
            // The interpreter was asked for as many as there are.
            Place::Python => found
                .next()
                .unwrap_or_else(|| Err("not answered".to_owned())),
        };
        match folder {
            Ok(folder) => folders.push(folder),
            Err(reason) => missing.push(format!("{:?} ({reason})", app.text)),
        }
    }
    match missing.is_empty() {
        true => Ok(Apps { folders, ignore }),
        false => Err(not_found(settings, &missing, answer.python.as_deref())),
    }
}

/// An application, and what can be told of its place without Python.
struct App {
    text: String,
    place: Place,
}

#[derive(PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    /// A folder is meant, and it is not there.
    Nowhere(PathBuf),
    Python,
}

/// Looks which applications are folders. A word without a dot may be a folder or Python's, and is
/// the folder if that is there.
async fn on_disk(entries: Vec<AppEntry>) -> Result<Vec<App>> {
    let looking = tokio::task::spawn_blocking(move || {
        let place = |entry: &AppEntry| match &entry.folder {
            Some(folder) if folder.is_dir() => Place::Folder(folder.clone()),
            Some(folder) if !entry.may_be_python_name() => Place::Nowhere(folder.clone()),
            _ => Place::Python,
        };
        let apps = entries.into_iter().map(|entry| App {
            place: place(&entry),
            text: entry.text,
        });
        apps.collect()
    });
    looking
        .await
        .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
}

fn not_found(settings: &Settings, missing: &[String], python: Option<&str>) -> Error {
    let problem = format!(
        "INSTALLED_APPS ({}) has apps that cannot be found: {}",
        settings.source("INSTALLED_APPS"),
        missing.join(", ")
    );
    Error::configuration(problem).with_advice(match python {
        Some(python) => format!(
            "{python} was asked; set PYTHON to the interpreter that runs the Django project, or write the folder of the app, such as \"./blog\""
        ),
        None => "write the folder of the app, the one that holds its `static` folder".to_owned(),
    })
}

/// Says why the interpreter did not answer, and for which apps it was needed.
fn nobody_to_ask(settings: &Settings, apps: &[App], error: &Error) -> Error {
    let listed = |place: fn(&Place) -> bool| {
        let apps = apps.iter().filter(|app| place(&app.place));
        let texts: Vec<String> = apps.map(|app| format!("{:?}", app.text)).collect();
        texts.join(", ")
    };
    let mut problem = format!(
        "INSTALLED_APPS ({}) has apps that only Python can find: {}; the interpreter {:?} (PYTHON) {}",
        settings.source("INSTALLED_APPS"),
        listed(|place| *place == Place::Python),
        settings.python(),
        error.problem()
    );
    let nowhere = listed(|place| matches!(place, Place::Nowhere(_)));
    if !nowhere.is_empty() {
        problem.push_str(&format!(
            "; and it has folders that are not there: {nowhere}"
        ));
    }
    Error::configuration(problem).with_advice(
        "set PYTHON to the interpreter that runs the Django project, or write the folders of the apps, such as \"./blog\"",
    )
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tempfile::TempDir;

    use super::*;
    use crate::{settings::Sources, storages::builtin};

    fn site(apps: &str, python: &str) -> (TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        for app in ["blog", "shop.d"] {
            fs::create_dir(folder.path().join(app)).unwrap();
        }
        let text = format!("INSTALLED_APPS = {apps}\nPYTHON = {python:?}\n");
        fs::write(folder.path().join("storehouse.toml"), text).unwrap();
        let settings = Settings::load(&Sources::new(folder.path()), &builtin()).unwrap();
        (folder, settings)
    }

    fn add(folder: &Path, file: &str, content: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[tokio::test]
    async fn folders_alone_need_no_python() {
        let (folder, settings) = site(r#"["blog", "./shop.d"]"#, "no-such-python");

        let folders = look_for_apps(&settings).await.unwrap().folders;

        assert_eq!(
            folders,
            ["blog", "shop.d"].map(|app| folder.path().join(app))
        );
    }

    #[tokio::test]
    async fn a_word_is_the_folder_if_there_is_one_and_else_python_s() {
        let (folder, settings) = site(r#"["blog", "elsewhere", "./shop.d"]"#, "python3");
        add(folder.path(), "elsewhere.py", "");

        let folders = look_for_apps(&settings).await.unwrap().folders;

        let expected = ["blog", "", "shop.d"].map(|app| folder.path().join(app));
        assert_eq!(folders, expected);
    }

    #[tokio::test]
    async fn all_apps_that_are_not_found_are_listed() {
        let (_folder, settings) = site(
            r#"["./blgo", "nowhere_at_all", "blog", "xml.sax.Nope", "json"]"#,
            "python3",
        );

        let error = look_for_apps(&settings).await.err().unwrap().to_string();

        for said in [
            "INSTALLED_APPS (storehouse.toml:1) has apps that cannot be found: ",
            r#""./blgo" (there is no folder ""#,
            r#""nowhere_at_all" (there is no module nowhere_at_all)"#,
            r#""xml.sax.Nope" (xml.sax has neither a module nor a class Nope)"#,
            "(Python 3.",
            "set PYTHON to",
        ] {
            assert!(error.contains(said), "{said}: {error}");
        }
        assert!(
            !error.contains(r#""blog" ("#) && !error.contains("json"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn an_interpreter_that_cannot_be_asked_is_named_with_the_apps_that_need_it() {
        let (_folder, settings) = site(
            r#"["./blgo", "django.contrib.admin", "wagtail", "blog"]"#,
            "no-such-python",
        );

        let error = look_for_apps(&settings).await.err().unwrap().to_string();

        for said in [
            r#"only Python can find: "django.contrib.admin", "wagtail"; the interpreter "no-such-python" (PYTHON) cannot be started: no such file"#,
            r#"folders that are not there: "./blgo""#,
            "set PYTHON to",
        ] {
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}
