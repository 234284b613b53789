//! What a save has made and not yet promised to anybody: objects and uploads that go away again
//! unless they are kept. The cleaning up runs in the storage's own tasks.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use storehouse_storage::{Error, ErrorKind, Result};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    delete,
    errors::Failure,
};

/// An object that did not exist before. Dropped without [`keep`](Self::keep), it is deleted.
pub(crate) struct Fresh {
    etag: Option<String>,
    guard: Option<Guard>,
}

struct Guard {
    bucket: Arc<Bucket>,
    tasks: TaskTracker,
    runtime: Handle,
    key: String,
}

impl Fresh {
    /// Guards the object under `key`. Called in a task.
    pub(crate) fn new(
        bucket: &Arc<Bucket>,
        tasks: &TaskTracker,
        key: &str,
        etag: Option<&HeaderValue>,
    ) -> Self {
        Self {
            etag: etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned),
            guard: Some(Guard {
                bucket: Arc::clone(bucket),
                tasks: tasks.clone(),
                runtime: Handle::current(),
                key: key.to_owned(),
            }),
        }
    }

    /// Means an object that replaced another: there is no way back.
    pub(crate) fn kept(etag: String) -> Self {
        Self {
            etag: Some(etag),
            guard: None,
        }
    }

    /// Lets the object stay, and returns its ETag.
    pub(crate) fn keep(mut self) -> Option<String> {
        self.guard = None;
        self.etag.take()
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        let (bucket, key) = (guard.bucket, guard.key);
        let cleaning = async move {
            if let Err(failure) = delete::delete(&bucket, &key).await {
                tracing::warn!(?key, %failure, "an object of a save that was given up stays");
            }
        };
        guard.tasks.spawn_on(cleaning, &guard.runtime);
    }
}

/// An upload that was begun. Dropped without being completed, it is aborted.
pub(crate) struct Upload {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) tasks: TaskTracker,
    pub(crate) key: String,
    pub(crate) id: String,
    runtime: Handle,
    open: bool,
}

impl Upload {
    /// Guards the upload `id`. Called in a task.
    pub(crate) fn new(bucket: &Arc<Bucket>, tasks: &TaskTracker, key: &str, id: String) -> Self {
        Self {
            bucket: Arc::clone(bucket),
            tasks: tasks.clone(),
            key: key.to_owned(),
            id,
            runtime: Handle::current(),
            open: true,
        }
    }

    /// Says that there is nothing to abort any more.
    pub(crate) fn close(mut self) {
        self.open = false;
    }

    /// Aborts it now.
    ///
    /// # Errors
    /// What kept it from being aborted; its parts are still there, and cost.
    pub(crate) async fn abort(mut self) -> Result<(), Failure> {
        let aborted = abort(&self.bucket, &self.key, &self.id).await;
        self.open = false;
        aborted
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let bucket = Arc::clone(&self.bucket);
        let key = std::mem::take(&mut self.key);
        let id = std::mem::take(&mut self.id);
        let cleaning = async move {
            if let Err(failure) = abort(&bucket, &key, &id).await {
                tracing::warn!(?key, %failure, "the parts of an upload that was given up stay");
            }
        };
        self.tasks.spawn_on(cleaning, &self.runtime);
    }
}

/// Runs `step` to its end even if the caller is dropped. What it returns cleans up after itself when
/// it is dropped.
pub(crate) async fn finished<T: Send + 'static>(
    tasks: &TaskTracker,
    step: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    tasks.spawn(async move {
        // Nobody waits any more: the result is dropped here.
        drop(sender.send(step.await));
    });
    // The sender is dropped unused only when the runtime is going down.
    let gone = |_| Err(Error::new(ErrorKind::Other, "the program is ending"));
    receiver.await.unwrap_or_else(gone)
}

async fn abort(bucket: &Bucket, key: &str, id: &str) -> Result<(), Failure> {
    let call = Call::new(Action::AbortUpload, key).with_query("uploadId", id);
    match bucket.send(&call).await {
        // Aborted or completed already.
        Err(failure) if failure.is(StatusCode::NOT_FOUND) => Ok(()),
        Err(failure) => Err(failure),
        Ok(_) => Ok(()),
    }
}
