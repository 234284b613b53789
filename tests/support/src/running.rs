//! A program that a test starts, and that ends with it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A program that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    told: String,
}

impl Running {
    /// Starts a program, and waits until it prints a line that begins with `start`.
    ///
    /// # Panics
    /// The program cannot be started, or ends without such a line: what is wrong is on its standard error.
    #[must_use]
    pub fn start(command: &mut Command, start: &str) -> Self {
        let program = command.get_program().to_owned();
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?} does not start: {error}"));
        let stdout = child.stdout.take().expect("it is piped, as was said above");
        // Whatever fails from here on, the program is ended.
        let mut running = Self {
            child,
            told: String::new(),
        };
        let told = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(start).map(str::to_owned));
        running.told = told.unwrap_or_else(|| panic!("{program:?} ended before it said {start:?}"));
        running
    }

    /// What the line has after its start, such as an address.
    #[must_use]
    pub fn told(&self) -> &str {
        &self.told
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
