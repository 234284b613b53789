//! Which files are not collected: the patterns of `--ignore` and Django's three default ones.
//!
//! A file is ignored if its own name matches, or its path below its folder; a folder only if its
//! own name does (`django/contrib/staticfiles/utils.py`, 6.1).

use crate::staticfiles::support::{fnmatch::Pattern, python::path::normpath};

/// What is ignored unless `--no-default-ignore` is given.
pub const DEFAULT_IGNORE: [&str; 3] = ["CVS", ".*", "*~"];

/// Patterns, ready for use.
#[derive(Debug, Clone, Default)]
pub struct IgnorePatterns {
    patterns: Vec<Pattern>,
}

impl IgnorePatterns {
    /// Takes patterns as typed: `./vendor/` means `vendor`, as Python's `normpath` has it.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let patterns = patterns
            .into_iter()
            .map(|text| Pattern::new(&normpath(text)));
        Self {
            patterns: patterns.collect(),
        }
    }

    /// Returns whether the file `name`, whose path below its folder is `path`, is ignored.
    #[must_use]
    pub fn ignores_file(&self, name: &str, path: &str) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.matches(name) || pattern.matches(path))
    }

    /// Returns whether the folder `name` is left out with all that is in it.
    #[must_use]
    pub fn ignores_folder(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_is_when_normalised() {
        let ignore = IgnorePatterns::new(["./vendor/"]);

        assert!(ignore.ignores_folder("vendor"));
    }

    #[test]
    fn a_path_pattern_leaves_out_files_but_no_folder() {
        let ignore = IgnorePatterns::new(["sub/deep", "x/*", "vendor"]);

        assert!(ignore.ignores_file("a.txt", "x/y/a.txt"));
        assert!(ignore.ignores_folder("vendor"));
        assert!(!ignore.ignores_folder("deep"));
        assert!(!ignore.ignores_file("a.txt", "sub/deep/a.txt"));
    }

    #[test]
    fn hidden_files_and_backups_are_ignored_by_default() {
        let ignore = IgnorePatterns::new(DEFAULT_IGNORE);

        for name in [".hidden", "CVS", "backup~"] {
            assert!(ignore.ignores_file(name, name), "{name}");
        }
        assert!(!ignore.ignores_file("cvs", "cvs"));
    }
}
