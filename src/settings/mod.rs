//! The settings: what an operator says, under Django's names, and where each value came from. It
//! opens no storage and reads nothing after [`Settings::load`].
//!
//! Sources, the last one that says something wins:
//!
//! 1. the built-in default;
//! 2. the top level of the settings file, `storehouse.toml` in the working directory or a parent;
//! 3. the file's table `[environments.NAME]`, chosen with `--env` or `STOREHOUSE_ENV`;
//! 4. the process environment, each setting as `STOREHOUSE_NAME` or, without that, as `NAME`;
//! 5. the command line, `--set KEY=VALUE`.
//!
//! In 4 and 5 a string is taken as it is, a boolean also as `0` and `1`, all others as a TOML
//! value; dotted keys such as `STORAGES.media.OPTIONS.location` only in 5. Relative paths of 2 and
//! 3 are relative to the file, those of 4 and 5 to the working directory.
//!
//! `STORAGES` in the top level of the file replaces the built-in one whole, as in Django; from
//! any later source only the aliases it has. `DEFAULT_FILE_STORAGE` and `STATICFILES_STORAGE` are
//! short for `STORAGES.default` and `STORAGES.staticfiles`, and replace BACKEND and OPTIONS.
//!
//! ```
//! use storehouse::{settings::{Settings, Sources}, storages};
//!
//! let sources = Sources::new("/srv/site")
//!     .with_variable("STATIC_ROOT", "collected")
//!     .with_set("STATIC_URL=assets/");
//! let settings = Settings::load(&sources, &storages::builtin())?;
//!
//! assert_eq!(settings.static_url().as_deref(), Some("/assets/"));
//! assert_eq!(settings.static_root(), Some("/srv/site/collected".into()));
//! # Ok::<(), storehouse_storage::Error>(())
//! ```

use std::{
    collections::BTreeMap,
    fmt,
    path::{Component, Path, PathBuf},
};

use storehouse_storage::{Secret, Value};

use self::table::Table;
pub(crate) use self::{
    problems::Problems,
    storage_setting::{Form, OptionSetting, StorageSetting},
    values::option_from_text,
};
pub use self::{
    source::Source,
    sources::Sources,
    table::{SettingKind, SettingRow},
};

mod django;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod foreign;
mod layers;
mod load;
mod masking;
mod origin;
mod owner;
mod problems;
mod source;
mod sources;
pub(crate) mod static_options;
mod storage_setting;
mod table;
#[cfg(test)]
mod tests;
mod values;

/// What is set. See the [module](self) for where it comes from.
#[derive(Clone)]
pub struct Settings {
    table: Table,
    values: BTreeMap<&'static str, Set>,
    storages: BTreeMap<String, StorageSetting>,
    environment: Option<String>,
    file: Option<PathBuf>,
    working_dir: PathBuf,
    warnings: Vec<String>,
    unused: Vec<String>,
}

/// A value, and where it came from.
#[derive(Clone)]
struct Set {
    value: Value,
    source: Source,
}

/// A setting as `storehouse settings` shows it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The setting; inside `STORAGES` with dots.
    pub name: String,
    /// The value in TOML, secrets masked; `none` where there is none.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

/// An entry of `STATICFILES_DIRS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticDir {
    /// What is put before the names, without a slash between.
    pub prefix: Option<String>,
    /// The folder.
    pub path: PathBuf,
}

/// An entry of `INSTALLED_APPS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppEntry {
    /// What is written there.
    pub text: String,
    /// The folder it means. `None` for a dotted name of Python's, `django.contrib.admin`; write
    /// `./my.app` for a folder whose name looks like one.
    pub folder: Option<PathBuf>,
}

impl AppEntry {
    /// Returns whether it may be a name of Python's: it consists of Python's identifiers and dots.
    /// Without a dot, as `blog` or `wagtail`, it means the folder if that is there, else the name.
    #[must_use]
    pub fn may_be_python_name(&self) -> bool {
        is_python_name(&self.text)
    }
}

impl Settings {
    /// Returns a value that some source gave, or the default.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|set| &set.value)
    }

    /// Returns where the value of a setting came from.
    #[must_use]
    pub fn source(&self, name: &str) -> Source {
        let set = self.values.get(name);
        set.map_or(Source::Default, |set| set.source.clone())
    }

    /// Returns a text that is not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text().filter(|text| !text.is_empty())
    }

    /// Returns a secret that is not empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        match self.get(name)? {
            Value::Secret(secret) if !secret.expose().is_empty() => Some(secret),
            _ => None,
        }
    }

    /// Returns whether a boolean is set and true.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_flag).unwrap_or_default()
    }

    /// Returns a whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_integer()
    }

    /// Returns the number of a limit; `None` if there is none, which has to be set.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<u64> {
        self.integer(name).and_then(|number| number.try_into().ok())
    }

    /// Returns the texts of a list.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::List(values)) => values.iter().filter_map(Value::as_text).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns a path, absolute and without `.` and `..`.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let text = self.text(name)?;
        Some(absolute(
            self.folder_of(&self.source(name)),
            Path::new(text),
        ))
    }

    /// Returns a URL or a path on the site: what is neither `http://…`, `https://…` nor begins with
    /// a slash gets a slash, as Django does where the site has no script prefix.
    #[must_use]
    pub fn site_url(&self, name: &str) -> Option<String> {
        let text = self.get(name)?.as_text()?;
        let whole = ["http://", "https://", "/"];
        Some(match whole.iter().any(|start| text.starts_with(start)) {
            true => text.to_owned(),
            false => format!("/{text}"),
        })
    }

    /// Returns `DEBUG`.
    #[must_use]
    pub fn debug(&self) -> bool {
        self.flag("DEBUG")
    }

    /// Returns `SECRET_KEY`.
    #[must_use]
    pub fn secret_key(&self) -> Option<&Secret> {
        self.secret("SECRET_KEY")
    }

    /// Returns `SECRET_KEY_FALLBACKS`.
    #[must_use]
    pub fn secret_key_fallbacks(&self) -> Vec<&Secret> {
        let Some(Value::List(values)) = self.get("SECRET_KEY_FALLBACKS") else {
            return Vec::new();
        };
        let secrets = values.iter().filter_map(|value| match value {
            Value::Secret(secret) if !secret.expose().is_empty() => Some(secret),
            _ => None,
        });
        secrets.collect()
    }

    /// Returns `STATIC_ROOT`.
    #[must_use]
    pub fn static_root(&self) -> Option<PathBuf> {
        self.path("STATIC_ROOT")
    }

    /// Returns `STATIC_URL`, as [`site_url`](Self::site_url) does.
    #[must_use]
    pub fn static_url(&self) -> Option<String> {
        self.site_url("STATIC_URL")
    }

    /// Returns `MEDIA_ROOT`.
    #[must_use]
    pub fn media_root(&self) -> Option<PathBuf> {
        self.path("MEDIA_ROOT")
    }

    /// Returns `MEDIA_URL`, as [`site_url`](Self::site_url) does. `None` if it is not set, where
    /// Django takes `/`.
    #[must_use]
    pub fn media_url(&self) -> Option<String> {
        self.site_url("MEDIA_URL")
    }

    /// Returns `WHITENOISE_ROOT`: the folder whose files are served at `/`.
    #[must_use]
    pub fn whitenoise_root(&self) -> Option<PathBuf> {
        self.path("WHITENOISE_ROOT")
    }

    /// Returns `STATICFILES_DIRS`.
    #[must_use]
    pub fn staticfiles_dirs(&self) -> Vec<StaticDir> {
        let Some(Value::List(entries)) = self.get("STATICFILES_DIRS") else {
            return Vec::new();
        };
        let source = self.source("STATICFILES_DIRS");
        let folder = self.folder_of(&source);
        let dir = |prefix: Option<&Value>, path: &Value| {
            Some(StaticDir {
                prefix: prefix.and_then(Value::as_text).map(str::to_owned),
                path: absolute(folder, Path::new(path.as_text()?)),
            })
        };
        let dirs = entries.iter().filter_map(|entry| match entry {
            Value::List(pair) => dir(pair.first(), pair.get(1)?),
            path => dir(None, path),
        });
        dirs.collect()
    }

    /// Returns `STATICFILES_FINDERS`.
    #[must_use]
    pub fn staticfiles_finders(&self) -> Vec<String> {
        let finders = self.list("STATICFILES_FINDERS");
        finders.into_iter().map(str::to_owned).collect()
    }

    /// Returns `INSTALLED_APPS`.
    #[must_use]
    pub fn installed_apps(&self) -> Vec<AppEntry> {
        let source = self.source("INSTALLED_APPS");
        let folder = self.folder_of(&source);
        let apps = self.list("INSTALLED_APPS").into_iter();
        apps.map(|text| AppEntry {
            text: text.to_owned(),
            folder: (!text.contains('.') || !is_python_name(text))
                .then(|| absolute(folder, Path::new(text))),
        })
        .collect()
    }

    /// Returns `PYTHON`: a name that the `PATH` has, or a path, which is absolute then.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        let text = self.text("PYTHON").unwrap_or("python3");
        match Path::new(text).components().count() {
            1 => PathBuf::from(text),
            _ => absolute(self.folder_of(&self.source("PYTHON")), Path::new(text)),
        }
    }

    /// Returns the environment that was chosen.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Returns the settings file, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns the folder of the settings file, or the working directory if there is none.
    #[must_use]
    pub fn folder(&self) -> &Path {
        let folder = self.file.as_deref().and_then(Path::parent);
        folder.unwrap_or(&self.working_dir)
    }

    /// Returns what works, but hardly as meant.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the settings of Django that are set and that Storehouse does not use, sorted.
    #[must_use]
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Returns the settings there are, in the order of their table.
    #[must_use]
    pub fn rows(&self) -> &[SettingRow] {
        self.table.rows()
    }

    /// Returns every setting with its value and where that came from, in the order of the table.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        for row in self.table.rows() {
            match row.kind {
                SettingKind::Storages => all.extend(self.shown_storages()),
                // What it says is in STORAGES.
                SettingKind::Storage(_) => {}
                kind => all.push(Shown {
                    name: row.name.to_owned(),
                    value: match self.get(row.name) {
                        Some(value) => masking::shown(kind, value),
                        None => "none".to_owned(),
                    },
                    source: self.source(row.name),
                }),
            }
        }
        all
    }

    fn shown_storages(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        for (alias, setting) in &self.storages {
            all.extend(setting.backend.iter().map(|backend| Shown {
                name: format!("STORAGES.{alias}.BACKEND"),
                value: format!("{:?}", backend.shown),
                source: backend.source.clone(),
            }));
            all.extend(setting.options.iter().map(|(name, option)| Shown {
                name: format!("STORAGES.{alias}.OPTIONS.{name}"),
                value: option.shown.clone(),
                source: option.source.clone(),
            }));
        }
        all
    }

    /// Returns the storages as they are set, by alias.
    pub(crate) fn storages(&self) -> &BTreeMap<String, StorageSetting> {
        &self.storages
    }

    /// Returns a value for a driver's option, if a source gave one that is not empty: URLs on the
    /// site with their slash. The drivers have defaults of their own.
    pub(crate) fn given(&self, name: &str) -> Option<(Value, Source)> {
        let Set { value, source } = self.values.get(name)?.clone();
        let value = match (self.table.find(name)?.kind, value) {
            _ if source == Source::Default => return None,
            (SettingKind::SiteUrl, _) => Value::Text(self.site_url(name)?),
            (_, Value::Text(text)) if text.is_empty() => return None,
            (_, Value::Secret(secret)) if secret.expose().is_empty() => return None,
            (_, value) => value,
        };
        Some((value, source))
    }

    /// Returns a storage string as it may be shown.
    pub(crate) fn shown_storage(&self, text: &str) -> String {
        masking::masked_storage(text, &self.table)
    }

    /// Returns the folder that relative paths of a source are relative to.
    pub(crate) fn folder_of(&self, source: &Source) -> &Path {
        let file = self.file.as_deref().and_then(Path::parent);
        match (source, file) {
            (Source::File { .. } | Source::EnvironmentTable { .. }, Some(folder)) => folder,
            _ => &self.working_dir,
        }
    }
}

impl fmt::Debug for Settings {
    /// Shows what [`shown`](Self::shown) gives: no secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("file", &self.file)
            .field("environment", &self.environment)
            .field("values", &self.shown())
            .finish_non_exhaustive()
    }
}

/// Returns whether a text is a name of Python's, such as `wagtail` or `django.contrib.admin`.
fn is_python_name(text: &str) -> bool {
    let is_identifier = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    text.split('.').all(is_identifier)
}

/// Returns `path`, seen from `folder`, without `.` and `..`: Python's `abspath`, by text alone.
pub(crate) fn absolute(folder: &Path, path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
