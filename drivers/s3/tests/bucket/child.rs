//! Processes of the tests' own: this binary runs itself with a role, for what cannot be tested in a
//! process that other tests run in: its environment, its memory, and other processes' saves.

use std::{
    env,
    process::{Child, Command, Stdio},
};

use crate::{credentials, endpoints, processes};

const ROLE: &str = "STOREHOUSE_S3_TEST_ROLE";
const ARGUMENT: &str = "STOREHOUSE_S3_TEST_ARGUMENT";
/// What a child's answer starts with; the test harness prints other lines.
const MARK: &str = "child: ";

/// A running child. It is killed when it is dropped.
pub(crate) struct Running(Option<Child>);

/// Starts a child that plays `role`, with nothing of AWS in its environment but `variables`.
pub(crate) fn start(role: &str, argument: &str, variables: &[(&str, &str)]) -> Running {
    let mut command = Command::new(env::current_exe().unwrap());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--exact", "child::a_child_plays_its_role", "--nocapture"])
        .env("HOME", "/nonexistent")
        .env(ROLE, role)
        .env(ARGUMENT, argument)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped());
    Running(Some(command.spawn().unwrap()))
}

impl Running {
    /// Waits for the child to succeed, and returns what it answered.
    pub(crate) fn finish(mut self) -> String {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the child failed: {text}");
        let answer = text.lines().find_map(|line| line.split_once(MARK));
        answer.map_or_else(String::new, |(_, answer)| answer.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// Does nothing in the tests' own run, where nobody gave it a role.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_plays_its_role() {
    let Ok(role) = env::var(ROLE) else {
        return;
    };
    let argument = env::var(ARGUMENT).unwrap();
    let answer = match role.as_str() {
        "save" => processes::save_one(&argument).await,
        "memory" => processes::save_and_open(&argument).await,
        "stat" => credentials::stat(&argument).await,
        "places" => endpoints::places(&argument).await,
        role => panic!("no role {role}"),
    };
    println!("{MARK}{answer}");
}
