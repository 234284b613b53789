//! Whether two sets of attributes are the same, with the two liberties that
//! [`Attributes`] allows: the form of a content type's parameters, and empty metadata.

use storehouse_storage::Attributes;

/// Asserts that what a storage tells is what was given.
#[track_caller]
pub(crate) fn assert_alike(found: &Attributes, given: &Attributes, why: &str) {
    assert_eq!(plain(found, given), plain(given, given), "{why}");
}

/// Asserts that two content types are one, in whatever form.
#[track_caller]
pub(crate) fn assert_same_type(found: Option<&str>, given: Option<&str>, why: &str) {
    assert_eq!(
        found.map(plain_type),
        given.map(plain_type),
        "{why}; as written: {found:?}"
    );
}

/// Adds empty metadata that are given and missing, and writes the content type in one form.
fn plain(attributes: &Attributes, given: &Attributes) -> Attributes {
    let mut plain = attributes.clone();
    plain.content_type = plain.content_type.as_deref().map(plain_type);
    for (key, value) in given.metadata.iter().filter(|(_, value)| value.is_empty()) {
        let missing = plain.metadata.entry(key.clone());
        missing.or_insert_with(|| value.clone());
    }
    plain
}

/// Writes a content type in one of its forms (RFC 9110, 8.3.1): type, subtype, names of parameters
/// and the name of a charset are in any case; blanks around `;` and quotes mean nothing.
fn plain_type(content_type: &str) -> String {
    let mut parts = parts(content_type).into_iter();
    let mut plain = parts.next().unwrap_or_default().to_ascii_lowercase();
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((&parameter, ""));
        let name = name.to_ascii_lowercase();
        let value = match name.as_str() {
            "charset" => value.to_ascii_lowercase(),
            _ => value.to_owned(),
        };
        plain.push_str(&format!("; {name}={value}"));
    }
    plain
}

/// Splits at each `;` that is not quoted, and takes quotes off.
fn parts(content_type: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = content_type.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => part.extend(characters.next()),
            ';' if !quoted => parts.push(std::mem::take(&mut part)),
            _ => part.push(character),
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_the_same_in_any_form_and_no_other_is() {
        for (case, found, same) in [
            ("as given", "text/css; charset=utf-8", true),
            ("no blank", "text/css;charset=utf-8", true),
            ("more blanks", "text/css ;\tcharset=utf-8 ", true),
            ("other case", "Text/CSS; Charset=UTF-8", true),
            ("quotes", "text/css; charset=\"utf-8\"", true),
            ("an empty parameter", "text/css; charset=utf-8;", true),
            ("no parameter", "text/css", false),
            ("another charset", "text/css; charset=latin1", false),
            ("one more", "text/css; charset=utf-8; q=1", false),
            ("another type", "text/html; charset=utf-8", false),
        ] {
            let given = plain_type("text/css; charset=utf-8");

            assert_eq!(plain_type(found) == given, same, "{case}");
        }
    }

    #[test]
    fn a_value_that_is_no_charset_keeps_its_case_and_what_is_quoted() {
        let given = plain_type("multipart/x; Boundary=\"aB;\\\"c\"");

        assert_eq!(given, "multipart/x; boundary=aB;\"c");
        assert_ne!(given, plain_type("multipart/x; boundary=\"ab;\\\"c\""));
    }

    #[test]
    fn only_empty_metadata_may_be_missing() {
        let with = |pairs: &[(&str, &str)]| {
            let mut attributes = Attributes::default();
            for (key, value) in pairs {
                let (key, value) = ((*key).to_owned(), (*value).to_owned());
                attributes.metadata.insert(key, value);
            }
            attributes
        };
        let given = with(&[("a", ""), ("b", "c")]);
        for (case, found, alike) in [
            ("all", with(&[("a", ""), ("b", "c")]), true),
            ("none that is empty", with(&[("b", "c")]), true),
            ("none that is not", with(&[("a", "")]), false),
            ("another value", with(&[("a", "x"), ("b", "c")]), false),
            ("one more", with(&[("b", "c"), ("d", "")]), false),
        ] {
            let same = plain(&found, &given) == plain(&given, &given);

            assert_eq!(same, alike, "{case}");
        }
    }
}
