//! Ends a command on SIGINT and SIGTERM: what is under way is dropped, which leaves nothing
//! half-written; a second signal ends the process at once.

use std::future::Future;

use super::output::{Failure, Output};

/// 128 + SIGINT.
const INTERRUPTED: u8 = 130;
/// 128 + SIGTERM.
#[cfg(unix)]
const TERMINATED: u8 = 143;

/// Waits for `work`, or for a signal to stop it.
pub(super) async fn or_stop(
    work: impl Future<Output = Result<u8, Failure>>,
    output: Output,
) -> Result<u8, Failure> {
    tokio::select! {
        done = work => done,
        code = signal() => {
            output.note("storehouse: interrupted; nothing is half-written, the same command goes on from here");
            tokio::spawn(async {
                let code = signal().await;
                std::process::exit(i32::from(code));
            });
            Err(Failure::Exit(code))
        }
    }
}

/// Returns the exit code of the next signal.
#[cfg(unix)]
pub(super) async fn signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Without a handler of ours the system's default holds: the process ends at once.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    }
}

/// Returns the exit code of the next signal.
#[cfg(not(unix))]
pub(super) async fn signal() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => INTERRUPTED,
        Err(_) => std::future::pending().await,
    }
}
