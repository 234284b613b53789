//! `collectstatic` to a folder: order, conflicts, what is ignored, what is unchanged, the prompt.

use std::{
    fs::{self, File},
    io::Write,
    process::Stdio,
    time::{Duration, SystemTime},
};

use crate::site::{Ran, Site};

const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATIC_ROOT = "out"
    STATICFILES_DIRS = ["assets", ["vendor", "third-party"]]
    INSTALLED_APPS = ["blog", "shop"]
"#;

fn site() -> Site {
    let site = Site::new(SETTINGS);
    site.write("assets/css/site.css", "site");
    site.write("assets/.hidden", "hidden");
    site.write("assets/backup~", "backup");
    site.write("assets/CVS/Root", "cvs");
    site.write("third-party/lib.js", "lib");
    site.write("blog/static/blog/post.css", "post");
    site.write("shop/static/css/site.css", "lost");
    site
}

#[test]
fn files_of_folders_and_apps_are_collected_under_their_prefixes() {
    let site = site();

    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(
        site.files("out"),
        ["blog/post.css", "css/site.css", "vendor/lib.js"]
    );
    let root = site.path("out").display().to_string();
    assert_eq!(
        ran.out,
        format!("\n3 static files copied to '{root}', 1 skipped due to conflict.\n")
    );
    assert_eq!(ran.err, "");
}

#[test]
fn the_first_file_found_wins_a_name() {
    let site = site();

    let ran = site.run(&["collectstatic", "--noinput", "-v", "2"]).done();

    assert_eq!(site.read("out/css/site.css"), "site");
    assert!(
        ran.out
            .contains("Found another file with the destination path 'css/site.css'."),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("Copying '"), "{}", ran.out);
}

#[test]
fn a_second_run_copies_nothing() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    let before = fs::metadata(site.path("out/css/site.css"))
        .unwrap()
        .modified()
        .unwrap();

    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert!(
        ran.out.starts_with("\n0 static files copied to "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains(", 3 unmodified"), "{}", ran.out);
    assert_eq!(
        fs::metadata(site.path("out/css/site.css"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
}

#[test]
fn a_source_that_is_newer_is_copied_within_a_second_too() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    let second = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let set = |path: &str, time: SystemTime| {
        File::options()
            .write(true)
            .open(site.path(path))
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    set("out/css/site.css", second + Duration::from_millis(100));
    set("assets/css/site.css", second + Duration::from_millis(900));
    set("out/vendor/lib.js", second + Duration::from_millis(900));
    set("third-party/lib.js", second + Duration::from_millis(1000));

    let ran = site.run(&["collectstatic", "--noinput", "-v", "2"]).done();

    assert!(
        ran.out.contains("\n2 static files copied to "),
        "{}",
        ran.out
    );
}

#[test]
fn each_of_many_quick_edits_is_collected() {
    for storage in ["file:out", "compressed+manifest+file:out"] {
        let site = Site::new(&format!(
            "STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\nSTATICFILES_STORAGE = \"{storage}\"\n"
        ));
        for edit in 0..8 {
            // Of one length.
            site.write("assets/app.css", format!("a {{ order: {edit} }}"));

            site.run(&["collectstatic", "--noinput"]).done();

            let collected = site.read("out/app.css");
            assert_eq!(
                collected,
                site.read("assets/app.css"),
                "{storage}: edit {edit}"
            );
        }
    }
}

#[test]
fn a_source_with_an_old_time_is_collected_if_its_content_is_another() {
    for storage in ["file:out", "manifest+file:out", "compressed+file:out"] {
        let site = Site::new(&format!(
            "STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\nSTATICFILES_STORAGE = \"{storage}\"\n"
        ));
        site.write("assets/app.css", "a { order: 1 }");
        site.write("assets/same.css", "b { order: 1 }");
        site.run(&["collectstatic", "--noinput"]).done();
        let written = |path: &str| site.path(path).metadata().unwrap().modified().unwrap();
        let before = written("out/same.css");

        // As `cp -p`, `tar` and SOURCE_DATE_EPOCH do: of one length, with the time of long ago.
        site.write("assets/app.css", "a { order: 2 }");
        for path in ["assets/app.css", "assets/same.css"] {
            site.set_modified(path, SystemTime::UNIX_EPOCH);
        }
        let ran = site.run(&["collectstatic", "--noinput"]).done();

        assert_eq!(site.read("out/app.css"), "a { order: 2 }", "{storage}");
        assert!(
            ran.out.contains("1 static file copied to "),
            "{storage}: {}",
            ran.out
        );
        assert!(ran.out.contains(", 1 unmodified"), "{storage}: {}", ran.out);
        assert_eq!(written("out/same.css"), before, "{storage}");
    }
}

#[test]
fn clear_removes_what_was_not_collected() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("out/old/stale.css", "stale");

    let ran = site.run(&["collectstatic", "--noinput", "--clear"]).done();

    assert_eq!(
        site.files("out"),
        ["blog/post.css", "css/site.css", "vendor/lib.js"]
    );
    assert!(
        ran.out
            .starts_with("\n4 static files deleted, 3 static files copied to "),
        "{}",
        ran.out
    );
}

#[test]
fn nothing_is_cleared_when_a_source_cannot_be_read() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("out/old.css", "still there");
    std::os::unix::fs::symlink("/no/such/file", site.path("assets/broken.css")).unwrap();

    let ran = site
        .run(&["collectstatic", "--noinput", "--clear"])
        .failed(1);

    ran.tells(&["broken.css"]);
    assert_eq!(site.read("out/old.css"), "still there");
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let site = site();

    let ran = site
        .run(&["collectstatic", "--noinput", "--dry-run"])
        .done();

    let source = site.path("assets/css/site.css").display().to_string();
    assert!(
        ran.out
            .contains(&format!("Pretending to copy '{source}'\n")),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("3 static files copied to "), "{}", ran.out);
    assert!(!site.path("out").exists());
}

#[test]
fn patterns_leave_out_files_and_folders() {
    let site = site();

    site.run(&[
        "collectstatic",
        "--noinput",
        "-i",
        "*.js",
        "--ignore",
        "./blog/",
    ])
    .done();

    assert_eq!(site.files("out"), ["css/site.css"]);
}

#[test]
fn without_the_default_patterns_hidden_files_are_collected() {
    let site = site();

    site.run(&["collectstatic", "--noinput", "--no-default-ignore"])
        .done();

    let files = site.files("out");
    for hidden in [".hidden", "CVS/Root", "backup~"] {
        assert!(files.contains(&hidden.to_owned()), "{files:?}");
    }
}

#[test]
fn only_yes_goes_on_where_files_would_be_overwritten() {
    for (answer, code) in [("yes\n", 0), ("y\n", 1), ("no\n", 1), ("", 1)] {
        let site = site();
        site.write("out/css/site.css", "old");

        let ran = answer_prompt(&site, answer);

        assert_eq!(ran.code, code, "{answer:?}: {ran:?}");
        assert!(
            ran.out.contains("This will overwrite existing files!"),
            "{answer:?}: {ran:?}"
        );
        assert_eq!(site.path("out/vendor").exists(), code == 0, "{answer:?}");
    }
}

#[test]
fn an_empty_destination_is_not_asked_about() {
    let site = site();

    let ran = answer_prompt(&site, "");

    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.out.contains("Are you sure"), "{ran:?}");
}

fn answer_prompt(site: &Site, answer: &str) -> Ran {
    let mut command = site.command(&["collectstatic"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that asks nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(answer.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn a_link_that_leads_in_a_circle_is_named() {
    let site = site();
    std::os::unix::fs::symlink("..", site.path("assets/css/up")).unwrap();

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    ran.tells(&["assets/css/up\" is a link to a folder that it is in"]);
}

#[test]
fn a_linked_folder_is_collected_and_a_linked_file_is_copied() {
    let site = site();
    site.write("elsewhere/deep/a.txt", "linked");
    std::os::unix::fs::symlink(site.path("elsewhere"), site.path("assets/linked")).unwrap();
    std::os::unix::fs::symlink(site.path("elsewhere/deep/a.txt"), site.path("assets/a.txt"))
        .unwrap();

    site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(site.read("out/linked/deep/a.txt"), "linked");
    assert!(site.path("out/a.txt").symlink_metadata().unwrap().is_file());
}

#[test]
fn two_links_to_one_folder_are_no_circle() {
    let site = site();
    site.write("elsewhere/a.txt", "linked");
    for link in ["one", "two"] {
        std::os::unix::fs::symlink(site.path("elsewhere"), site.path("assets").join(link)).unwrap();
    }

    site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(site.read("out/one/a.txt"), "linked");
    assert_eq!(site.read("out/two/a.txt"), "linked");
}

#[test]
fn a_folder_that_is_not_there_is_warned_of_and_no_failure() {
    let site = site();

    let ran = site
        .run(&[
            "collectstatic",
            "--noinput",
            "--set",
            r#"STATICFILES_DIRS=["nowhere", "assets"]"#,
        ])
        .done();

    ran.tells(&["(staticfiles.W004)", "nowhere"]);
    assert!(site.path("out/css/site.css").exists());
}

#[test]
fn json_gives_one_object_a_line() {
    let site = site();

    let ran = site.run(&["collectstatic", "--noinput", "--json"]).done();

    let lines = ran.json();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3]["event"], "summary");
    assert_eq!(lines[3]["copied"], 3);
}

#[test]
fn clear_is_refused_where_it_would_delete_uploads() {
    let site = site();
    let settings = format!("{SETTINGS}\nMEDIA_ROOT = \"out/media\"\nMEDIA_URL = \"/media/\"\n");
    site.write("storehouse.toml", settings);
    site.write("out/media/photo.jpg", "photo");

    let ran = site
        .run(&["collectstatic", "--noinput", "--clear"])
        .failed(1);

    ran.tells(&["MEDIA_ROOT"]);
    assert_eq!(site.read("out/media/photo.jpg"), "photo");
}

#[test]
fn clear_is_refused_where_it_would_delete_sources() {
    for (setting, file) in [
        (r#"STATICFILES_DIRS=["out/assets"]"#, "out/assets/a.css"),
        (r#"INSTALLED_APPS=["./out/app"]"#, "out/app/static/a.css"),
    ] {
        let site = site();
        site.write(file, "source");

        let ran = site
            .run(&["collectstatic", "--noinput", "--clear", "--set", setting])
            .failed(1);

        assert!(
            ran.err.contains("--clear would delete the sources"),
            "{setting}: {}",
            ran.err
        );
        assert_eq!(site.read(file), "source");
    }
}

#[test]
fn the_root_of_the_disk_is_never_cleared() {
    let site = site();

    for set in ["STATIC_ROOT=/", "STATICFILES_STORAGE=file:///"] {
        let arguments = [
            "collectstatic",
            "--noinput",
            "--clear",
            "--dry-run",
            "--set",
            set,
        ];
        let ran = site.run(&arguments).failed(1);

        assert!(ran.err.contains("delete every file"), "{set}: {}", ran.err);
    }
}

#[test]
fn collecting_into_a_source_is_refused() {
    let site = site();

    for (root, setting) in [
        ("assets", "STATICFILES_DIRS"),
        ("assets/out", "STATICFILES_DIRS"),
        ("blog/static/out", "INSTALLED_APPS"),
    ] {
        let ran = site
            .run(&[
                "collectstatic",
                "--noinput",
                "--set",
                &format!("STATIC_ROOT={root}"),
            ])
            .failed(1);

        assert!(ran.err.contains(setting), "{root}: {}", ran.err);
    }
}

#[test]
fn links_and_copies_replace_each_other() {
    let site = site();
    let link = ["collectstatic", "--noinput", "--link"];
    let copy = ["collectstatic", "--noinput"];

    for (arguments, is_link) in [(&link[..], true), (&copy, false), (&link, true)] {
        site.run(arguments).done();
        let metadata = fs::symlink_metadata(site.path("out/css/site.css")).unwrap();
        assert_eq!(metadata.is_symlink(), is_link, "{arguments:?}");
    }
    let again = site.run(&link).done();
    assert!(
        again.out.contains("0 static files symlinked"),
        "{}",
        again.out
    );
}

#[test]
fn links_are_read_through_the_storage_if_it_may_follow_them() {
    let site = site();
    let collect = ["collectstatic", "--noinput", "--link"];
    let storage = "STATICFILES_STORAGE=file:out?follow_symlinks=true";
    let follow = |verb: &[&str]| {
        let given = ["--storage", "staticfiles", "--set", storage];
        site.run(&[verb, &given].concat())
    };
    site.run(&[&collect[..], &["--set", storage]].concat())
        .done();

    assert_eq!(follow(&["open", "css/site.css"]).done().out, "site");
    follow(&["exists", "vendor/lib.js"]).done();
    let listed = follow(&["list"]).done().out;
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, ["blog/post.css", "css/site.css", "vendor/lib.js"]);

    let plain = ["open", "css/site.css", "--storage", "staticfiles"];
    let ran = site.run(&plain).failed(1);
    ran.tells(&["follow_symlinks = true lets"]);

    follow(&["delete", "css/site.css"]).done();
    assert_eq!(site.files("out"), ["blog/post.css", "vendor/lib.js"]);
    assert_eq!(site.read("assets/css/site.css"), "site");
}
