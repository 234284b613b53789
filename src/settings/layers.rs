//! What each source says, in one form: values of settings, and changes to the storages. It reads
//! nothing by itself, and does not decide what wins: [`super::Settings::load`] lays one over the
//! other.

use super::origin::{Origin, kind_of, not_toml};
use std::{borrow::Cow, collections::BTreeMap, ffi::OsString};

use storehouse_storage::{OptionKind, Value, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    foreign::{self, Foreign},
    problems::Problems,
    source::Source,
    storage_setting::{Backend, Change, read_storages, set_in_storages},
    table::{SettingKind, SettingRow, Table},
    values::{self, Document, Wrong},
};

/// The key of the settings file under which the environments are.
const ENVIRONMENTS: &str = "environments";

/// What one source says.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) values: Vec<Assigned>,
    pub(super) changes: Vec<Change>,
    /// The short forms that are set: name, alias, place.
    short_forms: Vec<(&'static str, &'static str, String)>,
}

/// A setting, the value a source gives it, and where.
pub(super) struct Assigned {
    pub(super) name: &'static str,
    pub(super) value: Value,
    pub(super) source: Source,
}

/// What a settings file says: its top level, and each of its environments.
pub(super) struct FileLayers {
    pub(super) top: Layer,
    pub(super) environments: BTreeMap<String, Layer>,
}

/// Reads a settings file. All environments are looked at, whichever is chosen: a mistake is found
/// before the day it matters.
pub(super) fn of_file(
    document: &Document<'_>,
    parsed: &DeTable<'_>,
    table: &Table,
    problems: &mut Problems,
) -> FileLayers {
    let top = Origin::File {
        document,
        environment: None,
    };
    let mut layers = FileLayers {
        top: of_table(parsed, top, table, problems),
        environments: BTreeMap::new(),
    };
    let Some(environments) = parsed.get(ENVIRONMENTS) else {
        return layers;
    };
    let Some(environments) = environments.get_ref().as_table() else {
        let place = document.place(environments.span().start);
        problems.add(format!(
            "{place}: {ENVIRONMENTS}: expected tables such as [{ENVIRONMENTS}.production]"
        ));
        return layers;
    };
    for (name, settings) in environments {
        let Some(settings) = settings.get_ref().as_table() else {
            let place = document.place(name.span().start);
            problems.add(format!(
                "{place}: {ENVIRONMENTS}.{}: expected a table, found {}",
                name.get_ref(),
                kind_of(settings)
            ));
            continue;
        };
        let origin = Origin::File {
            document,
            environment: Some(name.get_ref()),
        };
        let layer = of_table(settings, origin, table, problems);
        layers
            .environments
            .insert(name.get_ref().to_string(), layer);
    }
    layers
}

fn of_table(
    parsed: &DeTable<'_>,
    origin: Origin<'_>,
    table: &Table,
    problems: &mut Problems,
) -> Layer {
    let mut layer = Layer::default();
    for (key, value) in parsed {
        let (name, offset) = (key.get_ref().as_ref(), key.span().start);
        let place = || origin.place(offset);
        match table.find(name) {
            None if origin.is_top() && name == ENVIRONMENTS => {}
            None if origin.is_top() && nearest(name, [ENVIRONMENTS]).is_some() => {
                problems.add(format!(
                    "{}: there is no setting {name:?}; did you mean {ENVIRONMENTS:?}?",
                    place()
                ))
            }
            None => {
                let text = value.get_ref().as_str();
                refuse_or_leave_out(
                    name,
                    foreign::setting(name, text),
                    &place(),
                    table,
                    problems,
                );
            }
            Some(row) if row.kind == SettingKind::Storages => {
                if origin.is_top() {
                    // A STORAGES of one's own replaces the built-in one whole, as in Django.
                    layer.changes.insert(0, Change::Clear);
                }
                let changes = read_storages(value, origin, table, problems);
                layer.changes.extend(changes);
            }
            Some(row) => match read(row, value) {
                Ok(value) => layer.assign(row, value, origin, offset, table),
                Err(wrong) => problems.add(format!(
                    "{}: {name}: {}",
                    origin.place(wrong.span.start),
                    with_hint(name, wrong.what)
                )),
            },
        }
    }
    layer.refuse_both_forms(problems);
    layer
}

/// Says what is wrong with a setting that is none here, or leaves it out.
fn refuse_or_leave_out(
    name: &str,
    foreign: Option<Foreign>,
    place: &str,
    table: &Table,
    problems: &mut Problems,
) {
    match foreign {
        Some(Foreign::Harmless(why)) => problems.leave_out(format!("{place}: {name} ({why})")),
        Some(Foreign::OfDjango) => problems.leave_unused(name),
        Some(Foreign::Replaced(instead)) => {
            problems.add(format!("{place}: {name} is no setting here: {instead}"));
        }
        None => problems.add(format!("{place}: {}", table.unknown(name))),
    }
}

/// A problem with a value, and what to do where it comes from a setting of that name elsewhere.
fn with_hint(name: &str, what: String) -> String {
    match foreign::hint(name) {
        Some(hint) => format!("{what}; {hint}"),
        None => what,
    }
}

fn read(row: &SettingRow, value: &Spanned<DeValue<'_>>) -> Result<Value, Wrong> {
    let wrong = |what| Wrong {
        span: value.span(),
        what,
    };
    if let SettingKind::Option(kind) = row.kind {
        values::decimal_mode(kind, value.get_ref()).map_err(wrong)?;
    }
    row.kind.read(values::convert(value)?).map_err(wrong)
}

/// What may stand before a setting's name in the process environment, so that no other program means it.
const PREFIX: &str = "STOREHOUSE_";
/// Settings whose names other programs use for something else: a value that cannot be read is theirs.
const SHARED: [&str; 1] = ["DEBUG"];

/// Reads the settings that the process environment has, each with the prefix or, if there is no such
/// variable, without. What is no setting is nobody's business.
pub(super) fn of_process(
    process: &BTreeMap<String, OsString>,
    table: &Table,
    problems: &mut Problems,
) -> Layer {
    let mut layer = Layer::default();
    for row in table.rows() {
        let with_prefix = format!("{PREFIX}{}", row.name);
        let names = [with_prefix.as_str(), row.name];
        let found = names
            .into_iter()
            .find_map(|name| Some((name, process.get(name)?)));
        let Some((variable, text)) = found else {
            continue;
        };
        // As in a shell: set to nothing is not set.
        if text.is_empty() && row.kind == SettingKind::Option(OptionKind::Flag) {
            continue;
        }
        let origin = Origin::Variable(variable);
        match text.to_str() {
            text if SHARED.contains(&variable) && !is_readable(row, text) => {
                problems.leave_out(format!(
                    "{} (it is no value of this setting, so another program's; {with_prefix} is ours alone)",
                    origin.place(0)
                ));
            }
            Some(text) => layer.assign_text(row, text, origin, table, problems),
            None => problems.add(format!("{}: it is not UTF-8 text", origin.place(0))),
        }
    }
    leave_out_misspelt(process, table, problems);
    layer.refuse_both_forms(problems);
    layer
}

/// The variable that chooses the environment, and is no setting.
const ENVIRONMENT: &str = "STOREHOUSE_ENV";

/// Tells of variables with our prefix that are nearly settings: these are misspelt. Others are of the system, as
/// those of a Kubernetes service of this name.
fn leave_out_misspelt(
    process: &BTreeMap<String, OsString>,
    table: &Table,
    problems: &mut Problems,
) {
    for variable in process.keys().filter(|name| *name != ENVIRONMENT) {
        if let Some(name) = variable.strip_prefix(PREFIX)
            && table.find(name).is_none()
            && let Some(near) = nearest(name, table.rows().iter().map(|row| row.name))
        {
            let place = Origin::Variable(variable).place(0);
            problems.leave_out(format!("{place} (did you mean {PREFIX}{near}?)"));
        }
    }
}

fn is_readable(row: &SettingRow, text: Option<&str>) -> bool {
    text.is_some_and(|text| row.kind.read_text(text).is_ok())
}

/// Reads what the command line sets, each `KEY=VALUE`, the later over the earlier.
pub(super) fn of_command_line(sets: &[String], table: &Table, problems: &mut Problems) -> Layer {
    let mut layer = Layer::default();
    for set in sets {
        let Some((key, text)) = set.split_once('=') else {
            // It is not shown: it may be a secret after another sign than `=`.
            problems.add("--set: expected KEY=VALUE, found no `=`");
            continue;
        };
        let text = &*unquoted(text);
        let origin = Origin::CommandLine(key);
        let (first, inside) = match key.split_once('.') {
            Some((first, inside)) => (first, Some(inside)),
            None => (key, None),
        };
        match (table.find(first), inside) {
            (None, _) => {
                let found = foreign::setting(first, Some(text));
                refuse_or_leave_out(first, found, &format!("--set {key}"), table, problems);
            }
            (Some(row), None) => layer.assign_text(row, text, origin, table, problems),
            (Some(row), Some(inside)) if row.kind == SettingKind::Storages => {
                let changes = set_in_storages(inside, text, origin, table, problems);
                layer.changes.extend(changes);
            }
            (Some(_), Some(_)) => {
                problems.add(format!("--set {key}: only STORAGES takes a key with dots"))
            }
        }
    }
    layer.refuse_both_forms(problems);
    layer
}

/// The text that a TOML string says, so that a value may be typed as it stands in a settings file; any other
/// as it is.
fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.starts_with(['"', '\'']) {
        return Cow::Borrowed(text);
    }
    match DeValue::parse(text).map(Spanned::into_inner) {
        Ok(DeValue::String(inner)) => Cow::Owned(inner.into_owned()),
        _ => Cow::Borrowed(text),
    }
}

impl Layer {
    fn assign(
        &mut self,
        row: &SettingRow,
        value: Value,
        origin: Origin<'_>,
        offset: usize,
        table: &Table,
    ) {
        let source = origin.source(offset);
        match (row.kind, value) {
            (SettingKind::Storage(alias), Value::Text(text)) => {
                let backend = Backend::new(row.name, &text, source, table);
                self.short_forms
                    .push((row.name, alias, origin.place(offset)));
                self.changes.push(Change::Short(alias, backend));
            }
            (_, value) => self.values.push(Assigned {
                name: row.name,
                value,
                source,
            }),
        }
    }

    fn assign_text(
        &mut self,
        row: &SettingRow,
        text: &str,
        origin: Origin<'_>,
        table: &Table,
        problems: &mut Problems,
    ) {
        if row.kind == SettingKind::Storages {
            match DeValue::parse(text) {
                Ok(value) => {
                    let changes = read_storages(&value, origin, table, problems);
                    self.changes.extend(changes);
                }
                Err(_) => problems.add(not_toml(origin, row.kind.expected())),
            }
            return;
        }
        match row.kind.read_text(text) {
            Ok(value) => self.assign(row, value, origin, 0, table),
            Err(what) => {
                let what = with_hint(row.name, what);
                problems.add(format!("{}: {what}", origin.place(0)));
            }
        }
    }

    /// Returns whether a secret is in it.
    pub(super) fn holds_secret(&self) -> bool {
        let mut values = self.values.iter();
        values.any(|assigned| holds_secret(&assigned.value))
            || self.changes.iter().any(Change::holds_secret)
    }

    /// One source that says both `DEFAULT_FILE_STORAGE` and `STORAGES.default` contradicts itself.
    fn refuse_both_forms(&self, problems: &mut Problems) {
        for (name, alias, place) in &self.short_forms {
            if let Some(long) = self.changes.iter().find_map(|change| change.long_of(alias)) {
                problems.add(format!(
                    "{place}: {name} is short for STORAGES.{alias}, which is set too ({long}); take one of them out"
                ));
            }
        }
    }
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(values) => values.iter().any(holds_secret),
        _ => false,
    }
}
