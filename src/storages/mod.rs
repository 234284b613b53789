//! The storages of an application by alias, and the storage string that says what each is. Only
//! settings name a storage, never a request; and nothing here knows a service.
//!
//! What a string may be:
//!
//! | form | for example |
//! |---|---|
//! | URL | `file:///srv/media`, `file:media`, `memory:`, `s3://bucket/prefix?region_name=eu-west-1` |
//! | short name | `filesystem`, `memory`, `s3`: the options come from OPTIONS and settings |
//! | class path | `django.core.files.storage.FileSystemStorage`, `storages.backends.s3.S3Storage` |
//! | with prefixes | `manifest+file:static`, `compressed+manifest+s3://bucket/static` |
//!
//! Inside one storage the first that gives an option wins: the URL, then OPTIONS, then the settings
//! (`MEDIA_ROOT`, `AWS_S3_REGION_NAME` …). The storage `staticfiles`, and every storage whose class
//! or prefix says that its files are static, takes `STATIC_ROOT` and `STATIC_URL` where others take
//! `MEDIA_ROOT` and `MEDIA_URL`.
//!
//! ```
//! # #[cfg(feature = "memory")] {
//! use storehouse::{settings::{Settings, Sources}, storages::{Storages, builtin}};
//!
//! let registry = builtin();
//! let sources = Sources::new("/srv/site").with_set("DEFAULT_FILE_STORAGE=memory://media");
//! let settings = Settings::load(&sources, &registry)?;
//! let storages = Storages::new(&settings, registry)?;
//!
//! assert_eq!(storages.get("default")?.describe(), "memory://media");
//! # }
//! # Ok::<(), storehouse_storage::Error>(())
//! ```

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future;
use storehouse_storage::{
    DriverConfig, Error, Files, Operation, Options, Registry, Result, Secret, Storage, UrlSigner,
    UrlSigning, Value, nearest,
};

pub(crate) use self::metadata::DIGEST_KEY;
use self::prepare::{Prepared, Wanted, prepare};
pub use self::{
    builtin::builtin,
    coding::Coding,
    compression_options::{CompressAs, CompressionOptions},
    manifest_options::{IntegrityHash, ManifestOptions, MissingReferences},
    object_rules::{Rule, RuleOptions},
    processing::Processing,
    spec::{Class, Spec, SpecKind},
    transfer::{Transfer, transfer},
    url_signer::HmacSigner,
};
use crate::settings::{Problems, Settings, Source, StorageSetting};

mod aliases;
mod builtin;
mod coding;
mod compression_options;
mod manifest_options;
mod manifest_storage;
mod metadata;
pub(crate) mod object_rules;
pub(crate) mod percent;
mod prepare;
mod processing;
mod spec;
#[cfg(test)]
mod tests;
mod transfer;
pub(crate) mod url_signer;

/// The alias of the storage of media.
pub const DEFAULT: &str = "default";
/// The alias of the storage of static files.
pub const STATICFILES: &str = "staticfiles";
/// The scheme of storages in a folder.
const FOLDER: &str = "file";
const DIRECTORY_MODE: &str = "directory_permissions_mode";
/// Their short name, without an address.
const FOLDER_NAME: &str = "filesystem";

/// The configured storages. Each is opened when it is first asked for, and stays the same object.
pub struct Storages {
    settings: Settings,
    registry: Registry,
    /// Signs with `SECRET_KEY`, if there is one.
    signer: Option<Arc<dyn UrlSigner>>,
    /// By alias, or by the string that was opened.
    opened: Mutex<BTreeMap<String, Arc<dyn Storage>>>,
}

impl Storages {
    /// Takes the settings. Nothing is opened, and no alias is checked: a project may have storages that this
    /// program never uses. What is wrong with one is told when it is asked for, and by
    /// [`check_all`](Self::check_all) at once.
    ///
    /// # Errors
    /// None today. Settings that no storage can be made with would be
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration).
    pub fn new(settings: &Settings, registry: Registry) -> Result<Self> {
        let signer = settings.secret_key().map(HmacSigner::new);
        Ok(Self {
            settings: settings.clone(),
            registry,
            signer: signer.map(|signer| Arc::new(signer) as Arc<dyn UrlSigner>),
            opened: Mutex::default(),
        })
    }

    /// Checks what is set for every alias, for a program that uses them all and wants to fail when it starts.
    /// Nothing is opened.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) with all that is
    /// wrong. The built-in storages are left until they are used: a program may have no driver
    /// for them. So are those of a class of Python that is not known here, since a Django project may
    /// use them in Python only.
    pub fn check_all(&self) -> Result<()> {
        let aliases = self.settings.storages().iter();
        let mut errors: Vec<Error> = aliases
            .filter(|(_, setting)| !is_built_in(setting) && !is_of_python(setting))
            .filter_map(|(alias, _)| self.check(alias).err())
            .collect();
        // What is wrong with a storage that another names shows twice.
        let mut seen = HashSet::new();
        errors.retain(|error| seen.insert(error.to_string()));
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => {
                let mut problems = Problems::default();
                for error in errors {
                    problems.add(error.to_string());
                }
                problems.into_result()
            }
        }
    }

    /// Returns the storage `alias` of `STORAGES`: Django's `storages[alias]`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for an alias that
    /// is not set, and options that do not go together.
    pub fn get(&self, alias: &str) -> Result<Arc<dyn Storage>> {
        let Some(setting) = self.settings.storages().get(alias) else {
            return Err(self.no_alias(alias));
        };
        self.opened(alias, || {
            let prepared = self.prepare(alias, setting)?;
            self.open_prepared(prepared, Some(alias), &place(alias, setting))
        })
    }

    /// Returns the mode that folders of a storage get, where an option says it.
    pub(crate) fn directory_mode(&self, text: &str) -> Option<u32> {
        let prepared = self.prepared(text).ok()?;
        let has_mode = self.registry.driver(&prepared.driver).is_ok_and(|driver| {
            let mut rows = driver.options().iter();
            rows.any(|row| row.name == DIRECTORY_MODE)
        });
        has_mode.then(|| prepared.options.mode(DIRECTORY_MODE))?
    }

    /// Returns whether no source says anything about the storage `alias`.
    pub(crate) fn is_built_in(&self, alias: &str) -> bool {
        self.settings.storages().get(alias).is_some_and(is_built_in)
    }

    /// Returns whether a storage is one in a folder, and nothing says in which.
    pub(crate) fn lacks_folder(&self, text: &str) -> bool {
        let prepared = self.prepared(text);
        prepared.is_ok_and(|prepared| {
            prepared.driver == FOLDER_NAME && prepared.options.text("location").is_none()
        })
    }

    /// Returns the storage of media.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn default(&self) -> Result<Arc<dyn Storage>> {
        self.get(DEFAULT)
    }

    /// Returns the storage of static files.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn staticfiles(&self) -> Result<Arc<dyn Storage>> {
        self.get(STATICFILES)
    }

    /// Returns the storage that `text` means: an alias, else a storage string. Relative paths in
    /// it are relative to the working directory. For an operator's words, never for a request's.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn open(&self, text: &str) -> Result<Arc<dyn Storage>> {
        if self.settings.storages().contains_key(text) {
            return self.get(text);
        }
        self.opened(text, || {
            let place = self.settings.shown_storage(text);
            self.open_prepared(self.prepared(text)?, None, &place)
        })
    }

    /// Returns the folder of static files that the setting `name` tells; `None` if it is not set. It
    /// is no storage of `STORAGES`, and no other setting says anything about it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) where there is no
    /// driver for folders, or where the path is not UTF-8.
    pub(crate) fn folder(&self, name: &str) -> Result<Option<Arc<dyn Storage>>> {
        let Some(path) = self.settings.path(name) else {
            return Ok(None);
        };
        let open = || {
            let path = path.into_os_string().into_string().map_err(|path| {
                Error::configuration(format!("the path {} is not UTF-8 text", path.display()))
            })?;
            let options = self.registry.driver(FOLDER)?.options();
            let options = Options::new(options, [("location", Value::from(path))])?;
            let config = DriverConfig::new(options).with_files(Files::Static);
            self.registry.open(FOLDER, config, Some(name))
        };
        let place = format!("{name} ({})", self.settings.source(name));
        let opened = open().map_err(|error| error.during(Operation::Configure, &place, None));
        opened.map(Some)
    }

    /// Returns the aliases that are set, sorted.
    #[must_use]
    pub fn aliases(&self) -> Vec<String> {
        self.settings.storages().keys().cloned().collect()
    }

    /// Returns the settings that they are of.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns what is to be done to files on their way into the storage `alias`.
    ///
    /// # Errors
    /// As [`get`](Self::get), but for the processing.
    pub fn processing(&self, alias: &str) -> Result<Vec<Processing>> {
        Ok(self.prepare_alias(alias)?.processing)
    }

    /// Returns whether the storage that `text` means, as in [`open`](Self::open), is private: none of
    /// its files is for whoever has no signed URL (`querystring_auth`). Static files never are.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn is_private(&self, text: &str) -> Result<bool> {
        let prepared = self.prepared(text)?;
        let is_signed = prepared.options.flag(UrlSigning::QUERYSTRING_AUTH.name);
        Ok(is_signed && prepared.files == Files::Media)
    }

    /// Returns how names are hashed in the storage that `text` means, as in [`open`](Self::open);
    /// `None` if they are not.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn manifest_options(&self, text: &str) -> Result<Option<ManifestOptions>> {
        Ok(self.prepared(text)?.manifest)
    }

    /// Returns what files are stored with in the storage `alias`, as its options say it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn rule_options(&self, alias: &str) -> Result<RuleOptions> {
        Ok(self.prepare_alias(alias)?.rules)
    }

    /// Returns how files are compressed on their way into the storage `alias`, `None` if they are
    /// not.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn compression_options(&self, alias: &str) -> Result<Option<CompressionOptions>> {
        Ok(self.prepare_alias(alias)?.compression)
    }

    /// Waits until every storage that was opened has cleaned up: [`Storage::settle`].
    pub async fn settle(&self) {
        let storages: Vec<_> = {
            let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            opened.values().cloned().collect()
        };
        future::join_all(storages.iter().map(Storage::settle)).await;
    }

    /// Returns what is open under `key`, or opens it. The lock is held meanwhile, so that there is
    /// one object only: a driver waits for nothing when it opens.
    fn opened(
        &self,
        key: &str,
        open: impl FnOnce() -> Result<Arc<dyn Storage>>,
    ) -> Result<Arc<dyn Storage>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(storage) = opened.get(key) {
            return Ok(Arc::clone(storage));
        }
        let storage = open()?;
        opened.insert(key.to_owned(), Arc::clone(&storage));
        Ok(storage)
    }

    /// Reads and checks what is said about the storage that `text` means, as in
    /// [`open`](Self::open).
    fn prepared(&self, text: &str) -> Result<Prepared> {
        match self.settings.storages().get(text) {
            Some(setting) => self.prepare(text, setting),
            None => {
                let place = self.settings.shown_storage(text);
                let folder = self.settings.folder_of(&Source::CommandLine);
                self.prepare_text(&Secret::new(text), &place, folder)
            }
        }
    }

    /// Reads and checks a storage string that is no alias.
    fn prepare_text(&self, text: &Secret, place: &str, folder: &Path) -> Result<Prepared> {
        let word = text.expose();
        if is_word(word) && self.registry.driver(&word.to_ascii_lowercase()).is_err() {
            return Err(self.no_alias_or_driver(word));
        }
        let wanted = Wanted {
            place: place.to_owned(),
            text,
            folder,
            alias: None,
            options: &BTreeMap::new(),
            files: Files::Media,
        };
        prepare(&wanted, &self.settings, &self.registry)
    }

    fn prepare_alias(&self, alias: &str) -> Result<Prepared> {
        match self.settings.storages().get(alias) {
            Some(setting) => self.prepare(alias, setting),
            None => Err(self.no_alias(alias)),
        }
    }

    fn prepare(&self, alias: &str, setting: &StorageSetting) -> Result<Prepared> {
        let place = place(alias, setting);
        let Some(backend) = &setting.backend else {
            return Err(Error::configuration("it has no BACKEND")
                .with_advice("write a storage string there, such as \"file:media\"")
                .during(Operation::Configure, &place, None));
        };
        let wanted = Wanted {
            place,
            text: &backend.text,
            folder: self.settings.folder_of(&backend.source),
            alias: Some(alias),
            options: &setting.options,
            files: match alias {
                STATICFILES => Files::Static,
                _ => Files::Media,
            },
        };
        prepare(&wanted, &self.settings, &self.registry)
    }

    fn open_prepared(
        &self,
        prepared: Prepared,
        alias: Option<&str>,
        place: &str,
    ) -> Result<Arc<dyn Storage>> {
        let mut config = DriverConfig::new(prepared.options).with_files(prepared.files);
        config.signer = self.signer.clone();
        let opened = self.registry.open(&prepared.driver, config, alias);
        // The registry knows the alias only; the reader needs the file and the line.
        let storage = opened.map_err(|error| {
            let mut placed = Error::new(error.kind(), error.problem());
            if let Some(advice) = error.advice() {
                placed = placed.with_advice(advice);
            }
            placed
                .during(Operation::Configure, place, None)
                .with_source(error)
        })?;
        if let Some(compression) = &prepared.compression {
            let checked = compression.check(&storage.capabilities());
            checked.map_err(|error| error.during(Operation::Configure, place, None))?;
        }
        Ok(storage)
    }

    /// Django's InvalidStorageError, with what there is.
    fn no_alias(&self, alias: &str) -> Error {
        let aliases = self.aliases();
        let advice = match nearest(alias, aliases.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None if aliases.is_empty() => "STORAGES is empty".to_owned(),
            None => format!("STORAGES has {}", aliases.join(", ")),
        };
        Error::configuration(format!("could not find config for {alias:?} in STORAGES"))
            .with_advice(advice)
    }

    fn no_alias_or_driver(&self, text: &str) -> Error {
        let aliases = self.aliases();
        let schemes = self.registry.schemes();
        let known = aliases.iter().map(String::as_str).chain(schemes);
        let advice = match nearest(text, known) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!(
                "STORAGES has {}; else write a URL, such as file:{text}",
                aliases.join(", ")
            ),
        };
        Error::configuration(format!("there is no storage {text:?}")).with_advice(advice)
    }
}

impl fmt::Debug for Storages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is opened: a string may hold a secret.
        f.debug_struct("Storages")
            .field("aliases", &self.aliases())
            .field("schemes", &self.registry.schemes())
            .finish_non_exhaustive()
    }
}

fn is_built_in(setting: &StorageSetting) -> bool {
    let backend = setting.backend.as_ref();
    backend.is_some_and(|backend| backend.source == Source::Default) && setting.options.is_empty()
}

fn is_of_python(setting: &StorageSetting) -> bool {
    let backend = setting.backend.as_ref();
    backend.is_some_and(|backend| spec::is_unknown_class(backend.text.expose()))
}

/// What messages call a storage of the settings, and where it is set.
fn place(alias: &str, setting: &StorageSetting) -> String {
    match &setting.backend {
        Some(backend) if backend.source == Source::Default => {
            format!("STORAGES.{alias} as built in")
        }
        Some(backend) => format!("{} ({})", backend.name, backend.source),
        // The options are near it.
        None => match setting.options.values().next() {
            Some(option) => format!("STORAGES.{alias} ({})", option.source),
            None => format!("STORAGES.{alias}"),
        },
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
}
