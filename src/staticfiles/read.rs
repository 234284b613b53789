//! Reads the sources, each once: digests, and the contents that are needed. Some threads share the
//! files; nothing is decided here.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use storehouse_storage::Result;

use super::{digest::Md5Sum, finders::Found, parallel, recall::Recall, walk::unreadable};

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
    parallel::on_the_blocking_pool(move || {
        let held = AtomicU64::new(0);
        let pairs: Vec<(&Found, Want)> = wanted.iter().zip(wants).collect();
        let known = parallel::map(&pairs, |(found, want)| read(found, *want, &recall, &held));
        let known = known.into_iter().collect::<Result<_>>()?;
        Ok((wanted, known, recall))
    })
    .await?
}

fn read(found: &Found, want: Want, recall: &Recall, held: &AtomicU64) -> Result<Known> {
    if want == Want::Nothing {
        return Ok(Known::default());
    }
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
