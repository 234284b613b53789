//! Copies all files of one storage to another: what `storehouse copy` does. It deletes nothing.
//!
//! One listing of each side decides: a file is left out if the destination has one of the same
//! size that has the same ETag (where both ETags tell of the content), or else is not older.
//!
//! ETags of one content differ all the same where services make them in other ways, or where parts
//! were cut in other ways. So a copy keeps the ETag of its source in its metadata, and where sizes
//! agree and ETags do not, one request asks the copy for it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use storehouse_storage::{
    Entry, Error, EtagRule, Name, OpenOptions, Result, SaveOptions, Storage, Target,
};

use super::metadata::{DIGEST_KEY, SOURCE_ETAG_KEY};

/// What happens to one file.
#[derive(Debug)]
pub enum Transfer {
    /// It was copied.
    Copied(Entry),
    /// It was there already.
    Unmodified(Entry),
    /// It could not be copied, or the listing broke off. Nothing new is started after it.
    Failed(Error),
}

/// Copies what is below `folder` (or all) from `source` to `destination`, `jobs` files at once,
/// under the same names and with their attributes. What is there is replaced.
///
/// Nothing happens unless the stream is read to its end; one that is dropped leaves no half file.
///
/// # Errors
/// As [`Storage::list`] of the destination.
pub async fn transfer(
    source: Arc<dyn Storage>,
    destination: Arc<dyn Storage>,
    folder: Option<Name>,
    jobs: usize,
) -> Result<BoxStream<'static, Transfer>> {
    let there = destination.list(folder.as_ref());
    let there = there.map_ok(|entry| (entry.name.clone(), entry));
    let there: Arc<HashMap<Name, Entry>> = Arc::new(there.try_collect().await?);
    let failed = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&failed);
    let transfers = source
        .list(folder.as_ref())
        .take_while(move |_| {
            let go_on = !stop.load(Ordering::Relaxed);
            async move { go_on }
        })
        .map(move |entry| {
            let (source, destination) = (Arc::clone(&source), Arc::clone(&destination));
            let (there, failed) = (Arc::clone(&there), Arc::clone(&failed));
            async move {
                let done = one(entry, &*source, &*destination, &there).await;
                done.unwrap_or_else(|error| {
                    failed.store(true, Ordering::Relaxed);
                    Transfer::Failed(error)
                })
            }
        });
    Ok(transfers.buffer_unordered(jobs.max(1)).boxed())
}

async fn one(
    entry: Result<Entry>,
    source: &dyn Storage,
    destination: &dyn Storage,
    there: &HashMap<Name, Entry>,
) -> Result<Transfer> {
    let entry = entry?;
    let rule = source.etag_rule(entry.size);
    let etags_tell = rule != EtagRule::Opaque && rule == destination.etag_rule(entry.size);
    if let Some(object) = there
        .get(&entry.name)
        .filter(|object| object.size == entry.size)
    {
        let is_same = match etags_tell {
            true => has_same_content(&entry, object, source, destination).await?,
            false => is_not_older(object, &entry),
        };
        if is_same {
            return Ok(Transfer::Unmodified(entry));
        }
    }
    let reader = source.open(&entry.name, &OpenOptions::default()).await?;
    let mut options = SaveOptions::default().with_attributes(reader.entry().attributes.clone());
    if let Some(etag) = reader.entry().etag.as_ref().filter(|_| etags_tell) {
        options = options.with_metadata(SOURCE_ETAG_KEY, etag);
    }
    let target = Target::Replace(entry.name.clone());
    destination
        .put(target, reader.into_content(), &options)
        .await?;
    Ok(Transfer::Copied(entry))
}

/// Compares two objects of one size by their ETags; where those differ, by what is kept beside the
/// copy: the ETag of its source, or the MD5 of its content.
async fn has_same_content(
    entry: &Entry,
    object: &Entry,
    source: &dyn Storage,
    destination: &dyn Storage,
) -> Result<bool> {
    let Some(etag) = &entry.etag else {
        return Ok(false);
    };
    if entry.etag == object.etag {
        return Ok(true);
    }
    let kept = destination.stat(&object.name).await?.attributes.metadata;
    if kept.get(SOURCE_ETAG_KEY) == Some(etag) {
        return Ok(true);
    }
    let Some(md5) = kept.get(DIGEST_KEY) else {
        return Ok(false);
    };
    if etag.eq_ignore_ascii_case(md5) {
        return Ok(true);
    }
    let of_source = source.stat(&entry.name).await?.attributes.metadata;
    Ok(of_source.get(DIGEST_KEY) == Some(md5))
}

fn is_not_older(object: &Entry, entry: &Entry) -> bool {
    matches!((entry.modified, object.modified), (Some(here), Some(there)) if there >= here)
}
