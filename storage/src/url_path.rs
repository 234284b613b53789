//! The URL of a name below a base URL. It signs nothing and looks into no storage.
//!
//! The quoting is Django's `filepath_to_uri` (`django/utils/encoding.py`, version 6.1): UTF-8,
//! percent-encoded but for ASCII letters, digits and `_.-~/!*()'`.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::name::Name;

/// What is quoted. `/` separates the parts of a name and is never in one.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b'\'');

/// Returns `base_url`, with a `/` at its end, followed by `name` percent-encoded.
///
/// `base_url` is taken as it is: either a path on the site (`/media/`) or absolute.
///
/// ```
/// use storehouse_storage::{Name, join_url};
///
/// let url = join_url("/media", &Name::new("photos/my cat #1.jpg")?);
/// assert_eq!(url, "/media/photos/my%20cat%20%231.jpg");
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[must_use]
pub fn join_url(base_url: &str, name: &Name) -> String {
    let slash = if base_url.ends_with('/') { "" } else { "/" };
    format!("{base_url}{slash}{}", filepath_to_uri(name.as_str()))
}

/// Returns a path percent-encoded, to stand in a URL: Django's `filepath_to_uri`.
///
/// `\` becomes `/`, and ASCII letters, digits and `/_.-~!*()'` stay as they are; of all else each
/// byte of its UTF-8 becomes `%XX`.
///
/// ```
/// use storehouse_storage::filepath_to_uri;
///
/// assert_eq!(filepath_to_uri("photos/my cat #1.jpg"), "photos/my%20cat%20%231.jpg");
/// ```
#[must_use]
pub fn filepath_to_uri(path: &str) -> Cow<'_, str> {
    if path.contains('\\') {
        return Cow::Owned(filepath_to_uri(&path.replace('\\', "/")).into_owned());
    }
    utf8_percent_encode(path, QUOTED).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of Django 6.1's `FileSystemStorage.url`.
    #[test]
    fn a_name_is_quoted_as_django_does() {
        for (case, name, url) in [
            ("nothing to quote", "css/app.css", "/media/css/app.css"),
            ("blank", "a b", "/media/a%20b"),
            ("query and fragment", "a?b#c", "/media/a%3Fb%23c"),
            ("percent", "a%20b", "/media/a%2520b"),
            ("like a scheme", "http:/h/x", "/media/http%3A/h/x"),
            ("left as they are", "_.-~!*()'", "/media/_.-~!*()'"),
            (
                "other ASCII",
                "\"$&+,;<=>@[]^`{|}",
                "/media/%22%24%26%2B%2C%3B%3C%3D%3E%40%5B%5D%5E%60%7B%7C%7D",
            ),
            ("UTF-8", "é⊗", "/media/%C3%A9%E2%8A%97"),
            ("control characters", "a\nb\u{7f}", "/media/a%0Ab%7F"),
        ] {
            assert_eq!(
                join_url("/media/", &Name::new(name).unwrap()),
                url,
                "{case}"
            );
        }
    }

    #[test]
    fn a_backslash_separates_parts_of_a_path() {
        assert_eq!(filepath_to_uri("a b\\c"), "a%20b/c");
    }

    #[test]
    fn a_base_url_without_a_slash_at_its_end_gets_one() {
        let name = Name::new("a.txt").unwrap();

        for (base_url, url) in [
            ("/media", "/media/a.txt"),
            ("/", "/a.txt"),
            ("", "/a.txt"),
            ("https://cdn.example.org", "https://cdn.example.org/a.txt"),
            (
                "https://cdn.example.org/m/",
                "https://cdn.example.org/m/a.txt",
            ),
        ] {
            assert_eq!(join_url(base_url, &name), url, "{base_url:?}");
        }
    }
}
