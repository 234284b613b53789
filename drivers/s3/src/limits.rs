//! What is on its way to S3 at once, counted over all storages of the process: saves, and the
//! bytes they hold in memory. It does not limit reads, which hold next to nothing.
//!
//! A save takes its place before it reads a part of its content, so a source that stalls keeps its
//! place from others: slow uploads belong into a file first.

use tokio::sync::{Semaphore, SemaphorePermit};

/// More at once bring no more throughput, only more memory and `SlowDown` answers.
const SAVES: usize = 64;
/// Four parts of the usual size.
pub(crate) const BYTES: usize = 32 * 1024 * 1024;

static SAVES_LEFT: Semaphore = Semaphore::const_new(SAVES);
static BYTES_LEFT: Semaphore = Semaphore::const_new(BYTES);

/// A place for something in flight, given back when it is dropped.
pub(crate) type Place = SemaphorePermit<'static>;

/// Waits until a save may start.
pub(crate) async fn save() -> Option<Place> {
    // `None` only if the semaphore were closed, which nobody does.
    SAVES_LEFT.acquire().await.ok()
}

/// Waits until `bytes` may be held in memory. What is larger than the whole limit takes all of it.
pub(crate) async fn memory(bytes: usize) -> Option<Place> {
    let bytes = u32::try_from(bytes.min(BYTES)).ok()?;
    BYTES_LEFT.acquire_many(bytes).await.ok()
}

/// Gives back all of `place` but `bytes`.
pub(crate) fn keep(place: &mut Place, bytes: usize) {
    drop(place.split(place.num_permits().saturating_sub(bytes)));
}
