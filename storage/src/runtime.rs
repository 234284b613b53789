//! The runtime that storages work on.

use tokio::runtime::Handle;

use crate::error::{Error, Result};

/// Returns an error, and not a panic, where no runtime of tokio runs. For drivers that start tasks or timers.
///
/// # Errors
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) that says what is needed.
///
/// ```
/// let error = storehouse_storage::require_runtime();
///
/// assert!(error.unwrap_err().to_string().contains("#[tokio::main]"));
/// ```
pub fn require_runtime() -> Result<()> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(error) => {
            let problem = "storages work on a runtime of tokio, and none runs here";
            let advice = "call it from an async function below #[tokio::main], from a task of that runtime, or in Runtime::block_on";
            Err(Error::configuration(problem)
                .with_advice(advice)
                .with_source(error))
        }
    }
}
