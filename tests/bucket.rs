//! `collectstatic` and the verbs on a bucket: what is sent, counted by a proxy in front of MinIO.

use std::{collections::BTreeMap, time::Instant};

use storehouse_test_support::{Action, Minio, Proxy, Response};

use crate::site::{Site, bucket_settings};

const MIB: usize = 1024 * 1024;

/// How many requests of each kind the proxy saw: `GET list`, `PUT`, `POST uploads` …
fn requests(proxy: &Proxy) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for request in proxy.requests() {
        let query = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        let kind = match request.method.as_str() {
            "GET" if query.contains("list-type=2") => "list".to_owned(),
            method => method.to_owned(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected
        .into_iter()
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect()
}

/// Bytes that do not repeat within a part, so that parts in the wrong order are noticed.
fn content(size: usize) -> Vec<u8> {
    (0..size.div_ceil(8) as u64)
        .flat_map(|word| word.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes())
        .take(size)
        .collect()
}

#[test]
fn a_second_push_sends_only_listing_requests() {
    let minio = Minio::get();
    let bucket = minio.bucket("second-push");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    for number in 0..20 {
        site.write(
            &format!("assets/{number}.css"),
            format!("body {{ order: {number} }}"),
        );
    }

    site.run(&["collectstatic", "--noinput"]).done();
    assert_eq!(requests(&proxy), counts([("list", 1), ("PUT", 20)]));
    proxy.clear();
    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(ran.out, "\n0 static files copied, 20 unmodified.\n");
    assert_eq!(requests(&proxy), counts([("list", 1)]));
}

#[test]
fn a_changed_file_of_the_same_size_is_the_only_one_sent() {
    let minio = Minio::get();
    let bucket = minio.bucket("one-changed");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    for name in ["a", "b", "c"] {
        site.write(&format!("assets/{name}.css"), "0123456789");
    }
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("assets/b.css", "9876543210");
    proxy.clear();

    site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(requests(&proxy), counts([("list", 1), ("PUT", 1)]));
    assert_eq!(bucket.get_raw("static/b.css").unwrap(), b"9876543210");
}

#[test]
fn files_around_the_multipart_threshold_are_known_by_their_tags() {
    let minio = Minio::get();
    let bucket = minio.bucket("threshold");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    let sizes = [8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB];
    for size in sizes {
        site.write(&format!("assets/{size}.bin"), content(size));
    }

    site.run(&["collectstatic", "--noinput"]).done();
    for size in sizes {
        let there = bucket.get_raw(&format!("static/{size}.bin")).unwrap();
        assert!(there == content(size), "{size}: {} bytes", there.len());
    }
    proxy.clear();
    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(ran.out, "\n0 static files copied, 4 unmodified.\n");
    assert_eq!(requests(&proxy), counts([("list", 1)]));
    assert_eq!(bucket.incomplete_uploads(), Vec::<String>::new());
}

#[test]
fn clear_stays_below_the_location() {
    let minio = Minio::get();
    let bucket = minio.bucket("clear");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("assets/a.css", "a");
    for key in [
        "static/old.css",
        "static/deep/er.css",
        "static-other/x.css",
        "media/photo.jpg",
        "x",
    ] {
        bucket.put_raw(key, b"there before");
    }

    let ran = site.run(&["collectstatic", "--noinput", "--clear"]).done();

    assert_eq!(ran.out, "\n2 static files deleted, 1 static file copied.\n");
    assert_eq!(
        bucket.object_names(),
        ["media/photo.jpg", "static-other/x.css", "static/a.css", "x"]
    );
}

#[test]
fn nothing_is_deleted_after_an_upload_failed() {
    let minio = Minio::get();
    let bucket = minio.bucket("no-delete");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    site.write("assets/a.css", "a");
    site.write("assets/b.css", "b");
    bucket.put_raw("static/old.css", b"there before");
    proxy.when(
        |request| request.method == "PUT" && request.path().ends_with("/b.css"),
        Action::Respond(Response::new(403)),
    );

    let ran = site
        .run(&["collectstatic", "--noinput", "--clear"])
        .failed(1);

    ran.tells(&[r#"cannot save "b.css" to staticfiles (s3://"#]);
    assert!(bucket.object_names().contains(&"static/old.css".to_owned()));
}

#[test]
fn nothing_is_deleted_after_a_listing_broke_off() {
    let minio = Minio::get();
    let bucket = minio.bucket("broken-list");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    site.write("assets/a.css", "a");
    bucket.put_raw("static/old.css", b"there before");
    proxy.when(
        |request| request.query("list-type").is_some(),
        Action::Respond(Response::new(403)),
    );

    site.run(&["collectstatic", "--noinput", "--clear"])
        .failed(1);

    assert_eq!(bucket.object_names(), ["static/old.css"]);
}

#[test]
fn objects_get_the_type_that_their_name_suggests() {
    let minio = Minio::get();
    let bucket = minio.bucket("types");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    for name in ["a.css", "a.mjs", "a.woff2", "noext"] {
        site.write(&format!("assets/{name}"), "x");
    }

    site.run(&["collectstatic", "--noinput"]).done();

    let type_of = |name: &str| {
        let headers = bucket.head_raw(&format!("static/{name}")).unwrap();
        headers.get("content-type").unwrap_or_default().to_owned()
    };
    assert_eq!(type_of("a.css"), "text/css; charset=utf-8");
    assert_eq!(type_of("a.mjs"), "text/javascript; charset=utf-8");
    assert_eq!(type_of("a.woff2"), "font/woff2");
    assert_eq!(type_of("noext"), "application/octet-stream");
}

#[test]
fn copy_into_its_own_source_is_refused_in_a_bucket() {
    let minio = Minio::get();
    let bucket = minio.bucket("nested");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    bucket.put_raw("media/a.txt", b"a");

    let destination = format!("s3://{}/media/sub", bucket.name());
    let ran = site.run(&["copy", "default", &destination]).failed(1);

    ran.tells(&["is inside the source"]);
    assert_eq!(bucket.object_names(), ["media/a.txt"]);
}

#[test]
fn buckets_of_one_name_on_two_services_are_not_the_same() {
    let minio = Minio::get();
    let bucket = minio.bucket("two-services");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    bucket.put_raw("media/a.txt", b"a");

    let elsewhere = format!(
        "s3://{}/media?endpoint_url={}",
        bucket.name(),
        proxy.endpoint()
    );
    let ran = site.run(&["copy", "default", &elsewhere]).done();
    let refused = site
        .run(&["copy", "default", &format!("s3://{}/media", bucket.name())])
        .failed(1);

    assert_eq!(ran.out, "0 files copied, 1 unmodified.\n");
    refused.tells(&["the same storage"]);
}

#[test]
fn a_signed_url_works_and_without_its_signature_it_does_not() {
    let minio = Minio::get();
    let bucket = minio.bucket("signed");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("a b.txt", "content");
    site.run(&["save", "a b.txt"]).done();

    let url = site
        .run(&["url", "a b.txt", "--expires-in", "60"])
        .done()
        .out;

    assert!(
        url.contains("X-Amz-Signature=") && url.contains("X-Amz-Expires=60"),
        "{url}"
    );
    assert!(url.contains("/a%20b.txt?"), "{url}");
}

#[test]
fn a_server_that_is_not_there_fails_within_seconds() {
    let minio = Minio::get();
    let bucket = minio.bucket("refused");
    // A port that was free a moment ago, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let site = Site::new(&bucket_settings(
        &minio,
        &bucket,
        &format!("http://127.0.0.1:{port}"),
    ));
    let started = Instant::now();

    let ran = site.run(&["stat", "a.txt"]).failed(1);

    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    ran.tells(&["s3://", &port.to_string()]);
}

#[test]
fn hashed_names_and_the_manifest_go_to_a_bucket_each_in_one_request() {
    let minio = Minio::get();
    let bucket = minio.bucket("manifest");
    let proxy = Proxy::start(minio.endpoint());
    let settings = bucket_settings(&minio, &bucket, &proxy.endpoint());
    let site = Site::new(&settings.replace(
        "STATICFILES_STORAGE = \"",
        "STATICFILES_STORAGE = \"manifest+",
    ));
    site.write(
        "assets/css/site.css",
        "a { background: url(\"../img/paper.svg\") }",
    );
    site.write("assets/img/paper.svg", "<svg/>");

    let cold = site.run(&["collectstatic", "--noinput"]).done();
    assert_eq!(requests(&proxy), counts([("list", 1), ("PUT", 5)]));
    let last = proxy.requests().pop().unwrap();
    proxy.clear();
    let warm = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(cold.out, "\n2 static files copied, 2 post-processed.\n");
    assert!(
        last.target.ends_with("/static/staticfiles.json"),
        "{}",
        last.target
    );
    assert!(
        warm.out
            .starts_with("\n0 static files copied, 2 unmodified"),
        "{}",
        warm.out
    );
    // The HEAD asks by which rules the objects are stored.
    assert_eq!(requests(&proxy), counts([("list", 1), ("HEAD", 1)]));
    let manifest = bucket.get_raw("static/staticfiles.json").unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let paper = manifest["paths"]["img/paper.svg"].as_str().unwrap();
    let site_css = manifest["paths"]["css/site.css"].as_str().unwrap();
    let text = String::from_utf8(bucket.get_raw(&format!("static/{site_css}")).unwrap()).unwrap();
    assert_eq!(text, format!("a {{ background: url(\"../{paper}\") }}"));
}

#[test]
fn one_changed_file_changes_the_names_that_depend_on_it_and_nothing_else() {
    let minio = Minio::get();
    let bucket = minio.bucket("dependants");
    let proxy = Proxy::start(minio.endpoint());
    let settings = bucket_settings(&minio, &bucket, &proxy.endpoint());
    let site = Site::new(&settings.replace(
        "STATICFILES_STORAGE = \"",
        "STATICFILES_STORAGE = \"manifest+",
    ));
    site.write("assets/site.css", "a { background: url(\"paper.svg\") }");
    site.write("assets/paper.svg", "<svg/>");
    site.write("assets/other.css", "b {}");
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("assets/paper.svg", "<svg></svg>");
    proxy.clear();

    site.run(&["collectstatic", "--noinput"]).done();

    // The picture, its hashed copy, the hashed stylesheet that names it, and the manifest, of which
    // the old one is read: it tells by which rules its files are stored.
    assert_eq!(
        requests(&proxy),
        counts([("list", 1), ("GET", 1), ("PUT", 4)])
    );
    assert!(
        proxy
            .requests()
            .pop()
            .unwrap()
            .target
            .ends_with("/staticfiles.json")
    );
}

#[test]
fn what_was_uploaded_in_other_parts_is_copied_once() {
    let minio = Minio::get();
    let bucket = minio.bucket("other-parts");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("large.bin", content(12 * MIB));
    let from = format!("s3://{}/media", bucket.name());
    let to = format!("s3://{}/copies", bucket.name());
    let other_parts = format!("{from}?multipart_chunksize=5242880");
    site.run(&["save", "large.bin", "--storage", &other_parts])
        .done();

    let first = site.run(&["copy", &from, &to]).done();
    let second = site.run(&["copy", &from, &to]).done();
    site.write("large.bin", vec![b'x'; 12 * MIB]);
    site.run(&["delete", "large.bin"]).done();
    site.run(&["save", "large.bin", "--storage", &other_parts])
        .done();
    let changed = site.run(&["copy", &from, &to]).done();

    assert_eq!(first.out, "1 file copied, 0 unmodified.\n");
    assert_eq!(second.out, "0 files copied, 1 unmodified.\n");
    assert_eq!(changed.out, "1 file copied, 0 unmodified.\n");
}
