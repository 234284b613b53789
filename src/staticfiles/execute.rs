//! Carries out a plan: writes first, deletes last, and deletes nothing after a failure; only a file
//! where a folder has to be goes before. It decides nothing that the plan has not decided.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io, mem,
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream, Stream},
};
use storehouse_storage::{
    Content, Entry, Error, ErrorKind, Name, Put, Result, SaveOptions, Saved, Storage, Target,
};

use super::{
    destination::local_root,
    digest::{DIGEST_KEY, Md5Sum},
    link, parallel,
    phase::Phase,
    places::Places,
    plan::{Action, Kind, Plan, Write, WriteContent},
    walk::{SourceFile, changed_meanwhile, unreadable},
};

/// Files up to this size are read once, into memory, before they are sent: what a bucket takes in
/// one request.
const WHOLE_BYTES: u64 = 8 * 1024 * 1024;

/// How many bytes are put in one call that has several files: a large file has one of its own.
const BATCH_BYTES: u64 = 1024 * 1024;

/// How many names one call deletes: what a bucket takes in one request.
const DELETE_BATCH: usize = 1000;

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Event {
    /// A phase begins.
    Began {
        /// Which.
        phase: Phase,
        /// How many files are written in it, or deleted.
        files: usize,
        /// Bytes of the files that are written.
        bytes: u64,
    },
    /// A file was begun with; told when it is done, or has failed.
    Started(Arc<Write>),
    /// Something was written. For a display of progress.
    Wrote(Saved),
    /// A file is there.
    Done(Arc<Write>),
    /// What is kept beside a content was replaced.
    Repaired(Arc<Write>),
    /// An object was deleted.
    Deleted(String),
    /// Something failed. Nothing new is started after it; what had been started goes on.
    Failed(Error),
}

/// Carries out `plan` with `jobs` files in flight. Nothing happens unless the stream is read to its
/// end; a stream that is dropped leaves no half-written file.
///
/// Hashed files come first, which no page names yet, then the collected ones, then the manifest, then
/// deletions; each only if nothing failed before. What is done is told in Django's order, collected
/// files first.
pub fn execute(
    plan: &Plan,
    places: Places,
    jobs: usize,
) -> impl Stream<Item = Event> + Send + use<> {
    let run = Run {
        places,
        jobs: jobs.max(1),
        failed: Arc::default(),
    };
    let stage = |which: fn(Kind) -> bool| {
        let writes = plan.writes.iter().filter(|write| which(write.kind));
        run.write_all(writes.cloned().collect())
    };
    let begin = |phase, which: fn(Kind) -> bool| run.begin(phase, plan, which);
    let hashed = begin(Phase::WritingHashed, is_hashed).chain(stage(is_hashed));
    let collected = begin(Phase::Writing, is_collected).chain(stage(is_collected));
    // A release first: what is in force has always been kept.
    let release = stage(|kind| kind == Kind::Release);
    let integrity = stage(|kind| kind == Kind::Integrity);
    let manifest = stage(|kind| kind == Kind::Manifest);
    let begin_publishing = begin(Phase::Publishing, |kind| {
        !is_hashed(kind) && !is_collected(kind)
    });
    let last = plan.stale_releases.len() + plan.deletions.len() + plan.unnameable_deletions.len();
    run.tell(Phase::Deleting, plan.in_the_way.len(), 0)
        .chain(run.delete_all(&plan.in_the_way))
        .chain(told_after(hashed.boxed(), collected.boxed()))
        .chain(begin_publishing)
        .chain(release.chain(integrity).chain(manifest))
        .chain(run.tell(Phase::Deleting, last, 0))
        .chain(run.delete_all(&plan.stale_releases))
        .chain(run.delete_all(&plan.deletions))
        .chain(run.delete_unnameable(&plan.unnameable_deletions))
}

fn is_hashed(kind: Kind) -> bool {
    match kind {
        Kind::Hashed { .. } | Kind::Intermediate => true,
        Kind::Compressed { is_hashed } => is_hashed,
        _ => false,
    }
}

fn is_collected(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Collected | Kind::Compressed { is_hashed: false }
    )
}

/// Lets `first` happen before `second`, and tells of what it did after that.
fn told_after(
    first: BoxStream<'static, Event>,
    second: BoxStream<'static, Event>,
) -> BoxStream<'static, Event> {
    let kept: Arc<Mutex<Vec<Event>>> = Arc::default();
    let later = Arc::clone(&kept);
    let first = first.filter_map(move |event| {
        let now = match event {
            Event::Started(_) | Event::Done(_) => {
                lock(&kept).push(event);
                None
            }
            event => Some(event),
        };
        async move { now }
    });
    let told = stream::once(async move { stream::iter(mem::take(&mut *lock(&later))) }).flatten();
    first.chain(second).chain(told).boxed()
}

fn lock(events: &Mutex<Vec<Event>>) -> MutexGuard<'_, Vec<Event>> {
    // A list is whole whatever panicked meanwhile.
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the stages of a run share.
struct Run {
    places: Places,
    jobs: usize,
    failed: Arc<AtomicBool>,
}

impl Run {
    /// Tells that the files of a phase are written now.
    fn begin(
        &self,
        phase: Phase,
        plan: &Plan,
        which: fn(Kind) -> bool,
    ) -> BoxStream<'static, Event> {
        let of = |action| {
            let writes = plan.writes.iter();
            writes.filter(move |write| which(write.kind) && write.action == action)
        };
        let files = of(Action::Copy).count() + of(Action::Repair).count();
        self.tell(
            phase,
            files,
            of(Action::Copy).map(|write| write.size()).sum(),
        )
    }

    /// Tells that a phase begins, unless there is nothing to do in it.
    fn tell(&self, phase: Phase, files: usize, bytes: u64) -> BoxStream<'static, Event> {
        let began = Event::Began {
            phase,
            files,
            bytes,
        };
        let began = (files > 0).then_some(began);
        self.until_failure(began.into_iter().collect())
    }

    fn write_all(&self, writes: Vec<Arc<Write>>) -> BoxStream<'static, Event> {
        let (places, failed) = (self.places.clone(), Arc::clone(&self.failed));
        let batches = batches(writes, self.places.files().capabilities().puts_at_once);
        self.until_failure(batches)
            .map(move |batch| {
                let (places, failed) = (places.clone(), Arc::clone(&failed));
                async move {
                    let Some(kind) = batch.first().map(|write| write.kind) else {
                        return stream::iter(Vec::new());
                    };
                    let events = carry_out(batch, places.of_kind(kind)).await;
                    let has_failed = events.iter().any(|event| matches!(event, Event::Failed(_)));
                    failed.fetch_or(has_failed, Ordering::Relaxed);
                    stream::iter(events)
                }
            })
            .buffer_unordered(self.jobs)
            .flatten()
            .boxed()
    }

    fn delete_all(&self, names: &[Name]) -> BoxStream<'static, Event> {
        let batches: Vec<Vec<Name>> = names.chunks(DELETE_BATCH).map(<[Name]>::to_vec).collect();
        let (storage, failed) = (Arc::clone(self.places.files()), Arc::clone(&self.failed));
        self.until_failure(batches)
            .then(move |batch| {
                let (storage, failed) = (Arc::clone(&storage), Arc::clone(&failed));
                async move {
                    let failures = storage.delete_many(&batch).await;
                    failed.fetch_or(!failures.is_empty(), Ordering::Relaxed);
                    let kept: HashSet<&Name> = failures.iter().map(|(name, _)| name).collect();
                    let deleted = batch.iter().filter(|name| !kept.contains(name));
                    let mut events: Vec<Event> = deleted
                        .map(|name| Event::Deleted(name.as_str().to_owned()))
                        .collect();
                    events.extend(failures.into_iter().map(|(_, error)| Event::Failed(error)));
                    stream::iter(events)
                }
            })
            .flatten()
            .boxed()
    }

    /// Deletes files that no storage could name, and so no storage can delete.
    fn delete_unnameable(&self, paths: &[PathBuf]) -> BoxStream<'static, Event> {
        let root = local_root(&**self.places.files());
        self.until_failure(paths.to_vec())
            .then(move |path| {
                let whole = root.as_ref().map(|root| root.join(&path));
                async move {
                    let removed = match &whole {
                        Some(whole) => tokio::fs::remove_file(whole).await,
                        None => Ok(()),
                    };
                    match removed {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => {
                            let error = Error::from_io(error);
                            let problem = format!("cannot delete {path:?}: {}", error.problem());
                            Event::Failed(Error::new(error.kind(), problem))
                        }
                        _ => Event::Deleted(path.display().to_string()),
                    }
                }
            })
            .boxed()
    }

    fn until_failure<T: Send + 'static>(&self, items: Vec<T>) -> BoxStream<'static, T> {
        let stop = Arc::clone(&self.failed);
        stream::iter(items)
            .take_while(move |_| {
                let go_on = !stop.load(Ordering::Relaxed);
                async move { go_on }
            })
            .boxed()
    }
}

/// Groups what is put as a plain content, so many files and not too many bytes at once; anything else
/// is by itself.
fn batches(writes: Vec<Arc<Write>>, most: usize) -> Vec<Vec<Arc<Write>>> {
    let mut batches: Vec<Vec<Arc<Write>>> = Vec::new();
    let (mut is_open, mut bytes) = (false, 0);
    for write in writes {
        let is_put = is_plain_put(&write);
        bytes += write.size();
        match batches.last_mut() {
            Some(batch) if is_open && is_put && batch.len() < most && bytes <= BATCH_BYTES => {
                batch.push(write);
            }
            _ => {
                bytes = write.size();
                batches.push(vec![write]);
            }
        }
        is_open = is_put;
    }
    batches
}

fn is_plain_put(write: &Write) -> bool {
    let is_link = matches!(
        write.content,
        WriteContent::Link(_) | WriteContent::AsItIs { .. }
    );
    write.action == Action::Copy && !is_link && write.disk_name.is_none()
}

/// Does what is to be done with a batch, and tells of it.
async fn carry_out(batch: Vec<Arc<Write>>, storage: &dyn Storage) -> Vec<Event> {
    match &batch[..] {
        [write] if !is_plain_put(write) => carry_out_alone(write, storage).await,
        _ => put_all(batch, storage).await,
    }
}

async fn carry_out_alone(write: &Arc<Write>, storage: &dyn Storage) -> Vec<Event> {
    let (done, event) = match (write.action, &write.content, &write.disk_name) {
        (Action::Repair, _, _) => {
            let repaired = Event::Repaired(Arc::clone(write));
            (repair(write, storage).await, Some(repaired))
        }
        (Action::Copy, WriteContent::Link(file), _) => {
            let made = link::make(storage, &write.name, file).await;
            let linked = Saved::new(write.name.clone(), 0);
            (made, Some(Event::Wrote(linked)))
        }
        (Action::Copy, _, Some(disk_name)) => {
            let mut events = put_all(vec![Arc::clone(write)], storage).await;
            if !events.iter().any(|event| matches!(event, Event::Failed(_)))
                && let Err(error) = link::rename(storage, &write.name, disk_name).await
            {
                events.push(Event::Failed(error));
            }
            return events;
        }
        _ => (Ok(()), None),
    };
    let started = write.is_copied().then(|| Event::Started(Arc::clone(write)));
    let done = match done {
        Ok(()) => event
            .into_iter()
            .chain([Event::Done(Arc::clone(write))])
            .collect(),
        Err(error) => vec![Event::Failed(error)],
    };
    started.into_iter().chain(done).collect()
}

/// Puts a batch; the first failure ends it.
async fn put_all(batch: Vec<Arc<Write>>, storage: &dyn Storage) -> Vec<Event> {
    let keeps_digest = storage.capabilities().attributes
        && batch
            .first()
            .is_some_and(|write| storage.path(&write.name).is_none());
    let (puts, unreadable) = match puts(&batch, keeps_digest).await {
        Ok(puts) => puts,
        Err(error) => return vec![Event::Failed(error)],
    };
    let (saved, failure) = storage.put_many(puts).await;
    let failure = failure.map(with_advice).or(unreadable);
    let mut events = Vec::with_capacity(3 * batch.len());
    let mut saved = saved.into_iter();
    for write in batch {
        let one = saved.next();
        let is_the_end = one.is_none();
        if write.is_copied() {
            events.push(Event::Started(Arc::clone(&write)));
        }
        events.extend(
            one.map(|saved| [Event::Wrote(saved), Event::Done(write)])
                .into_iter()
                .flatten(),
        );
        if is_the_end {
            break;
        }
    }
    events.extend(failure.map(Event::Failed));
    events
}

/// Returns what is to be put, up to the first source that cannot be, and why that is so.
async fn puts(batch: &[Arc<Write>], keeps_digest: bool) -> Result<(Vec<Put>, Option<Error>)> {
    let writes = batch.to_vec();
    let prepare = move || {
        let mut puts = Vec::with_capacity(writes.len());
        for write in writes {
            match put_of(&write, keeps_digest) {
                Ok(put) => puts.push(put),
                Err(error) => return (puts, Some(error)),
            }
        }
        (puts, None)
    };
    match batch.iter().any(|write| write.source().is_some()) {
        true => parallel::on_the_blocking_pool(prepare).await,
        false => Ok(prepare()),
    }
}

/// Returns what is to be put. It looks at the source, and reads it where it has to be known; that
/// blocks.
fn put_of(write: &Write, keeps_digest: bool) -> Result<Put> {
    let is_hashed = matches!(write.kind, Kind::Hashed { .. });
    let (content, md5) = match &write.content {
        WriteContent::Bytes(bytes) => (Content::from_bytes(bytes.clone()), write.md5),
        // A name with a hash in it has the content that was hashed, whatever is in the file now.
        WriteContent::Source {
            held: Some(bytes),
            file,
        } => {
            if bytes.len() as u64 != file.size || !is_hashed && has_changed(file) {
                return Err(changed_meanwhile(file));
            }
            (Content::from_bytes(bytes.clone()), write.md5)
        }
        WriteContent::Source { held: None, file } => {
            let (content, md5) = read(file, keeps_digest || is_hashed)?;
            if is_hashed && md5 != write.md5 {
                return Err(changed_meanwhile(file));
            }
            (content, md5)
        }
        // Never put: one is made, the other is there.
        WriteContent::Link(file) => return Err(changed_meanwhile(file)),
        WriteContent::AsItIs { .. } => (Content::from_bytes(Bytes::new()), None),
    };
    Ok(Put {
        target: Target::Replace(write.name.clone()),
        content,
        options: with_digest(&write.options, md5.filter(|_| keeps_digest)),
    })
}

/// Gives an object that stays what is to be kept beside it, without sending its content.
async fn repair(write: &Write, storage: &dyn Storage) -> Result<()> {
    let there = write.there.clone().unwrap_or_default();
    let from = Entry::new(write.name.clone(), there.size)
        .with_modified(there.modified)
        .with_etag(there.etag);
    let options = with_digest(&write.options, write.md5);
    let target = Target::Replace(write.name.clone());
    storage.copy_as(&from, target, &options).await.map(|_| ())
}

fn with_digest(options: &SaveOptions, md5: Option<Md5Sum>) -> SaveOptions {
    match md5 {
        Some(md5) => options.clone().with_metadata(DIGEST_KEY, md5.to_string()),
        None => options.clone(),
    }
}

/// Opens a source, and digests it if asked to.
fn read(source: &SourceFile, digests: bool) -> Result<(Content, Option<Md5Sum>)> {
    let failed = |error| unreadable(&source.path, error);
    let (content, md5) = if !digests {
        let size = fs::metadata(&source.path).map_err(failed)?.len();
        (Content::at_path(&source.path, size), None)
    } else if source.size <= WHOLE_BYTES {
        let bytes = fs::read(&source.path).map_err(failed)?;
        let md5 = Md5Sum::of(&bytes);
        (Content::from_bytes(bytes), Some(md5))
    } else {
        let md5 = Md5Sum::of_file(&source.path).map_err(failed)?;
        let file = File::open(&source.path).map_err(failed)?;
        (Content::from_file(file).map_err(failed)?, Some(md5))
    };
    if content.length() != Some(source.size) {
        return Err(changed_meanwhile(source));
    }
    Ok((content, md5))
}

/// Whether a source is another by now. Were it written as it was, its copy would be the newer file of
/// the two, and never be replaced.
fn has_changed(source: &SourceFile) -> bool {
    let metadata = fs::metadata(&source.path);
    !metadata.is_ok_and(|now| now.len() == source.size && now.modified().ok() == source.modified)
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

/// What a run did, for the summary line.
#[derive(Debug, Default)]
pub struct Report {
    /// Collected files written.
    pub copied: usize,
    /// Collected files that are new, and that only their hashed names were written for.
    pub omitted: usize,
    /// Bytes written, under all names.
    pub bytes: u64,
    /// Files that are there under their hashed names, as Django counts them.
    pub post_processed: usize,
    /// Objects whose content stayed and whose attributes were replaced.
    pub repaired: usize,
    /// Objects deleted.
    pub deleted: usize,
    /// What failed.
    pub failures: Vec<Error>,
    /// The tags that the storage told of what was written.
    pub tags: HashMap<Name, String>,
}

impl Report {
    /// Takes an event into account.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Began { .. } | Event::Started(_) => {}
            Event::Wrote(saved) => {
                self.bytes += saved.size;
                let Saved { name, etag, .. } = saved;
                self.tags.extend(etag.map(|tag| (name, tag)));
            }
            Event::Done(write) => {
                let count = match write.is_omitted() {
                    true => &mut self.omitted,
                    false => &mut self.copied,
                };
                *count += usize::from(write.is_copied());
                self.post_processed += usize::from(write.is_post_processed());
            }
            Event::Repaired(_) => self.repaired += 1,
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
