//! The options that say what a static file is stored with: cache-control, content type, rules by
//! pattern, and which names are hashed already. It reads and checks them; what they mean for a file
//! is decided in [`crate::staticfiles::ObjectRules`].
//!
//! ```toml
//! [STORAGES.staticfiles.OPTIONS]
//! cache_control = "public, max-age=300"
//! already_hashed = ["vite/assets/*"]
//!
//! [[STORAGES.staticfiles.OPTIONS.rules]]
//! match = "*.map"
//! cache_control = "no-store"
//! headers = { "x-amz-meta-team" = "web" }
//! ```

use std::collections::BTreeMap;

use regex::Regex;
use storehouse_storage::{Error, Options, Result, Value};

pub use self::rule::Rule;
use self::rule::{header_value, read_rule};
use crate::settings::static_options::OBJECTS;

mod rule;

/// Before a pattern of `already_hashed` that is a regular expression.
pub(crate) const REGEX_PREFIX: &str = "re:";

/// What static files are stored with, as the options say it.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleOptions {
    /// `cache_control`, where it was given; an empty one sends none.
    pub cache_control: Option<String>,
    /// `immutable_cache_control`, where it was given; an empty one sends none.
    pub immutable_cache_control: Option<String>,
    /// `charset`, where it was given; an empty one tells none.
    pub charset: Option<String>,
    /// `rules`, in order.
    pub rules: Vec<Rule>,
    /// `already_hashed`: globs, and regular expressions after `re:`.
    pub already_hashed: Vec<String>,
}

/// An option that cannot be taken, and why.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Which.
    pub(super) option: &'static str,
    pub(super) error: Error,
}

impl RuleOptions {
    /// Checks the options that were given.
    ///
    /// # Errors
    /// The first option that is wrong: a value of the wrong kind, a key or a header that is not
    /// known, a value that no header holds, a pattern that is none.
    pub(super) fn read(given: &BTreeMap<&'static str, Value>) -> Result<Self, Wrong> {
        for (name, value) in given {
            // Each alone, to know which is wrong.
            if let Err(error) = Options::new(OBJECTS, [(*name, value.clone())]) {
                return Err(Wrong {
                    option: name,
                    error,
                });
            }
        }
        let at = |option| move |error| Wrong { option, error };
        let options = Options::new(
            OBJECTS,
            given.iter().map(|(name, value)| (*name, value.clone())),
        )
        .map_err(at("rules"))?;
        let text = |option: &'static str| match given.get(option).and_then(Value::as_text) {
            Some(text) => header_value(text)
                .map(Some)
                .map_err(|problem| at(option)(wrong(option, &problem))),
            None => Ok(None),
        };
        let rules = options.tables("rules").into_iter().enumerate();
        Ok(Self {
            cache_control: text("cache_control")?,
            immutable_cache_control: text("immutable_cache_control")?,
            charset: text("charset")?,
            rules: rules
                .map(|(index, table)| read_rule(index + 1, table))
                .collect::<Result<_>>()
                .map_err(at("rules"))?,
            already_hashed: read_patterns(&options.list("already_hashed"))
                .map_err(at("already_hashed"))?,
        })
    }
}

fn read_patterns(patterns: &[&str]) -> Result<Vec<String>> {
    let checked = patterns.iter().map(|pattern| {
        let regex = pattern.strip_prefix(REGEX_PREFIX);
        if pattern.is_empty() || regex == Some("") {
            let problem = wrong("already_hashed", "a pattern is empty");
            return Err(problem.with_advice("write a glob, or re: and a regular expression"));
        }
        if let Some(regex) = regex {
            Regex::new(regex).map_err(|error| bad_regex(pattern, &error))?;
        }
        Ok((*pattern).to_owned())
    });
    checked.collect()
}

/// Says what is wrong with a regular expression, in the last of the lines that its parser has.
fn bad_regex(pattern: &str, error: &regex::Error) -> Error {
    let told = error.to_string();
    let reason = told.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    wrong(
        "already_hashed",
        &format!("{pattern:?} is no regular expression: {reason}"),
    )
}

fn wrong(option: &str, problem: &str) -> Error {
    Error::configuration(format!("option {option:?}: {problem}"))
}

#[cfg(test)]
impl RuleOptions {
    /// Reads options as a settings file has them.
    pub(crate) fn for_tests(toml: &str) -> Result<Self> {
        fn converted(value: &toml::Value) -> Value {
            match value {
                toml::Value::String(text) => Value::Text(text.clone()),
                toml::Value::Boolean(flag) => Value::Flag(*flag),
                toml::Value::Integer(number) => Value::Integer(*number),
                toml::Value::Array(values) => Value::List(values.iter().map(converted).collect()),
                toml::Value::Table(table) => {
                    let pairs = table.iter();
                    Value::Table(
                        pairs
                            .map(|(key, value)| (key.clone(), converted(value)))
                            .collect(),
                    )
                }
                other => panic!("{other}"),
            }
        }
        let table: toml::Table = toml.parse().unwrap();
        let given = table.iter().map(|(key, value)| {
            let row = OBJECTS.iter().find(|row| row.name == key).unwrap();
            (row.name, converted(value))
        });
        Self::read(&given.collect()).map_err(|wrong| wrong.error)
    }
}
