//! What is shown: everything, and no secret.

use super::*;

#[test]
fn nothing_that_is_shown_has_a_secret_in_it() {
    let file = "
SECRET_KEY = 'PLANTED8'
SECRET_KEY_FALLBACKS = ['PLANTED9', 'PLANTED0']
FAKE_PASSWORD = 'PLANTED1'
FAKE_PARAMETERS = { SSECustomerKey = 'PLANTED2', CacheControl = 'no-store' }
STATICFILES_STORAGE = 'fake:static?password=PLANTED3&location=there'
[STORAGES.default]
BACKEND = 'fake://u:PLANTED4@h'
OPTIONS = { password = 'PLANTED5', passwort = 'PLANTED6', tags = ['seen'] }
";
    let folder = folder_with(file);
    let sources = sources(&folder).with_set("FAKE_S3_PASSWORD=PLANTED7");
    let settings = load(&sources);

    let shown: String = settings
        .shown()
        .iter()
        .map(|shown| format!("{} = {} # {}\n", shown.name, shown.value, shown.source))
        .collect();

    for text in [&shown, &format!("{settings:?}"), &format!("{sources:?}")] {
        assert!(!text.contains(PLANTED), "{text}");
    }
    for line in [
        "SECRET_KEY = \"***\" # storehouse.toml:2",
        "SECRET_KEY_FALLBACKS = [\"***\", \"***\"] # storehouse.toml:3",
        "FAKE_PASSWORD = \"***\" # storehouse.toml:4",
        "FAKE_S3_PASSWORD = \"***\" # command line",
        "STORAGES.default.BACKEND = \"fake://***@h\" # storehouse.toml:8",
        "STORAGES.default.OPTIONS.password = \"***\" # storehouse.toml:9",
        "STORAGES.default.OPTIONS.tags = [\"seen\"] # storehouse.toml:9",
        "STORAGES.staticfiles.BACKEND = \"fake:static?password=***&location=there\" # storehouse.toml:6",
        "FAKE_PARAMETERS = { CacheControl = \"no-store\", SSECustomerKey = \"***\" } # storehouse.toml:5",
        "FAKE_MODE = 0o644 # default",
        "STATIC_ROOT = none # default",
    ] {
        assert!(shown.contains(line), "no line {line}\n{shown}");
    }
}

#[test]
fn options_of_static_files_are_shown_as_they_are() {
    let file = "
[STORAGES.staticfiles]
BACKEND = 'compressed+manifest+fake:static'
[STORAGES.staticfiles.OPTIONS]
manifest_strict = false
compression = ['gzip']
rules = [{ match = '*.js', headers = { x-api-key = 'PLANTED1' } }]
manifest_storage = 'fake:there?password=PLANTED2'
manifest_strikt = 'PLANTED3'
";
    let settings = load(&sources(&folder_with(file)));

    let shown: Vec<String> = settings
        .shown()
        .into_iter()
        .filter_map(|shown| {
            let name = shown.name.strip_prefix("STORAGES.staticfiles.OPTIONS.")?;
            Some(format!("{name} = {}", shown.value))
        })
        .collect();

    assert_eq!(
        shown,
        [
            r#"compression = ["gzip"]"#,
            r#"manifest_storage = "fake:there?password=***""#,
            "manifest_strict = false",
            r#"manifest_strikt = "***""#,
            r#"rules = [{ headers = { x-api-key = "***" }, match = "*.js" }]"#,
        ]
    );
    assert!(!format!("{settings:?}").contains(PLANTED), "{settings:?}");
}

#[test]
fn every_setting_is_shown_once() {
    let settings = load(&Sources::new("/nowhere"));

    let names: Vec<String> = settings
        .shown()
        .into_iter()
        .map(|shown| shown.name)
        .collect();

    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len());
    for row in settings.rows() {
        let is_there = names.iter().any(|name| name.starts_with(row.name));
        let is_short = matches!(row.kind, SettingKind::Storage(_));
        assert!(is_there || is_short, "{}", row.name);
    }
}

#[cfg(unix)]
#[test]
fn a_file_with_secrets_that_everyone_can_change_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let secret = "FAKE_PASSWORD = 'PLANTED'";
    let in_url = "DEFAULT_FILE_STORAGE = 'fake:?password=PLANTED'";
    let in_options = "[STORAGES.a]\nBACKEND = 'fake:'\nOPTIONS = { password = 'PLANTED' }";
    for (case, file, mode, warned) in [
        ("setting", secret, 0o777, true),
        ("setting, only read", secret, 0o644, false),
        ("for the group", secret, 0o660, false),
        (
            "in a list",
            "SECRET_KEY_FALLBACKS = ['PLANTED']",
            0o777,
            true,
        ),
        ("in a URL", in_url, 0o777, true),
        ("in OPTIONS", in_options, 0o777, true),
        ("no secret", "DEBUG = true", 0o777, false),
        (
            "in an environment that is not chosen",
            "[environments.a]\nFAKE_PASSWORD = 'PLANTED'",
            0o777,
            false,
        ),
    ] {
        let folder = folder_with(file);
        let path = folder.path().join("storehouse.toml");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();

        let settings = load(&sources(&folder));

        assert_eq!(settings.warnings().len(), usize::from(warned), "{case}");
        for warning in settings.warnings() {
            let shown = format!("its mode {mode:04o}");
            assert!(
                warning.starts_with("storehouse.toml") && warning.contains(&shown),
                "{warning}"
            );
            assert!(!warning.contains(PLANTED), "{warning}");
        }
    }
}
