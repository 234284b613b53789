//! Hashed names: the first twelve hex digits of a content's MD5 before the extension, and the URL of
//! such a name. Nothing here reads a file.
//!
//! Django takes a file's name for a URL that may be quoted (`HashedFilesMixin.hashed_name`, 6.1), and
//! so mangles odd ones: `a%20b.png` becomes `a b.H.png`, `a?b.txt` becomes `a.H?b.txt`. That is
//! kept, since pages and the manifest show it.

use std::{borrow::Cow, fmt};

use crate::staticfiles::support::{
    md5::{Md5Sum, hex},
    python::{
        chars::is_space,
        path,
        url::{BadUrl, file_url, unquote, urldefrag, urlsplit},
    },
};

/// How many bytes of the MD5 are in a name; each is two hex digits.
const HASH_BYTES: usize = 6;

/// Twelve hex digits that tell one content from another: Django's `file_hash`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileHash([u8; HASH_BYTES]);

impl FileHash {
    /// Hashes a content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self::of_sum(Md5Sum::of(content))
    }

    /// Takes the MD5 of a content.
    #[must_use]
    pub fn of_sum(md5: Md5Sum) -> Self {
        let mut first = [0; HASH_BYTES];
        first.copy_from_slice(&md5.bytes()[..HASH_BYTES]);
        Self(first)
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Returns which file Django looks for when it is asked for `name`: unquoted, without query and
/// fragment, without white space around it.
pub(in crate::staticfiles) fn looked_up(name: &str) -> Result<String, BadUrl> {
    let split = urlsplit(&unquote(name))?;
    Ok(split.path.trim_matches(is_space).to_owned())
}

/// Returns whether Django looks for `name` under `name`: nothing in it is unquoted, cut off or taken
/// for a scheme.
pub(in crate::staticfiles) fn is_plain(name: &str) -> bool {
    let is_ordinary = |letter: char| letter >= ' ' && !matches!(letter, '%' | '?' | '#' | ':');
    name.chars().all(is_ordinary)
        && !name.starts_with(is_space)
        && !name.ends_with(is_space)
        && !name.starts_with("//")
}

/// Returns `name` with the hash before its extension: Django's `hashed_name`.
pub(in crate::staticfiles) fn hashed_name(name: &str, hash: &FileHash) -> Result<String, BadUrl> {
    if is_plain(name) {
        return Ok(with_hash(name, hash));
    }
    with_path(name, &with_hash(&looked_up(name)?, hash))
}

fn with_hash(path: &str, hash: &FileHash) -> String {
    let (folder, file) = path::split(path);
    let (root, extension) = path::splitext(file);
    path::join(folder, &format!("{root}.{hash}{extension}"))
}

/// Returns the names that a hashed name may have been made of, each with the hash that is in it: none
/// if there is none.
///
/// A hash stands before the extension; a name without one ends in it.
pub(crate) fn unhashed(name: &str) -> impl Iterator<Item = (String, &str)> {
    let (folder, file) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
    let parts: Vec<&str> = file.split('.').collect();
    let ends = [1, 2].map(|from_end| parts.len().checked_sub(from_end));
    let places = ends.into_iter().flatten().filter(|&place| place > 0);
    let hashes: Vec<usize> = places.filter(|&place| is_hash(parts[place])).collect();
    hashes.into_iter().map(move |place| {
        let mut rest = parts.clone();
        let hash = rest.remove(place);
        (format!("{folder}{}", rest.join(".")), hash)
    })
}

fn is_hash(part: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    part.len() == 2 * HASH_BYTES && part.bytes().all(is_digit)
}

/// Returns `name` with another path; query and fragment stay.
pub(in crate::staticfiles) fn with_path(name: &str, path: &str) -> Result<String, BadUrl> {
    let mut split = urlsplit(&unquote(name))?;
    split.path = path.to_owned();
    // `font.eot?#iefix`: an old browser takes the font from a URL with an empty query.
    if name.contains("?#") && split.query.is_empty() {
        split.path.push('?');
    }
    Ok(split.unsplit())
}

/// Returns the URL of `name`, decoded, where `stored` says what it is stored as: Django's
/// `HashedFilesMixin._url`. A name that ends in `/` is no file and stays.
pub(in crate::staticfiles) fn url_of<E: From<BadUrl>>(
    name: &str,
    base_url: &str,
    stored: impl FnOnce(&str) -> Result<String, E>,
) -> Result<String, E> {
    let (clean, fragment) = urldefrag(name)?;
    let stored = if urlsplit(&clean)?.path.ends_with('/') {
        name.to_owned()
    } else {
        stored(&clean)?
    };
    let url = file_url(base_url, &stored);
    let is_font_hack = name.contains("?#");
    if fragment.is_empty() && !is_font_hack {
        return Ok(decoded(&url));
    }
    let mut split = urlsplit(&url)?;
    if split.fragment.is_empty() {
        split.fragment = fragment;
    }
    if is_font_hack && split.query.is_empty() {
        split.path.push('?');
    }
    Ok(decoded(&split.unsplit()))
}

fn decoded(url: &str) -> String {
    match unquote(url) {
        Cow::Borrowed(same) => same.to_owned(),
        Cow::Owned(decoded) => decoded,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Expected values by Django 6.1.3.
    #[test]
    fn odd_names_are_hashed_as_django_does() {
        let hash = FileHash([0x01, 0x23, 0x45, 0x67, 0x89, 0xab]);

        for (name, expected) in [
            ("a.tar.gz", "a.tar.0123456789ab.gz"),
            ("css/.css", "css/.css.0123456789ab"),
            ("d.d/noext", "d.d/noext.0123456789ab"),
            ("x.", "x.0123456789ab."),
            ("..y", "..y.0123456789ab"),
            ("%2F.txt", "/.txt.0123456789ab"),
            ("pct%20x.png", "pct x.0123456789ab.png"),
            ("a?b.txt", "a.0123456789ab?b.txt"),
            ("a#b.txt", "a.0123456789ab#b.txt"),
            ("a?#b.txt", "a.0123456789ab?#b.txt"),
            ("x?.txt", "x.0123456789ab?.txt"),
            (" sp .txt ", "sp .0123456789ab.txt"),
            ("A:b.TXT", "a:b.0123456789ab.TXT"),
            ("S3:x/y", "s3:x/y.0123456789ab"),
            ("%ff.txt", "\u{fffd}.0123456789ab.txt"),
            ("a\tb\n.txt", "ab.0123456789ab.txt"),
        ] {
            assert_eq!(hashed_name(name, &hash).unwrap(), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_name_needs_no_look_at_its_url(name in "[ -~é/.]{1,12}") {
            prop_assume!(is_plain(&name));
            let hash = FileHash::of(b"");

            let by_its_url = with_path(&name, &with_hash(&looked_up(&name).unwrap(), &hash));

            prop_assert_eq!(hashed_name(&name, &hash).unwrap(), by_its_url.unwrap());
        }
    }

    #[test]
    fn an_empty_content_has_a_hash_too() {
        assert_eq!(FileHash::of(b"").to_string(), "d41d8cd98f00");
    }

    #[test]
    fn query_and_fragment_of_a_name_are_in_its_url() {
        for (name, expected) in [
            ("a.png", "/static/stored of a.png"),
            ("a.png#f", "/static/stored of a.png#f"),
            ("a.png?#f", "/static/stored of a.png?#f"),
            ("d/", "/static/d/"),
            ("d/#f", "/static/d/#f#f"),
        ] {
            let url = url_of::<BadUrl>(name, "/static/", |clean| Ok(format!("stored of {clean}")));
            assert_eq!(url.unwrap(), expected, "{name:?}");
        }
    }
}
