//! Where the keys come from: options, environment, shared files, then the services that hand them
//! out; and with them the region and the endpoint, which stand at the same places. It signs nothing.
//!
//! | order | source | names |
//! |---|---|---|
//! | 1 | options | `access_key`, `secret_key`, `security_token`; or `session_profile`, and then nothing else |
//! | 2 | environment | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` |
//! | 3 | shared files | `~/.aws/credentials`, `~/.aws/config`; `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE` |
//! | 4 | web identity | `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME` |
//! | 5 | container | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`; or `AWS_CONTAINER_CREDENTIALS_FULL_URI` with `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` |
//! | 6 | instance metadata | unless `AWS_EC2_METADATA_DISABLED=true` |
//!
//! 1 to 3 are read when the storage is opened, 4 to 6 by object_store at the first request, which
//! also renews them before they expire.

use std::{fmt, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider},
};
use storehouse_storage::{Error, ErrorKind, Result, Secret};

use crate::{
    address::{DEFAULT_REGION, ServiceUrl},
    client::{Client, TimeLimits, Trust},
    endpoints,
    environment::Environment,
    profile::Profile,
    shared_files::Chosen,
};

/// The instance metadata service answers in milliseconds where there is one. Elsewhere nothing does.
const FETCH_LIMIT: Duration = Duration::from_secs(4);
const FETCH_CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// What may be given as options.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    pub(crate) access_key: Option<Secret>,
    pub(crate) secret_key: Option<Secret>,
    pub(crate) token: Option<Secret>,
    pub(crate) profile: Option<String>,
    /// Nothing is signed, and no keys are looked for.
    pub(crate) anonymous: bool,
}

/// What options, environment and shared files say together.
#[derive(Debug)]
pub(crate) struct Found {
    /// `None` where nothing is to be signed.
    pub(crate) credentials: Option<Credentials>,
    /// The region to sign for.
    pub(crate) region: String,
    /// The service; `None` for Amazon's.
    pub(crate) endpoint_url: Option<ServiceUrl>,
}

/// Gives the keys for each request.
pub(crate) struct Credentials {
    source: Source,
    /// The sources that had none, for the message.
    tried: Vec<String>,
}

enum Source {
    Fixed(Arc<AwsCredential>),
    Fetched(AwsCredentialProvider),
    Nowhere,
}

impl Credentials {
    /// Looks through the sources. Region and endpoint are the given ones, or those that environment
    /// or profile name, or Amazon's first.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for half a pair of keys, keys besides a profile, a profile that
    /// is named but not there, files that cannot be read, and an endpoint that cannot be one.
    pub(crate) fn find(
        keys: &Keys,
        region: Option<&str>,
        endpoint_url: Option<ServiceUrl>,
        environment: &Environment,
    ) -> Result<Found> {
        check(keys)?;
        let chosen = Chosen::read(keys.profile.as_deref(), environment)?;
        let region = region
            .map(str::to_owned)
            .or_else(|| environment.get("AWS_REGION"))
            .or_else(|| environment.get("AWS_DEFAULT_REGION"))
            .or_else(|| chosen.profile.region.clone())
            .unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let endpoint_url = match endpoint_url {
            Some(given) => Some(given),
            None => endpoints::configured(&chosen.name, &chosen.profile, environment)?,
        };
        let credentials = match keys.anonymous {
            true => None,
            false => Some(Self::of(keys, chosen, &region, environment)?),
        };
        Ok(Found {
            credentials,
            region,
            endpoint_url,
        })
    }

    fn of(keys: &Keys, chosen: Chosen, region: &str, environment: &Environment) -> Result<Self> {
        let mut tried = Vec::new();
        let Chosen {
            name,
            is_named,
            profile,
        } = chosen;
        let fixed = match &keys.profile {
            Some(_) => from_profile(&name, profile, &mut tried)?,
            None => match from_keys(keys)?.or(from_environment(environment)?) {
                Some(credential) => Some(credential),
                None => {
                    tried.push("the options access_key and secret_key".to_owned());
                    tried.push("AWS_ACCESS_KEY_ID in the environment".to_owned());
                    from_profile(&name, profile, &mut tried)?
                }
            },
        };
        let source = match fixed {
            Some(credential) => Source::Fixed(Arc::new(credential)),
            None if is_named => return Err(empty_profile(&name, &tried)),
            None => fetched(environment, region, &mut tried)?,
        };
        Ok(Self { source, tried })
    }

    /// Returns the keys to sign with now.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] if there are none, with the sources that were tried.
    pub(crate) async fn get(&self) -> Result<Arc<AwsCredential>> {
        let provider = match &self.source {
            Source::Fixed(credential) => return Ok(Arc::clone(credential)),
            Source::Fetched(provider) => provider,
            Source::Nowhere => return Err(self.none("", None)),
        };
        match tokio::time::timeout(FETCH_LIMIT, provider.get_credential()).await {
            Ok(Ok(credential)) => Ok(credential),
            Ok(Err(error)) => Err(self.none(" (which failed)", Some(error))),
            Err(_) => Err(self.none(" (which did not answer)", None)),
        }
    }

    fn none(&self, last: &str, cause: Option<object_store::Error>) -> Error {
        let problem = format!("no credentials; tried {}{last}", self.tried.join(", "));
        let error = Error::new(ErrorKind::PermissionDenied, problem).with_advice(
            "set access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        );
        match cause {
            Some(cause) => error.with_source(cause),
            None => error,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Fixed(_) => "fixed",
            Source::Fetched(_) => "fetched",
            Source::Nowhere => "nowhere",
        };
        f.debug_struct("Credentials")
            .field("source", &source)
            .finish_non_exhaustive()
    }
}

fn check(keys: &Keys) -> Result<()> {
    let pair = (keys.access_key.is_some(), keys.secret_key.is_some());
    if keys.anonymous && (pair != (false, false) || keys.token.is_some()) {
        return Err(
            Error::configuration("skip_signature and keys are both given")
                .with_advice("nothing is signed with them; remove skip_signature or access_key"),
        );
    }
    match pair {
        (true, false) => return Err(half("access_key", "secret_key")),
        (false, true) => return Err(half("secret_key", "access_key")),
        (false, false) if keys.token.is_some() && keys.profile.is_none() => {
            return Err(half("security_token", "access_key and secret_key"));
        }
        _ => {}
    }
    if keys.profile.is_some() && (pair.0 || keys.token.is_some()) {
        return Err(
            Error::configuration("session_profile and keys are both given")
                .with_advice("a profile has keys of its own; remove one of them"),
        );
    }
    Ok(())
}

fn half(given: &str, missing: &str) -> Error {
    Error::configuration(format!("{given} is given without {missing}"))
}

fn from_keys(keys: &Keys) -> Result<Option<AwsCredential>> {
    let (Some(access_key), Some(secret_key)) = (&keys.access_key, &keys.secret_key) else {
        return Ok(None);
    };
    let token = keys.token.as_ref().map(Secret::expose);
    credential(
        "the option",
        access_key.expose(),
        secret_key.expose(),
        token,
    )
    .map(Some)
}

fn from_environment(environment: &Environment) -> Result<Option<AwsCredential>> {
    let access_key = environment.get("AWS_ACCESS_KEY_ID");
    let secret_key = environment.get("AWS_SECRET_ACCESS_KEY");
    let token = environment
        .get("AWS_SESSION_TOKEN")
        .or_else(|| environment.get("AWS_SECURITY_TOKEN"));
    match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => credential(
            "the environment's",
            &access_key,
            &secret_key,
            token.as_deref(),
        )
        .map(Some),
        (Some(_), None) => Err(half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => Err(half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
        (None, None) => Ok(None),
    }
}

fn from_profile(
    name: &str,
    profile: Profile,
    tried: &mut Vec<String>,
) -> Result<Option<AwsCredential>> {
    if let (Some(access_key), Some(secret_key)) = (&profile.access_key, &profile.secret_key) {
        let token = profile.token.as_ref().map(Secret::expose);
        return credential("the profile's", access_key, secret_key.expose(), token).map(Some);
    }
    tried.push(match profile.fetched_by {
        Some(means) => format!("profile {name:?} (which needs {means})"),
        None => format!("profile {name:?}"),
    });
    Ok(None)
}

/// Makes a credential of texts that a header can carry.
fn credential(
    whose: &str,
    access_key: &str,
    secret_key: &str,
    token: Option<&str>,
) -> Result<AwsCredential> {
    let checked = |what: &str, text: &str| {
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(text.to_owned());
        }
        Err(Error::configuration(format!(
            "{whose} {what} has a character that no key has, such as a blank or a line break"
        )))
    };
    Ok(AwsCredential {
        key_id: checked("access key", access_key)?,
        secret_key: checked("secret key", secret_key)?,
        token: token
            .map(|token| checked("session token", token))
            .transpose()?,
    })
}

fn empty_profile(name: &str, tried: &[String]) -> Error {
    let last = tried.last().map(String::as_str).unwrap_or_default();
    Error::configuration(format!("profile {name:?} has no keys; tried {last}")).with_advice(
        "only keys in the file are read; `aws configure export-credentials` shows those of the others",
    )
}

/// Chooses one of the services that hand out keys. None of them is asked yet.
fn fetched(environment: &Environment, region: &str, tried: &mut Vec<String>) -> Result<Source> {
    use AmazonS3ConfigKey::{
        ContainerAuthorizationTokenFile, ContainerCredentialsFullUri,
        ContainerCredentialsRelativeUri, MetadataEndpoint, RoleArn, RoleSessionName, StsEndpoint,
        WebIdentityTokenFile,
    };
    let web_identity = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"];
    let full_uri = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ];
    let all_set = |names: &[&str]| names.iter().all(|name| environment.get(name).is_some());
    let what = if all_set(&web_identity) {
        "web identity"
    } else if all_set(&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]) || all_set(&full_uri) {
        "the container's credentials"
    } else if environment.get("AWS_EC2_METADATA_DISABLED").as_deref() == Some("true") {
        return Ok(Source::Nowhere);
    } else {
        "the instance metadata service"
    };
    tried.push(what.to_owned());
    // The bucket is for the builder only.
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name("none")
        .with_region(region)
        .with_http_connector(fetching_client()?)
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 2,
            retry_timeout: FETCH_LIMIT,
        });
    for (name, key) in [
        (web_identity[0], WebIdentityTokenFile),
        (web_identity[1], RoleArn),
        ("AWS_ROLE_SESSION_NAME", RoleSessionName),
        ("AWS_ENDPOINT_URL_STS", StsEndpoint),
        (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            ContainerCredentialsRelativeUri,
        ),
        (full_uri[0], ContainerCredentialsFullUri),
        (full_uri[1], ContainerAuthorizationTokenFile),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", MetadataEndpoint),
    ] {
        if let Some(value) = environment.get(name) {
            builder = builder.with_config(key, value);
        }
    }
    let store = builder.build().map_err(|error| {
        Error::configuration(format!("{what} cannot be used")).with_source(error)
    })?;
    Ok(Source::Fetched(Arc::clone(store.credentials())))
}

fn fetching_client() -> Result<Client> {
    let limits = TimeLimits {
        connect: FETCH_CONNECT_LIMIT,
        idle: FETCH_LIMIT,
        total: Some(FETCH_LIMIT),
    };
    Client::new(limits, &Trust::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(access_key: &str, secret_key: &str) -> Keys {
        let given = |text: &str| (!text.is_empty()).then(|| Secret::new(text));
        Keys {
            access_key: given(access_key),
            secret_key: given(secret_key),
            ..Keys::default()
        }
    }

    #[tokio::test]
    async fn options_come_before_the_environment() {
        let environment = Environment::of(&[
            ("AWS_ACCESS_KEY_ID", "from-environment"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_SESSION_TOKEN", "t"),
        ]);
        for (given, expected) in [
            (keys("from-options", "s"), "from-options"),
            (Keys::default(), "from-environment"),
        ] {
            let found = Credentials::find(&given, None, None, &environment).unwrap();

            let credentials = found.credentials.unwrap();
            assert_eq!(credentials.get().await.unwrap().key_id, expected);
        }
    }

    #[test]
    fn the_region_comes_from_the_nearest_that_names_one() {
        for (given, variables, expected) in [
            (
                Some("eu-west-1"),
                &[("AWS_REGION", "eu-north-1")][..],
                "eu-west-1",
            ),
            (
                None,
                &[("AWS_DEFAULT_REGION", "a"), ("AWS_REGION", "eu-north-1")],
                "eu-north-1",
            ),
            (None, &[("AWS_DEFAULT_REGION", "eu-north-1")], "eu-north-1"),
            (None, &[], "us-east-1"),
        ] {
            let environment = Environment::of(variables);

            let found = Credentials::find(&Keys::default(), given, None, &environment).unwrap();

            assert_eq!(found.region, expected);
        }
    }

    #[test]
    fn an_endpoint_that_is_given_is_not_looked_for() {
        let environment = Environment::of(&[("AWS_ENDPOINT_URL", "no URL")]);
        let given = ServiceUrl {
            text: "http://minio:9000".to_owned(),
            said_by: "endpoint_url".to_owned(),
        };

        let found = Credentials::find(&Keys::default(), None, Some(given.clone()), &environment);

        assert_eq!(found.unwrap().endpoint_url, Some(given));
    }

    #[test]
    fn who_signs_nothing_looks_for_no_keys() {
        let environment = Environment::of(&[
            // Half a pair is an error for everybody else.
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ENDPOINT_URL", "http://minio:9000"),
        ]);
        let given = Keys {
            anonymous: true,
            ..Keys::default()
        };

        let found = Credentials::find(&given, None, None, &environment).unwrap();

        assert!(found.credentials.is_none());
        assert_eq!(found.region, "eu-north-1");
        assert_eq!(found.endpoint_url.unwrap().text, "http://minio:9000");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let profile = Keys {
            profile: Some("nobody".to_owned()),
            ..keys("a", "s")
        };
        let anonymous = Keys {
            anonymous: true,
            ..keys("a", "s")
        };
        for (case, given, variables, text) in [
            ("half a pair", keys("a", ""), &[][..], "without secret_key"),
            ("the other half", keys("", "s"), &[], "without access_key"),
            ("profile and keys", profile, &[], "both given"),
            ("line break", keys("a", "s\n"), &[], "line break"),
            ("keys and no signature", anonymous, &[], "skip_signature"),
            (
                "half in the environment",
                Keys::default(),
                &[("AWS_ACCESS_KEY_ID", "a")],
                "without AWS_SECRET",
            ),
            (
                "a profile that is not there",
                Keys::default(),
                &[("AWS_PROFILE", "nobody")],
                "no profile",
            ),
        ] {
            let error =
                Credentials::find(&given, None, None, &Environment::of(variables)).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{case}");
            assert!(error.to_string().contains(text), "{case}: {error}");
        }
    }

    #[tokio::test]
    async fn without_credentials_the_error_says_where_they_were_looked_for() {
        let environment = Environment::of(&[("AWS_EC2_METADATA_DISABLED", "true")]);
        let found = Credentials::find(&Keys::default(), None, None, &environment).unwrap();

        let error = found.credentials.unwrap().get().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        for source in ["access_key", "AWS_ACCESS_KEY_ID", "profile \"default\""] {
            assert!(error.to_string().contains(source), "{error}");
        }
    }
}
