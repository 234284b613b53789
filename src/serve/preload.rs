//! The field `Link` that tells a browser what a page will need (the WHATWG's HTML standard, link type
//! `preload`; RFC 8288 for the field).

use http::HeaderValue;
use storehouse_storage::{Name, guess_content_type, join_url};

/// Returns the field for these names, of which `stored` says under which they are served; `None` if
/// none of them is.
pub(super) fn links(
    prefix: &str,
    names: &[String],
    stored: impl Fn(&str) -> Option<String>,
) -> Option<HeaderValue> {
    let links: Vec<String> = names
        .iter()
        .filter_map(|name| Name::new(stored(name)?).ok())
        .map(|name| {
            let attributes = attributes(&name);
            format!("<{}>; rel=preload; {attributes}", join_url(prefix, &name))
        })
        .collect();
    if links.is_empty() {
        return None;
    }
    HeaderValue::try_from(links.join(", ")).ok()
}

/// What the file is for: a browser that is told nothing, or the wrong thing, fetches it twice. Fonts are
/// always asked for as by another origin.
fn attributes(name: &Name) -> &'static str {
    let content_type = guess_content_type(name).unwrap_or_default();
    match content_type.split([';', '/']).collect::<Vec<_>>()[..] {
        ["text", "css", ..] => "as=style",
        ["text", "javascript", ..] => "as=script",
        ["font", ..] => "as=font; crossorigin",
        ["image", ..] => "as=image",
        _ => "as=fetch; crossorigin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_told_with_what_it_is_for() {
        let names = [
            "css/a b.css",
            "app.js",
            "font.woff2",
            "logo.svg",
            "data.json",
            "gone.css",
        ];
        let names = names.map(str::to_owned);
        let stored =
            |name: &str| (name != "gone.css").then(|| name.replace("app.", "app.55e7cbb9ba48."));

        let links = links("/static/", &names, stored).unwrap();

        assert_eq!(
            links,
            "</static/css/a%20b.css>; rel=preload; as=style, \
             </static/app.55e7cbb9ba48.js>; rel=preload; as=script, \
             </static/font.woff2>; rel=preload; as=font; crossorigin, \
             </static/logo.svg>; rel=preload; as=image, \
             </static/data.json>; rel=preload; as=fetch; crossorigin"
        );
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert_eq!(links("/static/", &["a.css".to_owned()], |_| None), None);
    }
}
