//! Python's classes of characters, and its case folding in patterns.
//!
//! `\s` and `str.strip` take Unicode's White_Space and U+001C to U+001F. `\w` is `str.isalnum` or
//! `_`: letters and numbers, but no combining marks. With `re.IGNORECASE` an `i` also matches
//! U+0130 and U+0131, an `s` also U+017F (`Lib/re/_casefix.py`).

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Returns whether `\s` matches.
pub(in crate::staticfiles) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

/// Returns whether `\w` matches.
pub(in crate::staticfiles) fn is_word(letter: char) -> bool {
    use unicode_properties::GeneralCategory::{DecimalNumber, LetterNumber, OtherNumber};
    letter == '_'
        || letter.general_category_group() == GeneralCategoryGroup::Letter
        || matches!(
            letter.general_category(),
            DecimalNumber | LetterNumber | OtherNumber
        )
}

/// Returns whether `letter` matches the lower-case ASCII letter `wanted` with `re.IGNORECASE`.
pub(in crate::staticfiles) fn folds_to(letter: char, wanted: char) -> bool {
    letter.eq_ignore_ascii_case(&wanted)
        || matches!(
            (wanted, letter),
            ('i', '\u{130}' | '\u{131}') | ('s', '\u{17f}')
        )
}

/// Returns where `word`, in lower-case ASCII, ends if it stands at `at` in any case.
pub(in crate::staticfiles) fn word_at(text: &str, at: usize, word: &str) -> Option<usize> {
    let mut letters = text.get(at..)?.chars();
    let mut end = at;
    for wanted in word.chars() {
        let letter = letters.next().filter(|&letter| folds_to(letter, wanted))?;
        end += letter.len_utf8();
    }
    Some(end)
}

/// Returns where the run of `\s` that starts at `at` ends.
pub(in crate::staticfiles) fn skip_space(text: &str, at: usize) -> usize {
    run_end(text, at, is_space)
}

/// Returns where the run of `\w` that starts at `at` ends.
pub(in crate::staticfiles) fn skip_word(text: &str, at: usize) -> usize {
    run_end(text, at, is_word)
}

fn run_end(text: &str, at: usize, belongs: fn(char) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find(|letter| !belongs(letter)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_what_python_takes_for_it() {
        for space in [
            '\t', '\u{b}', '\u{1c}', '\u{1f}', '\u{85}', '\u{a0}', '\u{2028}',
        ] {
            assert!(is_space(space), "{space:?}");
        }
        for other in ['\u{8}', '\u{200b}', '\u{feff}', 'x'] {
            assert!(!is_space(other), "{other:?}");
        }
    }

    #[test]
    fn letters_fold_as_in_a_pattern_that_ignores_case() {
        assert_eq!(word_at("x@\u{131}MPORT", 2, "import"), Some(9));
        assert_eq!(word_at("A\u{17f} x", 0, "as"), Some(3));
        assert_eq!(word_at("impor", 0, "import"), None);
        assert_eq!(word_at("\u{212a}", 0, "k"), None);
    }

    #[test]
    fn a_combining_mark_is_no_part_of_a_word() {
        assert_eq!(skip_word("a\u{301}b", 0), 1);
        assert_eq!(skip_word("é²_9 ", 0), 6);
    }
}
