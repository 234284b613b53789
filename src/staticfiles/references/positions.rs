//! Where a short text occurs in a long one, found once however often it is asked.

use std::ops::Range;

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
        let all = self.all.get_or_insert_with(|| {
            let found = self.text.match_indices(self.needle);
            found.map(|(at, _)| at).collect()
        });
        all.get(all.partition_point(|&at| at < from)).copied()
    }

    /// Returns the first place in `range`.
    pub(super) fn next_in(&mut self, range: Range<usize>) -> Option<usize> {
        self.next(range.start).filter(|&at| at < range.end)
    }
}

/// Returns the places of an ASCII word in any case.
pub(super) fn words<'t>(text: &'t str, word: &'static str) -> impl Iterator<Item = usize> + 't {
    let (bytes, word) = (text.as_bytes(), word.as_bytes());
    let windows = bytes.windows(word.len()).enumerate();
    windows
        .filter(|(_, window)| window.eq_ignore_ascii_case(word))
        .map(|(at, _)| at)
}
