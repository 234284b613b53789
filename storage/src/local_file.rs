//! A file on this machine as what a content or a reader gives: open already, or a path that is
//! opened at the first read. It is read in blocks on the blocking pool, by position; it knows no
//! storage.

use std::{fmt, fs::File, io, ops::Range, path::Path, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream};

use crate::error::{Error, ErrorKind, Result};

/// One read of a file. tokio's 8 KiB costs a hop to the blocking pool each; above 256 KiB nothing
/// more is gained, and a few of these are in flight for every save.
const FILE_BLOCK: usize = 256 * 1024;

/// The file that a [`Content`](crate::Content) is all of, for drivers that copy it by themselves:
/// from disk to disk the content need not come through memory block by block.
#[derive(Clone)]
pub struct LocalFile {
    place: Place,
    length: u64,
    must_end: bool,
}

#[derive(Clone)]
enum Place {
    Open(Arc<File>),
    At(Arc<Path>),
}

impl LocalFile {
    pub(crate) fn opened(file: File, length: u64) -> Self {
        Self {
            place: Place::Open(Arc::new(file)),
            length,
            must_end: false,
        }
    }

    pub(crate) fn at(path: &Path, length: u64) -> Self {
        Self {
            place: Place::At(path.into()),
            length,
            must_end: true,
        }
    }

    /// Returns how many bytes of it are the content. A driver that finds fewer answers with
    /// [`ErrorKind::Content`].
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns whether more bytes than [`length`](Self::length) are an error as well: somebody
    /// looked at the file before it was opened. Of a file that was open, what is added is left out.
    #[must_use]
    pub fn must_end(&self) -> bool {
        self.must_end
    }

    /// Returns the file, and opens it before if it is not open. That blocks.
    ///
    /// Others may read it at the same time: read by position (`pread`), not from where the file
    /// stands.
    ///
    /// # Errors
    /// [`ErrorKind::Content`], with the path, if it cannot be opened.
    pub fn open(&self) -> Result<Arc<File>> {
        match &self.place {
            Place::Open(file) => Ok(Arc::clone(file)),
            Place::At(path) => match File::open(path) {
                Ok(file) => Ok(Arc::new(file)),
                Err(error) => {
                    let problem = format!("{} cannot be opened: {error}", path.display());
                    Err(Error::new(ErrorKind::Content, problem).with_source(error))
                }
            },
        }
    }

    /// The bytes `range`, by positioned reads: two streams over one file do not meet. What reading
    /// gives is made an error by `failed`.
    pub(crate) fn blocks(
        self,
        range: Range<u64>,
        failed: fn(io::Error) -> Error,
    ) -> impl Stream<Item = Result<Bytes>> + Send {
        stream::try_unfold((self, range), move |(file, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let (file, block) = run_blocking(move || file.read(range.start, range.end, failed))
                .await
                .map_err(failed)??;
            // The file has become shorter: the length check of the stream above reports it.
            if block.is_empty() {
                return Ok(None);
            }
            let rest = range.start + block.len() as u64..range.end;
            Ok(Some((block, (file, rest))))
        })
    }

    /// Reads a block that starts at `start`, and returns the file as an open one with it.
    fn read(self, start: u64, end: u64, failed: fn(io::Error) -> Error) -> Result<(Self, Bytes)> {
        let size = usize::try_from(end - start).map_or(FILE_BLOCK, |left| left.min(FILE_BLOCK));
        // With a byte more than is wanted, a file that has grown is noticed without another read.
        let size = size + usize::from(self.must_end);
        let file = self.open()?;
        let mut block = BytesMut::zeroed(size);
        let count = read_at(&file, &mut block, start).map_err(failed)?;
        block.truncate(count);
        let open = Self {
            place: Place::Open(file),
            ..self
        };
        Ok((open, block.freeze()))
    }
}

impl fmt::Debug for LocalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalFile")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    crate::require_runtime().map_err(io::Error::other)?;
    // It fails only when the work panicked or the runtime is going down.
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
