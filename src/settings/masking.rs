//! Values as they may be shown: without secrets. When in doubt, a part is not shown.

use storehouse_storage::{OptionKind, Secret, Value};

use super::table::{SettingKind, Shows, Table};

/// Parts of a key that say that its value is none to show: Django's list
/// (`django/views/debug.py`, `hidden_settings`, version 6.1).
const HIDDEN: [&str; 7] = ["API", "AUTH", "TOKEN", "KEY", "SECRET", "PASS", "SIGNATURE"];

/// Stands for what is not shown.
const MASK: &str = "***";

/// Returns the text, in TOML, that shows the value of a setting.
pub(super) fn shown(kind: SettingKind, value: &Value) -> String {
    match (kind, value) {
        (SettingKind::Option(OptionKind::Mode), Value::Integer(mode)) => format!("0o{mode:o}"),
        (_, value) => masked(value).to_string(),
    }
}

/// Returns a value of which nothing in it is a secret: in tables by the keys, in URLs by the place.
pub(super) fn masked(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(without_user(text)),
        Value::List(values) => Value::List(values.iter().map(masked).collect()),
        Value::Table(table) => {
            let entries = table.iter().map(|(key, value)| {
                let upper = key.to_uppercase();
                let value = match value {
                    Value::Text(_) if HIDDEN.iter().any(|part| upper.contains(part)) => {
                        Value::Secret(Secret::new(MASK))
                    }
                    value => masked(value),
                };
                (key.clone(), value)
            });
            Value::Table(entries.collect())
        }
        other => other.clone(),
    }
}

/// Returns a storage string without what may be a secret in it.
pub(super) fn masked_storage(text: &str, table: &Table) -> String {
    let (text, fragment) = match text.split_once('#') {
        Some((text, _)) => (text, "#***"),
        None => (text, ""),
    };
    let (address, query) = match text.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (text, None),
    };
    let mut shown = without_user(address);
    if let Some(query) = query {
        let pairs: Vec<_> = query
            .split('&')
            .map(|pair| masked_pair(pair, table))
            .collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown.push_str(fragment);
    shown
}

/// A key that nobody knows may be the rest of a secret with a `&` in it.
fn masked_pair(pair: &str, table: &Table) -> String {
    match pair.split_once('=') {
        Some((key, value)) if table.shows(key) == Shows::Value => {
            format!("{key}={}", without_user(value))
        }
        // One with a query of its own may hold a secret that is no key of this query.
        Some((key, value))
            if table.shows(key) == Shows::Storage && !value.contains(['%', '?', '@']) =>
        {
            format!("{key}={value}")
        }
        Some((key, _)) if table.knows(key) => format!("{key}={MASK}"),
        _ => MASK.to_owned(),
    }
}

/// Takes out user name and password of a URL. A slash in the password does not end it here.
fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return without_password(text);
    };
    match rest.rsplit_once('@') {
        Some((user, host)) if !user.starts_with('/') => format!("{scheme}://{MASK}@{host}"),
        _ => text.to_owned(),
    }
}

/// A host with a user and a password before it, as in a URL whose scheme is another setting's.
fn without_password(text: &str) -> String {
    let authority = text.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => format!("{MASK}{}", &text[user.len()..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::fake;

    #[test]
    fn a_storage_string_is_shown_without_what_may_be_a_secret() {
        let table = Table::new(&fake::registry());
        for (case, text, shown) in [
            ("nothing to hide", "fake:a?location=b", "fake:a?location=b"),
            (
                "secret",
                "fake:a?password=S&location=b",
                "fake:a?password=***&location=b",
            ),
            (
                "rest of a secret",
                "fake:a?password=S&S=1",
                "fake:a?password=***&***",
            ),
            ("user", "fake://u:S@host/x", "fake://***@host/x"),
            (
                "slash in the password",
                "fake://u:S/S@host/x",
                "fake://***@host/x",
            ),
            (
                "sign in a path",
                "file:///srv/me@home",
                "file:///srv/me@home",
            ),
            ("fragment", "fake:a#S", "fake:a#***"),
            (
                "option of static files",
                "manifest+fake:a?manifest_strict=false&password=S",
                "manifest+fake:a?manifest_strict=false&password=***",
            ),
            (
                "another storage",
                "manifest+fake:a?manifest_storage=fake:b",
                "manifest+fake:a?manifest_storage=fake:b",
            ),
            (
                "another storage with a query",
                "manifest+fake:a?manifest_storage=fake:b%3Fpassword%3DS",
                "manifest+fake:a?manifest_storage=***",
            ),
            (
                "user in a value",
                "fake:a?endpoint=http://u:S@h",
                "fake:a?endpoint=http://***@h",
            ),
        ] {
            assert_eq!(masked_storage(text, &table), shown, "{case}");
        }
    }

    #[test]
    fn a_table_is_shown_without_values_of_keys_that_sound_secret() {
        let table = Value::Table(
            [("SSECustomerKey", "S"), ("CacheControl", "no-store")]
                .map(|(key, value)| (key.to_owned(), value.into()))
                .into(),
        );

        let shown = masked(&table).to_string();

        assert_eq!(
            shown,
            r#"{ CacheControl = "no-store", SSECustomerKey = "***" }"#
        );
    }

    #[test]
    fn a_password_before_a_host_is_not_shown() {
        for (text, shown) in [
            ("user:S@cdn.example/a@b", "***@cdn.example/a@b"),
            ("https://user:S@cdn.example/", "https://***@cdn.example/"),
            ("me@site.example", "me@site.example"),
            ("cdn.example:8000/a:b@c", "cdn.example:8000/a:b@c"),
        ] {
            assert_eq!(without_user(text), shown);
        }
    }
}
