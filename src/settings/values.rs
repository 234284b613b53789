//! From TOML to [`Value`], with positions. It knows no setting.

use std::ops::Range;

use storehouse_storage::{Error, OptionKind, Result, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A TOML document, and what to call it in messages.
pub(super) struct Document<'t> {
    shown: &'t str,
    text: &'t str,
    /// The offset in bytes at which each line starts.
    lines: Vec<usize>,
}

impl<'t> Document<'t> {
    pub(super) fn new(shown: &'t str, text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = newlines.map(|(offset, _)| offset + 1);
        Self {
            shown,
            text,
            lines: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// Parses the document.
    pub(super) fn table(&self) -> Result<DeTable<'t>> {
        // Of several errors the first: the others are often its consequences.
        let (table, errors) = DeTable::parse_recoverable(self.text);
        match errors.first() {
            None => Ok(table.into_inner()),
            Some(error) => {
                let place = self.place(error.span().unwrap_or_default().start);
                // The parser's words quote nothing of the text: it may be a secret.
                Err(Error::configuration(format!(
                    "{place}: not valid TOML: {}",
                    error.message()
                )))
            }
        }
    }

    pub(super) fn shown(&self) -> &str {
        self.shown
    }

    /// Returns the line of an offset in bytes, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset)
    }

    /// Returns `file:line:column`, the column in characters from 1.
    pub(super) fn place(&self, offset: usize) -> String {
        let line = self.line(offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        format!("{}:{line}:{}", self.shown, before.chars().count() + 1)
    }
}

/// A value that cannot be taken, and where it is.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    pub(super) what: String,
}

/// Converts a value. How deep it goes is limited by the parser (80 levels).
pub(super) fn convert(value: &Spanned<DeValue<'_>>) -> Result<Value, Wrong> {
    let wrong = |what: &str| Wrong {
        span: value.span(),
        what: what.to_owned(),
    };
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Integer(digits) => {
            let number = i64::from_str_radix(digits.as_str(), digits.radix());
            Value::Integer(number.map_err(|_| wrong("the integer is too large"))?)
        }
        DeValue::Float(digits) => {
            let number = digits.as_str().parse();
            Value::Float(number.map_err(|_| wrong("this is not a number"))?)
        }
        DeValue::Datetime(_) => return Err(wrong("expected no date or time here")),
        DeValue::Array(values) => {
            Value::List(values.iter().map(convert).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().to_string(), convert(value)?)));
            Value::Table(entries.collect::<Result<_, Wrong>>()?)
        }
    })
}

/// Parses one value, as `--set` and the process environment give it.
pub(super) fn parse(text: &str) -> Result<Value, Wrong> {
    let value = DeValue::parse(text).map_err(|error| Wrong {
        span: error.span().unwrap_or_default(),
        what: error.message().to_owned(),
    })?;
    convert(&value)
}

/// Reads a list of strings out of a text: with commas between them, with or without quotes around each; or an
/// array of TOML, with or without its brackets.
pub(super) fn list_from_text(text: &str) -> Result<Value, Wrong> {
    let text = text.trim();
    if text.starts_with('[') {
        return parse(text);
    }
    if text.starts_with(['"', '\'']) {
        return parse(&format!("[{text}]"));
    }
    let items = text.split(',').map(str::trim);
    let items = items.filter(|item| !item.is_empty()).map(Value::from);
    Ok(Value::List(items.collect()))
}

/// Reads what a driver's option takes out of a text of the process environment or `--set`.
pub(crate) fn option_from_text(kind: OptionKind, text: &str) -> Result<Value, String> {
    match kind {
        OptionKind::Text
        | OptionKind::Secret
        | OptionKind::Path
        | OptionKind::HttpUrl
        | OptionKind::Choice(_)
        | OptionKind::Storage
        | OptionKind::Flag => kind.read_text(text),
        // No TOML integer starts with a zero, so this can only be a mode as `chmod` writes it.
        OptionKind::Mode if text.starts_with('0') => kind.read_text(text),
        OptionKind::List => {
            let list = list_from_text(text);
            kind.read(
                list.map_err(|_| format!("expected {}, written as in TOML", kind.expected()))?,
            )
        }
        _ => {
            let value = DeValue::parse(text.trim())
                .map_err(|_| format!("expected {}, written as in TOML", kind.expected()))?;
            decimal_mode(kind, value.get_ref())?;
            kind.read(convert(&value).map_err(|wrong| wrong.what)?)
        }
    }
}

/// Refuses `644`, which is the mode 0o1204.
pub(super) fn decimal_mode(kind: OptionKind, value: &DeValue<'_>) -> Result<(), String> {
    match (kind, value) {
        (OptionKind::Mode, DeValue::Integer(digits)) if digits.radix() == 10 => {
            let digits = digits.as_str();
            let mode: u32 = digits.parse().unwrap_or(u32::MAX);
            if mode <= 0o777 {
                return Ok(());
            }
            Err(format!(
                "expected a file mode such as 0o644, found {digits}, a decimal number; write it in octal, with 0o"
            ))
        }
        _ => Ok(()),
    }
}
