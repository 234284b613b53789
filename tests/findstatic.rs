//! `findstatic`: Django 6.1's lines for each verbosity, and apps that only Python can find.
//!
//! The expected lines are what Django 6.1.3 printed for the same folders.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::site::{Ran, Site};

const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATIC_ROOT = "out"
    MEDIA_ROOT = "media"
    MEDIA_URL = "/media/"
    STATICFILES_DIRS = ["first", ["v", "vendor"]]
    INSTALLED_APPS = ["blog", "shop"]
"#;

fn site() -> Site {
    let site = Site::new(SETTINGS);
    fs::create_dir(site.path("shop")).unwrap();
    for folder in ["first", "vendor", "blog/static", "media"] {
        site.write(&format!("{folder}/css/a.css"), folder);
    }
    site
}

/// The output with the site's folder as `SITE`.
fn plain(site: &Site, text: &str) -> String {
    let folder = site.path("").canonicalize().unwrap();
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    text.replace(folder, "SITE")
}

fn find(site: &Site, arguments: &[&str]) -> (String, String) {
    let arguments: Vec<&str> = ["findstatic"].iter().chain(arguments).copied().collect();
    let ran = site.run(&arguments).done();
    (plain(site, &ran.out), plain(site, &ran.err))
}

#[test]
fn each_verbosity_has_djangos_lines() {
    let site = site();
    for (arguments, out, err) in [
        (
            &["-v", "0", "css/a.css"][..],
            "SITE/first/css/a.css\nSITE/blog/static/css/a.css\n",
            "",
        ),
        (
            &["css/a.css"],
            "Found 'css/a.css' here:\n  SITE/first/css/a.css\n  SITE/blog/static/css/a.css\n",
            "",
        ),
        (
            &["-v", "2", "css/a.css"],
            "Found 'css/a.css' here:\n  SITE/first/css/a.css\n  SITE/blog/static/css/a.css\nLooking in the following locations:\n  SITE/first\n  SITE/vendor\n  SITE/blog/static\n",
            "",
        ),
        (
            &["--first", "css/a.css"],
            "Found 'css/a.css' here:\n  SITE/first/css/a.css\n",
            "",
        ),
        (
            &["-v", "2", "--first", "v/css/a.css"],
            "Found 'v/css/a.css' here:\n  SITE/vendor/css/a.css\nLooking in the following locations:\n  SITE/first\n  SITE/vendor\n",
            "",
        ),
        (&["-v", "0", "nope"], "", ""),
        (&["nope"], "", "No matching file found for 'nope'.\n"),
        (
            &["-v", "2", "nope"],
            "",
            "No matching file found for 'nope'.\n\nLooking in the following locations:\n  SITE/first\n  SITE/vendor\n  SITE/blog/static\n",
        ),
        (
            &["-v", "0", "css", "nope", "css/"],
            "SITE/first/css\nSITE/blog/static/css\nSITE/first/css\nSITE/blog/static/css\n",
            "",
        ),
        (&["-v", "0", ""], "SITE/first\nSITE/blog/static\n", ""),
    ] {
        assert_eq!(
            find(&site, arguments),
            (out.to_owned(), err.to_owned()),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_match_is_shown_where_its_links_lead() {
    let site = site();
    symlink("css/a.css", site.path("first/link.css")).unwrap();
    symlink("deep/nowhere", site.path("first/broken")).unwrap();
    symlink("deep/nowhere", site.path("blog/static/broken")).unwrap();

    let (out, _) = find(&site, &["-v", "0", "link.css", "broken"]);

    // A link that leads nowhere is a file to Django in an app, and none in STATICFILES_DIRS.
    assert_eq!(out, "SITE/first/css/a.css\nSITE/blog/static/deep/nowhere\n");
}

#[test]
fn the_default_storage_is_searched_and_collected_if_it_is_a_folder() {
    let site = site();
    let set = r#"STATICFILES_FINDERS=["django.contrib.staticfiles.finders.DefaultStorageFinder"]"#;
    site.write("media/photo.jpg", "photo");

    let (out, _) = find(&site, &["-v", "2", "css/a.css", "--set", set]);
    site.run(&["collectstatic", "--noinput", "--set", set])
        .done();

    assert_eq!(
        out,
        "Found 'css/a.css' here:\n  SITE/media/css/a.css\nLooking in the following locations:\n  SITE/media\n"
    );
    assert_eq!(site.files("out"), ["css/a.css", "photo.jpg"]);
}

#[test]
fn a_default_storage_that_is_no_folder_cannot_be_searched() {
    let site = site();
    let finders =
        r#"STATICFILES_FINDERS=["django.contrib.staticfiles.finders.DefaultStorageFinder"]"#;
    let sets = ["--set", finders, "--set", "DEFAULT_FILE_STORAGE=memory://m"];

    for command in [&["findstatic", "a"][..], &["collectstatic", "--noinput"]] {
        let ran = site.run(&[command, &sets].concat()).failed(1);

        for said in [
            "DefaultStorageFinder",
            "location",
            "memory://m",
            "file:media",
        ] {
            assert!(ran.err.contains(said), "{command:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_path_that_leads_out_is_refused_and_nothing_is_shown() {
    let site = site();
    let inside = site.path("first/css/a.css").canonicalize().unwrap();
    let inside = inside.to_str().unwrap();

    for path in ["../storehouse.toml", "/etc/passwd", inside] {
        let ran = site.run(&["findstatic", "css/a.css", path]).failed(1);

        ran.tells(&["leads out of"]);
        assert_eq!(ran.out, "", "{path}");
    }
    // Django stops at the first match, before it comes to a folder that the path is not in.
    let (out, _) = find(&site, &["-v", "0", "--first", inside]);
    assert_eq!(out, "SITE/first/css/a.css\n");
}

#[test]
fn json_has_an_object_for_each_match() {
    let site = site();

    let (out, err) = find(&site, &["--json", "v/css/a.css", "nope", "css/a.css"]);

    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            json!({ "name": "v/css/a.css", "path": "SITE/vendor/css/a.css" }),
            json!({ "name": "css/a.css", "path": "SITE/first/css/a.css" }),
            json!({ "name": "css/a.css", "path": "SITE/blog/static/css/a.css" }),
        ]
    );
    assert_eq!(err, "No matching file found for 'nope'.\n");
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let site = site();

    let (out, err) = find(&site, &["no\u{1b}[2J"]);

    assert_eq!(out, "");
    assert_eq!(err, "No matching file found for 'no\\u{1b}[2J'.\n");
}

#[test]
fn a_program_reads_names_as_they_are() {
    let site = site();
    site.write("first/a\u{202e}b.css", "");

    let (out, _) = find(&site, &["a\u{202e}b.css"]);

    assert_eq!(
        out,
        "Found 'a\u{202e}b.css' here:\n  SITE/first/a\u{202e}b.css\n"
    );
}

#[test]
fn no_name_is_wrong_usage() {
    let site = site();

    for arguments in [&["findstatic"][..], &["findstatic", "--frist", "a"]] {
        site.run(arguments).failed(2);
    }
}

#[test]
fn what_django_checks_before_a_command_ends_it() {
    let site = site();
    for (set, id) in [
        ("STATIC_ROOT=first", "staticfiles.E002"),
        (r#"STATICFILES_DIRS=[["v/", "first"]]"#, "staticfiles.E003"),
        ("STATIC_URL=/static", "urls.E006"),
    ] {
        let ran = site
            .run(&["findstatic", "css/a.css", "--set", set])
            .failed(1);

        assert!(ran.err.contains(id), "{id}: {}", ran.err);
        assert_eq!(ran.out, "", "{id}");
    }
    let set = r#"STATICFILES_DIRS=["first", "gone"]"#;
    let (out, err) = find(&site, &["-v", "0", "--first", "css/a.css", "--set", set]);
    assert_eq!((out.as_str(), err.as_str()), ("SITE/first/css/a.css\n", ""));
    let (_, err) = find(&site, &["css/a.css", "--set", set]);
    assert!(err.contains("warning: (staticfiles.W004)"), "{err}");
}

/// A site with apps that only Python can find, in places that only the environment knows.
fn python_site() -> Site {
    let site = Site::new(
        r#"
        STATIC_URL = "/static/"
        STATIC_ROOT = "out"
        INSTALLED_APPS = ["shop", "elsewhere.apps.ElsewhereConfig", "editable", "loose", "split.one", "split.two", "old.app"]
        "#,
    );
    // Each module fails if it is imported.
    for (file, content) in [
        ("shop/__init__.py", ""),
        ("shop/static/shop.css", "shop"),
        ("lib/elsewhere/__init__.py", "raise SystemExit(1)"),
        (
            "lib/elsewhere/apps.py",
            "raise SystemExit(1)\nclass ElsewhereConfig:\n    name = 'elsewhere'\n",
        ),
        ("lib/elsewhere/static/elsewhere.css", "elsewhere"),
        ("checkout/src/__init__.py", "raise SystemExit(1)"),
        ("checkout/src/static/editable.css", "editable"),
        ("checkout/loose/static/loose.css", "loose"),
        ("lib/split/one/__init__.py", "raise SystemExit(1)"),
        ("lib/split/one/static/one.css", "one"),
        ("lib2/split/two/__init__.py", "raise SystemExit(1)"),
        ("lib2/split/two/static/two.css", "two"),
        // A namespace in the manner of Python 2.
        (
            "lib/old/__init__.py",
            "from pkgutil import extend_path\nraise SystemExit(1)",
        ),
        ("lib2/old/__init__.py", "raise SystemExit(1)"),
        ("lib2/old/app/__init__.py", "raise SystemExit(1)"),
        ("lib2/old/app/static/old.css", "old"),
        // What an editable install leaves: a finder of its own. And something that prints.
        (
            "lib/sitecustomize.py",
            "
import os, sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == 'editable':
            return spec_from_file_location(name, os.getcwd() + '/checkout/src/__init__.py')
        if name == 'loose':
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [os.getcwd() + '/checkout/loose', '__editable__.loose']
            return spec
sys.meta_path.append(Finder)
print('storehouse-apps: welcome')
with open('starts', 'a') as starts: starts.write('started\\n')
",
        ),
    ] {
        site.write(file, content);
    }
    site
}

fn run_with_python_path(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = site.command(arguments);
    command.env("PYTHONPATH", "lib:lib2");
    Ran::of(command.output().unwrap())
}

#[test]
fn apps_are_found_wherever_python_finds_them_by_one_start_and_without_imports() {
    let site = python_site();

    let ran = run_with_python_path(&site, &["collectstatic", "--noinput"]).done();

    assert_eq!(
        site.files("out"),
        [
            "editable.css",
            "elsewhere.css",
            "loose.css",
            "old.css",
            "one.css",
            "shop.css",
            "two.css"
        ],
        "{ran:?}"
    );
    assert_eq!(site.read("starts"), "started\n");
}

#[test]
fn apps_are_found_from_a_folder_below_too() {
    let site = python_site();
    fs::create_dir(site.path("below")).unwrap();
    let mut command = site.command(&["findstatic", "-v", "0", "shop.css", "two.css"]);
    command.current_dir(site.path("below"));
    // Relative to where Python runs: beside the settings file, as a manage.py.
    command.env("PYTHONPATH", "lib:lib2");

    let ran = Ran::of(command.output().unwrap()).done();

    assert_eq!(
        plain(&site, &ran.out),
        "SITE/shop/static/shop.css\nSITE/lib2/split/two/static/two.css\n"
    );
}

#[test]
fn a_namespace_in_two_folders_is_no_app() {
    let site = python_site();
    let set = r#"INSTALLED_APPS=["split"]"#;

    let ran = run_with_python_path(&site, &["findstatic", "a", "--set", set]).failed(1);

    ran.tells(&[r#""split" (it is a namespace in several folders: "#]);
}

#[test]
fn a_path_to_the_interpreter_is_relative_to_where_it_is_written() {
    let site = python_site();
    site.write(
        "bin/answer",
        "storehouse-apps:{\"python\": \"x\", \"apps\": [{\"folder\": \"/nowhere\"}]}\n",
    );
    let python = "#!/bin/sh\ncat bin/answer\n";
    site.write("bin/text", python);
    // A file that this process has open for writing cannot be run.
    let mut install = std::process::Command::new("install");
    install
        .args(["-m", "755"])
        .args([site.path("bin/text"), site.path("bin/python")]);
    assert!(install.status().unwrap().success());
    let settings =
        "STATIC_URL = \"/static/\"\nINSTALLED_APPS = [\"a.b\"]\nPYTHON = \"bin/python\"\n";
    site.write("storehouse.toml", settings);
    fs::create_dir(site.path("below")).unwrap();
    let in_file = &["findstatic", "nope"][..];
    let typed = &["findstatic", "nope", "--set", "PYTHON=../bin/python"];

    for arguments in [in_file, typed] {
        let mut command = site.command(arguments);
        command.current_dir(site.path("below"));

        Ran::of(command.output().unwrap()).done();
    }
}

#[test]
fn check_lists_all_apps_and_finders_that_are_not_found() {
    let site = site();
    for (set, said) in [
        (
            r#"INSTALLED_APPS=["./blgo", "nowhere_at_all.x"]"#,
            &["./blgo", "nowhere_at_all.x", "set PYTHON"][..],
        ),
        (
            r#"STATICFILES_FINDERS=["django.contrib.staticfiles.finders.AppDirectoryFinder", "other"]"#,
            &["did you mean", "AppDirectoriesFinder", "\"other\""],
        ),
    ] {
        let ran = site.run(&["check", "--set", set]);

        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("(storehouse.E007)"), "{}", ran.out);
        for said in said {
            assert!(ran.out.contains(said), "{said}: {}", ran.out);
        }
        let ran = site
            .run(&["collectstatic", "--noinput", "--set", set])
            .failed(1);
        ran.tells(&["(storehouse.E007)"]);
        assert!(!site.path("out").exists());
    }
}
