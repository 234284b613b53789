//! Sources of `collectstatic` that are odd: links, depth, names that are no text, and names that
//! no disk holds side by side.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    process::Command,
};

use crate::site::Site;

const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATIC_ROOT = "out"
    STATICFILES_DIRS = ["first", "second"]
"#;

fn site() -> Site {
    let site = Site::new(SETTINGS);
    fs::create_dir(site.path("first")).unwrap();
    fs::create_dir(site.path("second")).unwrap();
    site
}

#[test]
fn folders_a_thousand_deep_are_collected() {
    let site = site();
    let deep = format!("{}a.css", "d/".repeat(1000));
    site.write(&format!("first/{deep}"), "deep");

    let ran = site.run(&["collectstatic", "--noinput"]);

    let collected = fs::read_to_string(site.path(&format!("out/{deep}")));
    // Rust's own removal opens every folder of the way at once, more than a process may have.
    for folder in ["first", "out"] {
        let removed = Command::new("rm")
            .arg("-rf")
            .arg(site.path(folder))
            .status();
        assert!(removed.unwrap().success());
    }
    ran.done();
    assert_eq!(collected.unwrap(), "deep");
}

#[test]
fn a_name_that_is_not_utf8_is_named_and_can_be_left_out() {
    let site = site();
    site.write("first/a.css", "a");
    fs::write(
        site.path("first").join(OsStr::from_bytes(b"b\xff.css")),
        "b",
    )
    .unwrap();

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);
    site.run(&["collectstatic", "--noinput", "-i", "b?.css"])
        .done();

    ran.tells(&[r"first/b\xFF.css", "--ignore"]);
    assert_eq!(site.files("out"), ["a.css"]);
}

#[test]
fn a_link_that_leads_nowhere_is_named_and_can_be_left_out() {
    let site = site();
    symlink("nowhere", site.path("first/broken.css")).unwrap();

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);
    site.run(&["collectstatic", "--noinput", "-i", "broken.css"])
        .done();

    ran.tells(&["first/broken.css\": it is a link that leads nowhere; remove it"]);
}

#[test]
fn a_fifo_among_the_sources_is_named_and_not_waited_for() {
    let site = site();
    let made = Command::new("mkfifo").arg(site.path("first/pipe")).status();
    assert!(made.unwrap().success());

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    ran.tells(&["first/pipe\" is neither a file nor a folder"]);
}

#[test]
fn a_path_cannot_speak_to_the_terminal() {
    let site = site();
    site.write("first/\u{1b}[2Ja\nb.css", "a");
    symlink("nowhere", site.path("second/\u{1b}[2Jc\nd.css")).unwrap();

    let collected = site
        .run(&["collectstatic", "--noinput", "-v", "2", "-i", "*d.css"])
        .done();
    let failed = site.run(&["collectstatic", "--noinput"]).failed(1);

    assert!(collected.out.contains(r"[2Ja\nb.css"), "{}", collected.out);
    failed.tells(&[r"[2Jc\nd.css"]);
    for text in [collected.out, failed.err] {
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn an_empty_prefix_is_none() {
    let site = site();
    site.write("first/a.css", "a");

    site.run(&[
        "collectstatic",
        "--noinput",
        "--set",
        r#"STATICFILES_DIRS=[["", "first"]]"#,
    ])
    .done();

    assert_eq!(site.files("out"), ["a.css"]);
}

#[test]
fn a_prefix_that_leads_out_is_blamed_and_no_file() {
    let site = site();
    site.write("first/a.css", "a");
    for prefix in ["/abs", "../up", "a/../../b"] {
        let set = format!(r#"STATICFILES_DIRS=[["{prefix}", "first"]]"#);

        let ran = site
            .run(&["collectstatic", "--noinput", "--set", &set])
            .failed(1);

        let blamed = format!("the prefix {prefix:?} in STATICFILES_DIRS cannot be used");
        ran.tells(&[&blamed]);
        assert!(!site.path("out").exists(), "{prefix}");
    }
}

#[test]
fn a_backslash_in_a_name_is_a_slash_in_the_storage() {
    let site = site();
    site.write(r"first/a\b.css", "backslash");
    site.write("second/a/b.css", "slash");

    site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(site.files("out"), ["a/b.css"]);
    assert_eq!(site.read("out/a/b.css"), "backslash");
}

#[test]
fn a_file_where_another_needs_a_folder_is_refused_before_anything_is_written() {
    let site = site();
    site.write("first/a.css", "a");
    site.write("first/x", "file");
    site.write("second/x/y.css", "below");

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    for path in ["first/x\"", "second/x/y.css\"", "--ignore"] {
        assert!(ran.err.contains(path), "{path}: {}", ran.err);
    }
    assert!(!site.path("out").exists());
}

// Django takes the folder for the file and calls it unmodified: the same files are collected.
#[test]
fn a_file_named_like_a_folder_found_before_loses_its_name() {
    let site = site();
    site.write("first/x/y.css", "below");
    site.write("second/x", "file");

    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(site.files("out"), ["x/y.css"]);
    assert!(ran.out.ends_with(", 1 unmodified.\n"), "{}", ran.out);
}

#[test]
fn a_storage_that_is_no_disk_takes_a_file_and_a_folder_of_one_name() {
    let site = site();
    site.write("first/x", "file");
    site.write("second/x/y.css", "below");

    let ran = site
        .run(&[
            "collectstatic",
            "--noinput",
            "--set",
            "STATICFILES_STORAGE=memory://",
        ])
        .done();

    assert_eq!(ran.out, "\n2 static files copied.\n");
}

#[test]
fn clear_makes_room_where_a_file_has_become_a_folder() {
    let site = site();
    site.write("out/x", "an earlier deploy's");
    site.write("first/x/y.css", "below");

    let refused = site.run(&["collectstatic", "--noinput"]).failed(1);
    let ran = site.run(&["collectstatic", "--noinput", "--clear"]).done();

    refused.tells(&["--clear"]);
    assert_eq!(site.files("out"), ["x/y.css"]);
    assert!(
        ran.out
            .starts_with("\n1 static file deleted, 1 static file copied to "),
        "{}",
        ran.out
    );
}

/// What a project's own configuration of Django's app leaves out, as it is written, and which of
/// `a.css`, `b.scss`, `c.txt` and `.hidden` are collected.
const IGNORED: &[(&str, &[&str])] = &[
    ("", &["a.css", "b.scss", "c.txt"]),
    (
        "ignore_patterns = ['*.scss']",
        &[".hidden", "a.css", "c.txt"],
    ),
    (
        "ignore_patterns: list = StaticFilesConfig.ignore_patterns + ['*.scss', '*.txt']",
        &["a.css"],
    ),
    (
        "ignore_patterns = (*StaticFilesConfig.ignore_patterns, '*.css')",
        &["b.scss", "c.txt"],
    ),
    (
        "ignore_patterns = []",
        &[".hidden", "a.css", "b.scss", "c.txt"],
    ),
];

/// A project with an application of Django's, made as Django makes it, and its own class of that.
fn project_with_config(body: &str) -> Site {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         INSTALLED_APPS = [\"project.apps.Config\"]\n",
    );
    for (name, content) in [
        ("django/__init__.py", ""),
        ("django/contrib/__init__.py", ""),
        ("django/contrib/staticfiles/__init__.py", ""),
        (
            "django/contrib/staticfiles/apps.py",
            "from django.apps import AppConfig\n\
             class StaticFilesConfig(AppConfig):\n    name = 'django.contrib.staticfiles'\n    \
             ignore_patterns = ['CVS', '.*', '*~']\n",
        ),
        ("project/__init__.py", ""),
        (
            "project/apps.py",
            &format!(
                "from django.contrib.staticfiles.apps import StaticFilesConfig\n\
                 class Config(StaticFilesConfig):\n    default = True\n    {body}\n"
            ),
        ),
    ] {
        site.write(name, content);
    }
    for name in ["a.css", "b.scss", "c.txt", ".hidden"] {
        site.write(&format!("assets/{name}"), name);
    }
    site
}

#[test]
fn what_a_project_leaves_out_is_not_collected() {
    for (body, expected) in IGNORED {
        let site = project_with_config(body);

        // The second time it is remembered.
        for _ in 0..2 {
            site.run(&["collectstatic", "--noinput", "--clear"]).done();

            assert_eq!(site.files("out"), *expected, "{body}");
        }
        site.run(&[
            "collectstatic",
            "--noinput",
            "--clear",
            "--no-default-ignore",
        ])
        .done();
        assert_eq!(site.files("out").len(), 4, "{body}");
    }
}

#[test]
fn patterns_that_code_makes_are_told_of() {
    let site = project_with_config("ignore_patterns = [name for name in ('*.scss',)]");

    let ran = site.run(&["collectstatic", "--noinput"]).done();

    for said in ["class Config makes `ignore_patterns` in code", "--ignore"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    assert_eq!(site.files("out"), ["a.css", "b.scss", "c.txt"]);
}
