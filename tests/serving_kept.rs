//! What the service of static files keeps, and when it looks again.

use std::{fs, sync::Arc, time::Duration, time::SystemTime};

use axum::Router;
use storehouse::{
    serve::{StaticFiles, UrlPrefix},
    settings::{Settings, Sources},
    storage::Storage,
    storages::{Storages, builtin},
};
use storehouse_test_support::{Minio, Proxy};

use crate::{
    server::Server,
    serving_apps::{sent, started},
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
