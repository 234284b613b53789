//! What a run of `collectstatic` remembers for the next one: it never hides a change, and whatever
//! happens to it does no harm.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use crate::{
    last_good::{LastGood, hash},
    site::{Ran, Site},
};

const COLLECT: &[&str] = &["collectstatic", "--noinput"];

/// The sources of [`LastGood::site`], each with another content of the same size.
const REPLACED: [(&str, &str); 2] = [
    ("assets/css/app.css", "c{d:url(../img/a.png)}"),
    ("assets/img/a.png", "PNG"),
];

/// A site in force whose sources look as if they had been there for an hour, and a memory of it.
fn remembered() -> (Site, LastGood) {
    let (site, good) = LastGood::site();
    for (source, _) in REPLACED {
        site.set_modified(source, hour_ago());
    }
    site.run(COLLECT).done();
    (site, good)
}

fn hour_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(3600)
}

#[test]
fn a_source_replaced_by_one_of_its_size_and_time_is_seen() {
    for (source, content) in REPLACED {
        for is_renamed in [false, true] {
            let (site, _) = remembered();
            let time = fs::metadata(site.path(source)).unwrap().modified().unwrap();

            let written = if is_renamed { "new" } else { source };
            site.write(written, content);
            site.set_modified(written, time);
            fs::rename(site.path(written), site.path(source)).unwrap();
            site.run(COLLECT).done();

            let good = LastGood::of(&site);
            let case = format!("{source}, renamed: {is_renamed}");
            assert_eq!(good.path(source), Some(expected(source, content)), "{case}");
        }
    }
}

/// The name that a source of [`REPLACED`] gets with this content.
fn expected(source: &str, content: &str) -> String {
    let content = content.replace("(../img/a.png)", "(\"../img/a.bff139fa05ac.png\")");
    let (stem, extension) = source.rsplit_once('.').unwrap();
    let stem = stem.strip_prefix("assets/").unwrap();
    format!("{stem}.{}.{extension}", hash(content.as_bytes()))
}

/// Does something with what is remembered.
type Harm = fn(&Path);

#[test]
fn a_damaged_memory_does_no_harm() {
    let damages: [(&str, Harm); 7] = [
        ("gone", |file| fs::remove_file(file).unwrap()),
        ("empty", |file| fs::write(file, "").unwrap()),
        ("cut off", |file| {
            let whole = fs::read(file).unwrap();
            fs::write(file, &whole[..whole.len() / 2]).unwrap();
        }),
        ("garbage", |file| fs::write(file, b"\0\xff{").unwrap()),
        ("other JSON", |file| fs::write(file, "[[]]").unwrap()),
        ("of another version", |file| {
            fs::write(file, r#"{"version": 999, "sources": 1, "state": 1}"#).unwrap();
        }),
        ("a folder", |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir_all(file.join("folder")).unwrap();
        }),
    ];
    for (case, damage) in damages {
        let (site, good) = remembered();
        let memory = site.files(".cache");
        let memory = memory.iter().find(|name| name.ends_with(".json"));
        let memory = site
            .path(".cache")
            .join(memory.expect("it remembers nothing"));
        // Only of sources that are older does a run note that nothing is to be done.
        let settled = memory.with_extension("settled");
        fs::copy(&memory, &settled).unwrap();
        damage(&memory);
        damage(&settled);

        let ran = site.run(COLLECT).done();
        good.is_in_force(&site, case);
        let (source, content) = REPLACED[0];
        site.write(source, content);
        site.run(COLLECT).done();

        assert_eq!(ran.err, "", "{case}");
        assert!(ran.out.contains("2 unmodified"), "{case}: {}", ran.out);
        let unfinished = |name: &String| name.ends_with(".tmp");
        assert!(!site.files(".cache").iter().any(unfinished), "{case}");
        let good = LastGood::of(&site);
        assert_eq!(good.path(source), Some(expected(source, content)), "{case}");
    }
}

#[test]
fn a_cache_folder_that_cannot_be_used_does_no_harm() {
    for (case, variable, value) in [
        ("a file", "XDG_CACHE_HOME", "storehouse.toml"),
        ("below a file", "XDG_CACHE_HOME", "storehouse.toml/cache"),
        ("below a device", "XDG_CACHE_HOME", "/dev/null/cache"),
        ("no home", "HOME", ""),
    ] {
        let (site, _) = LastGood::site();
        for (source, content) in REPLACED {
            site.write(source, content);
            let mut command = site.command(COLLECT);
            match value {
                "" => command.env(variable, value),
                value => command.env(variable, site.path(value)),
            };

            let ran = Ran::of(command.output().unwrap()).done();

            assert_eq!(ran.err, "", "{case}");
            let made = LastGood::of(&site).path(source);
            assert_eq!(made, Some(expected(source, content)), "{case}");
        }
    }
}

#[test]
fn a_memory_that_there_is_no_room_for_leaves_nothing() {
    let (site, _) = LastGood::site();
    for number in 0..40 {
        site.write(&format!("assets/{number}.css"), number.to_string());
    }
    fs::remove_dir_all(site.path(".cache")).unwrap();
    // Of all that it writes only the memory has more than four blocks of 512 bytes.
    let limited = "ulimit -f 4; exec \"$0\" collectstatic --noinput";
    let command = site.command(&[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", limited])
        .arg(command.get_program())
        .current_dir(site.path(""))
        .env_clear()
        .env("HOME", site.path(""));

    let ran = Ran::of(shell.output().unwrap()).done();

    assert_eq!(ran.err, "");
    assert_eq!(LastGood::of(&site).new_paths().len(), 40);
    assert_eq!(site.files(".cache"), [""; 0]);
}

#[test]
fn a_memory_that_cannot_be_replaced_does_no_harm() {
    let (site, _) = remembered();
    for (folder, mode) in [
        ("out", 0o777),
        ("out/css", 0o777),
        ("out/img", 0o777),
        (".cache/storehouse/staticfiles", 0o555),
    ] {
        fs::set_permissions(site.path(folder), fs::Permissions::from_mode(mode)).unwrap();
    }
    for (source, content) in REPLACED {
        site.write(source, content);

        let ran = site.run_unprivileged(COLLECT).done();

        assert_eq!(ran.err, "");
        let made = LastGood::of(&site).path(source);
        assert_eq!(made, Some(expected(source, content)));
    }
}
