//! What settings say of how files are sent: what an application says with the methods of
//! [`StaticFiles`](super::StaticFiles) and [`MediaFiles`](super::MediaFiles).
//!
//! | setting | method |
//! |---|---|
//! | `WHITENOISE_INDEX_FILE` | `StaticFiles::with_index` |
//! | `WHITENOISE_ALLOW_ALL_ORIGINS` | `StaticFiles::with_all_origins` |
//! | `SERVE_HEADERS` | `with_headers` of both |
//! | `MEDIA_REDIRECT` | `MediaFiles::with_redirects` |

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use storehouse_storage::{Error, Name, Result, Storage, Value};

use crate::{settings::Settings, staticfiles::Pattern, storages::Storages};

const HEADERS: &str = "SERVE_HEADERS";

/// Returns the name of the file that is sent for the folder it is in.
///
/// # Errors
/// A text that is no name of a file.
pub(super) fn index(settings: &Settings) -> Result<Option<Name>> {
    let Some(text) = settings.text("WHITENOISE_INDEX_FILE") else {
        return Ok(None);
    };
    Name::new(text).map(Some).map_err(|error| {
        let problem = format!("WHITENOISE_INDEX_FILE: {}", error.problem());
        Error::configuration(problem).with_advice("write a file's name, such as \"index.html\"")
    })
}

/// Returns whether requests for media are redirected to their storage.
///
/// # Errors
/// The storage has no URLs but those that are served here: a redirect would lead back.
pub(super) fn redirects(settings: &Settings, storage: &dyn Storage) -> Result<bool> {
    let is_set = settings.flag("MEDIA_REDIRECT");
    if is_set && storage.service().is_none() {
        let problem = format!(
            "MEDIA_REDIRECT is set, and {} has no URLs but those that are served here",
            storage.describe()
        );
        let advice = "take it out, or keep media in a bucket";
        return Err(Error::configuration(problem).with_advice(advice));
    }
    Ok(is_set)
}

/// Returns what is wrong with these settings.
pub(crate) fn problems(settings: &Settings, storages: &Storages) -> Vec<Error> {
    // A storage that cannot be opened is told of elsewhere.
    let redirects = storages
        .default()
        .ok()
        .map(|storage| redirects(settings, &*storage));
    let found = [
        index(settings).err(),
        ServeHeaders::of(settings).err(),
        redirects.and_then(Result::err),
    ];
    found.into_iter().flatten().collect()
}

/// The header fields of `SERVE_HEADERS`: of each entry that matches a name, the later over the earlier.
#[derive(Debug, Default)]
pub(super) struct ServeHeaders(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    patterns: Vec<Pattern>,
    fields: Vec<(HeaderName, HeaderValue)>,
}

impl ServeHeaders {
    /// Reads the setting; `None` if it is not set.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) that says which entry is
    /// wrong.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>> {
        let Some(Value::List(entries)) = settings.get(HEADERS) else {
            return Ok(None);
        };
        let entries = entries.iter().enumerate().map(|(index, entry)| {
            entry_of(entry).map_err(|problem| {
                Error::configuration(format!("{HEADERS}: entry {}: {problem}", index + 1))
                    .with_advice("write { match = \"*.html\", headers = { \"X-Frame-Options\" = \"DENY\" } }")
            })
        });
        let entries: Vec<Entry> = entries.collect::<Result<_>>()?;
        Ok((!entries.is_empty()).then_some(Self(entries)))
    }

    /// Sets the fields for the file of a name; one that is empty is taken away.
    pub(super) fn set(&self, name: &Name, headers: &mut HeaderMap) {
        let matching = self.0.iter().filter(|entry| {
            let mut patterns = entry.patterns.iter();
            patterns.any(|pattern| pattern.matches(name.as_str()))
        });
        for (field, value) in matching.flat_map(|entry| &entry.fields) {
            match value.is_empty() {
                true => headers.remove(field),
                false => headers.insert(field, value.clone()),
            };
        }
    }
}

fn entry_of(value: &Value) -> std::result::Result<Entry, String> {
    let Value::Table(table) = value else {
        return Err(format!("expected a table, found {}", value.kind()));
    };
    if let Some(key) = table
        .keys()
        .find(|key| !["match", "headers"].contains(&key.as_str()))
    {
        return Err(format!("there is no key {key:?}"));
    }
    let patterns: Option<Vec<&str>> = match table.get("match") {
        Some(Value::Text(text)) => Some(vec![text.as_str()]),
        Some(Value::List(texts)) => texts.iter().map(Value::as_text).collect(),
        Some(_) => None,
        None => return Err("it has no match".to_owned()),
    };
    let patterns = patterns.filter(|all| !all.is_empty() && !all.contains(&""));
    let Some(patterns) = patterns else {
        return Err("match: expected a glob or an array of globs".to_owned());
    };
    let Some(Value::Table(fields)) = table.get("headers") else {
        return Err("it has no headers".to_owned());
    };
    Ok(Entry {
        patterns: patterns.into_iter().map(Pattern::new).collect(),
        fields: fields_of(fields)?,
    })
}

/// What the service says itself, and would be wrong otherwise, and what is said of a connection.
const OWN: [&str; 18] = [
    "accept-ranges",
    "allow",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "x-content-type-options",
];

fn fields_of(
    fields: &BTreeMap<String, Value>,
) -> std::result::Result<Vec<(HeaderName, HeaderValue)>, String> {
    let fields = fields.iter().map(|(name, value)| {
        let field = HeaderName::try_from(name.as_str())
            .map_err(|_| format!("{name:?} is no name of a header field"))?;
        if OWN.contains(&field.as_str()) {
            return Err(format!(
                "{name} is said by the server itself (the type of a file by rules in OPTIONS)"
            ));
        }
        let text = value
            .as_text()
            .ok_or_else(|| format!("{name}: expected a string, found {}", value.kind()))?;
        let value = HeaderValue::from_str(text)
            .map_err(|_| format!("{name}: the text cannot be the value of a header field"))?;
        Ok((field, value))
    });
    fields.collect()
}
