//! A driver's options as a static table. The one place that says which options a driver has: the
//! strict keys, the hints for typos, the masking of secrets, `storehouse settings` and the table
//! in the driver's README all come from it.

use crate::{
    error::{Error, Result},
    secret::Secret,
    value::Value,
};

/// One option of a driver.
#[derive(Debug, Clone, Copy)]
pub struct OptionRow {
    /// The name in a URL's query and in OPTIONS, for example `querystring_expire`.
    pub name: &'static str,
    /// Other names it is known by in OPTIONS and in a URL, for example `file_overwrite`.
    pub other_names: &'static [&'static str],
    /// What it takes.
    pub kind: OptionKind,
    /// What holds when nothing is given, as text; empty where there is no default.
    pub default: &'static str,
    /// The settings it is taken from, first found wins, for example `AWS_QUERYSTRING_EXPIRE`.
    pub settings: &'static [&'static str],
    /// The settings it is taken from in the storage of static files, where they differ.
    pub static_settings: &'static [&'static str],
    /// What it does, in a sentence.
    pub help: &'static str,
}

impl OptionRow {
    /// A row with a name, a kind and a sentence; the rest is filled in with `..`.
    #[must_use]
    pub const fn new(name: &'static str, kind: OptionKind, help: &'static str) -> Self {
        Self {
            name,
            other_names: &[],
            kind,
            default: "",
            settings: &[],
            static_settings: &[],
            help,
        }
    }

    /// Returns the settings this option is taken from in the storage of media or of static files.
    #[must_use]
    pub fn settings_for(&self, files: Files) -> &'static [&'static str] {
        match files {
            Files::Static if !self.static_settings.is_empty() => self.static_settings,
            _ => self.settings,
        }
    }

    /// Returns whether `name` means this option.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.other_names.contains(&name)
    }
}

/// What a storage is for. Static files are public and go to other settings than media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Files {
    /// Uploads and everything else: `MEDIA_ROOT`, `MEDIA_URL`.
    #[default]
    Media,
    /// What `collectstatic` makes: `STATIC_ROOT`, `STATIC_URL`.
    Static,
}

/// What an option takes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// Any text.
    Text,
    /// A text that is never shown.
    Secret,
    /// A path; where it is relative, the settings say to what.
    Path,
    /// An `http` or `https` URL without user name and password.
    HttpUrl,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A boolean; in a URL also `0`, `1`.
    Flag,
    /// A whole number in this range, both ends included.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A time in whole seconds in this range, both ends included.
    Seconds {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// The mode of a file or folder: an integer such as `0o644` in TOML, `0644` in a URL; `none`
    /// leaves it to the system.
    Mode,
    /// Texts; in a URL separated by commas.
    List,
    /// Texts, numbers and booleans by key; only in OPTIONS and settings, not in a URL.
    Table,
    /// Tables in order, as `[[…]]` writes them; only in OPTIONS and settings, not in a URL.
    Tables,
    /// Another storage: an alias of `STORAGES`, or a storage string. That may hold a secret, so it is
    /// never shown whole.
    Storage,
}

impl OptionKind {
    /// Reads a value that has a type already, as OPTIONS and settings files give it.
    ///
    /// # Errors
    /// A sentence that says what was expected, without the value where it may be a secret.
    pub fn read(self, value: Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Flag, value @ Value::Flag(_)) | (Self::Table, value @ Value::Table(_)) => {
                Ok(value)
            }
            (Self::Integer { min, max } | Self::Seconds { min, max }, Value::Integer(number)) => {
                in_range(number, min, max)
            }
            (Self::Mode, Value::Integer(number)) => {
                in_range(number, 0, 0o7777).map_err(|_| mode_problem())
            }
            (Self::Mode, Value::Text(text)) => read_mode(&text),
            (Self::List, Value::List(values)) => {
                self.read_each(values, |value| value.as_text().is_some())
            }
            (Self::Tables, Value::List(values)) => {
                self.read_each(values, |value| matches!(value, Value::Table(_)))
            }
            (
                Self::Text
                | Self::Secret
                | Self::Path
                | Self::HttpUrl
                | Self::Choice(_)
                | Self::Storage,
                Value::Text(text),
            ) => self.read_text(&text),
            // A word may be a number, such as a version, which TOML then needs no quotes for.
            (Self::Choice(_), Value::Integer(number)) => self.read_text(&number.to_string()),
            (Self::Secret, value @ Value::Secret(_)) => Ok(value),
            (_, value) => Err(format!(
                "expected {}, found {}",
                self.expected(),
                value.kind()
            )),
        }
    }

    /// Reads a value out of a text, as a URL's query gives it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_text(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text | Self::Path | Self::Storage => Ok(text.into()),
            Self::Secret => Ok(Value::Secret(Secret::new(text))),
            Self::HttpUrl => read_http_url(text),
            Self::Choice(words) => read_choice(text, words),
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "1" | "true" => Ok(Value::Flag(true)),
                "0" | "false" => Ok(Value::Flag(false)),
                _ => Err(format!("expected true or false, found {text:?}")),
            },
            Self::Integer { min, max } | Self::Seconds { min, max } => {
                let number = text
                    .parse()
                    .map_err(|_| format!("expected a whole number, found {text:?}"))?;
                in_range(number, min, max)
            }
            Self::Mode => read_mode(text),
            Self::List => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                Ok(Value::List(items.map(Value::from).collect()))
            }
            Self::Table | Self::Tables => Err(format!(
                "it takes {}, which only OPTIONS can give",
                self.expected()
            )),
        }
    }

    fn read_each(self, values: Vec<Value>, fits: fn(&Value) -> bool) -> Result<Value, String> {
        match values.iter().find(|value| !fits(value)) {
            Some(other) => Err(format!(
                "expected {}, found {} in it",
                self.expected(),
                other.kind()
            )),
            None => Ok(Value::List(values)),
        }
    }

    /// Returns what is expected, with its article, for messages and tables.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "a string",
            Self::Path => "a path",
            Self::HttpUrl => "an http or https URL",
            Self::Choice(_) => "one of a few words",
            Self::Flag => "a boolean",
            Self::Integer { .. } => "an integer",
            Self::Seconds { .. } => "a number of seconds",
            Self::Mode => "a file mode such as 0o644",
            Self::List => "an array of strings",
            Self::Table => "a table",
            Self::Tables => "an array of tables",
            Self::Storage => "an alias of STORAGES or a storage string",
        }
    }
}

/// Finds the row of a driver's table that `name` means.
///
/// # Errors
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) with the nearest name there is.
pub fn find<'t>(table: &'t [OptionRow], name: &str) -> Result<&'t OptionRow> {
    table.iter().find(|row| row.is_called(name)).ok_or_else(|| {
        let known = table
            .iter()
            .flat_map(|row| row.other_names.iter().copied().chain([row.name]));
        let error = Error::configuration(format!("unknown option {name:?}"));
        match nearest(name, known) {
            Some(nearest) => error.with_advice(format!("did you mean {nearest:?}?")),
            None => {
                let names: Vec<&str> = table.iter().map(|row| row.name).collect();
                error.with_advice(format!("the options are {}", names.join(", ")))
            }
        }
    })
}

/// Returns the name of `known` that `name` may be a typo of, if one is near enough.
///
/// ```
/// use storehouse_storage::nearest;
///
/// assert_eq!(nearest("querystring_expires", ["bucket_name", "querystring_expire"]), Some("querystring_expire"));
/// assert_eq!(nearest("colour", ["bucket_name", "querystring_expire"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let letters = name.chars().count();
    // One slip in three letters is a typo, and three in all. More is another word, and so is a word of
    // which nothing is left.
    let most = (letters / 3).clamp(1, 3).min(letters.saturating_sub(1));
    known
        .into_iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&lower, &known.to_lowercase()),
                known,
            )
        })
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, known)| known)
}

fn in_range(number: i64, min: i64, max: i64) -> Result<Value, String> {
    if (min..=max).contains(&number) {
        return Ok(Value::Integer(number));
    }
    Err(match max {
        i64::MAX => format!("{number} is out of range: at least {min}"),
        _ => format!("{number} is out of range: {min} to {max}"),
    })
}

fn read_mode(text: &str) -> Result<Value, String> {
    // Python's `None`, which TOML and URLs do not have: `Options::mode` then gives none.
    if text.eq_ignore_ascii_case("none") {
        return Ok("none".into());
    }
    let digits = text.strip_prefix("0o").unwrap_or(text);
    match i64::from_str_radix(digits, 8) {
        Ok(mode @ 0..=0o7777) => Ok(Value::Integer(mode)),
        _ => Err(format!("{}, found {text:?}", mode_problem())),
    }
}

fn mode_problem() -> String {
    "expected a file mode in octal, such as 0o644".to_owned()
}

fn read_choice(text: &str, words: &'static [&'static str]) -> Result<Value, String> {
    if words.contains(&text) {
        return Ok(text.into());
    }
    Err(match nearest(text, words.iter().copied()) {
        Some(word) => format!("{text:?} is not known; did you mean {word:?}?"),
        None => format!("{text:?} is not one of {}", words.join(", ")),
    })
}

/// Looks at the outside only; whoever uses the URL parses it. It is not shown: it may hold a password.
fn read_http_url(text: &str) -> Result<Value, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.starts_with('/')) else {
        return Err(
            "expected a URL that starts with http:// or https://, such as http://127.0.0.1:9000"
                .to_owned(),
        );
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(
            "it has a user name or password (***); credentials have options of their own"
                .to_owned(),
        );
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: OptionKind = OptionKind::Seconds {
        min: 1,
        max: 604_800,
    };

    #[test]
    fn a_text_is_read_as_the_option_asks() {
        let list = Value::List(vec!["a".into(), "b".into()]);
        for (case, kind, text, expected) in [
            ("flag", OptionKind::Flag, "1", Value::Flag(true)),
            (
                "flag in words",
                OptionKind::Flag,
                "False",
                Value::Flag(false),
            ),
            ("seconds", WEEK, "3600", Value::Integer(3600)),
            ("mode", OptionKind::Mode, "0644", Value::Integer(0o644)),
            (
                "mode, Rust's form",
                OptionKind::Mode,
                "0o644",
                Value::Integer(0o644),
            ),
            ("no mode", OptionKind::Mode, "None", "none".into()),
            ("list", OptionKind::List, "a, b,", list),
        ] {
            assert_eq!(kind.read_text(text), Ok(expected), "{case}");
        }
    }

    #[test]
    fn a_text_that_an_option_cannot_take_is_refused_with_the_reason() {
        let acl = OptionKind::Choice(&["public-read"]);
        for (case, kind, text, reason) in [
            ("no flag", OptionKind::Flag, "maybe", "true or false"),
            ("negative", WEEK, "-1", "out of range"),
            ("too long", WEEK, "99999999", "out of range"),
            ("letters", WEEK, "abc", "expected a whole number"),
            ("no mode", OptionKind::Mode, "rw-r--r--", "in octal"),
            ("near a choice", acl, "publc-read", "did you mean"),
            (
                "no scheme",
                OptionKind::HttpUrl,
                "localhost:9000",
                "http://",
            ),
            (
                "password",
                OptionKind::HttpUrl,
                "http://u:SECRET@h",
                "(***)",
            ),
        ] {
            let problem = kind.read_text(text).unwrap_err();

            assert!(problem.contains(reason), "{case}: {problem}");
            assert!(!problem.contains("SECRET"), "{case}: {problem}");
        }
    }

    #[test]
    fn a_word_that_is_a_number_needs_no_quotes() {
        let kind = OptionKind::Choice(&["auto", "1", "2"]);

        assert_eq!(kind.read(Value::Integer(1)), Ok("1".into()));
        assert_eq!(
            kind.read(Value::Integer(3)),
            Err("\"3\" is not one of auto, 1, 2".to_owned())
        );
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_both_types() {
        let kind = OptionKind::Integer { min: 0, max: 9 };

        assert_eq!(
            kind.read("5".into()),
            Err("expected an integer, found a string".to_owned())
        );
        assert_eq!(kind.read(Value::Integer(5)), Ok(Value::Integer(5)));
        let mixed = Value::List(vec![
            Value::Table(std::collections::BTreeMap::new()),
            "x".into(),
        ]);
        assert_eq!(
            OptionKind::Tables.read(mixed),
            Err("expected an array of tables, found a string in it".to_owned())
        );
    }
}
