//! The static files that were asked for, ready to be sent: what there is of each in which coding, and
//! the small ones' bytes. It answers nobody.
//!
//! A file is looked at when it is first asked for, and again when the last look is older than the
//! shelf's pause: the first request after it looks, and the others of that moment get what was there.
//! So a disk is asked once in a second for a file that a thousand clients want, and a file that
//! collectstatic has put there since is served. Nothing is scanned when the service starts.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, header};
use storehouse_storage::{Entry, Name, Result};

use super::{
    EntityTag, Representation, Variant,
    copies::{self, Seen, StoredCopy},
    pause::Look,
    respond::Content,
    source::Source,
};
use crate::{staticfiles::Md5Sum, storages::Coding};

/// A file whose last write is fresher may be written again within the clock's resolution: its tag is
/// weak until then.
const YOUNG: Duration = Duration::from_secs(2);

/// Files by name.
#[derive(Debug)]
pub(super) struct Shelf {
    files: RwLock<HashMap<Name, Arc<Shelved>>>,
    /// Bytes that are kept.
    kept: AtomicU64,
    /// How many may be.
    room: u64,
    /// After which time a file is looked at again.
    pause: Duration,
}

/// A file and its compressed copies.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) representation: Representation,
    /// The service's header fields.
    pub(super) policy: HeaderMap,
    /// The file as it is comes first.
    variants: Vec<Stored>,
    /// What the last look saw, copies that are not sent too.
    seen: Seen,
    look: Look,
    /// Which naming it was made by.
    naming: u64,
    /// Whether its storage's tags would tell of another write: none of them is too fresh.
    is_settled: bool,
}

#[derive(Debug)]
struct Stored {
    coding: Option<Coding>,
    content: Content,
}

/// What the service knows of a file by its name.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) content_type: Option<http::HeaderValue>,
    pub(super) policy: HeaderMap,
    /// A tag that stands for the file's content, where its name has one.
    pub(super) hash: Option<String>,
}

impl Shelf {
    pub(super) fn new(room: u64, pause: Duration) -> Self {
        Self {
            files: RwLock::default(),
            kept: AtomicU64::new(0),
            room,
            pause,
        }
    }

    /// Returns a file; `None` if there is none.
    ///
    /// `know` says what follows from its name and what the storage tells of it; `naming` is another
    /// number whenever it may say something else.
    pub(super) async fn get(
        &self,
        source: &Source,
        name: &Name,
        naming: u64,
        know: impl Fn(&Entry) -> Known,
    ) -> Result<Option<Arc<Shelved>>> {
        let before = self
            .shelved(name)
            .filter(|shelved| shelved.naming == naming);
        if let Some(shelved) = &before
            && !shelved.look.is_due()
        {
            return Ok(before);
        }
        let seen = copies::look(source, name).await?;
        let Some(plain) = seen.first() else {
            self.forget(name);
            return Ok(None);
        };
        if let Some(shelved) = before
            && shelved.is_still(&seen)
        {
            return Ok(Some(shelved));
        }
        let known = know(&plain.1);
        let shelved = self.shelve(source, seen, naming, known).await?;
        let shelved = shelved.map(Arc::new);
        self.put(name, shelved.clone());
        Ok(shelved)
    }

    /// Forgets what was known of a file, which has changed meanwhile or went.
    pub(super) fn forget(&self, name: &Name) {
        // Who asks for what never was, as for every page behind a layer at `/`, holds nobody up.
        if self.shelved(name).is_some() {
            self.put(name, None);
        }
    }

    fn shelved(&self, name: &Name) -> Option<Arc<Shelved>> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.get(name).map(Arc::clone)
    }

    fn put(&self, name: &Name, shelved: Option<Arc<Shelved>>) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let size = |shelved: &Arc<Shelved>| shelved.bytes_kept();
        let added = shelved.as_ref().map_or(0, size);
        let gone = match shelved {
            Some(shelved) => files.insert(name.clone(), shelved),
            None => files.remove(name),
        };
        let gone = gone.as_ref().map_or(0, size);
        // Under the lock: nobody else counts.
        let kept = self.kept.load(Ordering::Relaxed);
        self.kept
            .store((kept + added).saturating_sub(gone), Ordering::Relaxed);
    }

    /// Reads what is small, and makes the tags. `None` if the file went meanwhile.
    async fn shelve(
        &self,
        source: &Source,
        seen: Seen,
        naming: u64,
        known: Known,
    ) -> Result<Option<Shelved>> {
        let copies = copies::read(source, &seen).await?;
        let Some(plain) = copies.first() else {
            return Ok(None);
        };
        // A copy that could not be read is tried again.
        let is_settled =
            copies.len() == seen.len() && copies.iter().all(|copy| !is_fresh(source, &copy.entry));
        let mut representation = Representation::new(plain.entry.size)
            .stored_encoded(known.policy.contains_key(header::CONTENT_ENCODING))
            .with_content_type(known.content_type)
            .with_last_modified(plain.entry.modified);
        let mut variants = Vec::with_capacity(copies.len());
        for copy in copies::belonging(copies, known.hash.is_some()).await? {
            let tag = tag(source, &copy, known.hash.as_deref());
            representation = match copy.coding {
                None => representation.with_etag(tag),
                Some(coding) => representation.with_encoded(coding, copy.entry.size, tag),
            };
            variants.push(Stored {
                coding: copy.coding,
                content: self.content(source, copy),
            });
        }
        Ok(Some(Shelved {
            representation,
            policy: known.policy,
            variants,
            seen,
            look: Look::new(self.pause),
            naming,
            is_settled,
        }))
    }

    /// Keeps a content that was read, if there is room.
    fn content(&self, source: &Source, copy: StoredCopy) -> Content {
        let has_room =
            |bytes: &Bytes| self.kept.load(Ordering::Relaxed) + bytes.len() as u64 <= self.room;
        match copy.content.filter(has_room) {
            Some(bytes) => Content::Memory(bytes),
            None => Content::Stored {
                source: source.clone(),
                name: copy.entry.name,
                etag: copy.entry.etag,
            },
        }
    }
}

impl Shelved {
    /// Returns the bytes of a variant of its representation.
    pub(super) fn content(&self, variant: &Variant) -> Option<&Content> {
        let mut variants = self.variants.iter();
        let found = variants.find(|stored| stored.coding == variant.coding());
        found.map(|stored| &stored.content)
    }

    /// Whether the storage still has what it had.
    fn is_still(&self, now: &Seen) -> bool {
        self.is_settled
            && self.seen.len() == now.len()
            && self
                .seen
                .iter()
                .zip(now)
                .all(|((coding, then), (now_coding, now))| {
                    coding == now_coding
                        && then.size == now.size
                        && then.etag == now.etag
                        && then.etag.is_some()
                })
    }

    fn bytes_kept(&self) -> u64 {
        let kept = self.variants.iter().map(|stored| match &stored.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Stored { .. } => 0,
        });
        kept.sum()
    }
}

/// Makes the tag of a variant, from its content wherever that was read: so it is the same in every
/// process and on every machine that serves the file.
fn tag(source: &Source, copy: &StoredCopy, hash: Option<&str>) -> Option<EntityTag> {
    if let Some(content) = &copy.content {
        return EntityTag::strong(&Md5Sum::of(content).to_string());
    }
    if let Some(hash) = hash {
        let coding = copy.coding.map_or("", Coding::suffix);
        return EntityTag::strong(&format!("{hash}{coding}"));
    }
    storage_tag(source, &copy.entry)
}

/// Takes the tag that the storage gave; it is weak where another write might get the same one.
pub(super) fn storage_tag(source: &Source, entry: &Entry) -> Option<EntityTag> {
    let etag = entry.etag.as_deref()?;
    match is_fresh(source, entry) {
        true => EntityTag::weak(etag),
        false => EntityTag::strong(etag),
    }
}

/// Whether a file was written too short a time ago for its tag, which is made of that time, to tell
/// two writes apart.
fn is_fresh(source: &Source, entry: &Entry) -> bool {
    let is_old = |time: SystemTime| {
        let age = SystemTime::now().duration_since(time);
        age.is_ok_and(|age| age >= YOUNG)
    };
    source.is_local(&entry.name) && !entry.modified.is_some_and(is_old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_bytes(count: usize) -> Option<Arc<Shelved>> {
        Some(Arc::new(shelved(count)))
    }

    fn shelved(count: usize) -> Shelved {
        let stored = Stored {
            coding: None,
            content: Content::Memory(vec![0; count].into()),
        };
        Shelved {
            representation: Representation::new(count as u64),
            policy: HeaderMap::new(),
            variants: vec![stored],
            seen: seen(count, None),
            look: Look::new(Duration::ZERO),
            naming: 0,
            is_settled: true,
        }
    }

    fn seen(size: usize, tag: Option<&str>) -> Seen {
        let entry = Entry::new(Name::new("a").unwrap(), size as u64);
        vec![(None, entry.with_etag(tag.map(str::to_owned)))]
    }

    #[test]
    fn a_file_is_the_same_if_a_tag_says_so() {
        for (case, before, now, expected) in [
            ("the same tag", Some("e"), Some("e"), true),
            ("another", Some("e"), Some("x"), false),
            ("none any more", Some("e"), None, false),
            // The storage tells nothing, so it may be anything.
            ("none at all", None, None, false),
        ] {
            let mut shelved = shelved(10);
            shelved.seen = seen(10, before);

            assert_eq!(shelved.is_still(&seen(10, now)), expected, "{case}");
        }
    }

    #[test]
    fn what_is_replaced_or_forgotten_gives_its_room_back() {
        let shelf = Shelf::new(100, Duration::ZERO);
        let [a, b] = ["a", "b"].map(|name| Name::new(name).unwrap());
        let kept = || shelf.kept.load(Ordering::Relaxed);

        shelf.put(&a, of_bytes(10));
        shelf.put(&b, of_bytes(20));
        assert_eq!(kept(), 30);
        shelf.put(&a, of_bytes(5));
        assert_eq!(kept(), 25);
        shelf.forget(&b);
        shelf.forget(&b);
        assert_eq!(kept(), 5);
    }
}
