//! The one list of the drivers that Storehouse comes with. Each is a feature of the crate.

use std::sync::Arc;

use storehouse_storage::{Driver, Registry};

/// Returns a registry of the drivers that this build has.
///
/// ```
/// let registry = storehouse::storages::builtin();
/// # #[cfg(feature = "memory")]
/// assert!(registry.driver("memory").is_ok());
/// ```
#[must_use]
pub fn builtin() -> Registry {
    let drivers: &[Arc<dyn Driver>] = &[
        #[cfg(feature = "s3")]
        Arc::new(storehouse_s3::S3Driver),
        #[cfg(feature = "memory")]
        Arc::new(storehouse_memory::MemoryDriver::new()),
        #[cfg(feature = "filesystem")]
        Arc::new(storehouse_filesystem::FilesystemDriver::new()),
    ];
    let mut registry = Registry::default();
    for driver in drivers {
        registry.register(Arc::clone(driver));
    }
    registry
}
