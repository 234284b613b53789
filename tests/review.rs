//! Plans that are looked at before they are carried out: `--plan`, `--apply`, `--max-delete`, and the
//! dry run as JSON.

use std::fs;

use serde_json::{Value as Json, json};

use storehouse_test_support::{Minio, Proxy};

use crate::{pushing::Pushing, site::Site};

fn site() -> Site {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         STATICFILES_STORAGE = \"manifest+file:out\"\n",
    );
    site.write("assets/a.css", "a{b:url(b.png)}");
    site.write("assets/b.png", "png");
    site
}

fn plan_of(site: &Site, arguments: &[&str]) -> Json {
    let mut all = vec!["collectstatic", "--noinput", "--plan", "plan.json"];
    all.extend(arguments);
    site.run(&all).done();
    serde_json::from_slice(&fs::read(site.path("plan.json")).unwrap()).unwrap()
}

#[test]
fn a_plan_tells_all_that_would_be_written_and_writes_nothing() {
    let site = site();

    let plan = plan_of(&site, &[]);

    assert!(!site.path("out").exists());
    let writes = plan["writes"].as_array().unwrap();
    let told: Vec<(&str, &str)> = writes
        .iter()
        .map(|write| {
            (
                write["name"].as_str().unwrap(),
                write["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a.css", "collected"),
            ("b.png", "collected"),
            ("a.5921fb06450f.css", "hashed"),
            ("b.bff139fa05ac.png", "hashed"),
            ("staticfiles.json", "manifest"),
        ]
    );
    assert!(writes.iter().all(|write| write["action"] == "copy"));
    assert_eq!(writes[1]["md5"], "bff139fa05ac583f685a523ab3d110a0");
}

#[test]
fn a_plan_that_still_holds_is_carried_out_with_the_options_it_was_made_with() {
    let site = site();
    site.write("out/old.css", "old");
    // Else the reference to what is left out would be to nothing.
    site.write("assets/a.css", "a{}");
    plan_of(&site, &["--clear", "-i", "b.png"]);

    let ran = site.run(&["collectstatic", "--noinput", "--apply", "plan.json"]);

    ran.done();
    assert_eq!(
        site.files("out"),
        ["a.307cc22fa776.css", "a.css", "staticfiles.json"]
    );
}

#[test]
fn a_plan_is_not_applied_once_a_source_or_the_destination_has_changed() {
    for (case, changes, named) in [
        ("source", "assets/b.png", "\"b.png\" has changed"),
        ("new source", "assets/c.png", "\"c.png\" is new"),
        ("destination", "out/x", "what the destination holds"),
    ] {
        let site = site();
        plan_of(&site, &[]);
        site.write(changes, "other");

        let ran = site.run(&["collectstatic", "--noinput", "--apply", "plan.json"]);

        let ran = ran.failed(1);
        assert!(ran.err.contains(named), "{case}: {}", ran.err);
        assert!(!site.path("out/a.css").exists(), "{case}");
    }
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    for content in ["", "{}", "[1]", r#"{"options": {"clear": 1}}"#] {
        let site = site();
        site.write("plan.json", content);

        let ran = site.run(&["collectstatic", "--noinput", "--apply", "plan.json"]);

        assert!(ran.failed(1).err.contains("plan"), "{content}");
    }
}

#[test]
fn options_do_not_go_with_a_plan_that_has_its_own() {
    let site = site();

    site.run(&["collectstatic", "--apply", "plan.json", "--clear"])
        .failed(2);
}

#[test]
fn more_deletions_than_allowed_stop_before_anything_is_written() {
    let site = site();
    for name in ["x", "y", "z"] {
        site.write(&format!("out/{name}"), "old");
    }

    let arguments = ["collectstatic", "--noinput", "--clear", "--max-delete", "2"];
    let ran = site.run(&arguments).failed(1);

    ran.tells(&["3 files would be deleted"]);
    assert_eq!(site.files("out"), ["x", "y", "z"]);
    let arguments = ["collectstatic", "--noinput", "--clear", "--max-delete", "3"];
    site.run(&arguments).done();
}

#[test]
fn a_dry_run_as_json_tells_of_hashed_files_too() {
    let site = site();

    let ran = site.run(&["collectstatic", "--noinput", "--dry-run", "--json"]);

    let lines: Vec<Json> = ran.done().json();
    let events: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    let (copy, write) = ("would_copy", "would_write");
    assert_eq!(events, [copy, copy, write, write, write, "summary"]);
    assert_eq!(lines[3]["name"], json!("b.bff139fa05ac.png"));
    assert!(!site.path("out").exists());
}

#[test]
fn a_plan_names_its_bucket_and_is_not_applied_to_another_of_the_same_name() {
    // The URLs of both have the same host.
    let options = "custom_domain = \"static.example.org\"";
    let pushing = Pushing::new("planned-place", "manifest+", options);
    pushing.write("a.css", "a{}");
    let elsewhere = Proxy::start(Minio::get().endpoint());
    pushing.push(&["--plan", "plan.json"]).done();
    let document = pushing.site.read("plan.json");
    let plan: Json = serde_json::from_str(&document).unwrap();

    let endpoint = format!("AWS_S3_ENDPOINT_URL={}", elsewhere.endpoint());
    let applied = pushing.push(&["--apply", "plan.json", "--set", &endpoint]);

    let bucket = pushing.bucket.name();
    assert_eq!(
        plan["destination"],
        format!(
            "s3://{bucket}/static at {}/{bucket}",
            pushing.proxy.endpoint()
        )
    );
    assert!(!document.contains(Minio::get().secret_key()), "{document}");
    let err = applied.failed(1).err;
    assert!(err.contains("destination was \"s3://"), "{err}");
    pushing.push(&["--apply", "plan.json"]).done();
}

#[test]
fn a_plan_names_where_the_manifest_goes() {
    let site = site();
    let set = "STATICFILES_STORAGE=manifest+file:out?manifest_storage=file:meta";
    let plan = plan_of(&site, &["--set", set]);

    let ran = site.run(&["collectstatic", "--noinput", "--apply", "plan.json"]);

    let meta = format!("file://{}", site.path("meta").display());
    assert_eq!(plan["manifest_storage"], meta);
    let err = ran.failed(1).err;
    assert!(err.contains("manifest_storage was \"file://"), "{err}");
}
