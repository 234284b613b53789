//! Which objects of a bucket are taken as unchanged: whoever put them, and whatever their ETags are.

use std::time::Duration;

use storehouse_test_support::{Action, Bucket, Minio, Proxy, Response};

use crate::site::{Site, bucket_settings};

/// One byte more than goes up in one piece.
const LARGE: usize = 8 * 1024 * 1024 + 1;

/// Makes `proxy` answer every listing with these objects, whose ETags are no MD5 of the content, as
/// with SSE-KMS.
fn list_with_opaque_tags(proxy: &Proxy, bucket: &Bucket, objects: &[(&str, usize)]) {
    let contents: String = objects
        .iter()
        .map(|(key, size)| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                 <ETag>&quot;opaque&quot;</ETag><Size>{size}</Size></Contents>"
            )
        })
        .collect();
    let listing = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><Name>{}</Name><KeyCount>{}</KeyCount>\
         <IsTruncated>false</IsTruncated>{contents}</ListBucketResult>",
        bucket.name(),
        objects.len()
    );
    let response = Response::new(200).header("content-type", "application/xml");
    proxy.when(
        |request| request.query("list-type").is_some(),
        Action::Respond(response.body(listing)),
    );
}

#[test]
fn where_tags_tell_nothing_the_digest_in_the_metadata_decides() {
    let minio = Minio::get();
    let bucket = minio.bucket("digests");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
    site.write("assets/same.css", "body{}");
    site.write("assets/large.bin", vec![b'x'; LARGE]);
    site.write("assets/changed.css", "before");
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("assets/changed.css", "after!");
    site.write("assets/foreign.css", "theirs");
    bucket.put_raw("static/foreign.css", b"theirs");
    let objects = [
        ("static/same.css", 6),
        ("static/large.bin", LARGE),
        ("static/changed.css", 6),
        ("static/foreign.css", 6),
    ];
    list_with_opaque_tags(&proxy, &bucket, &objects);

    let ran = site.run(&["collectstatic", "--noinput", "-v", "2"]).done();

    assert!(
        ran.out
            .ends_with("\n2 static files copied, 2 unmodified.\n"),
        "{}",
        ran.out
    );
    for copied in ["assets/changed.css'", "assets/foreign.css'"] {
        assert!(ran.out.contains(copied), "{copied}: {}", ran.out);
    }
    ran.tells(&["4 objects were asked for their digest one by one"]);
}

#[test]
fn a_large_object_that_another_tool_put_in_one_piece_is_known() {
    let minio = Minio::get();
    let bucket = minio.bucket("one-piece");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("assets/large.bin", vec![b'x'; LARGE]);
    bucket.put_raw("static/large.bin", &vec![b'x'; LARGE]);

    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(ran.out, "\n0 static files copied, 1 unmodified.\n");
    assert_eq!(ran.err, "");
}

#[test]
fn copy_between_buckets_compares_content_and_not_times() {
    let minio = Minio::get();
    let bucket = minio.bucket("copy-content");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    bucket.put_raw("backup/same.txt", b"same");
    bucket.put_raw("media/same.txt", b"same");
    bucket.put_raw("media/changed.txt", b"0123");
    // Newer than its source, and of its size.
    bucket.put_raw("backup/changed.txt", b"abcd");

    let backup = format!("s3://{}/backup", bucket.name());
    let ran = site.run(&["copy", "default", &backup]).done();

    assert_eq!(ran.out, "1 file copied, 1 unmodified.\n");
    assert_eq!(bucket.get_raw("backup/changed.txt").unwrap(), b"0123");
}

#[test]
fn as_many_files_as_jobs_are_on_their_way_at_once() {
    const FILES: usize = 6;
    let minio = Minio::get();
    let bucket = minio.bucket("jobs");
    for jobs in [1, 4] {
        let proxy = Proxy::start(minio.endpoint());
        let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
        for number in 0..FILES {
            site.write(&format!("assets/{number}.css"), format!("{jobs} {number}"));
        }
        proxy.when_times(
            FILES,
            |request| request.method == "PUT",
            Action::Delay(Duration::from_millis(300)),
        );

        site.run(&["collectstatic", "--noinput", "--jobs", &jobs.to_string()])
            .done();

        assert_eq!(proxy.most_waiting(), jobs);
    }
}

#[test]
fn what_save_is_told_of_a_file_goes_with_it() {
    let minio = Minio::get();
    let bucket = minio.bucket("attributes");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("a.bin", "a");

    site.run(&[
        "save",
        "a.bin",
        "--content-type",
        "text/x-a",
        "--cache-control",
        "max-age=5",
        "--content-disposition",
        "inline",
        "--metadata",
        "owner=me=you",
    ])
    .done();
    site.run(&["save", "a.bin", "b.bin", "--metadata", "=no-key"])
        .failed(2);

    let headers = bucket.head_raw("media/a.bin").unwrap();
    for (name, expected) in [
        ("content-type", "text/x-a"),
        ("cache-control", "max-age=5"),
        ("content-disposition", "inline"),
        ("x-amz-meta-owner", "me=you"),
    ] {
        assert_eq!(headers.get(name), Some(expected), "{name}");
    }
}

#[test]
fn a_url_can_say_how_the_file_is_given() {
    let minio = Minio::get();
    let bucket = minio.bucket("url-options");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));

    let url = site
        .run(&[
            "url",
            "a.txt",
            "--download-name",
            "report.txt",
            "--content-type",
            "text/x-a",
        ])
        .done()
        .out;

    assert!(
        url.contains("response-content-disposition=attachment") && url.contains("report.txt"),
        "{url}"
    );
    assert!(url.contains("response-content-type=text%2Fx-a"), "{url}");
}

/// What a run says that it copied.
fn copied(site: &Site) -> String {
    let ran = site.run(&["collectstatic", "--noinput"]).done();
    ran.out.trim().to_owned()
}

#[test]
fn a_bucket_that_encrypts_by_default_is_not_pushed_again() {
    let minio = Minio::get();
    let bucket = minio.bucket("encrypts");
    bucket.encrypt_by_default();
    let settings = bucket_settings(&minio, &bucket, minio.endpoint());
    let site = Site::new(&settings);
    for number in 0..5 {
        site.write(
            &format!("assets/{number}.css"),
            format!("p{{order:{number}}}"),
        );
    }
    site.write("assets/large.bin", vec![b'x'; LARGE]);

    let first = copied(&site);
    let second = copied(&site);
    std::fs::remove_dir_all(site.path(".cache")).unwrap();
    let without_a_memory = copied(&site);
    site.write("assets/0.css", "p{order:9}");
    let one_changed = copied(&site);

    assert_eq!(first, "6 static files copied.");
    assert_eq!(second, "0 static files copied, 6 unmodified.");
    assert_eq!(without_a_memory, "0 static files copied, 6 unmodified.");
    assert_eq!(one_changed, "1 static file copied, 5 unmodified.");
}

#[test]
fn a_bucket_that_encrypts_since_yesterday_is_pushed_again_for_what_has_changed() {
    let minio = Minio::get();
    let bucket = minio.bucket("encrypts-now");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    for number in 0..9 {
        site.write(
            &format!("assets/{number}.css"),
            format!("p{{order:{number}}}"),
        );
    }
    copied(&site);
    copied(&site);
    bucket.encrypt_by_default();
    for number in 0..3 {
        site.write(
            &format!("assets/{number}.css"),
            format!("a{{order:{number}}}"),
        );
    }

    let changed = copied(&site);
    let same = copied(&site);
    std::fs::remove_dir_all(site.path(".cache")).unwrap();
    let without_a_memory = copied(&site);

    assert_eq!(changed, "3 static files copied, 6 unmodified.");
    assert_eq!(same, "0 static files copied, 9 unmodified.");
    assert_eq!(without_a_memory, "0 static files copied, 9 unmodified.");
}
