//! Both streams of a storage: [`Content`] goes in, [`Reader`] comes out. Neither holds more than
//! a block or two in memory, and neither knows a storage.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use storehouse_storage::Content;
//!
//! let bytes = Content::from("some text");
//! let file = Content::from_path("video.mp4").await?;
//! let pipe = Content::from_reader(tokio::io::empty()).with_length(0);
//! # Ok(()) }
//! ```

use std::{
    fmt,
    fs::File,
    io,
    ops::Range,
    path::Path,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures::{
    TryStreamExt,
    stream::{self, BoxStream, Stream, StreamExt},
};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    local_file::{LocalFile, run_blocking},
};

/// One read of an `AsyncRead`.
const READER_BLOCK: usize = 64 * 1024;

/// What is to be saved: bytes, a file, an `AsyncRead` or a stream.
///
/// As a [`Stream`] it gives the blocks. A declared length is checked here, for every driver: a
/// content that turns out shorter or longer ends in an error of [`ErrorKind::Content`].
pub struct Content {
    blocks: BoxStream<'static, Result<Bytes>>,
    length: Option<u64>,
    seen: u64,
    origin: Origin,
}

/// Where the same content can be had once more.
#[derive(Clone)]
enum Origin {
    Bytes(Bytes),
    File(LocalFile),
    OnePass,
}

impl Content {
    /// Takes bytes that are in memory. Replayable, length known.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        let blocks = stream::iter((!bytes.is_empty()).then(|| Ok(bytes.clone()))).boxed();
        Self::new(blocks, length, Origin::Bytes(bytes))
    }

    /// Opens a file and takes all of it. Replayable, length known.
    ///
    /// # Errors
    /// What opening the file gives. A folder is refused with [`io::ErrorKind::IsADirectory`].
    pub async fn from_path(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        run_blocking(move || Self::from_file(File::open(path)?)).await?
    }

    /// Takes all of the file at `path`, which has `length` bytes and is opened only when it is
    /// read: one hop to the blocking pool less for each of many small files. Replayable.
    ///
    /// The caller has looked at the file: it is a regular one, and `length` is its size. Another
    /// size, or a file that cannot be opened, is an error of [`ErrorKind::Content`] while reading.
    pub fn at_path(path: impl AsRef<Path>, length: u64) -> Self {
        Self::of_local_file(LocalFile::at(path.as_ref(), length))
    }

    /// Takes all of an open file, from its first byte on. Replayable, length known; a pipe or a
    /// device is read once, with no length.
    ///
    /// It asks the system for the file's size, which may block for the time of one `fstat`.
    ///
    /// # Errors
    /// What asking for the size gives.
    pub fn from_file(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Ok(Self::from_reader(tokio::fs::File::from_std(file)));
        }
        Ok(Self::of_local_file(LocalFile::opened(file, metadata.len())))
    }

    /// Takes what a reader gives. One pass; no length unless [`with_length`](Self::with_length) says.
    pub fn from_reader(reader: impl AsyncRead + Send + 'static) -> Self {
        let blocks = ReaderStream::with_capacity(reader, READER_BLOCK).map_err(content_error);
        Self::new(blocks.boxed(), None, Origin::OnePass)
    }

    /// Takes what a stream gives. One pass; no length unless [`with_length`](Self::with_length) says.
    pub fn from_stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let blocks = stream.map_err(|error| content_error(io::Error::other(error)));
        Self::new(blocks.boxed(), None, Origin::OnePass)
    }

    /// Declares how many bytes there are, for a one-pass content. It is checked while reading.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// Returns how many bytes there are, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Returns the bytes if all of them are in memory and none was taken yet.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.origin {
            Origin::Bytes(bytes) if self.seen == 0 => Some(bytes),
            _ => None,
        }
    }

    /// For drivers: returns the file that the content is all of, if there is one and nothing was
    /// read of it yet.
    #[must_use]
    pub fn as_local_file(&self) -> Option<&LocalFile> {
        match &self.origin {
            Origin::File(file) if self.seen == 0 && self.length == Some(file.length()) => {
                Some(file)
            }
            _ => None,
        }
    }

    /// Returns whether [`replay`](Self::replay) gives the content once more.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !matches!(self.origin, Origin::OnePass)
    }

    /// Returns the same content from its first byte on, if it can be had twice.
    ///
    /// For a file this reads what the file holds by then; a change of its size is noticed.
    #[must_use]
    pub fn replay(&self) -> Option<Self> {
        match &self.origin {
            Origin::Bytes(bytes) => Some(Self::from_bytes(bytes.clone())),
            Origin::File(file) => Some(Self::of_local_file(file.clone())),
            Origin::OnePass => None,
        }
    }

    fn of_local_file(file: LocalFile) -> Self {
        let length = file.length();
        let blocks = file.clone().blocks(0..length, content_error);
        Self::new(blocks.boxed(), Some(length), Origin::File(file))
    }

    fn new(blocks: BoxStream<'static, Result<Bytes>>, length: Option<u64>, origin: Origin) -> Self {
        Self {
            blocks,
            length,
            seen: 0,
            origin,
        }
    }
}

impl Stream for Content {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let block = ready!(self.blocks.poll_next_unpin(cx));
        let this = &mut *self;
        Poll::Ready(checked(
            block,
            &mut this.seen,
            this.length,
            |seen, length| {
                let problem = format!("the content has {seen} bytes, {length} were declared");
                Error::new(ErrorKind::Content, problem)
            },
        ))
    }
}

impl<T: Into<Bytes>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Self::from_bytes(bytes)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("length", &self.length)
            .field("replayable", &self.is_replayable())
            .finish_non_exhaustive()
    }
}

/// The content of an object on its way out, read as it is asked for.
///
/// As a [`Stream`] it gives blocks of the bytes in [`range`](Self::range). A stream that ends too
/// early is an error of [`ErrorKind::Integrity`], never a short success. Dropping it stops reading.
pub struct Reader {
    entry: Entry,
    range: Range<u64>,
    seen: u64,
    blocks: BoxStream<'static, Result<Bytes>>,
}

impl Reader {
    /// For drivers: `blocks` gives the bytes `range` of the object that `entry` describes.
    pub fn new(
        entry: Entry,
        range: Range<u64>,
        blocks: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self {
            entry,
            range,
            seen: 0,
            blocks: blocks.boxed(),
        }
    }

    /// For drivers: gives `range` of a regular file, in blocks of 256 KiB read on the blocking pool.
    pub fn from_file(entry: Entry, range: Range<u64>, file: File) -> Self {
        let file = LocalFile::opened(file, range.end);
        let blocks = file.blocks(range.clone(), Error::from_io);
        Self::new(entry, range, blocks)
    }

    /// Returns what the storage knows of the whole object.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Returns which bytes of the object come, the end exclusive.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Reads all that is left into memory.
    ///
    /// # Errors
    /// What reading gives; [`ErrorKind::Integrity`] if the content ends too early.
    pub async fn into_bytes(mut self) -> Result<Bytes> {
        let Some(first) = self.try_next().await? else {
            return Ok(Bytes::new());
        };
        let left = self.range.end - self.range.start - self.seen;
        if left == 0 && self.try_next().await?.is_none() {
            return Ok(first);
        }
        let mut all = BytesMut::from(first);
        all.reserve(usize::try_from(left).unwrap_or_default());
        while let Some(block) = self.try_next().await? {
            all.extend_from_slice(&block);
        }
        Ok(all.freeze())
    }

    /// Reads all that is left as UTF-8.
    ///
    /// # Errors
    /// As [`into_bytes`](Self::into_bytes); [`ErrorKind::Integrity`] if it is not UTF-8.
    pub async fn into_text(self) -> Result<String> {
        let bytes = self.into_bytes().await?;
        String::from_utf8(bytes.into()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::new(
                ErrorKind::Integrity,
                format!("the content is not UTF-8 (byte {at})"),
            )
        })
    }

    /// Returns the content as an [`AsyncRead`]; errors come as [`io::Error`] with ours inside.
    pub fn into_async_read(self) -> impl AsyncRead + Send + Unpin + 'static {
        StreamReader::new(TryStreamExt::map_err(self, io::Error::from))
    }

    /// Returns the content as one to be saved elsewhere: one pass, length known.
    #[must_use]
    pub fn into_content(self) -> Content {
        let length = self.range.end - self.range.start;
        Content::from_stream(self).with_length(length)
    }

    /// For decorators: changes the entry, for example its name.
    #[must_use]
    pub fn map_entry(mut self, change: impl FnOnce(Entry) -> Entry) -> Self {
        self.entry = change(self.entry);
        self
    }

    /// For decorators: changes the errors of the stream.
    #[must_use]
    pub fn map_err(mut self, change: impl FnMut(Error) -> Error + Send + 'static) -> Self {
        self.blocks = TryStreamExt::map_err(self.blocks, change).boxed();
        self
    }
}

impl Stream for Reader {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let block = ready!(self.blocks.poll_next_unpin(cx));
        let this = &mut *self;
        let length = Some(this.range.end - this.range.start);
        Poll::Ready(checked(block, &mut this.seen, length, |seen, length| {
            let problem = format!("the content ended after {seen} of {length} bytes");
            Error::new(ErrorKind::Integrity, problem).with_retry(true)
        }))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("entry", &self.entry)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// Passes a block on, unless it shows that there are more or fewer bytes than `length`.
fn checked(
    block: Option<Result<Bytes>>,
    seen: &mut u64,
    length: Option<u64>,
    wrong: impl FnOnce(u64, u64) -> Error,
) -> Option<Result<Bytes>> {
    let ended = block.is_none();
    if let Some(Ok(bytes)) = &block {
        *seen += bytes.len() as u64;
    }
    match length {
        Some(length) if *seen > length || (ended && *seen < length) => {
            let error = wrong(*seen, length);
            // Said once: a stream that is polled after its error has ended.
            *seen = length;
            Some(Err(error))
        }
        _ => block,
    }
}

fn content_error(error: io::Error) -> Error {
    Error::new(
        ErrorKind::Content,
        format!("the content could not be read: {error}"),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content: Content) -> Result<Vec<u8>> {
        let blocks: Vec<Bytes> = content.try_collect().await?;
        Ok(blocks.concat())
    }

    #[tokio::test]
    async fn a_file_can_be_read_twice_and_in_blocks() {
        let path = std::env::temp_dir().join(format!("storehouse-content-{}", std::process::id()));
        let bytes: Vec<u8> = (0..600_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).unwrap();

        let content = Content::from_path(&path).await.unwrap();
        let again = content.replay().unwrap();
        std::fs::remove_file(&path).unwrap();

        assert_eq!(content.length(), Some(2_400_000));
        assert!(read(content).await.unwrap() == bytes);
        assert!(read(again).await.unwrap() == bytes);
    }

    #[tokio::test]
    async fn a_file_that_is_only_named_is_opened_when_it_is_read() {
        let path = std::env::temp_dir().join(format!("storehouse-at-path-{}", std::process::id()));
        let content = Content::at_path(&path, 5);
        let too_long = Content::at_path(&path, 4);
        let gone = Content::at_path(path.join("gone"), 5);
        std::fs::write(&path, "later").unwrap();

        let again = content.replay().unwrap();
        let (first, again) = (read(content).await, read(again).await);
        let (too_long, gone) = (read(too_long).await, read(gone).await.unwrap_err());
        std::fs::remove_file(&path).unwrap();

        assert_eq!(first.unwrap(), b"later");
        assert_eq!(again.unwrap(), b"later");
        assert_eq!(too_long.unwrap_err().kind(), ErrorKind::Content);
        assert_eq!(gone.kind(), ErrorKind::Content);
        assert!(gone.to_string().contains("storehouse-at-path"), "{gone}");
    }

    #[tokio::test]
    async fn a_content_of_another_length_than_declared_is_an_error() {
        for declared in [3, 5] {
            let content = Content::from_reader(&b"four"[..]).with_length(declared);

            let error = read(content).await.unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Content, "{declared}");
        }
        let content = Content::from_reader(&b"four"[..]).with_length(4);
        assert_eq!(read(content).await.unwrap(), b"four");
    }

    #[tokio::test]
    async fn a_reader_that_ends_early_is_an_error() {
        let entry = Entry::new(crate::Name::new("a").unwrap(), 10);
        let blocks = stream::iter([Ok(Bytes::from_static(b"half"))]);

        let error = Reader::new(entry, 0..10, blocks)
            .into_bytes()
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Integrity);
    }

    #[tokio::test]
    async fn a_one_pass_content_cannot_be_replayed() {
        assert!(Content::from_reader(tokio::io::empty()).replay().is_none());
        assert!(Content::from("bytes").replay().is_some());
    }
}
