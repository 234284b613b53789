//! References in CSS and JavaScript: where a text names another file, and the text with other names
//! in these places. What a reference means is not decided here.
//!
//! Followed are the patterns of Django 6.1 (`HashedFilesMixin.patterns` and
//! `get_ignored_blocks`, `django/contrib/staticfiles/storage.py`), false positives included: this
//! is no parser of either language. The patterns are applied one after the other, each on what the
//! one before made; a match that begins inside a comment or a string is left alone; everything
//! outside of matches stays byte for byte. Time is linear in the length of the text, where the
//! regular expressions are quadratic on some.

use std::{borrow::Cow, ops::Range};

mod blocks;
mod css;
mod js;
mod positions;
mod template;

use self::{blocks::Blocks, template::Template};

/// Which references are looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::staticfiles) enum Language {
    /// `url()`, `@import` and source maps.
    Css,
    /// Source maps.
    Js,
    /// Source maps, `import` and `export … from`.
    JsModules,
}

/// A reference, as it stands in the text.
#[derive(Debug)]
pub(in crate::staticfiles) struct Reference<'t> {
    /// All of it, as `url(a.png)`.
    pub(in crate::staticfiles) text: &'t str,
    /// What it refers to, as `a.png`.
    pub(in crate::staticfiles) url: &'t str,
    /// The line it begins in, from 1. Counted in the text as the patterns before left it, as
    /// Django does.
    pub(in crate::staticfiles) line: usize,
}

/// Where a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Match {
    whole: Range<usize>,
    url: Range<usize>,
    /// What is imported, in patterns that keep it.
    clause: Range<usize>,
}

/// One of Django's patterns.
struct Pattern {
    find: fn(&str) -> Vec<Match>,
    template: Template,
    ignored: fn(&str) -> Blocks,
}

impl Language {
    fn patterns(self) -> &'static [Pattern] {
        match self {
            Self::Css => css::PATTERNS,
            Self::Js => &js::PATTERNS[..1],
            Self::JsModules => js::PATTERNS,
        }
    }
}

/// Returns `text` with every reference that `convert` gives another URL for rewritten.
pub(in crate::staticfiles) fn rewrite<'t>(
    text: &'t str,
    language: Language,
    convert: &mut dyn FnMut(&Reference<'_>) -> Option<String>,
) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for pattern in language.patterns() {
        if let Some(rewritten) = apply(pattern, &text, convert) {
            text = Cow::Owned(rewritten);
        }
    }
    text
}

/// Applies one pattern. `None` if it changes nothing.
fn apply(
    pattern: &Pattern,
    text: &str,
    convert: &mut dyn FnMut(&Reference<'_>) -> Option<String>,
) -> Option<String> {
    let matches = (pattern.find)(text);
    if matches.is_empty() {
        return None;
    }
    let ignored = (pattern.ignored)(text);
    let mut rewritten = String::new();
    let mut copied = 0;
    let (mut line, mut counted) = (1, 0);
    for found in matches {
        let start = found.whole.start;
        if ignored.hold(start) {
            continue;
        }
        line += count_lines(&text[counted..start]);
        counted = start;
        let reference = Reference {
            text: &text[found.whole.clone()],
            url: &text[found.url],
            line,
        };
        if let Some(url) = convert(&reference) {
            rewritten.push_str(&text[copied..start]);
            pattern
                .template
                .fill(&mut rewritten, &text[found.clause], &url);
            copied = found.whole.end;
        }
    }
    if copied == 0 {
        return None;
    }
    rewritten.push_str(&text[copied..]);
    Some(rewritten)
}

fn count_lines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod django_tests;
#[cfg(test)]
mod tests;
