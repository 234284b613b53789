//! Finds a MinIO server, or starts one.
//!
//! In this order:
//!
//! 1. `STOREHOUSE_TEST_S3_ENDPOINT`, with `STOREHOUSE_TEST_S3_ACCESS_KEY`, `_SECRET_KEY` and
//!    `_REGION` (by default `storehouse`, `storehouse-secret`, `us-east-1`). It may be another S3
//!    service. If it does not answer, the tests fail; nothing else is tried.
//! 2. The service of `docker-compose.yml`, if a Docker engine answers and has compose, on
//!    `MINIO_PORT` (9400).
//! 3. `minio` on `PATH`, on a free port.
//! 4. The pinned MinIO, built by Go 1.24 or newer into `target/minio/VERSION/` and kept there, on a
//!    free port.
//!
//! A server that a test process of this checkout has started already comes before 2 to 4. If one of
//! them is there and fails, standard error says why, and the next is tried. If none works,
//! [`Minio::get`] panics and says what to install: tests never pass because their server is
//! missing.
//!
//! | also in the environment | |
//! |---|---|
//! | `STOREHOUSE_TEST_S3_REQUIRE` | `compose`, `path` or `go`: that way, or failure |
//! | `STOREHOUSE_TEST_S3_GRACE` | seconds a started server is kept for the next user, by default 20 |
//! | `CARGO_TARGET_DIR` | the folder in place of `target/` |
//!
//! Started servers are shared by all test processes, and stopped when the last is gone, even by
//! `kill -9`; `lifecycle` says how. That needs a Unix; elsewhere only 1 is tried.

use std::env;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::client::{Call, Client};
use crate::http::Request;
use crate::sigv4::Credentials;
#[cfg(unix)]
use crate::start::{self, Place};
use crate::{wire, xml};

const ENDPOINT: &str = "STOREHOUSE_TEST_S3_ENDPOINT";
const REQUIRE: &str = "STOREHOUSE_TEST_S3_REQUIRE";
#[cfg(unix)]
const GRACE: &str = "STOREHOUSE_TEST_S3_GRACE";

/// A MinIO server to test against, running at least as long as this process.
///
/// ```no_run
/// use storehouse_test_support::Minio;
///
/// let minio = Minio::get();
/// let bucket = minio.bucket("readme");
/// bucket.put_raw("a.txt", b"A");
///
/// assert_eq!(bucket.object_names(), ["a.txt"]);
/// ```
#[derive(Clone, Debug)]
pub struct Minio {
    client: Client,
}

impl Minio {
    /// Returns this process's server: found or started at the first call, shared after it.
    ///
    /// It blocks, for minutes if a server must be built first; asynchronous tests call it on a
    /// blocking thread.
    ///
    /// # Panics
    /// There is none, and none can be started; the message says what to install.
    #[must_use]
    pub fn get() -> Self {
        Self::find().unwrap_or_else(|why| panic!("{why}"))
    }

    /// Does the same, and returns why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        static FOUND: OnceLock<Result<Minio, String>> = OnceLock::new();

        FOUND.get_or_init(find_or_start).clone()
    }

    /// Returns `http://HOST:PORT`, with no slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.client.endpoint
    }

    /// Returns the access key, the one that may do everything.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.client.credentials.access_key
    }

    /// Returns the secret key.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.client.credentials.secret_key
    }

    /// Returns the region to sign for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.client.credentials.region
    }

    /// Returns who signs for it.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.client.credentials
    }

    /// Makes an empty bucket, which is removed with its contents when it is dropped.
    #[must_use]
    pub fn bucket(&self, purpose: &str) -> Bucket {
        Bucket::create(self.client.clone(), purpose)
    }

    #[cfg(unix)]
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the names of all buckets the keys may see, other runs' too.
    #[must_use]
    pub fn bucket_names(&self) -> Vec<String> {
        let call = Call {
            method: "GET",
            path: "/",
            ..Call::default()
        };
        let answer = self
            .client
            .expect(&[200], call)
            .unwrap_or_else(|why| panic!("{why}"));
        let list = String::from_utf8_lossy(&answer.body);
        xml::elements(&list, "Bucket")
            .filter_map(|bucket| xml::text(bucket, "Name"))
            .collect()
    }
}

fn find_or_start() -> Result<Minio, String> {
    let endpoint = match (variable(ENDPOINT), variable(REQUIRE)) {
        (Some(_), Some(_)) => {
            return Err(format!(
                "both {ENDPOINT} and {REQUIRE} are set; unset one of them"
            ));
        }
        (Some(endpoint), None) => answering(&endpoint)?,
        (None, required) => return Ok(minio(shared_server(required.as_deref())?, None)),
    };
    Ok(minio(endpoint, Some("STOREHOUSE_TEST_S3_")))
}

/// Takes the keys from variables that begin with `prefix`, if there are; else those of the servers
/// we start.
fn minio(endpoint: String, prefix: Option<&str>) -> Minio {
    let value = |name, default: &str| {
        prefix
            .and_then(|prefix| variable(&format!("{prefix}{name}")))
            .unwrap_or_else(|| default.to_owned())
    };
    let credentials = Credentials {
        access_key: value("ACCESS_KEY", "storehouse"),
        secret_key: value("SECRET_KEY", "storehouse-secret"),
        region: value("REGION", "us-east-1"),
    };
    Minio {
        client: Client {
            endpoint,
            credentials,
        },
    }
}

/// Checks that something answers HTTP there. Whether it takes the keys shows when a bucket is made.
fn answering(endpoint: &str) -> Result<String, String> {
    let endpoint = endpoint.trim_end_matches('/');
    let authority = wire::authority(endpoint).map_err(|why| format!("{ENDPOINT}: {why}"))?;
    let request = Request {
        method: "GET".into(),
        target: "/".into(),
        ..Request::default()
    };
    wire::exchange(authority, &request, Duration::from_secs(10)).map_err(|why| {
        format!(
            "{ENDPOINT} is {endpoint}, which does not answer: {why}; start it, or unset {ENDPOINT}"
        )
    })?;
    Ok(endpoint.to_owned())
}

/// An empty variable is none.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(not(unix))]
fn shared_server(_required: Option<&str>) -> Result<String, String> {
    Err(format!(
        "no MinIO: servers are started on Unix only; set {ENDPOINT} to one that runs"
    ))
}

#[cfg(unix)]
fn shared_server(required: Option<&str>) -> Result<String, String> {
    let root = workspace();
    let grace = variable(GRACE).unwrap_or_else(|| "20".into());
    let grace = grace
        .parse()
        .map_err(|_| format!("{GRACE} is {grace:?}; it must be a number of seconds"))?;
    let place = Place {
        folder: &target_folder(&root).join("minio"),
        root: &root,
        grace,
    };
    start::shared_server(&place, required).map_err(|why| {
        format!("no MinIO to test against: {why}\nOr set {ENDPOINT} to a server that runs")
    })
}

/// The workspace's folder. With no links in it: compose labels its containers so.
#[cfg(unix)]
pub(crate) fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// A relative `CARGO_TARGET_DIR` is taken from the workspace's folder: tests run in the folder of
/// their package.
#[cfg(unix)]
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}
