//! The three patterns of CSS (Python's `re`, all but `sourceMappingURL` in any case):
//!
//! ```text
//! url\((?P<quote>['"]{0,1})\s*(?P<url>.*?)(?P=quote)\)
//! @import\s*["']\s*(?P<url>.*?)["']
//! (?m)^/\*#[ \t]sourceMappingURL=(?P<url>.*)[ \t]*\*/$
//! ```

use super::{
    Match, Pattern,
    blocks::Blocks,
    positions::{Positions, URL, places},
    template::Template,
};
use crate::staticfiles::support::python::chars::{skip_space, word_at};

/// What is in the comment that names a source map.
const SOURCE_MAP: &str = "sourceMappingURL=";

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        find: urls,
        template: Template::new("url(\"", "\")"),
        ignored: Blocks::of_css,
    },
    Pattern {
        find: imports,
        template: Template::new("@import url(\"", "\")"),
        ignored: Blocks::of_css,
    },
    Pattern {
        find: source_maps,
        template: Template::new("/*# sourceMappingURL=", " */"),
        ignored: Blocks::of_css,
    },
];

/// `url(…)`: with a quote up to that quote and `)`, else (or where there is no such end on the
/// line) up to the next `)`, a first quote then being part of the URL.
fn urls(text: &str) -> Vec<Match> {
    let mut line_ends = Positions::new(text, "\n");
    let mut ends = [")", "')", "\")"].map(|end| Positions::new(text, end));
    let mut found: Vec<Match> = Vec::new();
    for start in URL.places(text) {
        if found.last().is_some_and(|last| last.whole.end > start) {
            continue;
        }
        let open = start + URL.len();
        let quoted = match text.as_bytes().get(open) {
            Some(b'\'') => Some((open + 1, 1)),
            Some(b'"') => Some((open + 1, 2)),
            _ => None,
        };
        let ways = quoted.into_iter().chain([(open, 0)]);
        let matched = ways.into_iter().find_map(|(after, end)| {
            let from = skip_space(text, after);
            let line_end = line_ends.next(from).unwrap_or(text.len());
            let url_end = ends[end].next_in(from..line_end)?;
            let length = if end == 0 { 1 } else { 2 };
            Some((from..url_end, url_end + length))
        });
        if let Some((url, end)) = matched {
            found.push(Match {
                whole: start..end,
                url,
                clause: 0..0,
            });
        }
    }
    found
}

/// `@import "…"`: up to the next quote of either kind on the line.
fn imports(text: &str) -> Vec<Match> {
    let mut line_ends = Positions::new(text, "\n");
    let mut quotes = ["'", "\""].map(|quote| Positions::new(text, quote));
    let mut found: Vec<Match> = Vec::new();
    for (start, _) in text.match_indices('@') {
        if found.last().is_some_and(|last| last.whole.end > start) {
            continue;
        }
        let Some(end) = word_at(text, start + 1, "import") else {
            continue;
        };
        let quote = skip_space(text, end);
        if !matches!(text.as_bytes().get(quote), Some(b'\'' | b'"')) {
            continue;
        }
        let from = skip_space(text, quote + 1);
        let line_end = line_ends.next(from).unwrap_or(text.len());
        let ends = quotes
            .iter_mut()
            .filter_map(|quote| quote.next_in(from..line_end));
        if let Some(end) = ends.min() {
            found.push(Match {
                whole: start..end + 1,
                url: from..end,
                clause: 0..0,
            });
        }
    }
    found
}

/// `/*# sourceMappingURL=… */` on a line of its own. Blanks before the end belong to the URL.
fn source_maps(text: &str) -> Vec<Match> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for word in places(text, SOURCE_MAP) {
        let Some(start) = word.checked_sub("/*# ".len()) else {
            continue;
        };
        let is_line_start = start == 0 || bytes[start - 1] == b'\n';
        // Only then is it worth to look where the line ends: once for each line.
        if !is_line_start || !matches!(&bytes[start..word], b"/*# " | b"/*#\t") {
            continue;
        }
        let url = word + SOURCE_MAP.len();
        let end = memchr::memchr(b'\n', &bytes[url..]).map_or(text.len(), |length| url + length);
        if bytes[url..end].ends_with(b"*/") {
            found.push(Match {
                whole: start..end,
                url: url..end - "*/".len(),
                clause: 0..0,
            });
        }
    }
    found
}
