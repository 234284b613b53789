//! Where a short text occurs in a long one, found once however often it is asked.

use std::ops::Range;

/// Returns the places of `needle` in `text`.
pub(super) fn places<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = usize> + 't {
    memchr::memmem::find_iter(text.as_bytes(), needle.as_bytes())
}

/// All places of `needle`, looked up when the first is asked for.
///
/// Patterns such as `url(.*?)` look for their end from every start. A search each would take
/// quadratic time on a text with many starts and no end.
pub(super) struct Positions<'t> {
    text: &'t str,
    needle: &'static str,
    all: Option<Vec<usize>>,
}

impl<'t> Positions<'t> {
    pub(super) fn new(text: &'t str, needle: &'static str) -> Self {
        Self {
            text,
            needle,
            all: None,
        }
    }

    /// Returns the first place at or after `from`.
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        let all = self
            .all
            .get_or_insert_with(|| places(self.text, self.needle).collect());
        all.get(all.partition_point(|&at| at < from)).copied()
    }

    /// Returns the first place in `range`.
    pub(super) fn next_in(&mut self, range: Range<usize>) -> Option<usize> {
        self.next(range.start).filter(|&at| at < range.end)
    }
}

/// An ASCII word that is looked for in any case, by its rarest letter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    text: &'static str,
    rarest: usize,
}

/// `url(`
pub(super) const URL: Word = Word::new("url(", 3);
/// `import` without its `i`, which may be another letter.
pub(super) const MPORT: Word = Word::new("mport", 1);
/// `export`
pub(super) const EXPORT: Word = Word::new("export", 1);
/// `from`
pub(super) const FROM: Word = Word::new("from", 0);

impl Word {
    const fn new(text: &'static str, rarest: usize) -> Self {
        Self { text, rarest }
    }

    /// Returns how many bytes it has.
    pub(super) fn len(self) -> usize {
        self.text.len()
    }

    /// Returns its places in `text`, also those that overlap.
    pub(super) fn places(self, text: &str) -> impl Iterator<Item = usize> + '_ {
        let (bytes, word) = (text.as_bytes(), self.text.as_bytes());
        let letter = word[self.rarest];
        memchr::memchr2_iter(letter, letter.to_ascii_uppercase(), bytes)
            .filter_map(move |at| at.checked_sub(self.rarest))
            .filter(move |&start| {
                let found = bytes.get(start..start + word.len());
                found.is_some_and(|found| found.eq_ignore_ascii_case(word))
            })
    }
}
