//! What Python's standard library does with paths, URLs, characters and JSON, as far as Django's
//! static files show it. Nothing here knows static files.
//!
//! Followed is CPython 3.13: `posixpath`, `urllib.parse`, `json`, and `re`'s classes.

pub(in crate::staticfiles) mod chars;
pub(in crate::staticfiles) mod json;
pub(in crate::staticfiles) mod path;
pub(in crate::staticfiles) mod url;
