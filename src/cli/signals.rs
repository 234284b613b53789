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

/// The SIGHUPs that come from now on, which by default end the process.
#[cfg(unix)]
pub(super) struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    /// `None` where the system gives none: then all is as it was.
    pub(super) fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).ok().map(Self)
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

/// There is no such signal.
#[cfg(not(unix))]
pub(super) struct Hangups(std::convert::Infallible);

#[cfg(not(unix))]
impl Hangups {
    pub(super) fn new() -> Option<Self> {
        None
    }

    #[expect(clippy::unused_async, reason = "as the one of Unix")]
    pub(super) async fn next(&mut self) {
        match self.0 {}
    }
}

/// Lets a write above the limit of file sizes (`ulimit -f`) fail with an error. By default the system
/// ends the process without a word; Python too ignores this signal. It has to be called in a runtime.
#[cfg(unix)]
pub(super) fn survive_large_files() {
    use tokio::signal::unix::{SignalKind, signal};
    let number = rustix::process::Signal::XFSZ.as_raw();
    // The handler stays when this is dropped. Without one all is as it was.
    let _ = signal(SignalKind::from_raw(number));
}

/// There is no such signal.
#[cfg(not(unix))]
pub(super) fn survive_large_files() {}

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
