//! What is wrong with settings, in words: each message says what, where, and what was expected.

use storehouse_storage::ErrorKind;

use super::*;

#[test]
fn a_wrong_value_is_told_with_file_line_column_name_and_what_was_expected() {
    for (case, file, expected) in [
        (
            "type",
            "DEBUG = false\nSTATIC_ROOT = 5",
            "storehouse.toml:2:15: STATIC_ROOT: expected a path, found an integer",
        ),
        (
            "in an array",
            "STATICFILES_DIRS = ['a', ['b', 'c', 'd']]",
            "storehouse.toml:1:20: STATICFILES_DIRS: expected an array of paths and [prefix, path] pairs, found an array in it",
        ),
        (
            "not an array",
            "STATICFILES_DIRS = 'a'",
            "storehouse.toml:1:20: STATICFILES_DIRS: expected an array of paths and [prefix, path] pairs, found a string (staticfiles.E001)",
        ),
        (
            "in an environment",
            "[environments.ci]\n  DEBUG = 'yes'",
            "storehouse.toml:2:11: DEBUG: expected a boolean, found a string",
        ),
        (
            "a date",
            "STATIC_URL = 2026-01-01",
            "storehouse.toml:1:14: STATIC_URL: expected no date or time here",
        ),
        (
            "a secret",
            "FAKE_PASSWORD = ['PLANTED']",
            "storehouse.toml:1:17: FAKE_PASSWORD: expected a string, found an array",
        ),
        (
            "a password in a URL",
            "FAKE_ENDPOINT = 'http://u:PLANTED@h'",
            "storehouse.toml:1:17: FAKE_ENDPOINT: it has a user name or password (***); credentials have options of their own",
        ),
        (
            "a decimal mode",
            "FAKE_MODE = 644",
            "storehouse.toml:1:13: FAKE_MODE: expected a file mode such as 0o644, found 644, a decimal number; write it in octal, with 0o",
        ),
        (
            "environments",
            "environments = 1",
            "storehouse.toml:1:16: environments: expected tables such as [environments.production]",
        ),
        (
            "an environment",
            "environments.ci = 1",
            "storehouse.toml:1:14: environments.ci: expected a table, found an integer",
        ),
        (
            "after a letter of two bytes",
            "STORAGES = { \"é\" = 5 }",
            "storehouse.toml:1:20: STORAGES.é: expected a table, found an integer",
        ),
    ] {
        assert_eq!(message_of_file(file), expected, "{case}");
    }
}

#[test]
fn keys_of_the_wrong_kind_are_told_without_them() {
    for (case, file, expected) in [
        (
            "key",
            "SECRET_KEY = ['PLANTED']",
            "storehouse.toml:1:14: SECRET_KEY: expected a string, found an array",
        ),
        (
            "fallbacks",
            "SECRET_KEY_FALLBACKS = 'PLANTED'",
            "storehouse.toml:1:24: SECRET_KEY_FALLBACKS: expected an array of strings, found a string",
        ),
        (
            "in fallbacks",
            "SECRET_KEY_FALLBACKS = ['PLANTED', ['PLANTED']]",
            "storehouse.toml:1:24: SECRET_KEY_FALLBACKS: expected an array of strings, found an array in it",
        ),
    ] {
        assert_eq!(message_of_file(file), expected, "{case}");
    }
    assert_eq!(
        message_of_set("SECRET_KEY_FALLBACKS=PLANTED, PLANTED"),
        "--set SECRET_KEY_FALLBACKS: expected an array of strings, as in a settings file"
    );
}

#[test]
fn a_wrong_text_is_told_with_where_it_is_from() {
    for (set, expected) in [
        (
            "DEBUG=maybe",
            "--set DEBUG: expected true or false, found \"maybe\"",
        ),
        (
            "FAKE_EXPIRE=abc",
            "--set FAKE_EXPIRE: expected a number of seconds, written as in TOML",
        ),
        (
            "FAKE_EXPIRE=99999999",
            "--set FAKE_EXPIRE: 99999999 is out of range: 1 to 604800",
        ),
        (
            "FAKE_TAGS=[a",
            "--set FAKE_TAGS: expected an array of strings, written as in TOML",
        ),
        (
            "STATICFILES_DIRS=[assets",
            "--set STATICFILES_DIRS: expected an array of paths and [prefix, path] pairs, as in a settings file",
        ),
        (
            "FAKE_PASSWORD:PLANTED",
            "--set: expected KEY=VALUE, found no `=`",
        ),
        (
            "DEBUG.x=1",
            "--set DEBUG.x: only STORAGES takes a key with dots",
        ),
        (
            "STATIC_ROTO=x",
            "--set STATIC_ROTO: there is no setting \"STATIC_ROTO\"; did you mean \"STATIC_ROOT\"?",
        ),
    ] {
        assert_eq!(message_of_set(set), expected);
    }

    let variable = Sources::new("/nowhere").with_variable("STOREHOUSE_DEBUG", "release");
    assert_eq!(
        message(&variable),
        "environment variable STOREHOUSE_DEBUG: expected true or false, found \"release\""
    );
}

#[cfg(unix)]
#[test]
fn a_setting_in_the_process_environment_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let sources = Sources::new("/nowhere").with_variable("STATIC_ROOT", value);

    assert_eq!(
        message(&sources),
        "environment variable STATIC_ROOT: it is not UTF-8 text"
    );
}

#[test]
fn an_unknown_setting_is_told_with_file_line_and_the_nearest() {
    for (case, file, expected) in [
        (
            "a typo",
            "\nSTATIC_ROTO = 'x'",
            "storehouse.toml:2:1: there is no setting \"STATIC_ROTO\"; did you mean \"STATIC_ROOT\"?",
        ),
        (
            "lower case",
            "debug = true",
            "storehouse.toml:1:1: there is no setting \"debug\"; did you mean \"DEBUG\"?",
        ),
        (
            "a driver's",
            "FAKE_EXPIRES = 1",
            "storehouse.toml:1:1: there is no setting \"FAKE_EXPIRES\"; did you mean \"FAKE_EXPIRE\"?",
        ),
        (
            "environments",
            "[enviroments.ci]",
            "storehouse.toml:1:2: there is no setting \"enviroments\"; did you mean \"environments\"?",
        ),
        (
            "Django's",
            "FORCE_SCRIPT_NAME = \"/x\"",
            "storehouse.toml:1:1: FORCE_SCRIPT_NAME is a setting of Django that this version does not use; take it out",
        ),
        (
            "WhiteNoise's",
            "WHITENOISE_MAX_AGE = 1",
            "storehouse.toml:1:1: WHITENOISE_MAX_AGE is no setting here: write cache_control in the OPTIONS of STORAGES.staticfiles",
        ),
        (
            "nothing near",
            "COLOUR = 1",
            "storehouse.toml:1:1: there is no setting \"COLOUR\"; `storehouse settings` lists those there are",
        ),
        (
            "of an environment that is not chosen",
            "[environments.ci]\nDEBU = 1",
            "storehouse.toml:2:1: there is no setting \"DEBU\"; did you mean \"DEBUG\"?",
        ),
        (
            "an environment in one",
            "[environments.a.environments.b]",
            "storehouse.toml:1:17: there is no setting \"environments\"; `storehouse settings` lists those there are",
        ),
    ] {
        assert_eq!(message_of_file(file), expected, "{case}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let message = message_of_file("A = 1\nDEBUG = 1\n[environments.ci]\nSTATIC_ROOT = 1");

    assert!(
        message.starts_with("3 problems in the settings:\n  storehouse.toml:1:1: "),
        "{message}"
    );
    assert!(
        message.contains("\n  storehouse.toml:2:9: DEBUG"),
        "{message}"
    );
    assert!(
        message.contains("\n  storehouse.toml:4:15: STATIC_ROOT"),
        "{message}"
    );
}

#[test]
fn ten_thousand_problems_are_not_all_shown() {
    let file: String = (0..10_000)
        .map(|number| format!("X{number} = 1\n"))
        .collect();

    let message = message_of_file(&file);

    assert!(message.lines().count() < 30, "{}", message.lines().count());
    assert!(message.ends_with("and 9980 more"), "{message}");
}

#[test]
fn what_is_not_toml_is_told_with_its_place_and_without_the_line() {
    for (case, file, start) in [
        (
            "syntax",
            "DEBUG = true\nFAKE_PASSWORD = PLANTED\n",
            "storehouse.toml:2:17: not valid TOML: ",
        ),
        (
            "open string",
            "FAKE_PASSWORD = 'PLANTED",
            "storehouse.toml:1:",
        ),
        (
            "key twice",
            "DEBUG = true\nDEBUG = false",
            "storehouse.toml:2:1: not valid TOML: duplicate key",
        ),
        (
            "table twice",
            "[STORAGES]\n[environments.a]\n[environments.a]",
            "storehouse.toml:3:15: not valid TOML: duplicate key",
        ),
    ] {
        let message = message_of_file(file);

        assert!(message.starts_with(start), "{case}: {message}");
        assert_eq!(message.lines().count(), 1, "{case}: {message}");
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("storehouse.toml"), b"A = '\xff'").unwrap();

    assert_eq!(
        message(&sources(&folder)),
        "storehouse.toml is not UTF-8 text from byte 5 on"
    );
}

#[test]
fn a_settings_file_that_was_asked_for_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(&folder).with_settings_file("conf/site.toml");

    let error = Settings::load(&sources, &fake::registry()).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error
            .to_string()
            .starts_with("cannot read the settings file conf/site.toml: "),
        "{error}"
    );
}

#[test]
fn an_unknown_environment_is_told_with_those_there_are() {
    let folder = folder_with("[environments.minio]\n[environments.production]");
    for (name, expected) in [
        (
            "mino",
            "storehouse.toml has no environment \"mino\"; did you mean \"minio\"? There are minio, production",
        ),
        (
            "test",
            "storehouse.toml has no environment \"test\"; there are minio, production",
        ),
    ] {
        assert_eq!(message(&sources(&folder).with_environment(name)), expected);
    }

    let no_file = message(&Sources::new("/nowhere").with_environment("ci"));
    assert!(
        no_file.starts_with("there is no environment \"ci\", for there is no settings file"),
        "{no_file}"
    );
}
