//! Carries out the writes of a plan, some at a time: makes of each what a storage is asked to put, link
//! or repair, and tells of it. Which, and in which order, is not decided here.

use std::{
    fs::{self, File},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;
use storehouse_storage::{
    Content, Entry, Error, ErrorKind, Put, Result, SaveOptions, Saved, Storage, Target,
};

use super::link;
use crate::staticfiles::{
    model::{
        event::Event,
        source_file::SourceFile,
        write::{Action, Kind, Write, WriteContent},
    },
    sources::{
        arena::Arena,
        walk::{changed_meanwhile, unreadable},
    },
    support::{md5::Md5Sum, parallel},
};
use crate::storages::DIGEST_KEY;

/// Files up to this size are read once, into memory, before they are sent: what a bucket takes in
/// one request.
const WHOLE_BYTES: u64 = 8 * 1024 * 1024;

/// How many bytes are put in one call that has several files: a large file has one of its own.
const BATCH_BYTES: u64 = 1024 * 1024;

/// Groups what is put as a plain content, so many files and not too many bytes at once; anything else
/// is by itself.
pub(in crate::staticfiles) fn batches(
    writes: Vec<Arc<Write>>,
    most: usize,
) -> Vec<Vec<Arc<Write>>> {
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
    let has_bytes = matches!(
        write.content,
        WriteContent::Source { .. } | WriteContent::Bytes(_)
    );
    write.action == Action::Copy && has_bytes && write.disk_name.is_none()
}

/// Does what is to be done with a batch, and tells of it.
pub(in crate::staticfiles) async fn carry_out(
    batch: Vec<Arc<Write>>,
    storage: &dyn Storage,
) -> Vec<Event> {
    match &batch[..] {
        [write] if !is_plain_put(write) => carry_out_alone(write, storage).await,
        _ => put_all(batch, storage).await,
    }
}

async fn carry_out_alone(write: &Arc<Write>, storage: &dyn Storage) -> Vec<Event> {
    match (write.action, &write.content, &write.disk_name) {
        (Action::Repair, _, _) => {
            let repaired = Event::Repaired(Arc::clone(write));
            let done = repair(write, storage).await;
            told(write, done.map(|()| Some(repaired)))
        }
        (Action::Copy, WriteContent::Link(file), _) => {
            let linked = Event::Wrote(Saved::new(write.name.clone(), 0));
            let done = link::make(storage, &write.name, file).await;
            told(write, done.map(|()| Some(linked)))
        }
        (Action::Copy, _, Some(disk_name)) => put_as(write, disk_name, storage).await,
        _ => told(write, Ok(None)),
    }
}

/// Tells of one write, and of what was done for it.
fn told(write: &Arc<Write>, done: Result<Option<Event>>) -> Vec<Event> {
    let mut events: Vec<Event> = started(write).into_iter().collect();
    match done {
        Ok(event) => {
            events.extend(event);
            events.push(Event::Done(Arc::clone(write)));
        }
        Err(error) => events.push(Event::Failed(error)),
    }
    events
}

fn started(write: &Arc<Write>) -> Option<Event> {
    write.is_copied().then(|| Event::Started(Arc::clone(write)))
}

/// Puts a file under a name that a storage can have, and gives it the one that only a disk can.
async fn put_as(write: &Arc<Write>, disk_name: &str, storage: &dyn Storage) -> Vec<Event> {
    let mut events = put_all(vec![Arc::clone(write)], storage).await;
    if !events.iter().any(|event| matches!(event, Event::Failed(_)))
        && let Err(error) = link::rename(storage, &write.name, disk_name).await
    {
        events.push(Event::Failed(error));
    }
    events
}

/// Puts a batch; the first failure ends it.
async fn put_all(batch: Vec<Arc<Write>>, storage: &dyn Storage) -> Vec<Event> {
    let keeps_digest = storage.capabilities().attributes
        && batch
            .first()
            .is_some_and(|write| storage.path(&write.name).is_none());
    let (puts, unreadable) = match prepare_on_the_blocking_pool(&batch, keeps_digest).await {
        Ok(prepared) => prepared,
        Err(error) => return vec![Event::Failed(error)],
    };
    let (saved, failure) = storage.put_many(puts).await;
    let failure = failure.map(with_advice).or(unreadable);
    let mut events = Vec::with_capacity(3 * batch.len());
    let mut saved = saved.into_iter();
    for write in batch {
        events.extend(started(&write));
        let Some(saved) = saved.next() else { break };
        events.extend([Event::Wrote(saved), Event::Done(write)]);
    }
    events.extend(failure.map(Event::Failed));
    events
}

/// What is to be put, up to the first source that cannot be, and why that is so.
type Prepared = (Vec<Put>, Option<Error>);

async fn prepare_on_the_blocking_pool(
    batch: &[Arc<Write>],
    keeps_digest: bool,
) -> Result<Prepared> {
    if batch.iter().all(|write| write.source().is_none()) {
        return Ok(prepare(batch, keeps_digest));
    }
    let batch = batch.to_vec();
    parallel::on_the_blocking_pool(move || prepare(&batch, keeps_digest)).await
}

/// Looks at the sources of a batch, and reads them where their content has to be known; that blocks.
fn prepare(batch: &[Arc<Write>], keeps_digest: bool) -> Prepared {
    let read = batch.iter().filter(|write| is_read(write, keeps_digest));
    let mut arena = match Arena::for_sources(read.filter_map(|write| write.source())) {
        Ok(arena) => arena,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let (mut opened, mut failure) = (Vec::with_capacity(batch.len()), None);
    for write in batch {
        match open(write, keeps_digest, &mut arena) {
            Ok(one) => opened.push(one),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let mut puts = Vec::with_capacity(opened.len());
    for (write, (content, md5)) in batch.iter().zip(digested(opened, &arena.freeze())) {
        // A name with a hash in it has the content that was hashed, whatever is in the file now.
        if let Some(file) = write.source()
            && is_hashed(write)
            && md5 != write.md5
        {
            return (puts, Some(changed_meanwhile(file)));
        }
        puts.push(Put {
            target: Target::Replace(write.name.clone()),
            content,
            options: with_digest(&write.options, md5.filter(|_| keeps_digest)),
        });
    }
    (puts, failure)
}

fn is_hashed(write: &Write) -> bool {
    matches!(write.kind, Kind::Hashed { .. })
}

/// Whether a source is read here, since its digest has to be known and its content was not held.
fn is_read(write: &Write, keeps_digest: bool) -> bool {
    matches!(write.content, WriteContent::Source { held: None, .. })
        && (keeps_digest || is_hashed(write))
        && write.size() <= WHOLE_BYTES
}

/// What is known of a write's content.
enum Opened {
    /// It, and its digest where that is known.
    Content(Content, Option<Md5Sum>),
    /// It is in memory, in this place, and is still to be digested.
    Read(Range<usize>),
}

fn open(write: &Write, keeps_digest: bool, arena: &mut Arena) -> Result<Opened> {
    let (file, held) = match &write.content {
        WriteContent::Bytes(bytes) => {
            let content = Content::from_bytes(bytes.clone());
            return Ok(Opened::Content(content, write.md5));
        }
        WriteContent::Source { file, held } => (file, held),
        WriteContent::Link(_) | WriteContent::AsItIs { .. } => {
            let problem = format!("{:?} has no content to write", write.name.as_str());
            return Err(Error::new(ErrorKind::Other, problem));
        }
    };
    if let Some(bytes) = held {
        if !is_hashed(write) && has_changed(file) {
            return Err(changed_meanwhile(file));
        }
        let content = Content::from_bytes(bytes.clone());
        return Ok(Opened::Content(content, write.md5));
    }
    if is_read(write, keeps_digest) {
        return arena.read(file).map(Opened::Read);
    }
    let failed = |error| unreadable(&file.path, error);
    let (content, md5) = match keeps_digest || is_hashed(write) {
        false => {
            let size = fs::metadata(&file.path).map_err(failed)?.len();
            (Content::at_path(&file.path, size), None)
        }
        true => {
            let md5 = Md5Sum::of_file(&file.path).map_err(failed)?;
            let open = File::open(&file.path).map_err(failed)?;
            (Content::from_file(open).map_err(failed)?, Some(md5))
        }
    };
    match content.length() == Some(file.size) {
        true => Ok(Opened::Content(content, md5)),
        false => Err(changed_meanwhile(file)),
    }
}

/// Digests what was read, side by side.
fn digested(opened: Vec<Opened>, read: &Bytes) -> Vec<(Content, Option<Md5Sum>)> {
    let places = opened.iter().filter_map(|one| match one {
        Opened::Read(place) => Some(&read[place.clone()]),
        Opened::Content(..) => None,
    });
    let mut sums = Md5Sum::of_each(&places.collect::<Vec<_>>()).into_iter();
    let contents = opened.into_iter().map(|one| match one {
        Opened::Read(place) => (Content::from_bytes(read.slice(place)), sums.next()),
        Opened::Content(content, md5) => (content, md5),
    });
    contents.collect()
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
