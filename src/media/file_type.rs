//! What a file is: by its first bytes, and by the extension only where bytes cannot tell. What the client
//! says of it counts for nothing. It does not judge which types are wanted, only which are lies.
//!
//! | the bytes are | the name says | the file is |
//! |---|---|---|
//! | of a known binary format | nothing, or anything harmless | that format, or what the name says if that is [written in it](super::containers) |
//! | | a page or a script | refused: a web server that goes by names would run it |
//! | HTML, SVG, XML | a picture, a sound, a film, a font, a PDF | refused |
//! | | nothing | `application/octet-stream`, which no browser runs |
//! | | something else, such as `text/html` or `text/plain` | what the name says |
//! | other text | a picture, a sound, a film, a font, a PDF | refused |
//! | | nothing | `text/plain` |
//! | | something else | what the name says |
//! | none of these | anything | what the name says, without proof |
//!
//! The formats are those of the crate `infer`; markup is found as browsers find it (WHATWG, MIME Sniffing,
//! section 7.1).

use storehouse_storage::{Name, guess_content_encoding, guess_content_type};

use super::{
    containers,
    media_type::{can_run, essence},
};

/// How many bytes of a file are looked at.
pub(super) const HEAD_BYTES: usize = 8 * 1024;

const UNKNOWN: &str = "application/octet-stream";

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileType {
    /// As a `Content-Type`.
    pub(super) content_type: String,
    /// Whether the bytes are of this type, as far as bytes can tell.
    pub(super) is_proven: bool,
}

enum Bytes {
    Format(&'static str),
    Markup(&'static str),
    Text,
    Other,
}

impl FileType {
    /// Finds out what the file `name` is that begins with `first`; the error says why it is refused.
    pub(super) fn of(name: &str, first: &[u8]) -> Result<Self, String> {
        let head = &first[..first.len().min(HEAD_BYTES)];
        // A name that is none in a storage has no extension either.
        let name = Name::new(name).ok();
        let by_name = name.as_ref().and_then(guess_content_type);
        let found = look_at(head);
        let by_name = by_name.as_deref();
        if name.as_ref().and_then(guess_content_encoding).is_some() {
            return Self::of_svgz(by_name.unwrap_or(UNKNOWN), &found);
        }
        let (content_type, is_proven) = match (&found, by_name) {
            (Bytes::Format(format), Some(said)) if can_run(said) => {
                return Err(format!("its name says {said}, and its bytes are {format}"));
            }
            (Bytes::Markup(what), Some(said)) if !is_text(said) => {
                return Err(format!("its name says {said}, and its bytes are {what}"));
            }
            (Bytes::Text, Some(said)) if is_binary(said) => {
                return Err(format!("its name says {said}, and its bytes are text"));
            }
            (Bytes::Format(format), said) => (containers::choose(format, said), true),
            (Bytes::Markup(_) | Bytes::Text, Some(said)) => (said, true),
            (Bytes::Markup(_), None) => (UNKNOWN, false),
            (Bytes::Text, None) => ("text/plain; charset=utf-8", true),
            (Bytes::Other, said) => (said.unwrap_or(UNKNOWN), false),
        };
        Ok(Self {
            content_type: content_type.to_owned(),
            is_proven,
        })
    }

    /// The same of a name that ends with `.svgz`: the file is sent with `Content-Encoding: gzip`, so it has
    /// to be that. What is inside is not looked at, as with all that can run: it is sent as an SVG is.
    fn of_svgz(said: &str, found: &Bytes) -> Result<Self, String> {
        if !matches!(found, Bytes::Format("application/gzip")) {
            return Err(format!(
                "its name says {said} in gzip, and its bytes are no gzip"
            ));
        }
        Ok(Self {
            content_type: said.to_owned(),
            is_proven: false,
        })
    }

    /// Returns whether the type is one of these, such as `image/png` or `image/*`.
    ///
    /// A star means no SVG: it is a document that can have scripts, and is taken where it is named.
    pub(super) fn is_one_of(&self, types: &[String]) -> bool {
        let essence = essence(&self.content_type);
        types.iter().any(|wanted| match wanted.strip_suffix("/*") {
            Some(kind) => {
                !can_run(essence)
                    && essence
                        .split_once('/')
                        .is_some_and(|(own, _)| own.eq_ignore_ascii_case(kind))
            }
            None => wanted.eq_ignore_ascii_case(essence),
        })
    }
}

fn look_at(head: &[u8]) -> Bytes {
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    if let Some(what) = markup(text) {
        return Bytes::Markup(what);
    }
    match infer::get(head) {
        // What is only text to a browser is to be judged as such.
        Some(found) if !found.mime_type().starts_with("text/") => Bytes::Format(found.mime_type()),
        _ if is_utf8_text(head) => Bytes::Text,
        _ => Bytes::Other,
    }
}

/// HTML's first tags, as browsers know them; a blank or `>` follows.
const HTML_TAGS: &[&str] = &[
    "!doctype html",
    "html",
    "head",
    "script",
    "iframe",
    "h1",
    "div",
    "font",
    "table",
    "a",
    "style",
    "title",
    "b",
    "body",
    "br",
    "p",
];

fn markup(text: &[u8]) -> Option<&'static str> {
    let after = text.strip_prefix(b"<")?;
    let starts_with = |tag: &str| {
        let start = after.get(..tag.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    };
    let is_tag = |tag: &str| {
        let next = after.get(tag.len());
        starts_with(tag)
            && next.is_none_or(|next| next.is_ascii_whitespace() || b">/".contains(next))
    };
    if starts_with("!--") || HTML_TAGS.iter().any(|tag| is_tag(tag)) {
        Some("HTML")
    } else if is_tag("svg") {
        Some("SVG")
    } else if starts_with("?xml") || starts_with("!doctype") {
        Some("XML")
    } else {
        None
    }
}

/// Whether it is UTF-8 without control characters; the last character may be cut.
fn is_utf8_text(head: &[u8]) -> bool {
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == HEAD_BYTES,
    };
    let is_control = |byte: &u8| *byte < 0x20 && !b"\t\n\x0c\r\x1b".contains(byte);
    !head.is_empty() && is_utf8 && !head.iter().any(is_control)
}

/// Whether a file of this type is read as text.
fn is_text(content_type: &str) -> bool {
    !is_binary(content_type)
}

fn is_binary(content_type: &str) -> bool {
    let essence = essence(content_type);
    let kind = essence.split('/').next().unwrap_or_default();
    let is_media = matches!(kind, "image" | "audio" | "video" | "font");
    (is_media && !essence.ends_with("+xml"))
        || matches!(
            essence,
            "application/pdf" | "application/zip" | "application/gzip"
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const GIF: &[u8] = b"GIF89a<script>alert(1)</script>";
    const HTML: &[u8] = b"\xef\xbb\xbf \r\n<HTML><script>alert(1)</script>";
    const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    const XML: &[u8] = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

    fn type_of(name: &str, head: &[u8]) -> Option<(String, bool)> {
        let found = FileType::of(name, head).ok()?;
        Some((found.content_type, found.is_proven))
    }

    fn proven(content_type: &str) -> Option<(String, bool)> {
        Some((content_type.to_owned(), true))
    }

    fn said(content_type: &str) -> Option<(String, bool)> {
        Some((content_type.to_owned(), false))
    }

    #[test]
    fn bytes_of_a_known_format_say_what_a_file_is() {
        for (case, name, head, expected) in [
            ("a picture", "a.png", PNG, proven("image/png")),
            ("of another kind", "a.jpg", PNG, proven("image/png")),
            ("of no extension", "a", PNG, proven("image/png")),
            ("a document", "a.pdf", PDF, proven("application/pdf")),
            ("a picture as a page", "a.html", GIF, None),
            ("a picture as a script", "a.js", GIF, None),
            ("a picture as SVG", "a.svg", GIF, None),
            ("unknown", "a.png", b"\x01\x02\xff", said("image/png")),
            (
                "unknown, of no extension",
                "a",
                b"\x01\x02\xff",
                said(UNKNOWN),
            ),
        ] {
            assert_eq!(type_of(name, head), expected, "{case}");
        }
    }

    /// Names, and the types of files with these.
    type Names = &'static [(&'static str, &'static str)];

    /// The first bytes of each container, and what files of it are called.
    const CONTAINED: &[(&[u8], Names)] = &[
        (
            OLE,
            &[
                ("a.doc", "application/msword"),
                ("a.xls", "application/vnd.ms-excel"),
                ("a.ppt", "application/vnd.ms-powerpoint"),
                ("a.msg", "application/vnd.ms-outlook"),
                ("a.pub", "application/x-mspublisher"),
                ("a.vsd", "application/vnd.visio"),
                ("a.mpp", "application/vnd.ms-project"),
                ("a.msi", "application/x-msi"),
                ("a", "application/x-ole-storage"),
                ("a.png", "application/x-ole-storage"),
            ],
        ),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0docProps/app.xml",
            &[
                (
                    "a.docx",
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                ),
                (
                    "a.xlsx",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ),
                ("a.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"),
                ("a.odt", "application/vnd.oasis.opendocument.text"),
                ("a.epub", "application/epub+zip"),
                ("a.jar", "application/java-archive"),
                ("a.apk", "application/vnd.android.package-archive"),
                ("a.kmz", "application/vnd.google-earth.kmz"),
                ("a.zip", "application/zip"),
                ("a", "application/zip"),
                ("a.jpg", "application/zip"),
            ],
        ),
        (
            b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
            &[
                ("a.mp4", "video/mp4"),
                ("a.m4a", "audio/mp4"),
                ("a.mov", "video/quicktime"),
            ],
        ),
    ];

    #[test]
    fn the_bytes_tell_a_container_and_the_name_what_is_in_it() {
        for (head, names) in CONTAINED {
            for (name, expected) in *names {
                assert_eq!(type_of(name, head), proven(expected), "{name}");
            }
        }
    }

    #[test]
    fn a_compressed_svg_is_gzip_and_nothing_else_is_one() {
        for (case, name, head, expected) in [
            ("gzip", "a.svgz", GZIP, said("image/svg+xml")),
            ("in capitals", "a.SVGZ", GZIP, said("image/svg+xml")),
            ("not compressed", "a.svgz", SVG, None),
            ("a picture", "a.svgz", PNG, None),
            ("empty", "a.svgz", b"", None),
            ("gzip as SVG", "a.svg", GZIP, None),
        ] {
            assert_eq!(type_of(name, head), expected, "{case}");
        }
    }

    #[test]
    fn text_is_what_its_name_says_unless_that_is_no_text() {
        let (text, page) = ("text/plain; charset=utf-8", "text/html; charset=utf-8");
        for (case, name, head, expected) in [
            ("a page", "a.html", HTML, proven(page)),
            ("a page as a picture", "a.png", HTML, None),
            ("a page as a document", "a.pdf", HTML, None),
            ("a page as text", "a.txt", HTML, proven(text)),
            ("a page of no extension", "a", HTML, said(UNKNOWN)),
            ("SVG", "a.svg", SVG, proven("image/svg+xml")),
            (
                "SVG after its declaration",
                "a.svg",
                XML,
                proven("image/svg+xml"),
            ),
            ("SVG as a picture", "a.jpg", SVG, None),
            ("text", "a.txt", b"hello", proven(text)),
            ("text of no extension", "a", b"hello", proven(text)),
            ("text as a picture", "a.png", b"hello", None),
            ("JSON", "a.json", b"{}", proven("application/json")),
            ("nothing", "a.txt", b"", said(text)),
        ] {
            assert_eq!(type_of(name, head), expected, "{case}");
        }
    }

    #[test]
    fn markup_is_found_as_browsers_find_it() {
        for (text, expected) in [
            ("<!DOCTYPE HTML>", Some("HTML")),
            ("<!doctype html ", Some("HTML")),
            ("<!-- x -->", Some("HTML")),
            ("<ScRiPt>", Some("HTML")),
            ("<a href=x>", Some("HTML")),
            ("<abc>", None),
            ("<b", Some("HTML")),
            ("< b>", None),
            ("<?xml version='1.0'?>", Some("XML")),
            ("<svg>", Some("SVG")),
            ("<svg:x>", None),
            ("hello <b>", None),
        ] {
            assert_eq!(markup(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_star_is_no_svg() {
        let of = |content_type: &str| FileType {
            content_type: content_type.to_owned(),
            is_proven: true,
        };
        let images = ["image/*".to_owned()];
        let svg = ["image/*".to_owned(), "image/svg+xml".to_owned()];

        assert!(of("image/png").is_one_of(&images));
        assert!(of("image/png").is_one_of(&["IMAGE/PNG".to_owned()]));
        assert!(!of("image/svg+xml").is_one_of(&images));
        assert!(of("image/svg+xml").is_one_of(&svg));
        assert!(of("text/plain; charset=utf-8").is_one_of(&["text/plain".to_owned()]));
        assert!(!of("video/mp4").is_one_of(&images));
        assert!(!of("image/png").is_one_of(&[]));
    }

    #[test]
    fn a_character_that_is_cut_is_text_still() {
        let mut head = vec![b'x'; HEAD_BYTES - 1];
        head.extend("é".as_bytes());
        head.truncate(HEAD_BYTES);

        assert!(is_utf8_text(&head));
        assert!(!is_utf8_text(b"x\xc3"));
    }

    /// How files begin that are looked into further.
    const STARTS: &[&[u8]] = &[
        b"",
        PNG,
        GIF,
        PDF,
        HTML,
        b"<",
        b"<!",
        b"\xef\xbb\xbf",
        b"\xff\xd8\xff",
        b"\xff\xfb",
        b"BM",
        b"II*\0",
        b"ID3",
        b"OggS",
        b"RIFF\0\0\0\0WEBP",
        b"FORM\0\0\0\0AIFF",
        b"\0\0\0\x18ftypheic",
        b"\xff\xff\xff\xffftypmif1",
        b"\x1aE\xdf\xa3\x42\x82\x88matroska",
        b"PK\x03\x04",
        b"PK\x03\x04\x14\0\0\0\x08\0[Content_Types].xml",
        b"PK\x03\x04mimetypeapplication/",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\x1f\x8b\x08",
        b"MZ",
        b"\x7fELF",
        b"\xca\xfe\xba\xbe",
        b"\0asm",
        b"#!",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic_and_no_picture_runs(
            name in "(a|\\.|html|js|svg|png|pdf|zip|/| |(?s:.)){0,8}",
            start in prop::sample::select(STARTS),
            rest in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let found = FileType::of(&name, &[start, &rest].concat());

            if [PNG, GIF, PDF].contains(&start) {
                prop_assert!(found.is_err() || !can_run(&found.unwrap().content_type));
            }
        }
    }
}
