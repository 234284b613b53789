//! Gathers the bytes of a request's body from a content, within the memory of the process. It knows
//! neither requests nor their sizes.
//!
//! | content | its bytes |
//! |---|---|
//! | in memory, in a file | are read when there is a place for all of them: no such source stalls |
//! | of one pass | have a place each as they come |
//!
//! One that finds no place, or keeps it while its source gives nothing and another waits for memory,
//! goes into a temporary file, and is read back when its body is complete. So a hundred uploads that
//! stall hold up nobody, and memory stays what it is.

use std::{
    fs::File,
    io::{self, Write},
    pin::pin,
};

use bytes::Bytes;
use futures::{
    TryStreamExt,
    future::{self, Either},
};
use storehouse_storage::{Content, Error, ErrorKind, Result};
use tokio::task::spawn_blocking;

use crate::{
    limits::{self, Place},
    pieces::{Blocks, Pieces},
};

/// What is written to a temporary file at once.
const WRITTEN_AT_ONCE: usize = 256 * 1024;

/// The bytes of a body, with their place in memory.
pub(crate) struct Gathered {
    pub(crate) blocks: Vec<Bytes>,
    pub(crate) place: Option<Place>,
}

impl Gathered {
    /// Returns how many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.blocks.iter().map(|block| block.len() as u64).sum()
    }

    /// Takes the first `most` bytes away, with their share of the place.
    pub(crate) fn cut(&mut self, most: u64) -> Self {
        let mut left = usize::try_from(most).unwrap_or(usize::MAX);
        let mut first = Vec::new();
        let mut rest = Vec::new();
        for mut block in std::mem::take(&mut self.blocks) {
            let start = block.split_to(block.len().min(left));
            left -= start.len();
            first.extend(Some(start).filter(|start| !start.is_empty()));
            rest.extend(Some(block).filter(|block| !block.is_empty()));
        }
        self.blocks = rest;
        let kept = self.blocks.iter().map(Bytes::len).sum();
        let place = self.place.as_mut();
        Self {
            blocks: first,
            place: place.and_then(|place| limits::split(place, kept)),
        }
    }
}

/// Gathers the next `most` bytes; fewer only at the end.
pub(crate) async fn gather(pieces: &mut Pieces, most: u64) -> Result<Gathered> {
    if !pieces.may_stall() {
        return at_once(pieces, most).await;
    }
    let mut gathering = Gathering::default();
    gathering.fill(pieces, most).await?;
    gathering.finish().await
}

/// Gathers the next `most` bytes, and tells whether that was all.
pub(crate) async fn gather_and_look(pieces: &mut Pieces, most: u64) -> Result<(Gathered, bool)> {
    if !pieces.may_stall() {
        let gathered = at_once(pieces, most).await?;
        return Ok((gathered, pieces.ended().await?));
    }
    let mut gathering = Gathering::default();
    gathering.fill(pieces, most).await?;
    let ended = gathering.unless_wanted(pieces.ended()).await?;
    Ok((gathering.finish().await?, ended))
}

async fn at_once(pieces: &mut Pieces, most: u64) -> Result<Gathered> {
    let expected = pieces.left().map_or(most, |left| left.min(most));
    let mut place = limits::memory(expected).await;
    let blocks = pieces.take(most).await?;
    if let Some(place) = &mut place {
        limits::keep(place, blocks.iter().map(Bytes::len).sum());
    }
    Ok(Gathered { blocks, place })
}

/// A body on its way from a source that may stall.
#[derive(Default)]
struct Gathering {
    blocks: Blocks,
    /// For all of `blocks`, as long as there is no file.
    place: Option<Place>,
    file: Option<File>,
    bytes: u64,
}

impl Gathering {
    async fn fill(&mut self, pieces: &mut Pieces, most: u64) -> Result<()> {
        while self.bytes < most {
            let left = most - self.bytes;
            let Some(block) = self.unless_wanted(pieces.next(left)).await? else {
                break;
            };
            self.add(block).await?;
        }
        Ok(())
    }

    /// Waits for the source. If meanwhile another waits for memory, it gets what is held here.
    async fn unless_wanted<T>(&mut self, source: impl Future<Output = Result<T>>) -> Result<T> {
        let mut source = pin!(source);
        if self.place.is_none() {
            return source.await;
        }
        match future::select(source.as_mut(), pin!(limits::memory_is_wanted())).await {
            Either::Left((given, _)) => given,
            Either::Right(_) => {
                self.write_to_file().await?;
                source.await
            }
        }
    }

    async fn add(&mut self, block: Bytes) -> Result<()> {
        let length = block.len();
        self.bytes += length as u64;
        self.blocks.push(block);
        if self.file.is_some() {
            return match self.blocks.len() >= WRITTEN_AT_ONCE {
                true => self.write_to_file().await,
                false => Ok(()),
            };
        }
        let Some(more) = limits::memory_now(length) else {
            return self.write_to_file().await;
        };
        match &mut self.place {
            Some(place) => place.merge(more),
            None => self.place = Some(more),
        }
        Ok(())
    }

    async fn write_to_file(&mut self) -> Result<()> {
        let file = self.file.take();
        let blocks = std::mem::take(&mut self.blocks).finish();
        let written = spawn_blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => tempfile::tempfile()?,
            };
            for block in blocks {
                file.write_all(&block)?;
            }
            Ok(file)
        });
        // It fails by itself only when the runtime is going down.
        let file = written
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        self.file = Some(file.map_err(no_file)?);
        self.place = None;
        Ok(())
    }

    async fn finish(mut self) -> Result<Gathered> {
        if self.file.is_none() {
            return Ok(Gathered {
                blocks: self.blocks.finish(),
                place: self.place,
            });
        }
        self.write_to_file().await?;
        let place = limits::memory(self.bytes).await;
        let Some(file) = self.file else {
            return Err(Error::new(ErrorKind::Other, "what was gathered is gone"));
        };
        let content = Content::from_file(file).map_err(no_file)?;
        Ok(Gathered {
            blocks: content.try_collect().await?,
            place,
        })
    }
}

fn no_file(error: io::Error) -> Error {
    let problem = format!("memory for uploads is taken, and there is no temporary file: {error}");
    Error::new(ErrorKind::Unavailable, problem)
        .with_advice("TMPDIR names the folder for it")
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_cut_off_has_its_share_of_the_memory() {
        for (case, length, held, expected) in [
            ("all of it is counted", 20, 20, vec![(8, 8), (8, 8), (4, 4)]),
            (
                "it is larger than the limit",
                20,
                10,
                vec![(8, 0), (8, 6), (4, 4)],
            ),
        ] {
            let blocks = vec![Bytes::from(vec![1; 3]), Bytes::from(vec![2; length - 3])];
            let mut all = Gathered {
                blocks: blocks.clone(),
                place: limits::memory(held).await,
            };

            let parts = [all.cut(8), all.cut(8), all.cut(8)];

            let shares = parts.each_ref().map(|part| {
                let place = part.place.as_ref();
                (part.len(), place.map_or(0, Place::num_permits))
            });
            assert_eq!(shares.to_vec(), expected, "{case}");
            assert_eq!(all.len(), 0, "{case}");
            let cut = parts.map(|part| part.blocks.concat()).concat();
            assert_eq!(cut, blocks.concat(), "{case}");
        }
    }
}
