//! Files whose names have a hash of their content already, because a bundler made them: the option
//! `already_hashed`. It only tells which they are.
//!
//! Such a file keeps its name: the manifest has `{"assets/app-BX3kXk4v.js":
//! "assets/app-BX3kXk4v.js"}`. Its bytes stay as they are, since its name tells them, so references
//! in it are not followed; a reference to it stays as it is. It may be cached for ever.
//!
//! A pattern is a glob as in `rules` and `--ignore` (Python's `fnmatch`, so that `*` also matches
//! `/`), or `re:` and a regular expression of the crate [`regex`], which is looked for anywhere in
//! the name: `^` and `$` tie it to the ends. Names are those below STATIC_ROOT, with the prefix of
//! their folder.
//!
//! | bundler | files | pattern |
//! |---|---|---|
//! | Vite, Rollup | `assets/app-BX3kXk4v.js` | `re:(^|/)assets/[^/]+-[A-Za-z0-9_-]{8}\.[^/]+$` |
//! | esbuild | `app-5NTPZVRL.js` | `re:-[A-Z2-7]{8}\.[^/]+$` |
//! | webpack | `main.8e0d62a10b5b5f7e9b1c.js` | `re:\.[0-9a-f]{20}\.[^/]+$` |
//! | Next.js | `_next/static/chunks/main-0e1c….js` | `_next/static/*` |
//!
//! Vite's hash may be any eight letters, so its pattern names the folder that holds nothing else.

use std::fmt;

use regex::Regex;
use storehouse_storage::{Error, Result};

use crate::staticfiles::support::fnmatch::Pattern;
use crate::storages::object_rules::REGEX_PREFIX;

/// The patterns, ready for use. The default matches nothing.
///
/// ```
/// use storehouse::staticfiles::AlreadyHashed;
///
/// let bundled = AlreadyHashed::new(["vite/*", r"re:\.[0-9a-f]{20}\."])?;
///
/// assert!(bundled.matches("vite/assets/app-BX3kXk4v.js"));
/// assert!(bundled.matches("main.8e0d62a10b5b5f7e9b1c.js"));
/// assert!(!bundled.matches("css/app.css"));
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct AlreadyHashed {
    patterns: Vec<NamePattern>,
}

#[derive(Clone)]
enum NamePattern {
    Glob(Pattern),
    Regex(Regex),
}

impl AlreadyHashed {
    /// Takes patterns as the option has them.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for a regular
    /// expression that is none; the storages have refused it before.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let patterns = patterns
            .into_iter()
            .map(|text| match text.strip_prefix(REGEX_PREFIX) {
                Some(regex) => Regex::new(regex)
                    .map(NamePattern::Regex)
                    .map_err(|error| Error::configuration(error.to_string())),
                None => Ok(NamePattern::Glob(Pattern::new(text))),
            });
        Ok(Self {
            patterns: patterns.collect::<Result<_>>()?,
        })
    }

    /// Returns whether the file `name` keeps its name. Takes time linear in the name's length times
    /// that of the patterns.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern {
            NamePattern::Glob(glob) => glob.matches(name),
            NamePattern::Regex(regex) => regex.is_match(name),
        })
    }
}

impl fmt::Debug for AlreadyHashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.patterns.iter().map(|pattern| match pattern {
            NamePattern::Glob(glob) => format!("{glob:?}"),
            NamePattern::Regex(regex) => regex.to_string(),
        });
        f.debug_list().entries(patterns).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table in the module's documentation says of each bundler.
    #[test]
    fn the_documented_patterns_match_what_the_bundlers_make() {
        let vite = r"re:(^|/)assets/[^/]+-[A-Za-z0-9_-]{8}\.[^/]+$";
        let esbuild = r"re:-[A-Z2-7]{8}\.[^/]+$";
        let webpack = r"re:\.[0-9a-f]{20}\.[^/]+$";
        for (pattern, name, expected) in [
            (vite, "assets/index-BX3kXk4v.js", true),
            (vite, "site/assets/index-B_3k-k4v.js.map", true),
            (vite, "favicon-BX3kXk4v.ico", false),
            (vite, "assets/logo.svg", false),
            (esbuild, "js/app-5NTPZVRL.css", true),
            (esbuild, "js/app-5ntpzvrl.css", false),
            (webpack, "js/main.8e0d62a10b5b5f7e9b1c.js", true),
            (webpack, "js/main.8e0d62a10b5b.js", false),
            ("_next/static/*", "_next/static/chunks/0e1c.js", true),
            ("_next/static/*", "_next/data.json", false),
        ] {
            let patterns = AlreadyHashed::new([pattern]).unwrap();

            assert_eq!(patterns.matches(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn nothing_is_hashed_already_by_default() {
        assert!(!AlreadyHashed::default().matches("assets/index-BX3kXk4v.js"));
    }
}
