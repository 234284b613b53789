//! Copies all files of one storage to another: what `storehouse copy` does. It deletes nothing.
//!
//! One listing of each side decides: a file is left out if the destination has one of the same
//! size that has the same ETag (where both ETags tell of the content), or else is not older.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use storehouse_storage::{Entry, Error, EtagRule, Name, Result, Storage, StorageExt, Target};

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
    if there
        .get(&entry.name)
        .is_some_and(|object| is_same(&entry, object, source, destination))
    {
        return Ok(Transfer::Unmodified(entry));
    }
    source
        .copy_to(
            &entry.name,
            destination,
            Target::Replace(entry.name.clone()),
        )
        .await?;
    Ok(Transfer::Copied(entry))
}

fn is_same(entry: &Entry, object: &Entry, source: &dyn Storage, destination: &dyn Storage) -> bool {
    if entry.size != object.size {
        return false;
    }
    let rule = source.etag_rule(entry.size);
    if rule != EtagRule::Opaque && rule == destination.etag_rule(object.size) {
        return entry.etag.is_some() && entry.etag == object.etag;
    }
    matches!((entry.modified, object.modified), (Some(here), Some(there)) if there >= here)
}
