//! Carries out a plan: writes first, deletes last, and deletes nothing after a failure; only a file
//! where a folder has to be goes before. It decides nothing that the plan has not decided.

use std::{
    collections::HashSet,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream, Stream},
};
use storehouse_storage::{
    Content, Error, ErrorKind, EtagRule, Name, Result, SaveOptions, Storage, Target,
};

use super::{
    digest::{DIGEST_KEY, digest_file, md5_hex},
    finders::Found,
    hashed::FileHash,
    plan::{Action, HashedContent, HashedStep, Plan, SavedManifest},
    walk::{SourceFile, unreadable},
};

/// Files up to this size are read once, into memory, before they are sent: what a bucket takes in
/// one request.
const WHOLE_BYTES: u64 = 8 * 1024 * 1024;

/// How many names one call deletes: what a bucket takes in one request.
const DELETE_BATCH: usize = 1000;

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Event {
    /// A file is being written.
    Started(Arc<Found>),
    /// A file was written.
    Copied(Arc<Found>),
    /// A file is there under its hashed name.
    PostProcessed {
        /// The file.
        original: Name,
        /// Its hashed name.
        name: Name,
    },
    /// An object was deleted.
    Deleted(Name),
    /// Something failed. Nothing new is started after it; what had been started goes on.
    Failed(Error),
}

/// Carries out `plan` with `jobs` files in flight. Nothing happens unless the stream is read to its
/// end; a stream that is dropped leaves no half-written file.
///
/// The collected files come first, then hashed ones, which may replace one of them, then the
/// manifest, then deletions; each only if nothing failed before.
pub fn execute(
    plan: &Plan,
    storage: Arc<dyn Storage>,
    jobs: usize,
) -> impl Stream<Item = Event> + Send + use<> {
    let failed = Arc::new(AtomicBool::new(false));
    let copies: Vec<Write> = plan.copies().map(Write::of_found).collect();
    let post_processing = &plan.post_processing;
    let hashed: Vec<Write> = post_processing
        .hashed
        .iter()
        .map(Write::of_hashed)
        .collect();
    let manifest: Vec<Write> = post_processing
        .manifest
        .iter()
        .filter_map(Write::of_manifest)
        .collect();
    let write = |writes| write_all(writes, Arc::clone(&storage), jobs, Arc::clone(&failed));
    let delete = |names: &[Name]| delete_all(names, Arc::clone(&storage), Arc::clone(&failed));
    let writing = write(copies).chain(write(hashed)).chain(write(manifest));
    delete(&plan.in_the_way)
        .chain(writing)
        .chain(delete(&plan.deletions))
}

/// One file to be written, and what is told of it.
struct Write {
    name: Name,
    content: WriteContent,
    before: Option<Event>,
    after: Option<Event>,
}

enum WriteContent {
    File {
        source: SourceFile,
        /// The name has this hash in it, so the content must not be another by now.
        hashed: bool,
    },
    Bytes(Bytes),
    /// It is there already.
    Nothing,
}

impl Write {
    fn of_found(found: &Found) -> Self {
        let found = Arc::new(found.clone());
        Self {
            name: found.name.clone(),
            content: WriteContent::File {
                source: found.source.clone(),
                hashed: false,
            },
            before: Some(Event::Started(Arc::clone(&found))),
            after: Some(Event::Copied(found)),
        }
    }

    fn of_hashed(step: &HashedStep) -> Self {
        let content = match (step.action, &step.content) {
            (Action::Skip, _) => WriteContent::Nothing,
            (Action::Copy, HashedContent::Source(source)) => WriteContent::File {
                source: source.clone(),
                hashed: true,
            },
            (
                Action::Copy,
                HashedContent::Rewritten(bytes) | HashedContent::Intermediate(bytes),
            ) => WriteContent::Bytes(bytes.clone()),
        };
        let after = step.is_post_processed().then(|| Event::PostProcessed {
            original: step.original.clone(),
            name: step.name.clone(),
        });
        Self {
            name: step.name.clone(),
            content,
            before: None,
            after,
        }
    }

    fn of_manifest(manifest: &SavedManifest) -> Option<Self> {
        (manifest.action == Action::Copy).then(|| Self {
            name: manifest.name.clone(),
            content: WriteContent::Bytes(manifest.content.clone()),
            before: None,
            after: None,
        })
    }
}

fn write_all(
    writes: Vec<Write>,
    storage: Arc<dyn Storage>,
    jobs: usize,
    failed: Arc<AtomicBool>,
) -> BoxStream<'static, Event> {
    let stop = Arc::clone(&failed);
    stream::iter(writes)
        .take_while(move |_| {
            let go_on = !stop.load(Ordering::Relaxed);
            async move { go_on }
        })
        .map(move |write| {
            let (storage, failed) = (Arc::clone(&storage), Arc::clone(&failed));
            let Write {
                name,
                content,
                before,
                after,
            } = write;
            let written = async move {
                match put(&name, content, &*storage).await {
                    Ok(()) => after,
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        Some(Event::Failed(error))
                    }
                }
            };
            let written = stream::once(written).filter_map(|event| async move { event });
            stream::iter(before).chain(written).boxed()
        })
        .flatten_unordered(jobs.max(1))
        .boxed()
}

fn delete_all(
    names: &[Name],
    storage: Arc<dyn Storage>,
    failed: Arc<AtomicBool>,
) -> BoxStream<'static, Event> {
    let batches: Vec<Vec<Name>> = names.chunks(DELETE_BATCH).map(<[Name]>::to_vec).collect();
    let stop = Arc::clone(&failed);
    stream::iter(batches)
        .take_while(move |_| {
            let go_on = !stop.load(Ordering::Relaxed);
            async move { go_on }
        })
        .then(move |batch| {
            let (storage, failed) = (Arc::clone(&storage), Arc::clone(&failed));
            async move {
                let failures = storage.delete_many(&batch).await;
                failed.fetch_or(!failures.is_empty(), Ordering::Relaxed);
                let kept: HashSet<&Name> = failures.iter().map(|(name, _)| name).collect();
                let deleted = batch.iter().filter(|name| !kept.contains(name));
                let mut events: Vec<Event> = deleted.cloned().map(Event::Deleted).collect();
                events.extend(failures.into_iter().map(|(_, error)| Event::Failed(error)));
                stream::iter(events)
            }
        })
        .flatten()
        .boxed()
}

async fn put(name: &Name, content: WriteContent, storage: &dyn Storage) -> Result<()> {
    let keeps_digest = storage.capabilities().attributes && storage.path(name).is_none();
    let (content, digest) = match content {
        WriteContent::Nothing => return Ok(()),
        WriteContent::Bytes(bytes) => {
            let digest = keeps_digest.then(|| md5_hex(&bytes));
            (Content::from_bytes(bytes), digest)
        }
        WriteContent::File { source, hashed } => {
            let (content, digest) = read(&source, keeps_digest || hashed).await?;
            if hashed && !is_named_after(name, digest.as_deref().unwrap_or_default()) {
                return Err(changed(&source));
            }
            (content, digest.filter(|_| keeps_digest))
        }
    };
    let mut options = SaveOptions::default();
    if let Some(digest) = digest {
        options = options.with_metadata(DIGEST_KEY, digest);
    }
    let put = storage.put(Target::Replace(name.clone()), content, &options);
    put.await.map(|_| ()).map_err(with_advice)
}

/// Opens a source, and digests it if asked to.
async fn read(source: &SourceFile, digests: bool) -> Result<(Content, Option<String>)> {
    let (content, digest) = if source.size <= WHOLE_BYTES && digests {
        let bytes = tokio::fs::read(&source.path)
            .await
            .map_err(|error| unreadable(&source.path, error))?;
        let digest = md5_hex(&bytes);
        (Content::from_bytes(bytes), Some(digest))
    } else {
        let digest = match digests {
            true => Some(digest_file(&source.path, EtagRule::Md5).await?),
            false => None,
        };
        (open(&source.path).await?, digest)
    };
    if content.length() != Some(source.size) {
        return Err(changed(source));
    }
    Ok((content, digest))
}

/// Returns whether the hash of a content with this MD5 is in the name.
fn is_named_after(name: &Name, md5: &str) -> bool {
    let hash = FileHash::of_md5(md5).to_string();
    name.file_name().contains(&hash)
}

fn changed(source: &SourceFile) -> Error {
    let problem = format!("{:?} changed while it was being collected", source.path);
    Error::new(ErrorKind::Content, problem).with_advice("run collectstatic again")
}

/// Adds what to do where something in the destination is in the way.
fn with_advice(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotADirectory => error.with_advice("--clear removes that file"),
        ErrorKind::IsADirectory => error.with_advice(
            "remove that folder from the destination, or leave the file out with --ignore",
        ),
        _ => error,
    }
}

async fn open(path: &Path) -> Result<Content> {
    Content::from_path(path)
        .await
        .map_err(|error| unreadable(path, error))
}

/// What a run did, for the summary line.
#[derive(Debug, Default)]
pub struct Report {
    /// Files written.
    pub copied: usize,
    /// Bytes written.
    pub bytes: u64,
    /// Files that are there under their hashed names, as Django counts them.
    pub post_processed: usize,
    /// Objects deleted.
    pub deleted: usize,
    /// What failed.
    pub failures: Vec<Error>,
}

impl Report {
    /// Takes an event into account.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Started(_) => {}
            Event::Copied(found) => {
                self.copied += 1;
                self.bytes += found.source.size;
            }
            Event::PostProcessed { .. } => self.post_processed += 1,
            Event::Deleted(_) => self.deleted += 1,
            Event::Failed(error) => self.failures.push(error),
        }
    }

    /// Carries out a plan to its end without showing anything meanwhile.
    pub async fn of(events: impl Stream<Item = Event>) -> Self {
        let mut report = Self::default();
        let mut events = pin!(events);
        while let Some(event) = events.next().await {
            report.add(event);
        }
        report
    }
}
