//! The content type that a name suggests. The same on every machine: the system's own tables are
//! never asked. Content is not looked at.
//!
//! The table is the crate `mime_guess`, with another answer where that is behind the times. Text
//! gets `charset=utf-8`, since browsers guess wrongly without it.

use crate::name::Name;

/// Extensions, in lower case, for which `mime_guess` has another answer, or none. The type is that of
/// IANA's registry if it has one for the extension, else that of WhiteNoise's table (which is nginx's), but
/// where a comment says why not.
const EXTENSIONS: &[(&str, &str)] = &[
    ("3mf", "model/3mf"),
    ("arrow", "application/vnd.apache.arrow.file"),
    ("arrows", "application/vnd.apache.arrow.stream"),
    ("avci", "image/avci"),
    ("avif", "image/avif"),
    ("cjs", JAVASCRIPT),
    ("deb", "application/vnd.debian.binary-package"),
    // Of IANA it is image/vnd.microsoft.icon; browsers and WHATWG know this one.
    ("ico", "image/x-icon"),
    ("js", JAVASCRIPT),
    ("jxs", "image/jxs"),
    ("ktx2", "image/ktx2"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4s", "video/iso.segment"),
    ("map", "application/json"),
    ("mid", "audio/midi"),
    ("midi", "audio/midi"),
    ("mjs", JAVASCRIPT),
    ("mk3d", "video/matroska-3d"),
    ("mka", "audio/matroska"),
    ("mkv", "video/matroska"),
    ("mml", "application/mathml+xml"),
    ("msi", "application/x-msi"),
    ("mtl", "model/mtl"),
    ("mvt", "application/vnd.mapbox-vector-tile"),
    ("obj", "model/obj"),
    ("otf", "font/otf"),
    ("prc", "application/vnd.palm"),
    ("psd", "image/vnd.adobe.photoshop"),
    ("ra", "audio/x-realaudio"),
    ("rar", "application/vnd.rar"),
    ("rpm", "application/x-redhat-package-manager"),
    ("sea", "application/x-sea"),
    ("sql", "application/sql"),
    ("step", "model/step"),
    ("stl", "model/stl"),
    ("stp", "model/step"),
    ("swf", "application/vnd.adobe.flash.movie"),
    ("toml", "application/toml"),
    // TypeScript has no type, and browsers do not load it.
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("ttml", "application/ttml+xml"),
    ("usdz", "model/vnd.usdz+zip"),
    ("vcf", "text/vcard; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("wgsl", "text/wgsl; charset=utf-8"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zst", "application/zstd"),
];

/// Whole names, in lower case.
const FILE_NAMES: &[(&str, &str)] = &[
    // JSON, as Apple asks for. WhiteNoise's "application/pkc7-mime" is the type, misspelled, of files
    // that are signed, which systems before iOS 9 wanted.
    ("apple-app-site-association", "application/json"),
    (
        "crossdomain.xml",
        "text/x-cross-domain-policy; charset=utf-8",
    ),
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Returns the content type that the extension of `name` suggests, if it suggests any.
///
/// A compressed file is what it is, not what is inside: `a.tar.gz` is `application/gzip`. The exception
/// is `.svgz`, whose type is that of the SVG inside: see [`guess_content_encoding`].
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
    if let Some(known) = of(name.file_name(), FILE_NAMES) {
        return Some(known.to_owned());
    }
    let (_, extension) = name.file_name().rsplit_once('.')?;
    if let Some(known) = of(extension, EXTENSIONS) {
        return Some(known.to_owned());
    }
    let guessed = mime_guess::from_ext(extension).first_raw()?;
    if guessed.starts_with("text/") {
        return Some(format!("{guessed}; charset=utf-8"));
    }
    Some(guessed.to_owned())
}

/// Returns the `Content-Encoding` without which the type that the extension of `name` suggests would be
/// wrong: `gzip` of `.svgz`, which is an `image/svg+xml` that gzip has made smaller. Browsers show such a
/// picture only where the field is sent. Of all other names it is `None`.
///
/// ```
/// use storehouse_storage::{Name, guess_content_encoding};
///
/// let encoding_of = |name: &str| guess_content_encoding(&Name::new(name).unwrap());
/// assert_eq!(encoding_of("img/logo.svgz"), Some("gzip"));
/// assert_eq!(encoding_of("backup.tar.gz"), None);
/// ```
#[must_use]
pub fn guess_content_encoding(name: &Name) -> Option<&'static str> {
    let (_, extension) = name.file_name().rsplit_once('.')?;
    extension.eq_ignore_ascii_case("svgz").then_some("gzip")
}

fn of(text: &str, table: &[(&str, &'static str)]) -> Option<&'static str> {
    let row = table
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(text));
    row.map(|(_, content_type)| *content_type)
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
            ("a.ts", Some("video/mp2t")),
            ("a.M3U8", Some("application/vnd.apple.mpegurl")),
            ("a.rpm", Some("application/x-redhat-package-manager")),
            ("a.mid", Some("audio/midi")),
            ("a.m4a", Some("audio/mp4")),
            ("apple-app-site-association", Some("application/json")),
            (
                ".well-known/apple-app-site-association",
                Some("application/json"),
            ),
            (
                "crossdomain.xml",
                Some("text/x-cross-domain-policy; charset=utf-8"),
            ),
            ("a-crossdomain.xml", Some("text/xml; charset=utf-8")),
            ("a.unknown", None),
            ("noext", None),
            ("dir.css/noext", None),
        ] {
            let guessed = guess_content_type(&Name::new(name).unwrap());

            assert_eq!(guessed.as_deref(), expected, "{name}");
        }
    }

    /// Types of IANA's registry, of `mime_guess` or of the table above.
    #[test]
    fn rarer_files_have_the_type_that_is_registered() {
        for (extension, expected) in [
            ("3mf", "model/3mf"),
            ("arrow", "application/vnd.apache.arrow.file"),
            ("arrows", "application/vnd.apache.arrow.stream"),
            ("avci", "image/avci"),
            ("avif", "image/avif"),
            ("deb", "application/vnd.debian.binary-package"),
            ("epub", "application/epub+zip"),
            ("flac", "audio/flac"),
            ("geojson", "application/geo+json"),
            ("glb", "model/gltf-binary"),
            ("gltf", "model/gltf+json"),
            ("heic", "image/heic"),
            ("heics", "image/heic-sequence"),
            ("heif", "image/heif"),
            ("ics", "text/calendar; charset=utf-8"),
            ("jsonld", "application/ld+json"),
            ("jxl", "image/jxl"),
            ("jxs", "image/jxs"),
            ("ktx2", "image/ktx2"),
            ("m4s", "video/iso.segment"),
            ("mk3d", "video/matroska-3d"),
            ("mka", "audio/matroska"),
            ("mkv", "video/matroska"),
            ("mtl", "model/mtl"),
            ("mvt", "application/vnd.mapbox-vector-tile"),
            ("obj", "model/obj"),
            ("oga", "audio/ogg"),
            ("opus", "audio/ogg"),
            ("parquet", "application/vnd.apache.parquet"),
            ("psd", "image/vnd.adobe.photoshop"),
            ("sql", "application/sql"),
            ("step", "model/step"),
            ("stl", "model/stl"),
            ("stp", "model/step"),
            ("toml", "application/toml"),
            ("ttc", "font/collection"),
            ("ttml", "application/ttml+xml"),
            ("usdz", "model/vnd.usdz+zip"),
            ("vcf", "text/vcard; charset=utf-8"),
            ("wgsl", "text/wgsl; charset=utf-8"),
            ("yaml", "application/yaml"),
            ("yml", "application/yaml"),
            ("zst", "application/zstd"),
        ] {
            let guessed = guess_content_type(&Name::new(format!("a.{extension}")).unwrap());

            assert_eq!(guessed.as_deref(), Some(expected), "{extension}");
        }
    }

    #[test]
    fn the_extensions_are_sorted_and_none_is_there_twice() {
        assert!(EXTENSIONS.is_sorted_by(|(one, _), (next, _)| one < next));
    }
}
