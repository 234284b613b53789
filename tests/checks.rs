//! `check`: which problem has which id, and which of them fail.

use std::{os::unix::fs::symlink, process::Stdio};

use storehouse_test_support::{Action, Minio, Proxy, Response};

use crate::site::{Ran, Site, bucket_settings};

const GOOD: &str = "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nMEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n";

#[test]
fn check_has_nothing_to_say_about_good_settings() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nMEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n",
    );

    let ran = site.run(&["check", "--deploy"]).done();

    assert_eq!(ran.out, "System check identified no issues.\n");
    assert_eq!(site.files("media"), Vec::<String>::new());
    assert_eq!(site.files("out"), Vec::<String>::new());
}

#[test]
fn check_has_djangos_ids() {
    let site = Site::new(
        "STATIC_URL = \"/static\"\nSTATIC_ROOT = \"a\"\nSTATICFILES_DIRS = [\"a\", [\"p/\", \"b\"]]\nMEDIA_ROOT = \"m\"\nMEDIA_URL = \"/media/\"\n",
    );

    let ran = site.run(&["check"]);

    assert_eq!(ran.code, 1, "{ran:?}");
    for id in [
        "staticfiles.E002",
        "staticfiles.E003",
        "staticfiles.W004",
        "urls.E006",
    ] {
        assert!(ran.out.contains(&format!("({id})")), "{id}: {}", ran.out);
    }
}

/// What is set, the ids of the problems, and the exit code.
const PROBLEMS: &[(&[&str], &[&str], i32)] = &[
    (&["MEDIA_URL=/static/"], &["storehouse.E003"], 1),
    (&["FILE_UPLOAD_TEMP_DIR=nowhere"], &["files.E001"], 1),
    (&["FILE_UPLOAD_TEMP_DIR=."], &[], 0),
    (&["WHITENOISE_ROOT=src"], &[], 0),
    (&["WHITENOISE_ROOT=nowhere"], &["storehouse.W002"], 0),
    (
        &["WHITENOISE_ROOT=."],
        &["storehouse.E010", "storehouse.E011"],
        1,
    ),
    (
        &["WHITENOISE_ROOT=src", "MEDIA_ROOT=src/static/media"],
        &["storehouse.E011"],
        1,
    ),
    (
        &["WHITENOISE_ROOT=src/static", "MEDIA_ROOT=src"],
        &["storehouse.E011"],
        1,
    ),
    (
        &["MEDIA_ROOT=out"],
        &["storehouse.E004", "storehouse.E011", "storehouse.W001"],
        1,
    ),
    (
        &["DEFAULT_FILE_STORAGE=file:out"],
        &["storehouse.E004", "storehouse.E011", "storehouse.W001"],
        1,
    ),
    (
        &["MEDIA_ROOT=out/media"],
        &["storehouse.E011", "storehouse.W001"],
        1,
    ),
    (
        &["DEFAULT_FILE_STORAGE=file:out/media"],
        &["storehouse.E011", "storehouse.W001"],
        1,
    ),
    // The files of the site itself, in each folder that is served.
    (
        &["MEDIA_ROOT=."],
        &["storehouse.E010", "storehouse.E011"],
        1,
    ),
    (
        &["DEFAULT_FILE_STORAGE=file:.."],
        &["storehouse.E010", "storehouse.E011"],
        1,
    ),
    (
        &["STATIC_ROOT=."],
        &["storehouse.E010", "storehouse.E011", "storehouse.W001"],
        1,
    ),
    (
        &[r#"STATICFILES_DIRS=["."]"#],
        &["storehouse.E010", "storehouse.E001", "storehouse.E011"],
        1,
    ),
    (&["STATIC_ROOT=media/static"], &["storehouse.E011"], 1),
    // Another name for the collected files.
    (
        &[r#"STORAGES.raw={ BACKEND = "file:out" }"#],
        &["storehouse.W005"],
        0,
    ),
    (&["WHITENOISE_INDEX_FILE=../x"], &["storehouse.E012"], 1),
    (&["MEDIA_REDIRECT=1"], &["storehouse.E012"], 1),
    (
        &[r#"SERVE_HEADERS=[{ match = [1], headers = {} }]"#],
        &["storehouse.E012"],
        1,
    ),
    (
        &["STORAGES.default.OPTIONS.directory_permissions_mode=0o600"],
        &["storehouse.W004"],
        0,
    ),
    (
        &["STORAGES.default.OPTIONS.directory_permissions_mode=0o744"],
        &["storehouse.W004"],
        0,
    ),
    (
        &["STORAGES.default.OPTIONS.directory_permissions_mode=0"],
        &["storehouse.W004"],
        0,
    ),
    (
        &["STORAGES.default.OPTIONS.directory_permissions_mode=0o200"],
        &["storehouse.W004"],
        0,
    ),
    (
        &["STORAGES.default.OPTIONS.directory_permissions_mode=0o750"],
        &[],
        0,
    ),
    (
        &["STATIC_ROOT=src/out", r#"STATICFILES_DIRS=["src"]"#],
        &["storehouse.E001"],
        1,
    ),
    (
        &["STATIC_ROOT=src/static/out", r#"INSTALLED_APPS=["./src"]"#],
        &["storehouse.E001"],
        1,
    ),
    (
        &["STATIC_ROOT=src/static", r#"INSTALLED_APPS=["./src"]"#],
        &["storehouse.W001"],
        0,
    ),
    (
        &[r#"STATICFILES_DIRS=["nowhere"]"#],
        &["staticfiles.W004"],
        0,
    ),
    (&["MEDIA_URL=/media"], &["urls.E006"], 1),
    (&["STATIC_URL="], &["storehouse.E008"], 1),
    (
        &["MEDIA_URL=/static/media/", "DEBUG=1"],
        &["storehouse.E009"],
        1,
    ),
    (&["MEDIA_URL=/static/media/"], &[], 0),
    // It is the whole site by default, and so are static files.
    (&["STATIC_URL=/", "MEDIA_URL="], &["storehouse.E003"], 1),
    (
        &[
            r#"STATICFILES_FINDERS=["x"]"#,
            r#"STATICFILES_DIRS=["out"]"#,
        ],
        &["storehouse.E007"],
        1,
    ),
];

/// Where a private storage lies, what else is set, and the ids.
const PRIVATE_FOLDERS: &[(&str, &[&str], &[&str])] = &[
    ("media/private", &[], &["storehouse.E011"]),
    ("media", &[], &["storehouse.E011"]),
    ("private", &[], &[]),
    ("out/private", &[], &["storehouse.E011"]),
    (
        "public/private",
        &["WHITENOISE_ROOT=public"],
        &["storehouse.E011"],
    ),
    (
        "media/private",
        &["STORAGES.default.OPTIONS.querystring_auth=true"],
        &[],
    ),
    // Where static files are collected from.
    (
        "src/static/private",
        &[r#"STATICFILES_DIRS=["src/static"]"#],
        &["storehouse.E011"],
    ),
    (
        "src/static/private",
        &[r#"INSTALLED_APPS=["./src"]"#],
        &["storehouse.E011"],
    ),
    ("src/private", &[r#"INSTALLED_APPS=["./src"]"#], &[]),
    (
        "private",
        &[r#"INSTALLED_APPS=["./src"]"#, "MEDIA_ROOT=src/static/media"],
        &["storehouse.E011"],
    ),
    // Around what is served: the application alone knows the names.
    (".", &[], &["storehouse.W005", "storehouse.W005"]),
];

/// A link in the folder of sources, and the id.
const LINKS: &[(&str, &str, Option<&str>)] = &[
    (
        "src/static/a.toml",
        "storehouse.toml",
        Some("storehouse.E010"),
    ),
    ("src/static/all", "", Some("storehouse.E010")),
    ("src/static/mine", "private", Some("storehouse.E011")),
    (
        "src/static/sub/one.txt",
        "private/one.txt",
        Some("storehouse.E011"),
    ),
    ("src/static/other", "elsewhere", None),
    // Uploads would run as pages of the site.
    ("src/static/up", "media", Some("storehouse.E011")),
];

#[test]
fn links_to_what_nobody_may_read_are_not_collected() {
    for (link, to, id) in LINKS {
        let site = Site::new(&format!(
            r#"{GOOD}
            INSTALLED_APPS = ["./src"]
            [STORAGES]
            default.BACKEND = "filesystem"
            staticfiles.BACKEND = "filesystem"
            invoices.BACKEND = "file:private"
            invoices.OPTIONS = {{ base_url = "/invoices/", querystring_auth = true }}
            "#
        ));
        for path in [
            "private/one.txt",
            "elsewhere/two.txt",
            "src/static/sub/a.css",
            "media/three.html",
        ] {
            site.write(path, path);
        }
        // The whole site would hold the link itself.
        let to = match *to {
            "" => {
                let inner = site.path("inner");
                std::fs::create_dir(&inner).unwrap();
                std::fs::hard_link(site.path("storehouse.toml"), inner.join("x.toml")).unwrap();
                inner
            }
            to => site.path(to),
        };
        symlink(to, site.path(link)).unwrap();

        let checked = site.run(&["check"]);
        let collected = site.run(&["collectstatic", "--noinput"]);
        // If it is not refused, this ends it.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = taken.local_addr().unwrap().to_string();
        let served = site.run(&["serve", &place, "--insecure"]).failed(1);

        served.tells(&[id.unwrap_or("address in use")]);
        assert_eq!(told(&checked), id.as_slice(), "{link}: {}", checked.out);
        match id {
            Some(id) => {
                collected.failed(1).tells(&[id, link]);
                assert_eq!(site.files("out"), Vec::<String>::new(), "{link}");
            }
            None => assert!(site.files("out").contains(&"other/two.txt".to_owned())),
        }
    }
}

#[test]
fn folders_in_which_not_all_links_can_be_looked_at_are_told() {
    let site = Site::new(&format!(r#"{GOOD} INSTALLED_APPS = ["./src"]"#));
    site.write("src/static/a.css", "a");
    symlink(site.path("src"), site.path("src/static/circle")).unwrap();

    let checked = site.run(&["check"]);

    assert_eq!(told(&checked), ["storehouse.W009"], "{}", checked.out);
    // Beside an address that is taken, which ends it.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let served = site.run(&["serve", &place, "--insecure"]).failed(1);
    served.tells(&["storehouse.W009", "circle", "address in use"]);
}

#[test]
fn private_files_are_in_no_folder_that_everybody_reads() {
    for (folder, sets, ids) in PRIVATE_FOLDERS {
        let storages = format!(
            r#"
            [STORAGES]
            default.BACKEND = "filesystem"
            staticfiles.BACKEND = "filesystem"
            invoices.BACKEND = "file:{folder}"
            invoices.OPTIONS = {{ base_url = "/invoices/", querystring_auth = true }}
            "#
        );
        let site = Site::new(&format!("{GOOD}{storages}"));
        site.write("public/robots.txt", "a");
        site.write("src/static/a.css", "a");
        let mut arguments = vec!["check"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));

        let ran = site.run(&arguments);

        assert_eq!(told(&ran), *ids, "{folder} {sets:?}: {}", ran.out);
    }
}

/// Where the storages of media, of static files and of invoices are in buckets, and the ids.
const BUCKETS: &[(&str, &str, &str, &[&str])] = &[
    ("one", "two", "three", &[]),
    ("one/media", "one/static", "one/private", &[]),
    ("one", "two", "one/private", &["storehouse.E011"]),
    ("one/media", "one", "two", &["storehouse.E011"]),
    ("one/media", "one/med", "two", &[]),
];

#[test]
fn places_in_buckets_are_compared_too() {
    for (media, static_files, invoices, ids) in BUCKETS {
        let storage = |alias: &str, place: &str, is_private: bool| {
            format!(
                "[STORAGES.{alias}]\nBACKEND = \"s3://{place}\"\nOPTIONS = {{ endpoint_url = \"http://127.0.0.1:1\", access_key = \"a\", secret_key = \"b\", querystring_auth = {is_private} }}\n"
            )
        };
        let site = Site::new(&format!(
            "STATIC_URL = \"/static/\"\nMEDIA_URL = \"/media/\"\n{}{}{}",
            storage("default", media, false),
            storage("staticfiles", static_files, false),
            storage("invoices", invoices, true)
        ));

        let ran = site.run(&["check"]);

        assert_eq!(
            told(&ran),
            *ids,
            "{media} {static_files} {invoices}: {}",
            ran.out
        );
    }
}

#[test]
fn a_url_of_media_that_no_storage_has_is_told() {
    let storages = "[STORAGES.staticfiles]\nBACKEND = \"file:out\"\n";
    let site = Site::new(&format!("{GOOD}{storages}"));

    let ran = site.run(&["check"]).done();

    assert_eq!(told(&ran), ["storehouse.W006"], "{}", ran.out);
}

#[test]
fn each_problem_has_its_id() {
    for (sets, ids, code) in PROBLEMS {
        let site = Site::new(GOOD);
        site.write("src/static/a.css", "a");
        let mut arguments = vec!["check"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));

        let ran = site.run(&arguments);

        assert_eq!(ran.code, *code, "{sets:?}: {ran:?}");
        assert_eq!(told(&ran), *ids, "{sets:?}: {}", ran.out);
    }
}

/// The ids of the problems, in the order in which they are told.
fn told(ran: &Ran) -> Vec<&str> {
    let told = ran.out.lines().filter_map(|line| line.strip_prefix("?: ("));
    told.filter_map(|line| line.split(')').next()).collect()
}

/// What is set where `linked` leads to the folder of the site and `public` to `src`, and the ids.
const LINKED: &[(&[&str], &[&str])] = &[
    (
        &["WHITENOISE_ROOT=linked"],
        &["storehouse.E010", "storehouse.E011"],
    ),
    (
        &["WHITENOISE_ROOT=src/static", "MEDIA_ROOT=public"],
        &["storehouse.E011"],
    ),
    // Its last folder is not there yet.
    (
        &["WHITENOISE_ROOT=public", "MEDIA_ROOT=linked/src/media"],
        &["storehouse.E011"],
    ),
    // It lies in the folder of media by its name alone: no upload is written through the link.
    (&["WHITENOISE_ROOT=media/public"], &[]),
];

#[test]
fn a_root_is_compared_by_where_links_lead() {
    for (sets, ids) in LINKED {
        let site = Site::new(GOOD);
        site.write("src/static/a.css", "a");
        site.write("media/a.txt", "a");
        for (link, to) in [("linked", ""), ("public", "src"), ("media/public", "src")] {
            symlink(site.path(to), site.path(link)).unwrap();
        }
        let mut arguments = vec!["check"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));

        let ran = site.run(&arguments);

        assert_eq!(told(&ran), *ids, "{sets:?}: {}", ran.out);
    }
}

#[test]
fn without_media_the_site_cannot_be_static_files_alone() {
    let settings = "STATIC_URL = \"/\"\nSTATIC_ROOT = \"out\"\n";
    let site = Site::new(&format!("{settings}DEFAULT_FILE_STORAGE = \"memory:\"\n"));

    let ran = site.run(&["check"]);
    let elsewhere = site.run(&["check", "--set", "STATICFILES_STORAGE=memory:"]);

    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("(storehouse.E003)"), "{}", ran.out);
    elsewhere.done();
}

#[test]
fn static_files_that_go_to_no_folder_need_no_static_url() {
    let site = Site::new("DEFAULT_FILE_STORAGE = \"memory:\"\nSTATICFILES_STORAGE = \"memory:\"\n");

    site.run(&["check"]).done();
}

#[test]
fn static_dirs_that_are_no_list_have_djangos_id() {
    let site = Site::new("STATICFILES_DIRS = \"assets\"\n");

    let ran = site.run(&["check"]).failed(1);

    ran.tells(&["(staticfiles.E001)"]);
}

#[test]
fn storages_without_static_files_have_djangos_id() {
    let storages = "[STORAGES]\ndefault.BACKEND = \"filesystem\"\n";
    let site = Site::new(&format!("{GOOD}{storages}"));

    let ran = site.run(&["check"]);

    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("(staticfiles.E005)"), "{}", ran.out);
}

#[test]
fn a_storage_that_cannot_be_opened_is_an_error() {
    let site =
        Site::new("STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nMEDIA_URL = \"/media/\"\n");

    let ran = site.run(&["check"]);

    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("?: (storehouse.E005)") && ran.out.contains("MEDIA_ROOT"),
        "{}",
        ran.out
    );
}

#[test]
fn an_empty_url_needs_no_slash() {
    let site = Site::new(GOOD);

    site.run(&["check", "--set", "MEDIA_URL="]).done();
}

#[test]
fn debug_is_a_problem_only_in_production() {
    let site = Site::new(GOOD);

    let here = site.run(&["check", "--set", "DEBUG=true"]).done();
    let deployed = site
        .run(&["check", "--deploy", "--set", "DEBUG=true"])
        .done();

    assert_eq!(here.out, "System check identified no issues.\n");
    assert!(deployed.out.contains("(security.W018)"), "{}", deployed.out);
}

/// What is set, and the ids of the problems. A key counts if a storage signs with it.
const KEYS: &[(&[&str], &[&str])] = &[
    (&[], &[]),
    (&["SECRET_KEY=short"], &["security.W009"]),
    (&[STRONG], &[]),
    (
        &["SECRET_KEY=aaabbbaaabbbaaabbbaaabbbaaabbbaaabbbaaabbbaaabbbaaabbb"],
        &["security.W009"],
    ),
    (
        &["SECRET_KEY=django-insecure-7s8dfk2j3h4g5f6d7s8a9q0w1e2r3t4y5u6i7o8p"],
        &["security.W009"],
    ),
    (&[PRIVATE], &["security.W009"]),
    (&[PRIVATE, STRONG], &[]),
    (
        &[STRONG, "SECRET_KEY_FALLBACKS=['short']"],
        &["security.W025"],
    ),
    (&["SECRET_KEY_FALLBACKS=['short']"], &[]),
    // It has no URLs.
    (
        &["SECRET_KEY=short", "DEFAULT_FILE_STORAGE=memory:?base_url="],
        &[],
    ),
];
const STRONG: &str = "SECRET_KEY=7s8dfk2j3h4g5f6d7s8a9q0w1e2r3t4y5u6i7o8p9a0s1d2f3g4h5";
const PRIVATE: &str = "DEFAULT_FILE_STORAGE=file:media?querystring_auth=true";

#[test]
fn a_weak_key_is_a_problem_where_urls_are_signed_with_it() {
    for (sets, ids) in KEYS {
        let site = Site::new(GOOD);
        let mut arguments = vec!["check", "--deploy"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));

        let ran = site.run(&arguments).done();

        assert_eq!(told(&ran), *ids, "{sets:?}: {}", ran.out);
        assert!(!ran.out.contains("short"), "{sets:?}: {}", ran.out);
    }
    let site = Site::new(GOOD);
    let here = site.run(&["check", "--set", "SECRET_KEY=short"]).done();
    assert_eq!(here.out, "System check identified no issues.\n");
}

#[test]
fn a_bucket_signs_with_the_keys_of_its_service() {
    let minio = Minio::get();
    let bucket = minio.bucket("check-keys");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("assets/a.css", "a");

    let ran = site
        .run(&["check", "--deploy", "--set", "SECRET_KEY=short"])
        .done();

    assert_eq!(ran.out, "System check identified no issues.\n");
}

#[test]
fn a_storage_that_cannot_be_written_to_shows_when_it_is_tried() {
    let storages = r#"
        [STORAGES]
        default.BACKEND = "filesystem"
        staticfiles.BACKEND = "filesystem"
        bad.BACKEND = "file:a-file"
    "#;
    let site = Site::new(&format!("{GOOD}{storages}"));
    site.write("a-file", "no folder");

    site.run(&["check"]).done();
    let ran = site.run(&["check", "--deploy"]);
    let json = site.run(&["check", "--deploy", "--json"]);

    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("?: (storehouse.E006) cannot save") && ran.out.contains("to bad (file://"),
        "{}",
        ran.out
    );
    assert_eq!(json.code, 1, "{json:?}");
    let line: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(line["id"], "storehouse.E006");
    assert_eq!(line["level"], "error");
    assert_eq!(site.read("a-file"), "no folder");
}

#[test]
fn the_storage_of_a_manifest_is_tried_once() {
    let with_alias = "\"bad\"\nbad.BACKEND = \"file:a-file\"";
    for (manifest_storage, tried) in [
        ("\"file:a-file\"", "the manifest_storage of \"staticfiles\""),
        (with_alias, "the storage \"bad\""),
    ] {
        let site = Site::new(&format!(
            r#"{GOOD}
            [STORAGES]
            default.BACKEND = "filesystem"
            staticfiles.BACKEND = "manifest+file:out"
            staticfiles.OPTIONS.manifest_storage = {manifest_storage}
            "#
        ));
        site.write("a-file", "no folder");

        site.run(&["check"]).done();
        let ran = site.run(&["check", "--deploy"]);

        assert_eq!(ran.code, 1, "{ran:?}");
        let told: Vec<&str> = ran.out.split("(storehouse.E006)").collect();
        assert_eq!(told.len(), 2, "{tried}: {}", ran.out);
        assert!(told[1].contains(tried), "{tried}: {}", ran.out);
    }
}

#[test]
fn a_problem_is_a_failure_also_where_nobody_reads_it() {
    let site = Site::new(GOOD);
    let mut command = site.command(&["check", "--set", "MEDIA_URL=/media"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();

    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());

    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn a_bucket_that_answers_wrongly_shows_when_it_is_tried() {
    let other = Response::new(200)
        .header("etag", "\"other\"")
        .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        .body("something else");
    for (method, answer, says) in [
        ("GET", other, "gave back something else than was saved"),
        ("DELETE", Response::new(204), "is still there"),
    ] {
        let minio = Minio::get();
        let bucket = minio.bucket("check-live");
        let proxy = Proxy::start(minio.endpoint());
        let site = Site::new(&bucket_settings(&minio, &bucket, &proxy.endpoint()));
        site.write("assets/a.css", "a");
        proxy.when(
            move |request| {
                let is_file = request.path().contains("storehouse-check");
                request.method == method && is_file && request.query("uploadId").is_none()
            },
            Action::Respond(answer),
        );

        let ran = site.run(&["check", "--deploy"]);

        assert_eq!(ran.code, 1, "{method}: {ran:?}");
        assert!(ran.out.contains(says), "{method}: {}", ran.out);
        let left = bucket.object_names().len();
        assert_eq!(left, usize::from(method == "DELETE"), "{method}");
    }
}

#[test]
fn checks_of_one_kind_are_run_and_the_level_that_fails_is_chosen() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nMEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media\"\nSTATICFILES_DIRS = [\"nowhere\"]\n",
    );
    for (arguments, ids, code) in [
        (&[][..], &["urls.E006", "staticfiles.W004"][..], 1),
        (&["--tag", "staticfiles"], &["staticfiles.W004"], 0),
        (&["-t", "urls", "-t", "files"], &["urls.E006"], 1),
        (&["--tag", "security"], &[], 0),
        (
            &["--tag", "staticfiles", "--fail-level", "WARNING"],
            &["staticfiles.W004"],
            1,
        ),
        (
            &["--fail-level", "CRITICAL"],
            &["urls.E006", "staticfiles.W004"],
            0,
        ),
    ] {
        let ran = site.run(&[&["check"], arguments].concat());

        assert_eq!(told(&ran), ids, "{arguments:?}: {}", ran.out);
        assert_eq!(ran.code, code, "{arguments:?}");
    }
    let tags = site.run(&["check", "--list-tags"]).done();
    assert_eq!(tags.out, "files\nsecurity\nstaticfiles\nstorages\nurls\n");
    let unknown = site.run(&["check", "--tag", "models"]).failed(1);
    unknown.tells(&[
        "There is no system check with the \"models\" tag",
        "staticfiles",
    ]);
}

#[test]
fn checks_can_be_skipped() {
    let site = Site::new(
        "STATIC_URL = \"/static\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"src\"]\n",
    );
    site.write("src/a.css", "a");

    site.run(&["findstatic", "a.css", "--set", "MEDIA_URL=/media"])
        .failed(1);
    site.run(&[
        "findstatic",
        "a.css",
        "--set",
        "MEDIA_URL=/media",
        "--skip-checks",
    ])
    .done();
}

/// The production settings that cookiecutter-django writes for Amazon, as TOML.
const COOKIECUTTER: &str = r#"
DEBUG = false
AWS_ACCESS_KEY_ID = "AKIA"
AWS_SECRET_ACCESS_KEY = "secret"
AWS_STORAGE_BUCKET_NAME = "my-project"
AWS_QUERYSTRING_AUTH = false
AWS_S3_OBJECT_PARAMETERS = { CacheControl = "max-age=604800, s-maxage=604800, must-revalidate" }
AWS_S3_MAX_MEMORY_SIZE = 100_000_000
AWS_S3_REGION_NAME = "eu-central-1"
AWS_S3_CUSTOM_DOMAIN = "cdn.example.com"
AWS_S3_SIGNATURE_VERSION = "s3v4"
AWS_S3_USE_THREADS = true
COLLECTFASTA_STRATEGY = "collectfasta.strategies.boto3.Boto3Strategy"
MEDIA_URL = "https://cdn.example.com/media/"
STATIC_URL = "https://cdn.example.com/static/"

[STORAGES.default]
BACKEND = "storages.backends.s3.S3Storage"
OPTIONS = { location = "media", file_overwrite = false, file_name_charset = "utf-8" }

[STORAGES.staticfiles]
BACKEND = "storages.backends.s3.S3Storage"
OPTIONS = { location = "static", default_acl = "public-read", config = {} }
"#;

#[test]
fn settings_of_a_django_project_on_amazon_are_good_with_one_warning() {
    let site = Site::new(COOKIECUTTER);

    let ran = site.run(&["check"]).done();

    assert_eq!(ran.out, "System check identified no issues.\n");
    assert_eq!(ran.err.matches("warning").count(), 1, "{}", ran.err);
    for name in [
        "AWS_S3_MAX_MEMORY_SIZE",
        "AWS_S3_SIGNATURE_VERSION",
        "AWS_S3_USE_THREADS",
        "COLLECTFASTA_STRATEGY",
        "OPTIONS.file_name_charset",
        "OPTIONS.config",
    ] {
        assert!(ran.err.contains(name), "{name}: {}", ran.err);
    }
}

/// What the same settings say of other things than files, and those that they begin with.
const COOKIECUTTER_OTHERS: &str = r#"
ACCOUNT_ADAPTER = "project.users.adapters.AccountAdapter"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Project] "
ADMIN_URL = "secret/"
ANYMAIL = {}
APPS_DIR = "project"
CELERY_BROKER_URL = "redis://redis:6379/0"
COMPRESS_ENABLED = true
COMPRESS_STORAGE = "storages.backends.s3.S3Storage"
CORS_URLS_REGEX = "^/api/.*$"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CSRF_COOKIE_NAME = "__Secure-csrftoken"
DJANGO_APPS = ["django.contrib.auth"]
EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"
LOGGING = { version = 1 }
REDIS_URL = "redis://redis:6379/0"
REST_FRAMEWORK = {}
SECURE_PROXY_SSL_HEADER = ["HTTP_X_FORWARDED_PROTO", "https"]
SENTRY_LOG_LEVEL = 20
SOCIALACCOUNT_FORMS = {}
SPECTACULAR_SETTINGS = { SERVERS = [] }
WEBPACK_LOADER = {}
"#;

#[test]
fn settings_of_packages_that_say_nothing_of_files_are_told_in_the_warning_for_django() {
    let site = Site::new(&format!("{COOKIECUTTER_OTHERS}{COOKIECUTTER}"));

    let checked = site.run(&["check"]).done();

    assert_eq!(told(&checked), ["storehouse.W008"]);
    for name in ["ANYMAIL", "CELERY_BROKER_URL", "REDIS_URL", "LOGGING"] {
        assert!(checked.out.contains(name), "{name}: {}", checked.out);
    }
    assert!(!checked.out.contains("6379"), "{}", checked.out);
}

#[test]
fn what_means_something_else_here_is_refused_with_what_to_write() {
    for (setting, says) in [
        ("AWS_S3_VERIFY = \"/etc/ca.pem\"", "ca_bundle"),
        ("AWS_S3_SIGNATURE_VERSION = \"s3\"", "version 4"),
        ("AWS_S3_FILE_BUFFER_SIZE = 1", "multipart_chunksize"),
        ("AWS_S3_PROXIES = {}", "HTTPS_PROXY"),
        ("WHITENOISE_MAX_AGE = 60", "cache_control"),
        ("WHITENOISE_IMMUTABLE_FILE_TEST = \"x\"", "already_hashed"),
        ("WHITENOISE_CHARSET = \"x\"", "charset"),
        ("WHITENOISE_MIMETYPES = {}", "rules"),
    ] {
        let ran = Site::new(setting).run(&["settings"]).failed(1);

        ran.tells(&[says]);
        assert!(!ran.err.contains("did you mean"), "{}", ran.err);
    }
    let options =
        "[STORAGES.default]\nBACKEND = \"s3://b\"\nOPTIONS = { verify = \"/etc/ca.pem\" }\n";
    Site::new(options)
        .run(&["list"])
        .failed(1)
        .tells(&["ca_bundle"]);
}

#[test]
fn a_storage_that_python_alone_uses_stops_nothing_else() {
    let storages = r#"
        [STORAGES]
        staticfiles.BACKEND = "filesystem"
        default.BACKEND = "storages.backends.gcloud.GoogleCloudStorage"
        files.BACKEND = "db_file_storage.storage.DatabaseFileStorage"
    "#;
    let site = Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"src\"]\n{storages}"
    ));
    site.write("src/a.css", "a");

    site.run(&["collectstatic", "--noinput"]).done();
    let used = site.run(&["list", "--storage", "files"]).failed(1);
    let checked = site.run(&["check"]);

    assert_eq!(site.read("out/a.css"), "a");
    used.tells(&[
        "DatabaseFileStorage",
        "classes of Python cannot be run here",
    ]);
    assert_eq!(told(&checked), ["storehouse.E005", "storehouse.E005"]);
}

#[test]
fn a_storage_that_nobody_asks_for_stops_nothing_else() {
    let storages = r#"
        [STORAGES]
        staticfiles.BACKEND = "filesystem"
        scheme.BACKEND = "foo://x"
        options.BACKEND = "memory:"
        options.OPTIONS = { nonsense = 1 }
        nothing.OPTIONS = { location = "x" }
    "#;
    let site = Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"src\"]\n{storages}"
    ));
    site.write("src/a.css", "a");

    site.run(&["collectstatic", "--noinput"]).done();
    for (alias, told) in [
        ("scheme", "\"foo\""),
        ("options", "\"nonsense\""),
        ("nothing", "it has no BACKEND"),
    ] {
        let used = site.run(&["list", "--storage", alias]).failed(1);
        used.tells(&[&format!("STORAGES.{alias}"), told]);
    }
    let checked = site.run(&["check"]);

    assert_eq!(site.read("out/a.css"), "a");
    assert_eq!(told(&checked), ["storehouse.E005"; 3]);
}

#[test]
fn files_that_a_project_does_not_have_need_no_storage() {
    let only_static = "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\n";
    let only_media = "MEDIA_URL = \"/media/\"\nMEDIA_ROOT = \"media\"\n";
    let default = "[STORAGES.default]\nBACKEND = \"filesystem\"\n";
    let staticfiles = "[STORAGES.staticfiles]\nBACKEND = \"filesystem\"\n";
    for (settings, expected) in [
        (only_static.to_owned(), vec![]),
        (only_media.to_owned(), vec![]),
        (format!("{only_static}{staticfiles}"), vec![]),
        (format!("{only_media}{default}"), vec![]),
        (
            format!("{only_static}{default}{staticfiles}"),
            vec!["storehouse.W007"],
        ),
    ] {
        let checked = Site::new(&settings).run(&["check"]);

        assert_eq!(told(&checked), expected, "{settings}");
        assert_eq!(checked.code, 0, "{settings}: {checked:?}");
    }
}

#[test]
fn settings_of_django_that_are_not_used_are_told_in_one_warning() {
    let of_django = r#"
        MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
        TIME_ZONE = "UTC"
        USE_TZ = true
        EMAIL_HOST_PASSWORD = "hunter2"
        ROOT_URLCONF = "config.urls"
        SECURE_HSTS_SECONDS = 60
        DATABASES = { default = { ENGINE = "django.db.backends.postgresql", ATOMIC_REQUESTS = true } }
        ADMINS = [["A", "a@example.org"]]
        [[TEMPLATES]]
        BACKEND = "django.template.backends.django.DjangoTemplates"
        [LOGGING]
        version = 1
        [environments.production]
        USE_TZ = true
        CSRF_COOKIE_SECURE = true
    "#;
    let site = Site::new(&format!("{GOOD}{of_django}"));

    let checked = site.run(&["check"]).done();
    let listed = site.run(&["list"]).done();
    let set = site.run(&["list", "--set", "MIDDLEWARE=[]"]).done();
    let misspelled = site.run(&["list", "--set", "STATIC_UR=/s/"]).failed(1);

    assert_eq!(told(&checked), ["storehouse.W008"]);
    let message = "11 settings of Django, or of packages, that Storehouse does not use: ADMINS, CSRF_COOKIE_SECURE, DATABASES, EMAIL_HOST_PASSWORD, LOGGING, MIDDLEWARE, ROOT_URLCONF, SECURE_HSTS_SECONDS, TEMPLATES, TIME_ZONE, USE_TZ.";
    assert!(checked.out.contains(message), "{}", checked.out);
    assert_eq!((listed.err.as_str(), set.err.as_str()), ("", ""));
    misspelled.tells(&["did you mean \"STATIC_URL\"?"]);
}

#[test]
fn a_check_leaves_no_folder_behind() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"kept/out\"\nMEDIA_ROOT = \"new/below/media\"\n",
    );
    site.write("kept/a.txt", "");

    site.run(&["check", "--deploy"]).done();

    assert!(!site.path("new").exists());
    assert!(!site.path("kept/out").exists());
    assert!(site.path("kept").exists());
}
