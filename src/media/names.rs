//! What an uploaded file is called: the name that a client sent, made harmless. Which name the file gets
//! in the storage is decided in [`super::upload_to`].
//!
//! Django 6.1's `MultiPartParser.sanitize_file_name` and `UploadedFile.name`.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Django's limit of a file name, in characters; the extension is kept.
const MAX_CHARACTERS: usize = 255;

/// Returns the last part of a name that may be a path, without what cannot be printed; `None` if
/// that leaves no name, as of a file input that is empty.
pub(super) fn sanitized(name: &str) -> Option<String> {
    let unescaped = htmlize::unescape(name);
    let last = unescaped.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|&letter| is_printable(letter))
        .collect();
    if matches!(name.as_str(), "" | "." | "..") {
        return None;
    }
    Some(shortened(name))
}

fn shortened(name: String) -> String {
    if name.chars().count() <= MAX_CHARACTERS {
        return name;
    }
    let (root, extension) = split_extension(&name);
    let extension: String = extension.chars().take(MAX_CHARACTERS).collect();
    let left = MAX_CHARACTERS - extension.chars().count();
    root.chars().take(left).chain(extension.chars()).collect()
}

/// Python's `os.path.splitext` of a name without folders: leading dots start no extension.
pub(super) fn split_extension(name: &str) -> (&str, &str) {
    let dots = name.len() - name.trim_start_matches('.').len();
    match name[dots..].rfind('.') {
        Some(at) => name.split_at(dots + at),
        None => (name, ""),
    }
}

/// Python's `str.isprintable`.
fn is_printable(letter: char) -> bool {
    use GeneralCategoryGroup::{Other, Separator};
    letter == ' ' || !matches!(letter.general_category_group(), Other | Separator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_cleaned_as_django_does() {
        for (case, name, expected) in [
            ("plain", "a.png", Some("a.png")),
            ("a path that climbs", "../../x", Some("x")),
            ("a path of Windows", r"C:\a\b.png", Some("b.png")),
            ("both kinds of slash", r"a/b\c", Some("c")),
            ("a slash after a backslash", r"a\b/c", Some("c")),
            ("entities", "&#46;&#46;/x", Some("x")),
            ("an entity for a slash", "a&sol;b&#x2f;c", Some("c")),
            ("an entity for a backslash", "a&bsol;c", Some("c")),
            ("no entity", "a&b.png", Some("a&b.png")),
            ("an entity without its end", "a&ampb", Some("a&b")),
            ("twice escaped", "&amp;#46;", Some("&#46;")),
            ("line ends and escapes", "a\r\n\u{1b}[2Jb", Some("a[2Jb")),
            ("right to left", "a\u{202e}gnp.exe", Some("agnp.exe")),
            ("a space that is none", "a\u{a0}b", Some("ab")),
            ("letters of all kinds", "日本 é.png", Some("日本 é.png")),
            ("empty", "", None),
            ("the folder", ".", None),
            ("its parent", "a/..", None),
            ("a folder", "a/", None),
            ("nothing printable", "\u{7}\n", None),
            ("dots by entities", "&period;&period;", None),
        ] {
            assert_eq!(sanitized(name).as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let long = format!("{}.png", "é".repeat(300));
        let of_extension = format!("a.{}", "x".repeat(300));

        assert_eq!(sanitized(&long), Some(format!("{}.png", "é".repeat(251))));
        assert_eq!(
            sanitized(&of_extension),
            Some(format!(".{}", "x".repeat(254)))
        );
    }

    #[test]
    fn leading_dots_start_no_extension() {
        for (name, expected) in [
            ("a.png", ("a", ".png")),
            ("a.tar.gz", ("a.tar", ".gz")),
            (".bashrc", (".bashrc", "")),
            ("..a.b", ("..a", ".b")),
            ("a.", ("a", ".")),
            ("a", ("a", "")),
        ] {
            assert_eq!(split_extension(name), expected, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_a_client_writes_becomes_a_harmless_name(
            name in "(\\.|/|\\\\|&|#|;|&#x?[0-9a-f]{1,6};?|&sol;|&bsol;|&period;|&NewLine;|x{1,200}|[\\x00-\\x1f\u{202e}\u{ad}\u{2028}]|(?s:.)){0,20}",
        ) {
            if let Some(name) = sanitized(&name) {
                prop_assert!(!matches!(name.as_str(), "" | "." | ".."), "{:?}", name);
                prop_assert!(!name.contains(['/', '\\']) && !name.contains(char::is_control), "{:?}", name);
                prop_assert!(name.chars().count() <= MAX_CHARACTERS, "{:?}", name);
            }
        }
    }
}
