//! The clock of each HTTP/2 stream: one of whose answer the client takes nothing for a while is reset.
//!
//! hyper asks the body of an answer for more only when the client's window lets more be sent, so a body is
//! not asked while it waits, and cannot look at a clock. But hyper gives each stream to an executor, as a
//! future that owns the body: when the future is dropped, so is the file that was open, and the stream is
//! reset with CANCEL (RFC 9113 section 7).

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};

use super::patience::STALL;

tokio::task_local! {
    /// The stream that a task answers.
    static STREAM: Arc<Stream>;
}

/// Runs each stream as a task, until its answer is done or the client has taken nothing of it for
/// [`STALL`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams;

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, answering: F) {
        let stream = Arc::new(Stream::new());
        tokio::spawn(async move {
            let answering = STREAM.scope(Arc::clone(&stream), answering);
            tokio::select! {
                biased;
                () = answering => {}
                () = stream.stalled() => tracing::debug!("a stream was reset: the client took nothing"),
            }
        });
    }
}

/// How far the answer of a stream has come.
#[derive(Debug)]
pub(super) struct Stream(Mutex<Progress>);

#[derive(Debug)]
struct Progress {
    /// How many bytes hyper has that are not written to the connection.
    waiting: usize,
    /// When bytes were written last, or began to wait.
    since: Instant,
    /// Who is to know when no bytes wait any more.
    waker: Option<Waker>,
}

impl Stream {
    fn new() -> Self {
        Self(Mutex::new(Progress {
            waiting: 0,
            since: Instant::now(),
            waker: None,
        }))
    }

    /// Returns the stream that this task answers; `None` with HTTP/1.1.
    pub(super) fn current() -> Option<Arc<Self>> {
        STREAM.try_with(Arc::clone).ok()
    }

    /// Notes that hyper has got this many bytes more.
    pub(super) fn handed(&self, bytes: usize) {
        let mut progress = self.progress();
        if progress.waiting == 0 {
            progress.since = Instant::now();
        }
        progress.waiting += bytes;
    }

    /// Notes that this many of the bytes were written, or dropped.
    pub(super) fn written(&self, bytes: usize) {
        let mut progress = self.progress();
        progress.waiting = progress.waiting.saturating_sub(bytes);
        progress.since = Instant::now();
        if progress.waiting == 0
            && let Some(waker) = progress.waker.take()
        {
            drop(progress);
            waker.wake();
        }
    }

    /// Waits until no bytes wait.
    pub(super) fn poll_written(&self, context: &Context<'_>) -> Poll<()> {
        let mut progress = self.progress();
        if progress.waiting == 0 {
            return Poll::Ready(());
        }
        progress.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits until bytes have waited for [`STALL`], and none was written meanwhile.
    async fn stalled(&self) {
        loop {
            let now = Instant::now();
            let due = {
                let progress = self.progress();
                match progress.waiting {
                    // Bytes that come to wait from now on may do so for as long.
                    0 => now + STALL,
                    _ => progress.since + STALL,
                }
            };
            if due <= now {
                return;
            }
            sleep_until(due).await;
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
