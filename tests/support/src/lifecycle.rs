//! One server for all test processes: who starts it, who may use it, and who stops it.
//!
//! It does not know what the server is; `binary` and `compose` do.
//!
//! Test binaries run one after another or side by side, and any of them may be killed. So the
//! server belongs to none of them but to a *watcher*, a small shell script in a process group of
//! its own (`watcher.sh`), and the kernel tells the watcher who is left:
//!
//! - `target/minio/run-WAY/users` is a named pipe. Each user process opens it for writing, writes a
//!   line, and never closes it; the watcher reads it. When no process is left, killed or not, the
//!   watcher reads the pipe's end. No process numbers are polled, so none can be mistaken.
//! - The watcher then waits the grace, because the next binary of the same `cargo test` may come.
//!   If one has come, its line is in the pipe.
//! - Else the watcher renames `run-WAY` to `run-WAY.stopping`, so that nobody can come any more,
//!   and looks once more. If somebody came just before, it renames back. Else it stops the server
//!   and removes the folder.
//! - `target/minio/start.lock` is locked (`flock`) by who starts or joins, so there is one starter
//!   at a time. Who finds `run-WAY.stopping` waits until it is gone, and then starts a new server.
//! - A folder whose pipe nobody reads is left over, from before the machine's last start for
//!   example. It is removed, and a server that still runs out of it is killed.
//!
//! A pipe and a rename work alike on Linux and macOS, whose shell has no `flock`.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::health::Health;
use crate::say;

const WATCHER: &str = include_str!("watcher.sh");

/// How long a stopping server is waited for: `docker compose down` takes some seconds, and kills
/// after ten.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How often something is looked at again.
const PAUSE: Duration = Duration::from_millis(20);

/// Held by the one process that starts or joins a server.
#[derive(Debug)]
pub(crate) struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits until nobody else starts or joins.
    pub(crate) fn take(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("start.lock"))?;
        let until = Instant::now() + Duration::from_secs(3);
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if Instant::now() > until {
                say("waiting for another test process, which starts the server");
                flock(&file, FlockOperation::LockExclusive)?;
                break;
            }
            thread::sleep(PAUSE);
        }
        Ok(Self { _file: file })
    }
}

/// A running server. Its `user` keeps it running, if it is ours.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) endpoint: String,
    #[expect(
        dead_code,
        reason = "held, not read: while it is open, the watcher knows of a user"
    )]
    pub(crate) user: Option<File>,
}

/// Why there is no server of some way.
#[derive(Debug)]
pub(crate) enum NoServer {
    /// What it needs is not installed.
    Missing(String),
    /// What it needs is there, and did not work.
    Failed(String),
}

impl From<io::Error> for NoServer {
    fn from(why: io::Error) -> Self {
        Self::Failed(why.to_string())
    }
}

/// What a watcher has to do.
#[derive(Debug)]
pub(crate) enum Job<'a> {
    /// Runs the server in the foreground; the folder is removed after it.
    Run(Vec<OsString>, &'a Path),
    /// Stops a server that is started by somebody else.
    Stop(Vec<OsString>),
}

/// Where a server of one way is, if it runs. All methods need the [`StartLock`].
#[derive(Debug)]
pub(crate) struct Slot {
    folder: PathBuf,
    name: String,
    health: Health,
}

impl Slot {
    pub(crate) fn new(folder: &Path, way: &str, health: Health) -> Self {
        Self {
            folder: folder.to_owned(),
            name: format!("run-{way}"),
            health,
        }
    }

    fn run(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn stopping(&self) -> PathBuf {
        self.folder.join(format!("{}.stopping", self.name))
    }

    /// Returns the file with what the server said.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// Returns a path for the data of a new server.
    pub(crate) fn new_data_folder(&self) -> PathBuf {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.folder.join("data").join(format!(
            "{}-{}-{}",
            self.name,
            process::id(),
            now.as_nanos()
        ))
    }

    /// Starts a watcher, and joins. There must be none: [`Slot::enter`] has returned `None`.
    pub(crate) fn launch(&self, endpoint: &str, grace: u32, job: &Job<'_>) -> io::Result<File> {
        let run = self.run();
        fs::create_dir(&run)
            .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", run.display())))?;
        self.set_endpoint(endpoint)?;
        let (data, command) = match job {
            Job::Run(command, data) => {
                fs::create_dir_all(data)?;
                fs::write(run.join("data"), data.as_os_str().as_encoded_bytes())?;
                (data.as_os_str(), command)
            }
            Job::Stop(command) => (OsStr::new(""), command),
        };
        let made = shell("PATH=$PATH:/usr/bin:/bin; exec mkfifo \"$1\"")
            .arg(run.join("users"))
            .status()?;
        if !made.success() {
            return Err(io::Error::other("mkfifo failed"));
        }
        // The process is not waited for: it outlives this one.
        shell(WATCHER)
            .arg(&self.name)
            .arg(grace.to_string())
            .arg(data)
            .args(command)
            .current_dir(&self.folder)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.wait_for_watcher()
    }

    /// Writes down where the server is.
    pub(crate) fn set_endpoint(&self, endpoint: &str) -> io::Result<()> {
        fs::write(self.run().join("endpoint"), endpoint)
    }

    fn wait_for_watcher(&self) -> io::Result<File> {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            match enter(&self.run()) {
                Err(why)
                    if why.raw_os_error() == Some(Errno::NXIO.raw_os_error())
                        && Instant::now() < until =>
                {
                    thread::sleep(PAUSE);
                }
                entered => return entered,
            }
        }
    }

    /// Joins the server that runs here, if it answers in time.
    pub(crate) fn join(&self, patience: Duration) -> io::Result<Option<Server>> {
        let Some(user) = self.enter()? else {
            return Ok(None);
        };
        let endpoint = fs::read_to_string(self.run().join("endpoint"))?;
        Ok(self
            .wait_until_healthy(&endpoint, patience)?
            .map(|()| Server {
                endpoint,
                user: Some(user),
            }))
    }

    /// Becomes a user, if there is a watcher. Waits for one that is stopping its server, and clears
    /// away what dead ones left.
    pub(crate) fn enter(&self) -> io::Result<Option<File>> {
        let until = Instant::now() + STOP_LIMIT;
        loop {
            let (run, stopping) = (self.run(), self.stopping());
            match enter(&run) {
                Ok(user) => return Ok(Some(user)),
                Err(_) if stopping.exists() => self.discard_if_dead(&stopping)?,
                Err(_) if run.exists() => self.discard_if_dead(&run)?,
                Err(_) => return Ok(None),
            }
            if Instant::now() > until {
                return Err(io::Error::other(format!(
                    "{} is still being stopped",
                    stopping.display()
                )));
            }
        }
    }

    /// Waits until the server answers. `None`: it has ended.
    pub(crate) fn wait_until_healthy(
        &self,
        endpoint: &str,
        patience: Duration,
    ) -> io::Result<Option<()>> {
        let until = Instant::now() + patience;
        loop {
            if self.health.is_good(endpoint) {
                return Ok(Some(()));
            }
            if !self.run().exists() {
                return Ok(None);
            }
            if Instant::now() > until {
                let log = self.log();
                let why = format!(
                    "no answer from {endpoint} in {} s; see {}",
                    patience.as_secs(),
                    log.display()
                );
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Clears away a run whose watcher is dead. Renamed first: its watcher may just be doing the
    /// same.
    fn discard_if_dead(&self, run: &Path) -> io::Result<()> {
        if open(run).is_ok() {
            thread::sleep(PAUSE);
            return Ok(());
        }
        let gone = self.folder.join(format!("gone.{}", process::id()));
        if let Err(why) = fs::rename(run, &gone) {
            return if why.kind() == io::ErrorKind::NotFound {
                Ok(())
            } else {
                Err(why)
            };
        }
        if let Ok(data) = fs::read_to_string(gone.join("data")) {
            if let Ok(server) = fs::read_to_string(gone.join("server")) {
                kill_if_it_runs_on(server.trim(), &data);
            }
            // Not there, or still in use: `target/` is for leftovers.
            let _ = fs::remove_dir_all(data);
        }
        fs::remove_dir_all(gone)
    }
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "server-watcher"]);
    command
}

/// Opens a run's pipe as a user. Fails with `ENXIO` if nobody reads it.
fn enter(run: &Path) -> io::Result<File> {
    let mut pipe = open(run)?;
    pipe.write_all(b"\n")?;
    Ok(pipe)
}

fn open(run: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("the flag is a small number");
    OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(run.join("users"))
}

/// Kills a process, unless its number has gone to one that has nothing to do with `data`.
fn kill_if_it_runs_on(process: &str, data: &str) {
    let Some(pid) = process.parse().ok().and_then(Pid::from_raw) else {
        return;
    };
    let Ok(ps) = Command::new("ps")
        .args(["-o", "args=", "-p", process])
        .output()
    else {
        return;
    };
    if String::from_utf8_lossy(&ps.stdout).contains(data) {
        // If it is gone by now, so much the better.
        let _ = kill_process(pid, Signal::KILL);
    }
}
