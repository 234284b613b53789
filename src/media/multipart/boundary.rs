//! The boundary of a body, out of its `Content-Type`.

use super::{Malformed, parameters::Parameters};

/// What RFC 2046 lets a boundary have is 70 characters; Django takes 201.
const MAX_BYTES: usize = 201;
/// Django's `MAX_HEADER_LENGTH`. Each parameter is compared with those before it, and a server may let through
/// hundreds of kilobytes of them.
const MAX_CONTENT_TYPE_BYTES: usize = 10_000;

/// What stands between the parts, without the dashes before it: `[ -~]{0,200}[!-~]`, as in Django.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::media) struct Boundary(String);

impl Boundary {
    /// Reads it out of a `Content-Type`; `None` if that is of another type than a form.
    pub(in crate::media) fn of_content_type(value: &str) -> Result<Option<Self>, Malformed> {
        let media_type = value.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("multipart/form-data") {
            return Ok(None);
        }
        if value.len() > MAX_CONTENT_TYPE_BYTES {
            return Err(Malformed::new(format!(
                "the Content-Type has more than {MAX_CONTENT_TYPE_BYTES} bytes"
            )));
        }
        let parameters = Parameters::read(value)?;
        let Some(boundary) = parameters.get("boundary") else {
            return Err(Malformed::new("the Content-Type has no boundary"));
        };
        let is_right = (1..=MAX_BYTES).contains(&boundary.len())
            && boundary.bytes().all(|byte| (b' '..=b'~').contains(&byte))
            && !boundary.ends_with(' ');
        if !is_right {
            return Err(Malformed::new(
                "the boundary in the Content-Type is none: it has up to 201 printable characters and does not end in a blank",
            ));
        }
        Ok(Some(Self(boundary.to_owned())))
    }

    /// Returns what ends a part: a line end, two dashes and the boundary.
    pub(super) fn delimiter(&self) -> Vec<u8> {
        [b"\r\n--", self.0.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn boundary_of(value: &str) -> Result<Option<String>, Malformed> {
        Ok(Boundary::of_content_type(value)?.map(|boundary| boundary.0))
    }

    #[test]
    fn a_boundary_is_what_django_takes() {
        let long = |length: usize| format!("multipart/form-data; boundary={}", "b".repeat(length));
        let padded = |length: usize| format!("{:;<length$}", "multipart/form-data; boundary=x");
        for (case, value, expected) in [
            ("plain", "multipart/form-data; boundary=abc", Some("abc")),
            (
                "upper case",
                "Multipart/Form-Data; BOUNDARY=aBc",
                Some("aBc"),
            ),
            (
                "quoted",
                "multipart/form-data; boundary=\"a b;c\"",
                Some("a b;c"),
            ),
            (
                "among others",
                "multipart/form-data; charset=utf-8; boundary=x; q",
                Some("x"),
            ),
            ("201 characters", &long(201), Some(&*"b".repeat(201))),
            ("202 characters", &long(202), None),
            ("a header of 10,000 bytes", &padded(10_000), Some("x")),
            ("a header of 10,001 bytes", &padded(10_001), None),
            (
                "ends in a blank",
                "multipart/form-data; boundary=\"a \"",
                None,
            ),
            ("empty", "multipart/form-data; boundary=", None),
            ("none", "multipart/form-data", None),
            (
                "a line end in it",
                "multipart/form-data; boundary=\"a\r\nb\"",
                None,
            ),
            ("not ASCII", "multipart/form-data; boundary=ä", None),
            ("twice", "multipart/form-data; boundary=a; boundary=b", None),
        ] {
            let found = boundary_of(value);

            assert_eq!(found.ok().flatten().as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn what_is_no_form_is_told_apart_from_a_broken_one() {
        for value in [
            "",
            "image/png",
            "multipart/mixed; boundary=a",
            "multipart/form-datax; boundary=a",
        ] {
            assert_eq!(boundary_of(value), Ok(None), "{value}");
        }
        assert!(boundary_of("multipart/form-data").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_boundary_is_printable_whatever_the_content_type(
            value in "multipart/form-data; ?boundary(=|=\"|\\*=UTF-8'')(;|=|%[0-9a-f]{2}| |b{1,150}|(?s:.)){0,5}\"?",
        ) {
            if let Ok(Some(boundary)) = boundary_of(&value) {
                prop_assert!((1..=MAX_BYTES).contains(&boundary.len()));
                prop_assert!(boundary.bytes().all(|byte| matches!(byte, b' '..=b'~')));
                prop_assert!(!boundary.ends_with(' '));
            }
        }
    }
}
