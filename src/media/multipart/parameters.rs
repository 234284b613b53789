//! The parameters of a header field, `value; name=text; name="text"; name*=UTF-8''text`. What a value
//! means is not looked at.
//!
//! RFC 7578 section 4.2, RFC 8187, and what Django 6.1 takes (`parse_header_parameters`): of the
//! escapes in quotes only `\"` and `\\` are any, so that a path of Windows stays one. Where a name is
//! there with and without `*`, the one with `*` counts. The continuations of RFC 2231 (`name*0=`) are
//! refused.

use percent_encoding::percent_decode_str;

use super::Malformed;

/// The parameters of one field; the names in lower case.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    plain: Vec<(String, String)>,
    extended: Vec<(String, String)>,
}

impl Parameters {
    /// Reads what comes after the first `;`.
    pub(super) fn read(field: &str) -> Result<Self, Malformed> {
        let mut parameters = Self::default();
        let mut rest = field.split_once(';').map_or("", |(_, rest)| rest);
        while let Some((name, value, after)) = next(rest)? {
            rest = after;
            let Some(value) = value else { continue };
            let name = name.to_ascii_lowercase();
            let (list, name, value) = match name.strip_suffix('*') {
                Some(plain) => (&mut parameters.extended, plain.to_owned(), decoded(&value)?),
                None => (&mut parameters.plain, name, value),
            };
            if name.contains('*') {
                return Err(Malformed::new(format!(
                    "the parameter {name:?} continues another, which is not taken"
                )));
            }
            if list.iter().any(|(known, _)| *known == name) {
                return Err(Malformed::new(format!(
                    "the parameter {name:?} is there twice"
                )));
            }
            list.push((name, value));
        }
        Ok(parameters)
    }

    /// Returns the value of `name`, of `name*` first.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.extended.iter().chain(&self.plain);
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A name, the value if there is one, and what follows.
type Next<'a> = (&'a str, Option<String>, &'a str);

fn next(text: &str) -> Result<Option<Next<'_>>, Malformed> {
    let text = text.trim_start_matches([' ', '\t', ';']);
    if text.is_empty() {
        return Ok(None);
    }
    let end = text.find(['=', ';']).unwrap_or(text.len());
    let (name, rest) = (text[..end].trim_end(), &text[end..]);
    let Some(value) = rest.strip_prefix('=') else {
        return Ok(Some((name, None, rest)));
    };
    let value = value.trim_start_matches([' ', '\t']);
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = unquoted(name, quoted)?;
        return Ok(Some((name, Some(value), rest)));
    }
    let (value, rest) = value.split_at(value.find(';').unwrap_or(value.len()));
    Ok(Some((name, Some(value.trim_end().to_owned()), rest)))
}

/// Reads up to the closing quote; after it only another parameter may come.
fn unquoted<'a>(name: &str, text: &'a str) -> Result<(String, &'a str), Malformed> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                let rest = text[at + 1..].trim_start_matches([' ', '\t']);
                if rest.is_empty() || rest.starts_with(';') {
                    return Ok((value, rest));
                }
                return Err(Malformed::new(format!(
                    "the parameter {name:?} goes on after its closing quote"
                )));
            }
            '\\' => {
                let escaped = letters.next_if(|(_, next)| matches!(next, '"' | '\\'));
                value.push(escaped.map_or('\\', |(_, next)| next));
            }
            _ => value.push(letter),
        }
    }
    Err(Malformed::new(format!(
        "the parameter {name:?} has no closing quote"
    )))
}

/// RFC 8187: `charset'language'percent-encoded`.
fn decoded(value: &str) -> Result<String, Malformed> {
    let mut pieces = value.splitn(3, '\'');
    let (Some(charset), Some(_language), Some(encoded)) =
        (pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(Malformed::new("a parameter with * has no charset"));
    };
    let bytes = percent_decode_str(encoded);
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => Ok(bytes.decode_utf8_lossy().into_owned()),
        "iso-8859-1" => Ok(bytes.map(char::from).collect()),
        _ => Err(Malformed::new(format!(
            "the charset {charset:?} of a parameter is neither UTF-8 nor ISO-8859-1"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_read_as_django_does() {
        for (case, field, expected) in [
            ("token", "form-data; f=a.png", Some("a.png")),
            ("quoted", "form-data; f=\"a b.png\"", Some("a b.png")),
            (
                "a semicolon in quotes",
                "form-data; f=\"a;b\"; g=1",
                Some("a;b"),
            ),
            ("an escaped quote", r#"form-data; f="a\"b""#, Some("a\"b")),
            (
                "an escaped backslash",
                r#"form-data; f="C:\\a""#,
                Some(r"C:\a"),
            ),
            (
                "a bare backslash",
                r#"form-data; f="C:\a\b.png""#,
                Some(r"C:\a\b.png"),
            ),
            ("blanks around", "form-data ; F = a ; g", Some("a")),
            ("empty", "form-data; f=\"\"", Some("")),
            ("no value", "form-data; f", None),
            ("none", "form-data", None),
            (
                "extended",
                "form-data; f*=UTF-8''%e2%82%ac.png",
                Some("€.png"),
            ),
            (
                "with a language",
                "form-data; f*=utf-8'de'a%20b",
                Some("a b"),
            ),
            ("latin 1", "form-data; f*=iso-8859-1''%fc", Some("ü")),
            ("extended counts", "form-data; f*=UTF-8''b; f=a", Some("b")),
            ("broken UTF-8", "form-data; f*=UTF-8''%ff", Some("\u{fffd}")),
            ("no escape", "form-data; f*=UTF-8''50%", Some("50%")),
        ] {
            let parameters = Parameters::read(field).expect(case);

            assert_eq!(parameters.get("f"), expected, "{case}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (case, field) in [
            ("twice", "form-data; f=a; f=b"),
            ("twice, other case", "form-data; f=a; F=b"),
            ("no closing quote", "form-data; f=\"a"),
            ("an escaped closing quote", r#"form-data; f="a\""#),
            ("text after the quote", "form-data; f=\"a\"b"),
            ("unknown charset", "form-data; f*=koi8-r''a"),
            ("no charset", "form-data; f*=a"),
            ("a continuation", "form-data; f*0=a; f*1=b"),
            ("an extended continuation", "form-data; f*0*=UTF-8''a"),
        ] {
            assert!(Parameters::read(field).is_err(), "{case}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_it_panic(field in "(form-data|f|=|;|\"|\\\\|\\*|'|%|%[0-9a-f]{2}|UTF-8''|iso-8859-1''| |(?s:.)){0,40}") {
            let _ = Parameters::read(&field);
        }

        #[test]
        fn any_value_comes_out_as_it_went_in(value in "(\"|\\\\|;|=|'|%|(?s:.)){0,40}") {
            let quoted = value.replace('\\', r"\\").replace('"', "\\\"");
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();

            let parameters = Parameters::read(&format!("form-data; f=\"{quoted}\"; g*=utf-8''{encoded}"));

            let parameters = parameters.unwrap();
            prop_assert_eq!(parameters.get("f"), Some(value.as_str()));
            prop_assert_eq!(parameters.get("g"), Some(value.as_str()));
        }
    }
}
