//! Where in a source a value is, for messages.

use toml::{Spanned, de::DeValue};

use super::{source::Source, values::Document};

/// Where in a source something is.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// The settings file: its top level, or the table of an environment.
    File {
        document: &'a Document<'a>,
        environment: Option<&'a str>,
    },
    /// A variable of the process environment.
    Variable(&'a str),
    /// A key of `--set`.
    CommandLine(&'a str),
}

impl Origin<'_> {
    pub(super) fn is_top(&self) -> bool {
        matches!(
            self,
            Self::File {
                environment: None,
                ..
            }
        )
    }

    /// Returns what is shown beside a value.
    pub(super) fn source(&self, offset: usize) -> Source {
        match *self {
            Self::File {
                document,
                environment: None,
            } => Source::File {
                file: document.shown().to_owned(),
                line: document.line(offset),
            },
            Self::File {
                document,
                environment: Some(name),
            } => Source::EnvironmentTable {
                name: name.to_owned(),
                file: document.shown().to_owned(),
                line: document.line(offset),
            },
            Self::Variable(variable) => Source::ProcessEnvironment {
                variable: variable.to_owned(),
            },
            Self::CommandLine(_) => Source::CommandLine,
        }
    }

    /// Returns how a message begins that is about this place.
    pub(super) fn place(&self, offset: usize) -> String {
        match self {
            Self::File { document, .. } => document.place(offset),
            Self::Variable(variable) => format!("environment variable {variable}"),
            Self::CommandLine(key) => format!("--set {key}"),
        }
    }
}

/// Says that a text of the process environment or the command line is not TOML.
pub(super) fn not_toml(origin: Origin<'_>, expected: &str) -> String {
    format!(
        "{}: expected {expected}, written as in TOML",
        origin.place(0)
    )
}

/// What kind of value this is, with its article, for messages.
pub(super) fn kind_of(value: &Spanned<DeValue<'_>>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
