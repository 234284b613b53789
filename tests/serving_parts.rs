//! Several ranges in one answer: its very bytes, from memory, from a disk and from a bucket.

use std::sync::Arc;

use axum::Router;
use storehouse::{
    serve::{MediaFiles, StaticFiles, UrlPrefix},
    storage::{Name, SaveOptions},
};
use storehouse_test_support::Minio;

use crate::{
    server::{Answer, Server, request},
    serving_apps::{sent_with, started, storage},
    site::{Site, bucket_settings},
};

const RANGE: &str = "Range: bytes=0-3,-3";

/// Asserts that an answer has the first four and the last three bytes of a content, as RFC 9110
/// section 14.6 writes them.
fn assert_parts(answer: &Answer, content: &[u8], content_type: &str, case: &str) {
    assert_eq!(answer.status, 206, "{case}");
    let kind = answer.header("content-type").unwrap();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let size = content.len();
    let part = |first: usize, end: usize| {
        let head = format!(
            "--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: bytes {first}-{}/{size}\r\n\r\n",
            end - 1
        );
        [head.as_bytes(), &content[first..end], b"\r\n"].concat()
    };
    let end = format!("--{boundary}--\r\n");
    let expected = [part(0, 4), part(size - 3, size), end.into_bytes()].concat();
    assert_eq!(
        String::from_utf8_lossy(&answer.body),
        String::from_utf8_lossy(&expected),
        "{case}"
    );
}

/// A content in which each place looks different.
fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| b'!' + u8::try_from(at % 90).unwrap())
        .collect()
}

#[test]
fn several_ranges_are_those_bytes_from_memory_and_from_a_disk() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"static\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         MEDIA_URL = \"/media/\"\nMEDIA_ROOT = \"media\"\n",
    );
    // More than 8 MiB is not kept in memory.
    let (small, large) = (content(5000), content(8 * 1024 * 1024 + 1));
    for (name, content) in [("small.png", &small), ("large.png", &large)] {
        site.write(&format!("assets/{name}"), content);
        site.write(&format!("media/{name}"), content);
    }
    site.run(&["collectstatic", "--noinput"]).done();
    let server = Server::start(&site, &[]);

    for folder in ["static", "media"] {
        for (name, content) in [("small.png", &small), ("large.png", &large)] {
            let path = format!("/{folder}/{name}");
            let answer = server.send(&request("GET", &path, &[RANGE]));
            assert_parts(&answer, content, "image/png", &path);
        }
    }
}

#[test]
fn several_ranges_are_those_bytes_from_a_bucket() {
    let minio = Minio::get();
    let bucket = minio.bucket("serving-parts");
    let settings = bucket_settings(&minio, &bucket, minio.endpoint());
    let site = Site::new(&format!(
        "{settings}\nMEDIA_URL = \"/media/\"\nDEBUG = true\n"
    ));
    let film = content(100_000);
    bucket.put_raw_with("media/film.mp4", &film, &[("Content-Type", "video/mp4")]);
    let server = Server::start(&site, &[]);

    let answer = server.send(&request("GET", "/media/film.mp4", &[RANGE]));

    assert_parts(&answer, &film, "video/mp4", "a bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_encoded_is_sent_whole_instead_of_in_parts() {
    let storage = storage(&[]).await;
    let options = SaveOptions::default().with_content_encoding("gzip");
    let name = Name::new("notes.txt").unwrap();
    let content = "x".repeat(5000);
    storage.save(&name, content.into(), &options).await.unwrap();
    let media = MediaFiles::new(UrlPrefix::new("/media/"), Arc::clone(&storage));
    let static_files = StaticFiles::new(UrlPrefix::new("/static/"), storage);
    let address = started(Router::new().layer(media).layer(static_files)).await;

    for path in ["/media/notes.txt", "/static/notes.txt"] {
        let whole = sent_with(&address, "GET", path, &[RANGE]).await;
        let part = sent_with(&address, "GET", path, &["Range: bytes=0-3"]).await;

        assert_eq!(whole.status, 200, "{path}");
        assert_eq!(whole.header("content-encoding"), Some("gzip"), "{path}");
        // One range is of the bytes that are stored.
        assert_eq!(part.status, 206, "{path}");
        assert_eq!(part.header("content-encoding"), Some("gzip"), "{path}");
    }
}
