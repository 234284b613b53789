//! From the sources to [`Settings`]: each source becomes a layer, and the layers are laid one
//! over the other. What a layer says is read in [`super::layers`].

use std::collections::BTreeMap;

use storehouse_storage::{Error, Registry, Result, nearest};

use super::{
    Problems, Set, SettingKind, Settings, Source, Sources, StorageSetting, absolute,
    layers::{self, FileLayers, Layer},
    sources::SettingsFile,
    storage_setting,
    table::Table,
    values::Document,
};

impl Settings {
    /// Reads the settings. The file is the only thing it looks at beside `sources`; `registry`
    /// tells which settings the drivers have.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for what cannot
    /// be understood, all of it at once, each with its place; other kinds if the file cannot be
    /// read.
    pub fn load(sources: &Sources, registry: &Registry) -> Result<Self> {
        let table = Table::new(registry);
        let mut problems = Problems::default();
        let mut warnings = Vec::new();
        let environment = sources.environment();
        let file = sources.read_file()?;
        let mut layers = Vec::new();
        if let Some(file) = &file {
            let read = read_file(file, &table, &mut problems)?;
            layers.extend(choose(read, environment.as_deref(), &file.shown)?);
            warnings.extend(secrets_for_all(file, &layers));
        } else if let Some(name) = &environment {
            return Err(Error::configuration(format!(
                "there is no environment {name:?}, for there is no settings file"
            ))
            .with_advice(format!(
                "write storehouse.toml with a table [environments.{name}]"
            )));
        }
        layers.push(layers::of_process(&sources.process, &table, &mut problems));
        layers.push(layers::of_command_line(
            &sources.sets,
            &table,
            &mut problems,
        ));
        warnings.extend(problems.warning());
        let unused = problems.unused();
        problems.into_result()?;
        let (values, storages) = lay(layers, &table);
        Ok(Self {
            table,
            values,
            storages,
            environment,
            file: file.map(|file| absolute(&sources.working_dir, &file.path)),
            working_dir: sources.working_dir.clone(),
            warnings,
            unused,
        })
    }
}

fn read_file(file: &SettingsFile, table: &Table, problems: &mut Problems) -> Result<FileLayers> {
    let document = Document::new(&file.shown, &file.text);
    let parsed = document.table()?;
    Ok(layers::of_file(&document, &parsed, table, problems))
}

/// Returns the layers of the file that count: its top, and the environment that was chosen.
fn choose(mut read: FileLayers, name: Option<&str>, shown: &str) -> Result<Vec<Layer>> {
    let Some(name) = name else {
        return Ok(vec![read.top]);
    };
    if let Some(chosen) = read.environments.remove(name) {
        return Ok(vec![read.top, chosen]);
    }
    let known: Vec<&str> = read.environments.keys().map(String::as_str).collect();
    let advice = match (nearest(name, known.iter().copied()), known.as_slice()) {
        (Some(near), _) => format!("did you mean {near:?}? There are {}", known.join(", ")),
        (None, []) => format!("add a table [environments.{name}]"),
        (None, known) => format!("there are {}", known.join(", ")),
    };
    let problem = format!("{shown} has no environment {name:?}");
    Err(Error::configuration(problem).with_advice(advice))
}

/// Lays one source over the other, and all over the defaults.
fn lay(
    layers: Vec<Layer>,
    table: &Table,
) -> (
    BTreeMap<&'static str, Set>,
    BTreeMap<String, StorageSetting>,
) {
    let mut values = defaults(table);
    let mut storages = storage_setting::built_in(table);
    for layer in layers {
        for assigned in layer.values {
            let (value, source) = (assigned.value, assigned.source);
            values.insert(assigned.name, Set { value, source });
        }
        for change in layer.changes {
            change.apply(&mut storages);
        }
    }
    (values, storages)
}

/// The defaults of the settings, of which the drivers' belong to the drivers' options: a default
/// that its own option cannot take is no value, and the driver's table says so when it is used.
fn defaults(table: &Table) -> BTreeMap<&'static str, Set> {
    let rows = table.rows().iter().filter(|row| !row.default.is_empty());
    let values = rows.filter_map(|row| {
        let value = match row.kind {
            SettingKind::Option(kind) => kind.read_text(row.default),
            SettingKind::Limit => row.kind.read_text(row.default),
            _ => return None,
        };
        let value = value.ok()?;
        let source = Source::Default;
        Some((row.name, Set { value, source }))
    });
    values.collect()
}

/// Warns of a file with secrets that everyone on the machine can change.
fn secrets_for_all(file: &SettingsFile, layers: &[Layer]) -> Option<String> {
    let mode = file.open_to_all?;
    layers.iter().any(Layer::holds_secret).then(|| {
        format!(
            "{} holds secrets, and its mode {mode:04o} lets everyone on this machine change it; run `chmod 600 {}`",
            file.shown, file.shown
        )
    })
}
