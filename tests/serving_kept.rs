//! What the service of static files keeps, and when it looks again.

use std::{fs, io::Write, sync::Arc, time::Duration, time::SystemTime};

use axum::Router;
use storehouse::{
    serve::{StaticFiles, UrlPrefix},
    settings::{Settings, Sources},
    storage::{Name, Storage},
    storages::{Storages, builtin},
};
use storehouse_test_support::{Minio, Proxy};

use crate::{
    server::{Answer, Server},
    serving_apps::{sent, sent_with, started},
    site::{Site, bucket_settings},
};

/// Longer than any test takes.
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// Above what is kept of any file.
const LARGE: usize = 9 * 1024 * 1024;

/// The folder `static` of a site as a storage.
fn folder(site: &Site) -> Arc<dyn Storage> {
    let sources = Sources::new(site.path(""));
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let storages = Storages::new(&settings, builtin()).unwrap();
    let url = format!("file://{}", site.path("static").display());
    storages.open(&url).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_no_room_for_is_not_kept() {
    let site = Site::new("");
    site.write("static/kept.txt", "8 bytes!");
    site.write("static/no room.txt", "8 bytes!");
    let files = StaticFiles::new(UrlPrefix::new("/static/"), folder(&site))
        .with_pause(NEVER)
        .with_memory(10);
    let address = started(Router::new().fallback_service(files)).await;
    for path in ["/static/kept.txt", "/static/no%20room.txt"] {
        assert_eq!(sent(&address, "GET", path).await.text(), "8 bytes!");
    }

    fs::remove_dir_all(site.path("static")).unwrap();

    for (path, status) in [("/static/kept.txt", 200), ("/static/no%20room.txt", 404)] {
        assert_eq!(sent(&address, "GET", path).await.status, status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_that_was_replaced_is_not_sent_under_the_tag_of_the_one_before() {
    let site = Site::new("");
    // It looks like a hash, but no manifest says so.
    let (name, path) = ("static/x.55e7cbb9ba48.bin", "/static/x.55e7cbb9ba48.bin");
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    site.write(name, vec![b'o'; LARGE]);
    site.set_modified(name, hour_ago);
    let files = StaticFiles::new(UrlPrefix::new("/static/"), folder(&site)).with_pause(NEVER);
    let address = started(Router::new().fallback_service(files)).await;
    let before = sent(&address, "GET", path).await;
    assert!(before.body == vec![b'o'; LARGE]);

    site.write("new", vec![b'n'; LARGE]);
    site.set_modified("new", hour_ago + Duration::from_secs(1));
    fs::rename(site.path("new"), site.path(name)).unwrap();
    let after = sent(&address, "GET", path).await;

    assert_eq!(after.status, 200);
    assert!(after.body == vec![b'n'; LARGE]);
    assert!(after.header("etag").is_some());
    assert_ne!(after.header("etag"), before.header("etag"));
}

#[test]
fn a_file_of_a_bucket_is_looked_at_once_in_a_while() {
    let minio = Minio::get();
    let bucket = minio.bucket("serving-kept");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    bucket.put_raw_with("static/app.css", b"body {}", &[]);
    let server = Server::start(&site, &[]);
    let first = server.get("/static/app.css");
    assert_eq!(first.text(), "body {}");
    // Itself and its copies, then its content.
    assert_eq!(proxy.requests().len(), 5, "{:?}", proxy.requests());

    proxy.clear();
    for _ in 0..3 {
        assert_eq!(server.get("/static/app.css").text(), "body {}");
    }

    assert_eq!(proxy.requests().len(), 0, "{:?}", proxy.requests());
    // No clock of a disk stands behind it.
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with('"'), "{tag}");
}

/// A content in gzip.
pub(crate) fn gzipped(content: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A static file, and the compressed copy that lies beside the file.
struct Beside<'a> {
    name: &'a str,
    content: &'a str,
    copy: &'a [u8],
    /// Whether the copy is older than the file.
    is_older: bool,
}

/// Asks for a file in gzip; its name is in the manifest.
async fn asked_in_gzip(beside: &Beside<'_>) -> Answer {
    let (site, name) = (Site::new(""), beside.name);
    let copy = format!("static/{name}.gz");
    site.write(&format!("static/{name}"), beside.content);
    site.write(&copy, beside.copy);
    if beside.is_older {
        site.set_modified(&copy, SystemTime::now() - Duration::from_secs(3600));
    }
    let manifest = format!(r#"{{"paths": {{"a.css": "{name}"}}, "version": "1.1", "hash": ""}}"#);
    site.write("static/staticfiles.json", manifest);
    let files = StaticFiles::new(UrlPrefix::new("/static/"), folder(&site))
        .with_manifest(folder(&site), Name::new("staticfiles.json").unwrap())
        .await
        .unwrap();
    let address = started(Router::new().fallback_service(files)).await;
    let gzip = ["Accept-Encoding: gzip"];
    sent_with(&address, "GET", &format!("/static/{name}"), &gzip).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_sent_where_it_decodes_to_its_file_and_never_else() {
    let content = "a { color: red }\n".repeat(50);
    let (own, other) = (gzipped(&content), gzipped(&content.replace("red", "tan")));
    let large = "x".repeat(LARGE);
    let large_copy = gzipped(&large);
    let css = |copy, is_older| Beside {
        name: "a.css",
        content: &content,
        copy,
        is_older,
    };
    let bin = |is_older| Beside {
        name: "a.bin",
        content: &large,
        copy: &large_copy,
        is_older,
    };
    let edited = Beside {
        name: "a.55e7cbb9ba48.css",
        ..css(&other, false)
    };
    let hashed = Beside {
        name: "a.55e7cbb9ba48.css",
        ..bin(true)
    };
    for (case, beside, is_sent) in [
        ("of the file", css(&own, false), true),
        (
            "as a tool leaves it that keeps no times",
            css(&own, true),
            true,
        ),
        ("of an earlier content", css(&other, true), false),
        ("of another content, and newer", css(&other, false), false),
        ("of a hashed name that was edited", edited, false),
        ("cut", css(&own[..own.len() - 4], false), false),
        ("no gzip", css(b"coded", false), false),
        ("large", bin(false), true),
        ("large and older", bin(true), false),
        ("large and older, of a hashed name", hashed, true),
    ] {
        let answer = asked_in_gzip(&beside).await;

        assert_eq!(answer.status, 200, "{case}");
        let (coding, body) = match is_sent {
            true => (Some("gzip"), beside.copy),
            false => (None, beside.content.as_bytes()),
        };
        assert_eq!(answer.header("content-encoding"), coding, "{case}");
        assert!(answer.body == body, "{case}");
    }
}
