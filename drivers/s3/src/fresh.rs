//! What a save has made and not yet promised to anybody: objects and uploads that go away again
//! unless they are kept. The cleaning up runs in the storage's own tasks.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header::ETAG};
use storehouse_storage::{Error, ErrorKind, Name, Result, Saved};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    delete,
    errors::Failure,
    kept::{Condition, Step},
    nonce::Nonce,
};

/// An object that did not exist before. Dropped without [`keep`](Self::keep), it is deleted again
/// where the object is known to be this save's own: see [`take_away`].
pub(crate) struct Fresh {
    etag: Option<String>,
    nonce: Nonce,
    guard: Option<Guard>,
}

struct Guard {
    bucket: Arc<Bucket>,
    tasks: TaskTracker,
    runtime: Handle,
    key: String,
}

impl Fresh {
    /// Guards the object under `key`, which carries `nonce`. Called in a task.
    pub(crate) fn new(
        bucket: &Arc<Bucket>,
        tasks: &TaskTracker,
        key: &str,
        nonce: &Nonce,
        etag: Option<&HeaderValue>,
    ) -> Self {
        Self {
            etag: etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned),
            nonce: nonce.clone(),
            guard: Some(Guard {
                bucket: Arc::clone(bucket),
                tasks: tasks.clone(),
                runtime: Handle::current(),
                key: key.to_owned(),
            }),
        }
    }

    /// Means that the object replaced another: there is no way back.
    pub(crate) fn replacing(mut self) -> Self {
        self.guard = None;
        self
    }

    /// Lets the object stay, and returns what the save has made.
    pub(crate) fn keep(mut self, name: Name, size: u64) -> Saved {
        self.guard = None;
        let saved = Saved::new(name, size).with_etag(self.etag.take());
        saved.with_mark(self.nonce.mark())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        let (bucket, key, nonce) = (guard.bucket, guard.key, self.nonce.clone());
        let cleaning = async move {
            // Without a condition another process may have replaced it, and may do so while we look.
            if bucket.kept.condition(Step::Put) != Condition::Kept {
                tracing::warn!(
                    ?key,
                    "the object of a save that was given up stays: the service keeps no condition, \
                     so nothing tells whose it is by now"
                );
                return;
            }
            if let Err(failure) = take_away(&bucket, &key, &nonce).await {
                tracing::warn!(?key, %failure, "an object of a save that was given up stays");
            }
        };
        guard.tasks.spawn_on(cleaning, &guard.runtime);
    }
}

/// Deletes the object under `key` if it is the one that carries `nonce`. Where the service has a
/// condition on DELETE, nothing comes between the look and the delete.
pub(crate) async fn take_away(bucket: &Bucket, key: &str, nonce: &Nonce) -> Result<(), Failure> {
    match nonce.is_on(bucket, key).await? {
        Some(headers) => delete::delete_version(bucket, key, headers.get(ETAG)).await,
        None => Ok(()),
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
        // The caller was cancelled, so the result is dropped here.
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
