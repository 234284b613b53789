//! Which media a browser could run as a page of the site, and what keeps it from that. It looks at the
//! type that is sent, not at bytes: `nosniff` makes browsers do the same.
//!
//! | type | header fields |
//! |---|---|
//! | HTML, XHTML, XML, XSLT, JavaScript, Flash, MHTML | `Content-Security-Policy: sandbox`, `Content-Disposition: attachment` |
//! | SVG | `Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; sandbox`: it is shown, as in `<img>`, and runs nothing |
//! | all else, PDF too | none: it has no access to the site |
//!
//! A sandboxed document has an origin of its own, without scripts, forms and cookies (CSP level 3,
//! section 6.3.2). PDF is shown by browsers in a viewer of their own, which `sandbox` would keep from
//! starting.

use http::{HeaderMap, HeaderValue, header};

use crate::media::{can_run, essence};

/// What a type can do in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    /// It is a page, or part of one.
    Page,
    /// A picture that may hold scripts.
    Picture,
    /// None.
    Harmless,
}

const PAGE: HeaderValue = HeaderValue::from_static("sandbox");
const PICTURE: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
const ATTACHMENT: HeaderValue = HeaderValue::from_static("attachment");

/// Adds what keeps a browser from running a file of this type.
///
/// A disposition that is there stays if it is an attachment.
pub(super) fn make_harmless(content_type: &str, headers: &mut HeaderMap) {
    match power(content_type) {
        Power::Harmless => {}
        Power::Picture => {
            headers.insert(header::CONTENT_SECURITY_POLICY, PICTURE);
        }
        Power::Page => {
            headers.insert(header::CONTENT_SECURITY_POLICY, PAGE);
            let is_attachment = |value: &HeaderValue| {
                let start = value.as_bytes().get(..ATTACHMENT.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(ATTACHMENT.as_bytes()))
            };
            if !headers
                .get(header::CONTENT_DISPOSITION)
                .is_some_and(is_attachment)
            {
                headers.insert(header::CONTENT_DISPOSITION, ATTACHMENT);
            }
        }
    }
}

fn power(content_type: &str) -> Power {
    match content_type {
        picture if essence(picture).eq_ignore_ascii_case("image/svg+xml") => Power::Picture,
        page if can_run(page) => Power::Page,
        _ => Power::Harmless,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_does_not() {
        const SVG: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        for (content_type, policy, disposition) in [
            (
                "text/html; charset=utf-8",
                Some("sandbox"),
                Some("attachment"),
            ),
            ("TEXT/HTML", Some("sandbox"), Some("attachment")),
            ("application/xhtml+xml", Some("sandbox"), Some("attachment")),
            ("application/xml", Some("sandbox"), Some("attachment")),
            ("application/rss+xml", Some("sandbox"), Some("attachment")),
            ("text/javascript", Some("sandbox"), Some("attachment")),
            ("image/svg+xml", Some(SVG), None),
            ("Image/SVG+xml ; charset=utf-8", Some(SVG), None),
            ("image/png", None, None),
            ("application/pdf", None, None),
            ("text/plain", None, None),
            ("video/mp4", None, None),
            ("application/octet-stream", None, None),
            ("", None, None),
        ] {
            let mut headers = HeaderMap::new();

            make_harmless(content_type, &mut headers);

            let text = |name| headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(
                text(header::CONTENT_SECURITY_POLICY),
                policy,
                "{content_type}"
            );
            assert_eq!(
                text(header::CONTENT_DISPOSITION),
                disposition,
                "{content_type}"
            );
        }
    }

    #[test]
    fn a_page_is_an_attachment_whatever_it_was_and_keeps_its_name() {
        for (before, after) in [
            ("inline; filename=\"a.html\"", "attachment"),
            (
                "attachment; filename=\"a.html\"",
                "attachment; filename=\"a.html\"",
            ),
            ("Attachment", "Attachment"),
            ("", "attachment"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_DISPOSITION, before.parse().unwrap());

            make_harmless("text/html", &mut headers);

            assert_eq!(headers[header::CONTENT_DISPOSITION], after, "{before}");
        }
    }
}
