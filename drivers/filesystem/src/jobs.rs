//! Work on the blocking pool, tied to whoever waits for it: when the caller is gone, what the work
//! made is dropped there, and [`Jobs::settled`] waits for that. It knows nothing of files.

use std::sync::Arc;

use storehouse_storage::{Error, ErrorKind, Result};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
};
use tokio_util::task::TaskTracker;

/// How many jobs of a storage run at once. A job has up to six files and folders open, and a
/// process 1,024 by default; tokio's pool alone would start 512 jobs, more than any disk is faster for.
const AT_ONCE: usize = 64;

/// The blocking jobs of one storage.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    running: TaskTracker,
    room: Arc<Semaphore>,
}

/// Tells a job whether its result is still wanted.
pub(crate) type Abandoned<'a> = &'a dyn Fn() -> bool;

impl Default for Jobs {
    fn default() -> Self {
        let running = TaskTracker::new();
        // A closed tracker still takes tasks; only a closed one can be waited for.
        running.close();
        let room = Arc::new(Semaphore::new(AT_ONCE));
        Self { running, room }
    }
}

impl Jobs {
    /// Runs `work` on the blocking pool and returns what it makes.
    ///
    /// Where the caller does not wait any more, the result is dropped on the pool, so that guards
    /// in it may do file work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Abandoned<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let room = Arc::clone(&self.room).acquire_owned().await;
        self.running.spawn_blocking(move || {
            if reply.is_closed() {
                return;
            }
            let result = work(&|| reply.is_closed());
            // Dropped before this job counts as over, if nobody takes it.
            drop(reply.send(result));
            drop(room);
        });
        answer.await.unwrap_or_else(|_| {
            let problem = "the work was broken off; the program is ending or has a bug";
            Err(Error::new(ErrorKind::Other, problem))
        })
    }

    /// Drops `value` on the blocking pool, or here where there is none.
    pub(crate) fn discard(&self, value: impl Send + 'static) {
        match Handle::try_current() {
            Ok(runtime) => {
                self.running
                    .spawn_blocking_on(move || drop(value), &runtime);
            }
            Err(_) => drop(value),
        }
    }

    /// Waits until no job is running.
    pub(crate) async fn settled(&self) {
        self.running.wait().await;
    }
}

/// A value whose end is file work: it is dropped on the blocking pool, wherever it goes.
#[derive(Debug)]
pub(crate) struct OnPool<T: Send + 'static> {
    value: Option<T>,
    jobs: Jobs,
}

impl<T: Send + 'static> OnPool<T> {
    pub(crate) fn new(value: T, jobs: &Jobs) -> Self {
        let jobs = jobs.clone();
        Self {
            value: Some(value),
            jobs,
        }
    }

    /// Takes it out, to work on it in a job.
    #[expect(clippy::expect_used, reason = "the text is the proof")]
    pub(crate) fn into_inner(mut self) -> T {
        self.value.take().expect("it is taken only here, once")
    }
}

impl<T: Send + 'static> Drop for OnPool<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.jobs.discard(value);
        }
    }
}
