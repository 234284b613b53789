//! The driver: which options a memory storage has, and which files those that share a name share.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use storehouse_storage::{
    Address, Driver, DriverConfig, Error, Name, OptionKind, OptionRow, Result, Storage, UrlSigning,
    Value,
};

use crate::storage::{MemoryStorage, Objects};

const OPTIONS: &[OptionRow] = &[
    OptionRow::new(
        "name",
        OptionKind::Text,
        "Shares the files with all that open this name; none: a storage of its own.",
    ),
    OptionRow::new(
        "location",
        OptionKind::Text,
        "The folder of it in which the files lie.",
    ),
    OptionRow {
        settings: &["MEDIA_URL"],
        static_settings: &["STATIC_URL"],
        ..OptionRow::new(
            "base_url",
            OptionKind::Text,
            "What URLs start with; a / is added to its end.",
        )
    },
    OptionRow {
        other_names: &["file_overwrite"],
        default: "false",
        ..OptionRow::new(
            "allow_overwrite",
            OptionKind::Flag,
            "Lets a save replace what is there.",
        )
    },
    UrlSigning::QUERYSTRING_AUTH,
    UrlSigning::QUERYSTRING_EXPIRE,
];

/// Opens memory storages, and keeps those that have a name for as long as it lives itself.
///
/// Nothing is global: two drivers, as two tests may have, share nothing.
#[derive(Debug, Default)]
pub struct MemoryDriver {
    named: Mutex<BTreeMap<String, Arc<Objects>>>,
}

impl MemoryDriver {
    /// Makes a driver that knows no storages yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn named(&self, name: &str) -> Arc<Objects> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(named.entry(name.to_owned()).or_default())
    }
}

impl Driver for MemoryDriver {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["memory"]
    }

    fn options(&self) -> &'static [OptionRow] {
        OPTIONS
    }

    fn address(&self, address: &Address) -> Result<Vec<(&'static str, Value)>> {
        let location = address.path.trim_matches('/');
        let mut options = Vec::new();
        match address.authority.as_deref().unwrap_or_default() {
            "" if location.is_empty() => {}
            "" => {
                return Err(Error::configuration("the memory storage has no name")
                    .with_advice("write memory://NAME, memory://NAME/FOLDER or memory:"));
            }
            name => options.push(("name", name.into())),
        }
        if !location.is_empty() {
            options.push(("location", location.into()));
        }
        Ok(options)
    }

    fn open(&self, config: DriverConfig) -> Result<Arc<dyn Storage>> {
        let options = &config.options;
        let mut storage = match options.text("name") {
            Some(name) => MemoryStorage::sharing(name, self.named(name)),
            None => MemoryStorage::new(),
        };
        if let Some(folder) = folder(options.text("location").unwrap_or_default())? {
            storage = storage.with_location(folder);
        }
        if let Some(base_url) = options.text("base_url") {
            storage = storage.with_base_url(base_url);
        }
        if options.flag("allow_overwrite") {
            storage = storage.allowing_overwrite();
        }
        Ok(Arc::new(storage.with_signing(config.url_signing())))
    }
}

/// A leading slash is taken off: for Django the location is a path on disk.
fn folder(location: &str) -> Result<Option<Name>> {
    match location.trim_matches('/') {
        "" => Ok(None),
        location => Name::new(location).map(Some).map_err(|error| {
            let problem = format!("option \"location\": {}", error.problem());
            Error::configuration(problem).with_source(error)
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use storehouse_storage::{ErrorKind, Options, StorageExt, UrlOptions, UrlSigner};

    use super::*;

    fn address(authority: Option<&str>, path: &str) -> Result<Vec<(&'static str, Value)>> {
        MemoryDriver::new().address(&Address {
            authority: authority.map(str::to_owned),
            path: path.to_owned(),
        })
    }

    fn open(driver: &MemoryDriver, given: &[(&str, &str)]) -> Result<Arc<dyn Storage>> {
        let given = given.iter().map(|&(name, value)| (name, value.into()));
        driver.open(DriverConfig::new(Options::new(driver.options(), given)?))
    }

    #[test]
    fn an_address_is_a_name_and_a_folder_of_it() {
        let none: &[(&str, Value)] = &[];
        for (case, authority, path, expected) in [
            ("memory:", None, "", none),
            ("memory://", Some(""), "", none),
            ("memory://a", Some("a"), "", &[("name", "a".into())]),
            ("memory://a/", Some("a"), "/", &[("name", "a".into())]),
            (
                "memory://a/b/c",
                Some("a"),
                "/b/c",
                &[("name", "a".into()), ("location", "b/c".into())],
            ),
        ] {
            assert_eq!(address(authority, path).unwrap(), expected, "{case}");
        }
    }

    #[test]
    fn a_folder_without_a_name_is_refused_with_the_right_form() {
        for (case, authority, path) in [("memory:a", None, "a"), ("memory:///a", Some(""), "/a")] {
            let error = address(authority, path).unwrap_err();

            assert!(
                error.to_string().contains("memory://NAME"),
                "{case}: {error}"
            );
        }
    }

    #[tokio::test]
    async fn a_name_is_one_storage_for_all_that_open_it_by_one_driver() {
        let (driver, other) = (MemoryDriver::new(), MemoryDriver::new());
        let name = Name::new("file.txt").unwrap();

        // The first handle is gone before the second is made.
        let first = open(&driver, &[("name", "a")]).unwrap();
        first.save_as("file.txt", "content").await.unwrap();
        drop(first);

        for (case, driver, given, shared) in [
            ("same name", &driver, vec![("name", "a")], true),
            ("other name", &driver, vec![("name", "b")], false),
            ("no name", &driver, vec![], false),
            ("other driver", &other, vec![("name", "a")], false),
        ] {
            let storage = open(driver, &given).unwrap();
            assert_eq!(storage.exists(&name).await.unwrap(), shared, "{case}");
        }
    }

    #[tokio::test]
    async fn two_storages_without_a_name_share_nothing() {
        let driver = MemoryDriver::new();
        let (one, other) = (open(&driver, &[]).unwrap(), open(&driver, &[]).unwrap());

        let saved = one.save_as("file.txt", "content").await.unwrap();

        assert!(!other.exists(&saved.name).await.unwrap());
    }

    #[tokio::test]
    async fn a_location_is_a_folder_that_urls_do_not_show() {
        let driver = MemoryDriver::new();
        let given = [
            ("name", "a"),
            ("location", "/srv/media"),
            ("base_url", "/m"),
        ];
        let inner = open(&driver, &given).unwrap();
        let outer = open(&driver, &[("name", "a")]).unwrap();

        let saved = inner.save_as("b.txt", "content").await.unwrap();

        let whole = Name::new("srv/media/b.txt").unwrap();
        assert_eq!(outer.read_text(&whole).await.unwrap(), "content");
        let url = inner.url(&saved.name, &UrlOptions::default()).await;
        assert_eq!(url.unwrap(), "/m/b.txt");
        assert_eq!(inner.describe(), "memory://a/srv/media");
    }

    #[test]
    fn a_location_that_climbs_is_refused() {
        let error = open(&MemoryDriver::new(), &[("location", "../b")]).unwrap_err();

        assert!(
            error.to_string().starts_with("option \"location\": "),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_save_replaces_where_the_options_say_so() {
        for option in ["allow_overwrite", "file_overwrite"] {
            let driver = MemoryDriver::new();
            let options = Options::new(OPTIONS, [(option, Value::Flag(true))]).unwrap();
            let storage = driver.open(DriverConfig::new(options)).unwrap();

            storage.save_as("a.txt", "one").await.unwrap();
            let saved = storage.save_as("a.txt", "two").await.unwrap();

            assert_eq!(saved.name.as_str(), "a.txt", "{option}");
            assert_eq!(storage.read_text(&saved.name).await.unwrap(), "two");
        }
    }

    #[derive(Debug)]
    struct Signer;

    impl UrlSigner for Signer {
        fn sign(&self, url: &str, name: &Name, options: &UrlOptions) -> Result<String> {
            Ok(format!(
                "{url}?name={name}&expires_in={:?}",
                options.expires_in
            ))
        }
    }

    #[tokio::test]
    async fn urls_are_signed_where_there_is_a_signer_and_a_base_url() {
        let name = Name::new("a.txt").unwrap();
        let asked = UrlOptions::default().with_expires_in(Duration::from_secs(60));
        let signed = "/m/a.txt?name=a.txt&expires_in=Some(60s)";
        for (case, base_url, has_signer, expected) in [
            ("both", "/m/", true, Ok(signed)),
            ("no signer", "/m/", false, Err(ErrorKind::Unsupported)),
            ("no base URL", "", true, Err(ErrorKind::Unsupported)),
        ] {
            let driver = MemoryDriver::new();
            let options = Options::new(OPTIONS, [("base_url", base_url.into())]).unwrap();
            let mut config = DriverConfig::new(options);
            if has_signer {
                config = config.with_signer(Arc::new(Signer));
            }
            let storage = driver.open(config).unwrap();

            let url = storage.url(&name, &asked).await;

            assert_eq!(
                storage.capabilities().signed_urls,
                expected.is_ok(),
                "{case}"
            );
            let url = url.map_err(|error| error.kind());
            assert_eq!(url.as_deref().map_err(|kind| *kind), expected, "{case}");
        }
    }

    #[test]
    fn the_readme_has_every_option() {
        let readme = include_str!("../README.md");
        for row in OPTIONS {
            let cell = format!("| `{}`", row.name);
            let line = readme.lines().find(|line| line.starts_with(&cell));

            let line = line.unwrap_or_else(|| panic!("{} is missing", row.name));
            assert!(line.contains(row.help.trim_end_matches('.')), "{line}");
        }
    }
}
