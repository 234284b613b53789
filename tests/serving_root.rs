//! `WHITENOISE_ROOT`: the files of a folder at `/`, by the command and in front of an application.

use std::os::unix::fs::symlink;

use axum::{
    Router,
    routing::{get, post},
};
use storehouse::{
    serve::{MediaFiles, StaticFiles},
    settings::{Settings, Sources},
    storage::{ErrorKind, Registry},
    storages::{Storages, builtin},
};

use crate::{
    server::Server,
    serving_apps::{sent, started},
    serving_kept::gzipped,
    site::Site,
};

const SETTINGS: &str = r#"
WHITENOISE_ROOT = "public"
STATIC_URL = "/static/"
STATIC_ROOT = "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = "media"
STATICFILES_STORAGE = "manifest+file:static"
"#;

/// A site with a file of each kind, and one below `/static/` and `/media/` in the folder too.
fn site() -> Site {
    let site = Site::new(SETTINGS);
    for (name, content) in [
        ("public/robots.txt", "User-agent: *"),
        ("public/.well-known/security.txt", "Contact:"),
        ("public/d/index.html", "index"),
        ("public/app.55e7cbb9ba48.css", "body {}"),
        ("public/static/app.css", "of the root"),
        ("public/static/only.css", "of the root"),
        ("public/media/me.png", "of the root"),
        ("static/app.css", "static"),
        (
            "static/staticfiles.json",
            r#"{"paths": {"app.css": "app.55e7cbb9ba48.css"}, "version": "1.1", "hash": ""}"#,
        ),
        ("media/me.png", "media"),
        ("secret.txt", "CANARY"),
    ] {
        site.write(name, content);
    }
    site.write("public/robots.txt.gz", gzipped("User-agent: *"));
    symlink(site.path("secret.txt"), site.path("public/link.txt")).unwrap();
    site
}

#[test]
fn the_command_serves_the_files_of_the_root_behind_static_and_media() {
    let site = site();
    let server = Server::start(&site, &[]);

    for (case, path, status, body) in [
        ("a file", "/robots.txt", 200, "User-agent: *"),
        (
            "a hidden folder",
            "/.well-known/security.txt",
            200,
            "Contact:",
        ),
        ("static files first", "/static/app.css", 200, "static"),
        ("media first", "/media/me.png", 200, "media"),
        (
            "what static files lack",
            "/static/only.css",
            200,
            "of the root",
        ),
        (
            "a copy has no URL",
            "/robots.txt.gz",
            404,
            "404 Not Found\n",
        ),
        ("a link out of it", "/link.txt", 404, "404 Not Found\n"),
        ("a climb", "/../secret.txt", 404, "404 Not Found\n"),
        ("a folder", "/d/", 404, "404 Not Found\n"),
        ("nothing is listed", "/", 404, "404 Not Found\n"),
        ("a malformed path", "/%zz", 404, "404 Not Found\n"),
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, body),
            "{case}: {path}"
        );
    }
}

#[test]
fn a_file_of_the_root_is_kept_for_a_minute_and_sent_as_small_as_can_be() {
    let site = site();
    let server = Server::start(&site, &[]);

    let plain = server.get("/robots.txt");
    let coded = server.get_with("/robots.txt", &["Accept-Encoding: gzip"]);
    // No manifest has said that this is a hash.
    let hash = server.get("/app.55e7cbb9ba48.css");
    let posted = server.send(&crate::server::request("POST", "/robots.txt", &[]));

    assert_eq!(
        plain.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    assert_eq!(
        (coded.header("content-encoding"), &coded.body[..2]),
        (Some("gzip"), &[0x1f, 0x8b][..])
    );
    for answer in [plain, coded, hash] {
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=60"),
            "{answer:?}"
        );
    }
    assert_eq!(posted.status, 405);
}

#[test]
fn the_root_alone_is_enough_to_be_served() {
    let site = Site::new("WHITENOISE_ROOT = \"public\"\n");
    let server = Server::start(&site, &[]);
    assert_eq!(server.get("/favicon.ico").status, 404);

    // No start is needed for a file that comes later.
    site.write("public/favicon.ico", "icon");

    let answer = server.get("/favicon.ico");
    assert_eq!((answer.status, answer.text().as_str()), (200, "icon"));
    let (_, told) = server.stop("-TERM");
    assert!(told.contains("(storehouse.W002)"), "{told}");
}

#[test]
fn with_debug_a_change_in_the_root_is_seen_at_once_and_the_page_stays() {
    let site = site();
    site.write("public/index.html", "not asked for");
    let server = Server::start(&site, &["--set", "DEBUG=1"]);

    let before = server.get("/robots.txt");
    site.write("public/robots.txt", "Disallow: /");
    let after = server.get("/robots.txt");

    assert_eq!(before.header("cache-control"), Some("no-cache"));
    assert_eq!(before.text(), "User-agent: *");
    assert_eq!(after.text(), "Disallow: /");
    assert!(server.get("/").text().contains("<h1>Storehouse</h1>"));
}

#[test]
fn a_folder_that_would_show_settings_or_uploads_is_not_served() {
    let site = site();
    // If it is not refused, this ends it.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (set, id) in [
        ("WHITENOISE_ROOT=.", "(storehouse.E010)"),
        ("MEDIA_ROOT=public/media", "(storehouse.E011)"),
        ("MEDIA_ROOT=.", "(storehouse.E010)"),
        // Uploads would run below STATIC_URL, and private ones be there without a signature.
        ("MEDIA_ROOT=static", "(storehouse.E011)"),
        ("STATICFILES_STORAGE=file:.", "(storehouse.E010)"),
        ("STATICFILES_DIRS=[\".\"]", "(storehouse.E010)"),
    ] {
        let ran = site.run(&["serve", &taken, "--set", set]).failed(1);

        ran.tells(&[id, "a folder of its own"]);
    }
}

/// The settings of a site as an application in a folder below it reads them.
fn settings_of(site: &Site) -> (Settings, Storages) {
    let sources = Sources::new(site.path("public"));
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let storages = Storages::new(&settings, builtin()).unwrap();
    (settings, storages)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_leaves_every_path_that_is_no_file_to_the_application() {
    let site = site();
    let (settings, storages) = settings_of(&site);
    let long = format!("/{}", "a".repeat(300));
    let application = Router::new()
        .route("/", get(|| async { "home" }))
        .route("/contact", post(|| async { "sent" }))
        .fallback(|uri: http::Uri| async move { format!("application {uri}") })
        .layer(StaticFiles::root(&settings, &storages).unwrap().unwrap())
        .layer(StaticFiles::load(&settings, &storages).await.unwrap())
        .layer(MediaFiles::load(&settings, &storages).unwrap());
    let address = started(application).await;

    for (method, path, body) in [
        ("GET", "/robots.txt", "User-agent: *"),
        ("GET", "/static/app.css", "static"),
        ("GET", "/media/me.png", "media"),
        ("GET", "/", "home"),
        ("POST", "/contact", "sent"),
        ("GET", "/d/", "application /d/"),
        ("GET", "/a/../robots.txt", "application /a/../robots.txt"),
        // An application may read its paths in its own way.
        ("GET", "/search/%zz", "application /search/%zz"),
        ("GET", "/%E9", "application /%E9"),
        // Longer than the name of any file.
        ("GET", &long, &format!("application {long}")),
    ] {
        let answer = sent(&address, method, path).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, body),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_is_not_set_or_cannot_be_served_is_told() {
    let site = Site::new("STATIC_URL = \"/static/\"\n");
    site.write("public/x", "");
    let (settings, storages) = settings_of(&site);
    assert!(StaticFiles::root(&settings, &storages).unwrap().is_none());

    let sources = Sources::new(site.path("public")).with_set("WHITENOISE_ROOT=public");
    let none = Registry::default();
    let settings = Settings::load(&sources, &none).unwrap();
    let storages = Storages::new(&settings, none).unwrap();
    let error = StaticFiles::root(&settings, &storages).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error.to_string().contains("WHITENOISE_ROOT (command line)"),
        "{error}"
    );
}
