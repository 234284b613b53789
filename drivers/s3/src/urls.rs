//! URLs of objects: signed, plain, or those of a domain in front of the bucket. No request is made,
//! and it is not looked whether the object is there.
//!
//! | options | URL |
//! |---|---|
//! | by default | the bucket's URL with a signature that ends (SigV4 in the query) |
//! | `public_endpoint_url` | the same, signed for that host |
//! | `querystring_auth = false`, `skip_signature`, and all static files | the bucket's URL, for buckets that anybody may read |
//! | `custom_domain` | `https://CUSTOM_DOMAIN/KEY` |

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::Method;
use object_store::{
    CredentialProvider,
    aws::{AmazonS3, AmazonS3Builder, AwsCredential},
    path::Path,
    signer::{SignedUrlOptions, Signer},
};
use storehouse_storage::{
    Error, ErrorKind, Result, UrlOptions, attachment_disposition, filepath_to_uri,
};
use url::Url;

use crate::{bucket, client::Client, credentials::Credentials};

/// SigV4 allows no more: seven days.
pub(crate) const MAX_EXPIRY_SECONDS: i64 = 604_800;

/// Which URLs a storage gives.
#[derive(Debug, Clone)]
pub(crate) struct UrlRules {
    pub(crate) signed: bool,
    pub(crate) expires_in: Duration,
    pub(crate) custom_domain: Option<CustomDomain>,
}

/// A domain in front of the bucket, as the start of its URLs.
#[derive(Debug, Clone)]
pub(crate) struct CustomDomain(String);

impl CustomDomain {
    /// Takes a host, with or without a port and a path.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for a domain with a scheme, a slash at its end, or a query.
    pub(crate) fn new(domain: &str, protocol: Option<&str>) -> Result<Self> {
        // What is before an @ may be a password.
        let shown = match domain.rsplit_once('@') {
            Some((_, host)) => format!("***@{host}"),
            None => domain.to_owned(),
        };
        let refuse = |why: &str| {
            Err(
                Error::configuration(format!("custom_domain: {shown:?} {why}"))
                    .with_advice("write it as cdn.example.com or cdn.example.com/path"),
            )
        };
        if domain.contains("://") || domain.starts_with('/') {
            return refuse("has a scheme, which is url_protocol's");
        }
        if domain.ends_with('/') {
            return refuse("ends in a slash");
        }
        let start = format!("{}//{domain}", protocol.unwrap_or("https:"));
        match Url::parse(&start) {
            Ok(url)
                if url.query().is_none() && url.fragment().is_none() && !domain.contains('@') =>
            {
                Ok(Self(start))
            }
            _ => refuse("is no host"),
        }
    }
}

/// Makes the URLs of one bucket.
pub(crate) struct Urls {
    rules: UrlRules,
    /// The bucket's URL as browsers reach it.
    bucket_url: String,
    /// `None` where there are no keys to sign with.
    signer: Option<AmazonS3>,
}

impl Urls {
    /// Prepares the signing of URLs that begin with `bucket_url`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if object_store does not take the values.
    pub(crate) fn new(
        rules: UrlRules,
        bucket_url: String,
        bucket: &str,
        region: &str,
        credentials: Option<Arc<Credentials>>,
        client: Client,
    ) -> Result<Self> {
        let signer = |credentials: Arc<Credentials>| {
            let builder = AmazonS3Builder::new()
                .with_bucket_name(bucket)
                .with_region(region)
                // Taken as it is, whatever the addressing.
                .with_endpoint(&bucket_url)
                .with_virtual_hosted_style_request(true)
                .with_credentials(credentials)
                .with_http_connector(client);
            builder.build().map_err(|error| {
                Error::configuration("URLs cannot be signed with these options").with_source(error)
            })
        };
        let signer = credentials.map(signer).transpose()?;
        Ok(Self {
            rules,
            bucket_url,
            signer,
        })
    }

    /// Returns whether a URL can carry an expiry, a download name or a content type.
    pub(crate) fn can_sign(&self) -> bool {
        self.signs().is_some()
    }

    /// Returns what signs, if URLs are to be signed.
    fn signs(&self) -> Option<&AmazonS3> {
        let signs = self.rules.signed && self.rules.custom_domain.is_none();
        self.signer.as_ref().filter(|_| signs)
    }

    /// Returns the URL of a key.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if `options` need a signature and there is to be none, or one that
    /// lasts too long; what getting the credentials gives.
    pub(crate) async fn url(&self, key: &str, options: &UrlOptions) -> Result<String> {
        if let Some(signer) = self.signs() {
            return self.signed(signer, key, options).await;
        }
        if options.needs_signature() {
            let advice = if self.rules.custom_domain.is_some() {
                "a storage without custom_domain has signed URLs"
            } else if self.signer.is_none() {
                "skip_signature looks for no keys to sign with; a storage without it has signed URLs"
            } else {
                "set querystring_auth = true; static files are never signed"
            };
            let problem =
                "only a signed URL can carry an expiry, a download name or a content type";
            return Err(Error::unsupported(problem).with_advice(advice));
        }
        Ok(match &self.rules.custom_domain {
            Some(CustomDomain(start)) => format!("{start}/{}", filepath_to_uri(key)),
            None => format!("{}/{}", self.bucket_url, bucket::encoded(key)),
        })
    }

    async fn signed(&self, signer: &AmazonS3, key: &str, options: &UrlOptions) -> Result<String> {
        let expires_in = options.expires_in.unwrap_or(self.rules.expires_in);
        let seconds = i64::try_from(expires_in.as_secs()).unwrap_or(i64::MAX);
        if !(1..=MAX_EXPIRY_SECONDS).contains(&seconds) {
            return Err(Error::unsupported(format!(
                "a signed URL cannot work for {seconds} seconds"
            ))
            .with_advice(format!(
                "1 to {MAX_EXPIRY_SECONDS} (seven days) are possible"
            )));
        }
        let path = Path::parse(key).map_err(|error| {
            let problem = "a name with control characters cannot stand in a signed URL";
            Error::new(ErrorKind::InvalidName, problem).with_source(error)
        })?;
        let mut query = Vec::new();
        if let Some(name) = &options.download_name {
            query.push(("response-content-disposition", attachment_disposition(name)));
        }
        if let Some(kind) = &options.content_type {
            query.push(("response-content-type", kind.clone()));
        }
        let extras = SignedUrlOptions::default().with_query(query);
        let url = signer.signed_url_opts(Method::GET, &path, expires_in, &extras);
        url.await.map(String::from).map_err(unsigned)
    }
}

impl fmt::Debug for Urls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Urls")
            .field("rules", &self.rules)
            .field("bucket_url", &self.bucket_url)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        self.get()
            .await
            .map_err(|error| object_store::Error::Generic {
                store: "S3",
                source: Box::new(error),
            })
    }
}

/// Takes our own error out again.
fn unsigned(error: object_store::Error) -> Error {
    match error {
        object_store::Error::Generic { source, .. } => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::new(ErrorKind::Other, format!("no signature: {source}")),
        },
        error => Error::new(ErrorKind::Other, format!("no signature: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_domain_is_a_host_and_nothing_more() {
        for domain in [
            "cdn.example.com",
            "cdn.example.com:8080",
            "cdn.example.com/media",
        ] {
            assert!(CustomDomain::new(domain, None).is_ok(), "{domain}");
        }
        for domain in [
            "https://cdn.example.com",
            "//cdn.example.com",
            "cdn.example.com/",
            "cdn.example.com?a=b",
            "user@cdn.example.com",
            "a b",
        ] {
            let error = CustomDomain::new(domain, None).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{domain}");
        }
    }
}
