//! How long an HTTP/2 connection may have no stream: PINGs and whatever else a client sends between do not
//! count. With HTTP/1.1 nothing is sent between requests, and the connection's own clock is enough.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::{Instant, sleep_until};

use super::patience::IDLE;

/// What happens on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    is_http1: AtomicBool,
    streams: Mutex<Streams>,
}

#[derive(Debug)]
struct Streams {
    open: usize,
    /// When the last of them ended.
    since: Instant,
}

/// A stream that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Open(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            is_http1: AtomicBool::new(false),
            streams: Mutex::new(Streams {
                open: 0,
                since: Instant::now(),
            }),
        }
    }

    /// Notes a request of HTTP/1: this clock is not for such a connection.
    pub(super) fn is_http1(&self) {
        self.is_http1.store(true, Ordering::Relaxed);
    }

    /// Returns whether a request of HTTP/1 was noted.
    pub(super) fn is_of_http1(&self) -> bool {
        self.is_http1.load(Ordering::Relaxed)
    }

    /// Notes a request of HTTP/2.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        self.streams().open += 1;
        Open(Arc::clone(self))
    }

    /// Returns whether a stream is open.
    pub(super) fn has_streams(&self) -> bool {
        self.streams().open > 0
    }

    /// Waits until there has been no stream for [`IDLE`].
    pub(super) async fn idle(&self) {
        loop {
            if self.is_http1.load(Ordering::Relaxed) {
                return pending().await;
            }
            let now = Instant::now();
            let due = {
                let streams = self.streams();
                match streams.open {
                    0 => streams.since + IDLE,
                    // The last of them ends later than now.
                    _ => now + IDLE,
                }
            };
            if due <= now {
                return;
            }
            sleep_until(due).await;
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut streams = self.0.streams();
        streams.open -= 1;
        streams.since = Instant::now();
    }
}
