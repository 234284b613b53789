//! The storage: the contract's methods, each handed to the module that does it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::stream::BoxStream;
use storehouse_storage::{
    Attributes, Capabilities, Content, Entry, Error, ErrorKind, EtagRule, Folder, Name,
    OpenOptions, Reader, Result, SaveOptions, Saved, Storage, Target, UrlOptions,
};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    client::RequestCounts,
    copy, delete,
    headers::SaveDefaults,
    listing::{self, Place},
    pieces, read, upload,
    urls::Urls,
};

/// S3's limit for a key, in bytes of UTF-8.
const MAX_KEY_BYTES: usize = 1024;
/// What services other than Amazon's take between two slashes: they keep objects as files. A longer
/// part is sent all the same, and refused by those that must.
const OTHERS_MAX_PART_BYTES: usize = 255;

/// A bucket, or a folder in it.
pub struct S3Storage {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) location: Option<Name>,
    pub(crate) defaults: SaveDefaults,
    pub(crate) urls: Urls,
    pub(crate) allow_overwrite: bool,
    /// What must be finished even if the future that asked for it was dropped.
    pub(crate) tasks: TaskTracker,
}

impl S3Storage {
    /// Returns how many requests this storage has sent so far.
    #[must_use]
    pub fn request_counts(&self) -> RequestCounts {
        self.bucket.client.counts()
    }

    /// Returns the key of a name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if it is longer than S3 takes.
    pub(crate) fn key(&self, name: &Name) -> Result<String> {
        let key = match &self.location {
            Some(location) => format!("{location}/{name}"),
            None => name.to_string(),
        };
        if key.len() > MAX_KEY_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidName,
                format!("its key has {} bytes, S3 takes {MAX_KEY_BYTES}", key.len()),
            ));
        }
        Ok(key)
    }

    fn place(&self, folder: Option<&Name>) -> Place {
        Place::new(self.location.as_ref(), folder)
    }
}

impl fmt::Debug for S3Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Storage")
            .field("storage", &self.describe())
            .field("endpoint", &self.bucket.url)
            .field("region", &self.bucket.region)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for S3Storage {
    fn describe(&self) -> String {
        match &self.location {
            Some(location) => format!("s3://{}/{location}", self.bucket.name),
            None => format!("s3://{}", self.bucket.name),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let taken = self
            .location
            .as_ref()
            .map_or(0, |location| location.as_str().len() + 1);
        let mut capabilities = Capabilities::default();
        capabilities.attributes = true;
        capabilities.urls = true;
        capabilities.signed_urls = self.urls.can_sign();
        capabilities.server_side_copy = true;
        capabilities.max_name_bytes = MAX_KEY_BYTES.saturating_sub(taken);
        capabilities.max_part_bytes = match self.bucket.on_amazon {
            true => MAX_KEY_BYTES,
            false => OTHERS_MAX_PART_BYTES,
        };
        capabilities
    }

    fn allow_overwrite(&self) -> bool {
        self.allow_overwrite
    }

    fn default_attributes(&self) -> Attributes {
        self.defaults.attributes()
    }

    fn etag_rule(&self, size: u64) -> EtagRule {
        match self.defaults.have_md5_etags() {
            true => pieces::etag_rule(size),
            false => EtagRule::Opaque,
        }
    }

    async fn settle(&self) {
        self.tasks.wait().await;
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        upload::put(self, target, content, options).await
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        read::open(&self.bucket, name, self.key(name)?, options).await
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        Ok(delete::delete(&self.bucket, &self.key(name)?).await?)
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        read::stat(&self.bucket, name, &self.key(name)?).await
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        listing::list(&self.bucket, self.place(folder))
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        self.urls.url(&self.key(name)?, options).await
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        copy::copy(self, from, target).await
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        let mut targets = Vec::with_capacity(names.len());
        let mut failures = Vec::new();
        for name in names {
            match self.key(name) {
                Ok(key) => targets.push((name.clone(), key)),
                Err(error) => failures.push((name.clone(), error)),
            }
        }
        failures.extend(delete::delete_many(&self.bucket, targets).await);
        failures
    }

    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        listing::list_dir(&self.bucket, self.place(folder)).await
    }
}
