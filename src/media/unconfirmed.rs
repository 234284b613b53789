//! What a request has saved while it is not known yet whether the whole request is right. If it is not,
//! the files go; so they do when nobody waits for the request any more.

use std::sync::Arc;

use storehouse_storage::{Error, Name, Storage};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Files of a request, which are deleted unless [`confirm`](Self::confirm) is called.
pub(super) struct Unconfirmed {
    storage: Arc<dyn Storage>,
    /// Of the [`Upload`](super::Upload), which waits for them in `settle`.
    tasks: TaskTracker,
    names: Vec<Name>,
}

impl Unconfirmed {
    pub(super) fn new(storage: &Arc<dyn Storage>, tasks: &TaskTracker) -> Self {
        Self {
            storage: Arc::clone(storage),
            tasks: tasks.clone(),
            names: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, name: Name) {
        self.names.push(name);
    }

    /// Keeps all of them.
    pub(super) fn confirm(mut self) {
        self.names.clear();
    }

    /// Deletes all of them; returns those that could not be. It goes on if it is dropped.
    pub(super) async fn delete(mut self) -> Vec<(Name, Error)> {
        let names = std::mem::take(&mut self.names);
        if names.is_empty() {
            return Vec::new();
        }
        let storage = Arc::clone(&self.storage);
        let deleting = async move { storage.delete_many(&names).await };
        // It fails only if the runtime is going down.
        self.tasks.spawn(deleting).await.unwrap_or_default()
    }
}

impl Drop for Unconfirmed {
    fn drop(&mut self) {
        let names = std::mem::take(&mut self.names);
        if names.is_empty() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let storage = Arc::clone(&self.storage);
        let deleting = async move { drop(storage.delete_many(&names).await) };
        self.tasks.spawn_on(deleting, &runtime);
    }
}
