//! `json.dumps` of strings: ASCII only, with Python's escapes and separators.

/// Appends a string as `json.dumps` writes it.
pub(in crate::staticfiles) fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{c}' => json.push_str("\\f"),
            '\u{8}' => json.push_str("\\b"),
            ' '..='~' => json.push(letter),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_escaped_as_python_does() {
        let mut json = String::new();

        push_string(&mut json, "a\"\\/\n\r\t\u{c}\u{8}\u{1}\u{7f}é⊗😀");

        assert_eq!(
            json,
            r#""a\"\\/\n\r\t\f\b\u0001\u007f\u00e9\u2297\ud83d\ude00""#
        );
    }
}
