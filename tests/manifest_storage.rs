//! A manifest in another storage than its files: `manifest_storage`.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use storehouse::{
    settings::{Settings, Sources},
    staticfiles::StaticUrls,
    storages::{Storages, builtin},
};

use crate::{pushing::Pushing, site::Site};

/// Two folders: the files in one, the manifest in the other.
fn two_folders(options: &str) -> Site {
    let site = Site::new(&format!(
        r#"
        STATIC_URL = "/static/"
        STATICFILES_DIRS = ["assets"]
        [STORAGES.manifests]
        BACKEND = "file:meta"
        [STORAGES.staticfiles]
        BACKEND = "manifest+file:static"
        OPTIONS = {{ manifest_storage = "manifests"{options} }}
        "#
    ));
    write_old(&site, "assets/app.js", "one");
    site
}

/// Writes a source of an hour ago, whose time can be trusted.
fn write_old(site: &Site, file: &str, content: &str) {
    site.write(file, content);
    let file = fs::File::options().write(true).open(site.path(file));
    let before = SystemTime::now() - Duration::from_secs(3600);
    file.unwrap().set_modified(before).unwrap();
}

fn push(site: &Site, arguments: &[&str]) -> String {
    let ran = site.run(&[&["collectstatic", "--noinput"], arguments].concat());
    ran.done().out
}

/// The URL that a page gets.
async fn url(site: &Site, name: &str) -> String {
    let registry = builtin();
    let settings = Settings::load(&Sources::new(site.path("")), &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();
    let urls = StaticUrls::load(&settings, &storages).await.unwrap();
    urls.url(name).unwrap().into_owned()
}

const HASHED: &str = "app.f97c5d29941b.js";

#[tokio::test]
async fn the_manifest_and_the_digests_go_to_their_storage_and_pages_read_them_there() {
    let site = two_folders(", integrity = \"sha256\", releases = 2");

    push(&site, &["--dry-run"]);
    assert!(!site.path("meta").exists());
    push(&site, &[]);

    let mut files = site.files("static");
    let release = files.remove(0);
    assert!(release.starts_with(".storehouse/releases/"), "{release}");
    assert_eq!(files, [HASHED, "app.js"]);
    assert_eq!(
        site.files("meta"),
        ["staticfiles.integrity.json", "staticfiles.json"]
    );
    assert_eq!(url(&site, "app.js").await, format!("/static/{HASHED}"));
}

#[test]
fn a_second_push_writes_nothing_and_one_without_the_manifest_writes_it_again() {
    let site = two_folders("");
    push(&site, &[]);
    let manifest = site.read("meta/staticfiles.json");
    let file = site.path("meta/staticfiles.json");
    let written = fs::metadata(&file).unwrap().modified().unwrap();

    // The second run knows by the digest of all that it saw that nothing is to be done.
    for _ in 0..2 {
        let out = push(&site, &[]);
        assert!(out.contains("0 static files copied"), "{out}");
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);
    }
    fs::remove_file(&file).unwrap();
    push(&site, &[]);
    assert_eq!(site.read("meta/staticfiles.json"), manifest);

    site.write(
        "meta/staticfiles.json",
        manifest.replace("one", "two") + " ",
    );
    push(&site, &[]);
    assert_eq!(site.read("meta/staticfiles.json"), manifest);
}

#[test]
fn a_manifest_elsewhere_takes_no_files_name_and_an_old_one_among_the_files_is_cleared() {
    let site = two_folders("");
    write_old(&site, "assets/staticfiles.json", "a source");

    push(&site, &[]);
    assert_eq!(site.read("static/staticfiles.json"), "a source");
    assert!(site.read("meta/staticfiles.json").contains(HASHED));

    fs::remove_file(site.path("assets/staticfiles.json")).unwrap();
    push(&site, &["--clear"]);
    assert_eq!(site.files("static"), [HASHED, "app.js"]);
    assert_eq!(site.files("meta"), ["staticfiles.json"]);
}

#[test]
fn a_manifest_elsewhere_that_is_damaged_stops_a_push() {
    let site = two_folders("");
    site.write("meta/staticfiles.json", "{");

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    let place = format!("staticfiles.json in file://{}", site.path("meta").display());
    ran.tells(&[&place]);
    assert_eq!(site.files("static"), [""; 0]);
}

#[test]
fn a_plan_is_not_applied_once_the_manifest_elsewhere_has_changed() {
    let site = two_folders("");
    push(&site, &["--plan", "plan.json"]);
    site.write(
        "meta/staticfiles.json",
        r#"{"paths": {}, "version": "1.1"}"#,
    );

    let ran = site.run(&["collectstatic", "--noinput", "--apply", "plan.json"]);

    let err = ran.failed(1).err;
    assert!(err.contains("what the destination holds"), "{err}");
}

#[tokio::test]
async fn a_rollback_puts_an_earlier_manifest_into_its_storage() {
    let site = two_folders(", releases = 2");
    push(&site, &[]);
    write_old(&site, "assets/app.js", "two, later");
    push(&site, &["--clear"]);
    assert_ne!(url(&site, "app.js").await, format!("/static/{HASHED}"));

    site.run(&["rollback"]).done();

    assert_eq!(url(&site, "app.js").await, format!("/static/{HASHED}"));
    let listed = site.run(&["releases"]).done().out;
    assert!(listed.lines().nth(1).unwrap().ends_with("in force"));
    assert!(!site.path("static/staticfiles.json").exists());
}

/// Files in a bucket, the manifest in a folder that the settings name by its URL.
fn bucket(purpose: &str, options: &str) -> Pushing {
    let options = format!("manifest_storage = \"file:meta\"{options}");
    let pushing = Pushing::new(purpose, "manifest+", &options);
    write_old(&pushing.site, "assets/app.js", "one");
    pushing
}

#[tokio::test]
async fn files_go_to_a_bucket_and_their_manifest_to_a_folder() {
    let pushing = bucket("manifest-apart", "");

    pushing.push(&[]).done();
    assert_eq!(pushing.requests(), ["LIST", "PUT app.#.js", "PUT app.js"]);
    assert_eq!(pushing.site.files("meta"), ["staticfiles.json"]);
    let url = url(&pushing.site, "app.js").await;
    assert!(url.ends_with(&format!("/static/{HASHED}")), "{url}");

    pushing.push(&[]).done();
    assert_eq!(pushing.requests(), ["LIST"]);
}

#[test]
fn a_manifest_goes_to_a_bucket_and_its_files_to_a_folder() {
    let pushing = Pushing::new("manifest-alone", "", "");
    write_old(&pushing.site, "assets/app.js", "one");
    let manifests = format!(
        "STORAGES.manifests={{BACKEND='{}'}}",
        pushing.backend("static")
    );
    let files = "STORAGES.staticfiles={BACKEND='manifest+file:files', OPTIONS={manifest_storage='manifests'}}";
    let sets = ["--set", &manifests, "--set", files];

    pushing.push(&sets).done();
    assert_eq!(
        pushing.requests(),
        ["HEAD staticfiles.json", "PUT staticfiles.json"]
    );
    assert_eq!(pushing.site.files("files"), [HASHED, "app.js"]);
    assert_eq!(
        pushing.header("staticfiles.json", "cache-control"),
        "no-cache"
    );

    pushing.push(&sets).done();
    assert_eq!(pushing.requests(), ["HEAD staticfiles.json"]);
}

#[test]
fn rules_that_changed_are_found_without_a_manifest_in_the_bucket() {
    let pushing = bucket("manifest-apart-rules", "");
    pushing.push(&[]).done();

    pushing.set_options("manifest_storage = \"file:meta\", cache_control = \"no-store\"");
    pushing.push(&[]).done();
    let mut requests = pushing.requests();
    requests.sort();
    assert_eq!(requests, ["COPY app.#.js", "COPY app.js", "LIST"]);
    assert_eq!(pushing.header("app.js", "cache-control"), "no-store");

    pushing.push(&[]).done();
    assert_eq!(pushing.requests(), ["LIST"]);
}

#[test]
fn a_manifest_storage_that_cannot_be_meant_is_an_error_that_says_why() {
    for (named, why) in [
        (
            "manifest",
            "STORAGES.staticfiles.OPTIONS.manifest_storage (storehouse.toml:8): there is no storage \"manifest\"; did you mean \"manifests\"?",
        ),
        (
            "hashed",
            "\"hashed\" makes hashed names or compressed copies itself; name a storage that takes files as they are",
        ),
        ("staticfiles", "\"staticfiles\" makes hashed names"),
        (
            "manifest+file:meta",
            "\"manifest+file:meta\" makes hashed names",
        ),
        ("faek:x", "no driver has the scheme \"faek\""),
        (
            "file:static/meta",
            "where its files are; leave manifest_storage out, and set manifest_name to \"meta/staticfiles.json\"",
        ),
        ("file:static", "set manifest_name to \"staticfiles.json\""),
        ("s3://u:PLANTED@bucket/x", "has a user name"),
        ("file:meta?key=PLANTED", "unknown option \"key\""),
    ] {
        let site = Site::new(&format!(
            r#"
            STATIC_URL = "/static/"
            [STORAGES]
            manifests.BACKEND = "file:meta"
            hashed.BACKEND = "manifest+file:other"
            [STORAGES.staticfiles]
            BACKEND = "manifest+file:static"
            OPTIONS = {{ manifest_storage = "{named}" }}
            "#
        ));

        for command in ["check", "collectstatic"] {
            let ran = site.run(&[command]);
            let told = format!("{}{}", ran.out, ran.err);
            assert_eq!(ran.code, 1, "{named}: {told}");
            assert!(told.contains(why), "{named}: {told}");
            assert!(!told.contains("PLANTED"), "{named}: {told}");
        }
    }
}

#[test]
fn the_command_line_names_the_storage_as_the_settings_do() {
    let site = two_folders("");
    let set = "STORAGES.staticfiles.OPTIONS.manifest_storage=file:other";

    push(&site, &["--set", set]);

    assert_eq!(site.files("other"), ["staticfiles.json"]);
    let shown = site.run(&["settings", "--set", set]).done().out;
    let line = "OPTIONS.manifest_storage = \"file:other\"  # command line";
    assert!(shown.contains(line), "{shown}");
}

#[test]
fn the_option_means_nothing_where_names_are_not_hashed() {
    let site = Site::new(
        "STATICFILES_STORAGE = \"file:static?manifest_storage=file:meta\"\nSTATIC_URL = \"/s/\"\n",
    );

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    ran.tells(&["unknown option"]);
}
