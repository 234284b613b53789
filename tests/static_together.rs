//! Two runs of `collectstatic` into one folder at once, as two deployments that overlap: both come to
//! their end, what the manifest in force names is whole, and the next run ends as a fresh one.

use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Stdio},
    time::{Duration, Instant, SystemTime},
};

use storehouse::staticfiles::Md5Sum;

use crate::{
    pushing::{hash_of, paths},
    site::{Ran, Site},
};

const ROUNDS: u64 = 2;
const FILES: usize = 20;

fn site(options: &str) -> Site {
    Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\n\
         [STORAGES.staticfiles]\nBACKEND = \"compressed+manifest+file:out\"\n\
         OPTIONS = {{ {options} }}\n"
    ))
}

/// Writes sources that are unlike those of other rounds and folders, and newer: on a disk times tell
/// what has changed.
fn write_sources(site: &Site, folder: &str, round: u64) {
    let time = SystemTime::now() + Duration::from_secs(60 * (round + 1));
    for number in 0..FILES {
        let sheet = match number {
            0 => format!("a {{ color: {folder}; order: {round} }}\n").repeat(20),
            _ => format!(
                "@import '{}.css'; b {{ background: url(../img/{number}.svg) }}\n",
                number - 1
            ),
        };
        let picture = format!("<svg><!-- {number} of {folder} {round} --></svg>").repeat(5);
        for (name, content) in [("css", sheet), ("img", picture)] {
            let extension = if name == "css" { "css" } else { "svg" };
            let path = format!("{folder}/{name}/{number}.{extension}");
            site.write(&path, content);
            site.set_modified(&path, time);
        }
    }
}

fn start(site: &Site, folder: &str, arguments: &[&str]) -> Child {
    let folders = format!("STATICFILES_DIRS=[\"{folder}\"]");
    let mut command = site.command(&["collectstatic", "--noinput", "--set", &folders]);
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn end(child: Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap()).done()
}

/// Makes sure that all is there that the manifest names, each with the content of its hash.
fn refuse_torn_files(site: &Site, when: &str) {
    let contents = site.contents("out");
    let named = paths(&contents["staticfiles.json"]);
    assert_eq!(named.len(), 2 * FILES, "{when}");
    for stored in named.values() {
        let Some(content) = contents.get(stored) else {
            panic!("{when}: {stored} is not there");
        };
        let md5 = Md5Sum::of(content).to_string();
        assert_eq!(hash_of(stored), Some(&md5[..12]), "{when}: {stored}");
    }
}

fn entries(json: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(json).replace(['{', '}'], "");
    let text = text.replace("\"integrity\": ", "");
    text.split(", ").map(str::to_owned).collect()
}

/// Starts two runs at once, round by round, and a third one after them.
fn run_together(options: &str, arguments: &[&str], folders: [&str; 2]) {
    let site = site(options);
    for round in 0..ROUNDS {
        let when = format!("{options} {arguments:?} {folders:?}, round {round}");
        for folder in folders {
            write_sources(&site, folder, round);
        }

        let both = folders.map(|folder| start(&site, folder, arguments));
        both.into_iter().for_each(|child| drop(end(child)));

        refuse_torn_files(&site, &when);
        let files = site.files("out");
        assert!(
            files.iter().all(|name| !name.ends_with(".tmp")),
            "{when}: {files:?}"
        );
        // Times of their own, so that the next run has to look at what it finds.
        write_sources(&site, folders[0], round);
        end(start(&site, folders[0], arguments));
        let fresh = "STORAGES.staticfiles.BACKEND=compressed+manifest+file:fresh";
        if site.path("fresh").exists() {
            fs::remove_dir_all(site.path("fresh")).unwrap();
        }
        let arguments = [arguments, &["--set", fresh]].concat();
        end(start(&site, folders[0], &arguments));
        let came_to = site.contents("out");
        for (name, content) in site.contents("fresh") {
            let is_same = came_to.get(&name).is_some_and(|there| match &name[..] {
                // Digests of files of earlier rounds stay as long as these.
                "staticfiles.integrity.json" => entries(there).is_superset(&entries(&content)),
                _ => *there == content,
            });
            // Releases are named after the second they are made in.
            assert!(
                is_same || name.starts_with(".storehouse/"),
                "{when}: {name}"
            );
        }
    }
}

#[test]
fn two_runs_of_the_same_sources_end_as_one() {
    for (options, arguments) in [
        ("", &[][..]),
        ("", &["--clear"]),
        ("", &["--link"]),
        ("keep_only_hashed_files = true, integrity = 'sha384'", &[]),
        ("releases = 2", &["--keep-versions", "1"]),
    ] {
        run_together(options, arguments, ["assets", "assets"]);
    }
}

#[test]
fn of_two_runs_with_other_sources_one_comes_last() {
    for options in ["", "releases = 2"] {
        run_together(options, &[], ["assets", "others"]);
    }
}

#[test]
fn after_two_runs_at_once_the_next_copies_nothing() {
    let site = site("");
    write_sources(&site, "assets", 0);
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    for name in site.files("assets") {
        site.set_modified(&format!("assets/{name}"), hour_ago);
    }
    let both = [0, 1].map(|_| start(&site, "assets", &[]));
    both.into_iter().for_each(|child| drop(end(child)));
    let before = site.stamps("out");

    let ran = end(start(&site, "assets", &[]));

    assert!(
        ran.out.starts_with("\n0 static files copied to "),
        "{}",
        ran.out
    );
    assert_eq!(site.stamps("out"), before);
}

// On a disk it remembers copies by time and size, and these two have one size.
#[test]
fn a_run_does_not_take_for_its_own_what_another_has_written_meanwhile() {
    let site = site("");
    let css = |number: u32| format!("a {{ order: {number} }}\n").repeat(100);
    let soon = SystemTime::now() + Duration::from_secs(60);
    for (folder, number) in [("assets", 1), ("others", 2)] {
        site.write(&format!("{folder}/app.css"), css(number));
        site.set_modified(&format!("{folder}/app.css"), soon);
    }
    for number in 0..200 {
        site.write(&format!("assets/{}{number}.txt", "n".repeat(120)), "text");
    }
    // It has more to tell than a pipe holds, and so waits before its end until somebody reads. What it
    // tells while it writes files under their own names is less than that.
    let first = start(&site, "assets", &["-v", "2"]);
    let copies = ["out/app.css.br", "out/app.css.gz"];
    let deadline = Instant::now() + Duration::from_secs(60);
    while !copies.iter().all(|copy| site.path(copy).exists()) {
        assert!(Instant::now() < deadline, "no copies were made");
        std::thread::yield_now();
    }
    let size = || copies.map(|copy| fs::metadata(site.path(copy)).unwrap().len());
    let before = size();

    end(start(&site, "others", &[]));
    assert_eq!(size(), before);
    assert!(end(first).out.len() > 64 * 1024);
    end(start(&site, "assets", &[]));

    let gzip = fs::File::open(site.path("out/app.css.gz")).unwrap();
    let content = std::io::read_to_string(flate2::read::GzDecoder::new(gzip)).unwrap();
    assert!(content == css(1), "it is a copy of the other file");
}
