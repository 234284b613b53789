//! The content type that a name suggests. The same on every machine: the system's own tables are
//! never asked. Content is not looked at.
//!
//! The table is the crate `mime_guess`, with WHATWG's answers where that is behind the times. Text
//! gets `charset=utf-8`, since browsers guess wrongly without it.

use crate::name::Name;

/// Extensions, in lower case, for which `mime_guess` has another answer than browsers expect, or none.
const OVERRIDES: &[(&str, &str)] = &[
    ("avif", "image/avif"),
    ("cjs", "text/javascript; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript; charset=utf-8"),
    ("map", "application/json"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("otf", "font/otf"),
    ("ttf", "font/ttf"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
];

/// Returns the content type that the extension of `name` suggests, if it suggests any.
///
/// A compressed file is what it is, not what is inside: `a.tar.gz` is `application/gzip`, and
/// nothing here ever suggests a `Content-Encoding`.
///
/// ```
/// use storehouse_storage::{Name, guess_content_type};
///
/// let type_of = |name: &str| guess_content_type(&Name::new(name).unwrap());
/// assert_eq!(type_of("css/app.css").as_deref(), Some("text/css; charset=utf-8"));
/// assert_eq!(type_of("photo.JPG").as_deref(), Some("image/jpeg"));
/// assert_eq!(type_of("LICENSE"), None);
/// ```
#[must_use]
pub fn guess_content_type(name: &Name) -> Option<String> {
    let (_, extension) = name.file_name().rsplit_once('.')?;
    let lower = extension.to_ascii_lowercase();
    if let Some((_, known)) = OVERRIDES.iter().find(|(known, _)| *known == lower) {
        return Some((*known).to_owned());
    }
    let guessed = mime_guess::from_ext(extension).first_raw()?;
    if guessed.starts_with("text/") {
        return Some(format!("{guessed}; charset=utf-8"));
    }
    Some(guessed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_follows_the_last_extension_whatever_its_case() {
        for (name, expected) in [
            ("a.css", Some("text/css; charset=utf-8")),
            ("a.min.JS", Some("text/javascript; charset=utf-8")),
            ("a.mjs", Some("text/javascript; charset=utf-8")),
            ("a.svg", Some("image/svg+xml")),
            ("a.html", Some("text/html; charset=utf-8")),
            ("a.woff2", Some("font/woff2")),
            ("a.css.map", Some("application/json")),
            ("a.json", Some("application/json")),
            ("a.tar.gz", Some("application/gzip")),
            ("site.webmanifest", Some("application/manifest+json")),
            ("a.unknown", None),
            ("noext", None),
            ("dir.css/noext", None),
        ] {
            let guessed = guess_content_type(&Name::new(name).unwrap());

            assert_eq!(guessed.as_deref(), expected, "{name}");
        }
    }
}
