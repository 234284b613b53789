//! Which media a browser could run as a page of the site, and what keeps it from that. It looks at the
//! type that is sent, not at bytes: `nosniff` makes browsers do the same.
//!
//! | type | header fields |
//! |---|---|
//! | HTML, XHTML, XML, XSLT, JavaScript, Flash, MHTML, `multipart/*` | `Content-Security-Policy: sandbox`, `Content-Disposition: attachment` |
//! | SVG | `Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; sandbox`: it is shown, as in `<img>`, and runs nothing |
//! | what is no media type, such as `image/png, text/html` | as HTML, and sent as `application/octet-stream` |
//! | all else, PDF too | none: it has no access to the site |
//!
//! A sandboxed document has an origin of its own, without scripts, forms and cookies (CSP level 3,
//! section 6.3.2). PDF is shown by browsers in a viewer of their own, which `sandbox` would keep from
//! starting.

use http::{HeaderMap, HeaderValue, header};

use crate::media::{can_run, essence, is_media_type};

/// What browsers save, and never run or show.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// What a type can do in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    /// It is a page, or part of one.
    Page,
    /// A picture that may hold scripts.
    Picture,
    /// Nobody knows: browsers differ.
    Unknown,
    /// None.
    Harmless,
}

const PAGE: HeaderValue = HeaderValue::from_static("sandbox");
const PICTURE: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
const ATTACHMENT: HeaderValue = HeaderValue::from_static("attachment");

/// Adds what keeps a browser from running a file of this type, and returns the type to send.
///
/// A disposition that is there stays if it is an attachment.
pub(super) fn make_harmless<'t>(content_type: &'t str, headers: &mut HeaderMap) -> &'t str {
    let power = power(content_type);
    match power {
        Power::Harmless => {}
        Power::Picture => {
            headers.insert(header::CONTENT_SECURITY_POLICY, PICTURE);
        }
        Power::Page | Power::Unknown => {
            headers.insert(header::CONTENT_SECURITY_POLICY, PAGE);
            if !is_attachment(headers) {
                headers.insert(header::CONTENT_DISPOSITION, ATTACHMENT);
            }
        }
    }
    match power {
        Power::Unknown => UNKNOWN,
        _ => content_type,
    }
}

fn is_attachment(headers: &HeaderMap) -> bool {
    let disposition = headers.get(header::CONTENT_DISPOSITION);
    let disposition = disposition.and_then(|value| value.to_str().ok());
    disposition.is_some_and(|text| essence(text).eq_ignore_ascii_case("attachment"))
}

fn power(content_type: &str) -> Power {
    match content_type {
        text if !is_media_type(text) => Power::Unknown,
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
            (
                "multipart/x-mixed-replace",
                Some("sandbox"),
                Some("attachment"),
            ),
        ] {
            let mut headers = HeaderMap::new();

            let sent = make_harmless(content_type, &mut headers);

            assert_eq!(sent, content_type);

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
    fn what_is_no_media_type_is_not_sent_as_one() {
        for content_type in ["", "image/png, text/html", "image/svg+xml x", "text/html x"] {
            let mut headers = HeaderMap::new();

            let sent = make_harmless(content_type, &mut headers);

            assert_eq!(sent, "application/octet-stream", "{content_type}");
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "sandbox");
            assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment");
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
            ("attachment=a", "attachment"),
            ("attachments", "attachment"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_DISPOSITION, before.parse().unwrap());

            make_harmless("text/html", &mut headers);

            assert_eq!(headers[header::CONTENT_DISPOSITION], after, "{before}");
        }
    }
}
