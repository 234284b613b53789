//! How large a file is and what its checksum is, counted while it passes.

use sha2::{Digest, Sha256};

use super::error::UploadError;

pub(super) struct Measure<'a> {
    /// What the client calls it.
    file: &'a str,
    size: u64,
    digest: Sha256,
    max_bytes: Option<u64>,
}

/// What a file turned out to be.
pub(super) struct Measured {
    pub(super) size: u64,
    /// SHA-256, in hexadecimal.
    pub(super) checksum: String,
}

impl<'a> Measure<'a> {
    pub(super) fn new(file: &'a str, max_bytes: Option<u64>) -> Self {
        Self {
            file,
            size: 0,
            digest: Sha256::new(),
            max_bytes,
        }
    }

    /// Counts a block, before anything else is done with it.
    pub(super) fn add(&mut self, block: &[u8]) -> Result<(), UploadError> {
        self.size += block.len() as u64;
        if let Some(max) = self.max_bytes
            && self.size > max
        {
            return Err(UploadError::TooLarge(format!(
                "{:?} is not taken: it has more than the {max} bytes that a file may have",
                self.file
            )));
        }
        self.digest.update(block);
        Ok(())
    }

    pub(super) fn finish(self) -> Measured {
        let digest = self.digest.finalize();
        Measured {
            size: self.size,
            checksum: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
