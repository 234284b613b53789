//! The promises of the trait, kept by a driver that Storehouse does not know.

use std::sync::Arc;

use storehouse_conformance::Fixture;
use storehouse_storage::{DriverConfig, Options, Storage, Value};

storehouse_conformance::suite!(async || InAFolder::new());

struct InAFolder {
    folder: tempfile::TempDir,
}

#[expect(clippy::unwrap_used, reason = "a test needs a folder")]
impl InAFolder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn open(&self) -> Arc<dyn Storage> {
        let driver = third_party_driver::driver();
        let location = Value::from(self.folder.path().join("media").to_str().unwrap());
        let options = Options::new(driver.options(), [("location", location)]).unwrap();
        driver.open(DriverConfig::new(options)).unwrap()
    }
}

#[async_trait::async_trait]
impl Fixture for InAFolder {
    async fn storage(&self) -> Arc<dyn Storage> {
        self.open()
    }
}
