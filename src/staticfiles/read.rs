//! Reads the sources, each once: digests, and the contents that are needed. Some threads share the
//! files; nothing is decided here.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use storehouse_storage::Result;

use super::{
    digest::{Md5Sum, by_size},
    finders::Found,
    parallel,
    recall::Recall,
    walk::unreadable,
};

/// Contents of files up to this size are kept for writing, since they were read anyway.
const HELD_FILE_BYTES: u64 = 32 * 1024 * 1024;
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
    parallel::on_the_blocking_pool(move || {
        let reading = Reading {
            wanted: &wanted,
            wants: &wants,
            recall: &recall,
            held: AtomicU64::new(0),
        };
        let read = parallel::map(&reading.groups(), |group| reading.read(group));
        let mut known = vec![Known::default(); wanted.len()];
        for group in read {
            for (index, one) in group? {
                known[index] = one;
            }
        }
        Ok((wanted, known, recall))
    })
    .await?
}

/// What the threads share.
struct Reading<'a> {
    wanted: &'a [Found],
    wants: &'a [Want],
    recall: &'a Recall,
    /// Bytes kept so far.
    held: AtomicU64,
}

impl Reading<'_> {
    /// What each thread reads at a time, and then digests.
    fn groups(&self) -> Vec<Vec<usize>> {
        let wanted = (0..self.wanted.len()).filter(|&index| self.wants[index] != Want::Nothing);
        by_size(wanted, |index| self.wanted[index].source.size)
    }

    fn read(&self, group: &[usize]) -> Result<Vec<(usize, Known)>> {
        let mut known = Vec::with_capacity(group.len());
        let mut in_memory = Vec::new();
        for &index in group {
            let (one, content) = self.read_one(index)?;
            known.push((index, one));
            in_memory.push(content);
        }
        let undigested: Vec<usize> = (0..known.len())
            .filter(|&at| known[at].1.md5.is_none() && in_memory[at].is_some())
            .collect();
        let contents = undigested.iter().filter_map(|&at| in_memory[at].as_deref());
        let sums = Md5Sum::of_each(&contents.collect::<Vec<_>>());
        for (at, sum) in undigested.into_iter().zip(sums) {
            known[at].1.md5 = Some(sum);
        }
        Ok(known)
    }

    /// Returns what is known of a file, and its content if that is still to be digested.
    fn read_one(&self, index: usize) -> Result<(Known, Option<Bytes>)> {
        let (source, want) = (&self.wanted[index].source, self.wants[index]);
        let failed = |error| unreadable(&source.path, error);
        let mut known = Known {
            md5: self.recall.source(source),
            content: None,
        };
        if want == Want::Digest && known.md5.is_some() {
            return Ok((known, None));
        }
        let is_held = want == Want::Content
            || source.size <= HELD_FILE_BYTES
                && self.held.fetch_add(source.size, Ordering::Relaxed) + source.size <= HELD_BYTES;
        if !is_held && source.size > HELD_FILE_BYTES {
            known.md5 = Some(Md5Sum::of_file(&source.path).map_err(failed)?);
            return Ok((known, None));
        }
        let content = Bytes::from(fs::read(&source.path).map_err(failed)?);
        known.content = is_held.then(|| content.clone());
        Ok((known, Some(content)))
    }
}
