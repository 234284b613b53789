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
    plan::Plan,
    walk::unreadable,
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
    /// An object was deleted.
    Deleted(Name),
    /// Something failed. Nothing new is started after it; what had been started goes on.
    Failed(Error),
}

/// Carries out `plan` with `jobs` files in flight. Nothing happens unless the stream is read to its
/// end; a stream that is dropped leaves no half-written file.
pub fn execute(
    plan: &Plan,
    storage: Arc<dyn Storage>,
    jobs: usize,
) -> impl Stream<Item = Event> + Send + use<> {
    let failed = Arc::new(AtomicBool::new(false));
    let copies: Vec<Arc<Found>> = plan.copies().cloned().map(Arc::new).collect();
    let deleting = |names: &[Name]| delete_all(names, Arc::clone(&storage), Arc::clone(&failed));
    let making_room = deleting(&plan.in_the_way);
    let clearing = deleting(&plan.deletions);
    let copying = copy_all(copies, storage, jobs, failed);
    making_room.chain(copying).chain(clearing)
}

fn copy_all(
    copies: Vec<Arc<Found>>,
    storage: Arc<dyn Storage>,
    jobs: usize,
    failed: Arc<AtomicBool>,
) -> BoxStream<'static, Event> {
    let stop = Arc::clone(&failed);
    stream::iter(copies)
        .take_while(move |_| {
            let go_on = !stop.load(Ordering::Relaxed);
            async move { go_on }
        })
        .map(move |found| {
            let (storage, failed) = (Arc::clone(&storage), Arc::clone(&failed));
            let started = Event::Started(Arc::clone(&found));
            let copied = async move {
                match copy(&found, &*storage).await {
                    Ok(()) => Event::Copied(found),
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        Event::Failed(error)
                    }
                }
            };
            stream::iter([started]).chain(stream::once(copied)).boxed()
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

async fn copy(found: &Found, storage: &dyn Storage) -> Result<()> {
    let source = &found.source;
    let keeps_digest = storage.capabilities().attributes && storage.path(&found.name).is_none();
    let mut options = SaveOptions::default();
    let content = if source.size <= WHOLE_BYTES && keeps_digest {
        let bytes = tokio::fs::read(&source.path)
            .await
            .map_err(|error| unreadable(&source.path, error))?;
        options = options.with_metadata(DIGEST_KEY, md5_hex(&bytes));
        Content::from_bytes(bytes)
    } else {
        if keeps_digest {
            let digest = digest_file(&source.path, EtagRule::Md5).await?;
            options = options.with_metadata(DIGEST_KEY, digest);
        }
        open(&source.path).await?
    };
    if content.length() != Some(source.size) {
        let problem = format!("{:?} changed while it was being collected", source.path);
        return Err(Error::new(ErrorKind::Content, problem).with_advice("run collectstatic again"));
    }
    let put = storage.put(Target::Replace(found.name.clone()), content, &options);
    put.await.map(|_| ()).map_err(with_advice)
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
