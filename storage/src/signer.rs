//! Signed URLs for storages whose service has none: the signer is given to a driver when it is
//! opened. How it signs, and who checks it, is the application's; here is only the seam.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    error::{Error, Result},
    name::Name,
    options::UrlOptions,
    table::{Files, OptionKind, OptionRow},
};

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
    /// The driver has put the storage's own lifetime into `options` where the caller gave none.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for an option that it cannot promise.
    fn sign(&self, url: &str, name: &Name, options: &UrlOptions) -> Result<String>;
}

/// Which URLs of a storage the application's signer signs: what a driver keeps whose service has no
/// signed URLs of its own.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use storehouse_storage::{Name, Result, UrlOptions, UrlSigner, UrlSigning};
///
/// # #[derive(Debug)]
/// # struct Demo;
/// # impl UrlSigner for Demo {
/// #     fn sign(&self, url: &str, _: &Name, options: &UrlOptions) -> Result<String> {
/// #         Ok(format!("{url}?expires_in={}", options.expires_in.unwrap_or_default().as_secs()))
/// #     }
/// # }
/// let name = Name::new("a.pdf")?;
/// let signing = UrlSigning::default().with_signer(Arc::new(Demo));
///
/// let plain = signing.url("/media/a.pdf".to_owned(), &name, &UrlOptions::default())?;
/// assert_eq!(plain, "/media/a.pdf");
///
/// let private = signing.with_querystring_auth(true);
/// let signed = private.url("/media/a.pdf".to_owned(), &name, &UrlOptions::default())?;
/// assert_eq!(signed, "/media/a.pdf?expires_in=3600");
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct UrlSigning {
    /// What signs. None: only plain URLs can be given.
    pub signer: Option<Arc<dyn UrlSigner>>,
    /// Whether every URL is signed, and not only one that has to carry something.
    pub querystring_auth: bool,
    /// How long a signed URL works if the caller does not say.
    pub querystring_expire: Duration,
    /// What the storage is for. URLs of static files are never signed.
    pub files: Files,
}

impl Default for UrlSigning {
    fn default() -> Self {
        Self {
            signer: None,
            querystring_auth: false,
            querystring_expire: Duration::from_secs(3600),
            files: Files::Media,
        }
    }
}

impl UrlSigning {
    /// The option `querystring_auth`, for the table of a driver that signs so.
    pub const QUERYSTRING_AUTH: OptionRow = OptionRow {
        default: "false",
        ..OptionRow::new(
            "querystring_auth",
            OptionKind::Flag,
            "Makes the storage private: every URL is signed with SECRET_KEY. Never for static files.",
        )
    };

    /// The option `querystring_expire`, for the table of a driver that signs so.
    pub const QUERYSTRING_EXPIRE: OptionRow = OptionRow {
        default: "3600",
        ..OptionRow::new(
            "querystring_expire",
            OptionKind::Seconds {
                min: 1,
                max: i64::MAX,
            },
            "How long a signed URL works.",
        )
    };

    /// Gives it a signer.
    #[must_use]
    pub fn with_signer(mut self, signer: Arc<dyn UrlSigner>) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Says whether every URL is signed.
    #[must_use]
    pub fn with_querystring_auth(mut self, every: bool) -> Self {
        self.querystring_auth = every;
        self
    }

    /// Says how long a signed URL works if the caller does not say.
    #[must_use]
    pub fn with_querystring_expire(mut self, time: Duration) -> Self {
        self.querystring_expire = time;
        self
    }

    /// Returns whether a URL can carry an expiry, a download name or a content type.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.signer.is_some() && self.files == Files::Media
    }

    /// Returns `url`, the plain URL of `name`, signed if it has to be.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if it has to be and cannot;
    /// what the signer gives.
    pub fn url(&self, url: String, name: &Name, options: &UrlOptions) -> Result<String> {
        let is_private = self.querystring_auth && self.files == Files::Media;
        if !is_private && !options.needs_signature() {
            return Ok(url);
        }
        match (&self.signer, self.files) {
            (Some(signer), Files::Media) => {
                let mut options = options.clone();
                options.expires_in.get_or_insert(self.querystring_expire);
                signer.sign(&url, name, &options)
            }
            (None, Files::Media) if is_private => Err(Error::unsupported(
                "the storage is private (querystring_auth), and there is no key to sign its URLs with",
            )
            .with_advice("set SECRET_KEY")),
            (_, files) => Err(Error::unsupported(
                "only a signed URL can carry an expiry, a download name or a content type",
            )
            .with_advice(match files {
                Files::Media => "set SECRET_KEY, with which URLs are signed",
                Files::Static => "static files are never signed",
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{driver::DriverConfig, driver_options::Options, error::ErrorKind, value::Value};

    const TABLE: &[OptionRow] = &[UrlSigning::QUERYSTRING_AUTH, UrlSigning::QUERYSTRING_EXPIRE];

    #[derive(Debug)]
    struct Signer;

    impl UrlSigner for Signer {
        fn sign(&self, url: &str, _: &Name, options: &UrlOptions) -> Result<String> {
            Ok(format!("{url}?{:?}", options.expires_in))
        }
    }

    fn signing(given: &[(&str, Value)], files: Files, signs: bool) -> UrlSigning {
        let options = Options::new(TABLE, given.iter().cloned()).unwrap();
        let mut config = DriverConfig::new(options).with_files(files);
        if signs {
            config = config.with_signer(Arc::new(Signer));
        }
        config.url_signing()
    }

    fn url(signing: &UrlSigning, options: &UrlOptions) -> Result<String> {
        signing.url("u".to_owned(), &Name::new("a").unwrap(), options)
    }

    fn five_seconds() -> UrlOptions {
        UrlOptions::default().with_expires_in(Duration::from_secs(5))
    }

    #[test]
    fn a_url_is_signed_if_the_storage_is_private_or_the_url_carries_something() {
        let private = &[("querystring_auth", Value::Flag(true))][..];
        let minute = &[("querystring_expire", Value::Integer(60))][..];
        let both = &[private, minute].concat()[..];
        let nothing = UrlOptions::default();
        let named = UrlOptions::default().with_download_name("b");
        for (case, given, options, expected) in [
            ("public", &[][..], &nothing, "u"),
            ("expiry", &[], &five_seconds(), "u?Some(5s)"),
            ("named", &[], &named, "u?Some(3600s)"),
            ("private", private, &nothing, "u?Some(3600s)"),
            ("short", both, &nothing, "u?Some(60s)"),
            ("own time", both, &five_seconds(), "u?Some(5s)"),
            ("public, short", minute, &nothing, "u"),
        ] {
            let signed = url(&signing(given, Files::Media, true), options);

            assert_eq!(signed.unwrap(), expected, "{case}");
        }
    }

    #[test]
    fn what_cannot_be_signed_is_refused_with_what_to_do() {
        let private = [("querystring_auth", Value::Flag(true))];
        let public: &[(&str, Value)] = &[];
        let nothing = UrlOptions::default();
        for (case, given, files, options, expected) in [
            ("public", public, Files::Media, &nothing, Ok("u")),
            (
                "expiry",
                public,
                Files::Media,
                &five_seconds(),
                Err("set SECRET_KEY"),
            ),
            (
                "private",
                &private,
                Files::Media,
                &nothing,
                Err("set SECRET_KEY"),
            ),
            ("static", &private, Files::Static, &nothing, Ok("u")),
            (
                "static, expiry",
                public,
                Files::Static,
                &five_seconds(),
                Err("never signed"),
            ),
        ] {
            // Static files are not signed with a key either.
            let signing = signing(given, files, files == Files::Static);

            match (url(&signing, options), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url, expected, "{case}"),
                (Err(error), Err(advice)) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported, "{case}");
                    assert!(error.to_string().contains(advice), "{case}: {error}");
                }
                (url, _) => panic!("{case}: {url:?}"),
            }
        }
    }

    #[test]
    fn only_media_with_a_signer_can_be_signed() {
        assert!(signing(&[], Files::Media, true).can_sign());
        assert!(!signing(&[], Files::Media, false).can_sign());
        assert!(!signing(&[], Files::Static, true).can_sign());
    }
}
