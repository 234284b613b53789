//! Cuts a content into the bodies of requests, as it is read. How large they are is said by
//! [`Cuts`](crate::cuts::Cuts), and nothing is sent here.

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use storehouse_storage::{Content, Result};

use crate::gzip::{self, Encoder};

/// Blocks up to this size are copied together: an upload that trickles in would make a part of
/// thousands.
const SMALL_BLOCK: usize = 64 * 1024;
const GATHERED_BLOCK: usize = 256 * 1024;

/// Whether a content is sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

/// A content, cut as it is read.
pub(crate) struct Pieces {
    content: Content,
    /// Compresses the content on its way.
    encoder: Option<Encoder>,
    /// Read, but not given out.
    next: Bytes,
    given: u64,
}

impl Pieces {
    pub(crate) fn new(content: Content, coding: Coding) -> Self {
        Self {
            content,
            encoder: (coding == Coding::Gzip).then(Encoder::new),
            next: Bytes::new(),
            given: 0,
        }
    }

    /// Returns the same pieces from the first on, if the content can be had twice.
    pub(crate) fn replay(&self) -> Option<Self> {
        let coding = match self.encoder {
            Some(_) => Coding::Gzip,
            None => Coding::Plain,
        };
        Some(Self::new(self.content.replay()?, coding))
    }

    /// Returns how many bytes there are, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.encoder {
            Some(_) => None,
            None => self.content.length(),
        }
    }

    /// Returns how many bytes are left at most, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        let length = self.content.length()?;
        let most = match self.encoder {
            Some(_) => gzip::at_most(length),
            None => length,
        };
        Some(most.saturating_sub(self.given))
    }

    /// Returns whether the content may keep its reader waiting.
    pub(crate) fn may_stall(&self) -> bool {
        !self.content.is_replayable()
    }

    /// Returns how many bytes were given out.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Returns whether nothing is left.
    pub(crate) async fn ended(&mut self) -> Result<bool> {
        while self.next.is_empty() {
            match self.read().await? {
                Some(block) => self.next = block,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Reads a block, which may be empty; `None` at the end.
    async fn read(&mut self) -> Result<Option<Bytes>> {
        let block = self.content.try_next().await?;
        match (block, &mut self.encoder) {
            (block, None) => Ok(block),
            (Some(block), Some(encoder)) => encoder.write(block).await.map(Some),
            (None, Some(encoder)) => encoder.finish().await,
        }
    }

    /// Returns the next bytes, as they come and `most` at most; `None` at the end.
    pub(crate) async fn next(&mut self, most: u64) -> Result<Option<Bytes>> {
        if self.ended().await? {
            return Ok(None);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let block = self.next.split_to(self.next.len().min(most));
        self.given += block.len() as u64;
        Ok(Some(block))
    }

    /// Returns the next `most` bytes; fewer only at the end.
    pub(crate) async fn take(&mut self, most: u64) -> Result<Vec<Bytes>> {
        let mut left = most;
        let mut blocks = Blocks::default();
        while left > 0
            && let Some(block) = self.next(left).await?
        {
            left -= block.len() as u64;
            blocks.push(block);
        }
        Ok(blocks.finish())
    }
}

/// Blocks of bytes in their order, small ones copied together.
#[derive(Default)]
pub(crate) struct Blocks {
    whole: Vec<Bytes>,
    small: BytesMut,
    length: usize,
}

impl Blocks {
    pub(crate) fn push(&mut self, block: Bytes) {
        self.length += block.len();
        // The first is most often the only one.
        let first = self.length == block.len();
        if first || block.len() > SMALL_BLOCK {
            self.end_small();
            self.whole.push(block);
            return;
        }
        if self.small.capacity() - self.small.len() < block.len() {
            self.end_small();
            self.small.reserve(GATHERED_BLOCK.min(2 * self.length));
        }
        self.small.extend_from_slice(&block);
    }

    /// Returns how many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn finish(mut self) -> Vec<Bytes> {
        self.end_small();
        self.whole
    }

    fn end_small(&mut self) {
        if !self.small.is_empty() {
            self.whole.push(self.small.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn pieces_are_full_whatever_the_blocks() {
        for block in [1, 1000, SMALL_BLOCK + 1, 400_000] {
            let bytes: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[0]).collect();
            let blocks: Vec<_> = bytes
                .chunks(block)
                .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
                .collect();
            let mut pieces = Pieces::new(Content::from_stream(stream::iter(blocks)), Coding::Plain);

            let first = pieces.take(250_000).await.unwrap().concat();
            let second = pieces.take(250_000).await.unwrap().concat();

            assert_eq!((first.len(), second.len()), (250_000, 50_000), "{block}");
            assert!([first, second].concat() == bytes, "{block}");
            assert!(pieces.ended().await.unwrap());
        }
    }
}
