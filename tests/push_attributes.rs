//! What objects of a push are stored with: type, caching and coding, and how these are repaired
//! without sending a content again.

use std::io::Read;

use crate::{
    pushing::{Pushing, counts},
    site::Ran,
};

const SHORT: &str = "cache_control = \"public, max-age=5\"";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Text that is worth compressing.
fn long_css(number: u32) -> String {
    format!("a {{ order: {number} }}\n").repeat(100)
}

fn site(purpose: &str, processing: &'static str, options: &str) -> Pushing {
    let pushing = Pushing::new(purpose, processing, options);
    pushing.write("app.css", "a {}");
    pushing.write("paper.svg", "<svg/>");
    pushing.write("logo.png", "png");
    pushing
}

fn gunzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn objects_are_stored_with_what_they_are_and_how_long_they_last() {
    let pushing = site("stored", "manifest+", "");

    pushing.push(&[]).done();

    let css = pushing.hashed("app.css");
    for (name, content_type, cache_control) in [
        (css.as_str(), "text/css; charset=utf-8", IMMUTABLE),
        ("app.css", "text/css; charset=utf-8", "public, max-age=60"),
        ("logo.png", "image/png", "public, max-age=60"),
        ("staticfiles.json", "application/json", "no-cache"),
    ] {
        assert_eq!(pushing.header(name, "content-type"), content_type, "{name}");
        assert_eq!(
            pushing.header(name, "cache-control"),
            cache_control,
            "{name}"
        );
    }
}

#[test]
fn a_changed_rule_is_repaired_by_copies_on_the_server_once() {
    let pushing = site("repaired", "manifest+", "");
    pushing.push(&[]).done();
    pushing.set_options(SHORT);

    let ran = pushing.push(&[]).done();

    // Three files under two names each, and the manifest, which keeps by which rules: first that they
    // are being changed, and at the end the new ones.
    assert_eq!(
        pushing.counts(),
        counts([("LIST", 1), ("HEAD", 1), ("COPY", 8)])
    );
    let requests = pushing.requests();
    assert_eq!(requests[2], "COPY staticfiles.json");
    assert_eq!(requests.last().unwrap(), "COPY staticfiles.json");
    assert!(
        ran.out.ends_with(", 7 with new attributes.\n"),
        "{}",
        ran.out
    );
    let css = pushing.hashed("app.css");
    for (name, expected) in [("app.css", "public, max-age=5"), (&css, IMMUTABLE)] {
        assert_eq!(pushing.header(name, "cache-control"), expected, "{name}");
        assert_eq!(
            pushing.header(name, "content-type"),
            "text/css; charset=utf-8",
            "{name}"
        );
    }
    pushing.push(&[]).done();
    assert_eq!(pushing.counts(), counts([("LIST", 1), ("HEAD", 1)]));
}

#[test]
fn a_changed_rule_and_a_changed_file_send_the_file_only() {
    let pushing = site("both", "manifest+", "");
    pushing.push(&[]).done();
    pushing.set_options(SHORT);
    pushing.write("app.css", "b {}");

    pushing.push(&[]).done();

    assert_eq!(
        pushing.counts(),
        counts([("LIST", 1), ("GET", 1), ("COPY", 5), ("PUT", 3)])
    );
    pushing.push(&[]).done();
    assert_eq!(pushing.counts(), counts([("LIST", 1), ("HEAD", 1)]));
}

#[test]
fn what_somebody_changed_is_repaired_when_asked_for() {
    let pushing = site("asked", "manifest+", "");
    pushing.push(&[]).done();
    pushing
        .bucket
        .put_raw_with("static/app.css", b"a {}", &[("Content-Type", "x/y")]);

    pushing.push(&[]).done();
    assert_eq!(pushing.header("app.css", "content-type"), "x/y");
    pushing.push(&["--repair-metadata"]).done();

    assert!(!pushing.counts().contains_key("PUT"));
    assert_eq!(
        pushing.header("app.css", "content-type"),
        "text/css; charset=utf-8"
    );
}

#[test]
fn a_push_without_a_manifest_remembers_its_rules_in_the_cache_folder() {
    let pushing = site("remembered", "", "");
    pushing.push(&[]).done();
    pushing.set_options(SHORT);

    pushing.push(&[]).done();
    assert_eq!(pushing.counts(), counts([("LIST", 1), ("COPY", 3)]));
    assert_eq!(
        pushing.header("app.css", "cache-control"),
        "public, max-age=5"
    );
    pushing.push(&[]).done();
    assert_eq!(pushing.counts(), counts([("LIST", 1)]));

    // Without the memory nobody knows, until it is asked for.
    std::fs::remove_dir_all(pushing.site.path(".cache")).unwrap();
    pushing.set_options("");
    pushing.push(&[]).done();
    assert_eq!(pushing.counts(), counts([("LIST", 1)]));
    pushing.push(&["--repair-metadata"]).done();
    assert_eq!(
        pushing.header("app.css", "cache-control"),
        "public, max-age=60"
    );
    pushing.set_options(SHORT);
    pushing.push(&[]).done();
    assert_eq!(pushing.counts(), counts([("LIST", 1), ("COPY", 3)]));
}

#[test]
fn a_rule_that_is_taken_back_after_a_push_broke_off_is_in_force_again() {
    for (processing, quiet) in [
        ("manifest+", counts([("LIST", 1), ("HEAD", 1)])),
        ("", counts([("LIST", 1)])),
    ] {
        for changed in ["a {}", "b {}"] {
            let pushing = site("taken-back", processing, "");
            pushing.push(&[]).done();
            pushing.set_options(SHORT);
            pushing.write("app.css", changed);
            // What comes last of the files, one after the other.
            let is_last = |request: &storehouse_test_support::Request| {
                request.method == "PUT" && request.target.ends_with("/paper.svg")
            };
            let lost = storehouse_test_support::Action::LoseRequest;
            pushing.proxy.when_times(usize::MAX, is_last, lost);
            pushing
                .site
                .run(&["collectstatic", "--noinput", "--jobs", "1"])
                .failed(1);
            let cache_control = || pushing.header("app.css", "cache-control");
            assert_eq!(cache_control(), "public, max-age=5");

            pushing.proxy.clear();
            pushing.set_options("");
            pushing.push(&[]).done();

            assert_eq!(cache_control(), "public, max-age=60", "{processing}");
            pushing.push(&[]).done();
            assert_eq!(pushing.counts(), quiet, "{processing}");
        }
    }
}

/// Runs a push that may write files of so many blocks of 512 bytes on this machine.
fn push_with_files_of(blocks: u32, pushing: &Pushing) -> Ran {
    let command = pushing.site.command(&[]);
    let script = format!("ulimit -f {blocks}; exec \"$0\" collectstatic --noinput --jobs 1");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &script])
        .arg(command.get_program())
        .current_dir(pushing.site.path(""))
        .env_clear()
        .env("HOME", pushing.site.path(""));
    Ran::of(shell.output().unwrap())
}

#[test]
fn rules_do_not_change_where_that_cannot_be_noted() {
    let pushing = site("unnoted", "", "");
    for number in 0..40 {
        pushing.write(&format!("{number}.css"), number.to_string());
    }
    pushing.push(&[]).done();
    let cache_control = || pushing.header("app.css", "cache-control");
    pushing.set_options(SHORT);

    let ran = push_with_files_of(0, &pushing).failed(1);
    ran.tells(&["cannot be noted in the cache folder", ".cache/storehouse"]);
    assert_eq!(cache_control(), "public, max-age=60");

    // There is room for the note alone. The push breaks off, and the rules are set back.
    let is_last = |request: &storehouse_test_support::Request| {
        request.method == "PUT" && request.target.ends_with("/paper.svg")
    };
    let lost = storehouse_test_support::Action::LoseRequest;
    pushing.proxy.when_times(usize::MAX, is_last, lost);
    push_with_files_of(1, &pushing).failed(1);
    assert_eq!(cache_control(), "public, max-age=5");
    pushing.proxy.clear();
    pushing.set_options("");
    pushing.push(&[]).done();

    assert_eq!(cache_control(), "public, max-age=60");
}

#[test]
fn rules_are_remembered_for_each_service_apart() {
    let pushing = site("services", "", "");
    let elsewhere = storehouse_test_support::Proxy::start(&pushing.proxy.endpoint());
    let endpoint = format!("AWS_S3_ENDPOINT_URL={}", elsewhere.endpoint());
    pushing.push(&[]).done();
    pushing.set_options(SHORT);

    // Another service, for all that the command can tell.
    pushing.push(&["--set", &endpoint]).done();
    pushing.push(&[]).done();

    assert_eq!(pushing.counts(), counts([("LIST", 1), ("COPY", 3)]));
}

#[test]
fn what_another_tool_stored_is_repaired_and_not_sent_again() {
    for theirs in ["with a manifest", "without one"] {
        let pushing = site("theirs", "manifest+", "");
        pushing.push(&[]).done();
        for name in pushing.names() {
            let content = pushing.get(&name);
            let key = format!("static/{name}");
            match theirs == "without one" && name == "staticfiles.json" {
                true => pushing.bucket.delete_raw(&key),
                false => pushing.bucket.put_raw(&key, &content),
            }
        }

        pushing.push(&[]).done();

        let requests = pushing.requests();
        let mut puts = requests.iter().filter(|request| request.starts_with("PUT"));
        assert!(
            puts.all(|put| put == "PUT staticfiles.json"),
            "{theirs}: {requests:?}"
        );
        for (name, expected) in [
            (pushing.hashed("app.css").as_str(), IMMUTABLE),
            ("app.css", "public, max-age=60"),
            ("staticfiles.json", "no-cache"),
        ] {
            assert_eq!(
                pushing.header(name, "cache-control"),
                expected,
                "{theirs}: {name}"
            );
        }
        pushing.push(&[]).done();
        assert_eq!(
            pushing.counts(),
            counts([("LIST", 1), ("HEAD", 1)]),
            "{theirs}"
        );
    }
}

#[test]
fn an_old_file_that_comes_back_gets_the_rules_of_today() {
    let pushing = site("comes-back", "manifest+", "");
    pushing.push(&[]).done();
    let old = pushing.hashed("app.css");
    pushing.write("app.css", "b {}");
    pushing.set_options("immutable_cache_control = \"max-age=9\"");
    pushing.push(&[]).done();
    assert_eq!(pushing.header(&old, "cache-control"), IMMUTABLE);
    pushing.write("app.css", "a {}");

    pushing.push(&[]).done();

    assert_eq!(pushing.hashed("app.css"), old);
    assert_eq!(pushing.header(&old, "cache-control"), "max-age=9");
}

#[test]
fn compressed_copies_beside_the_files_tell_how_they_are_coded() {
    let pushing = Pushing::new("side-files", "compressed+manifest+", "");
    pushing.write("app.css", long_css(1));
    pushing.write("other.css", long_css(2));

    pushing.push(&[]).done();

    let css = pushing.hashed("app.css");
    for (suffix, coding) in [(".br", "br"), (".gz", "gzip")] {
        for (name, cache_control) in [("app.css", "public, max-age=60"), (&css, IMMUTABLE)] {
            let name = format!("{name}{suffix}");
            assert_eq!(pushing.header(&name, "content-encoding"), coding, "{name}");
            assert_eq!(
                pushing.header(&name, "content-type"),
                "text/css; charset=utf-8",
                "{name}"
            );
            assert_eq!(
                pushing.header(&name, "cache-control"),
                cache_control,
                "{name}"
            );
        }
    }
    assert_eq!(pushing.header(&css, "content-encoding"), "");
    assert_eq!(gunzipped(&pushing.get(&format!("{css}.gz"))), long_css(1));
    // Two files under two names, each with two copies, and the manifest.
    assert_eq!(pushing.counts(), counts([("LIST", 1), ("PUT", 13)]));
}

#[test]
fn a_content_encoding_takes_the_place_of_the_plain_file() {
    let pushing = Pushing::new(
        "encoded",
        "compressed+manifest+",
        "compress_as = \"content-encoding\"",
    );
    pushing.write("app.css", long_css(1));
    pushing.write("other.css", long_css(2));
    pushing.write("short.css", "a{}");

    pushing.push(&[]).done();

    assert_eq!(pushing.counts(), counts([("LIST", 1), ("PUT", 7)]));
    for name in ["app.css", &pushing.hashed("app.css")] {
        assert_eq!(pushing.header(name, "content-encoding"), "gzip", "{name}");
        assert_eq!(gunzipped(&pushing.get(name)), long_css(1), "{name}");
    }
    assert_eq!(pushing.header("short.css", "content-encoding"), "");
    assert_eq!(pushing.get("short.css"), b"a{}");
}

#[test]
fn compressed_copies_are_sent_again_only_for_what_has_changed() {
    for (options, puts) in [
        // Its two names with two copies each, and the manifest.
        ("", 7),
        ("compress_as = \"content-encoding\"", 3),
    ] {
        let pushing = Pushing::new("recoded", "compressed+manifest+", options);
        pushing.write("app.css", long_css(1));
        pushing.write("other.css", long_css(2));
        pushing.push(&[]).done();
        let quiet = counts([("LIST", 1), ("HEAD", 1)]);

        pushing.push(&[]).done();
        assert_eq!(pushing.counts(), quiet, "{options}");
        std::fs::remove_dir_all(pushing.site.path(".cache")).unwrap();
        pushing.push(&[]).done();
        assert_eq!(pushing.counts(), quiet, "{options}, without a memory");

        pushing.write("app.css", long_css(3));
        pushing.push(&[]).done();
        // The old manifest is read, not only asked for.
        let expected = counts([("LIST", 1), ("GET", 1), ("PUT", puts)]);
        assert_eq!(pushing.counts(), expected, "{options}");

        pushing.set_options(&format!("{SHORT}, {options}"));
        pushing.push(&[]).done();
        assert!(!pushing.counts().contains_key("PUT"), "{options}");
        pushing.push(&[]).done();
        assert_eq!(pushing.counts(), quiet, "{options}, repaired");
        if !options.is_empty() {
            assert_eq!(pushing.header("other.css", "content-encoding"), "gzip");
        }
    }
}
