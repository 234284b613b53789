//! A form that was taken: its fields, and what is kept of its files.

use super::record::FileRecord;

/// A form that was taken. Its files are in the storage.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// The fields that are no files, with their values, as they came.
    pub fields: Vec<(String, String)>,
    /// The files, as they came. An input without a file is not among them.
    pub files: Vec<FormFile>,
}

/// A file of a form.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFile {
    /// The field it came in.
    pub field: String,
    /// What is kept of it.
    pub record: FileRecord,
}

impl Form {
    /// Returns the value of a field, the last one if there are several: Django's `POST[name]`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter().rev();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the file of a field, the last one if there are several: Django's `FILES[name]`.
    #[must_use]
    pub fn file(&self, field: &str) -> Option<&FileRecord> {
        let mut files = self.files.iter().rev();
        files
            .find(|file| file.field == field)
            .map(|file| &file.record)
    }
}
