//! Builds programs that are written in Go, out of modules of fixed versions.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command;
use crate::lifecycle::NoServer;

/// A cold build takes minutes on 2 cores, and longer on a slow line.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The oldest Go that builds MinIO. It fetches a newer one by itself where a module asks for it.
const OLDEST: (u32, u32) = (1, 24);

/// The `go` on `PATH`.
#[derive(Debug)]
pub(crate) struct Go {
    program: PathBuf,
    version: String,
}

impl Go {
    /// Finds a Go that is new enough.
    pub(crate) fn find() -> Result<Self, NoServer> {
        let (major, minor) = OLDEST;
        let advice = format!("install Go {major}.{minor} or newer");
        let program = command::on_path("go")
            .ok_or_else(|| NoServer::Missing(format!("no go on PATH; {advice}")))?;
        let version = asked(&program, "GOVERSION")?;
        if is_new_enough(&version) {
            return Ok(Self { program, version });
        }
        let what = program.display();
        Err(NoServer::Missing(format!(
            "{what} is {version:?}; {advice}"
        )))
    }

    /// Returns its version, as in `go1.26.8`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Builds `package` at `version` into the folder `work`, as `go install` does.
    pub(crate) fn install(
        &self,
        package: &str,
        version: &str,
        work: &Path,
    ) -> Result<(), NoServer> {
        let mut install = self.command();
        install
            .args(["install", "-trimpath", "-ldflags", "-s -w"])
            .arg(format!("{package}@{version}"))
            .current_dir(work)
            .env("GOBIN", work);
        run(&mut install, &format!("go install {package}@{version}"))
    }

    /// Builds the package in `folder` of a module into the folder `work`, from the module's own
    /// folder: `go install` refuses a module that has other modules replaced.
    pub(crate) fn build(
        &self,
        module: &str,
        version: &str,
        folder: &str,
        work: &Path,
    ) -> Result<(), NoServer> {
        let named = format!("{module}@{version}");
        let mut download = self.command();
        download.args(["mod", "download", &named]).current_dir(work);
        run(&mut download, &format!("go mod download {named}"))?;
        let source = Path::new(&asked(&self.program, "GOMODCACHE")?).join(&named);
        let mut build = self.command();
        build
            .args(["build", "-trimpath", "-ldflags", "-s -w", "-o"])
            .arg(work)
            .arg(format!("./{folder}"))
            .current_dir(source);
        run(&mut build, &format!("go build ./{folder} of {named}"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("GOFLAGS", "").env("CGO_ENABLED", "0");
        // Settings that would build for another machine, or in another module.
        for other in ["GOOS", "GOARCH", "GOWORK"] {
            command.env_remove(other);
        }
        command
    }
}

fn asked(program: &Path, variable: &str) -> Result<String, NoServer> {
    let mut command = Command::new(program);
    command.args(["env", variable]).current_dir("/");
    let asked = command::output(&mut command, BUILD_LIMIT)?;
    Ok(String::from_utf8_lossy(&asked.stdout).trim().to_owned())
}

fn run(command: &mut Command, what: &str) -> Result<(), NoServer> {
    command::success(command, BUILD_LIMIT)
        .map_err(|why| NoServer::Failed(format!("{what} failed:{why}")))
}

/// Says whether `version`, as in `go1.26.8` or `go1.25rc1`, is [`OLDEST`] or newer.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches("go").split('.').map(|part| {
        part.split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default()
            .parse::<u32>()
    });
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
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
}
