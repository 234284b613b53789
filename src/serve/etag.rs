//! Entity tags: made, read from a header, compared. It does not know what a tag is made of.
//!
//! RFC 9110 section 8.8.3: `[ "W/" ] DQUOTE *etagc DQUOTE`. A tag has no escapes, may hold a comma,
//! and `W/` is case-sensitive. Section 8.8.3.2 has the two comparisons.
//!
//! ```
//! use storehouse::serve::EntityTag;
//!
//! let tag = EntityTag::strong("55e7cbb9ba48").expect("letters and digits are allowed");
//! let weak = EntityTag::parse(br#"W/"55e7cbb9ba48""#).expect("a weak tag");
//!
//! assert!(tag.is_weakly(&weak));
//! assert!(!tag.is_strongly(&weak));
//! assert_eq!(tag.header_value(), r#""55e7cbb9ba48""#);
//! ```

use std::fmt;

use http::HeaderValue;

/// The tag of one version of a representation, as it stands in `ETag`.
///
/// `==` tells whether both are written the same; what a condition asks for is
/// [`is_strongly`](Self::is_strongly) or [`is_weakly`](Self::is_weakly).
#[derive(Clone, PartialEq, Eq)]
pub struct EntityTag(HeaderValue);

impl EntityTag {
    /// Makes a strong tag: it changes whenever a byte of the content does. `opaque` has no quotes.
    ///
    /// `None` if `opaque` has a character that a tag cannot have: anything but visible ASCII, or `"`.
    #[must_use]
    pub fn strong(opaque: &str) -> Option<Self> {
        Self::written("", opaque)
    }

    /// Makes a weak tag: it may stay when the content changes to what is as good. Else as
    /// [`strong`](Self::strong).
    #[must_use]
    pub fn weak(opaque: &str) -> Option<Self> {
        Self::written("W/", opaque)
    }

    /// Reads a tag as it stands in a header, without white space around it.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (_, rest) = Tag::first_of(text)?;
        let value = HeaderValue::from_bytes(text).ok()?;
        rest.is_empty().then_some(Self(value))
    }

    /// Returns what stands in the header, with the quotes. Cloning it is cheap.
    #[must_use]
    pub fn header_value(&self) -> &HeaderValue {
        &self.0
    }

    /// Returns whether both are strong and the same: the strong comparison, for `If-Match` and
    /// `If-Range`.
    #[must_use]
    pub fn is_strongly(&self, other: &Self) -> bool {
        self.tag().is_strongly(&other.tag())
    }

    /// Returns whether both are the same but for `W/`: the weak comparison, for `If-None-Match`.
    #[must_use]
    pub fn is_weakly(&self, other: &Self) -> bool {
        self.tag().is_weakly(&other.tag())
    }

    /// Returns it as tags of a request are compared.
    pub(super) fn tag(&self) -> Tag<'_> {
        let (is_weak, quoted) = without_prefix(self.0.as_bytes());
        Tag { is_weak, quoted }
    }

    fn written(prefix: &str, opaque: &str) -> Option<Self> {
        // Bytes above ASCII may be read (`obs-text`), but nobody has to understand them.
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        if !opaque.bytes().all(allowed) {
            return None;
        }
        HeaderValue::try_from(format!("{prefix}\"{opaque}\""))
            .ok()
            .map(Self)
    }
}

impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0.as_bytes()))
    }
}

/// A tag that a request names, in its place in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    is_weak: bool,
    /// With its quotes.
    quoted: &'a [u8],
}

impl<'a> Tag<'a> {
    /// Reads the tag that `text` starts with, and returns what comes behind it.
    pub(super) fn first_of(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (is_weak, start) = without_prefix(text);
        let inner = start.strip_prefix(b"\"")?;
        let length = inner.iter().position(|&byte| !is_etagc(byte))?;
        if inner[length] != b'"' {
            return None;
        }
        let (quoted, rest) = start.split_at(length + 2);
        Some((Self { is_weak, quoted }, rest))
    }

    pub(super) fn is_strongly(&self, other: &Tag<'_>) -> bool {
        !self.is_weak && !other.is_weak && self.quoted == other.quoted
    }

    pub(super) fn is_weakly(&self, other: &Tag<'_>) -> bool {
        self.quoted == other.quoted
    }
}

/// The tags of a list (RFC 9110 section 5.6.1.2): commas between them, members may be empty.
///
/// It ends at the first member that is no tag: those before it count.
pub(super) struct Tags<'a>(&'a [u8]);

impl<'a> Tags<'a> {
    pub(super) fn of(list: &'a [u8]) -> Self {
        Self(list)
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let list = std::mem::take(&mut self.0);
        let start = list
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b','))?;
        let (tag, rest) = Tag::first_of(&list[start..])?;
        // Between two tags there is a comma: `"a" "b"` is neither of them.
        let rest = rest.trim_ascii_start();
        if !rest.is_empty() && rest[0] != b',' {
            return None;
        }
        self.0 = rest;
        Some(tag)
    }
}

/// Whether a tag is weak, and the rest of it.
fn without_prefix(text: &[u8]) -> (bool, &[u8]) {
    match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    }
}

fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_is_read_as_the_grammar_says() {
        for (case, text, is_tag) in [
            ("strong", r#""xyzzy""#, true),
            ("weak", r#"W/"xyzzy""#, true),
            ("empty", r#""""#, true),
            ("comma and blackslash inside", r#""a,b\""#, true),
            ("bytes above ASCII", "\"é\"", true),
            ("no quotes", "xyzzy", false),
            ("weak, no quotes", "W/xyzzy", false),
            ("small w", r#"w/"xyzzy""#, false),
            ("blank behind W/", r#"W/ "xyzzy""#, false),
            ("only one quote", r#"""#, false),
            ("no end", r#""xyzzy"#, false),
            ("blank inside", r#""a b""#, false),
            ("something behind", r#""a"b"#, false),
            ("single quotes", "'a'", false),
            ("nothing", "", false),
        ] {
            let read = EntityTag::parse(text.as_bytes());

            assert_eq!(read.is_some(), is_tag, "{case}");
            if let Some(tag) = read {
                assert_eq!(tag.header_value().as_bytes(), text.as_bytes(), "{case}");
            }
        }
    }

    #[test]
    fn what_a_tag_cannot_hold_makes_none() {
        for opaque in ["a\"b", "a b", "a\r\nSet-Cookie: x", "\0", "é", "\x7f"] {
            assert_eq!(EntityTag::strong(opaque), None, "{opaque:?}");
            assert_eq!(EntityTag::weak(opaque), None, "{opaque:?}");
        }
        assert_eq!(EntityTag::strong("a-2").unwrap().header_value(), "\"a-2\"");
        assert_eq!(EntityTag::weak("").unwrap().header_value(), "W/\"\"");
    }

    #[test]
    fn tags_compare_as_in_the_table_of_section_8_8_3_2() {
        for (one, other, strongly, weakly) in [
            (r#"W/"1""#, r#"W/"1""#, false, true),
            (r#"W/"1""#, r#"W/"2""#, false, false),
            (r#"W/"1""#, r#""1""#, false, true),
            (r#""1""#, r#""1""#, true, true),
        ] {
            let [one, other] = [one, other].map(|text| EntityTag::parse(text.as_bytes()).unwrap());

            assert_eq!(one.is_strongly(&other), strongly, "{one:?} {other:?}");
            assert_eq!(other.is_strongly(&one), strongly, "{other:?} {one:?}");
            assert_eq!(one.is_weakly(&other), weakly, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_list_has_the_tags_before_what_is_none() {
        for (case, list, expected) in [
            ("one", r#""a""#, vec![r#""a""#]),
            (
                "three",
                r#""a", W/"b","c""#,
                vec![r#""a""#, r#"W/"b""#, r#""c""#],
            ),
            (
                "empty members",
                ", \"a\",,\t\"b\" ,",
                vec![r#""a""#, r#""b""#],
            ),
            (
                "a comma in a tag",
                r#""a,b", "c""#,
                vec![r#""a,b""#, r#""c""#],
            ),
            ("a word in it", r#""a", b, "c""#, vec![r#""a""#]),
            ("no comma", r#""a" "b""#, vec![]),
            ("a star in it", r#""a", *"#, vec![r#""a""#]),
            ("only commas", ", ,", vec![]),
            ("nothing", "", vec![]),
        ] {
            let found: Vec<EntityTag> = expected
                .iter()
                .map(|text| EntityTag::parse(text.as_bytes()).unwrap())
                .collect();
            let found: Vec<Tag<'_>> = found.iter().map(EntityTag::tag).collect();

            assert_eq!(
                Tags::of(list.as_bytes()).collect::<Vec<_>>(),
                found,
                "{case}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_tag_that_was_made_is_read_the_same(opaque in "[!#-~]{0,20}", weak: bool) {
            let make = if weak { EntityTag::weak } else { EntityTag::strong };
            let tag = make(&opaque).unwrap();

            let read = EntityTag::parse(tag.header_value().as_bytes()).unwrap();

            prop_assert!(read.is_weakly(&tag));
            prop_assert_eq!(read.is_strongly(&tag), !weak);
            prop_assert_eq!(read, tag);
        }

        #[test]
        fn no_list_makes_more_tags_than_it_has_pairs_of_quotes(
            list in "([\"W/*, \ta\u{e9}]|\"a\"){0,40}",
        ) {
            let quotes = list.matches('"').count();

            prop_assert!(Tags::of(list.as_bytes()).count() <= quotes / 2);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = EntityTag::parse(&bytes);
            let _ = Tags::of(&bytes).count();
        }
    }
}
