//! A form that was taken: its fields and its files. The files belong to the form: what is not kept of them
//! is deleted when it is dropped.

use futures::future::join_all;
use serde::de::DeserializeOwned;
use storehouse_storage::{Error, Name};

use super::{error::UploadError, record::FileRecord, texts, unkept::Unkept};

/// A form that was taken. Its files are in the storage, and stay there if they are kept.
///
/// A handler that finds the form wrong just returns: all files are deleted when the form is dropped. Of a
/// form that is right it keeps the files that it knows, and stores their records; what else a client has
/// sent goes with the form. See [`FormFile`].
///
/// ```
/// use storehouse::media::{FileRecord, Form};
///
/// # #[derive(Debug)] struct DatabaseError;
/// # async fn insert(_: &str, _: &FileRecord) -> Result<(), DatabaseError> { Ok(()) }
/// async fn add_photo(mut form: Form) -> Result<&'static str, DatabaseError> {
///     let Some(photo) = form.take_file("photo") else {
///         return Ok("choose a photo");
///     };
///     insert(form.field("title").unwrap_or_default(), photo.record()).await?;
///     photo.keep();
///     Ok("thank you")
/// }
/// ```
#[non_exhaustive]
#[derive(Debug, Default)]
pub struct Form {
    /// The fields that are no files, with their values, as they came.
    pub fields: Vec<(String, String)>,
    /// The files, as they came. An input without a file is not among them.
    pub files: Vec<FormFile>,
}

/// A file of a form. Dropped without [`keep`](Self::keep), it is deleted from its storage.
///
/// The delete runs in the background, on the tokio runtime that received the form. Only what this form
/// has saved is deleted: a file that somebody else has put under the name since stays
/// ([`Storage::take_back`](crate::storage::Storage::take_back)), and so does one that took the place of a
/// file that was there before, where saves may replace. A delete that fails is a warning in the log and is
/// tried again for an hour, after 100 milliseconds first and every minute in the end. What cannot be
/// deleted by then, or when the runtime ends, is an error in the log, with storage, name and cause.
/// [`Upload::settle`](super::Upload::settle) waits for deletes that are under way.
///
/// Between the record in a database and `keep` there is no `await` to be dropped at, if one follows the
/// other. Where the database is told first, a request that is given up meanwhile may leave a record without
/// a file; where the file is kept first, a file without a record. A task of its own, as in
/// `examples/gallery`, leaves neither.
#[derive(Debug)]
#[must_use = "a file that is dropped is deleted; `keep` lets it stay"]
pub struct FormFile {
    field: String,
    record: FileRecord,
    object: Unkept,
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

    /// Reads all fields that are no files into a type of the application's, by serde.
    ///
    /// A number or a boolean is read from its text, blanks around it left out; `on`, `1` and `true` are
    /// true, and `off`, `0`, `false` and an empty text are false. A number has to be finite. An `Option` leaves
    /// empty texts out, since an input that nothing was typed into sends one: it is `None` where the field is
    /// missing or has no other text. A `Vec` gets all values of a name; anything else the last one. A field
    /// that may be missing and is no `Option`, such as a checkbox or a `Vec`, wants `#[serde(default)]`.
    /// `flatten` and untagged enums see texts only.
    ///
    /// ```
    /// # let mut form = storehouse::media::Form::default();
    /// # for (name, value) in [("title", "My cat"), ("year", ""), ("tag", "a"), ("tag", "b")] {
    /// #     form.fields.push((name.to_owned(), value.to_owned()));
    /// # }
    /// #[derive(serde::Deserialize)]
    /// struct Photo {
    ///     title: String,
    ///     year: Option<u16>,
    ///     #[serde(default, rename = "tag")]
    ///     tags: Vec<String>,
    /// }
    ///
    /// let photo: Photo = form.fields_as()?;
    /// assert_eq!(photo.title, "My cat");
    /// assert_eq!(photo.year, None);
    /// assert_eq!(photo.tags, ["a", "b"]);
    /// # Ok::<(), storehouse::media::UploadError>(())
    /// ```
    ///
    /// # Errors
    /// [`UploadError::WrongFields`], which says which field and why.
    pub fn fields_as<T: DeserializeOwned>(&self) -> Result<T, UploadError> {
        texts::read(&self.fields).map_err(|error| UploadError::WrongFields(error.to_string()))
    }

    /// Returns the record of a field's file, the last one if there are several: Django's `FILES[name]`.
    #[must_use]
    pub fn file(&self, field: &str) -> Option<&FileRecord> {
        let mut files = self.files.iter().rev();
        files
            .find(|file| file.field == field)
            .map(|file| &file.record)
    }

    /// Takes the file of a field out of the form, the last one if there are several. The others stay in
    /// the form.
    pub fn take_file(&mut self, field: &str) -> Option<FormFile> {
        let at = self.files.iter().rposition(|file| file.field == field)?;
        Some(self.files.remove(at))
    }

    /// Takes all files of a field out of the form, in their order.
    pub fn take_files(&mut self, field: &str) -> Vec<FormFile> {
        let (taken, others) = std::mem::take(&mut self.files)
            .into_iter()
            .partition(|file| file.field == field);
        self.files = others;
        taken
    }

    /// Keeps all files, whatever field they came in; returns their records, in their order.
    ///
    /// Without [`Upload::with_field`](super::Upload::with_field) a client decides which files these are.
    pub fn keep(&mut self) -> Vec<FileRecord> {
        let files = std::mem::take(&mut self.files);
        files.into_iter().map(FormFile::keep).collect()
    }

    /// Deletes all files of a form that is not taken, and waits for the first try; returns one that could
    /// not be deleted so far.
    pub(super) async fn discard(self) -> Option<(Name, Error)> {
        let deleted = self.files.into_iter().map(|file| file.object.delete());
        join_all(deleted).await.into_iter().flatten().next()
    }
}

impl FormFile {
    pub(super) fn new(field: String, record: FileRecord, object: Unkept) -> Self {
        Self {
            field,
            record,
            object,
        }
    }

    /// Returns the field it came in.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns where it is and what it is. The record outlives the file, unless that is
    /// [kept](Self::keep).
    #[must_use]
    pub fn record(&self) -> &FileRecord {
        &self.record
    }

    /// Lets the file stay in its storage, and returns its record, for a database.
    pub fn keep(self) -> FileRecord {
        self.object.keep();
        self.record
    }
}
