//! Static files in templates of tera 2. It adds functions to an engine, and changes nothing else in
//! it.
//!
//! Tera looks for the functions of a template when the template is added, so they go first; and it
//! takes named arguments only.
//!
//! ```
//! use storehouse::{staticfiles::{Manifest, StaticUrls}, templates};
//! use tera::{Context, Tera};
//!
//! let paths = [("css/app.css".to_owned(), "css/app.5d41402abc4b.css".to_owned())];
//! let urls = StaticUrls::new("/static/", Manifest::new(paths.into()));
//! let mut tera = Tera::default();
//! templates::tera::add_to(&mut tera, urls);
//!
//! tera.add_raw_template("page.html", r#"<link href="{{ static(name='css/app.css') }}">"#)?;
//! let page = tera.render("page.html", &Context::new())?;
//! assert_eq!(page, r#"<link href="/static/css/app.5d41402abc4b.css">"#);
//! # Ok::<(), tera::Error>(())
//! ```

use ::tera::{Error, Kwargs, State, Tera, TeraResult};

use crate::staticfiles::StaticUrls;

/// Adds `static(name)`, `static_integrity(name)`, `get_static_prefix()` and `get_media_prefix()`.
/// Those that are there already are replaced.
pub fn add_to(tera: &mut Tera, urls: StaticUrls) {
    let handle = urls.clone();
    tera.register_function(
        "static",
        move |arguments: Kwargs, _: &State<'_>| -> TeraResult<String> {
            let url = handle.url(arguments.must_get("name")?).map_err(failed)?;
            Ok(url.into_owned())
        },
    );
    let handle = urls.clone();
    tera.register_function(
        "static_integrity",
        move |arguments: Kwargs, _: &State<'_>| -> TeraResult<String> {
            let digest = handle
                .integrity(arguments.must_get("name")?)
                .map_err(failed)?;
            Ok(digest.unwrap_or_default().to_owned())
        },
    );
    let handle = urls.clone();
    tera.register_function("get_static_prefix", move |_: Kwargs, _: &State<'_>| {
        handle.static_prefix().to_owned()
    });
    tera.register_function("get_media_prefix", move |_: Kwargs, _: &State<'_>| {
        urls.media_prefix().to_owned()
    });
}

fn failed(error: storehouse_storage::Error) -> Error {
    Error::chain(error.to_string(), error)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use ::tera::Context;

    use super::*;
    use crate::templates::fixture;

    fn render(name: &str, template: &str) -> TeraResult<String> {
        let mut tera = Tera::default();
        add_to(&mut tera, fixture::urls());
        tera.add_raw_template(name, template)?;
        tera.render(name, &Context::new())
    }

    #[test]
    fn a_page_has_urls_and_digests() {
        for (template, expected) in [
            (
                "{{ static(name='css/app.css') }}",
                "/static/css/app.5d41402abc4b.css",
            ),
            (
                "{{ static_integrity(name='css/app.css') }}",
                "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP",
            ),
            ("{{ get_static_prefix() }}img/", "/static/img/"),
            ("{{ get_media_prefix() }}", "/"),
        ] {
            assert_eq!(render("page.html", template).unwrap(), expected);
        }
    }

    #[test]
    fn what_html_has_escaped_is_escaped_there_only() {
        for (name, template, expected) in [
            (
                "page.html",
                r#"{{ static(name="it's.css") }}"#,
                "/static/it&#39;s.5d41402abc4b.css",
            ),
            (
                "page.html",
                "{{ static(name='css/app.css?a=1&b=2') }}",
                "/static/css/app.5d41402abc4b.css?a=1&amp;b=2",
            ),
            (
                "mail.txt",
                r#"{{ static(name="it's.css") }}"#,
                "/static/it's.5d41402abc4b.css",
            ),
        ] {
            assert_eq!(render(name, template).unwrap(), expected);
        }
    }

    #[test]
    fn a_name_that_is_not_in_the_manifest_fails_the_page() {
        let error = render("page.html", "\n{{ static(name='css/nope.css') }}").unwrap_err();

        let message = format!("{error}; {:?}", error.source().map(ToString::to_string));
        for part in [
            "manifest entry for \"css/nope.css\"",
            "run collectstatic",
            "page.html:2",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_call_without_a_name_fails_the_page() {
        let error = render("page.html", "{{ static(path='css/app.css') }}").unwrap_err();

        assert!(error.to_string().contains("name"), "{error}");
    }

    #[test]
    fn a_handle_that_was_loaded_again_replaces_the_old_one() {
        let mut tera = Tera::default();
        add_to(&mut tera, fixture::urls());
        tera.add_raw_template("page.html", "{{ get_static_prefix() }}")
            .unwrap();

        let mut fresh = tera.clone();
        add_to(&mut fresh, StaticUrls::new("/new/", Default::default()));

        let page = |tera: &Tera| tera.render("page.html", &Context::new()).unwrap();
        assert_eq!(page(&fresh), "/new/");
        assert_eq!(page(&tera), "/static/");
    }
}
