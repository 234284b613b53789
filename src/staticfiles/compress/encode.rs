//! The encoders, each with its strongest useful level: a static file is compressed once and sent
//! many times. They are given a whole content, and decide nothing.

use std::io::{self, Write};

use storehouse_storage::{Error, ErrorKind, Result};

#[cfg(not(feature = "zstd"))]
use super::unbuilt::unbuilt;
use crate::storages::Coding;

/// The highest there is, as WhiteNoise.
const GZIP_LEVEL: u32 = 9;
/// The highest there is: the default of Python's `brotli.compress`, which WhiteNoise calls.
const BROTLI_QUALITY: i32 = 11;
/// How far back brotli looks, as a power of two: 4 MiB, the default of Python's `brotli.compress`.
const BROTLI_WINDOW: i32 = 22;
/// The highest that looks back 8 MiB at most: a browser may refuse more (RFC 9659).
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 19;

/// Encodes a content.
pub(super) fn encode(coding: Coding, content: &[u8]) -> Result<Vec<u8>> {
    let encoded = match coding {
        Coding::Brotli => brotli(content),
        Coding::Gzip => gzip(content),
        #[cfg(feature = "zstd")]
        Coding::Zstd => zstd::bulk::compress(content, ZSTD_LEVEL),
        #[cfg(not(feature = "zstd"))]
        Coding::Zstd => return Err(unbuilt(coding)),
    };
    encoded.map_err(|error| {
        let problem = format!("the encoder of {} failed", coding.token());
        Error::new(ErrorKind::Other, problem).with_source(error)
    })
}

fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut encoded = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut encoded, &parameters)?;
    Ok(encoded)
}

/// With no time and no name in its header.
fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::new(GZIP_LEVEL);
    let header = flate2::GzBuilder::new().mtime(0);
    let mut encoder = header.write(Vec::new(), level);
    encoder.write_all(content)?;
    encoder.finish()
}
