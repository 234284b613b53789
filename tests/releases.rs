//! `releases` and `rollback`: what is listed, what comes in force, and what is refused.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;
use storehouse::staticfiles::{KeptFile, Release};
use storehouse_storage::Name;
use storehouse_test_support::{Minio, Proxy};

use crate::site::{Site, bucket_settings};

const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATICFILES_DIRS = ["assets"]
    [STORAGES.staticfiles]
    BACKEND = "manifest+file:static"
    OPTIONS = { releases = 3 }
"#;

/// A release of this manifest, made on this day of 2026's November.
fn release(day: u64, manifest: &str) -> Release {
    let noon = UNIX_EPOCH + Duration::from_secs(1_793_534_400 + (day - 1) * 86_400);
    let manifest = KeptFile {
        name: Name::new("staticfiles.json").unwrap(),
        text: manifest.to_owned(),
    };
    Release::new(noon, manifest, []).unwrap()
}

/// Collects with this CSS, and keeps the manifest. Returns the id.
fn push(site: &Site, day: u64, css: &str) -> String {
    site.write("assets/app.css", css);
    // Its own release would be of today.
    let none = "STORAGES.staticfiles.OPTIONS.releases=0";
    site.run(&["collectstatic", "--noinput", "--set", none])
        .done();
    let release = release(day, &site.read("static/staticfiles.json"));
    site.write(&format!("static/{}", release.name()), release.to_json());
    release.id().to_string()
}

/// A site with three releases, the last in force, and their ids.
fn site() -> (Site, [String; 3]) {
    let site = Site::new(SETTINGS);
    let ids = [(1, "a"), (2, "b"), (3, "c")].map(|(day, css)| push(&site, day, css));
    (site, ids)
}

/// Which CSS the manifest names.
fn css_in_force(site: &Site) -> String {
    let manifest = site.read("static/staticfiles.json");
    let start = manifest.find("app.css\": \"").unwrap() + 11;
    let name = manifest[start..].split('"').next().unwrap();
    site.read(&format!("static/{name}"))
}

/// One line of output. Its fields have no order.
fn object(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn releases_are_listed_with_the_newest_first_and_the_one_in_force_marked() {
    let (site, [a, b, c]) = site();

    let ran = site.run(&["releases"]).done();
    let json = site.run(&["releases", "--json"]).done();

    assert_eq!(
        ran.out,
        format!(
            "{c}  2026-11-03T12:00:00Z  1 file  in force\n\
             {b}  2026-11-02T12:00:00Z  1 file\n\
             {a}  2026-11-01T12:00:00Z  1 file\n"
        )
    );
    assert_eq!(
        object(json.out.lines().next().unwrap()),
        json!({"created": "2026-11-03T12:00:00Z", "current": true, "files": 1, "id": c})
    );
}

#[test]
fn a_rollback_goes_back_one_release_and_changes_nothing_but_the_manifest() {
    let (site, [a, b, _]) = site();
    let before = site.files("static");

    let ran = site.run(&["rollback"]).done();
    assert_eq!(
        ran.out,
        format!("{b}: now in force, 1 file of 2026-11-02T12:00:00Z\n")
    );
    assert_eq!(css_in_force(&site), "b");
    let json = site.run(&["rollback", "--json"]).done();
    assert_eq!(
        object(&json.out),
        json!({"created": "2026-11-01T12:00:00Z", "event": "rolled_back", "files": 1, "id": a})
    );
    assert_eq!(css_in_force(&site), "a");
    let last = site.run(&["rollback"]).failed(1);

    assert!(last.err.contains("there is no release before"), "{last:?}");
    assert_eq!(site.files("static"), before);
    let listed = site.run(&["releases"]).done().out;
    assert!(listed.ends_with("1 file  in force\n"), "{listed}");
}

#[test]
fn a_rollback_to_a_release_by_its_id_goes_forth_too() {
    let (site, [a, _, c]) = site();
    let newest = site.read("static/staticfiles.json");

    site.run(&["rollback", &a]).done();
    assert_eq!(css_in_force(&site), "a");
    site.run(&["rollback", &c]).done();
    assert_eq!(site.read("static/staticfiles.json"), newest);
    let again = site.run(&["rollback", &c]).done();

    assert!(again.out.contains("in force already"), "{}", again.out);
}

#[test]
fn a_rollback_to_what_is_not_there_leaves_the_manifest() {
    let (site, [a, b, _]) = site();
    let manifest = site.read("static/staticfiles.json");
    let css = site.files("static").into_iter().find(|name| {
        name.starts_with("app.") && name != "app.css" && site.read(&format!("static/{name}")) == "b"
    });
    let css = css.unwrap();
    std::fs::remove_file(site.path(&format!("static/{css}"))).unwrap();

    for (arguments, why) in [
        (
            vec!["rollback"],
            format!("the release {b} needs files that are not there: {css:?}"),
        ),
        (
            vec!["rollback", &a[..a.len() - 1]],
            format!("did you mean {a:?}?"),
        ),
        (
            vec!["rollback", "yesterday"],
            "there is no release \"yesterday\"; name one".to_owned(),
        ),
    ] {
        let ran = site.run(&arguments).failed(1);

        assert!(ran.err.contains(&why), "{arguments:?}: {}", ran.err);
        assert_eq!(site.read("static/staticfiles.json"), manifest);
    }
}

#[test]
fn a_release_that_is_damaged_hides_no_other() {
    let (site, [a, b, c]) = site();
    site.write(&format!("static/.storehouse/releases/{b}.json"), "{");

    let listed = site.run(&["releases"]).failed(1);
    site.run(&["rollback"]).done();

    assert!(
        listed.out.contains(&a) && listed.out.contains(&c),
        "{listed:?}"
    );
    listed.tells(&[&format!("{b}.json in file:"), "no JSON"]);
    assert_eq!(css_in_force(&site), "a");
}

#[test]
fn a_rollback_mends_a_damaged_manifest() {
    let (site, [_, b, _]) = site();
    site.write("static/staticfiles.json", "{");

    let without_id = site.run(&["rollback"]).failed(1);
    let ran = site.run(&["rollback", &b]).done();

    assert!(without_id.err.contains("is no release"), "{without_id:?}");
    ran.tells(&["warning: "]);
    assert_eq!(css_in_force(&site), "b");
}

#[test]
fn without_releases_it_is_said_how_they_are_kept() {
    let plain = Site::new("STATIC_ROOT = 'static'\n");
    let off = Site::new("STORAGES = { staticfiles = { BACKEND = 'manifest+file:static' } }\n");

    let refused = plain.run(&["releases"]).failed(1);
    let nothing = off.run(&["releases"]).done();
    let nowhere = off.run(&["rollback"]).failed(1);

    assert!(
        refused.err.contains("write manifest+ before"),
        "{refused:?}"
    );
    assert_eq!(nothing.out, "");
    nothing.tells(&["releases = 3"]);
    nowhere.tells(&["releases = 3"]);
}

#[test]
fn a_rollback_in_a_bucket_is_one_put_of_the_manifest() {
    let minio = Minio::get();
    let bucket = minio.bucket("rollback");
    let proxy = Proxy::start(minio.endpoint());
    let settings = bucket_settings(&minio, &bucket, &proxy.endpoint());
    let site = Site::new(&settings.replace(
        "STATICFILES_STORAGE = \"",
        "STATICFILES_STORAGE = \"manifest+",
    ));
    for (day, css) in [(1, "a"), (2, "b")] {
        site.write("assets/app.css", css);
        site.run(&["collectstatic", "--noinput"]).done();
        let manifest = bucket.get_raw("static/staticfiles.json").unwrap();
        let release = release(day, std::str::from_utf8(&manifest).unwrap());
        bucket.put_raw(
            &format!("static/{}", release.name()),
            release.to_json().as_bytes(),
        );
    }
    proxy.clear();

    site.run(&["rollback"]).done();

    let puts: Vec<String> = proxy
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET")
        .map(|request| format!("{} {}", request.method, request.target))
        .collect();
    assert_eq!(puts.len(), 1, "{puts:?}");
    assert!(
        puts[0].starts_with("PUT ") && puts[0].contains("/static/staticfiles.json"),
        "{puts:?}"
    );
    let stat = site
        .run(&["stat", "staticfiles.json", "--storage", "staticfiles"])
        .done();
    assert!(
        stat.out.contains("cache_control: no-cache\n"),
        "{}",
        stat.out
    );
    let listed = site.run(&["releases"]).done().out;
    assert!(
        listed.lines().nth(1).unwrap().ends_with("in force"),
        "{listed}"
    );
}
