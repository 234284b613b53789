//! The headers of one part: what it is called, whether it is a file, how it is encoded. What a client
//! says of the content's type is not taken: the bytes tell it.

use super::{Malformed, parameters::Parameters};

/// What the headers of a part say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::media) struct PartHead {
    /// The name of the field, without white space around it; `None` where the part is none.
    pub(in crate::media) name: Option<String>,
    /// The name of the file as the client wrote it. A field has none.
    pub(in crate::media) file_name: Option<String>,
    /// Whether the content is encoded in base64.
    pub(in crate::media) base64: bool,
}

impl PartHead {
    /// Reads the lines before the empty one; `block` ends without a line end.
    pub(super) fn read(block: &[u8]) -> Result<Self, Malformed> {
        let Ok(block) = std::str::from_utf8(block) else {
            return Err(Malformed::new("the headers of a part are not UTF-8"));
        };
        let mut head = Self::default();
        let mut has_disposition = false;
        for line in block.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = field(line)?;
            if name.eq_ignore_ascii_case("content-disposition") {
                if has_disposition {
                    return Err(Malformed::new("a part has two Content-Dispositions"));
                }
                has_disposition = true;
                let parameters = Parameters::read(value)?;
                head.name = parameters.get("name").map(|name| name.trim().to_owned());
                head.name = head.name.filter(|name| !name.is_empty());
                head.file_name = parameters.get("filename").map(str::to_owned);
            } else if name.eq_ignore_ascii_case("content-transfer-encoding") {
                head.base64 = value.trim().eq_ignore_ascii_case("base64");
            }
        }
        Ok(head)
    }
}

fn field(line: &str) -> Result<(&str, &str), Malformed> {
    if line.contains(['\r', '\n', '\0']) {
        return Err(Malformed::new(
            "a header of a part has a control character in it",
        ));
    }
    let Some((name, value)) = line.split_once(':') else {
        return Err(Malformed::new("a header of a part has no colon"));
    };
    // A blank at its start would continue the line before, which nobody sends and parsers differ on.
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Malformed::new(
            "the name of a header of a part has a blank in it, or is none",
        ));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_is_what_its_content_disposition_says() {
        for (case, block, name, file_name, base64) in [
            (
                "field",
                "Content-Disposition: form-data; name=\"a\"",
                Some("a"),
                None,
                false,
            ),
            (
                "file",
                "content-disposition:form-data; name=a; filename=\"b.png\"\r\nContent-Type: image/png",
                Some("a"),
                Some("b.png"),
                false,
            ),
            (
                "no file chosen",
                "Content-Disposition: form-data; name=a; filename=\"\"",
                Some("a"),
                Some(""),
                false,
            ),
            (
                "blanks",
                "Content-Disposition: form-data; name=\" a \"",
                Some("a"),
                None,
                false,
            ),
            (
                "empty name",
                "Content-Disposition: form-data; name=\"\"",
                None,
                None,
                false,
            ),
            (
                "no name",
                "Content-Disposition: form-data",
                None,
                None,
                false,
            ),
            ("no headers", "", None, None, false),
            (
                "base64",
                "Content-Transfer-Encoding: BASE64\r\nContent-Disposition: form-data; name=a",
                Some("a"),
                None,
                true,
            ),
        ] {
            let head = PartHead::read(block.as_bytes()).expect(case);

            assert_eq!(head.name.as_deref(), name, "{case}");
            assert_eq!(head.file_name.as_deref(), file_name, "{case}");
            assert_eq!(head.base64, base64, "{case}");
        }
    }

    #[test]
    fn a_header_that_is_none_is_refused() {
        for (case, block) in [
            ("no colon", &b"Content-Disposition"[..]),
            ("no name", b": form-data"),
            ("a blank first", b" Content-Disposition: form-data"),
            (
                "a folded line",
                b"Content-Disposition: form-data;\r\n name=a",
            ),
            (
                "a blank before the colon",
                b"Content-Disposition : form-data",
            ),
            ("a bare line feed", b"Content-Disposition: form-data\nX: y"),
            (
                "a bare carriage return",
                b"Content-Disposition: form-data\rX: y",
            ),
            ("a NUL", b"Content-Disposition: form-data; name=\"a\0\""),
            (
                "not UTF-8",
                b"Content-Disposition: form-data; name=\"\xff\"",
            ),
            (
                "two dispositions",
                b"Content-Disposition: form-data\r\nContent-Disposition: form-data",
            ),
            (
                "two names",
                b"Content-Disposition: form-data; name=a; name=b",
            ),
        ] {
            assert!(PartHead::read(block).is_err(), "{case}");
        }
    }

    const STARTS: &[&[u8]] = &[b"", b"Content-Disposition: form-data; name=\" a \""];

    /// What hostile headers are made of.
    const PIECES: &[&[u8]] = &[
        b"Content-Disposition: form-data",
        b"Content-Transfer-Encoding: base64",
        b"; name=",
        b"; name*=",
        b"; filename=",
        b"; filename*=UTF-8''",
        b"%0d%0a",
        b"\r\n",
        b"\"",
        b"\\",
        b":",
        b" ",
        b"\xc3",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(
            start in prop::sample::select(STARTS),
            pieces in prop::collection::vec(prop_oneof![
                prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
                prop::collection::vec(any::<u8>(), 0..4),
            ], 0..8),
        ) {
            if let Ok(head) = PartHead::read(&[start, &pieces.concat()].concat()) {
                prop_assert!(head.name.is_none_or(|name| !name.is_empty() && name.trim() == name));
            }
        }
    }
}
