//! Where a bucket is: the URL that all its objects' URLs begin with. Only text is made here.
//!
//! | `endpoint_url` | style | URL |
//! |---|---|---|
//! | none | `auto`, `virtual` | `https://BUCKET.s3.REGION.amazonaws.com` |
//! | none | `path`; `auto` with a dot in the bucket's name | `https://s3.REGION.amazonaws.com/BUCKET` |
//! | `http://minio:9000` | `auto`, `path` | `http://minio:9000/BUCKET` |
//! | `http://minio:9000` | `virtual` | `http://BUCKET.minio:9000` |

use storehouse_storage::{Error, Result};
use url::Url;

use crate::credentials::DEFAULT_REGION;

/// Where the bucket's name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressing {
    Auto,
    Path,
    Virtual,
}

impl Addressing {
    /// Reads the option; the table knows no other words.
    pub(crate) fn read(text: Option<&str>) -> Self {
        match text {
            Some("path") => Self::Path,
            Some("virtual") => Self::Virtual,
            _ => Self::Auto,
        }
    }
}

/// A service that has buckets.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// `None` for Amazon's.
    pub(crate) url: Option<String>,
    pub(crate) addressing: Addressing,
    /// HTTPS to Amazon's.
    pub(crate) secure: bool,
}

impl Endpoint {
    /// Returns the URL of a bucket, with no slash at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for an endpoint
    /// that is no URL, has a query, or is an IP address that a bucket's name cannot stand before.
    pub(crate) fn bucket_url(&self, bucket: &str, region: &str) -> Result<String> {
        match &self.url {
            Some(url) => self.of_others(url, bucket),
            None => Ok(self.of_amazon(bucket, region)),
        }
    }

    fn of_amazon(&self, bucket: &str, region: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let host = match region {
            // The name without a region is the one that django-storages gives.
            DEFAULT_REGION => format!("s3.{domain}"),
            region => format!("s3.{region}.{domain}"),
        };
        // A certificate for `*.s3…` covers one label.
        let in_host = match self.addressing {
            Addressing::Auto => !(self.secure && bucket.contains('.')),
            Addressing::Path => false,
            Addressing::Virtual => true,
        };
        if in_host {
            format!("{scheme}://{bucket}.{host}")
        } else {
            format!("{scheme}://{host}/{bucket}")
        }
    }

    fn of_others(&self, text: &str, bucket: &str) -> Result<String> {
        let wrong = |why: &str| {
            Err(Error::configuration(format!(
                "endpoint_url: {text:?} {why}"
            )))
        };
        let mut url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return wrong(&format!("is no URL: {error}")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("has a query, which an endpoint has not");
        }
        if self.addressing == Addressing::Virtual {
            let Some(url::Host::Domain(domain)) = url.host() else {
                return wrong("is an IP address, which needs addressing_style = \"path\"");
            };
            let host = format!("{bucket}.{domain}");
            if let Err(error) = url.set_host(Some(&host)) {
                return wrong(&format!("cannot have the bucket before it: {error}"));
            }
            return Ok(url.as_str().trim_end_matches('/').to_owned());
        }
        Ok(format!("{}/{bucket}", url.as_str().trim_end_matches('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket_url(url: &str, addressing: Addressing, bucket: &str, region: &str) -> Result<String> {
        let endpoint = Endpoint {
            url: (!url.is_empty()).then(|| url.to_owned()),
            addressing,
            secure: true,
        };
        endpoint.bucket_url(bucket, region)
    }

    #[test]
    fn on_amazons_service_the_bucket_stands_in_the_host() {
        use Addressing::{Auto, Path};
        for (style, bucket, region, expected) in [
            (Auto, "bkt", "us-east-1", "bkt.s3.amazonaws.com"),
            (Auto, "bkt", "eu-west-1", "bkt.s3.eu-west-1.amazonaws.com"),
            (Auto, "a.b", "us-east-1", "s3.amazonaws.com/a.b"),
            (Path, "bkt", "us-east-1", "s3.amazonaws.com/bkt"),
            (
                Auto,
                "bkt",
                "cn-north-1",
                "bkt.s3.cn-north-1.amazonaws.com.cn",
            ),
        ] {
            let url = bucket_url("", style, bucket, region).unwrap();

            assert_eq!(url, format!("https://{expected}"));
        }
    }

    #[test]
    fn on_another_service_the_bucket_stands_in_the_path() {
        use Addressing::{Auto, Path, Virtual};
        for (endpoint, style, expected) in [
            ("http://minio:9000", Auto, "http://minio:9000/bkt"),
            ("http://minio:9000/", Path, "http://minio:9000/bkt"),
            ("http://minio:9000", Virtual, "http://bkt.minio:9000"),
            ("https://gate/s3/", Auto, "https://gate/s3/bkt"),
        ] {
            let url = bucket_url(endpoint, style, "bkt", "us-east-1").unwrap();

            assert_eq!(url, expected);
        }
    }

    #[test]
    fn an_endpoint_that_cannot_be_one_is_refused() {
        for (endpoint, style) in [
            ("http://127.0.0.1:9000", Addressing::Virtual),
            ("http://minio:9000/?a=b", Addressing::Auto),
            ("http://minio:port", Addressing::Auto),
        ] {
            assert!(
                bucket_url(endpoint, style, "bkt", "us-east-1").is_err(),
                "{endpoint}"
            );
        }
    }
}
