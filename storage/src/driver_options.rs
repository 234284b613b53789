//! The options a storage is opened with, checked against its driver's table. Where they come from,
//! and which there are, is not decided here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    secret::Secret,
    table::{OptionRow, find},
    value::Value,
};

/// The options a storage is opened with: every row of the table that was given or has a default.
///
/// ```
/// use storehouse_storage::{OptionKind, OptionRow, Options, Value};
///
/// const TABLE: &[OptionRow] = &[
///     OptionRow::new("location", OptionKind::Path, "The folder."),
///     OptionRow { default: "false", ..OptionRow::new("durable", OptionKind::Flag, "Syncs to disk.") },
/// ];
///
/// let options = Options::new(TABLE, [("location", Value::from("/srv/media"))])?;
/// assert_eq!(options.text("location"), Some("/srv/media"));
/// assert!(!options.flag("durable"));
///
/// let error = Options::new(TABLE, [("locatoin", Value::from("/srv"))]).unwrap_err();
/// assert_eq!(error.to_string(), r#"unknown option "locatoin"; did you mean "location"?"#);
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    values: BTreeMap<&'static str, Value>,
}

impl Options {
    /// Checks `given` against `table` and adds the defaults.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for a name that is not in the
    /// table (with the nearest that is), a name given twice, and a value of the wrong kind.
    pub fn new<'a>(
        table: &'static [OptionRow],
        given: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Self> {
        let mut values = BTreeMap::new();
        for (name, value) in given {
            let row = find(table, name)?;
            let value = row
                .kind
                .read(value)
                .map_err(|problem| wrong(name, &problem))?;
            if values.insert(row.name, value).is_some() {
                return Err(Error::configuration(format!(
                    "option {:?} is given twice",
                    row.name
                )));
            }
        }
        for row in table.iter().filter(|row| !row.default.is_empty()) {
            if !values.contains_key(row.name) {
                let value = row
                    .kind
                    .read_text(row.default)
                    .map_err(|problem| wrong(row.name, &problem))?;
                values.insert(row.name, value);
            }
        }
        Ok(Self { values })
    }

    /// Returns the value of option `name`, given or by default.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Returns a text that is not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text().filter(|text| !text.is_empty())
    }

    /// Returns a secret that is not empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        match self.get(name)? {
            Value::Secret(secret) if !secret.expose().is_empty() => Some(secret),
            _ => None,
        }
    }

    /// Returns a path that is not empty.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(|text| Path::new(text).to_owned())
    }

    /// Returns whether a flag is set; false where it is neither given nor has a default.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_flag).unwrap_or_default()
    }

    /// Returns a whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_integer()
    }

    /// Returns a time.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Duration> {
        let seconds = u64::try_from(self.integer(name)?).ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// Returns the mode of a file or folder; none where it is left to the system.
    #[must_use]
    pub fn mode(&self, name: &str) -> Option<u32> {
        u32::try_from(self.integer(name)?).ok()
    }

    /// Returns the texts of a list; none where it was not given.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::List(values)) => values.iter().filter_map(Value::as_text).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the tables of a list; none where it was not given.
    #[must_use]
    pub fn tables(&self, name: &str) -> Vec<&BTreeMap<String, Value>> {
        let Some(Value::List(values)) = self.get(name) else {
            return Vec::new();
        };
        let tables = values.iter().filter_map(|value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        });
        tables.collect()
    }

    /// Returns a table.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&BTreeMap<String, Value>> {
        match self.get(name)? {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

fn wrong(name: &str, problem: &str) -> Error {
    Error::configuration(format!("option {name:?}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::OptionKind;

    #[test]
    fn an_option_given_under_two_of_its_names_is_refused() {
        const TABLE: &[OptionRow] = &[OptionRow {
            other_names: &["file_overwrite"],
            ..OptionRow::new("allow_overwrite", OptionKind::Flag, "Replaces.")
        }];
        let given = [
            ("allow_overwrite", Value::Flag(true)),
            ("file_overwrite", Value::Flag(true)),
        ];

        let error = Options::new(TABLE, given).unwrap_err();

        assert_eq!(
            error.to_string(),
            r#"option "allow_overwrite" is given twice"#
        );
    }
}
