//! MinIO as a program: the one on `PATH`, or one that Go builds.
//!
//! The server's port is a free one, and its data is gone after it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::command;
use crate::go::Go;
use crate::launch;
use crate::lifecycle::{NoServer, Server, Slot};
use crate::say;

const PACKAGE: &str = "github.com/minio/minio";

/// What the Go module proxy serves as the latest MinIO, which is no longer maintained. The same
/// stands in `docker-compose.yml` and `tests/support/minio/Dockerfile`.
pub(crate) const VERSION: &str = "v0.0.0-20260212201848-7aac2a2c5b7c";

/// Finds `minio` on `PATH`.
pub(crate) fn on_path() -> Result<PathBuf, NoServer> {
    command::on_path("minio").ok_or_else(|| NoServer::Missing("no minio on PATH".into()))
}

/// Finds the MinIO built by an earlier run in `folder`, or builds it.
pub(crate) fn built_by_go(folder: &Path) -> Result<PathBuf, NoServer> {
    let binary = folder.join(VERSION).join("minio");
    if binary.exists() {
        return Ok(binary);
    }
    let go = Go::find()?;
    say(&format!(
        "building MinIO {VERSION} with {}; this is done once and takes some minutes",
        go.version()
    ));
    let work = folder.join(format!("build.{}", process::id()));
    fs::create_dir_all(&work)?;
    let built = go.install(PACKAGE, VERSION, &work).and_then(|()| {
        fs::create_dir_all(folder.join(VERSION))?;
        // In one step, so that a build that was killed leaves nothing that looks like a program.
        Ok(fs::rename(work.join("minio"), &binary)?)
    });
    fs::remove_dir_all(&work)?;
    built.map(|()| binary)
}

/// Starts `binary` on a free port.
pub(crate) fn start(binary: &Path, slot: &Slot, grace: u32) -> Result<Server, NoServer> {
    let name = binary.display().to_string();
    launch::start(&name, slot, grace, |data, address| {
        Ok(command_line(binary, data, address))
    })
}

fn command_line(binary: &Path, data: &Path, address: &str) -> Vec<OsString> {
    [
        // Words before the program: the environment. No console, no look for newer releases.
        "/usr/bin/env".into(),
        "MINIO_ROOT_USER=storehouse".into(),
        "MINIO_ROOT_PASSWORD=storehouse-secret".into(),
        "MINIO_BROWSER=off".into(),
        "MINIO_UPDATE=off".into(),
        // As in docker-compose.yml.
        "MINIO_KMS_SECRET_KEY=storehouse:c3RvcmVob3VzZS10ZXN0LWtleS1vZi0zMi1ieXRlcyE=".into(),
        binary.into(),
        "server".into(),
        data.into(),
        "--address".into(),
        address.into(),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_same_everywhere() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in ["docker-compose.yml", "tests/support/minio/Dockerfile"] {
            assert!(
                fs::read_to_string(root.join(file))
                    .unwrap()
                    .contains(VERSION),
                "{file}"
            );
        }
    }
}
