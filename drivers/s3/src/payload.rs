//! Bytes to be sent, with the digests that a request needs: SHA-256 for the signature, MD5 to
//! compare with the ETag that comes back. It reads no content and sends nothing.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use md5::{Digest, Md5};
use ring::digest::{Context, SHA256};
use storehouse_storage::{Error, ErrorKind, Result};

/// Below this a digest takes less time than a hop to another thread.
const INLINE_BYTES: usize = 64 * 1024;

/// Blocks of bytes that make one request's body. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    blocks: Arc<[Bytes]>,
    sha256: [u8; 32],
    md5: [u8; 16],
}

impl Payload {
    /// Takes blocks and computes their digests, on the blocking pool where there is much of them.
    pub(crate) async fn new(blocks: Vec<Bytes>) -> Result<Self> {
        let length: usize = blocks.iter().map(Bytes::len).sum();
        if length <= INLINE_BYTES {
            return Ok(Self::digested(blocks));
        }
        let digested = tokio::task::spawn_blocking(|| Self::digested(blocks));
        // It fails only when the runtime is going down.
        let failed = |error| Error::new(ErrorKind::Other, format!("no digest: {error}"));
        digested.await.map_err(failed)
    }

    /// Takes a small body, such as a request in XML.
    pub(crate) fn small(bytes: impl Into<Bytes>) -> Self {
        Self::digested(vec![bytes.into()])
    }

    /// The body of a request that has none.
    pub(crate) fn empty() -> Self {
        static EMPTY: OnceLock<Payload> = OnceLock::new();
        EMPTY.get_or_init(|| Self::digested(Vec::new())).clone()
    }

    pub(crate) fn blocks(&self) -> &[Bytes] {
        &self.blocks
    }

    pub(crate) fn len(&self) -> u64 {
        self.blocks.iter().map(|block| block.len() as u64).sum()
    }

    pub(crate) fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    pub(crate) fn md5(&self) -> &[u8; 16] {
        &self.md5
    }

    fn digested(blocks: Vec<Bytes>) -> Self {
        let mut sha256 = Context::new(&SHA256);
        let mut md5 = Md5::new();
        for block in &blocks {
            sha256.update(block);
            md5.update(block);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(sha256.finish().as_ref());
        Self {
            blocks: blocks.into(),
            sha256: digest,
            md5: md5.finalize().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn digests_do_not_depend_on_how_the_bytes_are_cut() {
        let bytes = Bytes::from(vec![7; 100_000]);

        let whole = Payload::new(vec![bytes.clone()]).await.unwrap();
        let cut = Payload::new(vec![bytes.slice(..1), bytes.slice(1..)])
            .await
            .unwrap();

        assert_eq!(whole.sha256(), cut.sha256());
        assert_eq!(whole.md5(), cut.md5());
        assert_eq!((whole.len(), cut.len()), (100_000, 100_000));
    }

    #[test]
    fn the_digests_are_those_of_the_standards() {
        let payload = Payload::small("abc");

        assert_eq!(
            hex::encode(payload.md5()),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        assert!(hex::encode(payload.sha256()).starts_with("ba7816bf8f01cfea"));
    }
}
