//! A storage that writes only what a driver must write: the rest is what the trait provides.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use storehouse_storage::{
    Capabilities, Content, Entry, Name, OpenOptions, Reader, Result, SaveOptions, Saved, Storage,
    Target, UrlOptions,
};

/// The methods that have no default, and `url`.
#[derive(Debug)]
pub(crate) struct Least(pub(crate) Arc<dyn Storage>);

#[async_trait]
impl Storage for Least {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        self.0.put(target, content, options).await
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        self.0.open(name, options).await
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        self.0.delete(name).await
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        self.0.stat(name).await
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        self.0.list(folder)
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        self.0.url(name, options).await
    }
}
