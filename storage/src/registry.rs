//! The drivers a program knows, by scheme. A value, not a global: whoever makes a program decides
//! which drivers it has.

use std::sync::Arc;

use crate::{
    driver::{Driver, DriverConfig},
    error::{Error, Operation, Result},
    reporting::Reporting,
    storage::Storage,
    table::nearest,
};

/// Drivers by scheme.
///
/// A driver of your own takes part in everything (settings, command, checks) once it is registered:
///
/// ```
/// # fn example(my_driver: std::sync::Arc<dyn storehouse_storage::Driver>) {
/// use storehouse_storage::Registry;
///
/// let mut registry = Registry::default();
/// registry.register(my_driver);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry {
    drivers: Vec<Arc<dyn Driver>>,
}

impl Registry {
    /// Adds a driver. For a scheme that was there already, the later driver answers.
    pub fn register(&mut self, driver: Arc<dyn Driver>) {
        self.drivers.insert(0, driver);
    }

    /// Returns the driver for a scheme.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) with the schemes there are.
    pub fn driver(&self, scheme: &str) -> Result<&Arc<dyn Driver>> {
        let found = self
            .drivers
            .iter()
            .find(|driver| driver.schemes().contains(&scheme));
        found.ok_or_else(|| {
            let schemes = self.schemes();
            let advice = match nearest(scheme, schemes.iter().copied()) {
                Some(near) => format!(
                    "did you mean {near:?}? The schemes are {}",
                    schemes.join(", ")
                ),
                None => format!("the schemes are {}", schemes.join(", ")),
            };
            Error::configuration(format!("no driver has the scheme {scheme:?}")).with_advice(advice)
        })
    }

    /// Returns all schemes, sorted, each once.
    #[must_use]
    pub fn schemes(&self) -> Vec<&'static str> {
        let mut schemes: Vec<_> = self
            .drivers
            .iter()
            .flat_map(|driver| driver.schemes())
            .copied()
            .collect();
        schemes.sort_unstable();
        schemes.dedup();
        schemes
    }

    /// Returns the drivers, the one registered last first.
    pub fn drivers(&self) -> impl Iterator<Item = &Arc<dyn Driver>> {
        self.drivers.iter()
    }

    /// Opens a storage whose errors say what was done, on which storage and name.
    ///
    /// `alias` is what the settings call it; messages then show `alias (s3://bucket)`.
    ///
    /// # Errors
    /// As [`driver`](Self::driver) and [`Driver::open`].
    pub fn open(
        &self,
        scheme: &str,
        config: DriverConfig,
        alias: Option<&str>,
    ) -> Result<Arc<dyn Storage>> {
        let storage = self
            .driver(scheme)?
            .open(config)
            .map_err(|error| error.during(Operation::Configure, alias.unwrap_or(scheme), None))?;
        let shown = match alias {
            Some(alias) => format!("{alias} ({})", storage.describe()),
            None => storage.describe(),
        };
        Ok(Arc::new(Reporting::new(storage, shown)))
    }
}
