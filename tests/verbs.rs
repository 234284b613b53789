//! The trait's verbs as subcommands, on a folder.

use std::{
    fs,
    io::{Read, Write},
    process::{Command, Stdio},
};

use storehouse_test_support::Minio;

use crate::site::{Ran, Site, bucket_settings};

const SETTINGS: &str = r#"
    MEDIA_ROOT = "media"
    MEDIA_URL = "/media/"
    [STORAGES.default]
    BACKEND = "filesystem"
    [STORAGES.backup]
    BACKEND = "file:backup"
"#;

/// A site with two folders as storages.
pub(crate) fn site() -> Site {
    Site::new(SETTINGS)
}

fn save_stdin(site: &Site, arguments: &[&str], content: &[u8]) -> Ran {
    let mut command = site.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(content).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn a_file_is_saved_under_its_own_name_and_comes_back() {
    let site = site();
    site.write("report.txt", "quarter");

    assert_eq!(site.run(&["save", "report.txt"]).done().out, "report.txt\n");
    assert_eq!(site.run(&["open", "report.txt"]).done().out, "quarter");
    assert_eq!(site.read("media/report.txt"), "quarter");
}

#[test]
fn a_taken_name_gets_a_suffix_and_the_name_used_is_printed() {
    let site = site();
    site.write("a.tar.gz", "one");
    site.run(&["save", "a.tar.gz", "backups/a.tar.gz"]).done();

    let used = site
        .run(&["save", "a.tar.gz", "backups/a.tar.gz"])
        .done()
        .out;

    let suffix = used
        .strip_prefix("backups/a_")
        .and_then(|rest| rest.strip_suffix(".tar.gz\n"));
    assert_eq!(suffix.map(str::len), Some(7), "{used}");
    assert_eq!(site.files("media").len(), 2);
}

#[test]
fn a_compressed_svg_is_sent_by_its_bucket_as_one() {
    let minio = Minio::get();
    let bucket = minio.bucket("verbs-svgz");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    for (name, encoding) in [("a.svgz", Some("gzip")), ("a.tar.gz", None)] {
        site.write(name, "as it is");

        site.run(&["save", name]).done();

        let told = site.run(&["stat", name, "--json"]).done().out;
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["content_encoding"].as_str(), encoding, "{told}");
        assert_eq!(site.run(&["open", name]).done().out, "as it is");
    }
}

#[test]
fn overwrite_replaces_what_is_there() {
    let site = site();
    site.write("a.txt", "old");
    site.run(&["save", "a.txt"]).done();
    site.write("a.txt", "new");

    assert_eq!(
        site.run(&["save", "a.txt", "--overwrite"]).done().out,
        "a.txt\n"
    );
    assert_eq!(site.run(&["open", "a.txt"]).done().out, "new");
}

#[test]
fn standard_input_is_saved_byte_for_byte() {
    let site = site();
    let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();

    let ran = save_stdin(&site, &["save", "-", "blob.bin"], &content);

    assert_eq!(ran.done().out, "blob.bin\n");
    assert!(fs::read(site.path("media/blob.bin")).unwrap() == content);
}

#[test]
fn standard_input_needs_a_name() {
    let ran = save_stdin(&site(), &["save", "-"], b"").failed(1);

    ran.tells(&["storehouse save - NAME"]);
}

#[test]
fn a_url_is_no_source() {
    let ran = site()
        .run(&["save", "http://169.254.169.254/latest"])
        .failed(1);

    ran.tells(&["not a URL"]);
}

#[test]
fn exists_answers_with_its_exit_code() {
    let site = site();
    site.write("media/a.txt", "a");

    assert_eq!(site.run(&["exists", "a.txt"]).code, 0);
    assert_eq!(site.run(&["exists", "b.txt"]).code, 1);
    site.write("media/d/c.txt", "c");
    let folder = site.run(&["exists", "d"]);
    assert_eq!(
        (folder.code, folder.err.as_str()),
        (1, "storehouse: d is a folder, and no file\n")
    );
    assert_eq!(site.run(&["exists", "d/"]).code, 1);
    // The name is taken: Django says so too.
    std::os::unix::fs::symlink("nowhere", site.path("media/link")).unwrap();
    assert_eq!(site.run(&["exists", "link"]).code, 0);
    assert_eq!(site.run(&["exists", "../a.txt"]).code, 2);
    assert_eq!(
        site.run(&["exists", "a.txt", "--storage", "nowhere"]).code,
        2
    );
}

#[test]
fn exists_could_not_tell_where_the_settings_are_wrong() {
    let site = Site::new("NO_SUCH = 1\n");

    let ran = site.run(&["exists", "a.txt"]).failed(2);

    ran.tells(&["NO_SUCH"]);
}

#[test]
fn a_name_that_is_too_long_for_max_length_is_cut() {
    let site = site();
    site.write("a.txt", "a");

    let ran = site
        .run(&[
            "save",
            "a.txt",
            "a-very-long-name.txt",
            "--max-length",
            "16",
        ])
        .done();

    assert_eq!(ran.out.trim_end().len(), 16, "{}", ran.out);
    assert!(ran.out.starts_with("a-ve_"), "{}", ran.out);
}

#[test]
fn the_root_of_the_disk_is_no_folder_of_a_storage() {
    let site = site();
    site.write("media/a.txt", "a");

    site.run(&["list", "/"]).failed(1);
    for top in ["", ".", "./"] {
        assert_eq!(site.run(&["list", top]).done().out, "a.txt\n", "{top:?}");
    }
}

#[test]
fn delete_takes_many_names_and_does_not_mind_missing_ones() {
    let site = site();
    site.write("media/a.txt", "a");
    site.write("media/d/b.txt", "b");

    site.run(&["delete", "a.txt", "d/b.txt", "missing.txt"])
        .done();

    assert_eq!(site.files("media"), Vec::<String>::new());
}

#[test]
fn one_bad_name_among_many_deletes_nothing() {
    let site = site();
    site.write("media/a.txt", "a");

    let ran = site.run(&["delete", "a.txt", "../b.txt"]).failed(1);

    ran.tells(&[r#""../b.txt""#]);
    assert_eq!(site.files("media"), ["a.txt"]);
}

#[test]
fn a_url_is_quoted() {
    let slash = site().run(&["url", "//a.txt"]).done();
    assert_eq!(slash.out, "/media/a.txt\n");

    let ran = site().run(&["url", "ünder/a b?.txt"]).done();

    assert_eq!(ran.out, "/media/%C3%BCnder/a%20b%3F.txt\n");
}

#[test]
fn a_url_that_expires_is_refused_where_nothing_can_sign_it() {
    let ran = site()
        .run(&["url", "a.txt", "--expires-in", "60"])
        .failed(1);

    ran.tells(&[
        r#"cannot make a URL for "a.txt" in default (file://"#,
        "set SECRET_KEY",
    ]);
}

#[test]
fn stat_tells_size_time_and_type() {
    let site = site();
    site.write("media/a.css", "body{}");

    let ran = site.run(&["stat", "a.css", "--json"]).done();

    let entry: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(entry["name"], "a.css");
    assert_eq!(entry["size"], 6);
    assert_eq!(entry["content_type"], "text/css; charset=utf-8");
    assert!(
        entry["modified"].as_str().unwrap().ends_with('Z'),
        "{entry}"
    );
}

#[test]
fn list_is_recursive_and_takes_a_folder() {
    let site = site();
    for name in ["a.txt", "d/b.txt", "d/e/c.txt", "dd/x.txt"] {
        site.write(&format!("media/{name}"), "x");
    }
    let sorted = |arguments: &[&str]| {
        let out = site.run(arguments).done().out;
        let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };

    assert_eq!(
        sorted(&["list"]),
        ["a.txt", "d/b.txt", "d/e/c.txt", "dd/x.txt"]
    );
    assert_eq!(sorted(&["list", "d/"]), ["d/b.txt", "d/e/c.txt"]);
    assert_eq!(sorted(&["list", "nothing"]), Vec::<String>::new());

    // Django's `listdir`.
    let dirs = |arguments: &[&str]| {
        site.run(&[&["list", "--dirs"], arguments].concat())
            .done()
            .out
    };
    assert_eq!(dirs(&[]), "d/\ndd/\na.txt\n");
    assert_eq!(dirs(&["d"]), "d/e/\nd/b.txt\n");
    assert_eq!(dirs(&["d", "-0"]), "d/e/\0d/b.txt\0");
    let json = site.run(&["--json", "list", "--dirs", "d"]).done().out;
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first, serde_json::json!({ "name": "d/e/", "folder": true }));
    site.run(&["list", "--dirs", "nothing"])
        .failed(1)
        .tells(&["there is no folder of this name"]);
    site.run(&["list", "--dirs", "a.txt"])
        .failed(1)
        .tells(&["it is a file"]);
    let both = site.run(&["--json", "list", "-0"]).failed(2);
    both.tells(&["-0 and --json cannot be used together"]);
}

#[test]
fn what_a_folder_cannot_keep_is_told() {
    let site = site();
    site.write("a.bin", "a");

    let saved = site
        .run(&["save", "a.bin", "--content-type", "text/html"])
        .done();

    assert_eq!(saved.out, "a.bin\n");
    saved.tells(&["warning: file://", "keeps nothing beside the content"]);
}

#[test]
fn a_line_break_in_what_was_typed_starts_no_message() {
    let site = site();
    for arguments in [
        &["open", "a\nstorehouse: all is well"][..],
        &["--env", "a\nstorehouse: all is well", "list"],
        &["list", "--a\nstorehouse: all is well\u{1b}[2J"],
    ] {
        let ran = site.run(arguments);

        assert_ne!(ran.code, 0, "{ran:?}");
        let forged = |line: &str| line.starts_with("storehouse: all") || line.contains('\u{1b}');
        assert!(!ran.err.lines().any(forged), "{}", ran.err);
    }
}

#[test]
fn a_name_cannot_speak_to_the_terminal() {
    let site = site();
    site.write("media/a\n\u{1b}[31m.txt", "x");
    let command = site.command(&["list"]);
    let line = format!("'{}' list", command.get_program().display());

    // Of the package bsdutils: the command sees a terminal.
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(site.path(""))
        .stdin(Stdio::null());
    let ran = Ran::of(script.output().unwrap()).done();

    assert_eq!(ran.out, "a\\n\\u{1b}[31m.txt\r\n");
}

#[test]
fn of_many_errors_some_are_shown_and_all_are_counted() {
    let site = site();
    let names: Vec<String> = (0..25).map(|number| format!("folder{number}")).collect();
    for name in &names {
        site.write(&format!("media/{name}/a.txt"), "a");
    }
    let arguments = |more: &[&'static str]| {
        let mut all = vec!["delete"];
        all.extend(names.iter().map(String::as_str));
        all.extend(more);
        site.run(&all).failed(1).err
    };

    let some = arguments(&[]);
    let all = arguments(&["-v", "2"]);
    let json = arguments(&["--json"]);

    assert_eq!(some.matches("cannot delete").count(), 20, "{some}");
    assert!(
        some.ends_with("and 5 more like these; -v 2 shows them all\n"),
        "{some}"
    );
    assert_eq!(all.lines().count(), 25, "{all}");
    assert_eq!(json.lines().count(), 25, "{json}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let site = site();
    site.write("media/big.bin", vec![b'x'; 4 << 20]);
    let mut command = site.command(&["open", "big.bin"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);

    let ran = Ran::of(child.wait_with_output().unwrap());

    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_full_standard_output_is_a_failure() {
    let site = site();
    site.write("media/a.txt", "content");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();

    let ran = Ran::of(
        site.command(&["open", "a.txt"])
            .stdout(full)
            .output()
            .unwrap(),
    )
    .failed(1);

    ran.tells(&["cannot write to standard output"]);
}

#[test]
fn settings_tell_where_each_value_comes_from() {
    let site = site();
    let mut command = site.command(&["settings", "--set", "DEBUG=1"]);
    command
        .env("STATIC_URL", "/assets/")
        .env("AWS_S3_SECRET_ACCESS_KEY", "PLANTED-SECRET");

    let ran = Ran::of(command.output().unwrap()).done();

    let line = |name: &str| {
        ran.out
            .lines()
            .find(|line| line.starts_with(&format!("{name} = ")))
            .unwrap()
    };
    assert!(
        line("DEBUG").ends_with("true  # command line"),
        "{}",
        ran.out
    );
    assert!(
        line("STATIC_URL").contains("/assets/") && line("STATIC_URL").contains("environment"),
        "{}",
        ran.out
    );
    assert!(
        line("MEDIA_URL").contains("storehouse.toml:3"),
        "{}",
        ran.out
    );
    assert!(
        line("AWS_S3_SECRET_ACCESS_KEY").contains("***"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("PLANTED"), "{}", ran.out);
}

#[test]
fn names_come_out_so_that_they_can_be_given_back() {
    let site = Site::new("MEDIA_ROOT = \"media\"\n");
    // As macOS writes an é, and a line break.
    let names = ["a\nb.txt", "e\u{301}.txt"];
    for name in names {
        site.write(&format!("media/{name}"), "x");
    }

    let lines = site.run(&["list"]).done().out;
    let ended = site.run(&["list", "-0"]).done().out;
    let json = site.run(&["list", "--json"]).done().out;
    let saved = site.run(&["save", "storehouse.toml", names[1]]).done();

    let sorted = |mut listed: Vec<String>| {
        listed.sort();
        listed
    };
    let ended: Vec<String> = ended.split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(sorted(ended), names);
    let of_line = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(sorted(json.lines().map(of_line).collect()), names);
    assert!(
        lines.contains("a\nb.txt\n") && lines.contains("e\u{301}.txt\n"),
        "{lines:?}"
    );
    assert!(saved.out.starts_with("e\u{301}_"), "{saved:?}");
    for name in names {
        assert_eq!(site.run(&["exists", name]).code, 0, "{name:?}");
    }
}

#[test]
fn no_message_moves_the_cursor() {
    let site = Site::new("MEDIA_ROOT = \"media\"\n");
    let evil = "\u{1b}[2Jx\u{9b}\u{202e}";
    for arguments in [
        &["list", "--settings", evil][..],
        &["list", "--env", evil],
        &["list", "--set", evil],
        &["list", "--set", &format!("{evil}=1")],
        &["list", "--storage", evil],
        &["list", "--json", "--storage", evil],
        &["open", evil],
    ] {
        let ran = site.run(arguments);

        assert_ne!(ran.code, 0, "{arguments:?}");
        assert!(
            !ran.err.contains(['\u{1b}', '\u{9b}', '\u{202e}']),
            "{arguments:?}: {:?}",
            ran.err
        );
    }
}

#[test]
fn a_folder_is_listed_with_links_that_lead_nowhere() {
    let site = Site::new("MEDIA_ROOT = \"media\"\n");
    site.write("media/d/a.txt", "a");
    std::os::unix::fs::symlink("nowhere", site.path("media/d/dangling")).unwrap();
    std::os::unix::fs::symlink("loop", site.path("media/d/loop")).unwrap();

    let listed = site.run(&["list", "--dirs", "d"]).done();
    // They cannot be opened.
    let all = site.run(&["list"]).done();

    assert_eq!(listed.out, "d/a.txt\nd/dangling\nd/loop\n");
    assert_eq!(site.run(&["exists", "d/dangling"]).code, 0);
    assert_eq!(all.out, "d/a.txt\n");
}

#[test]
fn a_url_is_no_name_to_make_one_of() {
    let site = Site::new("MEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n");

    let refused = site.run(&["url", "http://x/y"]).failed(1);

    refused.tells(&["\"http://x/y\" is a URL, and no name of a file"]);
    for (name, url) in [
        // As Django's.
        ("mailto:x", "/media/mailto%3Ax\n"),
        ("a:b/c", "/media/a%3Ab/c\n"),
        ("/css/app.css", "/media/css/app.css\n"),
    ] {
        assert_eq!(site.run(&["url", name]).done().out, url, "{name}");
    }
}
