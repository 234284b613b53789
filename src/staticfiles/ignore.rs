//! Which files are not collected: the patterns of `--ignore` and Django's three default ones.
//!
//! A file is ignored if its own name matches, or its path below its folder; a folder only if its
//! own name does (`django/contrib/staticfiles/utils.py`, 6.1).

use super::fnmatch::Pattern;

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

/// Python's `posixpath.normpath`.
fn normpath(path: &str) -> String {
    let start = match path.bytes().take_while(|&byte| byte == b'/').count() {
        0 => "",
        // POSIX lets exactly two leading slashes mean something of their own.
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !start.is_empty() => {}
            other => parts.push(other),
        }
    }
    let joined = format!("{start}{}", parts.join("/"));
    if joined.is_empty() {
        ".".to_owned()
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_normalised_as_python_does() {
        for (typed, expected) in [
            ("./vendor/", "vendor"),
            ("a//b/./c", "a/b/c"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("", "."),
        ] {
            assert_eq!(normpath(typed), expected, "{typed:?}");
        }
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
