//! What uploads an application takes and where they go. How a form is read and saved is in
//! [`super::receive`].

use std::{fmt, sync::Arc};

use storehouse_storage::{Result, SaveOptions, Storage};
use tokio::sync::Semaphore;

use super::{
    field::{Field, Fields},
    limits::UploadLimits,
    rest,
    unkept::Cleanup,
    upload_to::UploadTo,
    validator::Validator,
};
use crate::storages::{DEFAULT, Storages};

/// Takes the uploads of a form into a storage.
///
/// It is made once and cloned for each request, which is cheap; a clone can be changed, for example to
/// another [`with_upload_to`](Self::with_upload_to) for each tenant.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use http::{HeaderMap, header::CONTENT_TYPE};
/// use storehouse::{media::{Upload, UploadLimits, UploadTo}, storage::Storage};
///
/// # let storage: Arc<dyn Storage> = Arc::new(storehouse_memory::MemoryStorage::new());
/// let photos = Upload::new(storage)
///     .with_upload_to(UploadTo::pattern("photos/%Y/{random}")?)
///     .with_allowed_types(["image/jpeg", "image/png", "image/webp"])
///     .with_limits(UploadLimits::default().with_max_file_bytes(20_000_000));
///
/// // The header fields and the body of a request, as any framework has them.
/// let headers = HeaderMap::from_iter([(
///     CONTENT_TYPE,
///     "multipart/form-data; boundary=b".parse().expect("a header"),
/// )]);
/// let body = "--b\r\nContent-Disposition: form-data; name=title\r\n\r\nMy cat\r\n--b--\r\n";
/// let body = futures::stream::iter([Ok::<_, std::io::Error>(body.into())]);
///
/// let form = photos.receive(&headers, body).await.expect("a form");
/// assert_eq!(form.field("title"), Some("My cat"));
/// # Ok::<(), storehouse::storage::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Upload {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) alias: String,
    pub(super) upload_to: UploadTo,
    pub(super) limits: UploadLimits,
    pub(super) extensions: Option<Vec<String>>,
    pub(super) types: Option<Vec<String>>,
    pub(super) validators: Vec<Arc<dyn Validator>>,
    pub(super) save_options: SaveOptions,
    pub(super) turns: Option<Arc<Semaphore>>,
    /// For what is still to come of forms that were not taken.
    pub(super) rests: Arc<Semaphore>,
    pub(super) fields: Fields,
    /// Deletes the files that nobody keeps.
    pub(super) cleanup: Cleanup,
}

impl Upload {
    /// Takes any file into `storage`, directly under its own name, within Django's limits.
    ///
    /// Records say that the storage is `default`; see [`with_alias`](Self::with_alias).
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self {
            cleanup: Cleanup::new(&storage),
            storage,
            alias: DEFAULT.to_owned(),
            upload_to: UploadTo::default(),
            limits: UploadLimits::default(),
            extensions: None,
            types: None,
            validators: Vec::new(),
            save_options: SaveOptions::default(),
            turns: None,
            rests: Arc::new(Semaphore::new(rest::PLACES)),
            fields: Fields::default(),
        }
    }

    /// Takes any file into the storage `alias`, within the limits of the settings.
    ///
    /// # Errors
    /// As [`Storages::get`].
    pub fn to(storages: &Storages, alias: &str) -> Result<Self> {
        let limits = UploadLimits::from_settings(storages.settings());
        let upload = Self::new(storages.get(alias)?).with_alias(alias);
        Ok(upload.with_limits(limits))
    }

    /// Sets under which alias the records find the storage again.
    #[must_use]
    pub fn with_alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = alias.into();
        self
    }

    /// Sets where files go in the storage.
    ///
    /// With `{hash}` in it, files wait until the form is whole, and are saved then.
    #[must_use]
    pub fn with_upload_to(mut self, upload_to: UploadTo) -> Self {
        self.upload_to = upload_to;
        self
    }

    /// Sets how much a request may bring.
    #[must_use]
    pub fn with_limits(mut self, limits: UploadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes only files with one of these extensions, written without a dot.
    #[must_use]
    pub fn with_allowed_extensions<T: Into<String>>(
        mut self,
        extensions: impl IntoIterator<Item = T>,
    ) -> Self {
        let extensions = extensions.into_iter().map(Into::into);
        self.extensions = Some(extensions.map(|text| text.to_ascii_lowercase()).collect());
        self
    }

    /// Takes only files whose bytes are of one of these types, such as `image/png` or `video/*`.
    ///
    /// `image/*` does not mean SVG, which can hold scripts: name `image/svg+xml` to take it.
    #[must_use]
    pub fn with_allowed_types<T: Into<String>>(
        mut self,
        types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// Says what a field of the form is. With one field declared, all have to be.
    ///
    /// A part whose field is not declared, or is of the other kind, is refused before anything of it is
    /// read ([`UnexpectedField`](super::UploadError::UnexpectedField)); so is one more value than the field
    /// may have ([`TooLarge`](super::UploadError::TooLarge)). That holds for every field that a page sends:
    /// a token against forged requests, such as Django's `csrfmiddlewaretoken`, and a button with a name
    /// are texts to declare. Files also have to pass what [`with_allowed_types`](Self::with_allowed_types)
    /// and the limits ask of all files.
    ///
    /// Without any declared field a client may send files under any names, and all are saved. What the
    /// handler does not keep is deleted afterwards; but an application knows its fields, and should
    /// declare them.
    ///
    /// ```
    /// # use storehouse::media::{Field, Upload};
    /// # fn declared(upload: Upload) -> Upload {
    /// upload
    ///     .with_field("avatar", Field::file().with_types(["image/*"]).with_max_bytes(2_000_000).required())
    ///     .with_field("name", Field::text().with_max_bytes(200).required())
    ///     .with_field("csrfmiddlewaretoken", Field::text())
    /// # }
    /// ```
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, field: impl Into<Field>) -> Self {
        self.fields.declare(name.into(), field.into());
        self
    }

    /// Adds a check of each file. With it, files wait until all of the form has been checked, and are
    /// saved then.
    #[must_use]
    pub fn with_validator(mut self, validator: impl Validator) -> Self {
        self.validators.push(Arc::new(validator));
        self
    }

    /// Sets what files are saved with, for example `Cache-Control` or the longest name. The content type
    /// is always the one that was found out.
    #[must_use]
    pub fn with_save_options(mut self, options: SaveOptions) -> Self {
        self.save_options = options;
        self
    }

    /// Answers [`Busy`](super::UploadError::Busy) where more than `requests` are under way, over all
    /// clones. Each may hold a place in the temporary folder and a connection.
    #[must_use]
    pub fn with_max_concurrent(mut self, requests: usize) -> Self {
        self.turns = Some(Arc::new(Semaphore::new(
            requests.min(Semaphore::MAX_PERMITS),
        )));
        self
    }

    /// Waits until what dropped requests left, and the files that nobody kept, are deleted. For the end of
    /// a program, with a time limit of its own: a delete that fails is tried again for an hour. Requests
    /// that are taken meanwhile are waited for too.
    pub async fn settle(&self) {
        self.cleanup.settle().await;
        self.storage.settle().await;
    }

    /// How many bytes a file of this field may have.
    pub(super) fn max_file_bytes(&self, field: &str) -> Option<u64> {
        let of_field = self.fields.file(field).and_then(|field| field.max_bytes);
        self.limits.max_file_bytes.into_iter().chain(of_field).min()
    }

    /// Whether files wait for the end of the form, instead of going into the storage as they arrive.
    pub(super) fn waits(&self) -> bool {
        self.upload_to.needs_content() || !self.validators.is_empty() || self.may_replace()
    }

    /// Whether a save may replace a file that was there. It cannot be undone then, so it comes last.
    pub(super) fn may_replace(&self) -> bool {
        let overwrite = self.save_options.overwrite;
        overwrite.unwrap_or_else(|| self.storage.allow_overwrite())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("storage", &self.storage.describe())
            .field("upload_to", &self.upload_to)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
