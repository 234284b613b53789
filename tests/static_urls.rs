//! URLs of static files at run time: what a page is given, by the settings.

use std::{fs, path::Path};

use storehouse::{
    settings::{Settings, Sources},
    staticfiles::{Integrity, StaticUrls, sri},
    storage::{ErrorKind, Result, StorageExt},
    storages::{IntegrityHash, Storages, builtin},
};

use crate::site::Site;

const MANIFEST: &str = r#"{"paths": {"app.js": "app.5d41402abc4b.js"}, "version": "1.1"}"#;
const DIGESTS: &str = "collected/staticfiles.integrity.json";

/// A site that was collected: one file is in the manifest, `late.js` is not.
fn site(settings: &str) -> Site {
    let site = Site::new(settings);
    site.write("collected/staticfiles.json", MANIFEST);
    site.write("collected/app.js", "hello");
    site.write("collected/app.5d41402abc4b.js", "hello");
    site.write("collected/js/late.js", "hello");
    site
}

fn digests() -> String {
    let digest = sri(b"hello", IntegrityHash::Sha384);
    let integrity: Integrity = [("app.5d41402abc4b.js".to_owned(), digest)]
        .into_iter()
        .collect();
    integrity.to_json()
}

fn storages(folder: &Path) -> (Settings, Storages) {
    let registry = builtin();
    let settings = Settings::load(&Sources::new(folder), &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();
    (settings, storages)
}

async fn load(site: &Site) -> Result<StaticUrls> {
    let (settings, storages) = storages(&site.path(""));
    StaticUrls::load(&settings, &storages).await
}

const STRICT: &str = r#"
STATIC_URL = "/static/"
STATICFILES_STORAGE = "manifest+file:collected"
"#;
const LENIENT: &str = r#"
STATIC_URL = "/static/"
STATICFILES_STORAGE = "manifest+file:collected?manifest_strict=false"
"#;
const WITH_DIGESTS: &str = r#"
STATIC_URL = "/static/"
STATICFILES_STORAGE = "manifest+file:collected?integrity=sha384"
"#;

#[tokio::test]
async fn with_debug_urls_need_no_folder() {
    for (storage, name, expected) in [
        ("", "app.js", "/static/app.js"),
        (
            "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
            "a b.js",
            "/static/a b.js",
        ),
    ] {
        let mut settings = "DEBUG = true\nSTATIC_URL = \"/static/\"\n".to_owned();
        if !storage.is_empty() {
            settings.push_str(&format!("STATICFILES_STORAGE = \"{storage}\"\n"));
        }
        let site = Site::new(&settings);

        let urls = load(&site).await.unwrap();

        assert_eq!(urls.url(name).unwrap(), expected);
        assert_eq!(urls.static_prefix(), "/static/");
        let without_debug = Site::new(&settings.replace("true", "false"));
        assert!(
            load(&without_debug)
                .await
                .unwrap_err()
                .to_string()
                .contains("STATIC_ROOT")
        );
    }
}

#[tokio::test]
async fn a_host_without_a_scheme_stays_in_urls() {
    for (storage, expected) in [
        (
            "manifest+file:collected",
            "//cdn.example/s/app.5d41402abc4b.js",
        ),
        ("file:collected", "//cdn.example/s/app.js"),
    ] {
        let settings =
            format!("STATIC_URL = \"//cdn.example/s/\"\nSTATICFILES_STORAGE = \"{storage}\"\n");

        let urls = load(&site(&settings)).await.unwrap();

        assert_eq!(urls.url("app.js").unwrap(), expected, "{storage}");
        let with_query = urls.url("app.js?v=1#f").unwrap();
        assert!(
            with_query.starts_with("//cdn.example/s/app."),
            "{with_query}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_not_in_the_manifest_is_hashed_where_that_is_allowed() {
    let strict = load(&site(STRICT)).await.unwrap();
    let lenient_site = site(LENIENT);
    let lenient = load(&lenient_site).await.unwrap();

    let refused = strict.url("js/late.js").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert_eq!(
        refused.to_string(),
        r#"missing staticfiles manifest entry for "js/late.js"; run collectstatic, or correct the name"#
    );
    for (name, expected) in [
        ("app.js", "/static/app.5d41402abc4b.js"),
        ("js/late.js", "/static/js/late.5d41402abc4b.js"),
        (
            "js/late.js?v=1#top",
            "/static/js/late.5d41402abc4b.js?v=1#top",
        ),
        // A folder has no hash.
        ("js", "/static/js"),
    ] {
        assert_eq!(lenient.url(name).unwrap(), expected);
        assert_eq!(lenient.url_or_hash(name).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_file_that_is_nowhere_is_an_error_though_the_manifest_is_not_strict() {
    let site = site(LENIENT);
    let urls = load(&site).await.unwrap();

    for name in ["nope.js", "app.js/x", "../storehouse.toml"] {
        let error = urls.url(name).unwrap_err();
        let by_storage = urls.url_or_hash(name).await.unwrap_err();

        for error in [error, by_storage] {
            let message = error.to_string();
            assert!(
                message.contains(name.trim_start_matches("../")),
                "{message}"
            );
        }
    }
    let advice = urls.url("nope.js").unwrap_err();
    assert_eq!(advice.kind(), ErrorKind::NotFound);
    assert!(advice.to_string().contains("run collectstatic"), "{advice}");
}

#[tokio::test]
async fn in_a_storage_that_is_no_folder_only_a_request_can_hash() {
    let site = Site::new(
        r#"
        STATIC_URL = "/static/"
        STATICFILES_STORAGE = "manifest+memory://lenient-urls?manifest_strict=false"
        "#,
    );
    let (settings, storages) = storages(&site.path(""));
    let storage = storages.staticfiles().unwrap();
    storage.save_as("staticfiles.json", MANIFEST).await.unwrap();
    storage.save_as("js/late.js", "hello").await.unwrap();
    let urls = StaticUrls::load(&settings, &storages).await.unwrap();

    let error = urls.url("js/late.js").unwrap_err();

    assert!(error.to_string().contains("take url_or_hash"), "{error}");
    assert_eq!(
        urls.url_or_hash("js/late.js").await.unwrap(),
        "/static/js/late.5d41402abc4b.js"
    );
}

#[tokio::test]
async fn the_prefixes_are_the_settings_as_uris() {
    for (settings, expected) in [
        (
            "STATIC_URL = 'assets/'\nMEDIA_URL = '/média/'",
            ["/assets/", "/m%C3%A9dia/"],
        ),
        (
            "STATIC_URL = '/a b/'\nMEDIA_URL = 'https://m.example/?x=1&y=%20'",
            ["/a%20b/", "https://m.example/?x=1&y=%20"],
        ),
        // Django's `/` where nothing is set.
        ("STATIC_URL = '/static/'", ["/static/", "/"]),
    ] {
        let site = Site::new(&format!("{settings}\nSTATIC_ROOT = 'collected'\n"));

        let urls = load(&site).await.unwrap();
        assert_eq!([urls.static_prefix(), urls.media_prefix()], expected);
    }
}

#[tokio::test]
async fn digests_are_read_from_the_file_beside_the_manifest() {
    let site = site(WITH_DIGESTS);
    site.write(DIGESTS, digests());
    let urls = load(&site).await.unwrap();

    let digest = "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP";
    for name in ["app.js", "app.js?v=1#x"] {
        assert_eq!(urls.integrity(name).unwrap(), Some(digest), "{name}");
    }
    let error = urls.integrity("js/late.js").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("\"js/late.js\""), "{error}");
}

#[tokio::test]
async fn digests_that_cannot_be_had_are_an_error_that_says_what_to_do() {
    let site = site(WITH_DIGESTS);
    let missing = load(&site).await.unwrap_err();
    site.write(DIGESTS, "{}");
    let damaged = load(&site).await.unwrap_err();
    site.write("storehouse.toml", STRICT);
    let not_asked_for = load(&site).await.unwrap().integrity("app.js").unwrap_err();

    for (error, kind, part) in [
        (missing, ErrorKind::NotFound, "run collectstatic"),
        (
            damaged,
            ErrorKind::Integrity,
            "without a version; delete it",
        ),
        (
            not_asked_for,
            ErrorKind::Configuration,
            "set the option integrity",
        ),
    ] {
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_page_works_without_digests_where_names_are_not_hashed() {
    let debug = format!("DEBUG = true\n{WITH_DIGESTS}");
    let plain = "STATIC_URL = '/static/'\nSTATICFILES_STORAGE = 'file:collected'\n";
    for settings in [&debug, plain] {
        let site = site(settings);

        let urls = load(&site).await.unwrap();
        assert_eq!(urls.url("app.js").unwrap(), "/static/app.js");
        assert_eq!(urls.integrity("app.js").unwrap(), None);
    }
}

#[tokio::test]
async fn a_handle_stays_as_it_was_loaded_and_another_has_what_is_new() {
    let site = site(STRICT);
    let before = load(&site).await.unwrap();

    let manifest = MANIFEST.replace("5d41402abc4b", "7d793037a076");
    fs::write(site.path("collected/staticfiles.json"), manifest).unwrap();
    let after = load(&site).await.unwrap();

    assert_eq!(before.url("app.js").unwrap(), "/static/app.5d41402abc4b.js");
    assert_eq!(after.url("app.js").unwrap(), "/static/app.7d793037a076.js");
}

#[test]
fn the_command_gives_the_url_that_a_page_gets() {
    let site = site(STRICT);
    let plain = "\nSTORAGES.media.BACKEND = \"file:collected\"\nMEDIA_URL = \"/media/\"\n";
    let hashed = "STORAGES.staticfiles.BACKEND = \"manifest+file:collected\"\n";
    site.write(
        "storehouse.toml",
        format!("STATIC_URL = \"/static/\"\n{plain}{hashed}"),
    );

    for (arguments, expected) in [
        (
            &["app.js", "--storage", "staticfiles"][..],
            "/static/app.5d41402abc4b.js\n",
        ),
        (
            &["app.js?v=1#top", "--storage", "staticfiles"],
            "/static/app.5d41402abc4b.js?v=1#top\n",
        ),
        (
            &["app.js", "--storage", "manifest+file:collected"],
            "/static/app.5d41402abc4b.js\n",
        ),
        (
            &["app.js", "--storage", "staticfiles", "--json"],
            "{\"url\":\"/static/app.5d41402abc4b.js\"}\n",
        ),
        (&["app.js", "--storage", "media"], "/media/app.js\n"),
        (
            &["late x.js", "--storage", "staticfiles", "--set", "DEBUG=1"],
            "/static/late x.js\n",
        ),
        (
            &[
                "js/late.js",
                "--storage",
                "manifest+file:collected?manifest_strict=false",
            ],
            "/static/js/late.5d41402abc4b.js\n",
        ),
    ] {
        let ran = site.run(&[&["url"], arguments].concat()).done();

        assert_eq!(ran.out, expected, "{arguments:?}");
    }
}

#[test]
fn the_command_says_that_a_file_is_not_in_the_manifest() {
    let site = site(STRICT);

    let arguments = ["url", "js/late.js", "--storage", "staticfiles"];
    let ran = site.run(&arguments).failed(1);

    assert_eq!(ran.out, "");
    ran.tells(&["missing staticfiles manifest entry for \"js/late.js\""]);
}

#[test]
fn a_time_limit_is_one_of_the_hashed_files_url() {
    let site = site(STRICT);
    let expires = ["--storage", "staticfiles", "--expires-in", "60"];

    let listed = site.run(&[&["url", "app.js"], &expires[..]].concat());
    let missing = site.run(&[&["url", "late.js"], &expires[..]].concat());

    let err = listed.failed(1).err;
    assert!(
        err.contains("\"app.5d41402abc4b.js\" in staticfiles"),
        "{err}"
    );
    let err = missing.failed(1).err;
    assert!(err.contains("manifest entry for \"late.js\""), "{err}");
}
