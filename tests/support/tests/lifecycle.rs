//! How test processes find, share and leave a server. With a stand-in for MinIO, in a folder of
//! their own.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check reports by panicking"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use storehouse_test_support::{FakeHttp, Response};
use tempfile::TempDir;

/// A machine that has `minio` on `PATH`, and an empty `target/`.
struct Machine {
    folder: TempDir,
    grace: &'static str,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        symlink(
            env!("CARGO_BIN_EXE_fake-minio"),
            folder.path().join("bin/minio"),
        )
        .unwrap();
        Self { folder, grace: "0" }
    }

    fn with_grace(grace: &'static str) -> Self {
        Self {
            grace,
            ..Self::new()
        }
    }

    /// A test process, which has not been started.
    fn process(&self) -> Command {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hold-minio"));
        process
            .env_clear()
            .env("PATH", self.folder.path().join("bin"))
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            .env("STOREHOUSE_TEST_S3_GRACE", self.grace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        process
    }

    fn start_user(&self) -> User {
        User::start(self.process().env("STOREHOUSE_TEST_S3_REQUIRE", "path"))
    }

    /// What is left of servers: no folder of a run, no data.
    fn leftovers(&self) -> Vec<String> {
        let names = |folder: &str| {
            let entries = fs::read_dir(self.folder.path().join(folder));
            entries
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        };
        let runs = names("target/minio")
            .filter(|name| !name.ends_with(".log") && name != "start.lock" && name != "data");
        runs.chain(names("target/minio/data")).collect()
    }
}

/// A test process that uses the server.
struct User {
    process: Child,
    endpoint: Option<String>,
}

impl User {
    fn start(command: &mut Command) -> Self {
        Self {
            process: command.spawn().unwrap(),
            endpoint: None,
        }
    }

    /// Waits until the process has its server.
    fn endpoint(&mut self) -> String {
        if self.endpoint.is_none() {
            let mut line = String::new();
            BufReader::new(self.process.stdout.as_mut().unwrap())
                .read_line(&mut line)
                .unwrap();
            assert!(
                line.starts_with("http://127.0.0.1:"),
                "no endpoint: {line:?}"
            );
            self.endpoint = Some(line.trim().to_owned());
        }
        self.endpoint.clone().unwrap()
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn connect(endpoint: &str) -> Option<TcpStream> {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).ok()
}

/// Looks again and again until it is so.
fn wait_until(what: &str, mut it_is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !it_is_so() {
        assert!(Instant::now() < until, "not in a minute: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn processes_that_come_at_once_share_one_server() {
    let machine = Machine::new();

    let mut users: Vec<_> = (0..4).map(|_| machine.start_user()).collect();

    let endpoints: Vec<_> = users.iter_mut().map(User::endpoint).collect();
    assert!(
        endpoints.iter().all(|endpoint| *endpoint == endpoints[0]),
        "{endpoints:?}"
    );
    users.into_iter().for_each(User::kill);
}

#[test]
fn the_server_stops_after_its_last_user_was_killed_and_not_before() {
    let machine = Machine::new();
    let (mut starter, mut other) = (machine.start_user(), machine.start_user());
    let endpoint = starter.endpoint();
    other.endpoint();

    starter.kill();
    // A process that joins now is a sign that the watcher has not let go.
    let mut third = machine.start_user();
    assert_eq!(third.endpoint(), endpoint);
    third.kill();
    assert!(connect(&endpoint).is_some(), "the other still uses it");
    other.kill();

    wait_until("the port refuses", || connect(&endpoint).is_none());
    wait_until("nothing is left", || machine.leftovers().is_empty());
}

#[test]
fn a_process_that_comes_within_the_grace_joins() {
    let machine = Machine::with_grace("30");
    let mut first = machine.start_user();
    let endpoint = first.endpoint();
    first.kill();

    let mut second = machine.start_user();

    assert_eq!(second.endpoint(), endpoint);
    ask_to_break_down(&endpoint);
    second.kill();
    wait_until("nothing is left", || machine.leftovers().is_empty());
}

#[test]
fn processes_that_come_and_go_always_have_a_server() {
    let machine = Machine::new();
    for _ in 0..30 {
        let mut user = machine.start_user();

        let endpoint = user.endpoint();

        assert!(connect(&endpoint).is_some(), "{endpoint}");
        user.kill();
    }
    wait_until("nothing is left", || machine.leftovers().is_empty());
}

#[test]
fn a_server_that_broke_down_is_replaced() {
    let machine = Machine::new();
    let mut first = machine.start_user();
    ask_to_break_down(&first.endpoint());

    let mut second = machine.start_user();

    assert!(connect(&second.endpoint()).is_some());
    first.kill();
    second.kill();
    wait_until("nothing is left", || machine.leftovers().is_empty());
}

#[test]
fn a_record_from_before_the_last_boot_is_replaced() {
    let machine = Machine::new();
    let run = machine.folder.path().join("target/minio/run-path");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("endpoint"), "http://127.0.0.1:1").unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(run.join("users"))
            .status()
            .unwrap()
            .success()
    );

    let mut user = machine.start_user();

    assert!(connect(&user.endpoint()).is_some());
    user.kill();
    wait_until("nothing is left", || machine.leftovers().is_empty());
}

#[test]
fn with_nothing_installed_the_message_says_what_to_install() {
    let machine = Machine::new();

    let output = machine
        .process()
        .env("PATH", "")
        .stdin(Stdio::null())
        .output()
        .unwrap();

    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for part in [
        "Docker with compose",
        "minio on PATH",
        "Go 1.24",
        "STOREHOUSE_TEST_S3_ENDPOINT",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_server_that_does_not_start_is_a_failure_with_its_last_words() {
    let machine = Machine::new();
    let mut process = machine.process();
    process
        .env("STOREHOUSE_TEST_S3_REQUIRE", "path")
        .env("FAKE_MINIO_FAILS", "1")
        .stderr(Stdio::piped());

    let output = process.stdin(Stdio::null()).output().unwrap();

    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(message.contains("told to fail"), "{message}");
}

#[test]
fn a_named_endpoint_that_does_not_answer_is_a_failure() {
    let machine = Machine::new();
    let closed = "127.0.0.1:1";
    let mut process = machine.process();
    process
        .env("STOREHOUSE_TEST_S3_ENDPOINT", format!("http://{closed}"))
        .stdin(Stdio::null());

    let output = process.output().unwrap();

    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        message.contains(closed) && message.contains("does not answer"),
        "{message}"
    );
    assert!(
        !machine.folder.path().join("target").exists(),
        "another way was tried"
    );
}

#[test]
fn a_named_endpoint_is_used_as_it_is() {
    let machine = Machine::new();
    let service = FakeHttp::start(|_| Response::new(403));

    let mut user = User::start(
        machine
            .process()
            .env("STOREHOUSE_TEST_S3_ENDPOINT", service.endpoint() + "/"),
    );

    assert_eq!(user.endpoint(), service.endpoint());
    assert!(
        !machine.folder.path().join("target").exists(),
        "another way was tried"
    );
    user.kill();
}

fn ask_to_break_down(endpoint: &str) {
    let mut stream = connect(endpoint).unwrap();
    stream
        .write_all(b"GET /break-down HTTP/1.1\r\n\r\n")
        .unwrap();
    // It ends without an answer.
    let _ = stream.read(&mut [0]);
}
