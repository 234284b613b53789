//! Work on the blocking pool, tied to whoever waits for it: when the caller is gone, what the work
//! made is dropped there, and [`Jobs::settled`] waits for that. It knows nothing of files.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use storehouse_storage::{Error, ErrorKind, Result, require_runtime};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::TaskTracker;

/// How many jobs of a storage run at once at most. A job has up to six files and folders open, and
/// a process 1,024 by default; tokio's pool alone would start 512 jobs, more than any disk is faster for.
const AT_ONCE: usize = 64;
/// How long a job may wait before another thread is started: where jobs take longer than this,
/// they wait for the disk, and the processors have time for more of them.
const PATIENCE: Duration = Duration::from_millis(20);

/// The blocking jobs of one storage.
///
/// A few threads take them from a queue, one after another: a save of a small file takes some
/// microseconds, and waking a thread for each would take as long again.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    running: TaskTracker,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Instant, Job)>,
    workers: usize,
}

type Job = Box<dyn FnOnce() + Send>;

/// Tells a job whether its result is still wanted.
pub(crate) type Abandoned<'a> = &'a dyn Fn() -> bool;

/// A place among the workers.
struct Worker {
    jobs: Jobs,
    /// Whether it is still among them.
    is_counted: bool,
}

impl Default for Jobs {
    fn default() -> Self {
        let running = TaskTracker::new();
        // A closed tracker still takes tasks; only a closed one can be waited for.
        running.close();
        let queue = Arc::default();
        Self { running, queue }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
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
        require_runtime()?;
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(move || {
            if reply.is_closed() {
                return;
            }
            let result = work(&|| reply.is_closed());
            // Dropped before this job counts as over, if nobody takes it.
            drop(reply.send(result));
        }));
        answer.await.unwrap_or_else(|_| {
            let problem = "the work was broken off; the program is ending or has a bug";
            Err(Error::new(ErrorKind::Other, problem))
        })
    }

    fn submit(&self, job: Job) {
        let mut queue = self.queue();
        queue.waiting.push_back((Instant::now(), job));
        self.start_worker_if_needed(queue);
    }

    fn start_worker_if_needed(&self, mut queue: MutexGuard<'_, Queue>) {
        let Some((since, _)) = queue.waiting.front() else {
            return;
        };
        let is_needed =
            queue.workers < processors() || queue.workers < AT_ONCE && since.elapsed() > PATIENCE;
        if is_needed {
            queue.workers += 1;
            drop(queue);
            let worker = Worker {
                jobs: self.clone(),
                is_counted: true,
            };
            self.running.spawn_blocking(move || worker.work());
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Jobs run outside the lock, so nothing can be half-done in it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Worker {
    fn work(mut self) {
        let jobs = self.jobs.clone();
        loop {
            let mut queue = jobs.queue();
            let Some((_, job)) = queue.waiting.pop_front() else {
                // Before anybody else can look: a job that is submitted next must not count on a
                // worker that has found nothing, or nobody ever takes it.
                queue.workers -= 1;
                self.is_counted = false;
                return;
            };
            jobs.start_worker_if_needed(queue);
            drop(catch_unwind(AssertUnwindSafe(job)));
        }
    }
}

impl Drop for Worker {
    /// Of one that a runtime at its end has not let work.
    fn drop(&mut self) {
        if self.is_counted {
            self.jobs.queue().workers -= 1;
        }
    }
}

/// What a job answers that has seen that nobody waits for it: nobody reads this.
pub(crate) fn not_wanted() -> Error {
    Error::new(ErrorKind::Other, "nobody waits for it any more")
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

/// How many processors there are. Asked once: on Linux each time costs nine system calls.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// Long enough for the slowest machine; it only ends the test where a job is lost.
    const LIMIT: Duration = Duration::from_secs(120);

    // Each job comes while the worker of the one before finds nothing more to do.
    #[test]
    fn without_a_runtime_it_is_an_error() {
        let jobs = Jobs::default();

        let done = jobs.run(|_| Ok(())).now_or_never().unwrap();

        let error = done.unwrap_err().to_string();
        assert!(error.contains("#[tokio::main]"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_comes_while_the_last_worker_goes_is_done() {
        let jobs = Jobs::default();
        let one_by_one = async {
            for number in 0..20_000 {
                let done = jobs.run(move |_| Ok(number)).await;
                assert_eq!(done.unwrap(), number);
            }
        };

        let done = tokio::time::timeout(LIMIT, one_by_one).await;

        assert!(done.is_ok(), "a job was never done");
    }
}
