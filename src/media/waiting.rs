//! A content that waits until the whole form is there: in memory, and in a temporary file where it is too
//! much for that. The file has no name, so that nothing stays of it even if the process is killed.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use bytes::{Bytes, BytesMut};
use storehouse_storage::Content;
use tokio::task::spawn_blocking;

use super::{error::UploadError, limits::UploadLimits};

/// Writes of this size are worth a hop to the blocking pool.
const WRITE_BYTES: usize = 256 * 1024;

/// How much of a request's files waits in memory.
pub(super) struct MemoryLeft(u64);

impl MemoryLeft {
    pub(super) fn new(limits: &UploadLimits) -> Self {
        Self(limits.max_memory_bytes)
    }
}

/// A content on its way to wait.
pub(super) struct Writer {
    folder: PathBuf,
    /// All of it, or what is not in the file yet.
    memory: BytesMut,
    file: Option<File>,
}

/// A content that waits, whole.
pub(super) enum Waiting {
    Memory(Bytes),
    File(File),
}

impl Writer {
    pub(super) fn new(limits: &UploadLimits) -> Self {
        Self {
            folder: limits.temp_dir.clone().unwrap_or_else(std::env::temp_dir),
            memory: BytesMut::new(),
            file: None,
        }
    }

    pub(super) async fn write(
        &mut self,
        block: &[u8],
        left: &mut MemoryLeft,
    ) -> Result<(), UploadError> {
        self.memory.extend_from_slice(block);
        if self.file.is_none() {
            if let Some(rest) = left.0.checked_sub(block.len() as u64) {
                left.0 = rest;
                return Ok(());
            }
            // What it took of the memory is free again for the files after it.
            left.0 += (self.memory.len() - block.len()) as u64;
            let folder = self.folder.clone();
            let file = self.blocking(move || tempfile::tempfile_in(folder)).await?;
            self.file = Some(file);
        }
        if self.memory.len() >= WRITE_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<Waiting, UploadError> {
        self.flush().await?;
        Ok(match self.file {
            Some(file) => Waiting::File(file),
            None => Waiting::Memory(self.memory.freeze()),
        })
    }

    async fn flush(&mut self) -> Result<(), UploadError> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let bytes = self.memory.split();
        let written = self
            .blocking(move || {
                file.write_all(&bytes)?;
                Ok(file)
            })
            .await?;
        self.file = Some(written);
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, UploadError> {
        let done = spawn_blocking(work).await.map_err(io::Error::other);
        done.flatten().map_err(|cause| UploadError::TemporaryFile {
            folder: self.folder.display().to_string(),
            cause,
        })
    }
}

impl Waiting {
    /// Returns the content, each time from its first byte on.
    pub(super) fn content(&self) -> io::Result<Content> {
        match self {
            Self::Memory(bytes) => Ok(Content::from_bytes(bytes.clone())),
            Self::File(file) => Content::from_file(file.try_clone()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    async fn waits(bytes: &[u8], limits: &UploadLimits, left: &mut MemoryLeft) -> Waiting {
        let mut writer = Writer::new(limits);
        for block in bytes.chunks(10_000) {
            writer.write(block, left).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    async fn read(waiting: &Waiting) -> Vec<u8> {
        let blocks: Vec<Bytes> = waiting.content().unwrap().try_collect().await.unwrap();
        blocks.concat()
    }

    #[tokio::test]
    async fn the_memory_is_for_all_files_of_a_request() {
        let folder = tempfile::tempdir().unwrap();
        let limits = UploadLimits::default()
            .with_max_memory_bytes(1_000_000)
            .with_temp_dir(folder.path());
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut left = MemoryLeft::new(&limits);

        let large = waits(&bytes, &limits, &mut left).await;
        let small = waits(&bytes[..900_000], &limits, &mut left).await;
        let second = waits(&bytes[..900_000], &limits, &mut left).await;

        assert!(matches!(large, Waiting::File(_)));
        assert!(
            matches!(small, Waiting::Memory(_)),
            "what the large file did not use is free"
        );
        assert!(matches!(second, Waiting::File(_)));
        for (waiting, expected) in [
            (&large, &bytes[..]),
            (&small, &bytes[..900_000]),
            (&second, &bytes[..900_000]),
        ] {
            assert!(read(waiting).await == expected);
            assert!(read(waiting).await == expected, "a second time");
        }
        assert_eq!(
            folder.path().read_dir().unwrap().count(),
            0,
            "the files have no names"
        );
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_named() {
        let limits = UploadLimits::default()
            .with_max_memory_bytes(0)
            .with_temp_dir("/nowhere/at/all");
        let error = Writer::new(&limits)
            .write(b"x", &mut MemoryLeft::new(&limits))
            .await
            .unwrap_err();

        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
        assert_eq!(error.status(), 500);
        assert!(
            !error.client_message().contains("nowhere"),
            "{}",
            error.client_message()
        );
    }
}
