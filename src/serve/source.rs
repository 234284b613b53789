//! Where a service finds its files: in a storage, or with the finders where nothing was collected yet.
//! It decides nothing about answers, and keeps nothing.

use std::{
    fs::{self, File},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use storehouse_storage::{
    Attributes, ByteRange, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result, Storage,
    guess_content_type,
};

use crate::staticfiles::{Finder, Matches, on_the_blocking_pool, search};

/// Something that has files by name.
#[derive(Debug, Clone)]
pub(super) struct Source {
    files: Files,
    /// Files of secrets on this machine, which are never sent, whatever link or copy leads to them.
    hidden: Arc<[PathBuf]>,
}

#[derive(Debug, Clone)]
enum Files {
    /// A storage.
    Storage(Arc<dyn Storage>),
    /// Where static files come from, in the order of the finders: for development.
    Finders(Arc<[Box<dyn Finder>]>),
}

impl Source {
    /// The files of a storage.
    pub(super) fn storage(storage: Arc<dyn Storage>) -> Self {
        Self {
            files: Files::Storage(storage),
            hidden: Arc::default(),
        }
    }

    /// What the finders find.
    pub(super) fn finders(finders: Vec<Box<dyn Finder>>) -> Self {
        Self {
            files: Files::Finders(finders.into()),
            hidden: Arc::default(),
        }
    }

    /// Never gives this file, nor one of its size and time on this machine: that is a link to it, or a copy.
    pub(super) fn without(mut self, file: &Path) -> Self {
        let hidden = self.hidden.iter().cloned();
        self.hidden = hidden.chain([file.to_owned()]).collect();
        self
    }

    fn refuse_hidden(&self, entry: &Entry) -> Result<()> {
        let is_same = |metadata: fs::Metadata| {
            metadata.len() == entry.size && metadata.modified().ok() == entry.modified
        };
        let mut hidden = self.hidden.iter();
        let found = match self.is_local(&entry.name) {
            true => hidden.find(|file| file.metadata().is_ok_and(is_same)),
            false => None,
        };
        match found {
            Some(file) => Err(Error::new(
                ErrorKind::PermissionDenied,
                format!("it is {}, a file of secrets", file.display()),
            )
            .with_advice("remove what leads to it from the files that are served")),
            None => Ok(()),
        }
    }

    /// Returns what is known of a file; `None` if there is none that may be sent.
    ///
    /// # Errors
    /// The storage did not answer.
    pub(super) async fn stat(&self, name: &Name) -> Result<Option<Entry>> {
        or_nothing(self.find(name).await, name)
    }

    /// Whether there is no such file, not even one that may not be read.
    pub(super) async fn lacks(&self, name: &Name) -> bool {
        let found = self.find(name).await;
        found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }

    async fn find(&self, name: &Name) -> Result<Entry> {
        let entry = match &self.files {
            Files::Storage(storage) => storage.stat(name).await?,
            Files::Finders(finders) => open_found(finders, name).await?.0,
        };
        self.refuse_hidden(&entry)?;
        Ok(entry)
    }

    /// Opens a file, or a part of it; `None` if there is none that may be sent.
    ///
    /// # Errors
    /// The storage did not answer, or the range is beyond the end.
    pub(super) async fn open(
        &self,
        name: &Name,
        range: Option<Range<u64>>,
    ) -> Result<Option<Reader>> {
        let range = range.map(ByteRange::Bounded);
        let opened = match &self.files {
            Files::Storage(storage) => {
                let options = range.map(|range| OpenOptions::default().with_range(range));
                storage.open(name, &options.unwrap_or_default()).await
            }
            Files::Finders(finders) => open_found(finders, name).await.and_then(|(entry, file)| {
                let range = match range {
                    Some(range) => range.resolve(entry.size)?,
                    None => 0..entry.size,
                };
                Ok(Reader::from_file(entry, range, file))
            }),
        };
        let opened = opened.and_then(|reader| {
            self.refuse_hidden(reader.entry())?;
            Ok(reader)
        });
        or_nothing(opened, name)
    }

    /// Whether its files are on this machine's disk: then looking is cheap, and a tag made of the time
    /// of the last write is weak while that is fresh.
    pub(super) fn is_local(&self, name: &Name) -> bool {
        match &self.files {
            Files::Storage(storage) => storage.path(name).is_some(),
            Files::Finders(_) => true,
        }
    }

    /// How it shows itself in messages.
    pub(super) fn describe(&self) -> String {
        match &self.files {
            Files::Storage(storage) => storage.describe(),
            Files::Finders(_) => "the finders of static files".to_owned(),
        }
    }
}

/// What is missing, hidden or refused is all the same to whoever asks: an answer that told them apart
/// would tell what is there. The log says why, as somebody may have meant to serve it.
fn or_nothing<T>(found: Result<T>, name: &Name) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidName => Ok(None),
            ErrorKind::PermissionDenied => {
                tracing::warn!(name = ?name.as_str(), "not served: {error}");
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

/// Opens what the finders have under a name, on the blocking pool.
async fn open_found(finders: &Arc<[Box<dyn Finder>]>, name: &Name) -> Result<(Entry, File)> {
    let (finders, name) = (Arc::clone(finders), name.clone());
    on_the_blocking_pool(move || {
        let found = search(&finders, name.as_str(), Matches::First)?;
        let path = found.matches.first().ok_or_else(Error::not_found)?;
        open_regular(name, path)
    })
    .await?
}

/// Opens a regular file. Nothing else is: a pipe would hold the reader up until somebody writes.
fn open_regular(name: Name, path: &Path) -> Result<(Entry, File)> {
    if !fs::metadata(path).map_err(Error::from_io)?.is_file() {
        return Err(Error::not_found());
    }
    let file = File::open(path).map_err(Error::from_io)?;
    let metadata = file.metadata().map_err(Error::from_io)?;
    let modified = metadata.modified().ok();
    let mut attributes = Attributes::default();
    attributes.content_type = guess_content_type(&name);
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let tag = since.map(|since| format!("{:x}-{:x}", since.as_nanos(), metadata.len()));
    let entry = Entry::new(name, metadata.len())
        .with_modified(modified)
        .with_etag(tag)
        .with_attributes(attributes);
    Ok((entry, file))
}
