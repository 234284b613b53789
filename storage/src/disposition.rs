//! `Content-Disposition` for a file name of any kind: RFC 6266 section 4.3 and appendix D, RFC 8187.
//! It does not judge the name.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Returns the `Content-Disposition` that makes a browser save the file as `name`.
///
/// It consists of visible ASCII and blanks, whatever `name` has in it: a name that is more than that
/// stands in `filename*`, and in `filename` for old clients with `_` in place of what cannot.
///
/// ```
/// use storehouse_storage::attachment_disposition;
///
/// assert_eq!(attachment_disposition("report.pdf"), "attachment; filename=\"report.pdf\"");
/// assert_eq!(
///     attachment_disposition("café.pdf"),
///     "attachment; filename=\"caf_.pdf\"; filename*=UTF-8''caf%C3%A9%2Epdf"
/// );
/// ```
#[must_use]
pub fn attachment_disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            ' '..='~' if !matches!(letter, '"' | '\\' | '%') => letter,
            _ => '_',
        })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let exact = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_download_name_cannot_leave_its_quotes() {
        for (name, expected) in [
            ("report.pdf", "attachment; filename=\"report.pdf\""),
            (
                "a\"; x=\"\r\n",
                "attachment; filename=\"a_; x=___\"; filename*=UTF-8''a%22%3B%20x%3D%22%0D%0A",
            ),
            (
                "a\\\"b",
                "attachment; filename=\"a__b\"; filename*=UTF-8''a%5C%22b",
            ),
            // Some clients decode it in `filename` too.
            (
                "100%41",
                "attachment; filename=\"100_41\"; filename*=UTF-8''100%2541",
            ),
            ("é", "attachment; filename=\"_\"; filename*=UTF-8''%C3%A9"),
            ("", "attachment; filename=\"\""),
        ] {
            assert_eq!(attachment_disposition(name), expected);
        }
    }

    proptest! {
        #[test]
        fn any_name_is_one_header_value_that_says_it(name in any::<String>()) {
            let value = attachment_disposition(&name);

            prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", value);
            prop_assert_eq!(value.matches('"').count(), 2, "{}", value);
            let said = match value.split_once("''") {
                Some((_, exact)) => percent_decode_str(exact).decode_utf8().unwrap(),
                None => value.split('"').nth(1).unwrap_or_default().into(),
            };
            // Of a name with two quotes in a row, the part before `filename*` cannot be found so.
            if !name.contains("''") {
                prop_assert_eq!(said, name);
            }
        }
    }
}
