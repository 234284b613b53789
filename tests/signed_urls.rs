//! Private files: the command signs their URLs with SECRET_KEY, and an application checks them.

use std::time::{Duration, SystemTime};

use storehouse::{
    media::{Grant, Refusal, UrlVerifier},
    settings::{Settings, Sources},
    storages::builtin,
};

use crate::site::{Ran, Site};

const SETTINGS: &str = r#"
    SECRET_KEY = "PLANTED-current"
    MEDIA_ROOT = "media"
    MEDIA_URL = "/media/"
    STATIC_ROOT = "static"
    STATIC_URL = "/static/"
    [STORAGES.default]
    BACKEND = "filesystem"
    [STORAGES.private]
    BACKEND = "filesystem"
    OPTIONS = { querystring_auth = true, querystring_expire = 600, base_url = "/private/", location = "private" }
    [STORAGES.staticfiles]
    BACKEND = "filesystem"
    OPTIONS = { querystring_auth = true }
    [environments.rotated]
    SECRET_KEY = "PLANTED-next"
    SECRET_KEY_FALLBACKS = ["PLANTED-current"]
    [environments.replaced]
    SECRET_KEY = "PLANTED-next"
"#;

/// The URL that `storehouse url` prints.
fn url(site: &Site, arguments: &[&str]) -> String {
    let mut all = vec!["url"];
    all.extend(arguments);
    let ran = site.run(&all).done();
    no_key_shows(&ran);
    ran.out.trim_end().to_owned()
}

/// What an application with the same settings says to a request for the URL.
fn verified(site: &Site, environment: Option<&str>, url: &str) -> Result<Grant, Refusal> {
    let mut sources = Sources::new(site.path(""));
    if let Some(name) = environment {
        sources = sources.with_environment(name);
    }
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    UrlVerifier::of(&settings).verify(path, query, SystemTime::now())
}

#[track_caller]
fn no_key_shows(ran: &Ran) {
    assert!(!ran.out.contains("PLANTED"), "{ran:?}");
    assert!(!ran.err.contains("PLANTED"), "{ran:?}");
}

#[track_caller]
fn lasts(grant: &Grant, seconds: u64) {
    let left = grant.expires.duration_since(SystemTime::now()).unwrap();
    let most = Duration::from_secs(seconds + 1);
    assert!(left <= most && left * 2 > most, "{left:?} of {seconds} s");
}

#[test]
fn a_url_that_the_command_signs_is_good_where_the_settings_are_the_same() {
    let site = Site::new(SETTINGS);

    let url = url(
        &site,
        &[
            "a b/é.txt",
            "--expires-in",
            "3000",
            "--download-name",
            "say \"hi\" & go.txt",
            "--content-type",
            "text/plain; charset=utf-8",
        ],
    );

    assert!(url.starts_with("/media/a%20b/%C3%A9.txt?expires="), "{url}");
    let grant = verified(&site, None, &url).unwrap();
    lasts(&grant, 3000);
    assert_eq!(
        grant.content_type.as_deref(),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        grant.content_disposition().as_deref(),
        Some(
            "attachment; filename=\"say _hi_ & go.txt\"; filename*=UTF-8''say%20%22hi%22%20%26%20go%2Etxt"
        )
    );
    let other = url.replace("%C3%A9", "e");
    assert_eq!(verified(&site, None, &other), Err(Refusal::Altered));
}

#[test]
fn urls_of_a_private_storage_are_signed_for_as_long_as_it_says() {
    let site = Site::new(SETTINGS);

    let private = url(&site, &["a.txt", "--storage", "private"]);
    let named = url(&site, &["a.txt", "--download-name", "b.txt"]);

    assert!(private.starts_with("/private/a.txt?expires="), "{private}");
    lasts(&verified(&site, None, &private).unwrap(), 600);
    lasts(&verified(&site, None, &named).unwrap(), 3600);
    let (path, _) = private.split_once('?').unwrap();
    assert_eq!(verified(&site, None, path), Err(Refusal::Missing));
}

#[test]
fn urls_of_a_public_storage_and_of_static_files_are_plain() {
    let site = Site::new(SETTINGS);

    assert_eq!(url(&site, &["a.txt"]), "/media/a.txt");
    assert_eq!(
        url(&site, &["a.txt", "--storage", "staticfiles"]),
        "/static/a.txt"
    );
    let ran = site.run(&[
        "url",
        "a.txt",
        "--storage",
        "staticfiles",
        "--expires-in",
        "60",
    ]);
    ran.failed(1).tells(&["static files are never signed"]);
}

#[test]
fn a_new_key_keeps_the_urls_of_the_old_one_only_as_a_fallback() {
    let site = Site::new(SETTINGS);

    let before = url(&site, &["a.txt", "--expires-in", "3000"]);
    let after = url(
        &site,
        &["a.txt", "--expires-in", "3000", "--env", "rotated"],
    );

    assert!(verified(&site, Some("rotated"), &before).is_ok());
    assert!(verified(&site, Some("rotated"), &after).is_ok());
    assert!(verified(&site, Some("replaced"), &after).is_ok());
    let refused = Err(Refusal::Altered);
    assert_eq!(verified(&site, Some("replaced"), &before), refused);
    assert_eq!(verified(&site, None, &after), refused);
}

#[test]
fn a_private_storage_without_a_key_says_what_to_set_and_keeps_its_files() {
    let site = Site::new(&SETTINGS.replace("    SECRET_KEY = \"PLANTED-current\"\n", ""));
    site.write("a.txt", "private");

    let private = ["--storage", "private"];
    site.run(&[&["save", "a.txt"], &private[..]].concat())
        .done();
    let ran = site
        .run(&[&["url", "a.txt"], &private[..]].concat())
        .failed(1);

    ran.tells(&["private (querystring_auth)", "set SECRET_KEY"]);
    assert_eq!(site.read("private/a.txt"), "private");
}

#[test]
fn the_process_environment_gives_the_keys_and_no_command_shows_them() {
    let site = Site::new(&SETTINGS.replace("PLANTED-current", "PLANTED-other"));
    let run = |arguments: &[&str]| {
        let mut command = site.command(arguments);
        command.env("SECRET_KEY", "PLANTED-current");
        command.env("SECRET_KEY_FALLBACKS", "['PLANTED-1']");
        let ran = Ran::of(command.output().unwrap());
        no_key_shows(&ran);
        ran
    };

    let settings = run(&["settings"]).done();
    let signed = run(&["url", "a.txt", "--expires-in", "3000"]).done();
    run(&["check", "--deploy"]).done();
    run(&["url", "a.txt", "--expires-in", "0"]).failed(1);
    run(&["url", "a.txt", "--set", "SECRET_KEY_FALLBACKS=PLANTED"]).failed(1);

    for name in ["SECRET_KEY", "SECRET_KEY_FALLBACKS"] {
        let shown = settings.out.lines().find(|line| line.starts_with(name));
        assert!(
            shown.is_some_and(|line| line.contains("***")),
            "{settings:?}"
        );
    }
    let there = Site::new(SETTINGS);
    assert!(verified(&there, None, signed.out.trim_end()).is_ok());
}
