//! A driver: how a scheme such as `s3` becomes a storage. It names its options as data and opens
//! a storage from checked ones; it reads no settings and no environment by itself, except what
//! the service's own credential chain defines.

use std::{fmt, sync::Arc};

use crate::{
    driver_options::Options,
    error::Result,
    signer::{UrlSigner, UrlSigning},
    storage::Storage,
    table::{Files, OptionRow},
    value::Value,
};

/// Makes storages of one kind. Registered with a [`Registry`](crate::Registry).
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// Returns the short name, for example `s3`. It is the first of [`schemes`](Self::schemes) too.
    fn name(&self) -> &'static str;

    /// Returns the URL schemes it answers to, in lower case, for example `["s3", "s3a"]`.
    fn schemes(&self) -> &'static [&'static str];

    /// Returns its options.
    fn options(&self) -> &'static [OptionRow];

    /// Returns which options the part of a URL between scheme and query means, for example
    /// `bucket_name` and `location` of `s3://assets/site`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for an address that makes no
    /// sense here, with the right form.
    fn address(&self, address: &Address) -> Result<Vec<(&'static str, Value)>>;

    /// Opens a storage. It may look at nothing outside the process: a dead server or a missing
    /// folder is found by the first use.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for options that are missing
    /// or do not go together.
    fn open(&self, config: DriverConfig) -> Result<Arc<dyn Storage>>;
}

/// The part of a storage URL between the scheme and the query, percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// What stands between `//` and the next `/`: a bucket, a name. `None` where there is no `//`.
    pub authority: Option<String>,
    /// What comes then, with its leading slash where it has one.
    pub path: String,
}

/// What a driver opens a storage with.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
pub struct DriverConfig {
    /// The options, checked against the driver's table.
    pub options: Options,
    /// Whether it is for media or for static files.
    pub files: Files,
    /// Signs URLs where the service has no signed URLs of its own.
    pub signer: Option<Arc<dyn UrlSigner>>,
}

impl DriverConfig {
    /// Starts with the options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Says what the storage is for.
    #[must_use]
    pub fn with_files(mut self, files: Files) -> Self {
        self.files = files;
        self
    }

    /// Returns how the storage signs its URLs: the signer, and the two options of [`UrlSigning`] if the driver's
    /// table has them.
    #[must_use]
    pub fn url_signing(&self) -> UrlSigning {
        let unset = UrlSigning::default();
        let expire = self.options.duration(UrlSigning::QUERYSTRING_EXPIRE.name);
        UrlSigning {
            signer: self.signer.clone(),
            querystring_auth: self.options.flag(UrlSigning::QUERYSTRING_AUTH.name),
            querystring_expire: expire.unwrap_or(unset.querystring_expire),
            files: self.files,
        }
    }

    /// Gives the driver a signer.
    #[must_use]
    pub fn with_signer(mut self, signer: Arc<dyn UrlSigner>) -> Self {
        self.signer = Some(signer);
        self
    }
}
