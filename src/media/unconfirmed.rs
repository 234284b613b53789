//! The files that a request has saved so far, while a later part of the request may still be wrong. If
//! a part is wrong, or the client goes away, the files are deleted.

use std::sync::Arc;

use futures::{StreamExt, stream};
use storehouse_storage::{Error, Name, Saved, Storage};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// How many deletes are in flight.
const DELETES_IN_FLIGHT: usize = 8;

/// Files of a request, which are deleted unless [`confirm`](Self::confirm) is called.
pub(super) struct Unconfirmed {
    storage: Arc<dyn Storage>,
    /// Of the [`Upload`](super::Upload), which waits for them in `settle`.
    tasks: TaskTracker,
    files: Vec<Saved>,
}

impl Unconfirmed {
    pub(super) fn new(storage: &Arc<dyn Storage>, tasks: &TaskTracker) -> Self {
        Self {
            storage: Arc::clone(storage),
            tasks: tasks.clone(),
            files: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, file: Saved) {
        self.files.push(file);
    }

    /// Keeps all of them.
    pub(super) fn confirm(mut self) {
        self.files.clear();
    }

    /// Deletes all of them, unless another save has taken their place; returns those that could not
    /// be. It goes on if it is dropped.
    pub(super) async fn delete(mut self) -> Vec<(Name, Error)> {
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return Vec::new();
        }
        let deleting = take_back(Arc::clone(&self.storage), files);
        // It fails only if the runtime is going down.
        self.tasks.spawn(deleting).await.unwrap_or_default()
    }
}

impl Drop for Unconfirmed {
    fn drop(&mut self) {
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let storage = Arc::clone(&self.storage);
        let deleting = async move {
            // The request is gone, and no answer can carry the errors: they go to the log.
            for (name, error) in take_back(storage, files).await {
                tracing::warn!(%name, %error, "a file of a form that was given up stays");
            }
        };
        self.tasks.spawn_on(deleting, &runtime);
    }
}

async fn take_back(storage: Arc<dyn Storage>, files: Vec<Saved>) -> Vec<(Name, Error)> {
    stream::iter(files)
        .map(|file| {
            let storage = Arc::clone(&storage);
            async move {
                let error = storage.take_back(&file).await.err()?;
                Some((file.name, error))
            }
        })
        .buffer_unordered(DELETES_IN_FLIGHT)
        .filter_map(|failure| async move { failure })
        .collect()
        .await
}
