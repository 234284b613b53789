//! What is wrong with storages, in words: each message says what and where, and shows no secret.

use super::*;

/// What is written for the storage `a` from line 2 on, and the message.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "unknown scheme",
        "BACKEND = 'faek:a'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): no driver has the scheme \"faek\"; did you mean \"fake\"? The schemes are fake, filesystem, memory, s3",
    ),
    (
        "unknown option in the URL",
        "BACKEND = 'fake:a?expires=1'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): unknown option \"expires\"; did you mean \"expire\"?",
    ),
    (
        "unknown option",
        "BACKEND = 'fake:a'\nOPTIONS = { expires = 1 }",
        "cannot set up STORAGES.a.OPTIONS (storehouse.toml:3): unknown option \"expires\"; did you mean \"expire\"?",
    ),
    (
        "wrong value in the URL",
        "BACKEND = 'fake:a?expire=-1'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): option \"expire\": -1 is out of range: 1 to 604800",
    ),
    (
        "wrong type",
        "BACKEND = 'fake:a'\nOPTIONS = { password = 1 }",
        "cannot set up STORAGES.a.OPTIONS (storehouse.toml:3): option \"password\": expected a string, found an integer",
    ),
    (
        "host",
        "BACKEND = 'fake://h/a'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): a fake has no host; write fake:PATH",
    ),
    (
        "address and query",
        "BACKEND = 'fake:a?location=b'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): the URL gives the option \"location\" twice",
    ),
    (
        "two names in the URL",
        "BACKEND = 'fake:a?allow_overwrite=1&file_overwrite=1'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): the URL gives the option \"allow_overwrite\" twice",
    ),
    (
        "two names",
        "BACKEND = 'fake:a'\nOPTIONS = { allow_overwrite = true, file_overwrite = true }",
        "cannot set up STORAGES.a.OPTIONS (storehouse.toml:3): the option \"allow_overwrite\" is given under two names",
    ),
    (
        "endpoint without scheme",
        "BACKEND = 'fake:a?endpoint=localhost:9000'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): option \"endpoint\": expected a URL that starts with http:// or https://, such as http://127.0.0.1:9000",
    ),
    (
        "found when opened",
        "BACKEND = 'fake'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): it has no location; set location, or MEDIA_ROOT",
    ),
    (
        "class",
        "BACKEND = 'mysite.storage.Fancy'",
        "cannot set up STORAGES.a.BACKEND (storehouse.toml:2): the class \"mysite.storage.Fancy\" is not known; classes of Python cannot be run here: if it only sets attributes of its base class, name that class and give them as OPTIONS; else take a URL such as s3://bucket, or write a driver and add it with Registry::register",
    ),
];

#[test]
fn what_is_wrong_with_a_storage_is_told_with_its_place() {
    for (case, storage, expected) in WRONG {
        let site = Site::new(&format!("[STORAGES.a]\n{storage}"));

        assert_eq!(site.message("a"), *expected, "{case}");
    }
}

#[test]
fn a_storage_without_a_backend_is_told() {
    let site = Site::new("").with_set("STORAGES.a.OPTIONS.expire=1");

    assert!(
        site.message("a")
            .starts_with("cannot set up STORAGES.a (command line): it has no BACKEND")
    );
}

#[test]
fn no_message_shows_a_secret_or_the_rest_of_one() {
    for storage in [
        "BACKEND = 'fake://u:PLANTED@h'",
        "BACKEND = 'fake:a?password=x&PLANTED=1'",
        "BACKEND = 'fake:a?password=x&PLANTED'",
        "BACKEND = 'fake:a?PLANTED/=1&password=x'",
        "BACKEND = 'fake:a?password=PLANTED&expire=0'",
        "BACKEND = 'fake?password=PLANTED'",
        "BACKEND = 'faek:a?password=PLANTED'",
        "BACKEND = 'fake:a?endpoint=http://u:PLANTED%40h'",
        "BACKEND = 'fake:a'\nOPTIONS = { passwort = 'PLANTED' }",
        "BACKEND = 'fake:a'\nOPTIONS = { password = ['PLANTED'] }",
        "BACKEND = 'fake:a'\nOPTIONS = { endpoint = 'http://u:PLANTED@h' }",
    ] {
        Site::new(&format!("[STORAGES.a]\n{storage}")).message("a");
    }
}

#[test]
fn an_opened_storage_shows_no_secret() {
    let site =
        Site::new("FAKE_PASSWORD = 'PLANTED'\nDEFAULT_FILE_STORAGE = 'fake:a?password=PLANTED'");
    let storages = site.storages().unwrap();
    storages.default().unwrap();
    storages.open("fake:b?password=PLANTED").unwrap();

    assert!(!format!("{storages:?}").contains(PLANTED));
}

#[test]
fn all_wrong_storages_are_told_at_once() {
    let site = Site::new(
        "[STORAGES]\na = { BACKEND = 'x:' }\nb = { BACKEND = 'y:' }\nc = { BACKEND = 'fake:c' }",
    );

    let message = site.message("c");

    assert!(
        message.starts_with(
            "2 problems in the settings:\n  cannot set up STORAGES.a.BACKEND (storehouse.toml:2): "
        ),
        "{message}"
    );
    assert!(
        message.contains("\n  cannot set up STORAGES.b.BACKEND (storehouse.toml:3): "),
        "{message}"
    );
}

#[test]
fn options_of_hashed_names_are_told_apart_from_the_drivers() {
    let site = Site::new(
        "[STORAGES.staticfiles]\nBACKEND = 'manifest+fake:a?manifest_name=m.json'\n\
         [STORAGES.staticfiles.OPTIONS]\nmanifest_strict = false\nmax_post_process_passes = 0\n\
         missing_references = 'warn'",
    );

    let storages = site.storages().unwrap();
    let options = storages.manifest_options("staticfiles").unwrap().unwrap();

    assert_eq!(options.manifest_name.as_str(), "m.json");
    assert!(!options.manifest_strict);
    assert_eq!(options.max_post_process_passes, 0);
    assert_eq!(options.missing_references, MissingReferences::Warn);
    assert!(storages.staticfiles().is_ok());
}

#[test]
fn options_of_hashed_names_are_strict() {
    for (backend, options, expected) in [
        (
            "fake:a",
            "manifest_strict = false",
            "unknown option \"manifest_strict\"",
        ),
        (
            "manifest+fake:a",
            "manifest_stric = false",
            "did you mean \"manifest_strict\"?",
        ),
        (
            "manifest+fake:a",
            "manifest_strict = 1",
            "expected a boolean",
        ),
        (
            "manifest+fake:a",
            "manifest_name = '../x'",
            "option \"manifest_name\": it climbs",
        ),
        (
            "manifest+fake:a",
            "missing_references = 'no'",
            "missing_references",
        ),
        (
            "manifest+fake:a",
            "max_post_process_passes = -1",
            "max_post_process_passes",
        ),
    ] {
        let site = Site::new(&format!(
            "[STORAGES.staticfiles]\nBACKEND = '{backend}'\n[STORAGES.staticfiles.OPTIONS]\n{options}"
        ));

        let message = site.storages().unwrap_err().to_string();
        assert!(message.contains(expected), "{options}: {message}");
    }
}

#[test]
fn a_missing_alias_is_told_with_those_there_are() {
    let storages = Site::new("[STORAGES.media]\nBACKEND = 'fake:a'")
        .storages()
        .unwrap();

    assert_eq!(
        storages.get("default").unwrap_err().to_string(),
        "could not find config for \"default\" in STORAGES; STORAGES has media"
    );
    assert_eq!(
        storages.get("meda").unwrap_err().to_string(),
        "could not find config for \"meda\" in STORAGES; did you mean \"media\"?"
    );
}

#[test]
fn open_tells_of_a_word_that_is_neither_alias_nor_driver() {
    let storages = Site::new("").storages().unwrap();

    for (text, expected) in [
        (
            "defalt",
            "there is no storage \"defalt\"; did you mean \"default\"?",
        ),
        (
            "uploads",
            "there is no storage \"uploads\"; STORAGES has default, staticfiles; else write a URL, such as file:uploads",
        ),
    ] {
        assert_eq!(storages.open(text).unwrap_err().to_string(), expected);
    }
    let error = storages
        .open("fake:a?expires=1&password=PLANTED")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "cannot set up fake:a?***&password=***: unknown option \"expires\"; did you mean \"expire\"?"
    );
}
