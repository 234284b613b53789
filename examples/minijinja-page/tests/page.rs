//! The page of the sample site, after its files were collected.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
};

use storehouse::{staticfiles::Manifest, storages::builtin};

#[test]
fn the_page_has_the_hashed_urls_of_the_collected_files() {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../site");
    let folder = tempfile::tempdir().unwrap();
    let storage = format!("manifest+file://{}", folder.path().display());
    let settings = site.join("storehouse.toml").display().to_string();
    let set = format!("--set=STATICFILES_STORAGE={storage}");

    let arguments = [
        "storehouse",
        "--settings",
        &settings,
        &set,
        "collectstatic",
        "--noinput",
    ];
    assert_eq!(
        storehouse::cli::run(arguments, builtin()),
        ExitCode::SUCCESS
    );
    let output = Command::new(env!("CARGO_BIN_EXE_minijinja-page"))
        .current_dir(site)
        .env("STATICFILES_STORAGE", storage)
        .output()
        .unwrap();

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let page = String::from_utf8(output.stdout).unwrap();
    let manifest = fs::read(folder.path().join("staticfiles.json")).unwrap();
    let manifest = Manifest::from_json(&manifest).unwrap();
    for (attribute, name) in [("href", "css/site.css"), ("src", "js/menu.js")] {
        let hashed = manifest.get(name).unwrap();
        assert_ne!(hashed, name);
        let part = format!("{attribute}=\"/static/{hashed}\"");
        assert!(page.contains(&part), "no {part} in {page}");
    }
    assert!(page.contains(r#"src="/media/portrait.jpg""#), "{page}");
}
