//! Reading through a storage that has `gzip` on: what is stored compressed comes plain, all else as
//! [`read`](crate::read) gives it.
//!
//! How long the plain content is stands in the last four bytes, which are asked for by themselves. A
//! range is counted in plain bytes, so all before it has to be read; whether it is needed is looked at
//! first, since the service counts in stored bytes.

use std::{future::ready, ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use storehouse_storage::{
    ByteRange, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result, guess_content_encoding,
};

use crate::{
    bucket::Bucket,
    gzip::{GZIP, LENGTH_BYTES, decoded},
    read,
};

/// Opens an object.
pub(crate) async fn open(
    bucket: &Arc<Bucket>,
    name: &Name,
    key: String,
    options: &OpenOptions,
) -> Result<Reader> {
    if options.range.is_some() && !is_gzip(&read::stat(bucket, name, &key).await?) {
        return read::open(bucket, name, key, options).await;
    }
    let stored = read::open(bucket, name, key.clone(), &OpenOptions::default()).await?;
    if !is_gzip(stored.entry()) {
        return match &options.range {
            // It was replaced between the two looks.
            Some(_) => Err(Error::replaced_meanwhile()),
            None => Ok(stored),
        };
    }
    let size = plain_size(bucket, key, stored.entry()).await?;
    let range = match &options.range {
        Some(range) => range.resolve(size)?,
        None => 0..size,
    };
    let mut entry = stored.entry().clone();
    entry.size = size;
    entry.attributes.content_encoding = None;
    let whole = options.range.is_none();
    let plain = decoded(stored);
    Ok(match whole {
        true => Reader::new(entry, range, plain),
        false => Reader::new(entry, range.clone(), part(plain, range)),
    })
}

/// Whether an object was compressed on its way into the bucket. An `.svgz` was so before.
fn is_gzip(entry: &Entry) -> bool {
    if guess_content_encoding(&entry.name).is_some() {
        return false;
    }
    let encoding = entry.attributes.content_encoding.as_deref();
    encoding.is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case(GZIP))
}

/// Reads how long the plain content of `stored` is.
async fn plain_size(bucket: &Arc<Bucket>, key: String, stored: &Entry) -> Result<u64> {
    let options = OpenOptions::default().with_range(ByteRange::Suffix(LENGTH_BYTES));
    let last = match read::open(bucket, &stored.name, key, &options).await {
        Ok(last) if last.entry().etag == stored.etag => last.into_bytes().await?,
        Ok(_) => return Err(Error::replaced_meanwhile()),
        // An empty object has no range.
        Err(error) if error.kind() == ErrorKind::RangeNotSatisfiable => Bytes::new(),
        Err(error) => return Err(error),
    };
    match <[u8; 4]>::try_from(&*last) {
        Ok(length) => Ok(u32::from_le_bytes(length).into()),
        Err(_) => Err(Error::new(
            ErrorKind::Integrity,
            "what is stored says that it is gzip, but is too short for it",
        )),
    }
}

/// The bytes `range` of a stream. What comes after them is not read.
fn part(
    plain: impl Stream<Item = Result<Bytes>> + Send + 'static,
    range: Range<u64>,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let mut at = 0;
    let end = range.end;
    plain
        .map_ok(move |mut block| {
            let start = at;
            at += block.len() as u64;
            let position =
                |byte: u64| usize::try_from(byte.saturating_sub(start)).unwrap_or(usize::MAX);
            block.truncate(position(range.end));
            let skipped = position(range.start).min(block.len());
            (start, block.split_off(skipped))
        })
        .take_while(move |block| ready(block.as_ref().map_or(true, |(start, _)| *start < end)))
        .map_ok(|(_, block)| block)
        .try_filter(|block| ready(!block.is_empty()))
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_part_has_the_bytes_of_its_range() {
        let all: Vec<u8> = (0..100).collect();
        for range in [0..100, 0..1, 99..100, 10..20, 5..95, 30..31] {
            for block in [1, 7, 10, 100] {
                let blocks: Vec<_> = all
                    .chunks(block)
                    .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
                    .collect();

                let found: Vec<Bytes> = part(stream::iter(blocks), range.clone())
                    .try_collect()
                    .await
                    .unwrap();

                let expected: Vec<u8> = (0..100)
                    .filter(|byte| range.contains(&u64::from(*byte)))
                    .collect();
                assert_eq!(found.concat(), expected, "{range:?} in {block}");
            }
        }
    }
}
