//! What a `Content-Type` says: whether it is a media type at all, and what a browser does with a file of
//! that type.
//!
//! Source: RFC 9110 section 8.3.1; WHATWG MIME Sniffing, sections 4.6 and 7.1; RFC 9239 for JavaScript.

/// Types that browsers run or show as a page, beside those of XML, `multipart/*` and `message/*`.
const RUN: &[&str] = &[
    "text/html",
    "text/xml",
    "text/xsl",
    "text/xml-external-parsed-entity",
    "text/x-component",
    "application/xml",
    "application/xml-dtd",
    "application/xml-external-parsed-entity",
    "application/hta",
    "application/x-shockwave-flash",
    "application/vnd.adobe.flash.movie",
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// Types for which browsers guess by the bytes.
const GUESSED: &[&str] = &["*/*", "unknown/unknown", "application/unknown"];

/// The type without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a text is exactly one media type that says what a file is: `token/token` and well-formed
/// parameters. Browsers read others each in its own way, `image/png, text/html` as HTML for example.
pub(crate) fn is_media_type(content_type: &str) -> bool {
    let is_guessed = || {
        let essence = essence(content_type);
        let is_same = |known: &&str| known.eq_ignore_ascii_case(essence);
        GUESSED.iter().any(is_same)
    };
    is_well_formed(content_type).is_some() && !is_guessed()
}

/// Whether a browser runs scripts in a file of this type that it opens, or runs it from a page.
pub(crate) fn can_run(content_type: &str) -> bool {
    let essence = essence(content_type).to_ascii_lowercase();
    let kind = essence.split('/').next().unwrap_or_default();
    RUN.contains(&essence.as_str())
        || essence.ends_with("+xml")
        || matches!(kind, "multipart" | "message")
}

/// Reads `type "/" subtype *( OWS ";" OWS [ parameter ] )`; `None` if the text is anything else.
fn is_well_formed(text: &str) -> Option<()> {
    let rest = after_token(text)?.strip_prefix('/')?;
    let mut rest = after_token(rest)?;
    while !rest.is_empty() {
        rest = after_blanks(rest).strip_prefix(';')?;
        rest = after_blanks(rest);
        if rest.is_empty() || rest.starts_with(';') {
            continue;
        }
        rest = after_token(rest)?.strip_prefix('=')?;
        rest = match rest.strip_prefix('"') {
            Some(quoted) => after_quoted(quoted)?,
            None => after_token(rest)?,
        };
    }
    Some(())
}

fn after_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// Returns what follows a token (RFC 9110 section 5.6.2).
fn after_token(text: &str) -> Option<&str> {
    let is_in_token =
        |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    let rest = text.trim_start_matches(is_in_token);
    (rest.len() < text.len()).then_some(rest)
}

/// Returns what follows a string in quotes, of which the first is taken off (RFC 9110 section 5.6.4). A
/// comma is refused, and so is what is not ASCII: some clients split a field at each comma.
fn after_quoted(text: &str) -> Option<&str> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        let letter = match letter {
            '"' => return text.get(at + 1..),
            '\\' => letters.next()?.1,
            letter => letter,
        };
        if letter == ',' || !(letter == '\t' || (' '..='~').contains(&letter)) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_media_type_is_told_from_all_else() {
        for right in [
            "text/html",
            "text/html; charset=utf-8",
            "text/html;charset=utf-8",
            "TEXT/HTML ; Charset=\"utf-8\"",
            "text/plain; a=\"b \\\" c\"; d=e",
            "text/plain;",
            "text/plain; ;a=b",
            "application/vnd.oasis.opendocument.text",
            "image/svg+xml",
        ] {
            assert!(is_media_type(right), "{right}");
        }
        for wrong in [
            "",
            "image",
            "image/",
            "/png",
            "image/png, text/html",
            ",text/html",
            "text/html,",
            "text/html x",
            "text/html(x",
            "image/svg+xml x",
            " text/html",
            "text/html ",
            "text /html",
            "text/ html",
            "text/html/x",
            "text/plain; charset",
            "text/plain; charset=",
            "text/plain; charset = utf-8",
            "text/plain; charset=\"utf-8",
            "text/plain; charset=\"utf-8\" x",
            "text/plain; a=\"b, text/html\"",
            "text/plain; a=b, text/html",
            "text/plain; a=\"\u{e9}\"",
            "text/pl\u{e4}in",
            "text/plain\0",
            "text/plain\r\nX: y",
            "*/*",
            "unknown/unknown",
            "Application/Unknown; a=b",
        ] {
            assert!(!is_media_type(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn what_browsers_run_is_told_from_what_they_show() {
        for active in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "application/xhtml+xml",
            "application/rss+xml",
            "text/javascript1.5",
            "multipart/related",
            "multipart/x-mixed-replace; boundary=a",
            "message/rfc822",
        ] {
            assert!(can_run(active), "{active}");
        }
        for harmless in ["image/png", "text/plain", "application/pdf", "text/css", ""] {
            assert!(!can_run(harmless), "{harmless}");
        }
    }

    proptest! {
        #[test]
        fn tokens_and_parameters_make_a_media_type(
            text in "[a-z]{1,9}/[a-z0-9.+-]{1,9}( ?; ?[a-z]{1,9}=([a-z0-9-]{1,9}|\"[a-z ;=]{0,9}\")){0,3}"
        ) {
            prop_assert!(is_media_type(&text));
        }

        #[test]
        fn a_comma_makes_none(before in "[a-z/;=\" ]{0,20}", after in "[a-z/;=\" ]{0,20}") {
            let text = format!("{before},{after}");
            prop_assert!(!is_media_type(&text));
        }
    }
}
