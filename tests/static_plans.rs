//! `--plan` and `--apply` with the options that decide what is made and what is deleted, in a folder:
//! a plan that is applied leaves what a run would, and one that does not hold leaves everything.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use serde_json::Value as Json;

use crate::site::{Ran, Site};

fn css(version: u32) -> String {
    format!("a {{ background: url(img/a.png) }} b {{ order: {version} }}\n").repeat(20)
}

fn site(options: &str) -> Site {
    let site = Site::new(&format!(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         [STORAGES.staticfiles]\nBACKEND = \"compressed+manifest+file:out\"\n\
         OPTIONS = {{ {options} }}\n"
    ));
    site.write("assets/app.css", css(1));
    site.write("assets/img/a.png", "png");
    site.write("assets/vite/app-BX3kXk4v.js", "f();\n".repeat(50));
    site
}

fn collect(site: &Site, arguments: &[&str]) -> Ran {
    site.run(&[&["collectstatic", "--noinput"], arguments].concat())
}

fn plan(site: &Site, arguments: &[&str]) -> Json {
    collect(site, &[&["--plan", "plan.json"], arguments].concat()).done();
    serde_json::from_str(&site.read("plan.json")).unwrap()
}

/// What is there but for releases, which are named after the second they are made in.
fn contents(site: &Site) -> Vec<(String, Vec<u8>)> {
    let contents = site.contents("out").into_iter();
    contents
        .filter(|(name, _)| !name.starts_with(".storehouse/"))
        .collect()
}

#[test]
fn a_plan_that_is_applied_does_what_a_run_does() {
    let two_days_ago = SystemTime::now() - Duration::from_secs(2 * 86_400);
    let soon = SystemTime::now() + Duration::from_secs(60);
    let bundled = "already_hashed = ['vite/*']";
    for (options, arguments) in [
        ("", &[][..]),
        ("keep_only_hashed_files = true", &[]),
        ("releases = 1, integrity = 'sha384'", &["--link"]),
        (bundled, &["--clear", "-i", "img", "-i", "*.css"]),
        ("releases = 2", &["--keep-versions", "1"]),
        ("", &["--prune-older-than", "1d"]),
        ("keep_intermediate_files = true", &["--no-default-ignore"]),
        ("compression = ['gzip']", &["--clear", "--no-post-process"]),
    ] {
        let case = format!("{options} {arguments:?}");
        let (planned, run) = (site(options), site(options));
        for site in [&planned, &run] {
            for version in [1, 2, 3] {
                site.write("assets/app.css", css(version));
                collect(site, &[]).done();
            }
            let names = site.files("out").into_iter();
            for name in names.filter(|name| name.starts_with("app.") && name.len() > 14) {
                site.set_modified(&format!("out/{name}"), two_days_ago);
            }
            site.write("out/old.css", "old");
            site.write("assets/app.css", css(4));
            // Django looks at whole seconds.
            site.set_modified("assets/app.css", soon);
        }
        let before = (planned.stamps("out"), planned.stamps(".cache"));

        let document = plan(&planned, arguments);
        assert_eq!(
            (planned.stamps("out"), planned.stamps(".cache")),
            before,
            "{case}"
        );
        collect(&planned, &["--apply", "plan.json"]).done();
        collect(&run, arguments).done();

        assert!(contents(&planned) == contents(&run), "{case}");
        let after = planned.stamps("out");
        let (before, _) = before;
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        let gone: BTreeSet<&str> = gone.map(String::as_str).collect();
        let deletions = document["deletions"].as_array().unwrap().iter();
        let deletions: BTreeSet<&str> = deletions.map(|name| name.as_str().unwrap()).collect();
        assert_eq!(deletions, gone, "{case}");
        for write in document["writes"].as_array().unwrap() {
            let name = write["name"].as_str().unwrap();
            let is_same = after.get(name) == before.get(name);
            match write["action"].as_str().unwrap() {
                "copy" => assert!(!is_same, "{case}: {name} was not written"),
                "skip" => assert!(is_same, "{case}: {name} was written"),
                "omitted" => assert!(!after.contains_key(name), "{case}: {name} is there"),
                action => panic!("{case}: {action} of {name}"),
            }
        }
    }
}

#[test]
fn a_plan_is_not_applied_with_other_settings_or_twice() {
    let site = site("");
    site.write("more/new.txt", "new");
    // References to STATIC_URL and below follow it.
    site.write(
        "assets/app.css",
        css(1) + "c { background: url(/static/img/a.png) }",
    );
    plan(&site, &[]);
    let apply = ["--apply", "plan.json"];

    for set in [
        "STORAGES.staticfiles.BACKEND=manifest+file:out",
        "STORAGES.staticfiles.BACKEND=compressed+manifest+file:elsewhere",
        "STORAGES.staticfiles.OPTIONS.keep_only_hashed_files=true",
        "STORAGES.staticfiles.OPTIONS.already_hashed=['vite/*']",
        "STORAGES.staticfiles.OPTIONS.integrity=sha384",
        "STATIC_URL=/s/",
        "STATICFILES_DIRS=['assets', 'more']",
    ] {
        let ran = collect(&site, &[&apply[..], &["--set", set]].concat()).failed(1);

        assert!(
            ran.err.contains("the plan is not what would be done now"),
            "{set}: {}",
            ran.err
        );
        assert!(
            !site.path("out").exists() && !site.path("elsewhere").exists(),
            "{set}"
        );
    }
    collect(&site, &apply).done();
    let applied = site.stamps("out");

    let again = collect(&site, &apply).failed(1);

    again.tells(&["what the destination holds has changed"]);
    assert_eq!(site.stamps("out"), applied);
}

#[test]
fn more_deletions_than_allowed_stop_a_plan_when_it_is_made_and_when_it_is_applied() {
    let site = site("");
    for name in ["x", "y", "z"] {
        site.write(&format!("out/{name}"), "old");
    }
    let before = site.stamps("out");

    let made = ["--plan", "plan.json", "--clear", "--max-delete", "2"];
    let refused = collect(&site, &made).failed(1);
    refused.tells(&["3 files would be deleted"]);
    assert!(!site.path("plan.json").exists());
    plan(&site, &["--clear"]);
    let applied = ["--apply", "plan.json", "--max-delete", "2"];
    let refused = collect(&site, &applied).failed(1);

    refused.tells(&["3 files would be deleted"]);
    assert_eq!(site.stamps("out"), before);
}

#[test]
fn json_tells_what_a_plan_would_do_and_what_it_did() {
    let site = site("keep_only_hashed_files = true");

    let planned = collect(&site, &["--plan", "plan.json", "--json"])
        .done()
        .json();
    let applied = collect(&site, &["--apply", "plan.json", "--json"])
        .done()
        .json();

    assert_eq!(planned.len(), 1);
    let planned = &planned[0];
    assert_eq!(planned["event"], "planned");
    assert_eq!(planned["file"], "plan.json");
    assert_eq!(planned["written"], site.files("out").len());
    let summary = applied.last().unwrap();
    assert_eq!(summary["bytes"], planned["bytes"]);
    let bytes: usize = site.contents("out").values().map(Vec::len).sum();
    assert_eq!(summary["bytes"], bytes);
    assert_eq!(
        (&summary["omitted"], &summary["copied"]),
        (&3.into(), &0.into())
    );
}

#[test]
fn what_does_not_go_together_is_wrong_usage() {
    let site = site("");

    for arguments in [
        &["--plan", "a", "--dry-run"][..],
        &["--plan", "a", "--apply", "a"],
        &["--apply", "a", "--dry-run"],
        &["--apply", "a", "--link"],
        &["--apply", "a", "-i", "x"],
        &["--apply", "a", "--no-post-process"],
        &["--apply", "a", "--no-default-ignore"],
        &["--apply", "a", "--repair-metadata"],
        &["--apply", "a", "--prune-older-than", "1d"],
        &["--apply", "a", "--keep-versions", "1"],
        &["--jobs", "0"],
        &["--link=yes"],
        &["-v", "4"],
        &["assets"],
    ] {
        let ran = collect(&site, arguments).failed(2);

        assert_eq!(ran.out, "", "{arguments:?}");
    }
    assert!(!site.path("out").exists() && !site.path("a").exists());
}
