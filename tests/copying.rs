//! `copy` between folders: what is left out, what is replaced, what is refused.

use std::time::{Duration, SystemTime};

use crate::{site::Site, verbs::site};

fn set_modified(site: &Site, path: &str, seconds: u64) {
    site.set_modified(path, SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
}

#[test]
fn copy_goes_on_where_it_stopped() {
    let site = site();
    for name in ["a.txt", "d/b.txt"] {
        site.write(&format!("media/{name}"), name);
    }

    let first = site.run(&["copy", "default", "backup"]).done();
    site.write("media/c.txt", "c");
    let second = site.run(&["copy", "default", "backup"]).done();

    assert_eq!(first.out, "2 files copied, 0 unmodified.\n");
    assert_eq!(second.out, "1 file copied, 2 unmodified.\n");
    assert_eq!(site.files("backup"), ["a.txt", "c.txt", "d/b.txt"]);
    assert_eq!(site.read("backup/d/b.txt"), "d/b.txt");
}

#[test]
fn copy_tells_what_cannot_be_copied() {
    let site = site();
    site.write("media/a.txt", "a");
    // No storage has a name with a backslash.
    site.write("media/d\\\u{1b}b.txt", "b");

    let ran = site.run(&["copy", "default", "backup"]).done();
    let with_json = site.run(&["copy", "default", "backup", "--json"]).done();

    assert_eq!(site.files("backup"), ["a.txt"]);
    ran.tells(&["storehouse: warning: left out of a listing", "u{1b}b.txt"]);
    assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
    let event: serde_json::Value = serde_json::from_str(&with_json.err).unwrap();
    assert_eq!(event["event"], "warning");
    let message = "left out of a listing: it cannot be a name";
    assert_eq!(event["message"], message);
    assert!(event["part"].as_str().unwrap().contains("b.txt"), "{event}");
}

#[test]
fn copy_to_itself_is_refused() {
    let ran = site().run(&["copy", "default", "file:media"]).failed(1);

    ran.tells(&["the same storage"]);
}

#[test]
fn copy_to_the_same_bucket_under_another_domain_is_refused() {
    let [from, to] = ["a", "b"].map(|domain| format!("s3://assets?custom_domain={domain}.example"));
    let mut command = vec!["copy", &from, &to];
    for set in [
        "AWS_S3_ACCESS_KEY_ID=key",
        "AWS_S3_SECRET_ACCESS_KEY=secret",
        "AWS_S3_REGION_NAME=eu-west-1",
        // Nothing answers there.
        "AWS_S3_ENDPOINT_URL=http://127.0.0.1:1",
    ] {
        command.extend(["--set", set]);
    }

    let ran = site().run(&command).failed(1);

    ran.tells(&["the same storage"]);
}

#[test]
fn copy_into_its_own_source_is_refused() {
    let site = site();
    site.write("media/a.txt", "a");

    let ran = site.run(&["copy", "default", "file:media/sub"]).failed(1);

    ran.tells(&["is inside the source"]);
    assert_eq!(site.files("media"), ["a.txt"]);
}

#[test]
fn copy_says_where_it_found_nothing() {
    let site = site();
    site.write("media/a.txt", "a");

    let ran = site.run(&["copy", "default", "file:other", "a.txt"]).done();

    assert_eq!(ran.out, "0 files copied, 0 unmodified.\n");
    ran.tells(&["there is nothing in file://", "below \"a.txt\""]);
}

#[test]
fn a_copy_of_the_same_size_is_known_by_its_time_and_one_of_another_is_none() {
    for (case, content, seconds, expected) in [
        ("as old", "0123", 1000, "0 files copied, 1 unmodified.\n"),
        ("newer", "0123", 1001, "0 files copied, 1 unmodified.\n"),
        ("older", "0123", 999, "1 file copied, 0 unmodified.\n"),
        (
            "newer, longer",
            "01234",
            1001,
            "1 file copied, 0 unmodified.\n",
        ),
    ] {
        let site = site();
        site.write("media/a.txt", "abcd");
        set_modified(&site, "media/a.txt", 1000);
        site.write("backup/a.txt", content);
        set_modified(&site, "backup/a.txt", seconds);

        let ran = site.run(&["copy", "default", "backup"]).done();

        assert_eq!(ran.out, expected, "{case}");
        let kept = if expected.starts_with('0') {
            content
        } else {
            "abcd"
        };
        assert_eq!(site.read("backup/a.txt"), kept, "{case}");
    }
}

#[test]
fn a_file_that_cannot_be_copied_is_a_failure() {
    let site = site();
    site.write("media/x", "file");
    site.write("backup/x/y", "below");

    let ran = site.run(&["copy", "default", "backup"]).failed(1);

    ran.tells(&["cannot", "\"x\"", "backup"]);
    assert_eq!(site.read("backup/x/y"), "below");
}

#[test]
fn after_a_failure_nothing_new_is_copied() {
    let site = site();
    for name in ["x", "y", "z"] {
        site.write(&format!("media/{name}"), "file");
        site.write(&format!("backup/{name}/in-the-way"), "below");
    }

    let ran = site
        .run(&["copy", "default", "backup", "--jobs", "1"])
        .failed(1);

    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}

#[test]
fn only_what_is_below_the_prefix_is_copied() {
    let site = site();
    for name in ["a.txt", "d/b.txt", "dd/c.txt"] {
        site.write(&format!("media/{name}"), name);
    }

    site.run(&["copy", "default", "backup", "d/"]).done();

    assert_eq!(site.files("backup"), ["d/b.txt"]);
}
