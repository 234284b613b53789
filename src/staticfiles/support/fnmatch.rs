//! Shell patterns exactly as Python's `fnmatch.fnmatchcase`, which Django's ignore patterns are.
//! They are not the globs of a shell: `*` also matches `/`.
//!
//! Rules (CPython 3.13, `Lib/fnmatch.py`): case-sensitive, the whole text; `*` any run of
//! characters, `?` any one, `[seq]` one of these, `[!seq]` none of these (`^` is an ordinary
//! character); a `]` that comes first is ordinary; a `[` that is never closed is ordinary; a range
//! whose ends are the wrong way round matches nothing; there is no escape character.

use std::str::Chars;

/// A pattern, ready to be matched against many names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Any,
    One,
    Char(char),
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Reads a pattern. Every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(&letter) = letters.get(at) {
            at += 1;
            pieces.push(match letter {
                // A run of stars means what one means.
                '*' if pieces.last() == Some(&Piece::Any) => continue,
                '*' => Piece::Any,
                '?' => Piece::One,
                '[' => match set_end(&letters, at) {
                    Some(end) => {
                        let set = read_set(&letters[at..end]);
                        at = end + 1;
                        set
                    }
                    None => Piece::Char('['),
                },
                other => Piece::Char(other),
            });
        }
        Self { pieces }
    }

    /// Returns whether the whole of `text` matches. Takes at most text length × pattern length steps.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (mut piece, mut rest) = (0, text.chars());
        // Where to go on when a later piece fails: after the last star, one letter further.
        let mut retry: Option<(usize, Chars<'_>)> = None;
        loop {
            let mut after = rest.clone();
            let fits = match (self.pieces.get(piece), after.next()) {
                (None, None) => return true,
                (Some(Piece::Any), _) => {
                    piece += 1;
                    retry = Some((piece, rest.clone()));
                    continue;
                }
                (Some(wanted), Some(found)) => wanted.takes(found),
                _ => false,
            };
            if fits {
                piece += 1;
                rest = after;
                continue;
            }
            let Some((after_star, from)) = &mut retry else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (piece, rest) = (*after_star, from.clone());
        }
    }
}

impl Piece {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Char(wanted) => *wanted == letter,
            Self::Set { negated, ranges } => {
                let found = ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&letter));
                found != *negated
            }
        }
    }
}

/// Where the set that starts at `start` (after its `[`) is closed.
fn set_end(letters: &[char], start: usize) -> Option<usize> {
    let mut from = start;
    if letters.get(from) == Some(&'!') {
        from += 1;
    }
    if letters.get(from) == Some(&']') {
        from += 1;
    }
    let close = letters
        .get(from..)?
        .iter()
        .position(|&letter| letter == ']')?;
    Some(from + close)
}

fn read_set(inside: &[char]) -> Piece {
    let (negated, letters) = match inside {
        ['!', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut ranges = Vec::new();
    let mut rest = letters;
    loop {
        match rest {
            [first, '-', last, after @ ..] => {
                ranges.push((*first, *last));
                rest = after;
            }
            [one, after @ ..] => {
                ranges.push((*one, *one));
                rest = after;
            }
            [] => return Piece::Set { negated, ranges },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each answer was printed by CPython 3.13's fnmatch.fnmatchcase(text, pattern).
    const ANSWERS: &[(&str, &str, bool)] = &[
        ("*.css", "a.css", true),
        ("*.css", "a/b.css", true),
        ("*.css", "a.CSS", false),
        ("*.css", "a.css.map", false),
        (".*", ".git", true),
        (".*", "a.git", false),
        ("*~", "backup~", true),
        ("vendor", "vendor", true),
        ("vendor", "my/vendor", false),
        ("x/*", "x/deep/er.txt", true),
        ("*/vendor/*.js", "a/b/vendor/c/d.js", true),
        ("a?c", "abc", true),
        ("a?c", "a/c", true),
        ("a?c", "ac", false),
        ("[abc]", "b", true),
        ("[!abc]", "b", false),
        ("[!abc]", "d", true),
        ("[^a]", "^", true),
        ("[^a]", "b", false),
        ("[]]", "]", true),
        ("[!]]", "a", true),
        ("[!]]", "]", false),
        ("[a-c]", "b", true),
        ("[c-a]", "b", false),
        ("[a-]", "-", true),
        ("[-a]", "-", true),
        ("[", "[", true),
        ("[ab", "[ab", true),
        ("a[", "a[", true),
        ("*a*b*c", "xaxbxc", true),
        ("*a*b*c", "xaxbx", false),
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a\nb", true),
        ("\\*", "\\x", true),
        ("é*", "été", true),
        ("é*", "ecole", false),
        ("[a-c-e]", "d", false),
        ("[a-c-e]", "-", true),
        ("[--/]", ".", true),
        ("[!]", "a", false),
    ];

    #[test]
    fn patterns_match_as_in_python() {
        for (pattern, text, expected) in ANSWERS {
            let matches = Pattern::new(pattern).matches(text);

            assert_eq!(matches, *expected, "{pattern:?} on {text:?}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_exponential_time() {
        let pattern = Pattern::new(&"*a".repeat(200));

        assert!(!pattern.matches(&"a".repeat(199)));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5_000))));
    }
}
