//! Reads single values out of S3's XML answers.
//!
//! No XML parser: it finds the elements that S3 writes, which have no attributes, no comments and
//! no text beside elements. It never panics, since it runs in destructors: what is malformed comes
//! out as it stands.

use percent_encoding::percent_decode_str;

/// Returns the text of the first `<tag>…</tag>`, which must hold text only.
pub(crate) fn text(xml: &str, tag: &str) -> Option<String> {
    elements(xml, tag).next().map(unescape)
}

/// Goes over what is inside each `<tag>…</tag>`, markup and all.
pub(crate) fn elements<'a>(xml: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (inside, after) = after.split_once(&close)?;
        rest = after;
        Some(inside)
    })
}

/// Decodes a key of a listing made with `encoding-type=url`: a blank comes as `+`.
pub(crate) fn decode_key(key: &str) -> String {
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8_lossy().into_owned()
}

/// Returns text with its entities put in.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let known = after
            .split_once(';')
            .and_then(|(entity, after)| Some((character(entity)?, after)));
        rest = match known {
            Some((character, after)) => {
                plain.push(character);
                after
            }
            None => {
                plain.push('&');
                after
            }
        };
    }
    plain + rest
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_and_their_texts_unescaped() {
        let xml =
            "<L><Keys>no</Keys><C><Key>a&amp;b</Key></C><C><Key>&lt;&#34;&#x27;&gt;</Key></C></L>";

        let keys: Vec<_> = elements(xml, "C")
            .map(|object| text(object, "Key").unwrap())
            .collect();

        assert_eq!(keys, ["a&b", "<\"'>"]);
    }

    #[test]
    fn what_is_no_entity_stays_as_it_is() {
        assert_eq!(
            unescape("a & b &nbsp; &#xD800; &amp;amp;"),
            "a & b &nbsp; &#xD800; &amp;"
        );
    }

    #[test]
    fn a_missing_tag_has_no_text() {
        assert_eq!(text("<A>1</A>", "B"), None);
        assert_eq!(text("<A>1", "A"), None);
    }

    #[test]
    fn an_encoded_key_is_decoded_once() {
        assert_eq!(decode_key("a+b%2Bc%2525/%C3%BC"), "a b+c%25/ü");
    }
}
