//! Which writes would change nothing: compares contents with what the destination has, by digests
//! that are known, by a bucket's ETags, and only where both tell nothing by reading or asking.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use storehouse_storage::{Name, Result, Storage};

use super::{
    destination::{Destination, Object},
    digest::{self, Material, MaterialContent, Md5Sum, Told},
    finders::Found,
    places::Places,
    plan::{Action, Kind, Write, WriteContent},
    recall::Recall,
};

/// Returns whether the content of a found file will be compared: where a bucket has an object of its
/// size.
pub(super) fn is_compared(found: &Found, destination: &Destination) -> bool {
    let object = destination.objects.get(&found.name);
    !destination.is_local && object.is_some_and(|object| object.size == found.source.size)
}

/// What comparing gave, besides the writes that it skips.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How many objects were asked for one by one.
    pub(super) asked: usize,
    /// Whether ETags that look like MD5s are MD5s, if that was seen.
    pub(super) etags_are_md5s: Option<bool>,
}

/// Skips what is in the destination with the same content.
///
/// Collected files on a disk were decided about before, by their times. A name that two writes have
/// is not compared: the first will change what is there.
///
/// # Errors
/// A source or an object that cannot be read; a bucket that does not answer.
pub(super) async fn skip_unchanged(
    writes: &mut [Write],
    places: &Places,
    destination: &Destination,
    recall: &Recall,
    jobs: usize,
) -> Result<Outcome> {
    if !writes.iter().any(|write| write.there.is_some()) {
        return Ok(Outcome::default());
    }
    let key = |write: &Write| {
        let is_apart = places.are_two() && write.kind.goes_with_manifest();
        (is_apart, write.name.clone())
    };
    let mut times: HashMap<(bool, Name), usize> = HashMap::with_capacity(writes.len());
    for write in writes.iter() {
        *times.entry(key(write)).or_default() += 1;
    }
    let candidates = writes.iter_mut().filter(|write| {
        let is_decided = destination.is_local && write.kind == Kind::Collected;
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
    let (mut same, mut others, mut to_ask) = (0, Vec::new(), Vec::new());
    while let Some((write, told)) = compared.next().await {
        match told? {
            Compared::Same => {
                write.action = Action::Skip;
                same += 1;
            }
            Compared::Different => {}
            told @ Compared::EtagDiffers => others.push((write, told)),
            told @ Compared::Untold => to_ask.push((write, told)),
        }
    }
    drop(compared);
    // Services have ETags of 32 digits that are no MD5s, and so have buckets that encrypt. Where the
    // last run saw no such one, or else where most are MD5s, the others tell of other contents.
    let known = recall.etags_are_md5s();
    if known == Some(false) || known.is_none() && others.len() > same {
        to_ask.append(&mut others);
    }
    let (asked, unlike) = ask(to_ask, places, jobs).await?;
    let etags_are_md5s = match unlike {
        true => Some(false),
        false if same > 0 && others.is_empty() => Some(true),
        false => known,
    };
    Ok(Outcome {
        asked,
        etags_are_md5s,
    })
}

/// Asks for the digests that are kept beside objects, and skips what is the same. Returns how many
/// were asked for, and whether an ETag that looked like an MD5 was none.
async fn ask(
    writes: Vec<(&mut Write, Compared)>,
    places: &Places,
    jobs: usize,
) -> Result<(usize, bool)> {
    let asked = writes.len();
    let mut unlike = false;
    let mut answers = stream::iter(writes)
        .map(|(write, told)| async move {
            let storage = places.of_kind(write.kind);
            let same = match material(write) {
                Some(material) => digest::by_kept_digest(storage, &write.name, material).await,
                None => Ok(false),
            };
            (write, told, same)
        })
        .buffer_unordered(jobs.max(1));
    while let Some((write, told, same)) = answers.next().await {
        if same? {
            write.action = Action::Skip;
            unlike |= told == Compared::EtagDiffers;
        }
    }
    drop(answers);
    Ok((asked, unlike))
}

/// What is known of a write beside the object that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        return Ok(match digest::by_etag(storage, object, material).await? {
            Told::Same => Compared::Same,
            Told::Other => Compared::EtagDiffers,
            Told::Nothing => Compared::Untold,
        });
    }
    let there = match recall.made(write.name.as_str(), object) {
        Some(md5) => md5,
        None => digest::digest_object(storage, &write.name).await?,
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
