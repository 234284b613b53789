//! The storage: names and contents in a map behind a lock. It holds all of every content, so it
//! is no place for what does not fit into memory.

use std::{
    collections::BTreeMap,
    fmt,
    ops::{Bound, Range},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use md5::{Digest, Md5};
use storehouse_storage::{
    Attributes, Capabilities, Content, Entry, Error, EtagRule, Name, OpenOptions, Reader, Result,
    SaveOptions, Saved, Storage, Target, UrlOptions, UrlSigning, guess_content_type, join_url,
};

/// How many entries a listing takes each time it has the lock.
const LISTED_AT_ONCE: usize = 1000;
/// What a [`Name`] can be at most.
const MAX_NAME_BYTES: usize = 4095;

/// A storage in memory. Its clones hold the same files.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use storehouse_memory::MemoryStorage;
/// use storehouse_storage::StorageExt;
///
/// let storage = MemoryStorage::new();
/// storage.save_as("a.txt", "one").await?;
///
/// let taken = storage.save_as("a.txt", "two").await?;
/// assert!(taken.name.as_str().starts_with("a_"));
/// # Ok::<(), storehouse_storage::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryStorage {
    objects: Arc<Objects>,
    name: Option<String>,
    location: Option<Name>,
    base_url: Option<String>,
    allow_overwrite: bool,
    signing: UrlSigning,
}

/// All objects of a storage, by location and name.
pub(crate) type Objects = Mutex<BTreeMap<String, Object>>;

pub(crate) struct Object {
    content: Bytes,
    etag: String,
    /// Of the save that made it: the ETag is the same for every save of the content.
    mark: String,
    attributes: Attributes,
    created: SystemTime,
    modified: SystemTime,
    accessed: SystemTime,
}

impl MemoryStorage {
    /// Makes an empty storage that nobody else has.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn sharing(name: &str, objects: Arc<Objects>) -> Self {
        Self {
            objects,
            name: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// Puts all files into `folder` of the storage, which URLs do not show.
    #[must_use]
    pub fn with_location(mut self, folder: Name) -> Self {
        self.location = Some(folder);
        self
    }

    /// Gives the storage URLs: `base_url`, with a `/` added to its end, and the name.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Lets [`save`](Storage::save) replace what is there.
    #[must_use]
    pub fn allowing_overwrite(mut self) -> Self {
        self.allow_overwrite = true;
        self
    }

    /// Says which of its URLs are signed, and by what, if it has URLs.
    #[must_use]
    pub fn with_signing(mut self, signing: UrlSigning) -> Self {
        self.signing = signing;
        self
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Object>> {
        // No code that holds the lock can leave the map half changed.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all keys in `folder` start with.
    fn prefix(&self, folder: Option<&Name>) -> String {
        let folders = self.location.iter().chain(folder);
        folders.map(|folder| format!("{folder}/")).collect()
    }

    fn key(&self, name: &Name) -> String {
        format!("{}{name}", self.prefix(None))
    }

    /// Puts an object where `target` allows, in one step for everybody else: the caller has the lock.
    fn insert(
        &self,
        objects: &mut BTreeMap<String, Object>,
        target: Target,
        content: Bytes,
        etag: String,
        options: &SaveOptions,
    ) -> Result<Saved> {
        let name = match target {
            Target::Replace(name) => name,
            Target::Create(name) if objects.contains_key(&self.key(&name)) => {
                return Err(Error::already_exists());
            }
            Target::Create(name) => name,
            Target::FirstFree(mut candidates) => loop {
                let name = candidates.next_name()?;
                if !objects.contains_key(&self.key(&name)) {
                    break name;
                }
            },
        };
        let mark = next_mark();
        let saved = Saved::new(name.clone(), content.len() as u64)
            .with_etag(etag.clone())
            .with_mark(mark.clone());
        let key = self.key(&name);
        let now = SystemTime::now();
        let object = Object {
            content,
            etag,
            mark,
            attributes: with_content_type(options.attributes.clone(), &name),
            created: objects.get(&key).map_or(now, |replaced| replaced.created),
            modified: now,
            accessed: now,
        };
        objects.insert(key, object);
        Ok(saved)
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    fn describe(&self) -> String {
        let mut shown = "memory:".to_owned();
        if let Some(name) = &self.name {
            shown = format!("memory://{name}");
        }
        match &self.location {
            Some(location) => format!("{shown}/{location}"),
            None => shown,
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.attributes = true;
        capabilities.urls = self.base_url.is_some();
        capabilities.signed_urls = self.base_url.is_some() && self.signing.can_sign();
        capabilities.max_name_bytes = MAX_NAME_BYTES;
        capabilities.max_part_bytes = MAX_NAME_BYTES;
        capabilities
    }

    fn allow_overwrite(&self) -> bool {
        self.allow_overwrite
    }

    fn etag_rule(&self, _size: u64) -> EtagRule {
        EtagRule::Md5
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        // All of it first: what fails or is dropped has changed nothing, and what comes then is
        // one step for everybody else.
        let content = read_all(content).await?;
        let etag = hex::encode(Md5::digest(&content));
        let mut objects = self.objects();
        self.insert(&mut objects, target, content, etag, options)
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        let mut objects = self.objects();
        let object = objects
            .get_mut(&self.key(name))
            .ok_or_else(Error::not_found)?;
        let size = object.content.len();
        let range = match &options.range {
            Some(range) => range.resolve(size as u64)?,
            None => 0..size as u64,
        };
        object.accessed = SystemTime::now();
        // The reader shares the bytes: they stay as they are when the object is replaced.
        let bytes = object.content.slice(in_memory(&range, size));
        Ok(Reader::new(
            object.entry(name.clone()),
            range,
            stream::iter([Ok(bytes)]),
        ))
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        self.objects().remove(&self.key(name));
        Ok(())
    }

    async fn take_back(&self, saved: &Saved) -> Result<()> {
        let mut objects = self.objects();
        let key = self.key(&saved.name);
        let there = objects.get(&key).map(|object| &object.mark);
        if there.is_some() && there == saved.mark.as_ref() {
            objects.remove(&key);
        }
        Ok(())
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        let objects = self.objects();
        let object = objects.get(&self.key(name)).ok_or_else(Error::not_found)?;
        Ok(object.entry(name.clone()))
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        let objects = Arc::clone(&self.objects);
        let location = self.prefix(None).len();
        let prefix = self.prefix(folder);
        let start = Bound::Included(prefix.clone());
        stream::unfold(start, move |start| {
            let page = page(&objects, &prefix, location, start);
            async move { page }
        })
        .flat_map(stream::iter)
        .boxed()
    }

    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        let mut objects = self.objects();
        let source = objects
            .get(&self.key(&from.name))
            .ok_or_else(Error::not_found)?;
        let (content, etag) = (source.content.clone(), source.etag.clone());
        if from.etag.as_ref().is_some_and(|seen| *seen != etag) {
            return Err(Error::replaced_meanwhile());
        }
        self.insert(&mut objects, target, content, etag, options)
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        let Some(base_url) = &self.base_url else {
            return Err(Error::unsupported("this storage has no URLs")
                .with_advice("set base_url, or MEDIA_URL (STATIC_URL for static files)"));
        };
        self.signing.url(join_url(base_url, name), name, options)
    }
}

/// Returns what no other save of this process has.
fn next_mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

impl Object {
    fn entry(&self, name: Name) -> Entry {
        Entry::new(name, self.content.len() as u64)
            .with_created(self.created)
            .with_modified(self.modified)
            .with_accessed(self.accessed)
            .with_etag(self.etag.clone())
            .with_attributes(self.attributes.clone())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("size", &self.content.len())
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryStorage")
            .field(&self.describe())
            .finish()
    }
}

async fn read_all(content: Content) -> Result<Bytes> {
    let blocks: Vec<Bytes> = content.try_collect().await?;
    match <[Bytes; 1]>::try_from(blocks) {
        Ok([all]) => Ok(all),
        Err(blocks) => Ok(blocks.concat().into()),
    }
}

fn with_content_type(mut attributes: Attributes, name: &Name) -> Attributes {
    if attributes.content_type.is_none() {
        attributes.content_type = guess_content_type(name);
    }
    attributes
}

/// The entries from `start` on whose key starts with `prefix`, and where to go on.
fn page(
    objects: &Objects,
    prefix: &str,
    location: usize,
    start: Bound<String>,
) -> Option<(Vec<Result<Entry>>, Bound<String>)> {
    let objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
    let found = objects
        .range((start, Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .take(LISTED_AT_ONCE);
    let mut last = None;
    let mut entries = Vec::new();
    for (key, object) in found {
        entries.push(Name::new(&key[location..]).map(|name| object.entry(name)));
        last = Some(key);
    }
    let next = Bound::Excluded(last?.clone());
    Some((entries, next))
}

/// The same range as positions in memory; it lies within `size` bytes.
fn in_memory(range: &Range<u64>, size: usize) -> Range<usize> {
    let position = |byte: u64| usize::try_from(byte).unwrap_or(size);
    position(range.start)..position(range.end)
}
