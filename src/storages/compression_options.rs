//! The options of compressed copies: what the processing takes out of OPTIONS, the URL's query and
//! WhiteNoise's settings, beside what the driver takes. It compresses nothing.
//!
//! Defaults are WhiteNoise's (`whitenoise/compress.py` and `storage.py`, 6.12) where it has the
//! option.

use storehouse_storage::{Capabilities, Error, OptionRow, Options, Result, Value};

use super::coding::Coding;
use crate::settings::static_options::{COMPRESSION, MAX_BYTES, SKIPPED};

const KEEP_ONLY_HASHED_FILES: &str = "keep_only_hashed_files";

/// Returns whether a row means something only where names are hashed.
pub(super) fn needs_manifest(row: &OptionRow) -> bool {
    row.name == KEEP_ONLY_HASHED_FILES
}

/// Which files are compressed, and how.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressionOptions {
    /// The codings, in the order in which they are tried.
    pub codings: Vec<Coding>,
    /// Where a compressed copy goes. With [`CompressAs::ContentEncoding`] there is one coding.
    pub compress_as: CompressAs,
    /// The extensions of files that are not compressed: lower case, without the dot.
    pub skip_extensions: Vec<String>,
    /// Files larger than this are not compressed.
    pub max_bytes: u64,
    /// Whether files whose name has no hash are deleted. Only where names are hashed.
    pub keep_only_hashed_files: bool,
}

/// Where a compressed copy goes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressAs {
    /// Beside the original, under its name and the coding's suffix, for a server that chooses.
    SideFiles,
    /// In place of the original, under its name, with a `Content-Encoding`, for a bucket that is
    /// served as it is: django-storages' `gzip`.
    ContentEncoding,
}

impl CompressAs {
    fn codings(self) -> Vec<Coding> {
        match self {
            Self::SideFiles => vec![Coding::Brotli, Coding::Gzip],
            // Every client takes it; brotli is taken over https only.
            Self::ContentEncoding => vec![Coding::Gzip],
        }
    }
}

impl Default for CompressionOptions {
    /// Side files as WhiteNoise makes them.
    fn default() -> Self {
        Self {
            codings: CompressAs::SideFiles.codings(),
            compress_as: CompressAs::SideFiles,
            skip_extensions: extensions(SKIPPED.split(", ")),
            max_bytes: MAX_BYTES,
            keep_only_hashed_files: false,
        }
    }
}

impl CompressionOptions {
    /// Returns the options with these codings; the order in which they are given means nothing.
    #[must_use]
    pub fn with_codings(mut self, codings: impl Into<Vec<Coding>>) -> Self {
        self.codings = codings.into();
        self.codings.sort_unstable();
        self.codings.dedup();
        self
    }

    /// Checks the options that were given and adds the defaults.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for a value of
    /// the wrong kind, a coding that there is not or that this build cannot make, and more than one
    /// where there is room for one.
    pub(super) fn read<'a>(given: impl IntoIterator<Item = (&'a str, Value)>) -> Result<Self> {
        let options = Options::new(COMPRESSION, given)?;
        let compress_as = match options.text("compress_as") {
            Some("content-encoding") => CompressAs::ContentEncoding,
            _ => CompressAs::SideFiles,
        };
        let codings = match options.get("compression") {
            Some(_) => read_codings(&options.list("compression"))?,
            None => compress_as.codings(),
        };
        refuse_unbuilt(&codings)?;
        if compress_as == CompressAs::ContentEncoding && codings.len() > 1 {
            return Err(
                wrong("more than one coding, where a file is kept in one only (compress_as = \"content-encoding\")")
                    .with_advice("name one; every client takes gzip"),
            );
        }
        let max_bytes = options.integer("compress_max_bytes").unwrap_or_default();
        let options = Self {
            compress_as,
            skip_extensions: extensions(options.list("skip_compress_extensions")),
            max_bytes: u64::try_from(max_bytes).unwrap_or_default(),
            keep_only_hashed_files: options.flag(KEEP_ONLY_HASHED_FILES),
            ..Self::default()
        };
        Ok(options.with_codings(codings))
    }

    /// Checks that a storage can keep what these options ask for.
    pub(super) fn check(&self, storage: &Capabilities) -> Result<()> {
        if self.compress_as == CompressAs::ContentEncoding && !storage.attributes {
            return Err(Error::configuration(
                "compress_as = \"content-encoding\" needs a storage that keeps a Content-Encoding beside a file, and this one does not",
            )
            .with_advice("take compress_as = \"side-files\""));
        }
        Ok(())
    }
}

fn read_codings(words: &[&str]) -> Result<Vec<Coding>> {
    if words.is_empty() {
        return Err(wrong("it names no coding")
            .with_advice("to compress nothing leave compressed+ out of BACKEND"));
    }
    let read = |word: &&str| {
        Coding::named(word).map_err(|near| {
            let advice = match near {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!(
                    "the codings are {}",
                    Coding::ALL.map(Coding::token).join(", ")
                ),
            };
            wrong(&format!("there is no coding {word:?}")).with_advice(advice)
        })
    };
    words.iter().map(read).collect()
}

fn refuse_unbuilt(codings: &[Coding]) -> Result<()> {
    match codings.iter().find(|coding| !coding.is_built()) {
        None => Ok(()),
        Some(coding) => Err(wrong(&format!(
            "this build of storehouse cannot make {}",
            coding.token()
        ))
        .with_advice(format!("build it with the feature {:?}", coding.feature()))),
    }
}

/// Extensions as they are compared. A dot before one is no part of it.
fn extensions<'a>(given: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let bare = given
        .into_iter()
        .map(|one| one.strip_prefix('.').unwrap_or(one));
    bare.map(str::to_lowercase).collect()
}

fn wrong(what: &str) -> Error {
    Error::configuration(format!("option \"compression\": {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "compression")]
    #[test]
    fn with_nothing_given_the_options_are_the_default() {
        assert_eq!(
            CompressionOptions::read([]).unwrap(),
            CompressionOptions::default()
        );
    }

    #[cfg(not(feature = "compression"))]
    #[test]
    fn a_build_that_cannot_compress_says_how_to_get_one_that_can() {
        assert_eq!(
            CompressionOptions::read([]).unwrap_err().to_string(),
            "option \"compression\": this build of storehouse cannot make br; build it with the feature \"compression\""
        );
    }

    #[cfg(not(feature = "zstd"))]
    #[test]
    fn a_build_without_zstd_says_how_to_get_one_with_it() {
        let given = [("compression", Value::List(vec!["zstd".into()]))];

        assert_eq!(
            CompressionOptions::read(given).unwrap_err().to_string(),
            "option \"compression\": this build of storehouse cannot make zstd; build it with the feature \"zstd\""
        );
    }

    #[test]
    fn only_a_storage_that_keeps_attributes_can_keep_an_encoding() {
        let side_files = CompressionOptions::default();
        let encoding = CompressionOptions {
            compress_as: CompressAs::ContentEncoding,
            ..CompressionOptions::default()
        };
        let disk = Capabilities::default();
        let mut bucket = Capabilities::default();
        bucket.attributes = true;

        assert!(side_files.check(&disk).is_ok());
        assert!(encoding.check(&bucket).is_ok());
        let message = encoding.check(&disk).unwrap_err().to_string();
        assert!(
            message.ends_with("take compress_as = \"side-files\""),
            "{message}"
        );
    }
}
