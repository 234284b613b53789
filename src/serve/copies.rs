//! A file and its compressed copies, as they are stored: which there are, and which belong together. It
//! decides nothing about answers, and keeps nothing.

use bytes::Bytes;
use futures::future;
use storehouse_storage::{Entry, Error, Name, Result};

use super::source::Source;
use crate::{
    staticfiles::{compress::decodes_to, on_the_blocking_pool},
    storages::Coding,
};

/// A file of up to this many bytes is read whole, for its tag, and kept if there is room.
const SMALL: u64 = 8 * 1024 * 1024;

/// A file as it is, then its compressed copies.
pub(super) type Seen = Vec<(Option<Coding>, Entry)>;

/// A file, or a compressed copy of one, that was read if it is small.
#[derive(Debug)]
pub(super) struct StoredCopy {
    pub(super) coding: Option<Coding>,
    pub(super) entry: Entry,
    pub(super) content: Option<Bytes>,
}

/// Looks what there is of a file: itself, then its compressed copies. Nothing if it is not there.
pub(super) async fn look(source: &Source, name: &Name) -> Result<Seen> {
    let Some(plain) = source.stat(name).await? else {
        return Ok(Vec::new());
    };
    let mut copies = vec![(None, plain)];
    let names = Coding::ALL.into_iter().filter_map(|coding| {
        let copy = Name::new(format!("{name}{}", coding.suffix())).ok()?;
        Some((coding, copy))
    });
    let looks = names.map(|(coding, copy)| async move {
        let entry = source.stat(&copy).await?;
        Ok::<_, Error>(entry.map(|entry| (Some(coding), entry)))
    });
    copies.extend(future::try_join_all(looks).await?.into_iter().flatten());
    Ok(copies)
}

/// Reads a small file; of a large one there is only its entry. `None` if it is no longer there.
async fn read_small(source: &Source, seen: Entry) -> Result<Option<(Entry, Option<Bytes>)>> {
    if seen.size > SMALL {
        return Ok(Some((seen, None)));
    }
    let Some(reader) = source.open(&seen.name, None).await? else {
        return Ok(None);
    };
    let entry = reader.entry().clone();
    if entry.size > SMALL {
        return Ok(Some((entry, None)));
    }
    Ok(Some((entry, Some(reader.into_bytes().await?))))
}

/// Reads what is small of a file and its copies. Nothing if the file went meanwhile.
pub(super) async fn read(source: &Source, seen: &Seen) -> Result<Vec<StoredCopy>> {
    let mut copies = Vec::with_capacity(seen.len());
    for (coding, entry) in seen {
        match read_small(source, entry.clone()).await? {
            Some((entry, content)) => copies.push(StoredCopy {
                coding: *coding,
                entry,
                content,
            }),
            None if coding.is_none() => return Ok(Vec::new()),
            None => {}
        }
    }
    Ok(copies)
}

/// Leaves out the copies of another content than that of the file, which is the first: what a coding
/// decodes to is the representation itself (RFC 9110, section 8.4). `is_hashed` says whether the file's name has
/// the hash of its content.
pub(super) async fn belonging(
    mut copies: Vec<StoredCopy>,
    is_hashed: bool,
) -> Result<Vec<StoredCopy>> {
    if copies.len() < 2 {
        return Ok(copies);
    }
    on_the_blocking_pool(move || {
        let plain = copies.remove(0);
        copies.retain(|copy| belongs(copy, &plain, is_hashed));
        copies.insert(0, plain);
        copies
    })
    .await
}

/// Whether a copy is one of this content. Of a large one, and of one in a coding that this build does not
/// know, the name has to tell, since a hash stands for one content, or the times.
fn belongs(copy: &StoredCopy, plain: &StoredCopy, is_hashed: bool) -> bool {
    let by_content = match (copy.coding, &copy.content, &plain.content) {
        (Some(coding), Some(encoded), Some(plain)) => decodes_to(coding, encoded, plain),
        _ => None,
    };
    let belongs =
        by_content.unwrap_or_else(|| is_hashed || copy.entry.modified >= plain.entry.modified);
    if !belongs {
        let (name, of) = (copy.entry.name.as_str(), plain.entry.name.as_str());
        tracing::debug!(
            ?name,
            ?of,
            "not sent as a compressed copy: its content is another one"
        );
    }
    belongs
}
