//! One of `rules`, from its table. Whether it matches a file is decided elsewhere.
//!
//! | key | takes |
//! |---|---|
//! | `match` | a glob or an array of globs |
//! | `hashed` | `true`: only hashed files, `false`: only the others |
//! | `cache_control`, `content_type`, `content_encoding`, `content_disposition`, `content_language`, `storage_class` | a text; an empty one takes back what was set before |
//! | `metadata` | pairs of the user's own |
//! | `headers` | the same by the names of their headers: `Cache-Control`, `x-amz-meta-…` |

use std::collections::BTreeMap;

use storehouse_storage::{Attributes, Error, Result, Value, nearest};

const KEYS: [&str; 10] = [
    "match",
    "hashed",
    "cache_control",
    "content_type",
    "content_encoding",
    "content_disposition",
    "content_language",
    "storage_class",
    "metadata",
    "headers",
];

/// Headers that are kept with an object, and the keys that mean them.
const HEADERS: [(&str, &str); 8] = [
    ("cache-control", "cache_control"),
    ("content-type", "content_type"),
    ("content-encoding", "content_encoding"),
    ("content-disposition", "content_disposition"),
    ("content-language", "content_language"),
    ("x-amz-storage-class", "storage_class"),
    ("x-goog-storage-class", "storage_class"),
    ("x-ms-access-tier", "storage_class"),
];

/// How the headers of the user's own pairs start, with the services that there are.
const METADATA_HEADERS: [&str; 3] = ["x-amz-meta-", "x-goog-meta-", "x-ms-meta-"];

/// How the keys start that a push keeps something of its own under.
const RESERVED: &str = "storehouse-";

/// One of `rules`.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// `match`: globs, of which one has to match.
    pub patterns: Vec<String>,
    /// `hashed`: only files whose names are hashed, or only the others.
    pub hashed: Option<bool>,
    /// What matching files get. An empty text takes back what was set before.
    pub sets: Attributes,
}

/// Checks that a text can be the value of a header: RFC 9110, section 5.5, without what is obsolete.
pub(super) fn header_value(text: &str) -> Result<String, String> {
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(format!(
            "{text:?} has a character that a header cannot hold: only printable ASCII can be sent"
        ));
    }
    Ok(text.trim().to_owned())
}

/// Reads rule `number`, counted from 1.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration), saying which rule and
/// which key.
pub(super) fn read_rule(number: usize, table: &BTreeMap<String, Value>) -> Result<Rule> {
    let shown = match table.get("match") {
        Some(pattern @ Value::Text(_)) => format!("rule {number} ({pattern})"),
        _ => format!("rule {number}"),
    };
    read(table).map_err(|problem| {
        let Problem { what, advice } = problem;
        let error = Error::configuration(format!("option \"rules\": {shown}: {what}"));
        match advice {
            Some(advice) => error.with_advice(advice),
            None => error,
        }
    })
}

/// What is wrong with a rule.
struct Problem {
    what: String,
    advice: Option<String>,
}

impl Problem {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            advice: None,
        }
    }

    fn with_advice(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }
}

fn read(table: &BTreeMap<String, Value>) -> Result<Rule, Problem> {
    let mut rule = Rule::default();
    for (key, value) in table {
        match (key.as_str(), value) {
            ("match", _) => rule.patterns = read_match(value)?,
            ("hashed", Value::Flag(flag)) => rule.hashed = Some(*flag),
            ("hashed", _) => return Err(expected(key, "a boolean", value)),
            ("metadata", Value::Table(pairs)) => {
                for (key, value) in pairs {
                    set_metadata(&mut rule.sets, key, &plain(key, value)?)?;
                }
            }
            ("headers", Value::Table(headers)) => {
                for (name, value) in headers {
                    set_header(&mut rule.sets, name, &plain(name, value)?)?;
                }
            }
            ("metadata" | "headers", _) => return Err(expected(key, "a table", value)),
            _ if !KEYS.contains(&key.as_str()) => return Err(unknown_key(key)),
            _ => set(&mut rule.sets, key, &plain(key, value)?)?,
        }
    }
    if rule.patterns.is_empty() {
        return Err(Problem::new("it has no match")
            .with_advice("write match = \"*\" for a rule about all files"));
    }
    if rule.sets == Attributes::default() {
        return Err(Problem::new("it sets nothing"));
    }
    Ok(rule)
}

fn read_match(value: &Value) -> Result<Vec<String>, Problem> {
    let patterns: Option<Vec<&str>> = match value {
        Value::Text(text) => Some(vec![text]),
        Value::List(values) => values.iter().map(Value::as_text).collect(),
        _ => None,
    };
    let Some(patterns) = patterns else {
        return Err(expected("match", "a pattern or an array of them", value));
    };
    if patterns.is_empty() || patterns.contains(&"") {
        return Err(Problem::new("its match has an empty pattern"));
    }
    // A name never starts with a slash: a rule that cannot match is a mistake.
    if let Some(pattern) = patterns.iter().find(|pattern| pattern.starts_with('/')) {
        let advice = format!("write {:?}", pattern.trim_start_matches('/'));
        let what = format!("no name starts with a slash, as {pattern:?} does");
        return Err(Problem::new(what).with_advice(advice));
    }
    Ok(patterns.into_iter().map(str::to_owned).collect())
}

fn set_header(sets: &mut Attributes, name: &str, value: &str) -> Result<(), Problem> {
    let lower = name.to_ascii_lowercase();
    if let Some(key) = METADATA_HEADERS
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))
    {
        return set_metadata(sets, key, value);
    }
    let known = HEADERS.iter().find(|(header, _)| *header == lower);
    match known {
        Some((_, key)) => set(sets, key, value),
        None => Err(unknown_header(name, &lower)),
    }
}

fn unknown_header(name: &str, lower: &str) -> Problem {
    let near = nearest(lower, HEADERS.iter().map(|(header, _)| *header));
    let advice = match (lower, near) {
        ("expires", _) => "say max-age in Cache-Control".to_owned(),
        (_, Some(near)) => format!("did you mean {near:?}?"),
        _ => "let the CDN or the web server add it; pairs of your own are headers such as x-amz-meta-team".to_owned(),
    };
    Problem::new(format!("no header {name:?} is kept with a file")).with_advice(advice)
}

fn set_metadata(sets: &mut Attributes, key: &str, value: &str) -> Result<(), Problem> {
    let key = key.to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if key.is_empty() || !key.bytes().all(is_plain) {
        let what = format!("the metadata key {key:?} cannot be part of a header");
        return Err(Problem::new(what).with_advice("take letters, digits, hyphens and underscores"));
    }
    if key.starts_with(RESERVED) {
        let what = format!("metadata keys that start with {RESERVED:?} are taken");
        return Err(Problem::new(what).with_advice("call it something else"));
    }
    match sets.metadata.insert(key.clone(), value.to_owned()) {
        None => Ok(()),
        Some(_) => Err(Problem::new(format!("it gives the metadata {key:?} twice"))),
    }
}

fn set(sets: &mut Attributes, key: &str, value: &str) -> Result<(), Problem> {
    let place = match key {
        "cache_control" => &mut sets.cache_control,
        "content_type" => &mut sets.content_type,
        "content_encoding" => &mut sets.content_encoding,
        "content_disposition" => &mut sets.content_disposition,
        "content_language" => &mut sets.content_language,
        "storage_class" => &mut sets.storage_class,
        _ => return Err(unknown_key(key)),
    };
    let value = header_value(value).map_err(|what| Problem::new(format!("{key}: {what}")))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Problem::new(format!("it gives the {key} twice"))),
    }
}

fn unknown_key(key: &str) -> Problem {
    let advice = match nearest(key, KEYS) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("it takes {}", KEYS.join(", ")),
    };
    Problem::new(format!("there is no key {key:?}")).with_advice(advice)
}

/// Returns a value as the text of a header.
fn plain(key: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Flag(flag) => Ok(flag.to_string()),
        other => Err(expected(key, "a string", other)),
    }
}

fn expected(key: &str, expected: &str, found: &Value) -> Problem {
    Problem::new(format!(
        "{key}: expected {expected}, found {}",
        found.kind()
    ))
}

#[cfg(test)]
mod tests {
    use crate::storages::RuleOptions;

    fn sets(rule: &str) -> storehouse_storage::Attributes {
        let options = RuleOptions::for_tests(&format!("rules = [{{ match = '*', {rule} }}]"));
        options.unwrap().rules.remove(0).sets
    }

    #[test]
    fn a_header_means_what_its_key_means() {
        for (header, key) in [
            ("'Cache-Control' = 'no-store'", "cache_control = 'no-store'"),
            ("'content-type' = 'a/b'", "content_type = 'a/b'"),
            (
                "'x-amz-storage-class' = 'GLACIER'",
                "storage_class = 'GLACIER'",
            ),
            ("'X-Amz-Meta-Team' = 'web'", "metadata = { team = 'web' }"),
        ] {
            assert_eq!(
                sets(&format!("headers = {{ {header} }}")),
                sets(key),
                "{header}"
            );
        }
    }

    #[test]
    fn a_rule_that_cannot_be_taken_says_which_and_why() {
        for (rule, why) in [
            ("cache_control = 'x'", "rule 1: it has no match; write"),
            ("match = '*.js'", "rule 1 (\"*.js\"): it sets nothing"),
            (
                "match = '*.js', cache_contol = 'x'",
                "there is no key \"cache_contol\"; did you mean \"cache_control\"?",
            ),
            (
                "match = '/a.js', cache_control = 'x'",
                "no name starts with a slash, as \"/a.js\" does; write \"a.js\"",
            ),
            ("match = [], cache_control = 'x'", "an empty pattern"),
            (
                "match = 1, cache_control = 'x'",
                "match: expected a pattern",
            ),
            ("match = '*', hashed = 'yes'", "hashed: expected a boolean"),
            (
                "match = '*', content_disposition = 'é'",
                "content_disposition: \"é\" has a character that a header cannot hold",
            ),
            (
                "match = '*', cache_control = \"a\\r\\nX-Evil: 1\"",
                "a character that a header cannot hold",
            ),
            (
                "match = '*', headers = { X-Robots-Tag = 'noindex' }",
                "no header \"X-Robots-Tag\" is kept with a file; let the CDN",
            ),
            (
                "match = '*', headers = { Expires = 'x' }",
                "say max-age in Cache-Control",
            ),
            (
                "match = '*', headers = { Cache-Contro = 'x' }",
                "did you mean \"cache-control\"?",
            ),
            (
                "match = '*', headers = { Cache-Control = 'x' }, cache_control = 'y'",
                "it gives the cache_control twice",
            ),
            (
                "match = '*', metadata = { 'a b' = 'x' }",
                "the metadata key \"a b\" cannot be part of a header",
            ),
            (
                "match = '*', metadata = { storehouse-md5 = 'x' }",
                "metadata keys that start with \"storehouse-\" are taken",
            ),
            (
                "match = '*', cache_control = [1]",
                "expected a string, found an array",
            ),
            ("match = '*', x = [1]", "there is no key \"x\""),
        ] {
            let error = RuleOptions::for_tests(&format!("rules = [{{ {rule} }}]"));

            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("option \"rules\": rule 1"), "{error}");
            assert!(error.contains(why), "{rule}: {error}");
        }
    }
}
