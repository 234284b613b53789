//! A string that never shows itself: keys, tokens, passwords. It does not encrypt anything.
//!
//! ```
//! use storehouse_storage::Secret;
//!
//! let key = Secret::new("wJalrXUtnFEMI");
//!
//! assert_eq!(format!("{key:?} {key}"), "*** ***");
//! assert_eq!(key.expose(), "wJalrXUtnFEMI");
//! ```

use std::fmt;

/// A string that prints as `***`, so that no error, log or `Debug` output can hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. The one way to it, so that a reader can search for every use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}
