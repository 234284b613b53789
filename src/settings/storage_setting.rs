//! One storage as the settings have it: BACKEND and OPTIONS, each with where it came from. What a
//! BACKEND means, and which options it takes, is decided in [`crate::storages`].

use std::collections::BTreeMap;

use storehouse_storage::{OptionKind, Secret, Value, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    foreign::{self, Foreign},
    masking::{masked, masked_storage},
    origin::{Origin, kind_of, not_toml},
    problems::Problems,
    source::Source,
    table::{Shows, Table},
    values::{self, Wrong},
};

/// A storage of `STORAGES`.
#[derive(Clone, Default)]
pub(crate) struct StorageSetting {
    /// `None` only until all sources are read.
    pub(crate) backend: Option<Backend>,
    /// OPTIONS, by name.
    pub(crate) options: BTreeMap<String, OptionSetting>,
}

/// The storage string of a storage.
#[derive(Clone)]
pub(crate) struct Backend {
    /// How the settings call it: `DEFAULT_FILE_STORAGE`, or `STORAGES.media.BACKEND`.
    pub(crate) name: String,
    /// The string; its query may hold a secret.
    pub(crate) text: Secret,
    /// The string as it may be shown.
    pub(crate) shown: String,
    pub(crate) source: Source,
}

/// One of OPTIONS.
#[derive(Clone)]
pub(crate) struct OptionSetting {
    pub(crate) value: Value,
    pub(crate) form: Form,
    /// The value as it may be shown, in TOML.
    pub(crate) shown: String,
    pub(crate) source: Source,
}

/// How a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In TOML, with a type.
    Typed,
    /// As a text of `--set`, whose type the option knows.
    Text,
}

/// What a source says about the storages.
pub(super) enum Change {
    /// There are none but those that follow.
    Clear,
    /// The short form is set: BACKEND and OPTIONS are replaced together.
    Short(&'static str, Backend),
    /// The storage is replaced.
    Whole(String, StorageSetting, Source),
    /// Its BACKEND is replaced.
    Backend(String, Backend),
    /// All its OPTIONS are replaced.
    Options(String, BTreeMap<String, OptionSetting>),
    /// One of its OPTIONS is replaced.
    Option(String, String, OptionSetting),
}

impl Change {
    /// Carries the change out.
    pub(super) fn apply(self, storages: &mut BTreeMap<String, StorageSetting>) {
        match self {
            Self::Clear => storages.clear(),
            Self::Short(alias, backend) => {
                let setting = StorageSetting {
                    backend: Some(backend),
                    ..StorageSetting::default()
                };
                storages.insert(alias.to_owned(), setting);
            }
            Self::Whole(alias, setting, _) => {
                storages.insert(alias, setting);
            }
            Self::Backend(alias, backend) => {
                storages.entry(alias).or_default().backend = Some(backend);
            }
            Self::Options(alias, options) => storages.entry(alias).or_default().options = options,
            Self::Option(alias, name, option) => {
                let setting = storages.entry(alias).or_default();
                setting.options.insert(name, option);
            }
        }
    }

    /// Returns where this sets the storage `alias` by its long name, if it does.
    pub(super) fn long_of(&self, alias: &str) -> Option<Source> {
        match self {
            Self::Whole(changed, _, source) if changed == alias => Some(source.clone()),
            Self::Backend(changed, _) | Self::Options(changed, _) | Self::Option(changed, ..)
                if changed == alias =>
            {
                Some(Source::CommandLine)
            }
            _ => None,
        }
    }

    /// Returns whether a secret is in it.
    pub(super) fn holds_secret(&self) -> bool {
        match self {
            Self::Short(_, backend) => backend.shown != backend.text.expose(),
            Self::Whole(_, setting, _) => {
                let mut options = setting.options.values();
                let backend = setting.backend.as_ref();
                backend.is_some_and(|backend| backend.shown != backend.text.expose())
                    || options.any(|option| matches!(option.value, Value::Secret(_)))
            }
            _ => false,
        }
    }
}

impl Backend {
    pub(super) fn new(name: impl Into<String>, text: &str, source: Source, table: &Table) -> Self {
        Self {
            name: name.into(),
            text: Secret::new(text),
            shown: masked_storage(text, table),
            source,
        }
    }
}

impl OptionSetting {
    fn new(name: &str, value: Value, form: Form, source: Source, table: &Table) -> Self {
        match (table.shows(name), value) {
            (Shows::Value, value) => Self {
                shown: masked(&value).to_string(),
                value,
                form,
                source,
            },
            (Shows::Storage, Value::Text(text)) => {
                let shown = masked_storage(&text, table);
                Self {
                    value: match shown == text {
                        true => Value::Text(text),
                        false => Value::Secret(Secret::new(text)),
                    },
                    shown: format!("{shown:?}"),
                    form,
                    source,
                }
            }
            (Shows::Storage | Shows::Nothing, value) => Self {
                shown: "\"***\"".to_owned(),
                value: match value {
                    Value::Text(text) => Value::Secret(Secret::new(text)),
                    other => other,
                },
                form,
                source,
            },
        }
    }
}

/// The storages when no source says anything: Django's.
pub(super) fn built_in(table: &Table) -> BTreeMap<String, StorageSetting> {
    [
        ("default", "django.core.files.storage.FileSystemStorage"),
        (
            "staticfiles",
            "django.contrib.staticfiles.storage.StaticFilesStorage",
        ),
    ]
    .into_iter()
    .map(|(alias, text)| {
        let name = format!("STORAGES.{alias}.BACKEND");
        let setting = StorageSetting {
            backend: Some(Backend::new(name, text, Source::Default, table)),
            ..StorageSetting::default()
        };
        (alias.to_owned(), setting)
    })
    .collect()
}

/// Reads `STORAGES`.
pub(super) fn read_storages(
    value: &Spanned<DeValue<'_>>,
    origin: Origin<'_>,
    table: &Table,
    problems: &mut Problems,
) -> Vec<Change> {
    let Some(aliases) = as_table(value, "STORAGES", origin, problems) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (alias, setting) in aliases {
        let name = alias.get_ref().to_string();
        let offset = alias.span().start;
        if let Some(read) = read_storage(&name, setting, origin, table, problems) {
            changes.push(Change::Whole(name, read, origin.source(offset)));
        }
    }
    changes
}

/// Reads what is inside one alias.
fn read_storage(
    alias: &str,
    value: &Spanned<DeValue<'_>>,
    origin: Origin<'_>,
    table: &Table,
    problems: &mut Problems,
) -> Option<StorageSetting> {
    let mut setting = StorageSetting::default();
    let name = format!("STORAGES.{alias}");
    let inside = as_table(value, &name, origin, problems)?;
    for (key, value) in inside {
        let offset = key.span().start;
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("BACKEND", DeValue::String(text)) => {
                let source = origin.source(offset);
                let backend = Backend::new(format!("{name}.BACKEND"), text, source, table);
                setting.backend = Some(backend);
            }
            ("BACKEND", _) => {
                problems.add(format!(
                    "{}: {name}.BACKEND: expected a storage string, found {}",
                    origin.place(value.span().start),
                    kind_of(value)
                ));
                return None;
            }
            ("OPTIONS", _) => {
                let name = format!("{name}.OPTIONS");
                setting.options = read_options(&name, value, origin, table, problems);
            }
            (other, _) => problems.add(format!(
                "{}: {}",
                origin.place(offset),
                unknown_key(&name, other)
            )),
        }
    }
    Some(setting)
}

fn read_options(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    origin: Origin<'_>,
    table: &Table,
    problems: &mut Problems,
) -> BTreeMap<String, OptionSetting> {
    let mut options = BTreeMap::new();
    let Some(inside) = as_table(value, name, origin, problems) else {
        return options;
    };
    for (key, value) in inside {
        let (source, place) = (
            origin.source(key.span().start),
            origin.place(key.span().start),
        );
        let key = key.get_ref().to_string();
        let text = value.get_ref().as_str();
        match foreign::option(&key, text).filter(|_| !table.knows(&key)) {
            Some(Foreign::Harmless(why)) => {
                problems.leave_out(format!("{place}: {name}.{key} ({why})"));
                continue;
            }
            Some(Foreign::Replaced(instead)) => {
                problems.add(format!(
                    "{place}: {name}.{key} is no option here: {instead}"
                ));
                continue;
            }
            // No option is a setting of Django.
            Some(Foreign::OfDjango) | None => {}
        }
        let mode = table.kinds_of(&key).find(|kind| *kind == OptionKind::Mode);
        let decimal = mode.map_or(Ok(()), |mode| values::decimal_mode(mode, value.get_ref()));
        let converted = decimal
            .map_err(|what| Wrong {
                span: value.span(),
                what,
            })
            .and_then(|()| values::convert(value));
        match converted {
            Ok(value) => {
                let option = OptionSetting::new(&key, value, Form::Typed, source, table);
                options.insert(key, option);
            }
            Err(Wrong { span, what }) => {
                problems.add(format!(
                    "{}: {name}.{key}: {what}",
                    origin.place(span.start)
                ));
            }
        }
    }
    options
}

/// Reads `--set STORAGES.inside=text`.
pub(super) fn set_in_storages(
    inside: &str,
    text: &str,
    origin: Origin<'_>,
    table: &Table,
    problems: &mut Problems,
) -> Option<Change> {
    let mut keys = inside.splitn(3, '.');
    let alias = keys.next().unwrap_or_default().to_owned();
    let name = format!("STORAGES.{alias}");
    let source = origin.source(0);
    match (keys.next(), keys.next()) {
        (None, _) => {
            let value = parse(text, "a table with BACKEND and OPTIONS", origin, problems)?;
            let setting = read_storage(&alias, &value, origin, table, problems)?;
            Some(Change::Whole(alias, setting, source))
        }
        (Some("BACKEND"), None) => {
            let backend = Backend::new(format!("{name}.BACKEND"), text, source, table);
            Some(Change::Backend(alias, backend))
        }
        (Some("OPTIONS"), None) => {
            let value = parse(text, "a table of options", origin, problems)?;
            let name = format!("{name}.OPTIONS");
            let options = read_options(&name, &value, origin, table, problems);
            Some(Change::Options(alias, options))
        }
        (Some("OPTIONS"), Some(option)) => {
            let setting = OptionSetting::new(option, text.into(), Form::Text, source, table);
            Some(Change::Option(alias, option.to_owned(), setting))
        }
        (Some(other), _) => {
            let what = unknown_key(&name, other);
            problems.add(format!("{}: {what}", origin.place(0)));
            None
        }
    }
}

fn parse<'t>(
    text: &'t str,
    expected: &str,
    origin: Origin<'_>,
    problems: &mut Problems,
) -> Option<Spanned<DeValue<'t>>> {
    match DeValue::parse(text) {
        Ok(value) => Some(value),
        Err(_) => {
            problems.add(not_toml(origin, expected));
            None
        }
    }
}

fn as_table<'v, 't>(
    value: &'v Spanned<DeValue<'t>>,
    name: &str,
    origin: Origin<'_>,
    problems: &mut Problems,
) -> Option<&'v DeTable<'t>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        problems.add(format!(
            "{}: {name}: expected a table, found {}",
            origin.place(value.span().start),
            kind_of(value)
        ));
    }
    table
}

fn unknown_key(name: &str, key: &str) -> String {
    const KEYS: [&str; 2] = ["BACKEND", "OPTIONS"];
    match nearest(key, KEYS) {
        Some(near) => format!("{name} has no key {key:?}; did you mean {near:?}?"),
        None => format!("{name} has no key {key:?}; it takes BACKEND and OPTIONS"),
    }
}
