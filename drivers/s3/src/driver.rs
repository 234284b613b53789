//! The driver: options in, storage out. It asks the service for nothing.

use std::{path::Path, sync::Arc};

use storehouse_storage::{Address, Driver, DriverConfig, Error, OptionRow, Result, Storage, Value};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    client::{Client, Trust},
    credentials::Credentials,
    environment::Environment,
    kept::Kept,
    list_version::ListVersion,
    options::{Config, region_name},
    payload::Digests,
    storage::S3Storage,
    table::TABLE,
    urls::Urls,
    writer::Writer,
};

/// The driver for S3-compatible buckets: Amazon's, MinIO's and others'.
///
/// ```
/// use storehouse_s3::S3Driver;
/// use storehouse_storage::{DriverConfig, Options, Storage, Driver};
///
/// let options = Options::new(
///     S3Driver.options(),
///     [
///         ("bucket_name", "assets".into()),
///         ("endpoint_url", "http://127.0.0.1:9000".into()),
///         ("access_key", "storehouse".into()),
///         ("secret_key", "storehouse-secret".into()),
///     ],
/// )?;
/// let storage = S3Driver.open_storage(&DriverConfig::new(options))?;
///
/// assert_eq!(storage.describe(), "s3://assets");
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct S3Driver;

impl S3Driver {
    /// Opens a storage as the type it is.
    ///
    /// # Errors
    /// As [`Driver::open`].
    pub fn open_storage(&self, config: &DriverConfig) -> Result<S3Storage> {
        let config = Config::new(config)?;
        let found = Credentials::find(
            &config.keys,
            config.region.as_deref(),
            config.endpoint.url.clone(),
            &Environment::process(),
        )?;
        let region = region_name(&found.region)?;
        let endpoint = config.endpoint.with_url(found.endpoint_url);
        let public_endpoint = match &config.public_endpoint_url {
            Some(url) => endpoint.with_url(Some(url.clone())),
            None => endpoint.clone(),
        };
        let credentials = found.credentials.map(Arc::new);
        let client = Client::new(config.limits, &trust(&config)?)?;
        let urls = Urls::new(
            config.urls,
            public_endpoint.bucket_url(&config.bucket, &region)?,
            &config.bucket,
            &region,
            credentials.clone(),
            client.clone(),
        )?;
        let url = endpoint.bucket_url(&config.bucket, &region)?;
        if config.unsigned_payload {
            check_tls(&url)?;
        }
        let bucket = Bucket {
            client,
            digests: match config.unsigned_payload || credentials.is_none() {
                true => Digests::Md5,
                false => Digests::Both,
            },
            url,
            name: config.bucket,
            region,
            credentials,
            list_version: ListVersion::new(config.list_version),
            retry_timeout: config.retry_timeout,
            kept: Kept::new(config.exclusive_create, endpoint.is_amazons()),
        };
        let tasks = TaskTracker::new();
        // Tasks can still be added; it only lets `wait` end when there are none.
        tasks.close();
        let writer = Writer {
            bucket: Arc::new(bucket),
            location: config.location,
            defaults: config.defaults,
            cuts: config.cuts,
            gzip: config.gzip,
            tasks,
        };
        Ok(S3Storage {
            writer,
            urls,
            allow_overwrite: config.allow_overwrite,
        })
    }
}

impl Driver for S3Driver {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["s3", "s3a"]
    }

    fn options(&self) -> &'static [OptionRow] {
        TABLE
    }

    fn address(&self, address: &Address) -> Result<Vec<(&'static str, Value)>> {
        let bucket = address.authority.as_deref().unwrap_or_default();
        if bucket.is_empty() {
            return Err(Error::configuration("s3:// names no bucket")
                .with_advice("write s3://BUCKET/PREFIX, or set AWS_STORAGE_BUCKET_NAME"));
        }
        let mut options = vec![("bucket_name", Value::from(bucket))];
        let location = address.path.trim_matches('/');
        if !location.is_empty() {
            options.push(("location", Value::from(location)));
        }
        Ok(options)
    }

    fn open(&self, config: DriverConfig) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.open_storage(&config)?))
    }
}

fn trust(config: &Config) -> Result<Trust> {
    let bundle = config.ca_bundle.as_deref().map(read_bundle);
    Ok(Trust {
        authorities: bundle.transpose()?.unwrap_or_default(),
        anybody: config.trust_anybody,
    })
}

/// Without TLS only the signature guards a content.
fn check_tls(url: &str) -> Result<()> {
    if url.starts_with("https://") {
        return Ok(());
    }
    Err(Error::configuration(format!(
        "unsigned_payload needs HTTPS, and the bucket is at {url}"
    ))
    .with_advice("remove unsigned_payload, or name an endpoint that starts with https://"))
}

fn read_bundle(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let problem = format!("ca_bundle: {} cannot be read: {error}", path.display());
        Error::configuration(problem).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_bucket_and_location() {
        for (authority, path, expected) in [
            ("assets", "", vec![("bucket_name", "assets")]),
            ("assets", "/", vec![("bucket_name", "assets")]),
            (
                "assets",
                "/site/v1/",
                vec![("bucket_name", "assets"), ("location", "site/v1")],
            ),
        ] {
            let address = Address {
                authority: Some(authority.to_owned()),
                path: path.to_owned(),
            };
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, text)| (name, Value::from(text)))
                .collect();

            assert_eq!(S3Driver.address(&address).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn a_url_without_a_bucket_is_refused() {
        for authority in [None, Some(String::new())] {
            let address = Address {
                authority,
                path: String::new(),
            };

            let error = S3Driver.address(&address).unwrap_err();

            assert!(error.to_string().contains("s3://BUCKET/PREFIX"), "{error}");
        }
    }
}
