//! Installs a program once, by the tool of the registry that it comes from.
//!
//! It is made in a folder beside, and renamed when it is whole: what was killed half-way leaves
//! nothing that looks like a program.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;

use super::program::{Program, Recipe};
use crate::command;
use crate::go::Go;
use crate::lifecycle::NoServer;
use crate::say;

/// Garage needs a quarter of an hour on 2 cores that have nothing else to do.
const LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// Copies an artifact out of a Maven repository.
const MAVEN_COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";

/// Returns the folder that `program` is installed in: `VERSION` in `folder`, its own.
pub(super) fn installed(program: &Program, folder: &Path) -> Result<PathBuf, NoServer> {
    let whole = folder.join(program.version);
    if whole.exists() {
        return Ok(whole);
    }
    let (name, version) = (program.name, program.version);
    say(&format!(
        "installing {name} {version}; this is done once and may take minutes"
    ));
    let work = folder.join(format!("install.{}", process::id()));
    fs::create_dir_all(&work)?;
    let made = program
        .recipe
        .follow(&work)
        .and_then(|()| Ok(fs::rename(&work, &whole)?));
    if made.is_err() {
        fs::remove_dir_all(&work)?;
    }
    made.map(|()| whole)
}

impl Recipe {
    fn follow(self, work: &Path) -> Result<(), NoServer> {
        match self {
            Self::Go { package, version } => Go::find()?.install(package, version, work),
            Self::GoFolder {
                module,
                version,
                folder,
            } => Go::find()?.build(module, version, folder, work),
            Self::Python { requirement } => python(requirement, work),
            Self::Maven { artifact } => maven(artifact, work),
            Self::Cargo { package, version } => cargo(package, version, work),
        }
    }
}

/// Makes a virtual environment. Programs in it name its folder, which is renamed yet: they are run
/// by `bin/python -m`, which finds itself.
fn python(requirement: &str, work: &Path) -> Result<(), NoServer> {
    let python = tool("python3", "Python 3 with venv")?;
    let mut venv = Command::new(python);
    venv.args(["-m", "venv"]).arg(work);
    run(&mut venv, "python3 -m venv")?;
    let mut pip = Command::new(work.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", requirement]);
    run(&mut pip, &format!("pip install {requirement}"))
}

fn maven(artifact: &str, work: &Path) -> Result<(), NoServer> {
    tool("java", "Java 17 or newer")?;
    let mut mvn = Command::new(tool("mvn", "Maven")?);
    mvn.args(["--batch-mode", "--quiet", MAVEN_COPY])
        .arg(format!("-Dartifact={artifact}"))
        .arg(format!("-DoutputDirectory={}", work.display()))
        .current_dir(work);
    run(&mut mvn, &format!("mvn {MAVEN_COPY} of {artifact}"))
}

/// Built for a test: an optimised build takes twice the time.
fn cargo(package: &str, version: &str, work: &Path) -> Result<(), NoServer> {
    let cargo = match env::var_os("CARGO") {
        Some(cargo) => cargo.into(),
        None => tool("cargo", "Cargo")?,
    };
    let target = work.join("target");
    let mut install = Command::new(cargo);
    install
        .args([
            "install",
            package,
            "--version",
            version,
            "--locked",
            "--root",
        ])
        .arg(work)
        .current_dir(work)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    run(&mut install, &format!("cargo install {package} {version}"))?;
    Ok(fs::remove_dir_all(target)?)
}

/// Finds a tool on `PATH`, or says what to install.
fn tool(program: &str, install: &str) -> Result<PathBuf, NoServer> {
    command::on_path(program)
        .ok_or_else(|| NoServer::Missing(format!("no {program} on PATH; install {install}")))
}

fn run(command: &mut Command, what: &str) -> Result<(), NoServer> {
    command::success(command, LIMIT).map_err(|why| NoServer::Failed(format!("{what} failed:{why}")))
}
