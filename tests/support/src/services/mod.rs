//! S3 services other than MinIO, to see what the driver makes of them.
//!
//! Each is a program from a package registry, in the one version that `program` tells. It is
//! installed at its first use into `target/services/NAME/VERSION/` and kept there. It listens on
//! this machine only, on a free port, and is stopped when its last user is gone, even by
//! `kill -9`; its data is gone with it. The ways of MinIO are `minio`'s.
//!
//! | name | comes by |
//! |---|---|
//! | `minio` | whichever server [`Minio::get`] finds, so also `STOREHOUSE_TEST_S3_ENDPOINT` |
//! | `versitygw`, `seaweedfs`, `rclone` | Go |
//! | `moto` | Python 3 with venv |
//! | `s3proxy` | Maven and Java 17 |
//! | `garage` | Cargo and a C compiler, for a quarter of an hour |
//!
//! What a service is known to lack, and whether a run shows just that, is [`gaps`]' matter.

pub mod gaps;
mod install;
mod program;

use std::path::Path;

use crate::bucket::Bucket;
use crate::client::Client;
use crate::health::Health;
use crate::launch;
use crate::lifecycle::{NoServer, Server, Slot, StartLock};
use crate::minio::{self, Minio};
use crate::sigv4::Credentials;
use program::{PROGRAMS, Program, Start};

const MINIO: &str = "minio";

/// Seconds a service is kept after its last user: who comes in the moment that it is stopped might
/// find it answering yet.
const GRACE: u32 = 2;

/// A running S3 service. It runs until this is dropped, or as long as others use it.
///
/// ```no_run
/// use storehouse_test_support::services::Service;
///
/// let service = Service::start("versitygw").expect("Go is installed");
/// let bucket = service.bucket("readme");
/// bucket.put_raw("a.txt", b"A");
///
/// assert_eq!(bucket.object_names(), ["a.txt"]);
/// ```
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    version: &'static str,
    client: Client,
    #[expect(dead_code, reason = "held, not read: the server is stopped after it")]
    server: Option<Server>,
}

impl Service {
    /// Returns the names of all services that can be started.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let others = PROGRAMS.iter().map(|program| program.name);
        [MINIO].into_iter().chain(others).collect()
    }

    /// Starts the service called `name`; installs it before, if it must, which can take minutes.
    ///
    /// # Errors
    /// There is no such service; what it needs is not installed; it does not start.
    pub fn start(name: &str) -> Result<Self, String> {
        if name == MINIO {
            return Ok(Self::of_minio(&Minio::find()?));
        }
        let program = PROGRAMS.iter().find(|program| program.name == name);
        let program = program.ok_or_else(|| {
            let names = Self::names().join(", ");
            format!("no service is called {name:?}; there are {names}")
        })?;
        match start(program) {
            Ok(server) => Ok(Self {
                name: program.name,
                version: program.version,
                client: Client {
                    endpoint: server.endpoint.clone(),
                    credentials: credentials(program),
                },
                server: Some(server),
            }),
            Err(NoServer::Missing(why) | NoServer::Failed(why)) => Err(format!("{name}: {why}")),
        }
    }

    fn of_minio(minio: &Minio) -> Self {
        Self {
            name: MINIO,
            version: crate::binary::VERSION,
            client: minio.client().clone(),
            server: None,
        }
    }

    /// Returns its name, for example `versitygw`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns its version as its makers count, for example `1.8.0`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// Returns `http://HOST:PORT`, with no slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.client.endpoint
    }

    /// Makes an empty bucket, which is removed with its contents when it is dropped.
    #[must_use]
    pub fn bucket(&self, purpose: &str) -> Bucket {
        Bucket::create(self.client.clone(), purpose)
    }
}

fn start(program: &Program) -> Result<Server, NoServer> {
    let folder = minio::target_folder(&minio::workspace())
        .join("services")
        .join(program.name);
    let health = Health::Buckets(credentials(program));
    let slot = Slot::new(&folder, program.version, health);
    let _lock = StartLock::take(&folder)?;
    if let Some(server) = slot.join(launch::START_LIMIT)? {
        return Ok(server);
    }
    let installed = install::installed(program, &folder)?;
    launch::start(program.name, &slot, GRACE, |data: &Path, address: &str| {
        (program.command)(&Start {
            installed: &installed,
            data,
            address,
        })
    })
}

fn credentials(program: &Program) -> Credentials {
    let (access_key, secret_key) = program.keys;
    Credentials {
        access_key: access_key.into(),
        secret_key: secret_key.into(),
        region: "us-east-1".into(),
    }
}
