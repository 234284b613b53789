//! Which writes would change nothing: compares contents with what the destination has, by digests
//! that are known, by a bucket's ETags, and only where both tell nothing by reading or asking.

use std::{
    collections::{HashMap, HashSet},
    time::SystemTime,
};

use futures::{StreamExt, stream};
use storehouse_storage::{Name, Result, Storage};

use super::{ByTimes, by_times_and_memory};
use crate::staticfiles::{
    destination::{
        etag::{self, Material, MaterialContent, Told},
        listing::Destination,
        places::Places,
    },
    model::{
        found::Found,
        object::Object,
        write::{Action, Kind, Write, WriteContent},
    },
    run_cache::{origins::Origins, recall::Recall},
    support::md5::Md5Sum,
};

/// Returns whether the content of a found file will be compared: where a bucket has an object of its size, or a
/// disk a file of which neither times nor memory tell.
pub(in crate::staticfiles) fn is_compared(
    found: &Found,
    destination: &Destination,
    origins: &Origins,
) -> bool {
    let object = destination.objects.get(&found.name);
    object.is_some_and(|object| match destination.is_local {
        true => {
            object.size == found.source.size
                && !object.is_link
                && by_times_and_memory(found, object, origins) == ByTimes::Untold
        }
        false => object.size == found.source.size,
    })
}

/// Skips the collected files on a disk of which neither times nor memory tell, and the content is there. What is
/// known of all that stay is `learned`.
///
/// # Errors
/// A source or a file that cannot be read.
pub(in crate::staticfiles) async fn skip_same_content(
    collected: &mut [Write],
    wanted: &[Found],
    places: &Places,
    (recall, learned): (&Recall, &mut Recall),
    jobs: usize,
) -> Result<()> {
    let untold = collected
        .iter_mut()
        .zip(wanted)
        .filter_map(|(write, found)| {
            let object = write.there.clone()?;
            let is_untold = object.size == found.source.size
                && !object.is_link
                && write.source().is_some()
                && by_times_and_memory(found, &object, &recall.origins) == ByTimes::Untold;
            (write.action == Action::Copy && is_untold).then_some((write, object))
        });
    let mut compared = stream::iter(untold)
        .map(|(write, object)| async move {
            let told = compare(write, &object, places.of_kind(write.kind), recall).await;
            (write, told)
        })
        .buffer_unordered(jobs.max(1));
    let mut same = HashSet::new();
    while let Some((write, told)) = compared.next().await {
        if matches!(told?, Compared::Same) {
            write.action = Action::Skip;
            same.insert(write.name.clone());
        }
    }
    drop(compared);
    for write in collected
        .iter()
        .filter(|write| write.action == Action::Skip)
    {
        let is_verified = same.contains(&write.name);
        remember_skipped(write, is_verified, recall, learned);
    }
    Ok(())
}

/// Remembers what a file was made of that stays as it is.
fn remember_skipped(write: &Write, is_verified: bool, recall: &Recall, learned: &mut Recall) {
    let (Some(source), Some(object)) = (write.source(), &write.there) else {
        return;
    };
    let name = write.name.as_str();
    let is_verified = is_verified || recall.origins.vouches(name, source, object);
    if let Some(tag) = object.tag().filter(|_| !object.is_link) {
        let now = SystemTime::now();
        learned.origins.add(name, source, &tag, is_verified, now);
    }
}

/// Returns the collected files on a disk that stay as they are, and are not what their source is: somebody has
/// edited them there. Of those that `is_asked` takes.
///
/// # Errors
/// A source or a file that cannot be read.
pub(in crate::staticfiles) async fn edited_there(
    collected: &[Write],
    is_asked: &(dyn Fn(&Write) -> bool + Sync),
    places: &Places,
    (recall, learned): (&Recall, &mut Recall),
    jobs: usize,
) -> Result<HashSet<Name>> {
    let stays = collected
        .iter()
        .filter(|write| write.action == Action::Skip && is_asked(write));
    let asked = stays.filter_map(|write| {
        let (source, object) = (write.source()?, write.there.clone()?);
        let name = write.name.as_str();
        let is_known = object.is_link || learned.origins.vouches(name, source, &object);
        (!is_known).then_some((write, object))
    });
    let asked: Vec<(&Write, Object)> = asked.collect();
    let mut compared = stream::iter(asked)
        .map(|(write, object)| async move {
            let told = match object.size == write.size() {
                true => compare(write, &object, places.of_kind(write.kind), recall).await,
                false => Ok(Compared::Different),
            };
            (write, told)
        })
        .buffer_unordered(jobs.max(1));
    let mut edited = HashSet::new();
    while let Some((write, told)) = compared.next().await {
        match told? {
            Compared::Same => remember_skipped(write, true, recall, learned),
            _ => {
                edited.insert(write.name.clone());
            }
        }
    }
    Ok(edited)
}

/// Skips what is in the destination with the same content. Returns how many objects were asked for one
/// by one; what ETags have told is `learned`.
///
/// Collected files on a disk were decided about before ([`skip_same_content`]), and so were their copies. A name that two writes have
/// is not compared: the first will change what is there.
///
/// # Errors
/// A source or an object that cannot be read; a bucket that does not answer.
pub(in crate::staticfiles) async fn skip_unchanged(
    writes: &mut [Write],
    places: &Places,
    destination: &Destination,
    (recall, learned): (&Recall, &mut Recall),
    jobs: usize,
) -> Result<usize> {
    if !writes.iter().any(|write| write.there.is_some()) {
        return Ok(0);
    }
    let key = |write: &Write| {
        let is_apart = places.are_two() && write.kind.goes_with_manifest();
        (is_apart, write.name.clone())
    };
    let mut times: HashMap<(bool, Name), usize> = HashMap::with_capacity(writes.len());
    for write in writes.iter() {
        *times.entry(key(write)).or_default() += 1;
    }
    let written = written_on_disk(writes, destination);
    let candidates = writes.iter_mut().filter(|write| {
        let is_decided = destination.is_local
            && match write.kind {
                Kind::Collected => true,
                // Otherwise a copy would be older than its original, and a large one not be sent.
                Kind::Compressed { is_hashed: false } => written.contains(&write.original),
                _ => false,
            };
        write.action == Action::Copy && !is_decided && times.get(&key(write)) == Some(&1)
    });
    let pairs = candidates.filter_map(|write| {
        let object = write.there.clone()?;
        (object.size == write.size() && !object.is_link).then_some((write, object))
    });
    let mut compared = stream::iter(pairs)
        .map(|(write, object)| async move {
            let told = compare(write, &object, places.of_kind(write.kind), recall).await;
            (write, told)
        })
        .buffer_unordered(jobs.max(1));
    let mut by_etag = ByEtag::default();
    while let Some((write, told)) = compared.next().await {
        match told? {
            Compared::Same => {
                write.action = Action::Skip;
                by_etag.same += 1;
            }
            Compared::Different => {}
            Compared::EtagDiffers => by_etag.others.push(write),
            Compared::Untold => by_etag.untold.push(write),
        }
    }
    drop(compared);
    let known = recall.etags_are_md5s();
    let (asked, are_md5s) = by_etag.ask_where_needed(places, known, jobs).await?;
    learned.set_etags_are_md5s(are_md5s);
    Ok(asked)
}

/// Returns the names of the collected files that are written to a disk.
fn written_on_disk(writes: &[Write], destination: &Destination) -> HashSet<Name> {
    let is_written = |write: &&Write| write.kind == Kind::Collected && write.action == Action::Copy;
    let written = writes
        .iter()
        .filter(|_| destination.is_local)
        .filter(is_written);
    written.map(|write| write.name.clone()).collect()
}

/// What ETags have told of the writes whose object is there.
#[derive(Default)]
struct ByEtag<'a> {
    same: usize,
    /// The ETag has the form of an MD5, and another value.
    others: Vec<&'a mut Write>,
    untold: Vec<&'a mut Write>,
}

impl ByEtag<'_> {
    /// Skips what the digests beside the objects tell to be the same, where ETags tell nothing.
    ///
    /// Services have ETags of 32 digits that are no MD5s, and so have buckets that encrypt, for what was
    /// put since they do. Where nothing is `known` and others are MD5s, one object tells for all.
    ///
    /// Returns how many objects were asked for, and whether ETags are MD5s.
    async fn ask_where_needed(
        mut self,
        places: &Places,
        known: Option<bool>,
        jobs: usize,
    ) -> Result<(usize, Option<bool>)> {
        let mut are_md5s = known;
        let mut asked = self.untold.len();
        ask(self.untold, places, jobs).await?;
        if known.is_none()
            && self.same > 0
            && let Some(sample) = self.others.pop()
        {
            let storage = places.of_kind(sample.kind);
            let is_same = ask(vec![sample], places, jobs).await? > 0;
            are_md5s = Some(!is_same && storage.etags_follow_rule() != Some(false));
            asked += usize::from(are_md5s == Some(false));
        }
        if are_md5s == Some(false) || known.is_none() && self.same == 0 {
            asked += self.others.len();
            if ask(self.others, places, jobs).await? > 0 {
                are_md5s = Some(false);
            }
        } else if self.others.is_empty() && self.same > 0 {
            are_md5s = are_md5s.or(Some(true));
        }
        Ok((asked, are_md5s))
    }
}

/// Asks for the digests that are kept beside objects, and skips what is the same. Returns how many are.
async fn ask(writes: Vec<&mut Write>, places: &Places, jobs: usize) -> Result<usize> {
    let mut same = 0;
    let mut answers = stream::iter(writes)
        .map(|write| async move {
            let storage = places.of_kind(write.kind);
            let is_same = match material(write) {
                Some(material) => etag::by_kept_digest(storage, &write.name, material).await,
                None => Ok(false),
            };
            (write, is_same)
        })
        .buffer_unordered(jobs.max(1));
    while let Some((write, is_same)) = answers.next().await {
        if is_same? {
            write.action = Action::Skip;
            same += 1;
        }
    }
    Ok(same)
}

/// What is known of a write beside the object that is there.
enum Compared {
    Same,
    Different,
    /// The ETag has the form of an MD5, and another value.
    EtagDiffers,
    /// Only what is kept beside the object can tell.
    Untold,
}

async fn compare(
    write: &Write,
    object: &Object,
    storage: &dyn Storage,
    recall: &Recall,
) -> Result<Compared> {
    let Some(material) = material(write) else {
        return Ok(Compared::Different);
    };
    if storage.path(&write.name).is_none() {
        return Ok(match etag::by_etag(storage, object, material).await? {
            Told::Same => Compared::Same,
            Told::Other => Compared::EtagDiffers,
            Told::Nothing => Compared::Untold,
        });
    }
    let there = match recall.made(write.name.as_str(), object) {
        Some(md5) => md5,
        None => etag::digest_object(storage, &write.name).await?,
    };
    let here = match (material.md5, material.content) {
        (Some(md5), _) => md5,
        (None, MaterialContent::Bytes(bytes)) => Md5Sum::of(bytes),
        (None, MaterialContent::File(_)) => return Ok(Compared::Different),
    };
    Ok(match here == there {
        true => Compared::Same,
        false => Compared::Different,
    })
}

/// What a write would put, if it can be digested.
fn material(write: &Write) -> Option<Material<'_>> {
    let content = match &write.content {
        WriteContent::Source { file, .. } => MaterialContent::File(&file.path),
        WriteContent::Bytes(bytes) => MaterialContent::Bytes(bytes),
        WriteContent::Link(_) | WriteContent::AsItIs { .. } => return None,
    };
    let md5 = write.md5;
    Some(Material { content, md5 })
}
