//! What an application asks of a file before it is taken. The file waits meanwhile: nothing of it is in
//! the storage.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use storehouse_storage::Content;

use super::{upload_to::UploadedPart, waiting::Waiting};

/// A check of files that are uploaded.
///
/// ```
/// use storehouse::media::{UploadedFile, ValidationError, Validator};
///
/// #[derive(Debug)]
/// struct NoHomework;
///
/// #[async_trait::async_trait]
/// impl Validator for NoHomework {
///     async fn validate(&self, file: &UploadedFile<'_>) -> Result<(), ValidationError> {
///         match file.part().name.contains("homework") {
///             true => Err("the teacher does not take homework here".into()),
///             false => Ok(()),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Validator: fmt::Debug + Send + Sync + 'static {
    /// Refuses a file, or lets it pass.
    ///
    /// # Errors
    /// [`ValidationError::Refused`] with what to tell the user; [`ValidationError::Failed`] where it
    /// cannot be told whether the file is right, which refuses it too.
    async fn validate(&self, file: &UploadedFile<'_>) -> Result<(), ValidationError>;
}

/// Why a file does not pass.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ValidationError {
    /// The file is not wanted; the user is told this.
    #[error("{0}")]
    Refused(String),
    /// The check itself failed; the user is not told why.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync + 'static>),
}

impl<T: Into<String>> From<T> for ValidationError {
    fn from(why: T) -> Self {
        Self::Refused(why.into())
    }
}

/// A file that waits to be taken.
#[derive(Clone, Copy)]
pub struct UploadedFile<'a> {
    pub(super) part: &'a UploadedPart,
    pub(super) size: u64,
    pub(super) checksum: &'a str,
    pub(super) head: &'a Bytes,
    pub(super) waiting: &'a Waiting,
}

impl UploadedFile<'_> {
    /// Returns its field, its name and its type.
    #[must_use]
    pub fn part(&self) -> &UploadedPart {
        self.part
    }

    /// Returns how many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the SHA-256 of its content, in hexadecimal.
    #[must_use]
    pub fn checksum(&self) -> &str {
        self.checksum
    }

    /// Returns how it begins: 8 KiB, or all of it.
    #[must_use]
    pub fn head(&self) -> &Bytes {
        self.head
    }

    /// Returns the content, each time from its first byte on.
    ///
    /// # Errors
    /// What the system says of the file that it waits in.
    pub fn content(&self) -> std::io::Result<Content> {
        self.waiting.content()
    }
}

impl fmt::Debug for UploadedFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadedFile")
            .field("part", &self.part)
            .field("size", &self.size)
            .field("checksum", &self.checksum)
            .finish_non_exhaustive()
    }
}
