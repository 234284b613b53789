//! The content codings that a static file may be kept in: what HTTP calls them, and how their files
//! end. It compresses nothing.

use storehouse_storage::nearest;

/// A content coding of HTTP (RFC 9110 section 8.4.1), in the order in which they are tried.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// Brotli, RFC 7932.
    Brotli,
    /// Zstandard, RFC 8878.
    Zstd,
    /// gzip, RFC 1952.
    Gzip,
}

impl Coding {
    /// All there are, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Returns its name in `Content-Encoding` and `Accept-Encoding`, and in the settings.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// Returns what is put behind a file's name for its copy in this coding, with the dot.
    ///
    /// `.br` and `.gz` are WhiteNoise's. `.zst` is the one that RFC 8878 (section 7.1) registers, and
    /// that Caddy, nginx's zstd module and the tool `zstd` use; ServeStatic alone writes `.zstd`.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }

    /// Returns the feature of this crate that can make it.
    pub(super) fn feature(self) -> &'static str {
        match self {
            Self::Brotli | Self::Gzip => "compression",
            Self::Zstd => "zstd",
        }
    }

    /// Returns whether this build can make it.
    pub(super) fn is_built(self) -> bool {
        match self {
            Self::Brotli | Self::Gzip => cfg!(feature = "compression"),
            Self::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// Finds the coding that `word` names. Else returns the token that may be meant.
    pub(super) fn named(word: &str) -> Result<Self, Option<&'static str>> {
        let lower = word.to_ascii_lowercase();
        let mut all = Self::ALL.into_iter();
        all.find(|coding| coding.token() == lower).ok_or_else(|| {
            match lower.trim_start_matches('.') {
                "brotli" => Some("br"),
                "gz" => Some("gzip"),
                "zst" | "zstandard" => Some("zstd"),
                // `nearest` takes one slip in two letters for a typo, and almost all is near `br`.
                other if other.len() < 3 => None,
                other => nearest(other, Self::ALL.map(Self::token)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_found_by_its_token_in_any_case() {
        for coding in Coding::ALL {
            assert_eq!(Coding::named(coding.token()), Ok(coding));
            assert_eq!(Coding::named(&coding.token().to_uppercase()), Ok(coding));
        }
    }

    #[test]
    fn what_is_no_coding_is_told_with_the_one_that_may_be_meant() {
        for (word, meant) in [
            ("brotli", Some("br")),
            ("gz", Some("gzip")),
            (".zst", Some("zstd")),
            ("gzpi", Some("gzip")),
            ("xz", None),
            ("deflate", None),
            ("", None),
        ] {
            assert_eq!(Coding::named(word), Err(meant), "{word:?}");
        }
    }
}
