//! Contents for the checks: recognisable bytes of any size, and streams that go wrong.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use storehouse_storage::Content;

/// Small enough for any way of saving in one go.
pub(crate) const SMALL: usize = 3000;
/// Above the size from which buckets are written in parts: 8 MiB in the S3 driver.
pub(crate) const IN_PARTS: usize = 9 * 1024 * 1024 + 11;
/// Several parts, and more than any buffer should hold.
pub(crate) const LARGE: usize = 20 * 1024 * 1024 + 7;

/// How large a piece of [`sample`] is that tells its version and its place.
const PIECE: usize = 512;
/// What the one-pass streams here give at a time.
const BLOCK: usize = 256 * 1024;

/// Returns `size` bytes in which every 512 say which version and which place they are: no two
/// versions have any of them in common, so a mixed content is never equal to a whole one.
pub(crate) fn sample(version: u64, size: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(size + PIECE);
    let filler: Vec<u8> = (0..=250).cycle().take(PIECE - 16).collect();
    for piece in 0..size.div_ceil(PIECE) as u64 {
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&piece.to_le_bytes());
        bytes.extend_from_slice(&filler);
    }
    bytes.truncate(size);
    bytes.into()
}

/// Returns which version of [`sample`] these bytes are, if they are a whole one.
pub(crate) fn version_of(bytes: &[u8], sizes: &[usize]) -> Option<u64> {
    let version = u64::from_le_bytes(*bytes.first_chunk()?);
    let whole = sizes.contains(&bytes.len()) && sample(version, bytes.len()) == bytes;
    whole.then_some(version)
}

/// Returns `bytes` as a content that can be read once, has no length and makes its reader wait.
pub(crate) fn one_pass(bytes: &Bytes) -> Content {
    Content::from_stream(blocks(bytes).map(Ok::<Bytes, io::Error>))
}

/// Returns the first `count` of `bytes` and then fails.
pub(crate) fn failing_after(bytes: &Bytes, count: usize) -> Content {
    let given = blocks(&bytes.slice(..count)).map(Ok);
    let failure = stream::iter([Err(io::Error::other("the disk of the sender is gone"))]);
    Content::from_stream(given.chain(failure))
}

/// Returns a one-pass content, and whether all of it was taken by now.
pub(crate) fn watched(bytes: &Bytes) -> (Content, Arc<AtomicBool>) {
    let taken = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&taken);
    let blocks = blocks(bytes).chain(stream::poll_fn(move |_| {
        end.store(true, Ordering::SeqCst);
        Poll::Ready(None)
    }));
    (
        Content::from_stream(blocks.map(Ok::<Bytes, io::Error>)),
        taken,
    )
}

fn blocks(bytes: &Bytes) -> impl Stream<Item = Bytes> + Send + 'static {
    let block = BLOCK.min(bytes.len().div_ceil(4)).max(1);
    let starts = (0..bytes.len()).step_by(block);
    let bytes = bytes.clone();
    let blocks = starts.map(move |start| bytes.slice(start..bytes.len().min(start + block)));
    Hesitating {
        inner: stream::iter(blocks),
        hesitates: true,
    }
}

/// Answers "not yet" before every block, as a slow sender does, and wakes at once.
struct Hesitating<S> {
    inner: S,
    hesitates: bool,
}

impl<S: Stream + Unpin> Stream for Hesitating<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.hesitates = !self.hesitates;
        if !self.hesitates {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.inner.poll_next_unpin(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    #[test]
    fn two_versions_mixed_are_no_version() {
        let (old, new) = (sample(1, SMALL), sample(2, SMALL));
        let mixed = [&old[..SMALL / 2], &new[SMALL / 2..]].concat();

        assert_eq!(version_of(&old, &[SMALL]), Some(1));
        assert_eq!(version_of(&mixed, &[SMALL]), None);
        assert_eq!(version_of(&old[..SMALL / 2], &[SMALL]), None);
    }

    #[tokio::test]
    async fn a_one_pass_content_gives_all_bytes() {
        let bytes = sample(1, 2 * BLOCK + 5);

        let given: Vec<Bytes> = one_pass(&bytes).try_collect().await.unwrap();

        assert!(given.concat() == bytes);
        assert!(one_pass(&bytes).replay().is_none());
    }

    #[tokio::test]
    async fn a_failing_content_fails_after_what_it_gave() {
        let given: Vec<_> = failing_after(&sample(1, 100), 40).collect().await;

        let (last, before) = given.split_last().unwrap();
        let count: usize = before
            .iter()
            .map(|block| block.as_ref().unwrap().len())
            .sum();
        assert_eq!(count, 40);
        assert!(last.is_err());
    }
}
