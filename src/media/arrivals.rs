//! Whether the parts of a form are those that the application asks for, as they arrive. It sees names and
//! sizes; what a file is, [`super::look`] finds out.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::UploadError,
    field::{Field, Fields},
};

const UNKNOWN: &str = "the form has no such field";
const NO_FILE: &str = "it is for a text, and a file came";
const NO_TEXT: &str = "it is for a file, and a text came";

/// What has come of a form so far.
pub(super) struct Arrivals<'a> {
    declared: &'a Fields,
    counts: BTreeMap<String, u64>,
    /// The names of declared fields with a value that is not empty.
    filled: BTreeSet<String>,
}

impl<'a> Arrivals<'a> {
    pub(super) fn new(declared: &'a Fields) -> Self {
        Self {
            declared,
            counts: BTreeMap::new(),
            filled: BTreeSet::new(),
        }
    }

    /// Looks at a file's field before the file is read.
    pub(super) fn file(&mut self, name: &str) -> Result<(), UploadError> {
        self.no_file(name)?;
        self.count(name)?;
        self.fill(name);
        Ok(())
    }

    /// The same for an input of files into which none was put.
    pub(super) fn no_file(&self, name: &str) -> Result<(), UploadError> {
        match self.field(name)? {
            Some(Field::Text(_)) => Err(unexpected(name, NO_FILE)),
            _ => Ok(()),
        }
    }

    /// Looks at a text's field before the text is read; returns how many bytes it may have.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<u64>, UploadError> {
        let max_bytes = match self.field(name)? {
            Some(Field::File(_)) => return Err(unexpected(name, NO_TEXT)),
            Some(Field::Text(field)) => field.max_bytes,
            None => None,
        };
        self.count(name)?;
        Ok(max_bytes)
    }

    /// Notes a text once it is known.
    pub(super) fn text_is(&mut self, name: &str, value: &str) {
        if !value.trim().is_empty() {
            self.fill(name);
        }
    }

    /// Says at the end of the form which field is missing.
    pub(super) fn check_complete(&self) -> Result<(), UploadError> {
        let mut required = self.declared.required();
        match required.find(|name| !self.filled.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(UploadError::MissingField {
                field: name.to_owned(),
            }),
        }
    }

    /// Returns the declared field; `None` where none is declared at all.
    fn field(&self, name: &str) -> Result<Option<&'a Field>, UploadError> {
        match self.declared.get(name) {
            None if !self.declared.is_empty() => Err(unexpected(name, UNKNOWN)),
            field => Ok(field),
        }
    }

    fn count(&mut self, name: &str) -> Result<(), UploadError> {
        let Some(field) = self.declared.get(name) else {
            return Ok(());
        };
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        let max = field.max_count();
        if *count <= max {
            return Ok(());
        }
        let what = match field {
            Field::File(_) => "file",
            Field::Text(_) => "text",
        };
        let plural = if max == 1 { "" } else { "s" };
        Err(UploadError::TooLarge(format!(
            "the field {name:?} takes no more than {max} {what}{plural}"
        )))
    }

    fn fill(&mut self, name: &str) {
        if self.declared.get(name).is_some() {
            self.filled.insert(name.to_owned());
        }
    }
}

fn unexpected(field: &str, why: &'static str) -> UploadError {
    UploadError::UnexpectedField {
        field: field.to_owned(),
        why,
    }
}
