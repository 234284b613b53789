//! Integrity digests: what a page is told while a push goes on, after it, and after a rollback.

use std::{fs, time::SystemTime};

use storehouse::{
    settings::{Settings, Sources},
    staticfiles::{Integrity, StaticUrls, sri},
    storages::{IntegrityHash, Storages, builtin},
};

use crate::{pushing::Pushing, site::Site};

const DIGESTS: &str = "static/staticfiles.integrity.json";

fn site(options: &str) -> Site {
    Site::new(&format!(
        r#"
        STATIC_URL = "/static/"
        STATICFILES_DIRS = ["assets"]
        [STORAGES.staticfiles]
        BACKEND = "manifest+file:static"
        OPTIONS = {{ integrity = "sha384"{options} }}
        "#
    ))
}

/// Collects with this script, and returns the name it is stored under.
fn push(site: &Site, script: &str, arguments: &[&str]) -> String {
    site.write("assets/app.js", script);
    site.run(&[&["collectstatic", "--noinput"], arguments].concat())
        .done();
    let manifest = crate::pushing::paths(site.read("static/staticfiles.json").as_bytes());
    manifest["app.js"].clone()
}

/// What a page is told now: the URL of the script, and its digest.
async fn page(site: &Site) -> (String, String) {
    let registry = builtin();
    let settings = Settings::load(&Sources::new(site.path("")), &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();
    let urls = StaticUrls::load(&settings, &storages).await.unwrap();
    let digest = urls.integrity("app.js").unwrap().unwrap();
    (urls.url("app.js").unwrap().into_owned(), digest.to_owned())
}

/// What a page has to be told of this script, stored as `stored`.
fn told(stored: &str, script: &str) -> (String, String) {
    let digest = sri(script.as_bytes(), IntegrityHash::Sha384);
    (format!("/static/{stored}"), digest)
}

/// The names that have a digest.
fn names(json: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let digests = json["integrity"].as_object().unwrap();
    digests.keys().cloned().collect()
}

#[tokio::test]
async fn the_digests_fit_the_manifest_before_a_push_and_the_one_after_it() {
    let site = site("");
    let first = push(&site, "first", &[]);
    let before = site.read("static/staticfiles.json");
    let second = push(&site, "second", &[]);

    assert_eq!(page(&site).await, told(&second, "second"));
    // As a page sees it between the two writes.
    site.write("static/staticfiles.json", before);
    assert_eq!(page(&site).await, told(&first, "first"));
}

#[test]
fn a_second_push_leaves_the_digests_as_they_are() {
    let site = site("");
    push(&site, "first", &[]);
    push(&site, "second", &[]);
    let digests = site.read(DIGESTS);
    let long_ago = SystemTime::UNIX_EPOCH;
    let file = fs::File::options().write(true).open(site.path(DIGESTS));
    file.unwrap().set_modified(long_ago).unwrap();

    push(&site, "second", &[]);

    assert_eq!(site.read(DIGESTS), digests);
    let modified = fs::metadata(site.path(DIGESTS)).unwrap().modified();
    assert_eq!(modified.unwrap(), long_ago);
}

#[tokio::test]
async fn a_rollback_finds_the_digests_of_the_release() {
    let site = site(", releases = 2");
    let first = push(&site, "first", &[]);
    push(&site, "second", &[]);
    // What a kept release names is not cleared away, and so keeps its digest.
    push(&site, "second", &["--clear"]);

    site.run(&["rollback"]).done();

    assert_eq!(page(&site).await, told(&first, "first"));
}

#[test]
fn what_is_deleted_has_no_digest_any_more() {
    let site = site("");
    let [first, second] = ["first", "second"].map(|script| push(&site, script, &[]));

    let third = push(&site, "third", &["--prune-older-than", "0s"]);
    let mut expected = [second, third.clone()];
    expected.sort();
    assert_eq!(names(&site.read(DIGESTS)), expected, "{first} is pruned");

    push(&site, "third", &["--clear"]);
    assert_eq!(names(&site.read(DIGESTS)), [third]);
}

#[test]
fn digests_that_are_damaged_are_not_built_upon() {
    let site = site("");
    push(&site, "first", &[]);
    site.write(DIGESTS, "{");
    let manifest = site.read("static/staticfiles.json");
    site.write("assets/app.js", "second");

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    ran.tells(&["no JSON", "delete it"]);
    assert_eq!(site.read("static/staticfiles.json"), manifest);
}

#[test]
fn in_a_bucket_the_digests_are_put_before_the_manifest_and_rolled_back_with_it() {
    let pushing = Pushing::new(
        "integrity",
        "manifest+",
        "integrity = \"sha256\", releases = 2",
    );
    pushing.write("app.js", "first");
    pushing.push(&[]).done();
    pushing.write("app.js", "second");
    pushing.push(&[]).done();

    let requests = pushing.requests();
    assert_eq!(
        requests[requests.len() - 2..],
        ["PUT staticfiles.integrity.json", "PUT staticfiles.json"]
    );
    let digests = pushing.get("staticfiles.integrity.json");
    let integrity = Integrity::from_json(&digests).unwrap();

    pushing.push(&[]).done();
    let mut requests = pushing.requests();
    requests.sort();
    let reads = |request: &String| request.starts_with("GET .storehouse/");
    requests.retain(|request| !reads(request));
    assert_eq!(
        requests,
        [
            "GET staticfiles.integrity.json",
            "GET staticfiles.json",
            "HEAD staticfiles.json",
            "LIST",
            "LIST"
        ],
        "nothing is put"
    );

    pushing.run(&["rollback"]).done();
    assert_eq!(pushing.get("staticfiles.integrity.json"), digests);
    assert_eq!(
        integrity.get(&pushing.hashed("app.js")),
        Some(&*sri(b"first", IntegrityHash::Sha256))
    );
}
