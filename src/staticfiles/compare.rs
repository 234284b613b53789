//! Which writes would change nothing: compares contents with what the destination has, by digests
//! that are known, by a bucket's ETags, and only where both tell nothing by reading or asking.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use storehouse_storage::{Name, Result, Storage};

use super::{
    destination::{Destination, Object},
    digest::{self, Material, MaterialContent, Md5Sum, Same},
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

/// Skips what is in the destination with the same content. Returns how many objects were asked for
/// one by one.
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
    let candidates = writes.iter_mut().filter(|write| {
        let is_decided = destination.is_local && write.kind == Kind::Collected;
        write.action == Action::Copy && !is_decided && times.get(&key(write)) == Some(&1)
    });
    let pairs = candidates.filter_map(|write| {
        let object = write.there.clone()?;
        (object.size == write.size() && !object.is_link).then_some((write, object))
    });
    let mut asked = 0;
    let mut compared = stream::iter(pairs)
        .map(|(write, object)| async move {
            let storage = places.of_kind(write.kind);
            let same = is_same(write, &object, storage, recall).await;
            (write, same)
        })
        .buffer_unordered(jobs.max(1));
    while let Some((write, same)) = compared.next().await {
        let same = same?;
        asked += usize::from(same.asked);
        if same.is_same {
            write.action = Action::Skip;
        }
    }
    Ok(asked)
}

async fn is_same(
    write: &Write,
    object: &Object,
    storage: &dyn Storage,
    recall: &Recall,
) -> Result<Same> {
    let content = match &write.content {
        WriteContent::Source { file, .. } => MaterialContent::File(&file.path),
        WriteContent::Bytes(bytes) => MaterialContent::Bytes(bytes),
        WriteContent::Link(_) | WriteContent::AsItIs { .. } => return Ok(Same::default()),
    };
    if storage.path(&write.name).is_none() {
        let md5 = write.md5;
        return digest::is_same(storage, &write.name, object, Material { content, md5 }).await;
    }
    let there = match recall.made(write.name.as_str(), object) {
        Some(md5) => md5,
        None => digest::digest_object(storage, &write.name).await?,
    };
    let here = match (write.md5, content) {
        (Some(md5), _) => md5,
        (None, MaterialContent::Bytes(bytes)) => Md5Sum::of(bytes),
        (None, MaterialContent::File(_)) => return Ok(Same::default()),
    };
    Ok(Same {
        is_same: here == there,
        asked: false,
    })
}
