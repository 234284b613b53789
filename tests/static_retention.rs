//! Old hashed files in a folder: what `--prune-older-than`, `--keep-versions` and `--clear` delete,
//! what they never do, and when `--max-delete` stops them.

use std::time::{Duration, SystemTime};

use crate::site::{Ran, Site};

const DAY: u64 = 86_400;
/// The hashed names of [`css`] of 1, 2, 3 and 4.
const VERSIONS: [&str; 4] = [
    "app.f734cd007a49.css",
    "app.637399ece432.css",
    "app.5766a4b90f3f.css",
    "app.4b7a07316cf9.css",
];

fn css(number: usize) -> String {
    format!("a {{ order: {number} }}\n").repeat(50)
}

/// A site whose CSS had as many versions, and pictures that never changed.
fn site(versions: usize, releases: usize) -> Site {
    let site = Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         [STORAGES.staticfiles]\nBACKEND = \"compressed+manifest+file:out\"\n\
         OPTIONS = {{ releases = {releases} }}\n"
    ));
    site.write("assets/a.png", "png");
    for version in 1..=versions {
        site.write("assets/app.css", css(version));
        collect(&site, &[]).done();
    }
    site
}

fn collect(site: &Site, arguments: &[&str]) -> Ran {
    site.run(&[&["collectstatic", "--noinput"], arguments].concat())
}

/// Makes a hashed file of the site and its copies so many days old.
fn age(site: &Site, name: &str, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * DAY);
    let copies = ["", ".br", ".gz"].map(|suffix| format!("out/{name}{suffix}"));
    for copy in copies.iter().filter(|copy| site.path(copy).exists()) {
        site.set_modified(copy, then);
    }
}

/// Which of the versions are there, each of them with its copies or gone with them.
#[track_caller]
fn left(site: &Site) -> Vec<usize> {
    let is_there = |name: &str| {
        let copies =
            ["", ".br", ".gz"].map(|suffix| site.path(&format!("out/{name}{suffix}")).exists());
        assert!(
            copies == [true; 3] || copies == [false; 3],
            "{name}: {copies:?}"
        );
        copies[0]
    };
    (1..=4)
        .filter(|version| is_there(VERSIONS[version - 1]))
        .collect()
}

fn releases(site: &Site) -> usize {
    site.run(&["releases"]).done().out.lines().count()
}

#[test]
fn files_go_by_their_age_and_what_is_in_force_stays() {
    let site = site(4, 0);
    for (version, days) in [(1, 40), (2, 20), (3, 2), (4, 400)] {
        age(&site, VERSIONS[version - 1], days);
    }
    age(&site, "a.bff139fa05ac.png", 400);
    // Not ours: no file of that name was ever collected, and no hash is in the other.
    site.write("out/theirs.0123456789ab.css", "theirs");
    site.write("out/app.notes.css", "theirs");
    for name in ["theirs.0123456789ab.css", "app.notes.css", "a.png"] {
        age(&site, name, 400);
    }

    for (limit, expected) in [
        ("9w", &[1, 2, 3, 4][..]),
        ("30d", &[2, 3, 4]),
        ("72h", &[3, 4]),
        ("1d", &[4]),
        ("0s", &[4]),
    ] {
        collect(&site, &["--prune-older-than", limit]).done();

        assert_eq!(left(&site), expected, "{limit}");
    }
    let files = site.files("out");
    for kept in [
        "theirs.0123456789ab.css",
        "app.notes.css",
        "a.bff139fa05ac.png",
        "a.png",
    ] {
        assert!(files.contains(&kept.to_owned()), "{kept} in {files:?}");
    }
}

#[test]
fn a_file_that_has_a_hashed_name_alone_goes_when_its_source_is_gone() {
    let site = site(2, 0);
    site.write("assets/gone.css", css(9));
    let only_hashed = [
        "--set",
        "STORAGES.staticfiles.OPTIONS.keep_only_hashed_files=true",
    ];
    collect(&site, &only_hashed).done();
    let files = site.files("out");
    let gone = files.iter().find(|name| name.starts_with("gone.")).unwrap();
    let gone = gone.split(".css").next().unwrap().to_owned() + ".css";
    std::fs::remove_file(site.path("assets/gone.css")).unwrap();
    // The manifest that a run replaces counts as in force.
    collect(&site, &only_hashed).done();
    // Of another program: the hash is not that of the content.
    site.write("out/theirs.0123456789ab.css", "theirs");
    for name in [&gone, "theirs.0123456789ab.css", VERSIONS[1]] {
        age(&site, name, 400);
    }
    // Copies go with their original, also where they were made later.
    site.set_modified(&format!("out/{gone}.br"), SystemTime::now());

    let ran = collect(
        &site,
        &[&only_hashed[..], &["--prune-older-than", "30d"]].concat(),
    )
    .done();

    assert!(ran.out.contains("3 static files deleted"), "{}", ran.out);
    let files = site.files("out");
    assert!(
        !files.iter().any(|name| name.starts_with("gone.")),
        "{files:?}"
    );
    for kept in ["theirs.0123456789ab.css", VERSIONS[1]] {
        assert!(files.contains(&kept.to_owned()), "{kept} in {files:?}");
    }
}

#[test]
fn what_is_pruned_is_told_before_and_after() {
    let site = site(2, 0);
    age(&site, VERSIONS[0], 40);
    let prune = ["--prune-older-than", "30d"];
    let lines = |out: &str, verb: &str| {
        let lines = out.lines().filter(|line| line.starts_with(verb));
        lines
            .map(|line| line[verb.len()..].to_owned())
            .collect::<Vec<_>>()
    };

    let told = collect(&site, &[&prune[..], &["--dry-run", "-v", "2"]].concat()).done();
    assert_eq!(left(&site), [1, 2]);
    let ran = collect(&site, &[&prune[..], &["-v", "2"]].concat()).done();

    let expected = ["", ".br", ".gz"].map(|suffix| format!(" '{}{suffix}'", VERSIONS[0]));
    assert_eq!(lines(&told.out, "Pretending to delete"), expected);
    assert_eq!(lines(&ran.out, "Deleting"), expected);
    for out in [told.out, ran.out] {
        assert!(
            out.contains("\n3 static files deleted, 0 static files copied"),
            "{out}"
        );
    }
}

#[test]
fn versions_that_no_kept_release_needs_go_with_their_releases() {
    let site = site(4, 4);
    assert_eq!((left(&site), releases(&site)), (vec![1, 2, 3, 4], 4));

    // Both say so, or the file stays.
    age(&site, VERSIONS[0], 40);
    let both = ["--keep-versions", "2", "--prune-older-than", "30d"];
    collect(&site, &both).done();
    assert_eq!((left(&site), releases(&site)), (vec![1, 2, 3, 4], 4));

    let ran = collect(&site, &["--keep-versions", "2"]).done();
    assert_eq!((left(&site), releases(&site)), (vec![3, 4], 2));
    // Two versions with two copies each, and two releases.
    assert!(
        ran.out.starts_with("\n8 static files deleted, "),
        "{}",
        ran.out
    );
    site.run(&["rollback"]).done();
    assert!(site.read("out/staticfiles.json").contains(VERSIONS[2]));

    // The release in force is one of them, however old.
    collect(&site, &["--keep-versions", "1"]).done();
    assert!(left(&site).contains(&4), "{:?}", left(&site));
}

#[test]
fn clear_and_pruning_by_age_spare_what_kept_releases_need() {
    for arguments in [&["--clear"][..], &["--prune-older-than", "0s"]] {
        let site = site(4, 2);
        site.write("out/stale.css", "stale");

        collect(&site, arguments).done();

        assert_eq!(
            (left(&site), releases(&site)),
            (vec![3, 4], 2),
            "{arguments:?}"
        );
        assert_eq!(
            site.path("out/stale.css").exists(),
            arguments != ["--clear"]
        );
        site.run(&["rollback"]).done();
        assert!(site.read("out/staticfiles.json").contains(VERSIONS[2]));
    }
}

#[test]
fn nothing_is_deleted_while_a_release_cannot_be_read() {
    let site = site(3, 2);
    let folder = "out/.storehouse/releases";
    let oldest = site.files(folder).remove(0);
    site.write(&format!("{folder}/{oldest}"), "{");
    let before = site.stamps("out");

    for arguments in [
        &["--clear"][..],
        &["--prune-older-than", "0s"],
        &["--keep-versions", "1"],
    ] {
        let ran = collect(&site, arguments).failed(1);

        assert!(ran.err.contains(&oldest), "{arguments:?}: {}", ran.err);
        assert_eq!(site.stamps("out"), before, "{arguments:?}");
    }
}

#[test]
fn more_than_may_be_deleted_stops_before_anything_is_written() {
    let site = site(2, 0);
    age(&site, VERSIONS[0], 40);
    site.write("assets/app.css", css(3));
    let before = site.stamps("out");
    let prune = |most| ["--prune-older-than", "30d", "--max-delete", most];

    let ran = collect(&site, &prune("2")).failed(1);
    ran.tells(&["3 files would be deleted, and --max-delete is 2"]);
    // What the message tells to do.
    let look = [&prune("2")[..], &["--dry-run", "-v", "2"]].concat();
    let shown = collect(&site, &look).failed(1).out;
    assert_eq!(
        shown.matches("Pretending to delete 'app.f").count(),
        3,
        "{shown}"
    );
    assert_eq!(site.stamps("out"), before);
    collect(&site, &prune("3")).done();
    assert_eq!(left(&site), [2, 3]);

    // What is replaced is not deleted.
    site.write("assets/app.css", css(2));
    collect(&site, &["--clear", "--max-delete", "3"]).done();
    assert_eq!(left(&site), [2]);
    collect(&site, &["--clear", "--max-delete", "0"]).done();
}

#[test]
fn pruning_that_cannot_be_is_wrong_usage() {
    let site = site(1, 2);
    let before = site.stamps("out");
    let plain = ["--set", "STORAGES={staticfiles={BACKEND='file:out'}}"];

    for (arguments, why) in [
        (&["--keep-versions", "3"][..], "to be 3 or more; it is 2"),
        (&["--keep-versions", "0"], "0 is not in 1..="),
        (&["--keep-versions", "all"], "invalid value 'all'"),
        (&["--prune-older-than", "yesterday"], "a time such as 30d"),
        (&["--prune-older-than", "30"], "a time such as 30d"),
        (&["--max-delete", "few"], "invalid value 'few'"),
        (
            &["--prune-older-than", "1d", "--no-post-process"],
            "hashed names only",
        ),
        (&["--keep-versions", "1", "--no-post-process"], "it is 0"),
        (
            &["--prune-older-than", "1d", plain[0], plain[1]],
            "hashed names only",
        ),
        (&["--keep-versions", "1", plain[0], plain[1]], "it is 0"),
    ] {
        let ran = collect(&site, arguments).failed(2);

        assert!(ran.err.contains(why), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    assert_eq!(site.stamps("out"), before);
}
