//! Compressed copies of static files, for browsers that take them: which files get one, and what is
//! in it. It reads and writes no file, and knows no storage; what is compressed when, and whether it
//! has been before, is the plan's.
//!
//! The rules are WhiteNoise's (`whitenoise/compress.py`, 6.12), so that the same files get the same
//! copies:
//!
//! - a file whose extension is on the skip list gets none, whatever is in it;
//! - a copy is kept if it has at most 0.95 times the bytes of its original; an empty file has none;
//! - brotli is tried first, and where it gains too little nothing else is tried.
//!
//! The same bytes give the same copies, on every machine and at every time: no name and no time is
//! in them. Another version of an encoder may give others.
//!
//! ```
//! # #[cfg(feature = "compression")] {
//! use storehouse::{staticfiles::compress, storages::{Coding, CompressionOptions}};
//!
//! let options = CompressionOptions::default();
//! let css = "a { color: #fff }\n".repeat(20);
//!
//! assert!(compress::is_compressible("css/app.css", css.len() as u64, &options));
//! let variants = compress::variants(css.as_bytes(), &options)?;
//! assert_eq!(variants[0].coding, Coding::Brotli);
//! assert!(variants[0].bytes.len() < css.len());
//! # }
//! # Ok::<(), storehouse::storage::Error>(())
//! ```

use bytes::Bytes;
use storehouse_storage::Result;

#[cfg(feature = "compression")]
pub(crate) use self::decode::decodes_to;
#[cfg(feature = "compression")]
use self::encode::encode;
#[cfg(not(feature = "compression"))]
pub(crate) use self::unbuilt::cannot_decode as decodes_to;
#[cfg(not(feature = "compression"))]
use self::unbuilt::cannot_encode as encode;
use crate::storages::{Coding, CompressionOptions};

#[cfg(feature = "compression")]
mod decode;
#[cfg(feature = "compression")]
mod encode;
#[cfg(test)]
mod tests;
#[cfg(not(feature = "zstd"))]
mod unbuilt;

/// A content in a coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The coding.
    pub coding: Coding,
    /// The content, encoded.
    pub bytes: Bytes,
}

/// Returns whether a file is worth reading to see if it gets smaller, by its name and its size alone.
/// The size is in bytes.
#[must_use]
pub fn is_compressible(name: &str, size: u64, options: &CompressionOptions) -> bool {
    let name = name.to_lowercase();
    let is_skipped = |extension: &String| {
        let stem = name.strip_suffix(extension.as_str());
        stem.is_some_and(|stem| stem.ends_with('.'))
    };
    (1..=options.max_bytes).contains(&size) && !options.skip_extensions.iter().any(is_skipped)
}

/// Compresses a content in each coding of `options`, and returns what is small enough to be kept, in
/// the order of [`Coding::ALL`].
///
/// This keeps a processor busy, with brotli for more than a second a megabyte: call it on the blocking
/// pool, once at a time for each processor. Beside `content` it holds the results, and up to 90 MB of
/// what an encoder needs to look back.
///
/// # Errors
/// [`ErrorKind::Unsupported`](storehouse_storage::ErrorKind::Unsupported) for a coding that this
/// build cannot make; [`ErrorKind::Other`](storehouse_storage::ErrorKind::Other) where an encoder
/// fails, which is for lack of memory.
pub fn variants(content: &[u8], options: &CompressionOptions) -> Result<Vec<Variant>> {
    kept(content, options, encode)
}

fn kept(
    content: &[u8],
    options: &CompressionOptions,
    encode: impl Fn(Coding, &[u8]) -> Result<Vec<u8>>,
) -> Result<Vec<Variant>> {
    let mut variants = Vec::new();
    if content.is_empty() {
        return Ok(variants);
    }
    for coding in Coding::ALL {
        if !options.codings.contains(&coding) {
            continue;
        }
        let encoded = encode(coding, content)?;
        if is_worth_it(encoded.len(), content.len()) {
            variants.push(Variant {
                coding,
                bytes: encoded.into(),
            });
        } else if coding == Coding::Brotli {
            // What brotli makes little of, the others make less of: WhiteNoise.
            break;
        }
    }
    Ok(variants)
}

/// WhiteNoise's `compressed / original <= 0.95`, in whole numbers.
fn is_worth_it(encoded: usize, original: usize) -> bool {
    encoded as u128 * 100 <= original as u128 * 95
}
