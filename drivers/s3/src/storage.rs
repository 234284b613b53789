//! The storage: the contract's methods, each handed to the module that does it.

use std::fmt;

use async_trait::async_trait;
use futures::{
    StreamExt, future,
    stream::{self, BoxStream},
};
use storehouse_storage::{
    Attributes, Capabilities, Content, Entry, Error, EtagRule, Folder, Limitation, Name,
    OpenOptions, Reader, RequestCounts, Result, SaveOptions, Saved, Storage, Target, UrlOptions,
    require_runtime,
};

use crate::{
    copy, delete, examine,
    listing::{self, Place},
    read, unzip, upload,
    urls::Urls,
    writer::{MAX_KEY_BYTES, Writer},
};

/// A bucket, or a folder in it.
pub struct S3Storage {
    pub(crate) writer: Writer,
    pub(crate) urls: Urls,
    pub(crate) allow_overwrite: bool,
}

impl S3Storage {
    fn place(&self, folder: Option<&Name>) -> Place {
        Place::new(self.writer.location.as_ref(), folder)
    }
}

impl fmt::Debug for S3Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Storage")
            .field("storage", &self.describe())
            .field("endpoint", &self.writer.bucket.url)
            .field("region", &self.writer.bucket.region)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for S3Storage {
    fn describe(&self) -> String {
        match &self.writer.location {
            Some(location) => format!("s3://{}/{location}", self.writer.bucket.name),
            None => format!("s3://{}", self.writer.bucket.name),
        }
    }

    fn service(&self) -> Option<String> {
        Some(self.writer.bucket.url.clone())
    }

    fn capabilities(&self) -> Capabilities {
        let taken = self
            .writer
            .location
            .as_ref()
            .map_or(0, |location| location.as_str().len() + 1);
        let mut capabilities = Capabilities::default();
        capabilities.attributes = true;
        capabilities.urls = true;
        capabilities.signed_urls = self.urls.can_sign();
        capabilities.server_side_copy = true;
        capabilities.max_name_bytes = MAX_KEY_BYTES.saturating_sub(taken);
        let max_part_bytes = self.writer.bucket.kept.max_part_bytes();
        capabilities.max_part_bytes = max_part_bytes.unwrap_or(MAX_KEY_BYTES);
        capabilities
    }

    fn allow_overwrite(&self) -> bool {
        self.allow_overwrite
    }

    fn default_attributes(&self) -> Attributes {
        self.writer.defaults.attributes()
    }

    fn etag_rule(&self, size: u64) -> EtagRule {
        match self.writer.defaults.have_md5_etags() {
            true => self.writer.cuts.etag_rule(size),
            false => EtagRule::Opaque,
        }
    }

    fn etags_follow_rule(&self) -> Option<bool> {
        self.writer.bucket.kept.etags_follow_rule()
    }

    fn request_counts(&self) -> Option<RequestCounts> {
        Some(self.writer.bucket.client.counts())
    }

    async fn settle(&self) {
        self.writer.tasks.wait().await;
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        require_runtime()?;
        upload::put(&self.writer, target, content, options).await
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        require_runtime()?;
        let (bucket, key) = (&self.writer.bucket, self.writer.key(name)?);
        match self.writer.gzip {
            Some(_) => unzip::open(bucket, name, key, options).await,
            None => read::open(bucket, name, key, options).await,
        }
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        require_runtime()?;
        Ok(delete::delete(&self.writer.bucket, &self.writer.key(name)?).await?)
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        require_runtime()?;
        read::stat(&self.writer.bucket, name, &self.writer.key(name)?).await
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        if let Err(error) = require_runtime() {
            return stream::once(future::ready(Err(error))).boxed();
        }
        listing::list(&self.writer.bucket, self.place(folder))
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        self.urls.url(&self.writer.key(name)?, options).await
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        copy::copy(&self.writer, from, target).await
    }

    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        copy::copy_as(&self.writer, from, target, options).await
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        let mut targets = Vec::with_capacity(names.len());
        let mut failures = Vec::new();
        for name in names {
            match self.writer.key(name) {
                Ok(key) => targets.push((name.clone(), key)),
                Err(error) => failures.push((name.clone(), error)),
            }
        }
        failures.extend(delete::delete_many(&self.writer.bucket, targets).await);
        failures
    }

    async fn take_back(&self, saved: &Saved) -> Result<()> {
        delete::take_back(&self.writer.bucket, &self.writer.key(&saved.name)?, saved).await
    }

    async fn examine(&self) -> Result<Vec<Limitation>> {
        examine::examine(&self.writer, !self.allow_overwrite).await
    }

    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        listing::list_dir(&self.writer.bucket, self.place(folder)).await
    }
}
