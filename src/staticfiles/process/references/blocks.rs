//! Blocks in which nothing is a reference: comments, strings, escapes and template literals, as
//! Django's `_css_ignored_re` and `_js_ignored_re` find them. What is not closed is no block.

use std::ops::Range;

use super::positions::Positions;

/// The ignored blocks of a text, in order.
pub(super) struct Blocks(Vec<Range<usize>>);

impl Blocks {
    /// Finds the blocks of CSS: `/* */`, an escape, and strings in either quote.
    pub(super) fn of_css(text: &str) -> Self {
        Self::find(text, false)
    }

    /// Finds the blocks of JavaScript: as those of CSS, and `//` and template literals.
    pub(super) fn of_js(text: &str) -> Self {
        Self::find(text, true)
    }

    /// Returns whether `at` is inside a block. A match that begins where a block begins is not:
    /// the comment with a source map is one itself.
    pub(super) fn hold(&self, at: usize) -> bool {
        let after = self.0.partition_point(|block| block.end <= at);
        self.0.get(after).is_some_and(|block| block.start < at)
    }

    fn find(text: &str, is_js: bool) -> Self {
        let bytes = text.as_bytes();
        let mut comment_ends = Positions::new(text, "*/");
        let mut blocks = Vec::new();
        let mut at = 0;
        while let Some(next) = bytes[at..].iter().position(|&byte| may_begin(byte)) {
            at += next;
            let end = match (bytes[at], bytes.get(at + 1)) {
                (b'/', Some(b'*')) => comment_ends.next(at + 2).map(|end| end + 2),
                (b'/', Some(b'/')) if is_js => Some(line_end(text, at)),
                (b'\\', Some(_)) => Some(after_escape(text, at)),
                (b'\'' | b'"', _) => string_end(text, at, Some(b'\n')),
                (b'`', _) if is_js => string_end(text, at, None),
                _ => None,
            };
            match end {
                Some(end) => {
                    blocks.push(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        Self(blocks)
    }
}

/// Whether a block may begin with this byte; most bytes need no other look.
fn may_begin(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | b'\'' | b'"' | b'`')
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

/// Where the character after the backslash at `at` ends.
fn after_escape(text: &str, at: usize) -> usize {
    let escaped = text[at + 1..].chars().next();
    at + 1 + escaped.map_or(0, char::len_utf8)
}

/// Where the string that the quote at `at` opens ends, if it is closed before `stop`.
///
/// A quote that is not closed costs one look ahead; another of its kind cannot follow before the
/// place where that look ended, so all of them together are linear.
fn string_end(text: &str, at: usize, stop: Option<u8>) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = bytes[at];
    let mut at = at + 1;
    loop {
        match *bytes.get(at)? {
            byte if byte == quote => return Some(at + 1),
            byte if Some(byte) == stop => return None,
            b'\\' => {
                bytes.get(at + 1)?;
                at = after_escape(text, at);
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn css(text: &str) -> Vec<&str> {
        let blocks = Blocks::of_css(text).0;
        blocks.into_iter().map(|block| &text[block]).collect()
    }

    fn js(text: &str) -> Vec<&str> {
        let blocks = Blocks::of_js(text).0;
        blocks.into_iter().map(|block| &text[block]).collect()
    }

    #[test]
    fn comments_strings_and_escapes_of_css_are_blocks() {
        for (case, text, expected) in [
            ("comment", "a/* b\n*/c", vec!["/* b\n*/"]),
            ("comment not closed", "/* b", vec![]),
            ("too short to be closed", "/*/ a", vec![]),
            ("strings", "'a' \"b\"", vec!["'a'", "\"b\""]),
            ("quote in the other quote", "\"it's\"", vec!["\"it's\""]),
            ("string not closed on its line", "'a\n'b'", vec!["'b'"]),
            ("line end that is escaped", "'a\\\nb'", vec!["'a\\\nb'"]),
            ("escaped quote", "\\'a'b'", vec!["\\'", "'b'"]),
            ("escape of a wide letter", "\\é'a'", vec!["\\é", "'a'"]),
            ("backslash at the end", "a\\", vec![]),
            ("no line comment", "//a 'b'", vec!["'b'"]),
        ] {
            assert_eq!(css(text), expected, "{case}");
        }
    }

    #[test]
    fn line_comments_and_template_literals_of_js_are_blocks() {
        for (case, text, expected) in [
            ("line comment", "a// it's\nb", vec!["// it's"]),
            ("block comment first", "/*//*/a", vec!["/*//*/"]),
            ("slashes in a string", "'//'x", vec!["'//'"]),
            ("template literal", "`a\nb` c", vec!["`a\nb`"]),
            ("backtick not closed", "`a 'b'", vec!["'b'"]),
        ] {
            assert_eq!(js(text), expected, "{case}");
        }
    }

    #[test]
    fn a_place_is_inside_only_after_the_start_of_a_block() {
        let blocks = Blocks::of_css("ab'cd'e");

        let inside: Vec<usize> = (0..7).filter(|&at| blocks.hold(at)).collect();
        assert_eq!(inside, [3, 4, 5]);
    }
}
