//! django-storages' `gzip`: contents of some types are stored compressed, and read back plain. What
//! the headers say about it is decided by who saves and who opens.
//!
//! The format is that of RFC 1952. Level 9, no name and no time, so the same content always makes the
//! same bytes, and the same ETag.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use flate2::{
    Compression,
    write::{GzEncoder, MultiGzDecoder},
};
use futures::{Stream, TryStreamExt, stream};
use storehouse_storage::{Error, ErrorKind, Reader, Result};

/// What a client says that takes it, and an object that has it.
pub(crate) const GZIP: &str = "gzip";
/// Compressing less takes less time than a hop to another thread.
const INLINE_BYTES: usize = 8 * 1024;
/// Compressed bytes that are looked at in one step: they can become a thousand times as many.
const STEP: usize = 1024;
/// Plain bytes that are given at once.
const BLOCK: usize = 64 * 1024;
/// The last bytes of the format: how long the plain content is, modulo 2^32.
pub(crate) const LENGTH_BYTES: u64 = 4;

/// Returns what compressing `length` bytes makes at most: stored blocks, header and trailer.
pub(crate) fn at_most(length: u64) -> u64 {
    length + length / 1000 + 64
}

/// A content on its way in.
pub(crate) struct Encoder(Option<GzEncoder<Vec<u8>>>);

impl Encoder {
    pub(crate) fn new() -> Self {
        Self(Some(GzEncoder::new(Vec::new(), Compression::best())))
    }

    /// Takes plain bytes, and returns the compressed ones that are ready, if there are any.
    pub(crate) async fn write(&mut self, plain: Bytes) -> Result<Bytes> {
        let length = plain.len();
        let encoder = self.0.take().ok_or_else(ended)?;
        let (encoder, ready) = on_a_thread_for(length, move || {
            let mut encoder = encoder;
            encoder.write_all(&plain)?;
            let ready = std::mem::take(encoder.get_mut());
            Ok((encoder, ready))
        })
        .await?;
        self.0 = Some(encoder);
        Ok(ready.into())
    }

    /// Returns the last compressed bytes; `None` if it did so before.
    pub(crate) async fn finish(&mut self) -> Result<Option<Bytes>> {
        let Some(encoder) = self.0.take() else {
            return Ok(None);
        };
        // It may have kept back a window of plain bytes.
        let last = on_a_thread_for(BLOCK, move || encoder.finish()).await?;
        Ok(Some(last.into()))
    }
}

/// Gives the plain content of what `reader` reads.
///
/// # Errors
/// [`ErrorKind::Integrity`] if it is not gzip, or damaged.
pub(crate) fn decoded(reader: Reader) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let source = Source {
        reader,
        decoder: Some(MultiGzDecoder::new(Vec::new())),
        next: Bytes::new(),
    };
    stream::try_unfold(source, |mut source| async move {
        let block = source.next().await?;
        Ok(block.map(|block| (block, source)))
    })
}

/// A content on its way out.
struct Source {
    reader: Reader,
    decoder: Option<MultiGzDecoder<Vec<u8>>>,
    /// Read, but not decoded.
    next: Bytes,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut plain = BytesMut::new();
        while let Some(decoder) = &mut self.decoder {
            if self.next.is_empty() {
                match self.reader.try_next().await? {
                    Some(block) => self.next = block,
                    None => {
                        decoder.try_finish().map_err(damaged)?;
                        plain.extend_from_slice(decoder.get_ref());
                        self.decoder = None;
                        break;
                    }
                }
            }
            let step = self.next.split_to(self.next.len().min(STEP));
            decoder.write_all(&step).map_err(damaged)?;
            plain.extend_from_slice(decoder.get_ref());
            decoder.get_mut().clear();
            if plain.len() >= BLOCK {
                break;
            }
        }
        Ok((!plain.is_empty()).then(|| plain.freeze()))
    }
}

async fn on_a_thread_for<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = match bytes <= INLINE_BYTES {
        true => work(),
        // It fails only when the runtime is going down.
        false => tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error))),
    };
    done.map_err(|error| {
        Error::new(
            ErrorKind::Other,
            format!("it cannot be compressed: {error}"),
        )
    })
}

fn ended() -> Error {
    Error::new(ErrorKind::Other, "a compressed content has ended already")
}

fn damaged(error: io::Error) -> Error {
    let problem = format!("what is stored says that it is gzip, but cannot be read so: {error}");
    Error::new(ErrorKind::Integrity, problem)
        .with_advice("a storage without gzip gives it as it is stored")
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use storehouse_storage::{Entry, Name};

    use super::*;

    fn plain(length: usize) -> Bytes {
        let text = "a { color: red } /* and so on */ ";
        text.bytes().cycle().take(length).collect()
    }

    async fn encoded(plain: &Bytes, block: usize) -> Vec<u8> {
        let mut encoder = Encoder::new();
        let mut all = Vec::new();
        for chunk in plain.chunks(block) {
            all.extend_from_slice(&encoder.write(plain.slice_ref(chunk)).await.unwrap());
        }
        all.extend_from_slice(&encoder.finish().await.unwrap().unwrap());
        assert!(encoder.finish().await.unwrap().is_none());
        all
    }

    fn stored(bytes: Vec<u8>) -> Reader {
        let entry = Entry::new(Name::new("a").unwrap(), bytes.len() as u64);
        let range = 0..bytes.len() as u64;
        let blocks: Vec<_> = bytes
            .chunks(1000)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        Reader::new(entry, range, stream::iter(blocks))
    }

    #[tokio::test]
    async fn the_same_content_makes_the_same_bytes_however_it_is_cut() {
        let text = plain(300_000);

        let whole = encoded(&text, text.len()).await;

        for block in [1000, 8 * 1024, 100_000] {
            assert!(encoded(&text, block).await == whole, "{block}");
        }
        // No time and no name: RFC 1952, section 2.3.
        assert_eq!(whole[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    }

    #[tokio::test]
    async fn what_was_compressed_comes_back() {
        for length in [0, 1, 1000, 3_000_000] {
            let text = plain(length);
            let bytes = encoded(&text, 10_000).await;
            assert!(bytes.len() as u64 <= at_most(length as u64), "{length}");

            let back: Vec<Bytes> = decoded(stored(bytes)).try_collect().await.unwrap();

            assert!(back.concat() == text, "{length}");
            let longest = back.iter().map(Bytes::len).max().unwrap_or_default();
            assert!(longest <= BLOCK + 1032 * STEP, "{longest}");
        }
    }

    #[tokio::test]
    async fn what_does_not_compress_stays_within_its_bound() {
        let mut state = 1_u32;
        let noise: Bytes = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(1_000_000)
        .collect();

        let bytes = encoded(&noise, 64 * 1024).await;

        assert!(bytes.len() as u64 <= at_most(1_000_000), "{}", bytes.len());
    }

    #[tokio::test]
    async fn what_is_damaged_or_cut_off_is_an_error() {
        let good = encoded(&plain(10_000), 10_000).await;
        let mut flipped = good.clone();
        let middle = flipped.len() - 6;
        flipped[middle] ^= 1;
        for (case, bytes) in [
            ("no gzip", b"a { color: red }".to_vec()),
            ("checksum", flipped),
            ("cut off", good[..good.len() - 1].to_vec()),
        ] {
            let read: Result<Vec<Bytes>> = decoded(stored(bytes)).try_collect().await;

            assert_eq!(read.unwrap_err().kind(), ErrorKind::Integrity, "{case}");
        }
    }
}
