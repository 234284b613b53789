//! Files that a form has saved and nobody has kept yet. One that is dropped is deleted from its storage,
//! again and again until the storage does it: whoever sent the form has no name for the file, and nobody
//! else would ever delete it.

use std::{fmt, iter, sync::Arc, time::Duration};

use storehouse_storage::{Error, ErrorKind, Name, Saved, Storage};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
    time::sleep,
};
use tokio_util::task::TaskTracker;

/// How many deletes are in flight, over all forms of an [`Upload`](super::Upload) and its clones.
const DELETES_IN_FLIGHT: usize = 16;

/// After the first delete that fails; after each further one it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// And no longer than this: a storage that is back is not left waiting.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// With these pauses, for an hour: what does not come back by then needs somebody who reads the log.
const RETRIES: usize = 68;

/// Deletes the files that nobody keeps. Clones share what is in flight.
#[derive(Clone)]
pub(super) struct Cleanup {
    storage: Arc<dyn Storage>,
    tasks: TaskTracker,
    turns: Arc<Semaphore>,
}

impl Cleanup {
    pub(super) fn new(storage: &Arc<dyn Storage>) -> Self {
        Self {
            storage: Arc::clone(storage),
            tasks: TaskTracker::new(),
            turns: Arc::new(Semaphore::new(DELETES_IN_FLIGHT)),
        }
    }

    /// Takes care of a file that was just saved.
    pub(super) fn of(&self, saved: Saved) -> Unkept {
        Unkept(Some(Owned {
            saved,
            cleanup: self.clone(),
            runtime: Handle::try_current().ok(),
        }))
    }

    /// Waits until no file is being deleted.
    pub(super) async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A file that is deleted when this is dropped, unless something else is under its name by then.
pub(super) struct Unkept(Option<Owned>);

struct Owned {
    saved: Saved,
    cleanup: Cleanup,
    /// Where the form was received: the file may be dropped in a thread without a runtime.
    runtime: Option<Handle>,
}

impl Unkept {
    /// A file in the place of one that was there before. Deleting it would not bring that one back.
    pub(super) fn replacement() -> Self {
        Self(None)
    }

    /// Lets the file stay.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }

    /// Deletes the file and waits for the first try; returns why that failed. Further tries are made in
    /// the background, and so is the first if this future is dropped.
    pub(super) async fn delete(mut self) -> Option<(Name, Error)> {
        let owned = self.0.take()?;
        let name = owned.saved.name.clone();
        // Where no task is left to tell, it has told the log.
        let error = owned.delete()?.await.ok()??;
        Some((name, error))
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some(owned) = self.0.take() {
            // Nobody waits for the first try: if it fails, the log is told.
            drop(owned.delete());
        }
    }
}

impl Owned {
    /// Deletes in a task; what is returned gets the error of the first try. `None` without a runtime.
    fn delete(self) -> Option<oneshot::Receiver<Option<Error>>> {
        let Cleanup {
            storage,
            tasks,
            turns,
        } = self.cleanup;
        let mut deleting = Deleting {
            storage,
            saved: self.saved,
            is_done: false,
            why: "no asynchronous runtime is there to delete it".to_owned(),
        };
        let runtime = self.runtime.or_else(|| Handle::try_current().ok())?;
        // Of a runtime that has ended, the task is dropped at once.
        "the asynchronous runtime ended".clone_into(&mut deleting.why);
        let (told, first) = oneshot::channel();
        tasks.spawn_on(deleting.run(turns, told), &runtime);
        Some(first)
    }
}

/// A file that is being deleted. Dropped before it is gone, it tells the log that it stays.
struct Deleting {
    storage: Arc<dyn Storage>,
    saved: Saved,
    is_done: bool,
    why: String,
}

impl Deleting {
    async fn run(mut self, turns: Arc<Semaphore>, told: oneshot::Sender<Option<Error>>) {
        let mut told = Some(told);
        let mut pauses = pauses();
        loop {
            let error = self.once(&turns).await.err();
            self.is_done = error.is_none();
            let Some(error) = error else {
                told.map(|told| told.send(None));
                return;
            };
            self.why = error.to_string();
            let is_final = error.kind() == ErrorKind::Unsupported;
            // Whoever waits for the first try says what came of it.
            let is_heard = told.take().map(|told| told.send(Some(error)).is_ok());
            if is_final {
                return;
            }
            if is_heard == Some(false) {
                self.warn();
            }
            let Some(pause) = pauses.next() else { return };
            sleep(pause).await;
        }
    }

    async fn once(&self, turns: &Semaphore) -> Result<(), Error> {
        // It is never closed.
        let _turn = turns.acquire().await;
        self.storage.take_back(&self.saved).await
    }

    fn warn(&self) {
        let Self { saved, why, .. } = self;
        let storage = self.storage.describe();
        let name = &saved.name;
        tracing::warn!(
            "cannot delete {name:?} of a form that was not kept from {storage}, and tries again: {why}"
        );
    }
}

impl Drop for Deleting {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let Self { saved, why, .. } = self;
        let storage = self.storage.describe();
        let name = &saved.name;
        tracing::error!("{name:?} of a form that was not kept stays in {storage}: {why}");
    }
}

fn pauses() -> impl Iterator<Item = Duration> + Send {
    let twice = |pause: &Duration| Some((*pause * 2).min(LONGEST_PAUSE));
    iter::successors(Some(FIRST_PAUSE), twice).take(RETRIES)
}

impl fmt::Debug for Unkept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_ref().map(|owned| &owned.saved.name);
        f.debug_tuple("Unkept").field(&name).finish()
    }
}
