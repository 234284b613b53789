//! Where a bucket is: the URL that all its objects' URLs begin with. Only text is made here.
//!
//! | `endpoint_url` | style | URL |
//! |---|---|---|
//! | none | `auto`, `virtual` | `https://BUCKET.s3.REGION.amazonaws.com` |
//! | none | `path`; `auto` with a dot in the bucket's name | `https://s3.REGION.amazonaws.com/BUCKET` |
//! | `http://minio:9000` | `auto`, `path` | `http://minio:9000/BUCKET` |
//! | `http://minio:9000` | `virtual` | `http://BUCKET.minio:9000` |
//!
//! An endpoint that the environment or a profile names counts as `endpoint_url`.

use storehouse_storage::{Error, Result};
use url::Url;

/// Where buckets are that say nothing else; MinIO signs for it too.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// The domains of Amazon's services.
const AMAZONS: &[&str] = &["amazonaws.com", "amazonaws.com.cn"];

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

/// The URL of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceUrl {
    pub(crate) text: String,
    /// The option, variable or profile that it is from.
    pub(crate) said_by: String,
}

/// A service that has buckets.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// `None` for Amazon's.
    pub(crate) url: Option<ServiceUrl>,
    pub(crate) addressing: Addressing,
    /// HTTPS to Amazon's.
    pub(crate) secure: bool,
}

impl Endpoint {
    /// Returns the same with another URL.
    pub(crate) fn with_url(&self, url: Option<ServiceUrl>) -> Self {
        Self {
            url,
            ..self.clone()
        }
    }

    /// Returns whether it is a service of Amazon's, by its host.
    pub(crate) fn is_amazons(&self) -> bool {
        let Some(service) = &self.url else {
            return true;
        };
        let url = Url::parse(&service.text).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let is_below = |domain: &&str| {
            let before = host.strip_suffix(*domain);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        AMAZONS.iter().any(is_below)
    }

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

    fn of_others(&self, service: &ServiceUrl, bucket: &str) -> Result<String> {
        let ServiceUrl { text, said_by } = service;
        let wrong = |why: &str| Err(Error::configuration(format!("{said_by}: {text:?} {why}")));
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

    fn endpoint(url: &str, addressing: Addressing) -> Endpoint {
        let service = || ServiceUrl {
            text: url.to_owned(),
            said_by: "endpoint_url".to_owned(),
        };
        Endpoint {
            url: (!url.is_empty()).then(service),
            addressing,
            secure: true,
        }
    }

    fn bucket_url(url: &str, addressing: Addressing, bucket: &str, region: &str) -> Result<String> {
        endpoint(url, addressing).bucket_url(bucket, region)
    }

    #[test]
    fn amazons_service_is_known_by_its_host() {
        for (url, expected) in [
            ("", true),
            ("https://s3.eu-west-1.amazonaws.com", true),
            ("https://s3.cn-north-1.amazonaws.com.cn:443/", true),
            (
                "https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com",
                true,
            ),
            ("https://notamazonaws.com", false),
            ("https://amazonaws.com.example.com", false),
            ("http://minio:9000/amazonaws.com", false),
        ] {
            let endpoint = endpoint(url, Addressing::Auto);

            assert_eq!(endpoint.is_amazons(), expected, "{url}");
        }
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
