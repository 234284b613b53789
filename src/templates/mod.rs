//! Static files in templates: what Django's `{% load static %}` gives, for minijinja, tera and
//! askama. It renders nothing and reads no manifest; [`StaticUrls`](crate::staticfiles::StaticUrls)
//! did that before.
//!
//! Each engine is a feature with its name, and off by default. None of the three takes a new tag
//! from outside, so `{% static … %}` is a function, in askama a filter:
//!
//! | Django | minijinja | tera | askama |
//! |---|---|---|---|
//! | `{% static 'css/app.css' %}` | `{{ static('css/app.css') }}` | `{{ static(name='css/app.css') }}` | `{{ "css/app.css"\|static }}` |
//! | none | `{{ static_integrity('app.js') }}` | `{{ static_integrity(name='app.js') }}` | `{{ "app.js"\|static_integrity }}` |
//! | `{% get_static_prefix %}` | `{{ get_static_prefix() }}` | `{{ get_static_prefix() }}` | `{{ urls.static_prefix() }}` |
//! | `{% get_media_prefix %}` | `{{ get_media_prefix() }}` | `{{ get_media_prefix() }}` | `{{ urls.media_prefix() }}` |
//! | `{% static 'a.css' as url %}` | `{% set url = static('a.css') %}` | `{% set url = static(name='a.css') %}` | `{% let url = "a.css"\|static %}` |
//!
//! A name that is not in the manifest fails the page, as in Django with `manifest_strict`, and the
//! message names it. `static_integrity` is for `integrity="{{ static_integrity('app.js') }}"`; it is
//! empty where names are not hashed, which a browser takes for no digest.
//!
//! What a page gets is the URL itself; that `&` and `'` are escaped in HTML is the engine's work, so
//! that a filter after it sees the URL. Django writes `&amp;` and `&#x27;`; tera writes `&#39;`, and
//! askama `&#38;` and `&#39;`, which a browser reads alike.
//!
//! A handle that was loaded again after a push is given to the engine in the same way as the first:
//! in minijinja and tera to a clone of the engine, which then replaces the old one.

#[cfg(feature = "askama")]
pub mod askama;
#[cfg(feature = "minijinja")]
pub mod minijinja;
#[cfg(feature = "tera")]
pub mod tera;

/// What the tests of all engines render.
#[cfg(test)]
mod fixture {
    use crate::{
        staticfiles::{Integrity, Manifest, StaticUrls, sri},
        storages::IntegrityHash,
    };

    /// The names of the files; each is stored with `5d41402abc4b` before its extension.
    const NAMES: [&str; 2] = ["css/app", "it's"];

    pub(super) fn urls() -> StaticUrls {
        let paths = NAMES.map(|name| (format!("{name}.css"), format!("{name}.5d41402abc4b.css")));
        let digest = sri(b"hello", IntegrityHash::Sha384);
        let digests = [("css/app.5d41402abc4b.css".to_owned(), digest)];
        StaticUrls::new("/static/", Manifest::new(paths.into()))
            .with_integrity(digests.into_iter().collect::<Integrity>())
    }
}
