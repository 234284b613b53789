//! What `collectstatic` says: its lines at each verbosity, its question, its JSON.

use std::process::Stdio;

use crate::site::{Ran, Site};

const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATIC_ROOT = "out"
    STATICFILES_DIRS = ["assets"]
"#;

fn site() -> Site {
    let site = Site::new(SETTINGS);
    site.write("assets/b.css", "bb");
    site.write("assets/a.css", "a");
    site.write("assets/sub/deep/d.css", "dddd");
    site.write("assets/sub/c.css", "ccc");
    site.write("assets/tub/e.css", "eeeee");
    site
}

#[test]
fn files_come_by_name_and_before_the_folders() {
    let site = site();

    let ran = site
        .run(&["collectstatic", "--noinput", "--dry-run", "--json"])
        .done();

    let names = json(&ran.out)
        .into_iter()
        .filter_map(|line| line["name"].as_str().map(str::to_owned));
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["a.css", "b.css", "sub/c.css", "sub/deep/d.css", "tub/e.css"]
    );
}

// Django 6.1.3 prints these lines, but for the order of what it deletes.
#[test]
fn a_dry_run_with_clear_deletes_nothing_and_says_what_is_unmodified() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("out/old.css", "old");

    let ran = site
        .run(&["collectstatic", "--noinput", "--dry-run", "--clear", "-v2"])
        .done();

    let root = site.path("out").display().to_string();
    let expected = format!(
        "Pretending to delete 'a.css'\n\
         Pretending to delete 'b.css'\n\
         Pretending to delete 'old.css'\n\
         Pretending to delete 'sub/c.css'\n\
         Pretending to delete 'sub/deep/d.css'\n\
         Pretending to delete 'tub/e.css'\n\
         Skipping 'a.css' (not modified)\n\
         Skipping 'b.css' (not modified)\n\
         Skipping 'sub/c.css' (not modified)\n\
         Skipping 'sub/deep/d.css' (not modified)\n\
         Skipping 'tub/e.css' (not modified)\n\
         \n6 static files deleted, 0 static files copied to '{root}', 5 unmodified.\n"
    );
    assert_eq!(ran.out, expected);
    assert_eq!(site.files("out").len(), 6);
}

#[test]
fn at_verbosity_0_nothing_is_said() {
    let site = site();

    for more in [&["--dry-run"][..], &[], &["--clear"]] {
        let arguments = [&["collectstatic", "--noinput", "-v", "0"], more].concat();
        let ran = site.run(&arguments).done();

        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{more:?}");
    }
}

#[test]
fn json_tells_what_was_deleted_and_how_many_bytes_were_copied() {
    let site = site();
    site.write("out/old.css", "old");

    let ran = site
        .run(&["collectstatic", "--noinput", "--clear", "--json"])
        .done();

    let lines = json(&ran.out);
    let deleted = lines.iter().find(|line| line["event"] == "deleted");
    assert_eq!(deleted.unwrap()["name"], "old.css");
    let summary = lines.last().unwrap();
    assert_eq!(summary["deleted"], 1, "{summary}");
    assert_eq!(summary["bytes"], 15, "{summary}");
}

#[test]
fn the_question_says_what_would_happen() {
    for (arguments, says, says_not) in [
        (
            &[][..],
            "This will overwrite existing files!\n",
            "--dry-run",
        ),
        (
            &["--clear"],
            "This will DELETE ALL FILES in this location!\n",
            "overwrite",
        ),
        (
            &["--dry-run"],
            "You have activated the --dry-run option so no files will be modified.\n\n",
            "DELETE",
        ),
    ] {
        let site = site();
        site.write("out/a.css", "old");

        let ran = site
            .run(&[&["collectstatic"], arguments].concat())
            .failed(1);

        assert!(ran.out.contains(says), "{arguments:?}: {}", ran.out);
        assert!(!ran.out.contains(says_not), "{arguments:?}: {}", ran.out);
        let location = format!(":\n\n    {}\n\n", site.path("out").display());
        assert!(ran.out.contains(&location), "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn a_storage_that_is_no_folder_is_always_asked_about() {
    let site = site();

    let ran = site
        .run(&["collectstatic", "--set", "STATICFILES_STORAGE=memory://"])
        .failed(1);

    assert!(
        ran.out.contains("as specified in your settings.\n\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_question_is_not_put_among_json() {
    let site = site();
    site.write("out/a.css", "old");

    let ran = site.run(&["collectstatic", "--json"]).failed(1);

    assert!(ran.json().is_empty(), "{}", ran.out);
    ran.tells(&["Are you sure"]);
}

#[test]
fn a_reader_that_has_had_enough_does_not_stop_the_work() {
    let site = site();
    for number in 0..200 {
        site.write(&format!("assets/{number}.css"), "a");
    }
    let mut command = site.command(&["collectstatic", "--noinput", "-v", "2"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();

    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap()).done();

    assert_eq!(ran.err, "");
    assert_eq!(site.files("out").len(), 205);
}

fn json(lines: &str) -> Vec<serde_json::Value> {
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_program_reads_names_as_they_are() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"src\"]\n",
    );
    site.write("src/a\u{202e}b.css", "a");
    site.write("out/a\u{202e}b.css", "older");

    let ran = site
        .run(&["collectstatic", "--noinput", "-v", "2", "--clear"])
        .done();

    assert!(ran.out.contains("Deleting 'a\u{202e}b.css'\n"), "{ran:?}");
    let copying = format!("Copying '{}'\n", site.path("src/a\u{202e}b.css").display());
    assert!(ran.out.contains(&copying), "{ran:?}");
}

#[test]
fn the_path_of_a_plan_is_escaped_once() {
    let site = Site::new("STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\n");

    for ran in [
        site.run(&["collectstatic", "--apply", "a\u{202e}b"]),
        site.run(&["collectstatic", "--noinput", "--plan", "no/a\u{202e}b"]),
    ] {
        let ran = ran.failed(1);

        assert!(ran.err.contains("a\\u{202e}b\""), "{ran:?}");
        assert!(!ran.err.contains("\\\\"), "{ran:?}");
    }
}
