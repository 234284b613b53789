//! The promises of the trait, kept by the memory driver: by a storage of its own that has no
//! URLs, by a folder of a named one with URLs and a signer, and by a private one.

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

mod private {
    storehouse_conformance::suite!(async || super::private());
}

fn of_its_own() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

fn named_and_signed() -> Arc<dyn Storage> {
    open(&[
        ("name", "a".into()),
        ("location", "media".into()),
        ("base_url", "/media/".into()),
    ])
}

fn private() -> Arc<dyn Storage> {
    open(&[
        ("base_url", "/media/".into()),
        ("querystring_auth", true.into()),
    ])
}

#[expect(clippy::unwrap_used, reason = "the options are right")]
fn open(given: &[(&str, Value)]) -> Arc<dyn Storage> {
    let driver = MemoryDriver::new();
    let options = Options::new(driver.options(), given.iter().cloned()).unwrap();
    let config = DriverConfig::new(options).with_signer(Arc::new(Signer));
    driver.open(config).unwrap()
}

#[derive(Debug)]
struct Signer;

impl UrlSigner for Signer {
    fn sign(&self, url: &str, _name: &Name, options: &UrlOptions) -> Result<String> {
        let seconds = options.expires_in.unwrap_or_default().as_secs();
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let (name, kind) = (
            length(&options.download_name),
            length(&options.content_type),
        );
        Ok(format!("{url}?signature={seconds}-{name}-{kind}"))
    }
}
