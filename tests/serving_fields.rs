//! Header fields that are the site's, on answers of the services: what a storage keeps beside a file,
//! what an application says, what follows from conditions.

use std::{process::Command, sync::Arc, time::Duration, time::SystemTime};

use axum::{Router, response::Html, routing::get};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body::Body;
use storehouse::{
    media::UrlVerifier,
    serve::{MediaFiles, StaticFiles, UrlPrefix},
    settings::{Settings, Sources},
    storage::{Name, SaveOptions, Storage, UrlOptions},
    storages::{Storages, builtin},
};
use storehouse_test_support::Minio;

use crate::{
    server::{Answer, Server, request},
    serving_apps::{sent, sent_with, started, storage},
    serving_kept::gzipped,
    site::{Site, bucket_settings},
};

/// All lines of a field.
fn lines<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let fields = answer.headers.iter().filter(|(field, _)| field == name);
    fields.map(|(_, value)| value.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_keeps_its_own_link_and_an_error_gets_none() {
    let own = || async { ([(header::LINK, "</own>; rel=next")], Html("<p>")) };
    let broken = || async { (StatusCode::INTERNAL_SERVER_ERROR, Html("<p>")) };
    let files =
        StaticFiles::new(UrlPrefix::new("/static/"), storage(&[]).await).with_preload(["app.css"]);
    let application = Router::new()
        .route("/own", get(own))
        .route("/broken", get(broken))
        .layer(files);
    let address = started(application).await;

    let preload = "</static/app.css>; rel=preload; as=style";
    let page = sent(&address, "GET", "/own").await;
    let error = sent(&address, "GET", "/broken").await;

    assert_eq!(lines(&page, "link"), ["</own>; rel=next", preload]);
    assert_eq!(lines(&error, "link"), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preflight_is_answered_where_other_origins_may_read() {
    for (allow, methods) in [(true, Some("GET, HEAD")), (false, None)] {
        let files = storage(&[("font.woff2", "x")]).await;
        let files = StaticFiles::new(UrlPrefix::new("/static/"), files).with_all_origins(allow);
        let address = started(Router::new().fallback_service(files)).await;

        let answer = sent(&address, "OPTIONS", "/static/font.woff2").await;

        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-methods"), methods);
        let origin = allow.then_some("*");
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_an_application_adds_stands_beside_ours() {
    let files = storage(&[("app.css", "body {}")]).await;
    let copy = Name::new("app.css.gz").unwrap();
    let content = gzipped("body {}").into();
    files
        .save(&copy, content, &SaveOptions::default())
        .await
        .unwrap();
    let files = StaticFiles::new(UrlPrefix::new("/static/"), files).with_headers(|_, headers| {
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    });
    let address = started(Router::new().fallback_service(files)).await;

    let answer = sent(&address, "GET", "/static/app.css").await;

    assert_eq!(lines(&answer, "vary"), ["accept-encoding", "origin"]);
}

/// A storage with one file that has all attributes that HTTP knows.
async fn with_attributes() -> Arc<dyn Storage> {
    let files = storage(&[]).await;
    let options = SaveOptions::default()
        .with_content_language("de")
        .with_content_disposition("attachment; filename=\"brief.txt\"")
        .with_cache_control("no-store");
    let name = Name::new("brief.txt").unwrap();
    files.save(&name, "Hallo".into(), &options).await.unwrap();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_beside_a_file_is_sent_and_a_304_tells_nothing_of_content() {
    let media = MediaFiles::new(UrlPrefix::new("/media/"), with_attributes().await)
        .with_cache_control(HeaderValue::from_static("public, max-age=5"));
    let address = started(Router::new().fallback_service(media)).await;

    let whole = sent(&address, "GET", "/media/brief.txt").await;
    let known = sent_with(&address, "GET", "/media/brief.txt", &["If-None-Match: *"]).await;

    assert_eq!((whole.status, known.status), (200, 304));
    for (name, value) in [
        ("content-language", "de"),
        ("content-disposition", "attachment; filename=\"brief.txt\""),
    ] {
        assert_eq!(whole.header(name), Some(value));
        assert_eq!(known.header(name), None);
    }
    // What was saved with the file goes before the default of all.
    for answer in [whole, known] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

/// What tools and users have written as the type of an object, and browsers read each in its own way.
const NO_TYPES: &[&str] = &[
    "image/png, text/html",
    ",text/html",
    "text/html x",
    "text/html(x",
    "image/svg+xml x",
    "text/html\u{a0}",
    "text/plain; a=b, text/html",
    "*/*",
    "text",
    "",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_under_no_media_type_is_sent_to_be_saved() {
    let files: Arc<dyn Storage> = Arc::new(storehouse_memory::MemoryStorage::new());
    let page = "<script>alert(document.domain)</script>";
    for (number, content_type) in NO_TYPES.iter().enumerate() {
        let mut attributes = storehouse::storage::Attributes::default();
        attributes.content_type = Some((*content_type).to_owned());
        let name = Name::new(format!("{number}.png")).unwrap();
        let options = SaveOptions::default().with_attributes(attributes);
        files.save(&name, page.into(), &options).await.unwrap();
    }
    let media = MediaFiles::new(UrlPrefix::new("/media/"), files);
    let address = started(Router::new().fallback_service(media)).await;

    for (number, content_type) in NO_TYPES.iter().enumerate() {
        let path = format!("/media/{number}.png");
        for (method, fields) in [
            ("GET", &[][..]),
            ("HEAD", &[]),
            ("GET", &["Range: bytes=0-6"]),
        ] {
            let answer = sent_with(&address, method, &path, fields).await;

            for (field, value) in [
                ("content-type", "application/octet-stream"),
                ("content-disposition", "attachment"),
                ("content-security-policy", "sandbox"),
                ("x-content-type-options", "nosniff"),
            ] {
                assert_eq!(
                    answer.header(field),
                    Some(value),
                    "{content_type:?} {method}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_without_cache_control_gets_the_default_of_all() {
    let files = storage(&[("me.png", "picture")]).await;
    let media = MediaFiles::new(UrlPrefix::new("/media/"), files)
        .with_cache_control(HeaderValue::from_static("public, max-age=5"));
    let address = started(Router::new().fallback_service(media)).await;

    let answer = sent(&address, "GET", "/media/me.png").await;

    assert_eq!(answer.header("cache-control"), Some("public, max-age=5"));
}

#[test]
fn each_condition_counts_for_media() {
    let site = Site::new("MEDIA_URL = \"/media/\"\nMEDIA_ROOT = \"media\"\n");
    site.write("media/me.png", "picture");
    // 2001-09-09 01:46:40.
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    site.set_modified("media/me.png", changed);
    let server = Server::start(&site, &[]);
    let after = "Sun, 09 Sep 2001 01:46:41 GMT";
    let before = "Sun, 09 Sep 2001 01:46:39 GMT";

    for (condition, status) in [
        ("If-Match: \"x\"".to_owned(), 412),
        ("If-Match: *".to_owned(), 200),
        (format!("If-Unmodified-Since: {before}"), 412),
        (format!("If-Unmodified-Since: {after}"), 200),
        ("If-None-Match: *".to_owned(), 304),
        ("If-None-Match: \"x\"".to_owned(), 200),
        (format!("If-Modified-Since: {after}"), 304),
        (format!("If-Modified-Since: {before}"), 200),
    ] {
        let answer = server.get_with("/media/me.png", &[&condition]);

        assert_eq!(answer.status, status, "{condition}");
        assert_eq!(answer.text() == "picture", status == 200, "{condition}");
    }
}

#[tokio::test]
async fn media_that_the_client_has_are_not_opened() {
    let files = storage(&[("me.png", "picture")]).await;
    let media = MediaFiles::new(UrlPrefix::new("/media/"), files);
    let answered = async |name: Option<HeaderName>, value: &HeaderValue| {
        let mut request = http::Request::get("/media/me.png");
        if let Some(name) = name {
            request = request.header(name, value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        media.answer(&head).await.unwrap()
    };
    let any = HeaderValue::from_static("*");
    let whole = answered(None, &any).await;
    assert_eq!(whole.body().size_hint().exact(), Some(7));
    let modified = whole.headers()[header::LAST_MODIFIED].clone();

    for (name, value) in [
        (header::IF_NONE_MATCH, any),
        (header::IF_MODIFIED_SINCE, modified),
    ] {
        let answer = answered(Some(name.clone()), &value).await;

        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{name}");
        assert_eq!(answer.body().size_hint().exact(), Some(0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_for_reading_and_good_for_as_long_as_the_url_that_led_to_it() {
    let sources = Sources::new("/nowhere")
        .with_set("SECRET_KEY=a key of more than fifty characters, of which many are different")
        .with_set("DEFAULT_FILE_STORAGE=memory:?querystring_auth=true&base_url=/media/");
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let files = Storages::new(&settings, builtin())
        .unwrap()
        .default()
        .unwrap();
    let name = Name::new("me.png").unwrap();
    let options = SaveOptions::default();
    files.save(&name, "picture".into(), &options).await.unwrap();
    let options = UrlOptions::default().with_expires_in(Duration::from_secs(100_000));
    let signed = files.url(&name, &options).await.unwrap();
    let media = MediaFiles::new(UrlPrefix::new("/media/"), files)
        .with_signed_urls(UrlVerifier::of(&settings))
        .with_redirects();
    let address = started(Router::new().fallback_service(media)).await;

    let answer = sent(&address, "GET", &signed).await;
    let posted = sent(&address, "POST", &signed).await;

    assert_eq!(answer.status, 302);
    let expires = |url: &str| -> u64 {
        let (_, rest) = url.split_once("expires=").unwrap();
        rest.split('&').next().unwrap().parse().unwrap()
    };
    let location = answer.header("location").unwrap();
    assert!(
        expires(location).abs_diff(expires(&signed)) <= 1,
        "{location} {signed}"
    );
    assert_eq!((posted.status, posted.header("location")), (405, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_manifest_names_is_no_copy_and_what_is_beside_it_is_not_kept() {
    let manifest =
        r#"{"paths": {"a.css": "a.css", "a.css.gz": "a.css.gz"}, "version": "1.1", "hash": ""}"#;
    let files = storage(&[
        ("a.css", "body {}"),
        ("a.css.gz", "a download"),
        ("b.css", "b {}"),
        ("b.css.gz", "a copy"),
        ("staticfiles.json", manifest),
        ("staticfiles.integrity.json", "{}"),
    ])
    .await;
    let files = StaticFiles::new(UrlPrefix::new("/static/"), Arc::clone(&files))
        .with_manifest(files, Name::new("staticfiles.json").unwrap())
        .await
        .unwrap();
    let address = started(Router::new().fallback_service(files)).await;

    for (name, status, cache_control) in [
        ("a.css.gz", 200, Some("public, max-age=60")),
        ("b.css.gz", 404, None),
        ("staticfiles.json", 200, Some("no-cache")),
        ("staticfiles.integrity.json", 200, Some("no-cache")),
    ] {
        let answer = sent(&address, "GET", &format!("/static/{name}")).await;

        assert_eq!(answer.status, status, "{name}");
        assert_eq!(answer.header("cache-control"), cache_control, "{name}");
    }
}

#[test]
fn with_debug_too_nothing_is_sent_of_what_is_no_file() {
    let site =
        Site::new("STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\nDEBUG = true\n");
    site.write("assets/d/x.css", "x {}");
    let pipe = Command::new("mkfifo")
        .arg(site.path("assets/pipe"))
        .status();
    assert!(pipe.unwrap().success());
    let server = Server::start(&site, &[]);

    for path in ["/static/pipe", "/static/d", "/static/../storehouse.toml"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    assert_eq!(
        server.send(&request("HEAD", "/static/d/x.css", &[])).status,
        200
    );
}

#[test]
fn a_private_bucket_is_for_nobody_without_debug() {
    let minio = Minio::get();
    let bucket = minio.bucket("serving-private");
    let settings = bucket_settings(&minio, &bucket, minio.endpoint());
    let site = Site::new(&format!("{settings}\nMEDIA_URL = \"/media/\"\n"));
    bucket.put_raw_with("media/me.png", b"picture", &[]);
    let server = Server::start(&site, &[]);

    for path in ["/media/me.png", "/media/nothing.png"] {
        assert_eq!(server.get(path).status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_svg_of_media_is_sent_as_one() {
    let files: Arc<dyn Storage> = Arc::new(storehouse_memory::MemoryStorage::new());
    let kept = SaveOptions::default().with_content_encoding("br");
    for (name, options) in [
        ("a.svgz", &SaveOptions::default()),
        ("a.svg", &SaveOptions::default()),
        ("kept.SVGZ", &kept),
    ] {
        let content = gzipped("<svg/>").into();
        let name = Name::new(name).unwrap();
        files.save(&name, content, options).await.unwrap();
    }
    let media = MediaFiles::new(UrlPrefix::new("/media/"), files);
    let address = started(Router::new().fallback_service(media)).await;

    for (name, encoding) in [
        ("a.svgz", Some("gzip")),
        ("a.svg", None),
        ("kept.SVGZ", Some("br")),
    ] {
        for fields in [&[][..], &["Range: bytes=0-3"]] {
            let answer = sent_with(&address, "GET", &format!("/media/{name}"), fields).await;

            assert_eq!(answer.header("content-encoding"), encoding, "{name}");
            assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
            assert!(answer.header("content-security-policy").is_some());
        }
    }
}
