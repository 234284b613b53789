//! Reads the sources, each once: digests, and the contents that are needed. Some threads share the
//! files; nothing is decided here.

use crate::staticfiles::model::known::{Known, Want};
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use storehouse_storage::Result;

use super::{arena::Arena, walk::unreadable};
use crate::staticfiles::{
    model::found::Found,
    run_cache::recall::Recall,
    support::{
        md5::{Md5Sum, by_size},
        parallel,
    },
};

/// Contents of files up to this size are kept for writing, since they were read anyway.
const HELD_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// All that is kept so: memory must not grow with what is collected.
const HELD_BYTES: u64 = 128 * 1024 * 1024;

/// Returns what `wants` says of each file, on the blocking pool.
///
/// # Errors
/// A source that cannot be read, or that has another size than was found.
pub(in crate::staticfiles) async fn read_all(
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

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nothing: its digest is known.
    Leave,
    /// It is digested block by block, since it is too large to be read whole for that.
    Stream,
    /// It is read and let go.
    Pass,
    /// It is read and held.
    Hold,
}

impl Reading<'_> {
    /// What each thread reads at a time, and then digests.
    fn groups(&self) -> Vec<Vec<usize>> {
        let wanted = (0..self.wanted.len()).filter(|&index| self.wants[index] != Want::Nothing);
        by_size(wanted, |index| self.wanted[index].source.size)
    }

    fn read(&self, group: &[usize]) -> Result<Vec<(usize, Known)>> {
        let recalled = |&index: &usize| self.recall.source(&self.wanted[index].source);
        let mut sums: Vec<Option<Md5Sum>> = group.iter().map(recalled).collect();
        let files: Vec<(usize, Way)> = group
            .iter()
            .zip(&sums)
            .map(|(&index, sum)| (index, self.way(index, sum.is_some())))
            .collect();
        let mut held = self.contents(&files, Way::Hold)?.into_iter();
        let mut passing = self.contents(&files, Way::Pass)?.into_iter();
        let contents = files.iter().map(|(_, way)| match way {
            Way::Leave | Way::Stream => None,
            Way::Pass => passing.next(),
            Way::Hold => held.next(),
        });
        let contents: Vec<Option<Bytes>> = contents.collect();
        digest(&contents, &mut sums);
        let mut known = Vec::with_capacity(files.len());
        for (((index, way), md5), content) in files.into_iter().zip(sums).zip(contents) {
            let md5 = match way {
                Way::Stream => Some(self.digest_streamed(index)?),
                _ => md5,
            };
            let content = content.filter(|_| way == Way::Hold);
            known.push((index, Known { md5, content }));
        }
        Ok(known)
    }

    fn way(&self, index: usize, is_known: bool) -> Way {
        let (size, want) = (self.wanted[index].source.size, self.wants[index]);
        if is_known && want == Want::Digest {
            return Way::Leave;
        }
        let is_small = size <= HELD_FILE_BYTES;
        let fits = || self.held.fetch_add(size, Ordering::Relaxed) + size <= HELD_BYTES;
        match want == Want::Content || is_small && fits() {
            true => Way::Hold,
            false if is_small => Way::Pass,
            false => Way::Stream,
        }
    }

    /// Returns the contents of those that are read this way, in one block: as long as one of them is
    /// in use, so is the memory of all.
    fn contents(&self, files: &[(usize, Way)], way: Way) -> Result<Vec<Bytes>> {
        let files = files.iter().filter(|(_, theirs)| *theirs == way);
        let sources = files.map(|(index, _)| &*self.wanted[*index].source);
        let mut arena = Arena::for_sources(sources.clone())?;
        let places = sources.map(|source| arena.read(source));
        let places: Vec<Range<usize>> = places.collect::<Result<_>>()?;
        let block = arena.freeze();
        Ok(places.into_iter().map(|place| block.slice(place)).collect())
    }

    fn digest_streamed(&self, index: usize) -> Result<Md5Sum> {
        let path = &self.wanted[index].source.path;
        Md5Sum::of_file(path).map_err(|error| unreadable(path, error))
    }
}

/// Digests the contents that have no digest yet, side by side.
fn digest(contents: &[Option<Bytes>], sums: &mut [Option<Md5Sum>]) {
    let undigested = contents.iter().zip(sums).filter_map(|(content, sum)| {
        let content = content.as_deref()?;
        sum.is_none().then_some((content, sum))
    });
    let (contents, sums): (Vec<&[u8]>, Vec<_>) = undigested.unzip();
    for (sum, digested) in sums.into_iter().zip(Md5Sum::of_each(&contents)) {
        *sum = Some(digested);
    }
}
