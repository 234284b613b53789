//! The fields that an application asks for: which are files and which are texts, and how much each may be.
//! That a form has them, and nothing else, is looked at in [`super::arrivals`].

use std::{collections::BTreeMap, sync::Arc};

/// A field of a form, for [`Upload::with_field`](super::Upload::with_field).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// An `<input type=file>`.
    File(FileField),
    /// Any other input.
    Text(TextField),
}

/// A field of files: by default one file of any type, and none will do.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileField {
    /// Types of which a file has to be, by its bytes, such as `image/png` or `video/*`. By default any.
    pub types: Option<Vec<String>>,
    /// How many bytes a file may have. By default as many as the
    /// [limits](super::UploadLimits::max_file_bytes) say.
    pub max_bytes: Option<u64>,
    /// How many files the field may have. 1 by default.
    pub max_count: u64,
    /// Whether the field has to have a file.
    pub is_required: bool,
}

/// A field of texts: by default one, and none will do.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextField {
    /// How many bytes a text may have, as it comes. By default as many as all texts together
    /// ([`max_data_bytes`](super::UploadLimits::max_data_bytes)).
    pub max_bytes: Option<u64>,
    /// How many texts the field may have. 1 by default.
    pub max_count: u64,
    /// Whether the field has to have a text that is more than blanks.
    pub is_required: bool,
}

impl Field {
    /// Makes a field of one file.
    #[must_use]
    pub fn file() -> FileField {
        FileField::default()
    }

    /// Makes a field of one text.
    #[must_use]
    pub fn text() -> TextField {
        TextField::default()
    }

    pub(super) fn max_count(&self) -> u64 {
        match self {
            Self::File(field) => field.max_count,
            Self::Text(field) => field.max_count,
        }
    }

    pub(super) fn is_required(&self) -> bool {
        match self {
            Self::File(field) => field.is_required,
            Self::Text(field) => field.is_required,
        }
    }
}

impl Default for FileField {
    fn default() -> Self {
        Self {
            types: None,
            max_bytes: None,
            max_count: 1,
            is_required: false,
        }
    }
}

impl FileField {
    /// Takes only files whose bytes are of one of these types; see
    /// [`Upload::with_allowed_types`](super::Upload::with_allowed_types).
    #[must_use]
    pub fn with_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// Limits the bytes of a file.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Sets how many files the field may have, for an input with `multiple`.
    #[must_use]
    pub fn with_max_count(mut self, files: u64) -> Self {
        self.max_count = files;
        self
    }

    /// Refuses forms without a file in this field.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

impl Default for TextField {
    fn default() -> Self {
        Self {
            max_bytes: None,
            max_count: 1,
            is_required: false,
        }
    }
}

impl TextField {
    /// Limits the bytes of a text.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Sets how many texts the field may have, for checkboxes of one name and `<select multiple>`.
    #[must_use]
    pub fn with_max_count(mut self, texts: u64) -> Self {
        self.max_count = texts;
        self
    }

    /// Refuses forms without a text in this field that is more than blanks.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

impl From<FileField> for Field {
    fn from(field: FileField) -> Self {
        Self::File(field)
    }
}

impl From<TextField> for Field {
    fn from(field: TextField) -> Self {
        Self::Text(field)
    }
}

/// All declared fields, by name. Without any, every field is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Arc<BTreeMap<String, Field>>);

impl Fields {
    pub(super) fn declare(&mut self, name: String, field: Field) {
        Arc::make_mut(&mut self.0).insert(name, field);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.0.get(name)
    }

    pub(super) fn file(&self, name: &str) -> Option<&FileField> {
        match self.get(name) {
            Some(Field::File(field)) => Some(field),
            _ => None,
        }
    }

    /// The names of those that a form has to have.
    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        let required = self.0.iter().filter(|(_, field)| field.is_required());
        required.map(|(name, _)| name.as_str())
    }
}
