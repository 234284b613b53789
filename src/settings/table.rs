//! The settings there are, one row each: name, type, default, help. What a source says about them
//! is elsewhere ([`super::layers`]); the rows of the drivers come from the drivers' option tables.

use storehouse_storage::{OptionKind, Registry, Secret, Value, nearest};

use super::{static_options, values};

/// One setting.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct SettingRow {
    /// The name, the same in the file, in the environment and here.
    pub name: &'static str,
    /// What it takes.
    pub kind: SettingKind,
    /// What holds when no source says anything, as text; empty where there is no default.
    pub default: &'static str,
    /// What it is for, in a sentence.
    pub help: &'static str,
}

/// What a setting takes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// What an option of a driver may take too.
    Option(OptionKind),
    /// A storage string, the short form of this alias in `STORAGES`. It may hold a secret, so it
    /// is never shown whole.
    Storage(&'static str),
    /// Storages by alias: `STORAGES`.
    Storages,
    /// Texts that are never shown.
    Secrets,
    /// A URL, or a path on the site.
    SiteUrl,
    /// Paths, or pairs of a prefix and a path: `STATICFILES_DIRS`.
    StaticDirs,
    /// A whole number from 0 on, or the text `none` for no limit, where Django takes None.
    Limit,
    /// A file's name, or `true` for `index.html`: WhiteNoise's `INDEX_FILE`.
    IndexFile,
}

impl SettingKind {
    /// Reads a value that has a type already, as a settings file gives it.
    pub(super) fn read(self, value: Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Option(kind), value) if is_empty(kind, &value) => Ok(value),
            (Self::Option(kind), value) => kind.read(value),
            (Self::Storage(_) | Self::SiteUrl, value @ Value::Text(_)) => Ok(value),
            (Self::StaticDirs, Value::List(entries)) => {
                match entries.iter().find(|entry| !is_static_dir(entry)) {
                    None => Ok(Value::List(entries)),
                    Some(entry) => Err(format!(
                        "expected {}, found {} in it",
                        self.expected(),
                        entry.kind()
                    )),
                }
            }
            (Self::Secrets, Value::List(entries)) => self.read_secrets(entries),
            (Self::Storages, value @ Value::Table(_)) => Ok(value),
            (Self::Limit, Value::Integer(number)) if number >= 0 => Ok(number.into()),
            (Self::Limit, Value::Integer(number)) => {
                Err(format!("expected {}, found {number}", self.expected()))
            }
            (Self::Limit | Self::IndexFile, Value::Text(text)) => self.read_text(&text),
            (Self::IndexFile, Value::Flag(is_set)) => self.read_text(&is_set.to_string()),
            (Self::StaticDirs, value) => Err(format!(
                "expected {}, found {} (staticfiles.E001)",
                self.expected(),
                value.kind()
            )),
            (_, value) => Err(format!(
                "expected {}, found {}",
                self.expected(),
                value.kind()
            )),
        }
    }

    /// Reads a value out of a text, as the process environment and `--set` give it: a string is taken as it is,
    /// a boolean also as 0 and 1, a list of strings also with commas between them, all others as TOML.
    pub(super) fn read_text(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Option(kind) if is_empty(kind, &text.into()) => self.read(text.into()),
            Self::Option(kind) => values::option_from_text(kind, text),
            Self::Storage(_) | Self::SiteUrl => Ok(text.into()),
            Self::Limit if text == "none" => Ok(text.into()),
            Self::IndexFile => Ok(match text.to_ascii_lowercase().as_str() {
                "true" | "1" => "index.html".into(),
                "false" | "0" => "".into(),
                _ => text.into(),
            }),
            Self::Limit => match text.parse::<u64>().map(i64::try_from) {
                Ok(Ok(number)) => Ok(number.into()),
                _ => Err(format!("expected {}, found {text:?}", self.expected())),
            },
            Self::Secrets | Self::StaticDirs | Self::Storages => {
                let value = match self {
                    Self::StaticDirs => values::list_from_text(text),
                    // A key may hold a comma.
                    _ => values::parse(text.trim()),
                };
                let value = value
                    .map_err(|_| format!("expected {}, as in a settings file", self.expected()))?;
                self.read(value)
            }
        }
    }

    fn read_secrets(self, entries: Vec<Value>) -> Result<Value, String> {
        let secrets = entries.into_iter().map(|entry| match entry {
            Value::Text(text) => Ok(Value::Secret(Secret::new(text))),
            entry => Err(format!(
                "expected {}, found {} in it",
                self.expected(),
                entry.kind()
            )),
        });
        Ok(Value::List(secrets.collect::<Result<_, _>>()?))
    }

    /// Returns what is expected, with its article, for messages.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Option(kind) => kind.expected(),
            Self::Storage(_) => "a storage string",
            Self::Storages => "a table of storages by alias",
            Self::Secrets => "an array of strings",
            Self::SiteUrl => "a string",
            Self::StaticDirs => "an array of paths and [prefix, path] pairs",
            Self::Limit => "a whole number or \"none\"",
            Self::IndexFile => "a file's name, true or false",
        }
    }
}

/// An empty string takes a setting back that an earlier source made; no kind of text minds it.
fn is_empty(kind: OptionKind, value: &Value) -> bool {
    use OptionKind::{Choice, HttpUrl, Path};
    matches!(kind, Choice(_) | HttpUrl | Path) && value.as_text() == Some("")
}

fn is_static_dir(entry: &Value) -> bool {
    match entry {
        Value::Text(_) => true,
        Value::List(pair) => pair.len() == 2 && pair.iter().all(|part| part.as_text().is_some()),
        _ => false,
    }
}

const fn row(
    name: &'static str,
    kind: SettingKind,
    default: &'static str,
    help: &'static str,
) -> SettingRow {
    SettingRow {
        name,
        kind,
        default,
        help,
    }
}

/// The settings that are no driver's. Names and defaults are those of Django 6.1.
const ROWS: &[SettingRow] = &[
    row(
        "DEBUG",
        SettingKind::Option(OptionKind::Flag),
        "false",
        "Development: static files are served from where they are, under their own names.",
    ),
    row(
        "ALLOWED_HOSTS",
        SettingKind::Option(OptionKind::List),
        "",
        "Development: the hosts under whose names the page of all files is shown; if not set, those of this machine.",
    ),
    row(
        "SECRET_KEY",
        SettingKind::Option(OptionKind::Secret),
        "",
        "Signs the URLs of private files in storages whose service cannot: long and random.",
    ),
    row(
        "SECRET_KEY_FALLBACKS",
        SettingKind::Secrets,
        "",
        "Earlier keys: what they have signed stays good.",
    ),
    row(
        "STORAGES",
        SettingKind::Storages,
        "",
        "The storages by alias, each with BACKEND and OPTIONS; `default` is for media, `staticfiles` for static files.",
    ),
    row(
        "DEFAULT_FILE_STORAGE",
        SettingKind::Storage("default"),
        "",
        "Short for STORAGES.default: the storage of media.",
    ),
    row(
        "STATICFILES_STORAGE",
        SettingKind::Storage("staticfiles"),
        "",
        "Short for STORAGES.staticfiles: where collectstatic puts static files.",
    ),
    row(
        "MEDIA_ROOT",
        SettingKind::Option(OptionKind::Path),
        "",
        "The folder of media.",
    ),
    row(
        "MEDIA_URL",
        SettingKind::SiteUrl,
        "",
        "The URL under which media are found; ends with a slash.",
    ),
    row(
        "STATIC_ROOT",
        SettingKind::Option(OptionKind::Path),
        "",
        "The folder that collectstatic collects to.",
    ),
    row(
        "STATIC_URL",
        SettingKind::SiteUrl,
        "",
        "The URL under which static files are found; ends with a slash.",
    ),
    row(
        "STATICFILES_DIRS",
        SettingKind::StaticDirs,
        "",
        "Folders with static files, each a path or a pair [prefix, path].",
    ),
    row(
        "STATICFILES_FINDERS",
        SettingKind::Option(OptionKind::List),
        "django.contrib.staticfiles.finders.FileSystemFinder, django.contrib.staticfiles.finders.AppDirectoriesFinder",
        "What looks for static files, in this order.",
    ),
    row(
        "INSTALLED_APPS",
        SettingKind::Option(OptionKind::List),
        "",
        "Applications, each a folder that may have `static/` inside, or a name of Python's as in Django.",
    ),
    row(
        "PYTHON",
        SettingKind::Option(OptionKind::Text),
        "python3",
        "The Python interpreter that finds the INSTALLED_APPS that are no folders; they are not imported.",
    ),
    row(
        "WHITENOISE_ROOT",
        SettingKind::Option(OptionKind::Path),
        "",
        "A folder whose files are served at /, such as robots.txt and favicon.ico.",
    ),
    row(
        "WHITENOISE_INDEX_FILE",
        SettingKind::IndexFile,
        "",
        "The file that is sent for the folder it is in, of static files and of WHITENOISE_ROOT; true is index.html.",
    ),
    row(
        "WHITENOISE_ALLOW_ALL_ORIGINS",
        SettingKind::Option(OptionKind::Flag),
        "true",
        "Whether pages of other origins may use static files, such as fonts (Access-Control-Allow-Origin: *).",
    ),
    row(
        "SERVE_HEADERS",
        SettingKind::Option(OptionKind::Tables),
        "",
        "Header fields that files are sent with: an array of tables, each with match (a glob or several) and headers; an empty value takes a field away.",
    ),
    row(
        "MEDIA_REDIRECT",
        SettingKind::Option(OptionKind::Flag),
        "false",
        "Whether a request for media is answered with a redirect to the bucket, instead of sending the file through.",
    ),
    row(
        "WHITENOISE_SKIP_COMPRESS_EXTENSIONS",
        SettingKind::Option(OptionKind::List),
        "",
        "With compressed+: the extensions of files that are not compressed; if not set, those of images, fonts, videos and archives.",
    ),
    row(
        "WHITENOISE_KEEP_ONLY_HASHED_FILES",
        SettingKind::Option(OptionKind::Flag),
        "false",
        "With compressed+manifest+: whether files whose name has no hash are deleted.",
    ),
    row(
        "WHITENOISE_MANIFEST_STRICT",
        SettingKind::Option(OptionKind::Flag),
        "true",
        "With compressed+manifest+: whether the URL of a file that is not in the manifest is an error.",
    ),
    row(
        "FILE_UPLOAD_MAX_MEMORY_SIZE",
        SettingKind::Option(OptionKind::Integer {
            min: 0,
            max: i64::MAX,
        }),
        "2621440",
        "Uploads: how many bytes of a request's files may wait in memory; more waits in FILE_UPLOAD_TEMP_DIR.",
    ),
    row(
        "FILE_UPLOAD_TEMP_DIR",
        SettingKind::Option(OptionKind::Path),
        "",
        "Uploads: the folder of files that wait; if not set, the system's for temporary files.",
    ),
    row(
        "DATA_UPLOAD_MAX_MEMORY_SIZE",
        SettingKind::Limit,
        "2621440",
        "Uploads: how many bytes the fields of a form may have, files not counted; none: any number.",
    ),
    row(
        "DATA_UPLOAD_MAX_NUMBER_FIELDS",
        SettingKind::Limit,
        "1000",
        "Uploads: how many fields a form may have, files not counted; none: any number.",
    ),
    row(
        "DATA_UPLOAD_MAX_NUMBER_FILES",
        SettingKind::Limit,
        "100",
        "Uploads: how many files a form may have; none: any number.",
    ),
];

/// Settings of Django and its neighbours that a reader may bring along, and that nothing here
/// reads yet.
const NOT_USED: &[&str] = &[
    "FILE_UPLOAD_DIRECTORY_PERMISSIONS",
    "FILE_UPLOAD_HANDLERS",
    "FILE_UPLOAD_PERMISSIONS",
    "FORCE_SCRIPT_NAME",
];

/// How the names start that belong to packages around Django.
const NOT_USED_PREFIXES: &[(&str, &str)] =
    &[("AWS_", "django-storages"), ("WHITENOISE_", "WhiteNoise")];

/// All settings of one program: the rows above and those of its drivers.
#[derive(Debug, Clone)]
pub(super) struct Table {
    rows: Vec<SettingRow>,
    /// What the options of storages take, by name; several drivers may have one of a name.
    options: Vec<(&'static str, OptionKind)>,
}

/// Whether a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Value,
    /// As a storage string is.
    Storage,
    Nothing,
}

impl Table {
    pub(super) fn new(registry: &Registry) -> Self {
        let mut table = Self {
            rows: ROWS.to_vec(),
            options: Vec::new(),
        };
        let of_drivers = registry.drivers().flat_map(|driver| driver.options());
        for option in of_drivers.chain(static_options::rows()) {
            let names = option.other_names.iter().copied().chain([option.name]);
            table.options.extend(names.map(|name| (name, option.kind)));
            for name in option.settings.iter().chain(option.static_settings) {
                if table.find(name).is_none() {
                    let kind = SettingKind::Option(option.kind);
                    table
                        .rows
                        .push(row(name, kind, option.default, option.help));
                }
            }
        }
        table
    }

    pub(super) fn rows(&self) -> &[SettingRow] {
        &self.rows
    }

    pub(super) fn find(&self, name: &str) -> Option<&SettingRow> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Returns whether the value of an option may be shown: it is known, and no driver calls it a
    /// secret. A name that is not known may be a mistyped `secret_key`.
    pub(super) fn shows(&self, option: &str) -> Shows {
        let has = |wanted| self.kinds_of(option).any(|kind| kind == wanted);
        if !self.knows(option) || has(OptionKind::Secret) {
            Shows::Nothing
        } else if has(OptionKind::Storage) {
            Shows::Storage
        } else {
            Shows::Value
        }
    }

    /// Returns whether there is such an option.
    pub(super) fn knows(&self, option: &str) -> bool {
        self.kinds_of(option).next().is_some()
    }

    /// Returns what the option takes, for each table that has it.
    pub(super) fn kinds_of(&self, option: &str) -> impl Iterator<Item = OptionKind> {
        let known = self.options.iter().filter(move |(name, _)| *name == option);
        known.map(|(_, kind)| *kind)
    }

    /// Says that there is no setting `name`, and which may have been meant.
    pub(super) fn unknown(&self, name: &str) -> String {
        if NOT_USED.contains(&name) {
            return format!(
                "{name} is a setting of Django that this version does not use; take it out"
            );
        }
        if let Some(near) = nearest(name, self.rows.iter().map(|row| row.name)) {
            return format!("there is no setting {name:?}; did you mean {near:?}?");
        }
        let neighbour = NOT_USED_PREFIXES
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix));
        match neighbour {
            Some((_, package)) => format!(
                "{name} looks like a setting of {package} that this version does not use; take it out"
            ),
            None => {
                format!("there is no setting {name:?}; `storehouse settings` lists those there are")
            }
        }
    }
}
