//! Bytes to be sent, with the digests that a request needs: SHA-256 for the signature, MD5 to
//! compare with the ETag that comes back. It reads no content and sends nothing.

use std::sync::{Arc, OnceLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::HeaderValue;
use md5::{Digest, Md5};
use ring::digest::{Context, SHA256};
use storehouse_storage::{Error, ErrorKind, Result};

/// Below this a digest takes less time than a hop to another thread.
const INLINE_BYTES: usize = 64 * 1024;

/// Blocks of bytes that make one request's body. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    blocks: Arc<[Bytes]>,
    /// `None` where the signature leaves the body out.
    sha256: Option<[u8; 32]>,
    md5: [u8; 16],
}

/// Which digests of a content are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digests {
    /// SHA-256 for the signature, and MD5 to compare with the ETag.
    Both,
    /// MD5 alone. The signature then leaves the content out, if there is one, and TLS guards it.
    Md5,
}

impl Payload {
    /// Takes blocks and computes their digests, on the blocking pool where there is much of them.
    pub(crate) async fn new(blocks: Vec<Bytes>, digests: Digests) -> Result<Self> {
        let length: usize = blocks.iter().map(Bytes::len).sum();
        if length <= INLINE_BYTES {
            return Ok(Self::digested(blocks, digests));
        }
        let digested = tokio::task::spawn_blocking(move || Self::digested(blocks, digests));
        // It fails only when the runtime is going down.
        let failed = |error| Error::new(ErrorKind::Other, format!("no digest: {error}"));
        digested.await.map_err(failed)
    }

    /// Takes a small body, such as a request in XML.
    pub(crate) fn small(bytes: impl Into<Bytes>) -> Self {
        Self::digested(vec![bytes.into()], Digests::Both)
    }

    /// The body of a request that has none.
    pub(crate) fn empty() -> Self {
        static EMPTY: OnceLock<Payload> = OnceLock::new();
        EMPTY
            .get_or_init(|| Self::digested(Vec::new(), Digests::Both))
            .clone()
    }

    pub(crate) fn blocks(&self) -> &[Bytes] {
        &self.blocks
    }

    pub(crate) fn len(&self) -> u64 {
        self.blocks.iter().map(|block| block.len() as u64).sum()
    }

    /// Returns what the signature covers, if it covers the body.
    pub(crate) fn sha256(&self) -> Option<&[u8; 32]> {
        self.sha256.as_ref()
    }

    pub(crate) fn md5(&self) -> &[u8; 16] {
        &self.md5
    }

    /// Returns the value of `Content-MD5`.
    pub(crate) fn md5_header(&self) -> Result<HeaderValue> {
        HeaderValue::try_from(BASE64_STANDARD.encode(self.md5))
            .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
    }

    fn digested(blocks: Vec<Bytes>, digests: Digests) -> Self {
        let mut sha256 = (digests == Digests::Both).then(|| Context::new(&SHA256));
        let mut md5 = Md5::new();
        for block in &blocks {
            if let Some(sha256) = &mut sha256 {
                sha256.update(block);
            }
            md5.update(block);
        }
        let sha256 = sha256.map(|sha256| {
            let mut digest = [0; 32];
            digest.copy_from_slice(sha256.finish().as_ref());
            digest
        });
        Self {
            blocks: blocks.into(),
            sha256,
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

        let whole = Payload::new(vec![bytes.clone()], Digests::Both)
            .await
            .unwrap();
        let cut = vec![bytes.slice(..1), bytes.slice(1..)];
        let cut = Payload::new(cut, Digests::Both).await.unwrap();

        assert_eq!(whole.sha256(), cut.sha256());
        assert_eq!(whole.md5(), cut.md5());
        assert_eq!((whole.len(), cut.len()), (100_000, 100_000));
    }

    #[tokio::test]
    async fn a_content_that_is_not_signed_still_has_its_md5() {
        for length in [3, 100_000] {
            let bytes = Bytes::from(vec![7; length]);

            let signed = Payload::new(vec![bytes.clone()], Digests::Both)
                .await
                .unwrap();
            let unsigned = Payload::new(vec![bytes], Digests::Md5).await.unwrap();

            assert!(signed.sha256().is_some());
            assert_eq!(unsigned.sha256(), None);
            assert_eq!(unsigned.md5(), signed.md5());
        }
    }

    #[test]
    fn the_digests_are_those_of_the_standards() {
        let payload = Payload::small("abc");

        assert_eq!(
            hex::encode(payload.md5()),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        let sha256 = hex::encode(payload.sha256().unwrap());
        assert!(sha256.starts_with("ba7816bf8f01cfea"));
    }
}
