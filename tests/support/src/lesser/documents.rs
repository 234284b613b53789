//! Changes single elements of S3's XML documents and leaves every other byte as it is.
//!
//! No XML parser, as in [`xml`](crate::xml): it knows the elements that S3 writes.

use crate::xml;

/// Changes a body that is text; an empty one, and one that is no UTF-8, stays.
pub(crate) fn edit(body: &mut Vec<u8>, change: impl FnOnce(&str) -> String) {
    if let Ok(text) = std::str::from_utf8(body)
        && !text.is_empty()
    {
        *body = change(text).into_bytes();
    }
}

/// Changes what stands in each `<tag>…</tag>`, which must hold text only.
pub(crate) fn change_texts(xml: &str, tag: &str, change: impl Fn(&str) -> String) -> String {
    change_elements(xml, tag, |inside| {
        let text = escape(&change(&xml::unescape(inside)));
        format!("<{tag}>{text}</{tag}>")
    })
}

/// Leaves each `<tag>…</tag>` out.
pub(crate) fn without(xml: &str, tag: &str) -> String {
    change_elements(xml, tag, |_| String::new())
}

/// Gives the elements called `from`, with or without attributes, another name.
pub(crate) fn rename(xml: &str, from: &str, to: &str) -> String {
    let mut renamed = xml.replace(&format!("</{from}>"), &format!("</{to}>"));
    for end in [" ", ">"] {
        renamed = renamed.replace(&format!("<{from}{end}"), &format!("<{to}{end}"));
    }
    renamed
}

/// Puts something else in place of each `<tag>…</tag>`; `change` gets what is inside.
fn change_elements(xml: &str, tag: &str, change: impl Fn(&str) -> String) -> String {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut changed = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once(&open)
        && let Some((inside, after)) = after.split_once(&close)
    {
        changed.extend([before, &change(inside)]);
        rest = after;
    }
    changed + rest
}

/// Escapes text as MinIO does.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_changed_and_nothing_else() {
        let xml =
            "<L><ETag>&#34;a&#34;</ETag> <ETags>x</ETags><ETag>&quot;b&lt;&quot;</ETag><ETag>";

        let changed = change_texts(xml, "ETag", |text| format!("W/{text}"));

        assert_eq!(
            changed,
            "<L><ETag>W/&#34;a&#34;</ETag> <ETags>x</ETags><ETag>W/&#34;b&lt;&#34;</ETag><ETag>"
        );
    }

    #[test]
    fn an_element_is_left_out_or_renamed() {
        let xml = "<A x=\"1\"><B>1</B><AB>2</AB></A>";

        assert_eq!(without(xml, "B"), "<A x=\"1\"><AB>2</AB></A>");
        assert_eq!(rename(xml, "A", "C"), "<C x=\"1\"><B>1</B><AB>2</AB></C>");
    }

    #[test]
    fn what_is_no_text_stays() {
        for body in [&b""[..], b"\xff<ETag>a</ETag>"] {
            let mut edited = body.to_vec();

            edit(&mut edited, |_| "changed".to_owned());

            assert_eq!(edited, body);
        }
    }
}
