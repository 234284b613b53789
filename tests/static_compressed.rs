//! Compressed copies of static files in a folder: which files have them, what is in them, and when
//! they are made again.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    time::{Duration, Instant, SystemTime},
};

use storehouse_test_support::Minio;

use crate::{
    server::Server,
    site::{Ran, Site, bucket_settings},
};

const RUN: [&str; 2] = ["collectstatic", "--noinput"];

fn site(storage: &str, options: &str) -> Site {
    Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         [STORAGES.staticfiles]\nBACKEND = \"{storage}\"\nOPTIONS = {{ {options} }}\n"
    ))
}

/// Text that is worth compressing.
fn css(number: u32) -> String {
    format!("a {{ order: {number} }}\n").repeat(50)
}

/// Bytes that no encoder makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let bytes = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    });
    bytes.take(length).collect()
}

/// The names in `out` without the hashes in them, those of compressed copies alone.
fn copies(site: &Site) -> Vec<String> {
    let names = site.files("out").into_iter();
    let mut copies: Vec<String> = names
        .filter(|name| name.ends_with(".gz") || name.ends_with(".br"))
        .map(|name| {
            let is_hash = |part: &&str| part.len() == 12 && u64::from_str_radix(part, 16).is_ok();
            let parts = name.split('.');
            let parts: Vec<&str> = parts
                .map(|part| if is_hash(&part) { "#" } else { part })
                .collect();
            parts.join(".")
        })
        .collect();
    copies.sort();
    copies
}

fn decoded(site: &Site, name: &str) -> Vec<u8> {
    let mut file = File::open(site.path("out").join(name)).unwrap();
    let mut content = Vec::new();
    if name.ends_with(".br") {
        brotli::BrotliDecompress(&mut file, &mut content).unwrap();
    } else {
        io::copy(&mut flate2::read::GzDecoder::new(file), &mut content).unwrap();
    }
    content
}

#[test]
fn what_gets_smaller_has_copies_of_the_same_content_under_both_names() {
    let site = site("compressed+manifest+file:out", "");
    site.write("assets/app.css", format!("{}b{{c:url(paper.svg)}}", css(1)));
    site.write("assets/paper.svg", "<path d='M0 0'/>".repeat(20));
    site.write("assets/tiny.css", "a{}");
    site.write("assets/empty.js", "");
    for skipped in ["a.png", "b.JPG", "c.woff2", "d.zip"] {
        site.write(&format!("assets/{skipped}"), css(2));
    }

    site.run(&RUN).done();

    assert_eq!(
        copies(&site),
        [
            "app.#.css.br",
            "app.#.css.gz",
            "app.css.br",
            "app.css.gz",
            "paper.#.svg.br",
            "paper.#.svg.gz",
            "paper.svg.br",
            "paper.svg.gz",
        ]
    );
    let contents = site.contents("out");
    let mut compared = 0;
    for name in contents.keys() {
        let plain = name.strip_suffix(".gz").or(name.strip_suffix(".br"));
        if let Some(content) = plain.and_then(|plain| contents.get(plain)) {
            assert!(decoded(&site, name) == *content, "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

#[test]
fn a_copy_that_saves_less_than_a_twentieth_is_not_kept() {
    let site = site("compressed+file:out", "");
    let mixed = |noisy| [noise(noisy), vec![b'-'; 10_000 - noisy]].concat();
    site.write("assets/little.bin", mixed(9600));
    site.write("assets/enough.bin", mixed(9000));

    site.run(&RUN).done();

    assert_eq!(copies(&site), ["enough.bin.br", "enough.bin.gz"]);
}

#[test]
fn copies_are_the_same_whenever_and_wherever_they_are_made() {
    let site = site("compressed+manifest+file:out", "");
    site.write("assets/app.css", css(1));
    site.write("elsewhere/assets/app.css", css(1));
    let year = Duration::from_secs(31_536_000);
    site.set_modified("elsewhere/assets/app.css", SystemTime::now() - year);
    let elsewhere = [
        "--set",
        "STATICFILES_DIRS=[\"elsewhere/assets\"]",
        "--set",
        "STORAGES.staticfiles.BACKEND=compressed+manifest+file:fresh",
    ];

    site.run(&RUN).done();
    site.run(&[&RUN[..], &elsewhere].concat()).done();

    let made = site.contents("out");
    assert!(made == site.contents("fresh"));
    let gzip = &made["app.css.gz"];
    // RFC 1952: no name and no comment (flags), no time (the four bytes after them).
    assert_eq!(gzip[3..8], [0; 5]);
}

#[test]
fn copies_are_made_again_only_for_what_has_changed() {
    let site = site("compressed+manifest+file:out", "");
    site.write("assets/one.css", css(1));
    site.write("assets/two.css", css(2));
    site.run(&RUN).done();
    let before = site.stamps("out");

    for memory in ["with", "without"] {
        let ran = site.run(&RUN).done();
        assert!(ran.out.contains("\n0 static files copied"), "{}", ran.out);
        assert_eq!(site.stamps("out"), before, "{memory} a memory");
        fs::remove_dir_all(site.path(".cache")).unwrap();
    }
    site.write("assets/one.css", css(3));
    site.set_modified("assets/one.css", SystemTime::now() + Duration::from_secs(9));
    site.run(&RUN).done();

    let after = site.stamps("out");
    let is_kept = |name: &&String| after.get(*name) == before.get(*name);
    let kept: Vec<&String> = before.keys().filter(is_kept).collect();
    assert_eq!(kept.len(), 9, "{kept:?}");
    assert!(
        kept.iter()
            .all(|name| name.starts_with("two.") || name.starts_with("one.f734cd007a49.")),
        "{kept:?}"
    );
    assert_eq!(decoded(&site, "one.css.br"), css(3).as_bytes());
    assert_eq!(decoded(&site, "one.css.gz"), css(3).as_bytes());
}

#[test]
fn a_copy_that_was_lost_or_damaged_is_made_again() {
    let site = site("compressed+manifest+file:out", "");
    site.write("assets/app.css", css(1));
    site.run(&RUN).done();
    let made = site.contents("out");
    fs::remove_file(site.path("out/app.css.br")).unwrap();
    let damaged = vec![0; made["app.css.gz"].len()];
    site.write("out/app.css.gz", damaged);

    site.run(&RUN).done();

    assert!(site.contents("out") == made);
}

#[test]
fn the_options_say_which_copies_there_are() {
    let options = |query: &str| format!("STORAGES.staticfiles.BACKEND=compressed+file:out?{query}");
    let skipped = |list: &str| format!("WHITENOISE_SKIP_COMPRESS_EXTENSIONS={list}");
    let (css_br, css_gz) = ("app.css.br", "app.css.gz");
    let (png_br, png_gz) = ("logo.png.br", "logo.png.gz");
    for (set, expected) in [
        (options("compression=gzip"), &[css_gz][..]),
        (options("compression=br"), &[css_br]),
        (options("compression=gzip,br"), &[css_br, css_gz]),
        (options("compress_max_bytes=750"), &[css_br, css_gz]),
        (options("compress_max_bytes=749"), &[]),
        (options("skip_compress_extensions=.CSS"), &[png_br, png_gz]),
        (skipped("[\"css\", \"png\"]"), &[]),
        (skipped("[]"), &[css_br, css_gz, png_br, png_gz]),
    ] {
        let site = site("compressed+file:out", "");
        site.write("assets/app.css", css(1));
        site.write("assets/logo.png", css(2));

        site.run(&[&RUN[..], &["--set", &set]].concat()).done();

        assert_eq!(copies(&site), expected, "{set}");
    }
}

#[test]
fn linked_files_have_copies_too() {
    let site = site("compressed+manifest+file:out", "");
    site.write("assets/app.css", css(1));

    let ran = site.run(&[&RUN[..], &["--link"]].concat()).done();

    assert!(ran.out.ends_with(", 5 post-processed.\n"), "{}", ran.out);
    assert!(site.path("out/app.css").is_symlink());
    for name in ["app.css.br", "app.css.gz", "app.f734cd007a49.css.br"] {
        assert!(!site.path("out").join(name).is_symlink(), "{name}");
        assert_eq!(decoded(&site, name), css(1).as_bytes(), "{name}");
    }
    // A run without links must not write through those that are there.
    site.write("assets/app.css", css(2));
    site.run(&RUN).done();
    assert_eq!(site.read("assets/app.css"), css(2));
    assert_eq!(decoded(&site, "app.css.gz"), css(2).as_bytes());
}

/// What the server sends of a file to a client that takes one coding, decoded.
fn sent(server: &Server, name: &str, coding: &str) -> Vec<u8> {
    let path = format!("/static/{name}");
    let answer = server.get_with(&path, &[&format!("Accept-Encoding: {coding}")]);
    assert_eq!(answer.status, 200, "{path}");
    let mut content = Vec::new();
    match answer.header("content-encoding") {
        Some("br") => {
            brotli::BrotliDecompress(&mut &answer.body[..], &mut content).unwrap();
        }
        Some("gzip") => {
            let mut decoder = flate2::read::GzDecoder::new(&answer.body[..]);
            io::copy(&mut decoder, &mut content).unwrap();
        }
        _ => content = answer.body,
    }
    content
}

#[track_caller]
fn assert_sends(server: &Server, name: &str, content: &[u8], case: &str) {
    for coding in ["identity", "gzip", "br"] {
        // A look is good for a second.
        let deadline = Instant::now() + Duration::from_secs(10);
        while sent(server, name, coding) != content {
            assert!(Instant::now() < deadline, "in vain: {case}: {coding}");
            std::thread::yield_now();
        }
    }
}

/// Writes a source so that Django's rule sees it, in whichever second it is.
fn replace(site: &Site, name: &str, content: &[u8], age: Duration) {
    site.write(name, content);
    let file = File::options().write(true).open(site.path(name)).unwrap();
    file.set_modified(SystemTime::now() + age).unwrap();
}

#[test]
fn a_copy_never_outlives_its_original() {
    let contents: [(&str, Vec<u8>); 4] = [
        ("empty", Vec::new()),
        ("too small", b"{}".to_vec()),
        ("no smaller", noise(4000)),
        ("another that gets smaller", css(2).into_bytes()),
    ];
    for storage in ["compressed+file:out", "compressed+manifest+file:out"] {
        for (case, content) in &contents {
            for with in [storage, &storage.replace("compressed+", "")] {
                let site = site(storage, "");
                replace(&site, "assets/app.txt", css(1).as_bytes(), Duration::ZERO);
                site.run(&RUN).done();
                replace(&site, "assets/app.txt", content, Duration::from_secs(10));
                let set = format!("STORAGES.staticfiles.BACKEND={with}");

                let ran = site.run(&[&RUN[..], &["--set", &set]].concat()).done();
                let server = Server::start(&site, &["--set", &set]);

                let case = format!("{case}, {storage} then {with}: {}", ran.out);
                assert_sends(&server, "app.txt", content, &case);
                for end in ["br", "gz"] {
                    let name = format!("app.txt.{end}");
                    if site.path("out").join(&name).exists() {
                        assert_eq!(decoded(&site, &name), *content, "{case}: {name}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_file_that_was_edited_where_it_is_served_is_sent_without_its_copies() {
    let site = site("compressed+file:out", "");
    site.write("assets/app.css", css(1));
    site.run(&RUN).done();
    let server = Server::start(&site, &[]);
    assert_sends(&server, "app.css", css(1).as_bytes(), "as it was collected");
    let gzip = server.get_with("/static/app.css", &["Accept-Encoding: gzip"]);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));

    replace(&site, "out/app.css", b"edited", Duration::from_secs(1));

    assert_sends(&server, "app.css", b"edited", "edited");
}

#[test]
fn a_source_that_was_touched_keeps_its_copies() {
    let site = site("compressed+file:out", "");
    site.write("assets/app.css", css(1));
    site.run(&RUN).done();
    replace(
        &site,
        "assets/app.css",
        css(1).as_bytes(),
        Duration::from_secs(10),
    );

    let ran = site.run(&RUN).done();
    let server = Server::start(&site, &[]);

    assert!(ran.out.contains("1 static file copied"), "{}", ran.out);
    assert_eq!(copies(&site), ["app.css.br", "app.css.gz"]);
    let gzip = server.get_with("/static/app.css", &["Accept-Encoding: gzip"]);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
}

#[test]
fn copies_in_a_bucket_go_with_what_they_were_made_of() {
    let minio = Minio::get();
    for (case, content) in [("empty", Vec::new()), ("no smaller", noise(4000))] {
        for with in ["compressed+s3", "s3"] {
            let bucket = minio.bucket("stale-copies");
            let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
            let push = |prefix: &str| {
                let set = format!("STATICFILES_STORAGE={prefix}://{}/static", bucket.name());
                site.run(&[&RUN[..], &["--set", &set]].concat()).done()
            };
            site.write("assets/app.css", css(1));
            site.write("assets/other.css", css(2));
            push("compressed+s3");
            assert_eq!(bucket.object_names().len(), 6);
            site.write("assets/app.css", &content);

            push(with);

            let names = bucket.object_names();
            assert!(
                !names.iter().any(|name| name.starts_with("static/app.css.")),
                "{case}: {names:?}"
            );
            assert!(
                names.contains(&"static/other.css.br".to_owned()),
                "{case}: {names:?}"
            );
        }
    }
}

/// Fails unless the file is what is said, and each of its copies too.
#[track_caller]
fn assert_collected(site: &Site, name: &str, content: &str, case: &str) {
    assert_eq!(site.read(&format!("out/{name}")), content, "{case}");
    for end in ["br", "gz"] {
        let copy = format!("{name}.{end}");
        if site.path("out").join(&copy).exists() {
            let decoded = decoded(site, &copy);
            assert_eq!(
                String::from_utf8(decoded).unwrap(),
                content,
                "{case}: {copy}"
            );
        }
    }
}

/// What happens, and how it is done to the site.
type Case<'c> = (&'c str, &'c dyn Fn(&Site));

#[test]
fn another_source_is_collected_though_it_is_older() {
    for storage in [
        "file:out",
        "compressed+file:out",
        "compressed+manifest+file:out",
    ] {
        let cases: [Case<'_>; 4] = [
            ("another release", &|site| {
                fs::remove_file(site.path("assets")).unwrap();
                symlink("two", site.path("assets")).unwrap();
            }),
            ("folders in another place", &|site| {
                for (from, to) in [("one", "was"), ("two", "one")] {
                    fs::rename(site.path(from), site.path(to)).unwrap();
                }
            }),
            ("the first folder has it no more", &|site| {
                fs::remove_file(site.path("one/app.css")).unwrap();
            }),
            ("the copy is of tomorrow", &|site| {
                let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
                site.set_modified("out/app.css", tomorrow);
                site.write("one/app.css", css(2));
            }),
        ];
        for (case, change) in cases {
            let site = site(storage, "");
            site.write("one/app.css", css(1));
            site.write("two/app.css", css(2));
            symlink("one", site.path("assets")).unwrap();
            let run = [&RUN[..], &["--set", "STATICFILES_DIRS=assets,two"]].concat();
            site.run(&run).done();

            change(&site);
            site.run(&run).done();

            assert_collected(&site, "app.css", &css(2), &format!("{storage}: {case}"));
        }
    }
}

#[test]
fn no_copy_is_made_for_a_file_that_was_edited_where_it_is() {
    for storage in ["compressed+file:out", "compressed+manifest+file:out"] {
        for with in [storage, &storage.replace("compressed+", "")] {
            for are_lost in [false, true] {
                let site = site(storage, "");
                site.write("assets/app.css", css(1));
                site.run(&RUN).done();
                replace(
                    &site,
                    "out/app.css",
                    css(2).as_bytes(),
                    Duration::from_secs(1),
                );
                if are_lost {
                    for end in ["br", "gz"] {
                        fs::remove_file(site.path(&format!("out/app.css.{end}"))).unwrap();
                    }
                }
                let set = format!("STORAGES.staticfiles.BACKEND={with}");

                let ran = site.run(&[&RUN[..], &["--set", &set]].concat()).done();

                let case = format!("{storage} then {with}, lost: {are_lost}: {}", ran.out);
                assert_collected(&site, "app.css", &css(2), &case);
                assert!(!site.path("out/app.css.gz").exists(), "{case}");
            }
        }
    }
}

#[test]
fn a_run_that_failed_leaves_no_stale_copy_to_the_next() {
    let site = site("compressed+file:out", "");
    site.write("assets/app.css", css(1));
    site.run(&RUN).done();
    replace(
        &site,
        "assets/app.css",
        css(2).as_bytes(),
        Duration::from_secs(2),
    );
    site.write("assets/z.bin", noise(300_000));
    let set = "STORAGES.staticfiles.BACKEND=file:out";
    let command = site.command(&[]);
    let script = "ulimit -f 100; exec \"$0\" collectstatic --noinput --set \"$1\"";
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", script])
        .arg(command.get_program())
        .arg(set)
        .current_dir(site.path(""))
        .env_clear()
        .env("HOME", site.path(""));
    Ran::of(shell.output().unwrap()).failed(1);
    assert_eq!(site.read("out/app.css"), css(2));

    site.run(&[&RUN[..], &["--set", set]].concat()).done();

    assert_collected(&site, "app.css", &css(2), "after a run that failed");
    assert_eq!(copies(&site), Vec::<String>::new());
}

#[test]
fn a_run_that_has_nothing_to_do_reads_no_file_again() {
    let site = site("compressed+file:out", "");
    for number in 0..3 {
        site.write(&format!("assets/{number}.css"), css(number));
    }
    site.run(&RUN).done();
    // Times of long ago, as after `tar`: compared once.
    for number in 0..3 {
        site.set_modified(&format!("assets/{number}.css"), SystemTime::UNIX_EPOCH);
    }
    for round in 0..2 {
        let ran = site.run(&RUN).done();
        assert!(
            ran.out.contains("0 static files copied"),
            "{round}: {}",
            ran.out
        );
        assert!(ran.out.contains(", 3 unmodified"), "{round}: {}", ran.out);
        assert_eq!(copies(&site).len(), 6, "{round}");
    }
}

#[test]
fn a_dry_run_tells_which_old_copies_would_go() {
    for storage in [
        "filesystem",
        "compressed+file:out",
        "compressed+manifest+file:out",
    ] {
        let site = site(storage, "");
        site.write("assets/app.css", css(1));
        site.write("assets/small.css", "a");
        site.run(&RUN).done();
        for copy in ["app.css.zst", "small.css.gz"] {
            site.write(&format!("out/{copy}"), "of an earlier content");
        }
        site.write("assets/app.css", css(2));
        site.write("assets/small.css", "b");
        let before = site.contents("out");
        let verbose = [&RUN[..], &["-v", "2"]].concat();
        let told = |out: &str, words: &str| {
            let lines = out.lines().filter(|line| line.starts_with(words));
            let names = lines.filter_map(|line| line.split('\'').nth(1));
            let mut copies: Vec<String> = names
                .filter(|name| !name.ends_with(".css"))
                .map(str::to_owned)
                .collect();
            copies.sort();
            copies
        };

        let dry = site.run(&[&verbose[..], &["--dry-run"]].concat()).done();
        assert_eq!(site.contents("out"), before, "{storage}");
        let most = site
            .run(&[&RUN[..], &["--dry-run", "--max-delete", "1"]].concat())
            .failed(1);
        let real = site.run(&verbose).done();

        most.tells(&["2 files would be deleted"]);
        assert_eq!(
            told(&dry.out, "Pretending to delete"),
            ["app.css.zst", "small.css.gz"],
            "{storage}: {dry:?}"
        );
        assert_eq!(
            told(&real.out, "Deleting"),
            ["app.css.zst", "small.css.gz"],
            "{storage}: {real:?}"
        );
    }
}
