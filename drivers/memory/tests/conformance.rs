//! The promises of the trait, kept by the memory driver: by a storage of its own that has no
//! URLs, and by a folder of a named one with URLs and a signer.

use std::sync::Arc;

use storehouse_memory::{MemoryDriver, MemoryStorage};
use storehouse_storage::{
    Driver, DriverConfig, Name, Options, Result, Storage, UrlOptions, UrlSigner, Value,
};

mod of_its_own {
    storehouse_conformance::suite!(async || super::of_its_own());
}

mod named_and_signed {
    storehouse_conformance::suite!(async || super::named_and_signed());
}

fn of_its_own() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

#[expect(clippy::unwrap_used, reason = "the options are right")]
fn named_and_signed() -> Arc<dyn Storage> {
    let driver = MemoryDriver::new();
    let given = [
        ("name", "a"),
        ("location", "media"),
        ("base_url", "/media/"),
    ];
    let given = given.map(|(name, value)| (name, Value::from(value)));
    let options = Options::new(driver.options(), given).unwrap();
    let config = DriverConfig::new(options).with_signer(Arc::new(Signer));
    driver.open(config).unwrap()
}

#[derive(Debug)]
struct Signer;

impl UrlSigner for Signer {
    fn sign(&self, url: &str, _name: &Name, _options: &UrlOptions) -> Result<String> {
        Ok(format!("{url}?signature=0"))
    }
}
