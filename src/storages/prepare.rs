//! From a storage's settings to what its driver is opened with: the options of one storage,
//! gathered and checked. It opens nothing.
//!
//! The first that gives an option wins: the URL (address and query), OPTIONS, the settings that
//! the driver's table names for it, the defaults of a dotted class, the driver's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use storehouse_storage::{
    Driver, Error, Files, Operation, OptionKind, OptionRow, Options, Registry, Result, Secret,
    Value, find_option, nearest,
};

use super::{
    compression_options::{self, CompressionOptions},
    manifest_options::ManifestOptions,
    object_rules::RuleOptions,
    processing::Processing,
    spec::{Class, Spec, SpecKind, is_option_name},
};
use crate::settings::{
    Form, OptionSetting, Settings, absolute, foreign, option_from_text, static_options,
};

/// A storage that is asked for.
pub(super) struct Wanted<'a> {
    /// What messages call it, with its place: `STORAGES.media (storehouse.toml:12)`.
    pub(super) place: String,
    /// The storage string.
    pub(super) text: &'a Secret,
    /// The folder that a relative path in the string is relative to.
    pub(super) folder: &'a Path,
    /// The alias, if it is one of the settings.
    pub(super) alias: Option<&'a str>,
    /// OPTIONS.
    pub(super) options: &'a BTreeMap<String, OptionSetting>,
    /// What its files are for, unless the string says that they are static.
    pub(super) files: Files,
}

/// What a driver is opened with.
pub(super) struct Prepared {
    /// By what the registry finds the driver.
    pub(super) driver: String,
    pub(super) options: Options,
    pub(super) files: Files,
    pub(super) processing: Vec<Processing>,
    /// How names are hashed, if they are.
    pub(super) manifest: Option<ManifestOptions>,
    /// How files are compressed, if they are.
    pub(super) compression: Option<CompressionOptions>,
    /// What static files are stored with.
    pub(super) rules: RuleOptions,
}

/// Reads and checks all that is said about a storage.
pub(super) fn prepare(
    wanted: &Wanted<'_>,
    settings: &Settings,
    registry: &Registry,
) -> Result<Prepared> {
    let at = |error: Error| error.during(Operation::Configure, &wanted.place, None);
    let spec = Spec::parse(wanted.text.expose()).map_err(at)?;
    let driver = registry.driver(spec.driver()).map_err(at)?;
    let is_static =
        spec.class.is_some_and(|class| class.files == Files::Static) || !spec.processing.is_empty();
    let files = if is_static {
        Files::Static
    } else {
        wanted.files
    };

    let mut gathered = Gathered::new(driver.options(), &spec.processing, files);
    gathered
        .add_url(&spec.kind, &**driver, wanted.folder)
        .map_err(at)?;
    gathered.add_options(wanted, settings)?;
    gathered.add_settings(files, settings).map_err(at)?;
    gathered.add_class(spec.class);
    let of_manifest = gathered.take(static_options::MANIFEST);
    let of_compression = gathered.take(static_options::COMPRESSION);
    let of_rules = gathered.take(static_options::OBJECTS);
    let asks_for = |one| spec.processing.contains(&one);
    let manifest = asks_for(Processing::Manifest).then(|| ManifestOptions::read(of_manifest));
    let compression =
        asks_for(Processing::Compressed).then(|| CompressionOptions::read(of_compression));
    let rules = RuleOptions::read(&of_rules).map_err(|wrong| {
        let place = wanted.place_of(wrong.option);
        wrong.error.during(Operation::Configure, &place, None)
    })?;
    Ok(Prepared {
        rules,
        options: Options::new(driver.options(), gathered.values).map_err(at)?,
        manifest: manifest.transpose().map_err(at)?,
        compression: compression.transpose().map_err(at)?,
        driver: spec.driver().to_owned(),
        files,
        processing: spec.processing,
    })
}

impl Wanted<'_> {
    /// Where an option is written: in OPTIONS, else with the storage itself.
    pub(super) fn place_of(&self, option: &str) -> String {
        match (self.options.get(option), self.alias) {
            (Some(setting), Some(alias)) => {
                format!("STORAGES.{alias}.OPTIONS ({})", setting.source)
            }
            _ => self.place.clone(),
        }
    }
}

/// Options by name.
type Given = BTreeMap<&'static str, Value>;

/// The options found so far.
struct Gathered {
    /// The driver's rows, and those of the processing.
    table: Vec<OptionRow>,
    values: Given,
}

impl Gathered {
    fn new(driver: &[OptionRow], processing: &[Processing], files: Files) -> Self {
        let rules = match files {
            Files::Static => static_options::OBJECTS,
            Files::Media => &[],
        };
        Self {
            table: [driver, &rows_of(processing), rules].concat(),
            values: BTreeMap::new(),
        }
    }

    /// Takes out what belongs to the rows of `table`.
    fn take(&mut self, table: &[OptionRow]) -> Given {
        let all = std::mem::take(&mut self.values);
        let is_theirs = |name: &str| table.iter().any(|row| row.name == name);
        let (taken, left) = all.into_iter().partition(|(name, _)| is_theirs(name));
        self.values = left;
        taken
    }

    fn add_url(&mut self, kind: &SpecKind, driver: &dyn Driver, folder: &Path) -> Result<()> {
        let SpecKind::Url { address, query, .. } = kind else {
            return Ok(());
        };
        for (name, value) in driver.address(address)? {
            let row = find_option(&self.table, name)?;
            self.values.insert(row.name, located(row, value, folder)?);
        }
        let holds_secret = query.iter().any(|(key, _)| {
            find_option(&self.table, key).is_ok_and(|row| row.kind == OptionKind::Secret)
        });
        for (key, value) in query {
            if holds_secret && self.is_rest_of_a_secret(key) {
                return Err(
                    Error::configuration("the query has an unknown option (***)")
                        .with_advice("in a secret write %26 for &"),
                );
            }
            let row = find_option(&self.table, key)?;
            let value = row
                .kind
                .read_text(value.expose())
                .map_err(|what| wrong(key, &what))?;
            let value = located(row, value, folder)?;
            if self.values.insert(row.name, value).is_some() {
                return Err(Error::configuration(format!(
                    "the URL gives the option {:?} twice",
                    row.name
                )));
            }
        }
        Ok(())
    }

    /// A key that is near no option may come after a `&` that belongs to the secret before it.
    fn is_rest_of_a_secret(&self, key: &str) -> bool {
        let names = self
            .table
            .iter()
            .flat_map(|row| row.other_names.iter().copied().chain([row.name]));
        !is_option_name(key) || nearest(key, names).is_none()
    }

    fn add_options(&mut self, wanted: &Wanted<'_>, settings: &Settings) -> Result<()> {
        let mut seen = BTreeSet::new();
        for (name, option) in wanted.options {
            let alias = wanted.alias.unwrap_or_default();
            let place = format!("STORAGES.{alias}.OPTIONS ({})", option.source);
            let at = |error: Error| error.during(Operation::Configure, &place, None);
            let row = find_option(&self.table, name).map_err(at)?;
            if !seen.insert(row.name) {
                let problem = format!("the option {:?} is given under two names", row.name);
                return Err(at(Error::configuration(problem)));
            }
            let value = read_option(row.kind, option).map_err(|what| {
                let error = wrong(name, &what);
                at(match foreign::hint(name) {
                    Some(hint) => error.with_advice(hint),
                    None => error,
                })
            })?;
            let folder = settings.folder_of(&option.source);
            let value = located(row, value, folder).map_err(at)?;
            self.values.entry(row.name).or_insert(value);
        }
        Ok(())
    }

    fn add_settings(&mut self, files: Files, settings: &Settings) -> Result<()> {
        for row in &self.table {
            if self.values.contains_key(row.name) {
                continue;
            }
            let mut names = row.settings_for(files).iter();
            let found = names.find_map(|name| Some((name, settings.given(name)?)));
            let Some((name, (value, source))) = found else {
                continue;
            };
            let value = row
                .kind
                .read(value)
                .map_err(|what| Error::configuration(format!("{name} ({source}): {what}")))?;
            let value = located(row, value, settings.folder_of(&source))?;
            self.values.insert(row.name, value);
        }
        Ok(())
    }

    fn add_class(&mut self, class: Option<Class>) {
        let Some(class) = class else { return };
        for (name, value) in class.defaults {
            if let Ok(row) = find_option(&self.table, name) {
                self.values.entry(row.name).or_insert((*value).into());
            }
        }
    }
}

/// Returns the options that the processing takes.
fn rows_of(processing: &[Processing]) -> Vec<OptionRow> {
    let makes_manifest = processing.contains(&Processing::Manifest);
    let compresses = processing.contains(&Processing::Compressed);
    let mut rows = Vec::new();
    if makes_manifest {
        rows.extend_from_slice(static_options::MANIFEST);
    }
    if compresses {
        let table = static_options::COMPRESSION.iter();
        rows.extend(
            table.filter(|row| makes_manifest || !compression_options::needs_manifest(row)),
        );
        // Where WhiteNoise's class looks, and Django's own does not.
        let strict = rows.iter_mut().find(|row| row.name == "manifest_strict");
        if let Some(strict) = strict {
            strict.settings = &["WHITENOISE_MANIFEST_STRICT"];
        }
    }
    rows
}

/// Reads one of OPTIONS. A value that was wrapped as a secret because some other driver calls it
/// one is a text again.
fn read_option(kind: OptionKind, option: &OptionSetting) -> Result<Value, String> {
    let value = match &option.value {
        Value::Secret(secret) => Value::Text(secret.expose().to_owned()),
        value => value.clone(),
    };
    match (option.form, value) {
        (Form::Text, Value::Text(text)) => option_from_text(kind, &text),
        (_, value) => kind.read(value),
    }
}

/// Makes a relative path absolute, seen from the folder of where it is written.
fn located(row: &OptionRow, value: Value, folder: &Path) -> Result<Value> {
    match (row.kind, value) {
        (OptionKind::Path, Value::Text(text)) if !text.is_empty() => {
            let path = absolute(folder, Path::new(&text));
            match path.into_os_string().into_string() {
                Ok(path) => Ok(path.into()),
                Err(path) => Err(Error::configuration(format!(
                    "the path {} is not UTF-8 text",
                    path.display()
                ))),
            }
        }
        (_, value) => Ok(value),
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::configuration(format!("option {name:?}: {what}"))
}
