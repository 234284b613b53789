//! Sources and a STATIC_ROOT that `collectstatic` cannot use, or that change under it: a clear error,
//! and what was in force stays.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Stdio},
};

use crate::{
    last_good::LastGood,
    site::{Ran, Site},
};

const COLLECT: &[&str] = &["collectstatic", "--noinput"];

/// A case, what makes it, and what the error says.
type Refused = (&'static str, fn(&Site), &'static [&'static str]);

const REFUSED: &[Refused] = &[
    (
        "a link to a folder that it is in",
        |site| link("..", site, "assets/css/up"),
        &[
            "assets/css/up\" is a link to a folder that it is in",
            "--ignore",
        ],
    ),
    (
        "two links that lead to each other",
        |site| {
            link("b", site, "assets/a");
            link("a", site, "assets/b");
        },
        &["assets/a\": too many levels of symbolic links", "--ignore"],
    ),
    (
        "a link that leads nowhere",
        |site| link("nowhere", site, "assets/a.css"),
        &[
            "assets/a.css\": it is a link that leads nowhere",
            "--ignore",
        ],
    ),
    (
        "neither a file nor a folder",
        |site| {
            let made = Command::new("mkfifo")
                .arg(site.path("assets/a.css"))
                .status();
            assert!(made.unwrap().success());
        },
        &["assets/a.css\" is neither a file nor a folder", "--ignore"],
    ),
    (
        "STATIC_ROOT inside of a source folder",
        |site| {
            let settings = site.read("storehouse.toml");
            site.write("storehouse.toml", settings.replace("assets", "."));
        },
        &["STATIC_ROOT is inside", "STATICFILES_DIRS"],
    ),
];

/// Two files of which one needs a folder where the other is a file, and what the error says.
const IN_THE_WAY: &[([&str; 2], [&str; 3])] = &[
    (
        ["assets/x", "more/x/y.css"],
        [
            "assets/x\" is a file",
            "more/x/y.css\" needs a folder",
            "--ignore",
        ],
    ),
    (
        ["assets/new.css", "out/new.css/old.css"],
        ["\"new.css\"", "it is a folder", "remove that folder"],
    ),
    (
        ["assets/new.css", "out/new.22af645d1859.css/old.css"],
        [
            "\"new.22af645d1859.css\"",
            "it is a folder",
            "remove that folder",
        ],
    ),
    (
        ["assets/new/a.css", "out/new"],
        ["\"new/a.22af645d1859.css\"", "is a file there", "--clear"],
    ),
];

#[test]
fn what_cannot_be_used_is_told_with_its_path_and_the_last_good_stays() {
    for (case, prepare, says) in REFUSED {
        is_refused(case, prepare, says);
    }
    for (files, says) in IN_THE_WAY {
        let write = |site: &Site| files.iter().for_each(|file| site.write(file, "new"));
        is_refused(&files.join(" and "), write, says);
    }
}

fn is_refused(case: &str, prepare: impl Fn(&Site), says: &[&str]) {
    let (site, good) = LastGood::site();
    prepare(&site);

    let ran = site.run(COLLECT).failed(1);

    for part in says {
        assert!(ran.err.contains(part), "{case}: {}", ran.err);
    }
    good.is_in_force(&site, case);
}

fn link(target: &str, site: &Site, link: &str) {
    symlink(target, site.path(link)).unwrap();
}

#[test]
fn an_empty_folder_gives_way_to_a_file() {
    let (site, _) = LastGood::site();
    site.write("assets/new.css", "new");
    for name in ["new.css", "new.22af645d1859.css"] {
        fs::create_dir(site.path("out").join(name)).unwrap();
    }

    let made = LastGood::collect(&site).new_paths();

    assert_eq!(made["new.css"], "new.22af645d1859.css");
    assert_eq!(site.read("out/new.css"), "new");
}

// As in Django.
#[test]
fn a_file_that_has_the_name_of_a_folder_is_there_under_its_hashed_name() {
    let (site, _) = LastGood::site();
    site.write("more/x", "2");
    site.run(COLLECT).done();
    site.write("assets/x/y.css", "1");

    let refused = site.run(COLLECT).failed(1);
    site.run(&["collectstatic", "--noinput", "--clear"]).done();
    let again = site.run(COLLECT).done();

    refused.tells(&["--clear"]);
    assert!(again.out.contains(", 4 unmodified, "), "{}", again.out);
    let made = LastGood::of(&site).new_paths();
    assert_eq!(made["x"], "x.c81e728d9d4c");
    assert_eq!(made["x/y.css"], "x/y.c4ca4238a0b9.css");
    assert_eq!(site.read("out/x/y.css"), "1");
}

#[test]
fn a_folder_in_the_place_of_the_manifest_is_told_with_its_name() {
    let (site, _) = LastGood::site();
    fs::remove_file(site.path("out/staticfiles.json")).unwrap();
    site.write("out/staticfiles.json/a.css", "a");

    let ran = site.run(COLLECT).failed(1);

    ran.tells(&["\"staticfiles.json\"", "it is a folder"]);
}

#[test]
fn a_static_root_that_is_a_file_or_below_one_is_told_with_its_path() {
    for (root, named) in [("file", "file\""), ("file/out", "file/out\"")] {
        let (site, good) = LastGood::site();
        site.write("file", "a file");
        let set = format!("STATICFILES_STORAGE=manifest+file:{root}");

        let ran = site
            .run(&["collectstatic", "--noinput", "--set", &set])
            .failed(1);

        assert!(
            ran.err.contains(named) && ran.err.contains("not a directory"),
            "{root}: {}",
            ran.err
        );
        assert_eq!(site.read("file"), "a file");
        good.is_in_force(&site, root);
    }
}

#[test]
fn a_static_root_that_cannot_be_written_to_is_told_with_its_path() {
    let (site, good) = LastGood::site();
    site.write("assets/new.css", "new");
    let set_mode = |mode| {
        for folder in ["out", "out/css", "out/img"] {
            fs::set_permissions(site.path(folder), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set_mode(0o555);

    let ran = site.run_unprivileged(COLLECT).failed(1);

    let root = site.path("out").display().to_string();
    ran.tells(&[
        "permission denied",
        &root,
        "let the user this program runs as",
    ]);
    good.is_in_force(&site, "read-only");
    set_mode(0o755);
    site.run(COLLECT).done();
}

#[test]
fn a_source_that_changes_or_disappears_during_the_run_fails_it() {
    // One that is held in memory once it was hashed, and one that is read again.
    let (small, large) = (vec![b'o'; 4], vec![b'o'; 33 << 20]);
    let other = "changed while it was being collected";
    for (case, content, then, says) in [
        ("small, gone", &small, None, other),
        (
            "large, gone",
            &large,
            None,
            "something removed it meanwhile",
        ),
        ("small, changed", &small, Some("new"), other),
        ("large, changed", &large, Some("new"), other),
    ] {
        let (site, good) = LastGood::site();
        site.write(LAST, content);

        let ran = collect_while(&site, || match then {
            Some(content) => site.write(LAST, content),
            None => fs::remove_file(site.path(LAST)).unwrap(),
        });

        let ran = ran.failed(1);
        for part in [LAST, says, "run collectstatic again"] {
            assert!(ran.err.contains(part), "{case}: {}", ran.err);
        }
        good.is_in_force(&site, case);
    }
}

/// What is collected last.
const LAST: &str = "assets/zzzz.png";

/// Runs the command, and lets something happen while it copies.
///
/// It says each file that it copies, in more than twice the bytes that a pipe holds: when the first
/// line is read, it has copied less than half.
fn collect_while(site: &Site, happens: impl FnOnce()) -> Ran {
    for number in 0..1000 {
        let name = format!("assets/{number:03}{}.png", "-".repeat(200));
        site.write(&name, number.to_string());
    }
    let mut command = site.command(&["collectstatic", "--noinput", "-v", "2", "--jobs", "1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Copying '") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it copies nothing");
    }
    happens();
    io::copy(&mut said, &mut io::sink()).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}
