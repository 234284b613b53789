//! A storage that is one folder of another: `Prefixed` of `tenants/7` saves `a.txt` as
//! `tenants/7/a.txt`. The model for decorators: it maps names going in and coming out, and leaves
//! every promise to the storage inside.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};

use crate::{
    capabilities::Capabilities,
    content::{Content, Reader},
    entry::{Attributes, Entry, Folder, Saved},
    error::{Error, ErrorKind, Result},
    etag_rule::EtagRule,
    limitation::Limitation,
    name::{Name, Target},
    options::{OpenOptions, SaveOptions, UrlOptions},
    requests::RequestCounts,
    storage::{Put, Storage},
};

/// One folder of another storage. Nothing outside the folder can be seen or touched through it.
///
/// ```
/// # async fn example(storage: std::sync::Arc<dyn storehouse_storage::Storage>) -> storehouse_storage::Result<()> {
/// use storehouse_storage::{Name, Prefixed, StorageExt};
///
/// let tenant = Prefixed::new(storage, Name::new("tenants/7")?);
/// tenant.save_as("logo.png", "…").await?; // tenants/7/logo.png
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Prefixed {
    inner: Arc<dyn Storage>,
    folder: Name,
}

impl Prefixed {
    /// Puts `folder` before every name.
    #[must_use]
    pub fn new(inner: Arc<dyn Storage>, folder: Name) -> Self {
        Self { inner, folder }
    }

    fn inside(&self, name: &Name) -> Result<Name> {
        self.folder.join(name)
    }

    fn folder_inside(&self, folder: Option<&Name>) -> Result<Name> {
        folder.map_or_else(|| Ok(self.folder.clone()), |folder| self.inside(folder))
    }

    fn outside(&self, name: &Name) -> Result<Name> {
        strip(name, &self.folder)
    }

    fn saved(&self, mut saved: Saved) -> Result<Saved> {
        saved.name = self.outside(&saved.name)?;
        Ok(saved)
    }
}

#[async_trait]
impl Storage for Prefixed {
    fn describe(&self) -> String {
        format!(
            "{}/{}",
            self.inner.describe().trim_end_matches('/'),
            self.folder
        )
    }

    fn service(&self) -> Option<String> {
        self.inner.service()
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        let taken = self.folder.as_str().len() + 1;
        capabilities.max_name_bytes = capabilities.max_name_bytes.saturating_sub(taken);
        capabilities
    }

    fn allow_overwrite(&self) -> bool {
        self.inner.allow_overwrite()
    }

    fn default_attributes(&self) -> Attributes {
        self.inner.default_attributes()
    }

    fn path(&self, name: &Name) -> Option<PathBuf> {
        self.inner.path(&self.inside(name).ok()?)
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
        let target = target.below(&self.folder)?;
        self.saved(self.inner.put(target, content, options).await?)
    }

    async fn put_many(&self, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        let mut too_long = None;
        let inside = puts.into_iter().map_while(|put| {
            let target = put.target.below(&self.folder);
            let target = target.map_err(|error| too_long = Some(error)).ok()?;
            Some(Put { target, ..put })
        });
        let (saved, failure) = self.inner.put_many(inside.collect()).await;
        let outside: Result<Vec<_>> = saved.into_iter().map(|one| self.saved(one)).collect();
        match outside {
            Ok(saved) => (saved, failure.or(too_long)),
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        let reader = self.inner.open(&self.inside(name)?, options).await?;
        let name = name.clone();
        Ok(reader.map_entry(|entry| Entry { name, ..entry }))
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        self.inner.delete(&self.inside(name)?).await
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        let entry = self.inner.stat(&self.inside(name)?).await?;
        let name = name.clone();
        Ok(Entry { name, ..entry })
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        let inside = match self.folder_inside(folder) {
            Ok(inside) => inside,
            Err(error) => return futures::stream::iter([Err(error)]).boxed(),
        };
        let prefix = self.folder.clone();
        let entries = self.inner.list(Some(&inside));
        entries
            .map(move |entry| strip_entry(entry?, &prefix))
            .boxed()
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        self.inner.url(&self.inside(name)?, options).await
    }

    async fn exists(&self, name: &Name) -> Result<bool> {
        self.inner.exists(&self.inside(name)?).await
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        let target = target.below(&self.folder)?;
        self.saved(self.inner.copy(&self.inside(from)?, target).await?)
    }

    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        let target = target.below(&self.folder)?;
        let name = self.inside(&from.name)?;
        let from = Entry {
            name,
            ..from.clone()
        };
        self.saved(self.inner.copy_as(&from, target, options).await?)
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        let mut inside = Vec::with_capacity(names.len());
        let mut failures = Vec::new();
        for name in names {
            match self.inside(name) {
                Ok(name) => inside.push(name),
                Err(error) => failures.push((name.clone(), error)),
            }
        }
        for (name, error) in self.inner.delete_many(&inside).await {
            failures.push((self.outside(&name).unwrap_or(name), error));
        }
        failures
    }

    async fn take_back(&self, saved: &Saved) -> Result<()> {
        let mut inside = saved.clone();
        inside.name = self.inside(&saved.name)?;
        self.inner.take_back(&inside).await
    }

    async fn examine(&self) -> Result<Vec<Limitation>> {
        self.inner.examine().await
    }

    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        let listed = self
            .inner
            .list_dir(Some(&self.folder_inside(folder)?))
            .await?;
        let folders = listed.folders.iter().map(|name| self.outside(name));
        let files = listed
            .files
            .into_iter()
            .map(|entry| strip_entry(entry, &self.folder));
        Ok(Folder {
            folders: folders.collect::<Result<_>>()?,
            files: files.collect::<Result<_>>()?,
        })
    }
}

fn strip_entry(mut entry: Entry, folder: &Name) -> Result<Entry> {
    entry.name = strip(&entry.name, folder)?;
    Ok(entry)
}

fn strip(name: &Name, folder: &Name) -> Result<Name> {
    name.strip_folder(folder).ok_or_else(|| {
        let problem = format!("the storage answered with {name:?}, which is not below {folder:?}");
        Error::new(ErrorKind::Integrity, problem)
    })
}
