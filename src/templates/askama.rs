//! Static files in templates of askama 0.16, as filters. It keeps no state: the handle comes with
//! the values a page is rendered with.
//!
//! Askama finds filters in a module `filters`, which may be this one under that name:
//!
//! ```
//! # mod page {
//! use askama::Template;
//! use storehouse::{staticfiles::{Manifest, StaticUrls}, templates::askama as filters};
//!
//! #[derive(Template)]
//! #[template(source = r#"<link href="{{ "css/app.css"|static }}">"#, ext = "html")]
//! struct Page;
//!
//! # pub fn main() -> askama::Result<()> {
//! let paths = [("css/app.css".to_owned(), "css/app.5d41402abc4b.css".to_owned())];
//! let urls = StaticUrls::new("/static/", Manifest::new(paths.into()));
//!
//! let page = Page.render_with_values(&urls)?;
//! assert_eq!(page, r#"<link href="/static/css/app.5d41402abc4b.css">"#);
//! # Ok(()) } }
//! # page::main().unwrap();
//! ```
//!
//! With values of your own beside it, the handle is the one under [`STATIC_URLS`]. Where only
//! `render()` is called, by a web framework for example, give the template a field with the handle,
//! and write `{{ urls.url("css/app.css")? }}`: that needs no filter, and no feature.

use std::any::Any;

use ::askama::{Error, Result, Values, get_value};

use crate::staticfiles::StaticUrls;

/// The name under which the filters find the [`StaticUrls`] among a page's values.
pub const STATIC_URLS: &str = "static_urls";

/// Makes the URL of a static file of its name: `{{ "css/app.css"|static }}`.
///
/// # Errors
/// The page fails as [`StaticUrls::url`] does.
#[doc(inline)]
pub use self::filters::r#static;
/// Makes the integrity digest of a static file of its name: `{{ "app.js"|static_integrity }}`.
///
/// # Errors
/// The page fails as [`StaticUrls::integrity`] does.
#[doc(inline)]
pub use self::filters::static_integrity;

#[expect(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "the macro drops comments; they are at the re-exports"
)]
mod filters {
    use super::{Error, Result, Values, handle};

    #[::askama::filter_fn]
    pub fn r#static<T: AsRef<str>>(name: T, values: &dyn Values) -> Result<String> {
        let url = handle(values)?.url(name.as_ref()).map_err(Error::custom)?;
        Ok(url.into_owned())
    }

    #[::askama::filter_fn]
    pub fn static_integrity<T: AsRef<str>>(name: T, values: &dyn Values) -> Result<String> {
        let digest = handle(values)?
            .integrity(name.as_ref())
            .map_err(Error::custom)?;
        Ok(digest.unwrap_or_default().to_owned())
    }
}

/// Gives itself under [`STATIC_URLS`], so that a page can be rendered with nothing else.
impl Values for StaticUrls {
    fn get_value<'a>(&'a self, key: &str) -> Option<&'a dyn Any> {
        (key == STATIC_URLS).then_some(self as &dyn Any)
    }
}

fn handle(values: &dyn Values) -> Result<&StaticUrls> {
    get_value(values, STATIC_URLS).map_err(|error| match error {
        Error::ValueMissing => Error::custom(format!(
            "the page was given no static URLs; render it with render_with_values(&urls), or put \
             them under {STATIC_URLS:?}"
        )),
        error => error,
    })
}

#[cfg(test)]
mod tests {
    use ::askama::Template;

    use crate::templates::{askama as filters, fixture};

    #[derive(Template)]
    #[template(
        source = r#"{{ file|static }} {{ "css/app.css"|static_integrity }}"#,
        ext = "html"
    )]
    struct Page {
        file: String,
    }

    #[derive(Template)]
    #[template(source = "{{ file|static }}", ext = "txt")]
    struct Mail<'a> {
        file: &'a str,
    }

    #[test]
    fn a_page_has_urls_and_digests() {
        let file = "css/app.css".to_owned();

        let page = Page { file }.render_with_values(&fixture::urls());
        // `+` is none of the characters that askama escapes.
        assert_eq!(
            page.unwrap(),
            "/static/css/app.5d41402abc4b.css \
             sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP"
        );
    }

    #[test]
    fn what_html_has_escaped_is_escaped_there_only() {
        let file = "it's.css?a&b".to_owned();
        let mail = Mail { file: &file }.render_with_values(&fixture::urls());
        let page = Page { file }.render_with_values(&fixture::urls());

        let page = page.unwrap();
        assert!(
            page.starts_with("/static/it&#39;s.5d41402abc4b.css?a&#38;b "),
            "{page}"
        );
        assert_eq!(mail.unwrap(), "/static/it's.5d41402abc4b.css?a&b");
    }

    #[test]
    fn a_name_that_is_not_in_the_manifest_fails_the_page() {
        let file = "css/nope.css";

        let error = Mail { file }.render_with_values(&fixture::urls());

        let message = error.unwrap_err().to_string();
        for part in ["manifest entry for \"css/nope.css\"", "run collectstatic"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_handle_may_be_one_of_several_values() {
        let urls = fixture::urls();
        let values: [(&str, &dyn std::any::Any); 2] =
            [("user", &"Ada"), (filters::STATIC_URLS, &urls)];

        let file = "css/app.css";
        let mail = Mail { file }.render_with_values(&values);
        assert_eq!(mail.unwrap(), "/static/css/app.5d41402abc4b.css");
    }

    #[test]
    fn a_page_without_the_handle_says_how_to_give_it() {
        let error = Mail { file: "a" }.render().unwrap_err();

        assert!(error.to_string().contains("render_with_values"), "{error}");
    }
}
