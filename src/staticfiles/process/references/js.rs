//! The patterns of JavaScript, the first for every file, the others for modules (Python's `re`,
//! all but `sourceMappingURL` in any case):
//!
//! ```text
//! (?m)^//# sourceMappingURL=(?P<url>.*)$
//! import(?P<import>[\s\{][^;]*?|\*\s*as\s*\w+)\s*from\s*['"](?P<url>[./].*?)["']
//! export(?P<exports>[\s\{][^;]*?)\s*from\s*["'](?P<url>[./].*?)["']
//! import\s*['"](?P<url>[./].*?)["']
//! import\(["'](?P<url>[./].*?)["']\)
//! ```

use std::ops::Range;

use super::{
    Match, Pattern,
    blocks::Blocks,
    positions::{EXPORT, FROM, MPORT, Positions, places},
    template::Template,
};
use crate::staticfiles::support::python::chars::{
    folds_to, is_space, skip_space, skip_word, word_at,
};

/// What the comment that names a source map begins with.
const SOURCE_MAP: &str = "//# sourceMappingURL=";

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        find: source_maps,
        template: Template::new("//# sourceMappingURL=", ""),
        ignored: Blocks::of_js,
    },
    Pattern {
        find: imports_from,
        template: Template {
            before: "import",
            between: " from \"",
            after: "\"",
        },
        ignored: Blocks::of_js,
    },
    Pattern {
        find: exports_from,
        template: Template {
            before: "export",
            between: " from \"",
            after: "\"",
        },
        ignored: Blocks::of_js,
    },
    Pattern {
        find: plain_imports,
        template: Template::new("import\"", "\""),
        ignored: Blocks::of_js,
    },
    Pattern {
        find: dynamic_imports,
        template: Template::new("import(\"", "\")"),
        ignored: Blocks::of_js,
    },
];

/// `//# sourceMappingURL=…` from the start of a line to its end, a CR included.
fn source_maps(text: &str) -> Vec<Match> {
    let mut found = Vec::new();
    // Not line by line: scripts are long, and few have one.
    for start in places(text, SOURCE_MAP) {
        let is_line_start = start == 0 || text.as_bytes()[start - 1] == b'\n';
        if !is_line_start {
            continue;
        }
        let url = start + SOURCE_MAP.len();
        let end = memchr::memchr(b'\n', &text.as_bytes()[url..]);
        let end = end.map_or(text.len(), |length| url + length);
        found.push(Match {
            whole: start..end,
            url: url..end,
            clause: 0..0,
        });
    }
    found
}

fn imports_from(text: &str) -> Vec<Match> {
    let mut clauses = Clauses::new(text);
    find(imports(text), |start, end| {
        let (clause, tail) = clauses.after(end).or_else(|| clauses.namespace(end))?;
        Some(tail.matched(start, clause))
    })
}

fn exports_from(text: &str) -> Vec<Match> {
    let mut clauses = Clauses::new(text);
    let exports = EXPORT
        .places(text)
        .map(|start| (start, start + EXPORT.len()));
    find(exports, |start, end| {
        let (clause, tail) = clauses.after(end)?;
        Some(tail.matched(start, clause))
    })
}

fn plain_imports(text: &str) -> Vec<Match> {
    let mut strings = Strings::new(text);
    find(imports(text), |start, end| {
        let string = strings.at(skip_space(text, end))?;
        Some(string.matched(start, 0..0))
    })
}

fn dynamic_imports(text: &str) -> Vec<Match> {
    let mut line_ends = Positions::new(text, "\n");
    let mut ends = ["')", "\")"].map(|end| Positions::new(text, end));
    find(imports(text), |start, end| {
        let url = path_start(text, end + text[end..].strip_prefix('(').map(|_| 1)?)?;
        let line_end = line_ends.next(url + 1).unwrap_or(text.len());
        let ends = ends
            .iter_mut()
            .filter_map(|ends| ends.next_in(url + 1..line_end));
        let url_end = ends.min()?;
        let tail = Tail {
            url: url..url_end,
            end: url_end + "')".len(),
        };
        Some(tail.matched(start, 0..0))
    })
}

/// The places of `import`, as start and end. Its `i` may be wider than a byte.
fn imports(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    MPORT.places(text).filter_map(|rest| {
        let letter = text[..rest].chars().next_back()?;
        folds_to(letter, 'i').then(|| (rest - letter.len_utf8(), rest + MPORT.len()))
    })
}

/// Goes through the places of a word, leaving out those inside of a match.
fn find(
    words: impl Iterator<Item = (usize, usize)>,
    mut matched: impl FnMut(usize, usize) -> Option<Match>,
) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    for (start, end) in words {
        if found.last().is_none_or(|last| last.whole.end <= start) {
            found.extend(matched(start, end));
        }
    }
    found
}

/// The end of a match: a URL in quotes.
struct Tail {
    url: Range<usize>,
    end: usize,
}

impl Tail {
    fn matched(self, start: usize, clause: Range<usize>) -> Match {
        Match {
            whole: start..self.end,
            url: self.url,
            clause,
        }
    }
}

/// Where the URL begins if at `quote` there is a quote and then a `.` or a `/`.
fn path_start(text: &str, quote: usize) -> Option<usize> {
    let is_path = matches!(
        text.as_bytes().get(quote..quote + 2)?,
        [b'\'' | b'"', b'.' | b'/']
    );
    is_path.then_some(quote + 1)
}

/// `['"](?P<url>[./].*?)["']`: strings that end at the next quote of either kind on their line.
struct Strings<'t> {
    text: &'t str,
    line_ends: Positions<'t>,
    quotes: [Positions<'t>; 2],
}

impl<'t> Strings<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            line_ends: Positions::new(text, "\n"),
            quotes: ["'", "\""].map(|quote| Positions::new(text, quote)),
        }
    }

    fn at(&mut self, quote: usize) -> Option<Tail> {
        let url = path_start(self.text, quote)?;
        // At least one character: the `.` or `/`.
        let line_end = self.line_ends.next(url + 1).unwrap_or(self.text.len());
        let ends = self
            .quotes
            .iter_mut()
            .filter_map(|quotes| quotes.next_in(url + 1..line_end));
        let url_end = ends.min()?;
        Some(Tail {
            url: url..url_end,
            end: url_end + 1,
        })
    }
}

/// What is imported or exported, up to a `from` with its string.
struct Clauses<'t> {
    text: &'t str,
    semicolons: Positions<'t>,
    strings: Strings<'t>,
    /// Where a `from` has its string behind it.
    froms: Option<Vec<usize>>,
}

impl<'t> Clauses<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            semicolons: Positions::new(text, ";"),
            strings: Strings::new(text),
            froms: None,
        }
    }

    /// `[\s\{][^;]*?\s*from…`: the clause goes up to the blanks before the first `from` that has a
    /// string behind it and no `;` before it.
    fn after(&mut self, start: usize) -> Option<(Range<usize>, Tail)> {
        let first = self.text[start..].chars().next()?;
        if !is_space(first) && first != '{' {
            return None;
        }
        let least = start + first.len_utf8();
        let from = self.next_from(least)?;
        if self.semicolons.next_in(least..from).is_some() {
            return None;
        }
        let clause = self.text[least..from].trim_end_matches(is_space);
        Some((start..least + clause.len(), self.tail(from)?))
    }

    /// `\*\s*as\s*\w+\s*from…`: the name may end in the letters of `from` itself.
    fn namespace(&mut self, start: usize) -> Option<(Range<usize>, Tail)> {
        let text = self.text;
        let star = text[start..].strip_prefix('*').map(|_| start + 1)?;
        let word = skip_space(text, word_at(text, skip_space(text, star), "as")?);
        let end = skip_word(text, word);
        if end == word {
            return None;
        }
        if let Some(tail) = self.tail(skip_space(text, end)) {
            return Some((start..end, tail));
        }
        let shorter = end.checked_sub(FROM.len()).filter(|&end| end > word)?;
        Some((start..shorter, self.tail(shorter)?))
    }

    /// `from\s*['"]…` at `from`.
    fn tail(&mut self, from: usize) -> Option<Tail> {
        let end = word_at(self.text, from, "from")?;
        self.strings.at(skip_space(self.text, end))
    }

    fn next_from(&mut self, start: usize) -> Option<usize> {
        if self.froms.is_none() {
            let mut froms: Vec<usize> = FROM.places(self.text).collect();
            froms.retain(|&from| self.tail(from).is_some());
            self.froms = Some(froms);
        }
        let froms = self.froms.as_deref().unwrap_or_default();
        froms
            .get(froms.partition_point(|&from| from < start))
            .copied()
    }
}
