//! Work for all processors: what is read, digested or compressed is shared among threads. Nothing
//! here is about files.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use storehouse_storage::{Error, ErrorKind, Result};

/// Runs `work` on the blocking pool.
///
/// # Errors
/// [`ErrorKind::Other`] if it panics.
pub(super) async fn on_the_blocking_pool<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
}

/// Returns what `work` makes of each item, in their order. Blocks; a thread for each processor takes
/// the next item as soon as it is done with one.
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match items.get(index) {
                Some(item) => done.push((index, work(item))),
                None => return done,
            }
        }
    };
    let mut all: Vec<(usize, R)> = thread::scope(|scope| {
        let threads = processors.min(items.len());
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    });
    all.sort_unstable_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();

        assert_eq!(
            map(&items, |item| item * 2),
            (0..1000).map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!(map(&[] as &[u32], |item| *item).is_empty());
    }
}
