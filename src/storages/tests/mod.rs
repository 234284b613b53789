//! The configured storages as a whole: over a fake driver, and over those that this build has.

use std::path::Path;

use storehouse_storage::{Options, Value};

use super::*;
use crate::settings::{
    Sources,
    fake::{self, Fake},
};

#[cfg(feature = "compression")]
mod compression;
#[cfg(any(feature = "filesystem", feature = "memory", feature = "s3"))]
mod drivers;
mod messages;
mod rules;
mod spec;

/// In every test that could show a secret, the secret.
const PLANTED: &str = "PLANTED";

/// Storages of a settings file in a folder of its own, over a fake driver.
struct Site {
    folder: tempfile::TempDir,
    sources: Sources,
    fake: Arc<Fake>,
}

impl Site {
    fn new(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("storehouse.toml"), file).unwrap();
        Self {
            sources: Sources::new(folder.path()),
            folder,
            fake: Arc::default(),
        }
    }

    fn with_set(mut self, set: &str) -> Self {
        self.sources = self.sources.with_set(set);
        self
    }

    fn storages(&self) -> Result<Storages> {
        let registry = fake::registry_with(&self.fake);
        let storages = Storages::new(&Settings::load(&self.sources, &registry)?, registry)?;
        storages.check_all()?;
        Ok(storages)
    }

    /// What the driver was opened with for `alias`.
    fn opened(&self, alias: &str) -> DriverConfig {
        self.storages().unwrap().get(alias).unwrap();
        self.fake.opened().pop().unwrap()
    }

    /// What goes wrong, at the start or when `alias` is asked for.
    fn message(&self, alias: &str) -> String {
        let got = self.storages().and_then(|storages| storages.get(alias));
        let error = got.unwrap_err();
        let (shown, debugged) = (error.to_string(), format!("{error:?}"));
        assert!(!shown.contains(PLANTED), "{shown}");
        assert!(!debugged.contains(PLANTED), "{debugged}");
        shown
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

fn text<'o>(options: &'o Options, name: &str) -> &'o str {
    options.text(name).unwrap_or_default()
}

#[test]
fn the_url_wins_over_options_and_options_over_settings() {
    let settings = "FAKE_EXPIRE = 1\nMEDIA_ROOT = 'root'\n[STORAGES.default]\n";
    for (case, storage, expire) in [
        (
            "URL",
            "BACKEND = 'fake:a?expire=3'\nOPTIONS = { expire = 2 }",
            3,
        ),
        ("OPTIONS", "BACKEND = 'fake:a'\nOPTIONS = { expire = 2 }", 2),
        ("settings", "BACKEND = 'fake:a'", 1),
        ("settings, by short name", "BACKEND = 'fake'", 1),
    ] {
        let site = Site::new(&format!("{settings}{storage}"));

        let options = site.opened("default").options;

        assert_eq!(options.integer("expire"), Some(expire), "{case}");
    }
    let options = Site::new("DEFAULT_FILE_STORAGE = 'fake:a'")
        .opened("default")
        .options;
    assert_eq!(
        options.integer("expire"),
        Some(3600),
        "the driver's default"
    );
}

#[test]
fn the_first_setting_of_a_driver_s_row_wins() {
    let site = Site::new(
        "DEFAULT_FILE_STORAGE = 'fake:a'\nFAKE_PASSWORD = 'second'\nFAKE_S3_PASSWORD = 'first'",
    );

    let options = site.opened("default").options;
    assert_eq!(options.secret("password").unwrap().expose(), "first");

    let options = site.with_set("FAKE_S3_PASSWORD=").opened("default").options;
    assert_eq!(options.secret("password").unwrap().expose(), "second");
}

#[test]
fn a_location_in_the_url_beats_the_root_setting() {
    let site = Site::new("MEDIA_ROOT = 'root'\nDEFAULT_FILE_STORAGE = 'fake:here'");

    assert_eq!(
        text(&site.opened("default").options, "location"),
        site.path("here")
    );
}

#[test]
fn static_files_take_static_root_and_static_url() {
    let file = "
MEDIA_ROOT = 'media'
MEDIA_URL = 'media/'
STATIC_ROOT = 'static'
STATIC_URL = 'static/'
[STORAGES]
default = { BACKEND = 'fake' }
staticfiles = { BACKEND = 'fake' }
assets = { BACKEND = 'django.contrib.staticfiles.storage.StaticFilesStorage' }
other = { BACKEND = 'fake' }
";
    for (alias, files, root) in [
        ("default", Files::Media, "media"),
        ("staticfiles", Files::Static, "static"),
        ("assets", Files::Static, "static"),
        ("other", Files::Media, "media"),
    ] {
        let site = Site::new(file);

        let config = site.opened(alias);

        assert_eq!(config.files, files, "{alias}");
        assert_eq!(
            text(&config.options, "location"),
            site.path(root),
            "{alias}"
        );
        assert_eq!(
            text(&config.options, "base_url"),
            format!("/{root}/"),
            "{alias}"
        );
    }
}

#[test]
fn the_built_in_storages_are_django_s() {
    let site = Site::new("MEDIA_ROOT = 'media'\nSTATIC_ROOT = 'static'");

    assert_eq!(
        text(&site.opened("default").options, "location"),
        site.path("media")
    );
    assert_eq!(
        text(&site.opened("staticfiles").options, "location"),
        site.path("static")
    );
}

#[test]
fn a_built_in_storage_without_a_root_fails_only_when_it_is_used() {
    let site = Site::new("");

    assert!(site.storages().is_ok());
    assert_eq!(
        site.message("default"),
        "cannot set up STORAGES.default as built in: it has no location; set location, or MEDIA_ROOT"
    );
}

#[test]
fn a_program_without_a_driver_for_the_built_in_storages_can_do_without_them() {
    let registry = Registry::default();
    let settings = Settings::load(&Sources::new("/nowhere"), &registry).unwrap();

    let storages = Storages::new(&settings, registry).unwrap();

    let error = storages.default().unwrap_err().to_string();
    assert!(
        error.contains("no driver has the scheme \"filesystem\""),
        "{error}"
    );
}

#[test]
fn a_default_url_is_not_pressed_on_a_driver() {
    let site = Site::new("DEFAULT_FILE_STORAGE = 'fake:a'");

    assert_eq!(site.opened("default").options.text("base_url"), None);
}

#[test]
fn a_relative_path_is_relative_to_where_it_is_written() {
    let file = "MEDIA_ROOT = 'root'\n[STORAGES.a]\nBACKEND = 'fake'\nOPTIONS = { location = 'o' }";
    let mut site = Site::new(file)
        .with_set("STORAGES.b={ BACKEND = 'fake', OPTIONS = { location = 'o' } }")
        .with_set("STORAGES.c.BACKEND=fake:u")
        .with_set("STORAGES.d.BACKEND=fake")
        .with_set("STORAGES.d.OPTIONS.location=../o");
    site.sources.settings_file = Some(site.folder.path().join("storehouse.toml"));
    site.sources.working_dir = "/elsewhere/dir".into();

    for (alias, location) in [
        ("a", site.path("o")),
        ("b", "/elsewhere/dir/o".to_owned()),
        ("c", "/elsewhere/dir/u".to_owned()),
        ("d", "/elsewhere/o".to_owned()),
    ] {
        assert_eq!(
            text(&site.opened(alias).options, "location"),
            location,
            "{alias}"
        );
    }
}

#[test]
fn a_text_of_the_command_line_is_read_as_the_option_asks() {
    let site = Site::new("DEFAULT_FILE_STORAGE = 'fake:a'")
        .with_set("STORAGES.a.BACKEND=fake:a")
        .with_set("STORAGES.a.OPTIONS.expire=9")
        .with_set("STORAGES.a.OPTIONS.allow_overwrite=1")
        .with_set("STORAGES.a.OPTIONS.tags=['x']")
        .with_set("STORAGES.a.OPTIONS.mode=0600")
        .with_set("STORAGES.a.OPTIONS.password=a&b");

    let options = site.opened("a").options;

    assert_eq!(options.integer("expire"), Some(9));
    assert!(options.flag("allow_overwrite"));
    assert_eq!(options.list("tags"), ["x"]);
    assert_eq!(options.mode("mode"), Some(0o600));
    assert_eq!(options.secret("password").unwrap().expose(), "a&b");
}

#[test]
fn a_class_of_django_storages_overwrites_and_a_url_does_not() {
    for (backend, more, overwrites) in [
        ("storages.backends.s3.S3Storage", "", true),
        ("storages.backends.s3boto3.S3Boto3Storage", "", true),
        ("storages.backends.s3.S3StaticStorage", "", true),
        (
            "storages.backends.s3.S3Storage",
            "FAKE_OVERWRITE = false\n",
            false,
        ),
        ("s3", "", false),
        ("s3:a", "", false),
        ("django.core.files.storage.FileSystemStorage", "", false),
    ] {
        let site = Site::new(&format!(
            "{more}MEDIA_ROOT = 'a'\nSTATIC_ROOT = 'b'\nDEFAULT_FILE_STORAGE = '{backend}'"
        ));

        let options = site.opened("default").options;

        assert_eq!(
            options.flag("allow_overwrite"),
            overwrites,
            "{backend} {more}"
        );
    }
}

#[test]
fn options_are_taken_under_the_names_that_django_has() {
    let site = Site::new(
        "[STORAGES.default]\nBACKEND = 'storages.backends.s3.S3Storage'\nOPTIONS = { location = 'a', file_overwrite = false }",
    );

    assert!(!site.opened("default").options.flag("allow_overwrite"));
}

#[test]
fn an_alias_gives_the_same_object_each_time_from_every_thread() {
    let site = Site::new("DEFAULT_FILE_STORAGE = 'fake:a'");
    let storages = site.storages().unwrap();

    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| storages.default().unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    assert!(
        opened
            .iter()
            .all(|storage| Arc::ptr_eq(storage, &opened[0]))
    );
    assert_eq!(site.fake.opened().len(), 1);
}

#[test]
fn open_takes_an_alias_first_then_a_storage_string() {
    let site = Site::new("[STORAGES.media]\nBACKEND = 'fake:a'");
    let storages = site.storages().unwrap();

    let by_alias = storages.open("media").unwrap();
    assert!(Arc::ptr_eq(&by_alias, &storages.get("media").unwrap()));
    storages.open("fake:elsewhere").unwrap();
    let location = site.fake.opened().pop().unwrap().options;
    assert_eq!(text(&location, "location"), site.path("elsewhere"));
}

#[test]
fn aliases_are_sorted() {
    let storages = Site::new("[STORAGES]\nb = { BACKEND = 'fake:' }\na = { BACKEND = 'fake:' }");

    assert_eq!(storages.storages().unwrap().aliases(), ["a", "b"]);
}

#[tokio::test]
async fn settle_waits_for_storages_and_does_not_hang_without_any() {
    let storages = Site::new("DEFAULT_FILE_STORAGE = 'fake:a'")
        .storages()
        .unwrap();

    storages.settle().await;
    storages.default().unwrap();
    storages.settle().await;
}

#[test]
fn a_secret_of_one_driver_may_be_a_text_of_another() {
    // `location` is a path here; a second driver calls it a secret.
    #[derive(Debug)]
    struct Other;
    impl storehouse_storage::Driver for Other {
        fn name(&self) -> &'static str {
            "other"
        }
        fn schemes(&self) -> &'static [&'static str] {
            &["other"]
        }
        fn options(&self) -> &'static [storehouse_storage::OptionRow] {
            const OPTIONS: &[storehouse_storage::OptionRow] =
                &[storehouse_storage::OptionRow::new(
                    "location",
                    storehouse_storage::OptionKind::Secret,
                    "",
                )];
            OPTIONS
        }
        fn address(&self, _: &storehouse_storage::Address) -> Result<Vec<(&'static str, Value)>> {
            Ok(Vec::new())
        }
        fn open(&self, _: DriverConfig) -> Result<Arc<dyn Storage>> {
            Err(Error::unsupported("nothing to open"))
        }
    }
    let site = Site::new("[STORAGES.a]\nBACKEND = 'fake'\nOPTIONS = { location = '/x' }");
    let mut registry = fake::registry_with(&site.fake);
    registry.register(Arc::new(Other));
    let settings = Settings::load(&site.sources, &registry).unwrap();

    Storages::new(&settings, registry)
        .unwrap()
        .get("a")
        .unwrap();

    let options = site.fake.opened().pop().unwrap().options;
    assert_eq!(options.path("location").as_deref(), Some(Path::new("/x")));
}
