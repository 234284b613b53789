//! Reads the sources, each once: digests, and the contents that are needed. Some threads share the
//! files; nothing is decided here.

use std::{
    fs,
    panic::resume_unwind,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use bytes::Bytes;
use storehouse_storage::{Error, ErrorKind, Result};

use super::{digest::Md5Sum, finders::Found, recall::Recall, walk::unreadable};

/// Contents of files up to this size are kept for writing, since they were read anyway.
const HELD_FILE_BYTES: u64 = 1024 * 1024;
/// All that is kept so: memory must not grow with what is collected.
const HELD_BYTES: u64 = 96 * 1024 * 1024;

/// What has to be known of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing.
    Nothing,
    /// Its digest.
    Digest,
    /// All of it, and its digest.
    Content,
}

/// What is known of a source.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) md5: Option<Md5Sum>,
    pub(super) content: Option<Bytes>,
}

/// Returns what `wants` says of each file, on the blocking pool.
///
/// # Errors
/// A source that cannot be read.
pub(super) async fn read_all(
    wanted: Vec<Found>,
    wants: Vec<Want>,
    recall: Recall,
) -> Result<(Vec<Found>, Vec<Known>, Recall)> {
    let reading = tokio::task::spawn_blocking(move || {
        let known = on_all_processors(&wanted, &wants, &recall)?;
        Ok((wanted, known, recall))
    });
    reading
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Other, error.to_string())))
}

fn on_all_processors(wanted: &[Found], wants: &[Want], recall: &Recall) -> Result<Vec<Known>> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(wanted.len().max(1));
    let (next, held) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> Result<Vec<(usize, Known)>> {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(found), Some(&want)) = (wanted.get(index), wants.get(index)) else {
                return Ok(done);
            };
            if want != Want::Nothing {
                done.push((index, read(found, want, recall, &held)?));
            }
        }
    };
    let parts: Vec<Result<Vec<(usize, Known)>>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        workers.into_iter().map(join).collect()
    });
    let mut known = vec![Known::default(); wanted.len()];
    for part in parts {
        for (index, one) in part? {
            known[index] = one;
        }
    }
    Ok(known)
}

fn read(found: &Found, want: Want, recall: &Recall, held: &AtomicU64) -> Result<Known> {
    let source = &found.source;
    let failed = |error| unreadable(&source.path, error);
    let remembered = recall.source(source);
    if let (Want::Digest, Some(md5)) = (want, remembered) {
        return Ok(Known {
            md5: Some(md5),
            content: None,
        });
    }
    let is_small = source.size <= HELD_FILE_BYTES;
    let is_held = want == Want::Content
        || is_small && held.fetch_add(source.size, Ordering::Relaxed) + source.size <= HELD_BYTES;
    if !is_held {
        let md5 = Md5Sum::of_file(&source.path).map_err(failed)?;
        return Ok(Known {
            md5: Some(md5),
            content: None,
        });
    }
    let content = Bytes::from(fs::read(&source.path).map_err(failed)?);
    Ok(Known {
        md5: Some(remembered.unwrap_or_else(|| Md5Sum::of(&content))),
        content: Some(content),
    })
}
