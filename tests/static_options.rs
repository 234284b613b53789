//! Options of `collectstatic` with each other and with hashed names, in a folder: dry runs, links,
//! `--clear`, what is ignored and left unprocessed, and what `--json` tells of all that.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, SystemTime},
};

use serde_json::Value as Json;

use crate::site::Site;

const RUN: [&str; 2] = ["collectstatic", "--noinput"];

/// A site with everything that can be asked of a storage in a folder.
fn site() -> Site {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\n\
         STATICFILES_DIRS = [\"assets\", [\"vendor\", \"third-party\"]]\n\
         [STORAGES.staticfiles]\nBACKEND = \"compressed+manifest+file:out\"\n\
         OPTIONS = { releases = 2, integrity = \"sha384\" }\n",
    );
    site.write(
        "assets/app.css",
        "a { background: url(img/a.png) }\n".repeat(20),
    );
    site.write("assets/img/a.png", "png");
    site.write("assets/.hidden", "hidden");
    site.write("third-party/lib.js", "f();\n".repeat(50));
    site
}

/// A site that was collected, and where something has changed since.
fn changed_site() -> Site {
    let site = site();
    site.run(&RUN).done();
    site.write(
        "assets/app.css",
        "b { background: url(img/a.png) }\n".repeat(20),
    );
    // Django looks at whole seconds.
    let later = SystemTime::now() + Duration::from_secs(5);
    site.set_modified("assets/app.css", later);
    site.write("out/old.css", "old");
    site
}

fn run_with(arguments: &[&'static str]) -> Vec<&'static str> {
    [&RUN[..], arguments].concat()
}

/// Every file and every folder of the site.
fn everything(site: &Site) -> Vec<String> {
    let mut all: Vec<String> = site
        .stamps(".")
        .into_iter()
        .map(|stamp| format!("{stamp:?}"))
        .collect();
    for folder in ["out", "out/img", "out/vendor", "out/.storehouse", ".cache"] {
        all.push(format!("{folder}: {}", site.path(folder).exists()));
    }
    all
}

#[test]
fn a_dry_run_touches_nothing_whatever_else_is_asked_for() {
    for site in [site(), changed_site()] {
        let before = everything(&site);

        for more in [
            &[][..],
            &["--clear"],
            &["--link"],
            &["--link", "--clear", "-v", "3"],
            &["--no-post-process", "--clear"],
            &["--no-default-ignore", "-i", "*.js"],
            &["--prune-older-than", "0s", "--keep-versions", "1"],
            &["--json", "--clear"],
            &["--json", "--repair-metadata"],
        ] {
            site.run(&run_with(&[&["--dry-run"], more].concat())).done();

            assert_eq!(everything(&site), before, "{more:?}");
        }
    }
}

/// The names in the events of a kind.
fn names<'a>(lines: &'a [Json], events: &[&str], key: &str) -> BTreeSet<&'a str> {
    let lines = lines.iter();
    lines
        .filter(|line| events.contains(&line["event"].as_str().unwrap()))
        .map(|line| line[key].as_str().unwrap())
        .collect()
}

#[test]
fn a_dry_run_as_json_foretells_the_run() {
    for more in [
        &[][..],
        &["--clear"],
        &["--link"],
        &["--no-post-process"],
        &["--no-post-process", "--clear"],
        &["--no-default-ignore", "-i", "vendor"],
        &["--prune-older-than", "0s", "--keep-versions", "1"],
    ] {
        let site = changed_site();
        let told = site.run(&run_with(&[&["--dry-run", "--json"], more].concat()));
        let told = told.done().json();
        let before = site.stamps("out");

        let done = site
            .run(&run_with(&[&["--json"], more].concat()))
            .done()
            .json();

        assert_eq!(told.last(), done.last(), "{more:?}");
        let mut after = site.stamps("out");
        let deleted: BTreeSet<&str> = before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .map(String::as_str)
            .collect();
        assert_eq!(names(&told, &["would_delete"], "name"), deleted, "{more:?}");
        assert_eq!(names(&done, &["deleted"], "name"), deleted, "{more:?}");
        after.retain(|name, stamp| before.get(name) != Some(stamp));
        // A release is named after the second it is made in.
        after.retain(|name, _| !name.starts_with(".storehouse/"));
        let mut written = names(&told, &["would_copy", "would_write"], "name");
        written.retain(|name| !name.starts_with(".storehouse/"));
        let after: BTreeSet<&str> = after.keys().map(String::as_str).collect();
        assert_eq!(written, after, "{more:?}");
    }
}

#[test]
fn json_tells_what_has_become_of_the_files() {
    for more in [
        &[][..],
        &["--clear"],
        &["--link"],
        &["--no-post-process", "-v", "3"],
    ] {
        let site = changed_site();

        let lines = site
            .run(&run_with(&[&["--json"], more].concat()))
            .done()
            .json();

        let (summary, _) = lines.split_last().unwrap();
        let copied = names(&lines, &["copied"], "name");
        let processed = names(&lines, &["post_processed"], "as");
        let deleted = names(&lines, &["deleted"], "name");
        for (key, told) in [
            ("copied", &copied),
            ("post_processed", &processed),
            ("deleted", &deleted),
        ] {
            assert_eq!(summary[key], told.len(), "{key} with {more:?}");
        }
        let files = site.files("out");
        for name in copied.iter().chain(&processed) {
            assert!(files.contains(&(*name).to_owned()), "{name} with {more:?}");
        }
        assert!(copied.contains("app.css"), "{more:?}");
        assert_eq!(deleted.contains("old.css"), more == ["--clear"], "{more:?}");
        assert_eq!(site.path("out/old.css").exists(), more != ["--clear"]);
    }
}

// What Django 6.1.3 prints for the same folders; it deletes before it writes, and we replace. Copies that
// fit no more go: WhiteNoise leaves them.
#[test]
fn what_is_replaced_and_what_is_not_is_told_in_djangos_words() {
    let site = changed_site();
    let plain = ["--no-post-process", "-i", "*.png"];
    let path = |name: &str| site.path(name).display().to_string();
    let (css, js, out) = (
        path("assets/app.css"),
        path("third-party/lib.js"),
        path("out"),
    );

    for (more, expected) in [
        (
            &["--dry-run"][..],
            format!(
                "Skipping 'lib.js' (not modified)\nPretending to delete 'app.css'\n\
                 Pretending to copy '{css}'\n\
                 Pretending to delete 'app.css.br'\nPretending to delete 'app.css.gz'\n\
                 \n2 static files deleted, 1 static file copied to '{out}', 1 unmodified.\n"
            ),
        ),
        (
            &["--dry-run", "--link"],
            format!(
                "Pretending to delete 'app.css'\nPretending to link '{css}'\n\
                 Pretending to delete 'lib.js'\nPretending to link '{js}'\n\
                 Pretending to delete 'app.css.br'\nPretending to delete 'app.css.gz'\n\
                 Pretending to delete 'vendor/lib.js.br'\nPretending to delete 'vendor/lib.js.gz'\n\
                 \n4 static files deleted, 2 static files symlinked to '{out}'.\n"
            ),
        ),
        (
            &[],
            format!(
                "Skipping 'lib.js' (not modified)\nDeleting 'app.css'\nCopying '{css}'\n\
                 Deleting 'app.css.br'\nDeleting 'app.css.gz'\n\
                 \n2 static files deleted, 1 static file copied to '{out}', 1 unmodified.\n"
            ),
        ),
    ] {
        let ran = site.run(&run_with(&[&["-v", "2"], &plain[..], more].concat()));

        assert_eq!(ran.done().out, expected, "{more:?}");
    }
}

#[test]
fn with_links_the_hashed_names_are_the_same_files_as_without() {
    let linked = site();
    let copied = site();
    copied.run(&RUN).done();

    let ran = linked.run(&run_with(&["--link"])).done();

    assert!(
        ran.out.starts_with("\n3 static files symlinked to "),
        "{}",
        ran.out
    );
    // The times of releases may differ.
    let without_releases = |site: &Site| {
        let mut contents = site.contents("out");
        contents.retain(|name, _| !name.starts_with(".storehouse/"));
        contents
    };
    assert!(without_releases(&linked) == without_releases(&copied));
    for name in linked.files("out") {
        let path = linked.path("out").join(&name);
        let source = match name.as_str() {
            "app.css" | "img/a.png" => linked.path("assets").join(&name),
            "vendor/lib.js" => linked.path("third-party/lib.js"),
            _ => {
                assert!(!path.is_symlink(), "{name}");
                continue;
            }
        };
        assert_eq!(fs::read_link(&path).unwrap(), source, "{name}");
    }
}

#[test]
fn clear_deletes_links_and_not_what_they_lead_to() {
    let site = site();
    site.write("assets/gone.txt", "gone");
    site.run(&run_with(&["--link"])).done();
    fs::remove_file(site.path("assets/gone.txt")).unwrap();
    let sources = site.stamps("assets");

    let ran = site
        .run(&run_with(&["--clear", "--link", "-v", "2"]))
        .done();

    assert!(ran.out.contains("Deleting 'gone.txt'\n"), "{}", ran.out);
    assert!(!site.path("out/gone.txt").is_symlink());
    assert!(site.path("out/app.css").is_symlink());
    site.run(&run_with(&["--clear"])).done();
    assert!(!site.path("out/app.css").is_symlink());
    assert_eq!(site.stamps("assets"), sources);
}

#[test]
fn links_are_refused_where_there_is_no_folder_to_make_them_in() {
    let site = site();
    let memory = "STORAGES.staticfiles.BACKEND=compressed+manifest+memory:";

    let ran = site.run(&run_with(&["--link", "--set", memory])).failed(1);

    ran.tells(&["no links can be made in memory:", "leave --link out"]);
}

#[test]
fn without_post_processing_clear_leaves_the_collected_files_alone() {
    let site = changed_site();
    let options = "STORAGES.staticfiles.OPTIONS.releases=0";
    fs::remove_dir_all(site.path("out/.storehouse")).unwrap();

    let arguments = ["--clear", "--no-post-process", "--no-default-ignore"];
    let ran = site.run(&run_with(&[&arguments[..], &["--set", options]].concat()));

    // Three under two names each, two of them with two copies; the manifest, the digests, and the old
    // one.
    let out = ran.done().out;
    assert!(
        out.starts_with("\n17 static files deleted, 4 static files copied"),
        "{out}"
    );
    assert_eq!(
        site.files("out"),
        [".hidden", "app.css", "img/a.png", "vendor/lib.js"]
    );
}

#[test]
fn a_file_that_is_ignored_is_not_there_for_others_to_refer_to() {
    let site = site();

    let refused = site.run(&run_with(&["-i", "img"])).failed(1);
    refused.tells(&["\"img/a.png\""]);
    assert!(!site.path("out").exists());

    let both = run_with(&["-i", "img", "--ignore", "*.css", "--no-default-ignore"]);
    site.run(&both).done();
    let manifest: Json = serde_json::from_str(&site.read("out/staticfiles.json")).unwrap();
    let named = manifest["paths"].as_object().unwrap().keys();
    assert_eq!(named.collect::<Vec<_>>(), [".hidden", "vendor/lib.js"]);
}

#[test]
fn what_is_ignored_from_now_on_goes_with_clear_only() {
    let site = site();
    site.run(&RUN).done();
    let before = site.files("out");

    site.run(&run_with(&["-i", "lib.js"])).done();
    let kept = site.files("out");
    assert!(before.iter().all(|name| kept.contains(name)), "{kept:?}");
    // No release must need them any more.
    fs::remove_dir_all(site.path("out/.storehouse")).unwrap();
    site.run(&run_with(&["-i", "lib.js", "--clear"])).done();

    let left = site.files("out");
    assert!(
        left.iter().all(|name| !name.starts_with("vendor/")),
        "{left:?}"
    );
}

#[test]
fn a_flag_may_be_given_again_as_in_django() {
    let site = changed_site();

    let twice = [
        "--noinput",
        "--clear",
        "-c",
        "-v",
        "0",
        "-v",
        "2",
        "-i",
        "*.js",
        "-i",
        "a.*",
    ];
    let ran = site.run(&run_with(&[&twice[..], &["--no-post-process"]].concat()));

    assert!(ran.done().out.contains("Deleting 'old.css'\n"));
    assert!(!site.path("out/old.css").exists());
    let files = site.files("out");
    assert!(files.contains(&"app.css".to_owned()), "{files:?}");
    assert!(!files.contains(&"vendor/lib.js".to_owned()), "{files:?}");
}

#[test]
fn a_dry_run_counts_what_has_a_hashed_name_alone() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         STATICFILES_STORAGE = \"compressed+manifest+file:out\"\nWHITENOISE_KEEP_ONLY_HASHED_FILES = true\n",
    );
    for name in ["a.css", "b.css", "c.css"] {
        site.write(&format!("assets/{name}"), name);
    }
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("assets/b.css", "other");

    let told = site
        .run(&["collectstatic", "--noinput", "--dry-run"])
        .done();
    let ran = site.run(&["collectstatic", "--noinput"]).done();

    for out in [&told.out, &ran.out] {
        assert!(out.contains("1 static file copied"), "{out}");
        assert!(out.contains(", 2 unmodified"), "{out}");
    }
}
