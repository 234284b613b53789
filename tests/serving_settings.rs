//! What settings and flags say of serving: rules of the storage, and the command's own.

use std::{fs, os::unix::fs::symlink};

use axum::Router;
use http::{HeaderValue, header};
use storehouse::{
    serve::{MediaFiles, UrlPrefix},
    settings::{Settings, Sources},
    storages::{Storages, builtin},
};
use storehouse_test_support::Minio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    server::Server,
    serving_apps::{sent, started, storage},
    site::{Site, bucket_settings},
};

#[test]
fn the_rules_of_the_storage_hold_for_what_is_served() {
    let site = Site::new(
        r#"
STATIC_URL = "/static/"
STATICFILES_DIRS = ["assets"]

[STORAGES.staticfiles]
BACKEND = "manifest+file:static"

[STORAGES.staticfiles.OPTIONS]
cache_control = "public, max-age=5"
immutable_cache_control = "public, max-age=6"
charset = "latin1"
already_hashed = ["re:^bundle/.*-[0-9a-f]{8}\\.js$"]
rules = [
    { match = "*.foo", content_type = "application/x-foo" },
    { match = "some/manifest", content_type = "application/manifest+json", cache_control = "no-store" },
]
"#,
    );
    for name in ["a.css", "a.foo", "some/manifest", "bundle/app-0123abcd.js"] {
        site.write(&format!("assets/{name}"), "");
    }
    site.run(&["collectstatic", "--noinput"]).done();
    let server = Server::start(&site, &[]);

    for (path, content_type, cache_control) in [
        ("a.css", "text/css; charset=latin1", "public, max-age=5"),
        (
            "a.d41d8cd98f00.css",
            "text/css; charset=latin1",
            "public, max-age=6",
        ),
        ("a.foo", "application/x-foo", "public, max-age=5"),
        ("some/manifest", "application/manifest+json", "no-store"),
        (
            "bundle/app-0123abcd.js",
            "text/javascript; charset=latin1",
            "public, max-age=6",
        ),
    ] {
        let answer = server.get(&format!("/static/{path}"));
        assert_eq!(answer.header("content-type"), Some(content_type), "{path}");
        assert_eq!(
            answer.header("cache-control"),
            Some(cache_control),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_changes_the_fields_of_media() {
    let files = storage(&[("a.png", "x"), ("b.png", "x")]).await;
    let media = MediaFiles::new(UrlPrefix::new("/media/"), files)
        .with_cache_control(HeaderValue::from_static("private, max-age=9"))
        .with_headers(|name, headers| {
            if name.as_str() == "b.png" {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
        });
    let address = started(Router::new().layer(media)).await;

    for (path, cache_control) in [("a.png", "private, max-age=9"), ("b.png", "no-store")] {
        let answer = sent(&address, "GET", &format!("/media/{path}")).await;
        assert_eq!(
            answer.header("cache-control"),
            Some(cache_control),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_a_bucket_leads_to_the_content() {
    let minio = tokio::task::spawn_blocking(Minio::get).await.unwrap();
    let bucket = minio.bucket("serving-redirects");
    bucket.put_raw_with("media/film.mp4", b"moving", &[]);
    let text = bucket_settings(&minio, &bucket, minio.endpoint());
    let site = Site::new(&format!("{text}\nMEDIA_URL = \"/media/\"\n"));
    let sources = Sources::new(site.path("."));
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let storages = Storages::new(&settings, builtin()).unwrap();
    let media = MediaFiles::new(UrlPrefix::new("/media/"), storages.default().unwrap());
    let address = started(Router::new().layer(media.with_redirects())).await;

    let answer = sent(&address, "GET", "/media/film.mp4").await;

    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let location = answer.header("location").unwrap().to_owned();
    let path = location.strip_prefix(minio.endpoint()).unwrap().to_owned();
    let host = minio.endpoint().trim_start_matches("http://");
    // The signature is for the host that the URL has.
    let host_field = format!("Host: {host}");
    let found = fetched(host, &path, &host_field).await;
    assert!(found.ends_with("\r\n\r\nmoving"), "{found}");
}

/// Gets a path of another server, as text.
async fn fetched(host: &str, path: &str, host_field: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\n{host_field}\r\nConnection: close\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn runserver_is_the_same_and_its_log_has_no_signature() {
    let site = Site::new("MEDIA_URL = \"/media/\"\nMEDIA_ROOT = \"media\"\n");
    site.write("media/me.png", "picture");
    let server = Server::start_as("runserver", &site, &["--workers", "1"]);

    assert_eq!(server.get("/media/me.png?secret=1").status, 200);

    let (_, told) = server.stop("-TERM");
    assert!(told.contains("GET /media/me.png"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn the_command_sends_files_as_settings_say() {
    let site = Site::new(
        r#"
STATIC_URL = "/static/"
STATIC_ROOT = "out"
MEDIA_URL = "/media/"
MEDIA_ROOT = "media"
WHITENOISE_ROOT = "public"
WHITENOISE_INDEX_FILE = true
WHITENOISE_ALLOW_ALL_ORIGINS = false
[[SERVE_HEADERS]]
match = "*"
headers = { "X-Team" = "web", "X-Frame-Options" = "SAMEORIGIN" }
[[SERVE_HEADERS]]
match = ["*.html", "*.htm"]
headers = { "X-Frame-Options" = "DENY", "X-Team" = "" }
"#,
    );
    for path in ["out/a.css", "media/a.txt", "public/d/index.html"] {
        site.write(path, "x");
    }
    let server = Server::start(&site, &[]);

    for (path, status, frame, team) in [
        ("/static/a.css", 200, Some("SAMEORIGIN"), Some("web")),
        ("/media/a.txt", 200, Some("SAMEORIGIN"), Some("web")),
        ("/d/", 200, Some("DENY"), None),
    ] {
        let answer = server.get(path);

        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-frame-options"), frame, "{path}");
        assert_eq!(answer.header("x-team"), team, "{path}");
        let origins = answer.header("access-control-allow-origin");
        assert_eq!(origins, None, "{path}");
    }
    assert_eq!(server.get("/d").header("location"), Some("/d/"));
    assert_eq!(server.get("/d?a=b").header("location"), Some("/d/?a=b"));
    // A CDN fetches the files from here.
    for url in ["https://cdn.example/static/", "//cdn.example/static/"] {
        let server = Server::start(&site, &["--set", &format!("STATIC_URL={url}")]);
        assert_eq!(server.get("/static/a.css").status, 200, "{url}");
    }

    // What makes uploads harmless stays, whatever is set for all files.
    let policy = r#"SERVE_HEADERS=[{ match = "*", headers = { "Content-Security-Policy" = "default-src 'self'", "Content-Disposition" = "" } }]"#;
    let server = Server::start(&site, &["--set", policy]);
    for (path, is_guarded) in [("x.svg", true), ("x.html", true), ("a.txt", false)] {
        site.write(&format!("media/{path}"), "x");
        let answer = server.get(&format!("/media/{path}"));
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("sandbox"), is_guarded, "{path}: {policy}");
    }
    assert!(
        server
            .get("/media/x.html")
            .header("content-disposition")
            .is_some()
    );
}

#[test]
fn settings_of_what_is_sent_that_cannot_be_meant_are_refused() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nMEDIA_URL = \"/media/\"\nMEDIA_ROOT = \"media\"\n",
    );
    for (set, said) in [
        (
            "MEDIA_REDIRECT=true",
            "has no URLs but those that are served here",
        ),
        ("WHITENOISE_INDEX_FILE=../x", "WHITENOISE_INDEX_FILE: "),
        (
            r#"SERVE_HEADERS=[{ headers = { a = "b" } }]"#,
            "entry 1: it has no match",
        ),
        (
            r#"SERVE_HEADERS=[{ match = "*" }]"#,
            "entry 1: it has no headers",
        ),
        (
            r#"SERVE_HEADERS=[{ match = "*", headers = { "a b" = "c" } }]"#,
            "\"a b\" is no name of a header field",
        ),
        (
            r#"SERVE_HEADERS=[{ match = "*", headers = { ETag = "c" } }]"#,
            "ETag is said by the server itself",
        ),
        (
            r#"SERVE_HEADERS=[{ match = "*", headers = { Content-Type = "text/html" } }]"#,
            "Content-Type is said by the server itself",
        ),
        (
            r#"SERVE_HEADERS=[{ match = ["*", 1], headers = { a = "b" } }]"#,
            "match: expected a glob or an array of globs",
        ),
        (
            r#"SERVE_HEADERS=[{ matches = "*", headers = {} }]"#,
            "there is no key \"matches\"",
        ),
    ] {
        let ran = site.run(&["serve", "0", "--set", set]).failed(1);

        ran.tells(&[said]);
    }
}

#[test]
fn the_settings_file_is_never_sent() {
    let site = Site::new(
        r#"
STATIC_URL = "/static/"
STATICFILES_DIRS = ["assets"]
MEDIA_URL = "/media/"
WHITENOISE_ROOT = "public"
[STORAGES]
default = { BACKEND = "file:media", OPTIONS = { follow_symlinks = true } }
staticfiles = { BACKEND = "file:out", OPTIONS = { follow_symlinks = true } }
"#,
    );
    let file = site.path("storehouse.toml");
    for folder in ["media", "out", "public", "assets"] {
        site.write(&format!("{folder}/a.txt"), "a");
    }
    for (debug, prefixes) in [
        (false, &["/static", "/media", ""][..]),
        (true, &["/static", "/media", ""]),
    ] {
        let server = Server::start(&site, &["--set", &format!("DEBUG={debug}")]);
        // After it has looked at links.
        for folder in ["media", "out", "public", "assets"] {
            let _ = symlink(&file, site.path(&format!("{folder}/link.txt")));
            let _ = fs::hard_link(&file, site.path(&format!("{folder}/hard.txt")));
            let _ = symlink(site.path(""), site.path(&format!("{folder}/site")));
        }
        for prefix in prefixes {
            assert_eq!(
                server.get(&format!("{prefix}/a.txt")).status,
                200,
                "{prefix}"
            );
            for name in ["link.txt", "hard.txt", "site/storehouse.toml"] {
                let answer = server.get(&format!("{prefix}/{name}"));
                assert_eq!(answer.status, 404, "{prefix}/{name}, DEBUG={debug}");
            }
        }
        for folder in ["media", "out", "public", "assets"] {
            for name in ["link.txt", "hard.txt", "site"] {
                fs::remove_file(site.path(&format!("{folder}/{name}"))).unwrap();
            }
        }
    }
}
