//! Which names are left in a folder: where only hashed names are kept, and where a bundler has hashed
//! some already.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use serde_json::Value as Json;

use crate::site::Site;

const RUN: [&str; 2] = ["collectstatic", "--noinput"];
const DRY_RUN: [&str; 3] = ["collectstatic", "--noinput", "--dry-run"];

fn css(number: u32) -> String {
    format!("a {{ order: {number} }}\n").repeat(50)
}

/// A site of which only the hashed names are kept.
fn hashed_only(options: &str) -> Site {
    let site = Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         WHITENOISE_KEEP_ONLY_HASHED_FILES = true\n[STORAGES.staticfiles]\n\
         BACKEND = \"compressed+manifest+file:out\"\nOPTIONS = {{ {options} }}\n"
    ));
    site.write("assets/app.css", css(1));
    site.write("assets/a.png", "png");
    site
}

/// What the manifest names.
fn named(site: &Site) -> Vec<String> {
    let manifest: Json = serde_json::from_str(&site.read("out/staticfiles.json")).unwrap();
    let paths = manifest["paths"].as_object().unwrap().values();
    paths
        .map(|path| path.as_str().unwrap().to_owned())
        .collect()
}

fn last_line(out: &str) -> &str {
    out.lines().next_back().unwrap()
}

#[test]
fn only_hashed_names_and_their_copies_are_left() {
    let site = hashed_only("");
    let only = [
        "a.bff139fa05ac.png",
        "app.f734cd007a49.css",
        "app.f734cd007a49.css.br",
        "app.f734cd007a49.css.gz",
        "staticfiles.json",
    ];

    // WhiteNoise's line, which counts what it copies and deletes again.
    let ran = site.run(&RUN).done();
    assert!(
        ran.out.starts_with("\n2 static files copied to ")
            && ran.out.ends_with(", 4 post-processed.\n"),
        "{}",
        ran.out
    );
    assert_eq!(site.files("out"), only);
    let before = site.stamps("out");
    let again = site.run(&RUN).done();

    assert!(
        again.out.contains("\n0 static files copied to "),
        "{}",
        again.out
    );
    assert!(again.out.contains(", 2 unmodified"), "{}", again.out);
    assert_eq!(site.stamps("out"), before);
}

#[test]
fn a_changed_file_gets_its_new_names_beside_the_old_ones() {
    let site = hashed_only("");
    site.run(&RUN).done();
    let before = site.stamps("out");
    site.write("assets/app.css", css(2));

    let ran = site.run(&RUN).done();

    assert!(
        ran.out.starts_with("\n1 static file copied to ") && ran.out.contains(", 1 unmodified"),
        "{}",
        ran.out
    );
    let mut after = site.stamps("out");
    after.retain(|name, stamp| before.get(name) != Some(stamp));
    assert_eq!(
        after.into_keys().collect::<Vec<_>>(),
        [
            "app.637399ece432.css",
            "app.637399ece432.css.br",
            "app.637399ece432.css.gz",
            "staticfiles.json"
        ]
    );
}

#[test]
fn what_was_there_under_its_own_name_is_deleted() {
    let site = hashed_only("");
    site.run(&["collectstatic", "--noinput", "--no-post-process"])
        .done();
    assert_eq!(site.files("out"), ["a.png", "app.css"]);
    site.write("out/theirs.txt", "not collected");
    let deletion = ["--max-delete", "1"];
    site.run(&[&RUN[..], &deletion].concat()).failed(1);
    assert_eq!(site.files("out"), ["a.png", "app.css", "theirs.txt"]);

    let ran = site.run(&[&RUN[..], &["-v", "2"]].concat()).done();

    assert!(ran.out.contains("\nDeleting 'app.css'\n"), "{}", ran.out);
    let left = site.files("out");
    assert!(!left.contains(&"app.css".to_owned()), "{left:?}");
    assert!(left.contains(&"theirs.txt".to_owned()), "{left:?}");
}

#[test]
fn a_dry_run_of_it_writes_nothing() {
    let site = hashed_only("");
    let everything = site.stamps(".");

    let ran = site.run(&DRY_RUN).done();
    let json = site
        .run(&[&DRY_RUN[..], &["--json"]].concat())
        .done()
        .json();

    assert_eq!(site.stamps("."), everything);
    assert!(ran.out.contains("Pretending to copy '"), "{}", ran.out);
    let names: Vec<&str> = json
        .iter()
        .filter_map(|line| line["name"].as_str())
        .collect();
    site.run(&RUN).done();
    assert_eq!(names.len(), site.files("out").len(), "{names:?}");
    assert!(
        names
            .iter()
            .all(|name| site.path("out").join(name).exists()),
        "{names:?}"
    );
}

// What a run remembers of the last one must not show: it is not asked at every verbosity.
#[test]
fn the_counts_are_the_same_however_a_run_finds_them() {
    let site = hashed_only("");
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    for name in ["app.css", "a.png"] {
        site.set_modified(&format!("assets/{name}"), hour_ago);
    }
    site.run(&RUN).done();

    let summary = site.run(&RUN).done().out;
    let lines = site.run(&[&RUN[..], &["-v", "2"]].concat()).done().out;
    let json = site.run(&[&RUN[..], &["--json"]].concat()).done().json();

    assert_eq!(last_line(&lines), last_line(&summary));
    assert!(
        lines.contains("Skipping 'app.css' (not modified)\n"),
        "{lines}"
    );
    let told = json.last().unwrap();
    for (key, expected) in [
        ("copied", 0),
        ("omitted", 0),
        ("unmodified", 2),
        ("bytes", 0),
    ] {
        assert_eq!(told[key], expected, "{key} in {told}");
    }
}

#[test]
fn json_says_that_nothing_is_kept_under_the_own_name() {
    let site = hashed_only("");

    let json = site.run(&[&RUN[..], &["--json"]].concat()).done().json();

    let (summary, events) = json.split_last().unwrap();
    assert_eq!(
        (&summary["copied"], &summary["omitted"]),
        (&0.into(), &2.into())
    );
    for event in events {
        assert_eq!(event["event"], "post_processed");
        let name = event["as"].as_str().unwrap();
        assert!(site.path("out").join(name).exists(), "{name}");
    }
}

// A manifest that names a file which is not there breaks every page that has it.
#[test]
fn what_the_manifest_names_is_kept_under_whatever_name() {
    let site = hashed_only("already_hashed = ['vite/*']");
    site.write("assets/vite/app-BX3kXk4v.js", css(3));
    // Somebody has collected a hashed file before.
    site.write("assets/a.bff139fa05ac.png", "png");

    for arguments in [&RUN[..], &RUN, &["collectstatic", "--noinput", "--clear"]] {
        site.run(arguments).done();

        let files = site.files("out");
        for name in named(&site) {
            assert!(files.contains(&name), "{arguments:?}: {name} in {files:?}");
        }
        for name in ["vite/app-BX3kXk4v.js.br", "vite/app-BX3kXk4v.js.gz"] {
            assert!(files.contains(&name.to_owned()), "{name} in {files:?}");
        }
        assert!(!files.contains(&"app.css".to_owned()), "{files:?}");
    }
}

/// A site with the output of three bundlers beside files of its own.
fn bundled() -> Site {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\", [\"next\", \"build\"]]\n\
         [STORAGES.staticfiles]\nBACKEND = \"compressed+manifest+file:out\"\n\
         OPTIONS = { already_hashed = ['vite/*', 're:\\.[0-9a-f]{20}\\.', 'next/*'] }\n",
    );
    site.write(
        "assets/vite/app-BX3kXk4v.css",
        format!("{}@import 'not-there.css';", css(1)),
    );
    site.write(
        "assets/main.8e0d62a10b5b5f7e9b1c.js",
        "//# sourceMappingURL=gone.map\n",
    );
    site.write("build/logo.svg", "<svg/>");
    site.write(
        "assets/site.css",
        "@import 'vite/app-BX3kXk4v.css'; a { background: url(next/logo.svg) }",
    );
    site
}

#[test]
fn names_that_a_bundler_has_hashed_are_left_alone() {
    let site = bundled();

    site.run(&RUN).done();

    let files = site.files("out");
    assert_eq!(
        files,
        [
            "main.8e0d62a10b5b5f7e9b1c.js",
            "next/logo.svg",
            "site.88831f3d4423.css",
            "site.css",
            "staticfiles.json",
            "vite/app-BX3kXk4v.css",
            "vite/app-BX3kXk4v.css.br",
            "vite/app-BX3kXk4v.css.gz",
        ]
    );
    let manifest: Json = serde_json::from_str(&site.read("out/staticfiles.json")).unwrap();
    for name in [
        "main.8e0d62a10b5b5f7e9b1c.js",
        "next/logo.svg",
        "vite/app-BX3kXk4v.css",
    ] {
        assert_eq!(manifest["paths"][name], name);
        let source = match name.strip_prefix("next/") {
            Some(name) => format!("build/{name}"),
            None => format!("assets/{name}"),
        };
        // References in it are the bundler's: none is followed, and none is missed.
        assert_eq!(
            site.read(&format!("out/{name}")),
            site.read(&source),
            "{name}"
        );
    }
    // References to them stay.
    let css = site.read("out/site.88831f3d4423.css");
    assert!(
        css.contains("vite/app-BX3kXk4v.css") && css.contains("next/logo.svg"),
        "{css}"
    );
}

#[test]
fn without_the_option_the_same_files_are_hashed_and_followed() {
    let site = bundled();
    let off = "STORAGES.staticfiles.OPTIONS.already_hashed=[]";

    let ran = site.run(&[&RUN[..], &["--set", off]].concat()).failed(1);

    ran.tells(&["vite/not-there.css", "gone.map"]);
    assert!(!site.path("out").exists());
}

#[test]
fn a_kept_release_keeps_the_compressed_copies_of_bundled_files_too() {
    let site = hashed_only("already_hashed = ['vite/*'], releases = 2");
    site.write("assets/vite/app-BX3kXk4v.js", css(3));
    site.run(&RUN).done();
    let first = site.contents("out");
    fs::remove_file(site.path("assets/vite/app-BX3kXk4v.js")).unwrap();
    site.write("assets/vite/app-CCCCCCCC.js", css(4));

    site.run(&[&RUN[..], &["--clear"]].concat()).done();
    site.run(&["rollback"]).done();

    let rolled_back = site.contents("out");
    for (name, content) in first {
        assert!(rolled_back.get(&name) == Some(&content), "{name}");
    }
}
