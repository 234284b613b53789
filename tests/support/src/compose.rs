//! MinIO as the service of `docker-compose.yml`, run by Docker's engine.
//!
//! It goes by the compose file and changes nothing in it: the port is `MINIO_PORT`, or 9400. A
//! service that somebody has brought up already is used as it is, and left running. Ours has a
//! project name of its own, so that it is never taken for one of those; its volume stays, as with
//! every `docker compose down`.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::command;
use crate::health::Health;
use crate::lifecycle::{Job, NoServer, Server, Slot};

/// An engine that has not told its version by then is none.
const ENGINE_LIMIT: Duration = Duration::from_secs(10);

/// The first `up` pulls Go's image and builds MinIO.
const UP_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The engine and the container need longer than the server itself.
const HEALTH_LIMIT: Duration = Duration::from_secs(60);

/// Uses the service if it is up, else brings it up.
pub(crate) fn start(root: &Path, slot: &Slot, grace: u32) -> Result<Server, NoServer> {
    let compose = find(root)?;
    let mut user = slot.enter()?;
    if user.is_none() {
        if let Some(theirs) = services(root)?
            .iter()
            .find(|service| service.project != project(root))
        {
            let endpoint = theirs.endpoint()?;
            if Health::Minio.is_good(&endpoint) {
                return Ok(Server {
                    endpoint,
                    user: None,
                });
            }
            let why = format!("the compose service is up, but does not answer on {endpoint}");
            return Err(NoServer::Failed(why));
        }
        // The watcher comes first: it takes the service down even if we are killed while it comes
        // up.
        let down = compose.iter().cloned().chain(["down".into()]).collect();
        user = Some(slot.launch("", grace, &Job::Stop(down))?);
    }

    let mut up = Command::new(&compose[0]);
    let up = command::output(up.args(&compose[1..]).args(["up", "-d"]), UP_LIMIT)?;
    if !up.status.success() {
        let why = command::last_lines(&up.stderr);
        return Err(NoServer::Failed(format!("docker compose up failed:{why}")));
    }
    let services = services(root)?;
    let ours = services
        .iter()
        .find(|service| service.project == project(root));
    let endpoint = ours
        .ok_or_else(|| {
            NoServer::Failed("the compose service has ended as soon as it was up".into())
        })?
        .endpoint()?;
    slot.set_endpoint(&endpoint)?;
    match slot.wait_until_healthy(&endpoint, HEALTH_LIMIT)? {
        Some(()) => Ok(Server { endpoint, user }),
        None => Err(NoServer::Failed(
            "the watcher of the compose service has ended".into(),
        )),
    }
}

/// Returns the words of a compose command for our file and project; the engine must answer.
fn find(root: &Path) -> Result<Vec<OsString>, NoServer> {
    let mut version = Command::new("docker");
    version.args(["version", "--format", "{{.Server.Version}}"]);
    match command::output(&mut version, ENGINE_LIMIT) {
        Ok(output) if output.status.success() => {}
        Ok(_) => {
            return Err(NoServer::Missing(
                "docker is there, but no engine answers it".into(),
            ));
        }
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            return Err(NoServer::Missing("no docker on PATH".into()));
        }
        Err(why) => return Err(NoServer::Missing(format!("docker version: {why}"))),
    }
    let words = [&["docker", "compose"][..], &["docker-compose"][..]]
        .into_iter()
        .find(|words| {
            let mut version = Command::new(words[0]);
            version.args(&words[1..]).arg("version");
            command::output(&mut version, ENGINE_LIMIT).is_ok_and(|output| output.status.success())
        })
        .ok_or_else(|| NoServer::Missing("a Docker engine answers, but has no compose".into()))?;
    let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
    words.extend([
        "-f".into(),
        root.join("docker-compose.yml").into(),
        "-p".into(),
        project(root).into(),
    ]);
    Ok(words)
}

/// Two checkouts on one machine must not take each other's service down.
fn project(root: &Path) -> String {
    let digest = hex::encode(Sha256::digest(root.as_os_str().as_encoded_bytes()));
    format!("storehouse-test-{}", &digest[..8])
}

/// A running container of `docker-compose.yml`.
#[derive(Debug)]
struct Service {
    container: String,
    project: String,
}

impl Service {
    /// Asks the engine where it listens.
    fn endpoint(&self) -> Result<String, NoServer> {
        let bound = docker(&["port", &self.container, "9000/tcp"])?;
        let port = bound
            .lines()
            .next()
            .and_then(|line| line.rsplit(':').next());
        let port =
            port.ok_or_else(|| NoServer::Failed("the compose service has no port".into()))?;
        Ok(format!("http://127.0.0.1:{port}"))
    }
}

/// Asks the engine for the running services of this checkout, of any project; compose labels its
/// containers.
fn services(root: &Path) -> Result<Vec<Service>, NoServer> {
    let folder = format!(
        "label=com.docker.compose.project.working_dir={}",
        root.display()
    );
    let format = r#"{{.ID}} {{.Label "com.docker.compose.project"}}"#;
    let service = "label=com.docker.compose.service=minio";
    let listed = docker(&[
        "ps", "--filter", service, "--filter", &folder, "--format", format,
    ])?;
    let service = |line: &str| {
        let (container, project) = line.split_once(' ')?;
        Some(Service {
            container: container.into(),
            project: project.into(),
        })
    };
    Ok(listed.lines().filter_map(service).collect())
}

fn docker(arguments: &[&str]) -> Result<String, NoServer> {
    let output = command::output(Command::new("docker").args(arguments), ENGINE_LIMIT)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = command::last_lines(&output.stderr);
    Err(NoServer::Failed(format!(
        "docker {} failed:{why}",
        arguments[0]
    )))
}
