//! The loader as a whole, over a fake driver: files and variables in, values and messages out.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{fake, *};

mod messages;
mod robustness;
mod shown;
mod storages;

/// In every test that could show a secret, the secret.
const PLANTED: &str = "PLANTED";

fn folder_with(file: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("storehouse.toml"), file).unwrap();
    folder
}

fn sources(folder: &TempDir) -> Sources {
    Sources::new(folder.path())
}

fn load(sources: &Sources) -> Settings {
    Settings::load(sources, &fake::registry()).unwrap()
}

fn message(sources: &Sources) -> String {
    let error = Settings::load(sources, &fake::registry()).unwrap_err();
    let (shown, debugged) = (error.to_string(), format!("{error:?}"));
    assert!(!shown.contains(PLANTED), "{shown}");
    assert!(!debugged.contains(PLANTED), "{debugged}");
    shown
}

/// What goes wrong with a settings file.
fn message_of_file(file: &str) -> String {
    message(&sources(&folder_with(file)))
}

/// What goes wrong with a `--set`.
fn message_of_set(set: &str) -> String {
    message(&Sources::new("/nowhere").with_set(set))
}

fn shown_source(settings: &Settings, name: &str) -> String {
    settings.source(name).to_string()
}

#[test]
fn the_last_source_that_says_something_wins() {
    let file = "STATIC_URL = '/file/'\n[environments.ci]\nSTATIC_URL = '/table/'\n";
    let folder = folder_with(file);
    let plain = sources(&folder);
    let table = plain.clone().with_environment("ci");
    let process = table.clone().with_variable("STATIC_URL", "/process/");
    let command_line = process.clone().with_set("STATIC_URL=/set/");

    for (case, sources, url, source) in [
        ("file", &plain, "/file/", "storehouse.toml:1"),
        (
            "table",
            &table,
            "/table/",
            "storehouse.toml:3 (environment \"ci\")",
        ),
        (
            "process",
            &process,
            "/process/",
            "environment variable STATIC_URL",
        ),
        ("command line", &command_line, "/set/", "command line"),
    ] {
        let settings = load(sources);

        assert_eq!(settings.static_url().as_deref(), Some(url), "{case}");
        assert_eq!(shown_source(&settings, "STATIC_URL"), source, "{case}");
    }
}

#[test]
fn values_on_the_command_line_may_be_typed_as_in_a_settings_file() {
    for (set, name, expected) in [
        ("STATIC_URL=/s/", "STATIC_URL", "/s/"),
        ("STATIC_URL=\"/s/\"", "STATIC_URL", "/s/"),
        ("STATIC_URL='/s/'", "STATIC_URL", "/s/"),
        // No TOML: taken as it is.
        ("STATIC_URL=\"/s/", "STATIC_URL", "\"/s/"),
    ] {
        let settings = load(&Sources::new("/nowhere").with_set(set));

        assert_eq!(settings.text(name), Some(expected), "{set}");
    }
    for set in [
        "STATICFILES_DIRS=a,b",
        "STATICFILES_DIRS=a, b,",
        r#"STATICFILES_DIRS=["a", "b"]"#,
        r#"STATICFILES_DIRS= ["a", "b"]"#,
        r#"STATICFILES_DIRS="a", "b""#,
    ] {
        let settings = load(&Sources::new("/nowhere").with_set(set));

        let dirs = settings.staticfiles_dirs();
        let paths: Vec<&str> = dirs.iter().filter_map(|dir| dir.path.to_str()).collect();
        assert_eq!(paths, ["/nowhere/a", "/nowhere/b"], "{set}");
    }
    for set in [
        "ALLOWED_HOSTS=a,b",
        r#"ALLOWED_HOSTS=["a", "b"]"#,
        r#"ALLOWED_HOSTS="a","b""#,
    ] {
        let settings = load(&Sources::new("/nowhere").with_set(set));

        assert_eq!(settings.list("ALLOWED_HOSTS"), ["a", "b"], "{set}");
    }
}

#[test]
fn a_variable_may_have_a_prefix_that_nobody_else_uses() {
    for (variables, debug, source, warns) in [
        (
            &[("DEBUG", "1")][..],
            true,
            "environment variable DEBUG",
            false,
        ),
        (
            &[("STOREHOUSE_DEBUG", "0"), ("DEBUG", "1")],
            false,
            "environment variable STOREHOUSE_DEBUG",
            false,
        ),
        (
            &[("STOREHOUSE_DEBUG", "1"), ("DEBUG", "express:*")],
            true,
            "environment variable STOREHOUSE_DEBUG",
            false,
        ),
        (&[("DEBUG", "")], false, "default", false),
        // Misspelt.
        (&[("STOREHOUSE_DEBUGG", "1")], false, "default", true),
        // Of Kubernetes, for a service of this name.
        (
            &[("STOREHOUSE_PORT_80_TCP_ADDR", "10.0.0.1")],
            false,
            "default",
            false,
        ),
        // Of a program of Node.js.
        (&[("DEBUG", "express:*")], false, "default", true),
    ] {
        let mut sources = Sources::new("/nowhere");
        for (name, value) in variables {
            sources = sources.with_variable(*name, *value);
        }

        let settings = load(&sources);

        assert_eq!(settings.debug(), debug, "{variables:?}");
        assert_eq!(shown_source(&settings, "DEBUG"), source, "{variables:?}");
        let warnings = settings.warnings().join("\n");
        assert_eq!(warnings.contains("STOREHOUSE_DEBUG"), warns, "{warnings}");
        assert!(!warnings.contains("express"), "{warnings}");
    }
    let wrong = Sources::new("/nowhere").with_variable("STOREHOUSE_DEBUG", "maybe");
    assert!(Settings::load(&wrong, &fake::registry()).is_err());
}

#[test]
fn without_any_source_django_s_defaults_hold() {
    let settings = load(&Sources::new("/nowhere"));

    assert!(!settings.debug());
    assert_eq!(settings.static_url(), None);
    assert_eq!(settings.static_root(), None);
    assert_eq!(
        settings.staticfiles_finders(),
        [
            "django.contrib.staticfiles.finders.FileSystemFinder",
            "django.contrib.staticfiles.finders.AppDirectoriesFinder",
        ]
    );
    assert_eq!(shown_source(&settings, "DEBUG"), "default");
    assert_eq!(settings.file(), None);
}

#[test]
fn the_file_is_found_in_a_parent_of_the_working_directory() {
    let folder = folder_with("STATIC_ROOT = 'out'");
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).unwrap();

    let settings = load(&Sources::new(&below));

    assert_eq!(settings.static_root(), Some(folder.path().join("out")));
    assert_eq!(
        settings.file(),
        Some(&*folder.path().join("storehouse.toml"))
    );
}

#[test]
fn a_relative_path_is_relative_to_where_it_is_written() {
    let folder =
        folder_with("STATIC_ROOT = '../out'\nSTATICFILES_DIRS = ['assets', ['v', 'vendor']]");
    let below = folder.path().join("a");
    fs::create_dir(&below).unwrap();
    let sources = Sources::new(&below)
        .with_variable("MEDIA_ROOT", "process")
        .with_set("INSTALLED_APPS=['./blog']");

    let settings = load(&sources);

    let parent = folder.path().parent().unwrap();
    assert_eq!(settings.static_root(), Some(parent.join("out")));
    assert_eq!(settings.media_root(), Some(below.join("process")));
    let app = AppEntry {
        text: "./blog".to_owned(),
        folder: Some(below.join("blog")),
    };
    assert_eq!(settings.installed_apps(), [app]);
    let dir = |prefix: Option<&str>, name: &str| StaticDir {
        prefix: prefix.map(str::to_owned),
        path: folder.path().join(name),
    };
    assert_eq!(
        settings.staticfiles_dirs(),
        [dir(None, "assets"), dir(Some("v"), "vendor")]
    );
}

#[test]
fn a_url_on_the_site_gets_its_slash_as_in_django() {
    for (written, url) in [
        ("media/", "/media/"),
        ("/media/", "/media/"),
        ("https://cdn.example.org/", "https://cdn.example.org/"),
        ("http://cdn.example.org/", "http://cdn.example.org/"),
        ("", "/"),
    ] {
        let settings = load(&Sources::new("/nowhere").with_variable("MEDIA_URL", written));

        assert_eq!(settings.media_url().as_deref(), Some(url), "{written:?}");
    }
}

#[test]
fn only_a_dotted_name_of_python_s_is_no_folder() {
    for (text, is_folder) in [
        ("django.contrib.admin", false),
        ("blog", true),
        ("apps/blog", true),
        ("./blog", true),
        ("../blog", true),
        ("my-app.d", true),
        (".", true),
    ] {
        let set = format!("INSTALLED_APPS=['{text}']");
        let settings = load(&Sources::new("/nowhere").with_set(set));

        let folder = settings.installed_apps().remove(0).folder;
        assert_eq!(folder.is_some(), is_folder, "{text}");
    }
}

#[test]
fn a_text_is_read_as_the_setting_asks() {
    let text = "0o600";
    let settings = load(
        &Sources::new("/nowhere")
            .with_variable("DEBUG", "1")
            .with_variable("FAKE_EXPIRE", "60")
            .with_variable("FAKE_TAGS", "['a', 'b']")
            .with_variable("FAKE_MODE", text)
            .with_variable("FAKE_PASSWORD", "a=b#c"),
    );

    assert!(settings.debug());
    assert_eq!(settings.integer("FAKE_EXPIRE"), Some(60));
    assert_eq!(settings.list("FAKE_TAGS"), ["a", "b"]);
    assert_eq!(settings.integer("FAKE_MODE"), Some(0o600));
    assert_eq!(settings.secret("FAKE_PASSWORD").unwrap().expose(), "a=b#c");
}

#[test]
fn the_keys_that_sign_urls_come_from_any_source() {
    let folder = folder_with("SECRET_KEY = 'file'\nSECRET_KEY_FALLBACKS = ['a', '']");
    let file = sources(&folder);
    let process = file
        .clone()
        .with_variable("SECRET_KEY", "pro=cess")
        .with_variable("SECRET_KEY_FALLBACKS", "['b', 'c']");
    let emptied = file.clone().with_set("SECRET_KEY=");
    for (case, sources, key, fallbacks) in [
        ("none", &Sources::new("/nowhere"), None, &[][..]),
        ("file", &file, Some("file"), &["a"]),
        ("process", &process, Some("pro=cess"), &["b", "c"]),
        ("taken back", &emptied, None, &["a"]),
    ] {
        let settings = load(sources);

        let found = settings.secret_key().map(Secret::expose);
        assert_eq!(found, key, "{case}");
        let found = settings.secret_key_fallbacks();
        let found: Vec<&str> = found.into_iter().map(Secret::expose).collect();
        assert_eq!(found, fallbacks, "{case}");
    }
}

#[test]
fn a_limit_is_a_number_or_none() {
    let name = "DATA_UPLOAD_MAX_NUMBER_FIELDS";
    for (case, sources, limit) in [
        ("default", Sources::new("/nowhere"), Some(1000)),
        (
            "none",
            Sources::new("/nowhere").with_variable(name, "none"),
            None,
        ),
        (
            "nothing is taken",
            Sources::new("/nowhere").with_variable(name, "0"),
            Some(0),
        ),
        (
            "a file",
            sources(&folder_with(&format!("{name} = 5"))),
            Some(5),
        ),
        (
            "a file with none",
            sources(&folder_with(&format!("{name} = 'none'"))),
            None,
        ),
    ] {
        assert_eq!(load(&sources).limit(name), limit, "{case}");
    }
    for written in ["-1", "many", "1.5", "99999999999999999999"] {
        let message = message_of_set(&format!("{name}={written}"));

        assert!(message.contains("a whole number or \"none\""), "{message}");
    }
}

#[test]
fn an_empty_text_takes_a_value_back() {
    let folder = folder_with("STATIC_ROOT = 'out'\nFAKE_ENDPOINT = 'http://127.0.0.1'");
    let sources = sources(&folder)
        .with_variable("STATIC_ROOT", "")
        .with_variable("FAKE_ENDPOINT", "");

    let settings = load(&sources);

    assert_eq!(settings.static_root(), None);
    assert!(settings.given("FAKE_ENDPOINT").is_none());
}

#[test]
fn names_in_the_process_environment_that_are_no_setting_are_left_alone() {
    let sources = Sources::new("/nowhere")
        .with_variable("PATH", "/bin")
        .with_variable("AWS_PAGER", "less")
        .with_variable("STATIC_ROTO", "x");

    assert!(Settings::load(&sources, &fake::registry()).is_ok());
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_and_tabs_are_read() {
    let folder = folder_with("\u{feff}DEBUG\t=\ttrue\r\nSTATIC_URL = '/s/'\r\n");

    let settings = load(&sources(&folder));

    assert!(settings.debug());
    assert_eq!(shown_source(&settings, "STATIC_URL"), "storehouse.toml:2");
}

#[test]
fn a_settings_file_that_was_asked_for_is_called_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("conf")).unwrap();
    fs::write(folder.path().join("conf/site.toml"), "STATIC_ROOT = 'out'").unwrap();

    let settings = load(&sources(&folder).with_settings_file("conf/site.toml"));

    assert_eq!(shown_source(&settings, "STATIC_ROOT"), "conf/site.toml:1");
    assert_eq!(settings.static_root(), Some(folder.path().join("conf/out")));
}

#[test]
fn the_flag_chooses_the_environment_before_the_variable() {
    let folder =
        folder_with("[environments.a]\nSTATIC_URL = '/a/'\n[environments.b]\nSTATIC_URL = '/b/'");
    let variable = sources(&folder).with_variable("STOREHOUSE_ENV", "a");

    assert_eq!(load(&variable).static_url().as_deref(), Some("/a/"));
    let both = load(&variable.with_environment("b"));
    assert_eq!(both.static_url().as_deref(), Some("/b/"));
    assert_eq!(both.environment(), Some("b"));
}

#[test]
fn an_absolute_path_has_no_dots() {
    for (folder, path, absolute_path) in [
        ("/a/b", "c", "/a/b/c"),
        ("/a/b", "./c/../d", "/a/b/d"),
        ("/a", "../../..", "/"),
        ("/a", "/x/./y", "/x/y"),
    ] {
        let made = absolute(Path::new(folder), Path::new(path));

        assert_eq!(made, Path::new(absolute_path), "{folder} {path}");
    }
}
