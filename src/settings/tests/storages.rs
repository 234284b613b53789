//! `STORAGES` and its short forms: which source has the last word.

use super::*;

/// A case, a settings file, and the message.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "not a table",
        "STORAGES = 1",
        "storehouse.toml:1:12: STORAGES: expected a table, found an integer",
    ),
    (
        "alias not a table",
        "[STORAGES]\na = 'fake:PLANTED'",
        "storehouse.toml:2:5: STORAGES.a: expected a table, found a string",
    ),
    (
        "backend of a wrong type",
        "[STORAGES.a]\nBACKEND = ['PLANTED']",
        "storehouse.toml:2:11: STORAGES.a.BACKEND: expected a storage string, found an array",
    ),
    (
        "mistyped key",
        "[STORAGES.a]\nBACKEND = 'fake:'\nOPTION = {}",
        "storehouse.toml:3:1: STORAGES.a has no key \"OPTION\"; did you mean \"OPTIONS\"?",
    ),
    (
        "options of a wrong type",
        "[STORAGES.a]\nBACKEND = 'fake:'\nOPTIONS = 'PLANTED'",
        "storehouse.toml:3:11: STORAGES.a.OPTIONS: expected a table, found a string",
    ),
    (
        "decimal mode",
        "[STORAGES.a]\nBACKEND = 'fake:'\n[STORAGES.a.OPTIONS]\nmode = 755",
        "storehouse.toml:4:8: STORAGES.a.OPTIONS.mode: expected a file mode such as 0o644, found 755, a decimal number; write it in octal, with 0o",
    ),
    (
        "date",
        "[STORAGES.a]\nBACKEND = 'fake:'\nOPTIONS = { x = 2026-01-01 }",
        "storehouse.toml:3:17: STORAGES.a.OPTIONS.x: expected no date or time here",
    ),
];

fn storage(settings: &Settings, alias: &str) -> (String, Vec<(String, String)>, String) {
    let setting = &settings.storages()[alias];
    let backend = setting.backend.as_ref().unwrap();
    let options = setting.options.iter();
    let options = options.map(|(name, option)| (name.clone(), option.shown.clone()));
    (
        backend.shown.clone(),
        options.collect(),
        backend.source.to_string(),
    )
}

#[test]
fn storages_of_the_file_replace_the_built_in_ones_whole() {
    let folder = folder_with("[STORAGES.media]\nBACKEND = 'fake:a'");

    let settings = load(&sources(&folder));

    let aliases: Vec<_> = settings.storages().keys().collect();
    assert_eq!(aliases, ["media"]);
}

#[test]
fn later_storages_replace_one_alias_each() {
    let file = "
[STORAGES]
media = { BACKEND = 'fake:a', OPTIONS = { expire = 5 } }
other = { BACKEND = 'fake:o' }
[environments.ci.STORAGES.media]
BACKEND = 'fake:b'
";
    let folder = folder_with(file);

    let settings = load(&sources(&folder).with_environment("ci"));

    let expected = (
        "fake:b".to_owned(),
        Vec::new(),
        "storehouse.toml:6 (environment \"ci\")".to_owned(),
    );
    assert_eq!(storage(&settings, "media"), expected);
    assert_eq!(storage(&settings, "other").0, "fake:o");
}

#[test]
fn the_short_form_replaces_backend_and_options_together() {
    let folder = folder_with("[STORAGES.default]\nBACKEND = 'fake:a'\nOPTIONS = { expire = 5 }");
    let sources = sources(&folder).with_variable("DEFAULT_FILE_STORAGE", "fake:b");

    let settings = load(&sources);

    let source = "environment variable DEFAULT_FILE_STORAGE".to_owned();
    assert_eq!(
        storage(&settings, "default"),
        ("fake:b".to_owned(), Vec::new(), source)
    );
}

#[test]
fn the_short_form_alone_leaves_the_other_built_in_storage() {
    let folder = folder_with("DEFAULT_FILE_STORAGE = 'fake:a'");

    let settings = load(&sources(&folder));

    assert_eq!(storage(&settings, "default").0, "fake:a");
    assert_eq!(storage(&settings, "staticfiles").2, "default");
}

#[test]
fn both_forms_in_one_source_are_refused() {
    let file = "DEFAULT_FILE_STORAGE = 'fake:a'\n[STORAGES.default]\nBACKEND = 'fake:PLANTED'";
    assert_eq!(
        message_of_file(file),
        "storehouse.toml:1:1: DEFAULT_FILE_STORAGE is short for STORAGES.default, which is set too (storehouse.toml:2); take one of them out"
    );

    let sets = Sources::new("/nowhere")
        .with_set("STATICFILES_STORAGE=fake:a")
        .with_set("STORAGES.staticfiles.OPTIONS.expire=1");
    assert!(message(&sets).contains("take one of them out"));

    let process = Sources::new("/nowhere")
        .with_variable("DEFAULT_FILE_STORAGE", "fake:a")
        .with_variable("STORAGES", "{ default = { BACKEND = 'fake:b' } }");
    assert!(message(&process).contains("take one of them out"));
}

#[test]
fn both_forms_in_two_sources_are_fine() {
    let folder = folder_with(
        "DEFAULT_FILE_STORAGE = 'fake:a'\n[environments.ci.STORAGES.default]\nBACKEND = 'fake:b'",
    );

    let settings = load(&sources(&folder).with_environment("ci"));

    assert_eq!(storage(&settings, "default").0, "fake:b");
}

#[test]
fn a_dotted_key_of_the_command_line_changes_one_thing() {
    let folder =
        folder_with("[STORAGES.media]\nBACKEND = 'fake:a'\nOPTIONS = { expire = 5, tags = ['x'] }");
    let sources = sources(&folder)
        .with_set("STORAGES.media.OPTIONS.expire=7")
        .with_set("STORAGES.media.BACKEND=fake:b")
        .with_set("STORAGES.more={ BACKEND = 'fake:m', OPTIONS = { tags = ['x'] } }")
        .with_set("STORAGES.more.OPTIONS={ expire = 9 }");

    let settings = load(&sources);

    let (backend, options, source) = storage(&settings, "media");
    assert_eq!(
        (backend.as_str(), source.as_str()),
        ("fake:b", "command line")
    );
    assert_eq!(options[0], ("expire".to_owned(), "\"7\"".to_owned()));
    assert_eq!(options[1], ("tags".to_owned(), "[\"x\"]".to_owned()));
    assert_eq!(
        storage(&settings, "more").1,
        [("expire".to_owned(), "9".to_owned())]
    );
}

#[test]
fn wrong_storages_are_told_with_their_place() {
    for (case, file, expected) in WRONG {
        assert_eq!(message_of_file(file), *expected, "{case}");
    }
    for (set, expected) in [
        (
            "STORAGES=x",
            "--set STORAGES: expected a table of storages by alias, written as in TOML",
        ),
        (
            "STORAGES.a=fake:PLANTED",
            "--set STORAGES.a: expected a table with BACKEND and OPTIONS, written as in TOML",
        ),
        (
            "STORAGES.a.BACKENT=fake:",
            "--set STORAGES.a.BACKENT: STORAGES.a has no key \"BACKENT\"; did you mean \"BACKEND\"?",
        ),
        (
            "STORAGES.a.OPTIONS=PLANTED",
            "--set STORAGES.a.OPTIONS: expected a table of options, written as in TOML",
        ),
    ] {
        assert_eq!(message_of_set(set), expected);
    }
}
