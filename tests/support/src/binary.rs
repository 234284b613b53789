//! MinIO as a program: the one on `PATH`, or one that Go builds.
//!
//! The server's port is a free one, and its data is gone after it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;

use crate::command;
use crate::lifecycle::{Job, NoServer, Server, Slot};
use crate::say;

/// What the Go module proxy serves as the latest MinIO, which is no longer maintained. The same
/// stands in `docker-compose.yml` and `tests/support/minio/Dockerfile`.
pub(crate) const VERSION: &str = "v0.0.0-20260212201848-7aac2a2c5b7c";

/// The oldest Go that builds it.
const GO: (u32, u32) = (1, 24);

/// A cold build takes 2 minutes on 2 cores, and longer on a slow line.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// A start takes a second.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);

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
    let go = command::on_path("go").ok_or_else(|| NoServer::Missing("no go on PATH".into()))?;
    let asked = command::output(
        Command::new(&go)
            .args(["env", "GOVERSION"])
            .current_dir("/"),
        BUILD_LIMIT,
    )?;
    let version = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    if !is_new_enough(&version) {
        let why = format!(
            "{} is {version:?}, and MinIO needs go{}.{}",
            go.display(),
            GO.0,
            GO.1
        );
        return Err(NoServer::Missing(why));
    }

    say(&format!(
        "building MinIO {VERSION} with {version}; this is done once and takes some minutes"
    ));
    let work = folder.join(format!("build.{}", process::id()));
    fs::create_dir_all(&work)?;
    let built = build(&go, &work).and_then(|()| {
        fs::create_dir_all(folder.join(VERSION))?;
        // In one step, so that a build that was killed leaves nothing that looks like a program.
        Ok(fs::rename(work.join("minio"), &binary)?)
    });
    fs::remove_dir_all(&work)?;
    built.map(|()| binary)
}

fn build(go: &Path, work: &Path) -> Result<(), NoServer> {
    let mut install = Command::new(go);
    install
        .args(["install", "-trimpath", "-ldflags", "-s -w"])
        .arg(format!("github.com/minio/minio@{VERSION}"))
        .current_dir(work)
        .env("GOBIN", work)
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0");
    // Settings that would build for another machine, or in another module.
    for other in ["GOOS", "GOARCH", "GOWORK"] {
        install.env_remove(other);
    }
    let output = command::output(&mut install, BUILD_LIMIT)?;
    if output.status.success() {
        return Ok(());
    }
    Err(NoServer::Failed(format!(
        "go install of MinIO {VERSION} failed:{}",
        command::last_lines(&output.stderr)
    )))
}

/// Says whether `version`, as in `go1.26.8` or `go1.25rc1`, is [`GO`] or newer.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches("go").split('.').map(|part| {
        part.split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default()
            .parse::<u32>()
    });
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= GO)
}

/// Starts `binary` on a free port, with `environment` added to its own.
pub(crate) fn start(binary: &Path, slot: &Slot, grace: u32) -> Result<Server, NoServer> {
    let mut why = String::new();
    // The free port may be taken before the server binds it.
    for _ in 0..3 {
        let address = format!("127.0.0.1:{}", free_port()?);
        let endpoint = format!("http://{address}");
        let data = slot.new_data_folder();
        let user = slot.launch(
            &endpoint,
            grace,
            &Job::Run(command_line(binary, &data, &address), &data),
        )?;
        match slot.wait_until_healthy(&endpoint, START_LIMIT)? {
            Some(()) => {
                return Ok(Server {
                    endpoint,
                    user: Some(user),
                });
            }
            None => why = command::last_lines(&fs::read(slot.log()).unwrap_or_default()),
        }
    }
    Err(NoServer::Failed(format!(
        "{} ended as soon as it was started:{why}",
        binary.display()
    )))
}

fn command_line(binary: &Path, data: &Path, address: &str) -> Vec<OsString> {
    [
        // Words before the program: the environment. No console, no look for newer releases.
        "/usr/bin/env".into(),
        "MINIO_ROOT_USER=storehouse".into(),
        "MINIO_ROOT_PASSWORD=storehouse-secret".into(),
        "MINIO_BROWSER=off".into(),
        "MINIO_UPDATE=off".into(),
        binary.into(),
        "server".into(),
        data.into(),
        "--address".into(),
        address.into(),
    ]
    .into()
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_is_new_enough_from_1_24() {
        for (version, expected) in [
            ("go1.24", true),
            ("go1.26.8", true),
            ("go1.25rc1", true),
            ("go2.0", true),
            ("go1.23.9", false),
            ("go1.9", false),
            ("devel", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }

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
