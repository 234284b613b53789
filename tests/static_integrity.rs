//! The option `integrity`: digests of what is in the folder under the names that pages use, in a file
//! beside the manifest.

use std::fs;

use serde_json::Value as Json;

use crate::site::Site;

const RUN: [&str; 2] = ["collectstatic", "--noinput"];

// By `openssl dgst -sha384 -binary FILE | base64 -w0`, and so on.
const SCRIPT: &str = "f();\n";
const SCRIPT_SHA256: &str = "sha256-B+Mbxysq09ulLChv/w32ruItpmS5/1Jau1bgisU2jHc=";
const SCRIPT_SHA384: &str =
    "sha384-5CT5uY9o7mcSf83fmQ4f6ErK+7jplxsXa9ue97zl2Hc1xGKJVWDTHYTvvbA7k10c";
const SCRIPT_SHA512: &str = "sha512-KqvZjoKxtQZhLoxxgSAKH5q9M+yI0KWPn8OM8NMwgougNhX0nBWQ02DI/q93u7C5lZGz0wLnIenW7MpG/Cg8Sw==";
/// Of the CSS with the hashed name of the picture in it.
const CSS_SHA384: &str = "sha384-Ao8oxFs+dTMmlJVWl87tNEsDIL2RwqdjR2DdtYaTgfUkxVEFTSG+3Zv4EjEjofL8";
const PICTURE_SHA384: &str =
    "sha384-tb0NaQnl/8hoBfJLZO6Xv09RrOTenDkoosW3JNeIi1+1kTqtoRJzLu8wYybpdpA+";

fn site(options: &str) -> Site {
    let site = Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         [STORAGES.staticfiles]\nBACKEND = \"compressed+manifest+file:out\"\n\
         OPTIONS = {{ {options} }}\n"
    ));
    site.write("assets/js/app-BX3kXk4v.js", SCRIPT);
    site.write("assets/css/app.css", "a{b:url(../img/a.png)}");
    site.write("assets/img/a.png", "png");
    site
}

/// The digests in a file, sorted, whatever they are of.
fn digests(site: &Site, file: &str) -> Vec<String> {
    let json: Json = serde_json::from_str(&site.read(file)).unwrap();
    let digests = json["integrity"].as_object().unwrap().values();
    let mut digests: Vec<String> = digests
        .map(|digest| digest.as_str().unwrap().to_owned())
        .collect();
    digests.sort();
    digests
}

#[test]
fn digests_are_of_the_bytes_that_pages_get() {
    let site = site("integrity = 'sha384', already_hashed = ['js/*']");

    site.run(&RUN).done();

    let mut expected = [SCRIPT_SHA384, CSS_SHA384, PICTURE_SHA384];
    expected.sort_unstable();
    assert_eq!(digests(&site, "out/staticfiles.integrity.json"), expected);
    assert_eq!(
        site.read("out/css/app.3bd01e60fac8.css"),
        "a{b:url(\"../img/a.bff139fa05ac.png\")}"
    );
}

#[test]
fn each_hash_is_the_one_of_its_name() {
    for (hash, expected) in [
        ("sha256", SCRIPT_SHA256),
        ("sha384", SCRIPT_SHA384),
        ("sha512", SCRIPT_SHA512),
    ] {
        let site = site(&format!("integrity = '{hash}'"));
        site.run(&RUN).done();

        let digests = digests(&site, "out/staticfiles.integrity.json");
        assert!(
            digests.contains(&expected.to_owned()),
            "{hash}: {digests:?}"
        );
        assert_eq!(digests.len(), 3, "{hash}: {digests:?}");
    }
}

#[test]
fn nothing_else_changes_with_the_option() {
    let (with, without) = (site("integrity = 'sha384'"), site(""));

    let ran = with.run(&RUN).done();
    let plain = without.run(&RUN).done();

    let root = |site: &Site| site.path("out").display().to_string();
    assert_eq!(
        ran.out.replace(&root(&with), "out"),
        plain.out.replace(&root(&without), "out")
    );
    let mut contents = with.contents("out");
    assert!(contents.remove("staticfiles.integrity.json").is_some());
    assert!(contents == without.contents("out"));
}

#[test]
fn the_file_has_the_name_of_the_manifest() {
    let site = site("integrity = 'sha384', manifest_name = 'meta/site.json'");

    site.run(&RUN).done();

    assert_eq!(digests(&site, "out/meta/site.integrity.json").len(), 3);
    assert!(!site.path("out/staticfiles.integrity.json").exists());
}

#[test]
fn digests_are_written_again_only_if_they_have_changed() {
    let site = site("integrity = 'sha384'");
    site.run(&RUN).done();
    let before = site.stamps("out");

    for memory in ["with", "without"] {
        site.run(&RUN).done();
        assert_eq!(site.stamps("out"), before, "{memory} a memory");
        fs::remove_dir_all(site.path(".cache")).unwrap();
    }
    site.write("assets/img/a.png", "new");
    site.run(&RUN).done();

    let digests = digests(&site, "out/staticfiles.integrity.json");
    // Those of the files before too: they are there, and the manifest names them until it is replaced.
    assert_eq!(digests.len(), 5, "{digests:?}");
    for old in [SCRIPT_SHA384, CSS_SHA384, PICTURE_SHA384] {
        assert!(digests.contains(&old.to_owned()), "{old} in {digests:?}");
    }
}

#[test]
fn links_have_the_digests_of_what_they_lead_to() {
    let site = site("integrity = 'sha384', already_hashed = ['js/*']");

    site.run(&["collectstatic", "--noinput", "--link"]).done();

    assert!(site.path("out/js/app-BX3kXk4v.js").is_symlink());
    let digests = digests(&site, "out/staticfiles.integrity.json");
    assert!(digests.contains(&SCRIPT_SHA384.to_owned()), "{digests:?}");
}

#[test]
fn a_rollback_finds_the_digests_of_its_release() {
    let site = site("integrity = 'sha384', releases = 2");
    site.run(&RUN).done();
    let first = digests(&site, "out/staticfiles.integrity.json");
    site.write("assets/img/a.png", "new");
    site.run(&RUN).done();

    site.run(&["rollback"]).done();

    let there = digests(&site, "out/staticfiles.integrity.json");
    for digest in first {
        assert!(there.contains(&digest), "{digest} in {there:?}");
    }
}
