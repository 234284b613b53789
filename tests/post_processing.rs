//! Hashed names and the manifest, by the command: what is written, when, and what a failure leaves.

use std::{collections::BTreeMap, fs, time::SystemTime};

use storehouse::{
    settings::{Settings, Sources},
    staticfiles::{
        self, Action, Hashing, IgnorePatterns, Places, PlanOptions, Planned, Planner, Report,
        StaticUrls,
    },
    storage::{Name, StorageExt},
    storages::{STATICFILES, Storages, builtin},
};

use crate::site::Site;

const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATICFILES_STORAGE = "manifest+file:out"
    STATICFILES_DIRS = ["assets"]
"#;

const CSS: &str = "css/app.3bd01e60fac8.css";

fn site() -> Site {
    let site = Site::new(SETTINGS);
    site.write("assets/css/app.css", "a{b:url(../img/a.png)}");
    site.write("assets/img/a.png", "png");
    site
}

fn times(site: &Site) -> BTreeMap<String, SystemTime> {
    let files = site.files("out").into_iter();
    files
        .map(|name| {
            let file = fs::metadata(site.path("out").join(&name)).unwrap();
            (name, file.modified().unwrap())
        })
        .collect()
}

#[test]
fn names_are_hashed_and_references_follow() {
    let site = site();

    let ran = site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(
        site.files("out"),
        [
            CSS,
            "css/app.css",
            "img/a.bff139fa05ac.png",
            "img/a.png",
            "staticfiles.json"
        ]
    );
    assert_eq!(
        site.read(&format!("out/{CSS}")),
        "a{b:url(\"../img/a.bff139fa05ac.png\")}"
    );
    assert_eq!(site.read("out/css/app.css"), "a{b:url(../img/a.png)}");
    let root = site.path("out").display().to_string();
    assert_eq!(
        ran.out,
        format!("\n2 static files copied to '{root}', 2 post-processed.\n")
    );
}

#[test]
fn a_second_run_writes_nothing() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    let before = times(&site);

    let ran = site.run(&["collectstatic", "--noinput", "-v", "2"]).done();

    assert_eq!(times(&site), before);
    assert!(
        ran.out.contains("Skipped post-processing 'img/a.png'\n"),
        "{}",
        ran.out
    );
    // Django counts CSS and JavaScript in every run.
    assert!(
        ran.out
            .contains(&format!("Post-processed 'css/app.css' as '{CSS}'\n")),
        "{}",
        ran.out
    );
    assert!(
        ran.out.ends_with(", 2 unmodified, 1 post-processed.\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_damaged_hashed_stylesheet_is_written_again() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    let content = site.read(&format!("out/{CSS}"));
    site.write(&format!("out/{CSS}"), "x".repeat(content.len()));

    site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(site.read(&format!("out/{CSS}")), content);
}

#[test]
fn a_missing_reference_is_told_with_its_place_and_nothing_is_written() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    let before = times(&site);
    site.write(
        "assets/css/app.css",
        "a{}\nb{c:url(nope.png) url('no.png')}",
    );
    site.write("assets/new.png", "new");

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    assert_eq!(
        ran.err,
        "storehouse: cannot post-process \"css/app.css\": line 2 has \"url(nope.png)\", and there is no static file \"css/nope.png\"; correct it, or set missing_references = \"warn\" in the OPTIONS of the storage to collect all the same\n\
         storehouse: cannot post-process \"css/app.css\": line 2 has \"url('no.png')\", and there is no static file \"css/no.png\"\n"
    );
    assert_eq!(times(&site), before);
}

#[test]
fn a_module_that_is_told_of_is_named_as_in_its_source() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         STATICFILES_STORAGE = \"manifest+file:out?support_js_module_import_aggregation=1\"\n",
    );
    site.write("assets/a.js", "import { b } from './b.js'\n");
    site.write("assets/b.js", "import { m } from './missing.js'\n");
    site.write(
        "assets/vs/c.js",
        "export { x }\nimport { b } from '../b.js'\n",
    );

    for arguments in [
        &["collectstatic", "--noinput"][..],
        &[
            "collectstatic",
            "--noinput",
            "--set",
            "STATICFILES_STORAGE=manifest+file:out?support_js_module_import_aggregation=1&missing_references=warn",
        ],
    ] {
        let err = site.run(arguments).err;

        assert!(err.contains("no static file \"missing.js\""), "{err}");
        assert!(err.contains("second reference to \"b.js\""), "{err}");
        assert!(!err.contains("000000000000"), "{err}");
    }
}

#[test]
fn missing_references_can_be_allowed() {
    for (value, warnings) in [("warn", 1), ("ignore", 0)] {
        let site = site();
        site.write("assets/b.css", "url(nope.png)url(img/a.png)");
        let set = format!("STATICFILES_STORAGE=manifest+file:out?missing_references={value}");

        let ran = site
            .run(&["collectstatic", "--noinput", "--set", &set])
            .done();

        assert_eq!(ran.err.lines().count(), warnings, "{value}: {}", ran.err);
        let files = site.files("out");
        let css = files
            .iter()
            .find(|name| name.starts_with("b.") && *name != "b.css");
        assert_eq!(
            site.read(&format!("out/{}", css.unwrap())),
            "url(nope.png)url(\"img/a.bff139fa05ac.png\")",
            "{value}"
        );
    }
}

#[test]
fn a_stylesheet_that_is_not_utf_8_is_refused_with_the_place() {
    let site = site();
    site.write("assets/latin.css", b"/* \xe9 */");

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    ran.tells(&["\"latin.css\": it is not UTF-8 at byte 3"]);
}

#[test]
fn clear_keeps_what_is_hashed_now_and_deletes_what_was_before() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("assets/img/a.png", "other");

    let ran = site.run(&["collectstatic", "--noinput", "--clear"]).done();

    let files = site.files("out");
    assert_eq!(files.len(), 5, "{files:?}");
    assert!(!files.contains(&CSS.to_owned()), "{files:?}");
    assert!(
        ran.out
            .starts_with("\n5 static files deleted, 2 static files copied to "),
        "{}",
        ran.out
    );
}

#[test]
fn old_hashed_files_stay_without_clear() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("assets/css/app.css", "changed{}");

    site.run(&["collectstatic", "--noinput"]).done();

    assert!(site.path("out").join(CSS).exists());
    assert!(!site.read("out/staticfiles.json").contains(CSS));
}

#[test]
fn without_post_processing_only_the_files_are_copied() {
    for flag in ["--no-post-process", "--dry-run"] {
        let site = site();
        site.write("assets/bad.css", "url(nope.png)");

        let ran = site.run(&["collectstatic", "--noinput", flag]).done();

        let files = site.files("out");
        assert!(!files.contains(&"staticfiles.json".to_owned()), "{files:?}");
        assert!(!ran.out.contains("post-processed"), "{}", ran.out);
    }
}

#[test]
fn a_reference_to_a_file_of_an_earlier_run_is_followed_as_django_does() {
    let site = site();
    site.run(&["collectstatic", "--noinput"]).done();
    fs::remove_file(site.path("assets/img/a.png")).unwrap();

    site.run(&["collectstatic", "--noinput"]).done();

    assert!(!site.read("out/staticfiles.json").contains("img/a.png"));
    assert_eq!(
        site.read(&format!("out/{CSS}")),
        "a{b:url(\"../img/a.bff139fa05ac.png\")}"
    );
}

#[test]
fn a_manifest_that_cannot_be_read_is_not_overwritten() {
    for manifest in ["{", "[]", r#"{"version": "2.0"}"#] {
        let site = site();
        site.write("out/staticfiles.json", manifest);

        let ran = site
            .run(&["collectstatic", "--noinput", "--clear"])
            .failed(1);

        ran.tells(&["staticfiles.json"]);
        assert_eq!(site.files("out"), ["staticfiles.json"]);
    }
}

#[test]
fn a_hashed_name_that_is_too_long_is_refused_before_anything_is_written() {
    let site = site();
    let long = format!("{}.png", "n".repeat(245));
    site.write(&format!("assets/{long}"), "x");

    let ran = site.run(&["collectstatic", "--noinput"]).failed(1);

    ran.tells(&[&long, "too long"]);
    assert!(!site.path("out").exists());
}

/// The storages of a site whose static files go to a storage in memory, which is no folder.
fn in_memory(site: &Site, name: &str) -> (Settings, Storages) {
    let registry = builtin();
    let root = site.path("");
    let set = format!("STATICFILES_STORAGE=manifest+memory://{name}");
    let settings = Settings::load(&Sources::new(&root).with_set(&set), &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();
    (settings, storages)
}

async fn plan(settings: &Settings, storages: &Storages) -> Planned {
    let places = Places::of(storages).unwrap();
    let hashing = Hashing::of(settings, storages, STATICFILES).unwrap();
    let finders = staticfiles::finders(settings, storages).await.unwrap();
    let finding = staticfiles::find(finders, IgnorePatterns::default());
    Planner::new(&places, PlanOptions::default())
        .with_hashing(hashing.as_ref())
        .plan(finding)
        .await
        .unwrap()
}

async fn push(planned: &Planned, storages: &Storages) -> Report {
    let places = Places::of(storages).unwrap();
    Report::of(staticfiles::execute(&planned.plan, places, 4)).await
}

fn written(planned: &Planned) -> Vec<&str> {
    let writes = planned.plan.writes.iter();
    writes
        .filter(|write| write.action == Action::Copy)
        .map(|write| write.name.as_str())
        .collect()
}

#[tokio::test]
async fn only_what_changed_is_pushed_to_a_storage_that_is_no_folder() {
    let site = site();
    let (settings, storages) = in_memory(&site, "only-changes");

    let first = plan(&settings, &storages).await;
    push(&first, &storages).await;
    let second = plan(&settings, &storages).await;
    site.write("assets/img/a.png", "new");
    let third = plan(&settings, &storages).await;

    assert_eq!(written(&first).len(), 5);
    assert_eq!(written(&second), [""; 0]);
    assert_eq!(
        written(&third),
        [
            "img/a.png",
            "css/app.3cb0d98003f9.css",
            "img/a.22af645d1859.png",
            "staticfiles.json"
        ]
    );
}

#[tokio::test]
async fn a_page_gets_its_urls_by_the_manifest() {
    let site = site();
    let (settings, storages) = in_memory(&site, "urls");
    let before = StaticUrls::load(&settings, &storages).await.unwrap_err();
    push(&plan(&settings, &storages).await, &storages).await;

    let urls = StaticUrls::load(&settings, &storages).await.unwrap();

    assert!(
        before.to_string().contains("run collectstatic first"),
        "{before}"
    );
    assert_eq!(urls.url("css/app.css").unwrap(), format!("/static/{CSS}"));
    assert!(urls.url("css/nope.css").is_err());
}

#[tokio::test]
async fn with_debug_pages_have_unhashed_names_and_need_no_manifest() {
    let site = site();
    site.write("storehouse.toml", format!("DEBUG = true\n{SETTINGS}"));
    let (settings, storages) = in_memory(&site, "debug");

    let urls = StaticUrls::load(&settings, &storages).await.unwrap();

    assert_eq!(urls.url("css/app.css").unwrap(), "/static/css/app.css");
    assert_eq!(urls.url("sp ace").unwrap(), "/static/sp ace");
}

#[tokio::test]
async fn a_source_that_changes_meanwhile_leaves_the_old_manifest() {
    let site = site();
    let (settings, storages) = in_memory(&site, "changes");
    push(&plan(&settings, &storages).await, &storages).await;
    let storage = storages.staticfiles().unwrap();
    let name = Name::new("staticfiles.json").unwrap();
    let manifest = storage.read(&name).await.unwrap();
    site.write("assets/img/a.png", "newer");
    let planned = plan(&settings, &storages).await;
    // Another than the one that was hashed, and as long.
    site.write("assets/img/a.png", "other");

    let report = push(&planned, &storages).await;

    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    assert!(report.failures[0].to_string().contains("changed while"));
    assert_eq!(storage.read(&name).await.unwrap(), manifest);
}

#[test]
fn a_compressed_copy_is_not_taken_for_one_of_the_same_size() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         STATICFILES_STORAGE = \"compressed+file:static\"\n",
    );
    let css = |number: u32| format!("a {{ order: {number} }}\n").repeat(100);
    let gunzipped = |name: &str| {
        let file = fs::File::open(site.path(name)).unwrap();
        std::io::read_to_string(flate2::read::GzDecoder::new(file)).unwrap()
    };
    site.write("assets/one.css", css(1));
    site.write("assets/two.css", css(2));
    site.run(&["collectstatic", "--noinput"]).done();
    let size = |name: &str| fs::metadata(site.path(name)).unwrap().len();
    assert_eq!(size("static/one.css.gz"), size("static/two.css.gz"));

    site.write("assets/one.css", css(2));
    site.run(&["collectstatic", "--noinput"]).done();

    assert_eq!(gunzipped("static/one.css.gz"), css(2));
}
