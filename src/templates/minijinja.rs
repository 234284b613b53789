//! Static files in templates of minijinja 3. It adds functions to an environment, and changes
//! nothing else in it.
//!
//! ```
//! use minijinja::{Environment, context};
//! use storehouse::{staticfiles::{Manifest, StaticUrls}, templates};
//!
//! let paths = [("css/app.css".to_owned(), "css/app.5d41402abc4b.css".to_owned())];
//! let urls = StaticUrls::new("/static/", Manifest::new(paths.into()));
//! let mut env = Environment::new();
//! templates::minijinja::add_to(&mut env, urls);
//!
//! env.add_template("page.html", r#"<link href="{{ static('css/app.css') }}">"#)?;
//! let page = env.get_template("page.html")?.render(context! {})?;
//! assert_eq!(page, r#"<link href="/static/css/app.5d41402abc4b.css">"#);
//! # Ok::<(), minijinja::Error>(())
//! ```

use ::minijinja::{AutoEscape, Environment, Error, ErrorKind, State, Value};

use crate::staticfiles::StaticUrls;

/// Adds `static(name)`, `static_integrity(name)`, `get_static_prefix()` and `get_media_prefix()`.
/// Those that are there already are replaced.
pub fn add_to(env: &mut Environment<'_>, urls: StaticUrls) {
    let handle = urls.clone();
    env.add_function(
        "static",
        move |state: &State<'_, '_>, name: &str| match handle.url(name) {
            Ok(url) => Ok(as_value(state, &url)),
            Err(error) => Err(failed(error)),
        },
    );
    let handle = urls.clone();
    env.add_function(
        "static_integrity",
        move |state: &State<'_, '_>, name: &str| match handle.integrity(name) {
            Ok(digest) => Ok(as_value(state, digest.unwrap_or_default())),
            Err(error) => Err(failed(error)),
        },
    );
    let handle = urls.clone();
    env.add_function("get_static_prefix", move |state: &State<'_, '_>| {
        as_value(state, handle.static_prefix())
    });
    env.add_function("get_media_prefix", move |state: &State<'_, '_>| {
        as_value(state, urls.media_prefix())
    });
}

/// In HTML minijinja writes `/` as `&#x2f;`. A text with nothing that HTML has to have escaped is
/// marked as safe, and stays readable; any other is left to minijinja.
fn as_value(state: &State<'_, '_>, text: &str) -> Value {
    let is_plain = !text.contains(['&', '<', '>', '"', '\'']);
    match state.auto_escape() {
        AutoEscape::Html if is_plain => Value::from_safe_string(text.to_owned()),
        _ => Value::from(text),
    }
}

fn failed(error: storehouse_storage::Error) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
}

#[cfg(test)]
mod tests {
    use ::minijinja::context;

    use super::*;
    use crate::templates::fixture;

    fn render(name: &str, template: &str) -> Result<String, Error> {
        let mut env = Environment::new();
        env.add_filter("shout", |text: &str| text.to_uppercase());
        add_to(&mut env, fixture::urls());
        env.add_template(name, template)?;
        env.get_template(name)?.render(context! {})
    }

    #[test]
    fn a_page_has_readable_urls_and_digests() {
        for (template, expected) in [
            (
                "{{ static('css/app.css') }}",
                "/static/css/app.5d41402abc4b.css",
            ),
            (
                "{{ static_integrity('css/app.css') }}",
                "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP",
            ),
            ("{{ get_static_prefix() }}img/", "/static/img/"),
            ("{{ get_media_prefix() }}", "/"),
        ] {
            assert_eq!(render("page.html", template).unwrap(), expected);
        }
    }

    #[test]
    fn what_html_has_escaped_is_escaped_and_a_filter_sees_the_url() {
        for (template, expected) in [
            (
                r#"{{ static("it's.css") }}"#,
                "&#x2f;static&#x2f;it&#x27;s.5d41402abc4b.css",
            ),
            (
                "{{ static('css/app.css?a=1&b=2') }}",
                "&#x2f;static&#x2f;css&#x2f;app.5d41402abc4b.css?a=1&amp;b=2",
            ),
            (
                "{{ static('css/app.css?a&b') | shout }}",
                "&#x2f;STATIC&#x2f;CSS&#x2f;APP.5D41402ABC4B.CSS?A&amp;B",
            ),
        ] {
            assert_eq!(render("page.html", template).unwrap(), expected);
        }
    }

    #[test]
    fn outside_html_nothing_is_escaped() {
        let text = render("mail.txt", r#"{{ static("it's.css") }}"#).unwrap();

        assert_eq!(text, "/static/it's.5d41402abc4b.css");
    }

    #[test]
    fn a_name_that_is_not_in_the_manifest_fails_the_page() {
        let error = render("page.html", "\n{{ static('css/nope.css') }}").unwrap_err();

        let message = error.to_string();
        for part in [
            "manifest entry for \"css/nope.css\"",
            "run collectstatic",
            "page.html:2",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_handle_that_was_loaded_again_replaces_the_old_one() {
        let mut env = Environment::new();
        add_to(&mut env, fixture::urls());

        add_to(&mut env, StaticUrls::new("/new/", Default::default()));

        let page = env.render_str("{{ get_static_prefix() }}", context! {});
        assert_eq!(page.unwrap(), "/new/");
    }
}
