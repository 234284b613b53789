//! Runs programs that may hang, and finds them.
//!
//! Nothing here knows what the programs are for.

use std::env;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs a program to its end, at most for `limit`, and returns what it wrote.
///
/// # Errors
/// It cannot be started; it did not end in time (`TimedOut`) and was killed.
pub(crate) fn output(command: &mut Command, limit: Duration) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (reading(child.stdout.take()), reading(child.stderr.take()));
    let until = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no end after {} s", limit.as_secs()),
            ));
        }
        thread::sleep(Duration::from_millis(10));
    };
    let (stdout, stderr) = (
        stdout.join().unwrap_or_default(),
        stderr.join().unwrap_or_default(),
    );
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

/// Runs a program that has to succeed, at most for `limit`.
///
/// # Errors
/// It cannot be started, did not end in time, or failed: then its last lines.
pub(crate) fn success(command: &mut Command, limit: Duration) -> Result<(), String> {
    let output = output(command, limit).map_err(|why| format!(" {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(last_lines(&output.stderr))
}

/// Reads a pipe on a thread, so that the program never waits for us.
fn reading(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read is all there is to tell.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Returns the absolute path of a program on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_program(file))
        .and_then(|file| std::path::absolute(file).ok())
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    file.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// Returns the last lines of what a program wrote, indented, for a message.
pub(crate) fn last_lines(written: &[u8]) -> String {
    let text = String::from_utf8_lossy(written);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(15)..]
        .iter()
        .map(|line| format!("\n    {line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let why = output(&mut shell("exec sleep 60"), Duration::from_millis(50)).unwrap_err();

        assert_eq!(why.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_program_that_writes_much_does_not_hang() {
        let much =
            "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo end >&2";

        let output = output(&mut shell(much), Duration::from_secs(60)).unwrap();

        assert_eq!(output.stdout.len(), 220_000);
        assert_eq!(output.stderr, b"end\n");
    }
}
