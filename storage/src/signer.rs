//! Signed URLs for storages whose service has none: the signer is given to a driver when it is
//! opened. How it signs, and who checks it, is the application's; here is only the seam.

use std::fmt;

use crate::{error::Result, name::Name, options::UrlOptions};

/// Makes a URL that only its maker could have made, and that says what it allows.
///
/// ```
/// use storehouse_storage::{Name, Result, UrlOptions, UrlSigner};
///
/// #[derive(Debug)]
/// struct Demo;
///
/// impl UrlSigner for Demo {
///     fn sign(&self, url: &str, name: &Name, options: &UrlOptions) -> Result<String> {
///         let seconds = options.expires_in.unwrap_or_default().as_secs();
///         Ok(format!("{url}?name={name}&expires_in={seconds}&signature=…"))
///     }
/// }
/// ```
pub trait UrlSigner: fmt::Debug + Send + Sync + 'static {
    /// Returns `url`, which the driver made for `name` without options, with `options` and a
    /// signature over both added.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for an option that it cannot promise.
    fn sign(&self, url: &str, name: &Name, options: &UrlOptions) -> Result<String>;
}
