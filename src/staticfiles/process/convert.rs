//! What one reference means: which file it names, and what it is rewritten to. Django's
//! `url_converter` (`HashedFilesMixin`, 6.1), but for the search and the template.

use crate::staticfiles::{
    manifest::hashed::url_of,
    support::python::{
        path,
        url::{BadUrl, unquote, urldefrag},
    },
};

/// Why a reference cannot be rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such file.
    Missing(String),
    /// It leads out of the static files.
    Outside(String),
    /// It is no URL.
    BadUrl,
    /// It names a file that keeps its name, and is right as it is written.
    Fixed,
    /// There is a file of an earlier run whose content is not known yet.
    Unread(String),
}

impl From<BadUrl> for Refused {
    fn from(_: BadUrl) -> Self {
        Self::BadUrl
    }
}

/// Returns what `url` in the file `name` is rewritten to, `None` where it is left alone. `stored`
/// gives the stored name of a file.
///
/// # Errors
/// Why it cannot be rewritten.
pub(super) fn convert(
    name: &str,
    url: &str,
    static_url: &str,
    stored: &mut dyn FnMut(&str) -> Result<String, Refused>,
) -> Result<Option<String>, Refused> {
    if has_scheme(url) || url.starts_with("//") {
        return Ok(None);
    }
    if url.starts_with('/') && !url.starts_with(static_url) {
        return Ok(None);
    }
    let (path, fragment) = urldefrag(url)?;
    if path.is_empty() {
        return Ok(None);
    }
    let target = if path.starts_with('/') {
        let below = path.strip_prefix(static_url);
        below
            .ok_or_else(|| Refused::Outside(path.to_string()))?
            .to_owned()
    } else {
        path::join(path::split(name).0, &path)
    };
    let hashed_url = match url_of(&unquote(&target), static_url, stored) {
        Err(Refused::Fixed) => return Ok(None),
        hashed_url => hashed_url?,
    };
    // The folder stays as it is written; only the last part is another.
    let folder = &path[..path.rfind('/').map_or(0, |end| end + 1)];
    let file = hashed_url.rsplit('/').next().unwrap_or_default();
    let mut converted = format!("{folder}{file}");
    if !fragment.is_empty() {
        converted.push_str(if url.contains("?#") { "?#" } else { "#" });
        converted.push_str(&fragment);
    }
    Ok(Some(unquote(&converted).into_owned()))
}

/// `^[a-z]+:`; a scheme in upper case, or with a digit, is none to Django.
fn has_scheme(url: &str) -> bool {
    let end = url.bytes().take_while(u8::is_ascii_lowercase).count();
    end > 0 && url.as_bytes().get(end) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(url: &str) -> Result<Option<String>, Refused> {
        convert(
            "css/app.css",
            url,
            "/static/",
            &mut |clean| match path::normpath(clean).as_str() {
                name if name.contains("nope") => Err(Refused::Missing(name.to_owned())),
                "." => Ok(".".to_owned()),
                name => Ok(format!("{name}.H")),
            },
        )
    }

    // Expected values by Django 6.1.3.
    #[test]
    fn a_reference_is_rewritten_as_django_does() {
        for (url, expected) in [
            ("a.png", "a.png.H"),
            ("a.png ", "a.png .H"),
            ("./../img/./b.png", "./../img/./b.png.H"),
            ("/static/a.png", "/static/a.png.H"),
            ("a.png#f", "a.png.H#f"),
            ("a.png#", "a.png.H"),
            ("a.eot?#iefix", "a.eot.H?#iefix"),
            ("maps/", "maps/"),
            ("/static/", "/static/"),
            ("d%2Fa.png", "a.png.H"),
            ("img\\b.png", "b.png.H"),
            ("sp%20ace", "sp ace.H"),
        ] {
            assert_eq!(
                converted(url).unwrap().as_deref(),
                Some(expected),
                "{url:?}"
            );
        }
    }

    #[test]
    fn what_is_no_static_file_is_left_alone() {
        for url in [
            "",
            "#x",
            "data:x",
            "https://h/a",
            "//h/a",
            "/other/a",
            "/static",
        ] {
            assert_eq!(converted(url), Ok(None), "{url:?}");
        }
    }

    #[test]
    fn a_reference_that_cannot_be_rewritten_says_why() {
        let missing = Refused::Missing("css/nope".to_owned());
        assert_eq!(converted("nope"), Err(missing));
        let missing = Refused::Missing("css/S3:nope".to_owned());
        assert_eq!(converted("S3:nope"), Err(missing));
        assert_eq!(converted("HTTP://[x#f"), Err(Refused::BadUrl));
    }
}
