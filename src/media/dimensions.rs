//! How many pixels a picture may have. The picture is not decoded: its header says it, and that is also
//! what makes a decoder reserve memory.

use async_trait::async_trait;
use bytes::BytesMut;
use futures::TryStreamExt;

use super::validator::{UploadedFile, ValidationError, Validator};

/// How far into a file the size may be. A camera's notes and a colour profile, which come before it in a
/// JPEG, have some hundred KiB; a file that is nothing but notes would be read for minutes.
const MAX_BYTES: usize = 1024 * 1024;

/// Takes only pictures of at most this many pixels: AVIF, BMP, GIF, HEIF, ICO, JPEG, JPEG XL, PNG and WebP.
///
/// A small file can be a picture of gigabytes; whoever makes thumbnails wants this.
///
/// ```
/// # fn of(upload: storehouse::media::Upload) -> storehouse::media::Upload {
/// use storehouse::media::ImageDimensions;
///
/// upload.with_validator(ImageDimensions::at_most(8_000, 8_000).at_least(64, 64))
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageDimensions {
    least: (usize, usize),
    most: (usize, usize),
}

impl ImageDimensions {
    /// Takes pictures up to this width and height, in pixels.
    #[must_use]
    pub fn at_most(width: usize, height: usize) -> Self {
        Self {
            least: (1, 1),
            most: (width, height),
        }
    }

    /// Refuses pictures that are less wide or less high.
    #[must_use]
    pub fn at_least(mut self, width: usize, height: usize) -> Self {
        self.least = (width, height);
        self
    }

    fn check(self, width: usize, height: usize) -> Result<(), String> {
        let is = format!("the picture has {width} x {height} pixels");
        let (least, most) = (self.least, self.most);
        if width > most.0 || height > most.1 {
            return Err(format!("{is}, at most {} x {} are taken", most.0, most.1));
        }
        if width < least.0 || height < least.1 {
            return Err(format!("{is}, {} x {} are the least", least.0, least.1));
        }
        Ok(())
    }
}

#[async_trait]
impl Validator for ImageDimensions {
    async fn validate(&self, file: &UploadedFile<'_>) -> Result<(), ValidationError> {
        match imagesize::blob_size(&beginning(file).await?) {
            Ok(size) => Ok(self.check(size.width, size.height)?),
            Err(_) => Err("it is no picture whose size can be told".into()),
        }
    }
}

async fn beginning(file: &UploadedFile<'_>) -> Result<BytesMut, ValidationError> {
    let failed = |error: storehouse_storage::Error| ValidationError::Failed(error.into());
    let content = file.content();
    let mut content = content.map_err(|error| ValidationError::Failed(error.into()))?;
    let mut beginning = BytesMut::new();
    while beginning.len() < MAX_BYTES
        && let Some(block) = content.try_next().await.map_err(failed)?
    {
        beginning.extend_from_slice(&block);
    }
    beginning.truncate(MAX_BYTES);
    Ok(beginning)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_ends_count() {
        let rule = ImageDimensions::at_most(800, 600).at_least(10, 20);
        for (width, height, is_taken) in [
            (800, 600, true),
            (10, 20, true),
            (801, 600, false),
            (800, 601, false),
            (9, 20, false),
            (10, 19, false),
        ] {
            assert_eq!(
                rule.check(width, height).is_ok(),
                is_taken,
                "{width} x {height}"
            );
        }
        assert!(ImageDimensions::at_most(800, 600).check(0, 5).is_err());
    }

    /// How the formats begin that the crate looks into.
    const STARTS: &[&[u8]] = &[
        b"BM",
        b"GIF89a",
        b"\0\0\x01\0",
        b"\xff\xd8\xff",
        b"\xff\x0a",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBPVP8X",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypavif\0\0\0\0mif1\0\0\0\0\0\0\0\x40meta\0\0\0\0",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(start in prop::sample::select(STARTS), rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = imagesize::blob_size(&[start, &rest].concat());
        }
    }
}
