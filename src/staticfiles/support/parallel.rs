//! Work for all processors: what is read, digested or compressed is shared among threads. Nothing
//! here is about files.

use std::{
    cmp::Reverse,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use storehouse_storage::{Error, ErrorKind, Result, require_runtime};

/// How many folders to read are worth the start of a thread.
const ITEMS_A_THREAD: usize = 4;

/// Runs `work` on the blocking pool.
///
/// # Errors
/// [`ErrorKind::Other`] if it panics; [`require_runtime`].
pub(crate) async fn on_the_blocking_pool<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R> {
    require_runtime()?;
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
}

/// Returns what `work` makes of each item, in their order. Blocks; a thread for each processor takes
/// the next item as soon as it is done with one.
pub(in crate::staticfiles) fn map<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    map_with(processors.min(items.len()), items, work)
}

/// As [`map`], beginning with the largest, so that no thread is left alone with one in the end.
pub(in crate::staticfiles) fn map_by_size<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> u64,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&index| Reverse(size(&items[index])));
    let made = map(&order, |&index| work(&items[index]));
    let all = order.into_iter().zip(made).collect();
    in_order(all)
}

/// Returns what `work` makes of the items and of all that it finds on the way, level by level: so trees
/// of folders are read by all processors. Blocks.
pub(in crate::staticfiles) fn map_tree<T: Send + Sync, R: Send>(
    items: Vec<T>,
    work: impl Fn(&T) -> (R, Vec<T>) + Sync,
) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let (mut all, mut level) = (Vec::new(), items);
    while !level.is_empty() {
        let threads = processors.min(level.len() / ITEMS_A_THREAD);
        let done = map_with(threads, &level, &work);
        level.clear();
        for (made, mut found) in done {
            all.push(made);
            level.append(&mut found);
        }
    }
    all
}

/// As many threads, this one among them.
fn map_with<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    if threads < 2 {
        return items.iter().map(work).collect();
    }
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
    let all = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut all = share();
        for worker in workers {
            all.extend(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    });
    in_order(all)
}

fn in_order<R>(mut all: Vec<(usize, R)>) -> Vec<R> {
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
        let by_size = map_by_size(&items, |item| u64::from(*item % 7), |item| item * 2);
        assert_eq!(by_size, map(&items, |item| item * 2));
        assert!(map(&[] as &[u32], |item| *item).is_empty());
    }

    #[test]
    fn a_tree_is_worked_on_to_its_last_leaf() {
        let children = |item: &u32| (1..8).map(|next| item * 10 + next).collect();
        let work = |item: &u32| match *item < 10_000 {
            true => (*item, children(item)),
            false => (*item, Vec::new()),
        };

        let all = map_tree(vec![1], work);

        assert_eq!(all.len(), 1 + 7 + 49 + 343 + 2401);
        assert!(all.contains(&17_777));
    }
}
