//! The example as a user has it: files are collected, and asked for by real connections.

#![allow(clippy::unwrap_used, reason = "a check reports by panicking")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use actix_web::rt::System;
use storehouse::{
    settings::{Settings, Sources},
    staticfiles::{self, Hashing, IgnorePatterns, Manifest, Places, PlanOptions, Planner, Report},
    storage::Result,
    storages::{STATICFILES, Storages, builtin},
};
use storehouse_test_support::Running;
use tempfile::TempDir;

const SETTINGS: &str = r#"
STATIC_URL = "/static/"
STATICFILES_DIRS = ["assets"]
STATICFILES_STORAGE = "compressed+manifest+file:collected"
MEDIA_ROOT = "media"
MEDIA_URL = "/media/"
"#;

/// The example, running in a folder.
struct Application(Running);

impl Application {
    fn start(folder: &TempDir) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_actix-site"));
        command
            .arg("127.0.0.1:0")
            .current_dir(folder.path())
            // No settings of whoever runs the tests.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path());
        Self(Running::start(&mut command, "Listening at http://"))
    }

    /// Sends a request that asks for the end of the connection; returns head and body.
    fn asked(&self, line: &str, header: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.0.told().trim_end_matches('/')).unwrap();
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = answer.split_off(end.unwrap() + 4);
        (String::from_utf8(answer).unwrap().to_lowercase(), body)
    }
}

fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A site whose files are collected, and the hashed name of its stylesheet.
fn site() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "storehouse.toml", SETTINGS);
    write(
        &folder,
        "assets/app.css",
        "body { color: red }\n".repeat(500),
    );
    write(&folder, "media/film.mp4", "0123456789".repeat(100_000));
    System::new().block_on(collect(&folder)).unwrap();
    let manifest = fs::read(folder.path().join("collected/staticfiles.json")).unwrap();
    let hashed = Manifest::from_json(&manifest).unwrap();
    let hashed = hashed.get("app.css").unwrap().to_owned();
    (folder, hashed)
}

/// What `collectstatic` does, by the settings of the folder and no others.
async fn collect(folder: &TempDir) -> Result<()> {
    let registry = builtin();
    let settings = Settings::load(&Sources::new(folder.path()), &registry)?;
    let storages = Storages::new(&settings, registry)?;
    let places = Places::of(&storages)?;
    let finders = staticfiles::finders(&settings, &storages).await?;
    let finding = staticfiles::find(finders, IgnorePatterns::default());
    let hashing = Hashing::of(&settings, &storages, STATICFILES)?;
    let compression = storages.compression_options(STATICFILES)?;
    let planner = Planner::new(&places, PlanOptions::default())
        .with_hashing(hashing.as_ref())
        .with_compression(compression.as_ref());
    let mut planned = planner.plan(finding).await?;
    planned.begin(&places).await?;
    let report = Report::of(staticfiles::execute(&planned.plan, places, 8)).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    Ok(())
}

#[track_caller]
fn has(head: &str, lines: &[&str]) {
    for line in lines {
        let (status, fields) = head.split_once("\r\n").unwrap();
        let there = fields.split("\r\n").filter(|field| field == line).count();
        assert!(there == 1 || status.ends_with(line), "{line}: {head}");
    }
}

#[test]
fn a_static_file_comes_as_small_as_the_browser_takes_it() {
    let (folder, hashed) = site();
    let small = fs::read(folder.path().join(format!("collected/{hashed}.br"))).unwrap();
    let site = Application::start(&folder);
    let line = format!("GET /static/{hashed}");
    let br = "Accept-Encoding: gzip, br\r\n";

    let (head, body) = site.asked(&line, br);
    has(
        &head,
        &["200 ok", "content-encoding: br", "vary: accept-encoding"],
    );
    has(
        &head,
        &["cache-control: public, max-age=31536000, immutable"],
    );
    has(&head, &[&format!("content-length: {}", small.len())]);
    assert!(body == small, "{head}");

    let etag = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("etag: "));
    let known = format!("{br}If-None-Match: {}\r\n", etag.unwrap());
    let (head, body) = site.asked(&line, &known);
    has(&head, &["304 not modified"]);
    assert!(
        !head.contains("content-length") && !head.contains("transfer-encoding"),
        "{head}"
    );
    assert_eq!(body, b"");
}

#[test]
fn media_come_whole_or_by_the_range_that_is_asked_for() {
    let (folder, _) = site();
    let site = Application::start(&folder);
    let line = "GET /media/film.mp4";

    let (head, body) = site.asked(line, "Range: bytes=-5\r\n");
    has(
        &head,
        &[
            "206 partial content",
            "content-range: bytes 999995-999999/1000000",
        ],
    );
    has(&head, &["content-length: 5", "content-type: video/mp4"]);
    assert_eq!(body, b"56789");
    let (head, body) = site.asked(line, "");
    has(&head, &["200 ok", "content-length: 1000000"]);
    assert!(body == "0123456789".repeat(100_000).as_bytes());
    let (head, body) = site.asked("HEAD /media/film.mp4", "");
    has(&head, &["200 ok", "content-length: 1000000"]);
    assert_eq!(body, b"");
}

#[test]
fn the_application_keeps_its_routes_and_answers_for_what_is_no_file() {
    let (folder, _) = site();
    let site = Application::start(&folder);
    let own = "the application has no such page\n";
    let malformed = "400 Bad Request: the path is not a valid URL path in UTF-8\n";
    let posted = "405 Method Not Allowed: it can be read, no more\n";

    for (line, status, words) in [
        ("GET /", "200 ok", "home\n"),
        ("GET /static/nope.css", "404 not found", own),
        ("GET /nope", "404 not found", own),
        ("GET /static/%zz", "400 bad request", malformed),
        ("POST /static/app.css", "405 method not allowed", posted),
    ] {
        let (head, body) = site.asked(line, "");

        has(&head, &[status]);
        assert_eq!(String::from_utf8(body).unwrap(), words, "{line}");
    }
}
