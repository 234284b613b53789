//! The three ways to start a server, and the order they are tried in; `minio` tells it for the
//! reader.
//!
//! How a way works is in `compose` and `binary`; how a server is shared and ended, in `lifecycle`.

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use crate::health::Health;
use crate::lifecycle::{NoServer, Server, Slot, StartLock};
use crate::{binary, compose, launch, say};

/// Where servers are kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The workspace's folder, with `docker-compose.yml`.
    pub(crate) root: &'a Path,
    /// `target/minio`.
    pub(crate) folder: &'a Path,
    /// Seconds a server is kept after its last user.
    pub(crate) grace: u32,
}

/// One of the ways to start a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Compose,
    Path,
    Go,
}

const WAYS: [Way; 3] = [Way::Compose, Way::Path, Way::Go];

/// Returns the endpoint of a server that runs until this process ends.
pub(crate) fn shared_server(place: &Place<'_>, required: Option<&str>) -> Result<String, String> {
    static USED: OnceLock<Server> = OnceLock::new();

    let ways = match required {
        None => &WAYS[..],
        Some(name) => {
            let way = WAYS.iter().position(|way| way.name() == name);
            let way = way.ok_or_else(|| {
                format!("STOREHOUSE_TEST_S3_REQUIRE is {name:?}; it may be compose, path or go")
            })?;
            &WAYS[way..=way]
        }
    };
    let server = join_or_start(place, ways)?;
    // Never dropped, as it is static: the server knows by it that we live.
    Ok(USED.get_or_init(|| server).endpoint.clone())
}

fn join_or_start(place: &Place<'_>, ways: &[Way]) -> Result<Server, String> {
    let folder = place.folder;
    let _lock = StartLock::take(folder)
        .map_err(|why| format!("cannot lock {}: {why}", folder.display()))?;
    for way in ways {
        match way.join(folder) {
            Ok(Some(server)) => return Ok(server),
            Ok(None) => {}
            Err(why) => say(&format!("cannot join the MinIO of {}: {why}", way.name())),
        }
    }
    let mut reasons = String::new();
    for way in ways {
        let why = match way.start(place) {
            Ok(server) => return Ok(server),
            Err(NoServer::Missing(why)) => why,
            Err(NoServer::Failed(why)) => {
                say(&format!("no MinIO by {}: {why}", way.name()));
                why
            }
        };
        reasons.push_str(&format!("\n  - {}: {why}", way.name()));
    }
    let advice = match ways {
        [_] => "STOREHOUSE_TEST_S3_REQUIRE allows one way only",
        _ => "install Docker with compose, or minio on PATH, or Go 1.24 or newer, which builds it",
    };
    Err(format!("{advice}:{reasons}"))
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Path => "path",
            Self::Go => "go",
        }
    }

    fn slot(self, folder: &Path) -> Slot {
        Slot::new(folder, self.name(), Health::Minio)
    }

    fn join(self, folder: &Path) -> io::Result<Option<Server>> {
        let slot = self.slot(folder);
        match self {
            // One that does not answer is brought up again, not waited for.
            Self::Compose => match slot.join(Duration::ZERO) {
                Err(why) if why.kind() == io::ErrorKind::TimedOut => Ok(None),
                joined => joined,
            },
            Self::Path | Self::Go => slot.join(launch::START_LIMIT),
        }
    }

    fn start(self, place: &Place<'_>) -> Result<Server, NoServer> {
        let (slot, grace) = (self.slot(place.folder), place.grace);
        match self {
            Self::Compose => compose::start(place.root, &slot, grace),
            Self::Path => binary::start(&binary::on_path()?, &slot, grace),
            Self::Go => binary::start(&binary::built_by_go(place.folder)?, &slot, grace),
        }
    }
}
