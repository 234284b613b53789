//! A driver for unit tests: it takes options of every kind, and keeps those it was opened with.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use storehouse_storage::{
    Address, Capabilities, Content, Driver, DriverConfig, Entry, Error, Name, OpenOptions,
    OptionKind, OptionRow, Reader, Registry, Result, SaveOptions, Saved, Storage, Target, Value,
};

const OPTIONS: &[OptionRow] = &[
    OptionRow {
        settings: &["MEDIA_ROOT"],
        static_settings: &["STATIC_ROOT"],
        ..OptionRow::new("location", OptionKind::Path, "")
    },
    OptionRow {
        settings: &["MEDIA_URL"],
        static_settings: &["STATIC_URL"],
        ..OptionRow::new("base_url", OptionKind::Text, "")
    },
    OptionRow {
        settings: &["FAKE_S3_PASSWORD", "FAKE_PASSWORD"],
        ..OptionRow::new("password", OptionKind::Secret, "")
    },
    OptionRow {
        settings: &["FAKE_ENDPOINT"],
        ..OptionRow::new("endpoint", OptionKind::HttpUrl, "")
    },
    OptionRow {
        settings: &["FAKE_EXPIRE"],
        default: "3600",
        ..OptionRow::new(
            "expire",
            OptionKind::Seconds {
                min: 1,
                max: 604_800,
            },
            "",
        )
    },
    OptionRow {
        settings: &["FAKE_MODE"],
        default: "0644",
        ..OptionRow::new("mode", OptionKind::Mode, "")
    },
    OptionRow {
        settings: &["FAKE_AUTH"],
        default: "true",
        ..OptionRow::new("querystring_auth", OptionKind::Flag, "")
    },
    OptionRow {
        other_names: &["file_overwrite"],
        settings: &["FAKE_OVERWRITE"],
        default: "false",
        ..OptionRow::new("allow_overwrite", OptionKind::Flag, "")
    },
    OptionRow {
        settings: &["FAKE_TAGS"],
        ..OptionRow::new("tags", OptionKind::List, "")
    },
    OptionRow {
        settings: &["FAKE_PARAMETERS"],
        ..OptionRow::new("parameters", OptionKind::Table, "")
    },
];

/// The driver. It answers to `fake` and to the names that the dotted aliases need.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    opened: Mutex<Vec<DriverConfig>>,
}

impl Fake {
    /// Returns what it was opened with, in order.
    pub(crate) fn opened(&self) -> Vec<DriverConfig> {
        self.opened.lock().unwrap().clone()
    }
}

/// A registry with nothing but a [`Fake`].
pub(crate) fn registry() -> Registry {
    registry_with(&Arc::default())
}

/// A registry with nothing but this [`Fake`].
pub(crate) fn registry_with(fake: &Arc<Fake>) -> Registry {
    let mut registry = Registry::default();
    let driver: Arc<dyn Driver> = Arc::<Fake>::clone(fake);
    registry.register(driver);
    registry
}

impl Driver for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["fake", "filesystem", "memory", "s3"]
    }

    fn options(&self) -> &'static [OptionRow] {
        OPTIONS
    }

    fn address(&self, address: &Address) -> Result<Vec<(&'static str, Value)>> {
        match (address.authority.as_deref(), address.path.as_str()) {
            (None | Some(""), "") => Ok(Vec::new()),
            (None | Some(""), path) => Ok(vec![("location", path.into())]),
            (Some(_), _) => {
                Err(Error::configuration("a fake has no host").with_advice("write fake:PATH"))
            }
        }
    }

    fn open(&self, config: DriverConfig) -> Result<Arc<dyn Storage>> {
        if config.options.path("location").is_none() {
            return Err(Error::configuration("it has no location")
                .with_advice("set location, or MEDIA_ROOT"));
        }
        self.opened.lock().unwrap().push(config);
        Ok(Arc::new(FakeStorage))
    }
}

#[derive(Debug)]
struct FakeStorage;

#[async_trait]
impl Storage for FakeStorage {
    fn describe(&self) -> String {
        "fake:".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    async fn put(&self, _: Target, _: Content, _: &SaveOptions) -> Result<Saved> {
        Err(Error::unsupported("a fake keeps nothing"))
    }

    async fn open(&self, _: &Name, _: &OpenOptions) -> Result<Reader> {
        Err(Error::not_found())
    }

    async fn delete(&self, _: &Name) -> Result<()> {
        Ok(())
    }

    async fn stat(&self, _: &Name) -> Result<Entry> {
        Err(Error::not_found())
    }

    fn list(&self, _: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        stream::empty().boxed()
    }
}
