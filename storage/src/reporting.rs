//! Adds to every error what was being done, on which storage and name, so that no driver has to.
//! Put around each storage by [`crate::Registry::open`]; it changes nothing else.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};

use crate::{
    capabilities::Capabilities,
    content::{Content, Reader},
    entry::{Attributes, Entry, Folder, Saved},
    error::{Error, Operation, Result},
    etag_rule::EtagRule,
    limitation::Limitation,
    name::{Name, Target},
    options::{OpenOptions, SaveOptions, UrlOptions},
    requests::RequestCounts,
    storage::{Put, Storage},
};

/// A storage whose errors are complete.
#[derive(Debug)]
pub(crate) struct Reporting {
    inner: Arc<dyn Storage>,
    shown: Arc<str>,
}

impl Reporting {
    pub(crate) fn new(inner: Arc<dyn Storage>, shown: String) -> Self {
        Self {
            inner,
            shown: shown.into(),
        }
    }

    fn on<'a>(&'a self, operation: Operation, name: &'a Name) -> impl FnOnce(Error) -> Error + 'a {
        move |error| error.during(operation, &self.shown, Some(name.as_str()))
    }
}

#[async_trait]
impl Storage for Reporting {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn service(&self) -> Option<String> {
        self.inner.service()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn allow_overwrite(&self) -> bool {
        self.inner.allow_overwrite()
    }

    fn default_attributes(&self) -> Attributes {
        self.inner.default_attributes()
    }

    fn path(&self, name: &Name) -> Option<PathBuf> {
        self.inner.path(name)
    }

    fn etag_rule(&self, size: u64) -> EtagRule {
        self.inner.etag_rule(size)
    }

    fn etags_follow_rule(&self) -> Option<bool> {
        self.inner.etags_follow_rule()
    }

    fn request_counts(&self) -> Option<RequestCounts> {
        self.inner.request_counts()
    }

    async fn settle(&self) {
        self.inner.settle().await;
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        let name = target.name();
        let saved = self.inner.put(target, content, options).await;
        saved.map_err(self.on(Operation::Save, &name))
    }

    async fn put_many(&self, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        let names: Vec<Name> = puts.iter().map(|put| put.target.name()).collect();
        let (saved, failure) = self.inner.put_many(puts).await;
        let failure = match (failure, names.get(saved.len())) {
            (Some(error), Some(name)) => Some(self.on(Operation::Save, name)(error)),
            (failure, _) => failure,
        };
        (saved, failure)
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        let reader = self.inner.open(name, options).await;
        let reader = reader.map_err(self.on(Operation::Open, name))?;
        let (shown, name) = (Arc::clone(&self.shown), name.clone());
        Ok(reader.map_err(move |error| error.during(Operation::Open, &shown, Some(name.as_str()))))
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        let deleted = self.inner.delete(name).await;
        deleted.map_err(self.on(Operation::Delete, name))
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        let entry = self.inner.stat(name).await;
        entry.map_err(self.on(Operation::Stat, name))
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        let (shown, folder_name) = (Arc::clone(&self.shown), folder.cloned());
        let entries = self.inner.list(folder);
        entries
            .map_err(move |error| {
                error.during(
                    Operation::List,
                    &shown,
                    folder_name.as_ref().map(Name::as_str),
                )
            })
            .boxed()
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        let url = self.inner.url(name, options).await;
        url.map_err(self.on(Operation::Url, name))
    }

    async fn save(&self, name: &Name, content: Content, options: &SaveOptions) -> Result<Saved> {
        let saved = self.inner.save(name, content, options).await;
        saved.map_err(self.on(Operation::Save, name))
    }

    async fn exists(&self, name: &Name) -> Result<bool> {
        let found = self.inner.exists(name).await;
        found.map_err(self.on(Operation::Exists, name))
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        let saved = self.inner.copy(from, target).await;
        saved.map_err(self.on(Operation::Copy, from))
    }

    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        let saved = self.inner.copy_as(from, target, options).await;
        saved.map_err(self.on(Operation::Copy, &from.name))
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        let failures = self.inner.delete_many(names).await;
        failures
            .into_iter()
            .map(|(name, error)| {
                let error = error.during(Operation::Delete, &self.shown, Some(name.as_str()));
                (name, error)
            })
            .collect()
    }

    async fn take_back(&self, saved: &Saved) -> Result<()> {
        let taken_back = self.inner.take_back(saved).await;
        taken_back.map_err(self.on(Operation::Delete, &saved.name))
    }

    async fn examine(&self) -> Result<Vec<Limitation>> {
        let examined = self.inner.examine().await;
        examined.map_err(|error| error.during(Operation::Save, &self.shown, None))
    }

    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        let listed = self.inner.list_dir(folder).await;
        listed.map_err(|error| error.during(Operation::List, &self.shown, folder.map(Name::as_str)))
    }
}
