//! Carries out a plan: writes first, deletes last, and deletes nothing after a failure; only a file
//! where a folder has to be goes before. It decides nothing that the plan has not decided.

pub(super) mod link;
pub(super) mod puts;

use std::{
    collections::HashSet,
    io, mem,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{
    StreamExt,
    stream::{self, BoxStream, Stream},
};
use storehouse_storage::{Error, Name};

use self::puts::{batches, carry_out};
use crate::staticfiles::{
    destination::{local::local_root, places::Places},
    model::{
        event::Event,
        write::{Action, Kind, Write},
    },
    plan::Plan,
    support::phase::Phase,
};

/// How many names one call deletes: what a bucket takes in one request.
const DELETE_BATCH: usize = 1000;

/// Carries out `plan` with `jobs` files in flight. Nothing happens unless the stream is read to its
/// end; a stream that is dropped leaves no half-written file.
///
/// Hashed files come first, which no page names yet, then the collected ones, then the compressed copies
/// of these, then the manifest, then deletions; each only if nothing failed before. What is done is told in Django's order, collected
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
    // Copies after their originals: a large copy under a plain name that is older than its original is
    // not sent.
    let collected = begin(Phase::Writing, is_collected)
        .chain(stage(|kind| kind == Kind::Collected))
        .chain(stage(|kind| kind == Kind::Compressed { is_hashed: false }));
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
