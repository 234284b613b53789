//! The options of what static files are stored with: who takes them, and what is refused where.

use super::*;

fn statics(backend: &str, options: &str) -> Site {
    Site::new(&format!(
        "[STORAGES.staticfiles]\nBACKEND = '{backend}'\n[STORAGES.staticfiles.OPTIONS]\n{options}\n"
    ))
}

#[test]
fn a_wrong_rule_is_told_with_its_line() {
    let site = statics(
        "manifest+fake:a",
        "rules = [{ match = '*.js', cache_contol = 'x' }]",
    );

    assert_eq!(
        site.message("staticfiles"),
        "cannot set up STORAGES.staticfiles.OPTIONS (storehouse.toml:4): option \"rules\": \
         rule 1 (\"*.js\"): there is no key \"cache_contol\"; did you mean \"cache_control\"?"
    );
}

#[test]
fn options_that_are_wrong_are_refused() {
    for (backend, options, why) in [
        (
            "manifest+fake:a",
            "already_hashed = ['re:(']",
            "\"re:(\" is no regular expression: unclosed group",
        ),
        ("fake:a", "already_hashed = ['']", "a pattern is empty"),
        (
            "fake:a?rules=x",
            "",
            "option \"rules\": it takes an array of tables, which only OPTIONS can give",
        ),
        (
            "fake:a",
            "rules = ['x']",
            "option \"rules\": expected an array of tables, found a string in it",
        ),
        (
            "manifest+fake:a",
            "cache_control = 'é'",
            "option \"cache_control\": \"é\" has a character that a header cannot hold",
        ),
    ] {
        let message = statics(backend, options).message("staticfiles");

        assert!(message.contains(why), "{options}: {message}");
    }
}

#[test]
fn a_storage_that_keeps_no_headers_takes_them_for_whoever_serves_it() {
    let options = "already_hashed = ['vite/*']\ncache_control = 'no-store'";
    let site = statics("fake:a", options);

    let storages = site.storages().unwrap();

    storages.get("staticfiles").unwrap();
    let options = storages.rule_options("staticfiles").unwrap();
    assert_eq!(options.already_hashed, ["vite/*"]);
    assert_eq!(options.cache_control.as_deref(), Some("no-store"));
}

#[test]
fn media_have_no_rules() {
    let site = Site::new("DEFAULT_FILE_STORAGE = 'fake:a?cache_control=x'");

    assert!(
        site.message("default")
            .contains("unknown option \"cache_control\"")
    );
}

#[cfg(feature = "memory")]
#[test]
fn a_storage_that_keeps_headers_takes_rules() {
    let file = "[STORAGES.staticfiles]\nBACKEND = 'memory:?cache_control=max-age%3D1'\n\
                OPTIONS = { rules = [{ match = '*', metadata = { a = 'b' } }] }";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("storehouse.toml"), file).unwrap();
    let registry = builtin();
    let settings = Settings::load(&Sources::new(folder.path()), &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();

    storages.get("staticfiles").unwrap();
    let options = storages.rule_options("staticfiles").unwrap();

    assert_eq!(options.cache_control.as_deref(), Some("max-age=1"));
    assert_eq!(options.rules.len(), 1);
}

#[cfg(feature = "s3")]
#[test]
fn what_the_options_of_a_bucket_set_is_known_before_anything_is_sent() {
    use crate::staticfiles::{ObjectKind, ObjectRules};

    let file = "[STORAGES.staticfiles]\nBACKEND = 's3://assets/static'\n[STORAGES.staticfiles.OPTIONS]\n\
                access_key = 'a'\nsecret_key = 'b'\nobject_parameters = { CacheControl = 'max-age=1' }";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("storehouse.toml"), file).unwrap();
    let registry = builtin();
    let settings = Settings::load(&Sources::new(folder.path()), &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();
    let css = storehouse_storage::Name::new("app.css").unwrap();

    let rules = ObjectRules::of(&storages, "staticfiles").unwrap();
    let attributes = rules.attributes(&css, ObjectKind::Hashed);

    assert_eq!(attributes.cache_control, None);
    assert_eq!(
        attributes.content_type.as_deref(),
        Some("text/css; charset=utf-8")
    );
}
