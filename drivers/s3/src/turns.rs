//! One writer at a time for each key, in this process: what guards a look and the write after it
//! where the service keeps no condition. Other processes are not seen.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Waiting = HashMap<String, Arc<AsyncMutex<()>>>;

/// Of all storages of the process, since two of them may be one bucket.
static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);

/// The turn to write under one key. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    place: String,
    /// Always there until the drop.
    guard: Option<OwnedMutexGuard<()>>,
}

/// Waits for the turn to write under a key; `url` tells its bucket from all others.
pub(crate) async fn turn(url: &str, key: &str) -> Turn {
    let place = format!("{url}/{key}");
    let turns = {
        let mut waiting = waiting();
        let waiting = waiting.get_or_insert_with(HashMap::new);
        Arc::clone(waiting.entry(place.clone()).or_default())
    };
    let guard = turns.lock_owned().await;
    Turn {
        place,
        guard: Some(guard),
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut waiting = waiting();
        self.guard = None;
        let Some(waiting) = waiting.as_mut() else {
            return;
        };
        // One reference is the map's own, so no task waits for this key. A task that comes now waits for
        // the map.
        if waiting
            .get(&self.place)
            .is_some_and(|turns| Arc::strong_count(turns) == 1)
        {
            waiting.remove(&self.place);
        }
    }
}

fn waiting() -> MutexGuard<'static, Option<Waiting>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_key_has_one_writer_and_another_key_another() {
        let first = turn("http://a/b", "k").await;

        assert!(turn("http://a/b", "k").now_or_never().is_none());
        assert!(turn("http://a/b", "other").now_or_never().is_some());
        drop(first);
        assert!(turn("http://a/b", "k").now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_key_without_writers_is_forgotten() {
        let place = "http://a/forgotten/k";
        let held = turn("http://a/forgotten", "k").await;
        assert!(waiting().as_ref().unwrap().contains_key(place));
        // Dropped while it waits.
        drop(turn("http://a/forgotten", "k").now_or_never());

        drop(held);

        assert!(!waiting().as_ref().unwrap().contains_key(place));
    }
}
