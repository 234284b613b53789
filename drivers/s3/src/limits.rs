//! What is on its way to S3 at once, counted over all storages of the process: requests that write,
//! and the bytes that wait in memory for them. It does not limit reads, which hold next to nothing.
//!
//! Bytes are counted from when they are in memory on, and a request only while it is sent, so nobody
//! waits for a source that stalls: see [`gather`](crate::gather).

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// More at once bring no more throughput, only more memory and `SlowDown` answers.
const REQUESTS: usize = 64;
/// Four parts of the usual size.
pub(crate) const BYTES: usize = 32 * 1024 * 1024;

static REQUESTS_LEFT: Semaphore = Semaphore::const_new(REQUESTS);
static BYTES_LEFT: Semaphore = Semaphore::const_new(BYTES);
/// How many wait for memory.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// Told when one more does.
static WANTED: Notify = Notify::const_new();

/// A place for something in flight, given back when it is dropped.
pub(crate) type Place = SemaphorePermit<'static>;

/// Waits until a request may be sent.
pub(crate) async fn request() -> Option<Place> {
    // `None` only if the semaphore were closed, which nobody does.
    REQUESTS_LEFT.acquire().await.ok()
}

/// Waits until `bytes` may be held in memory. What is larger than the whole limit takes all of it.
///
/// Who waits here must hold no other place for bytes: two could wait for each other.
pub(crate) async fn memory(bytes: u64) -> Option<Place> {
    if let Ok(place) = BYTES_LEFT.try_acquire_many(permits(bytes)) {
        return Some(place);
    }
    let _waiting = Waiting::new();
    BYTES_LEFT.acquire_many(permits(bytes)).await.ok()
}

/// Takes a place for `bytes` more if there is one and nobody waits for it.
pub(crate) fn memory_now(bytes: usize) -> Option<Place> {
    if WAITING.load(Ordering::SeqCst) > 0 {
        return None;
    }
    BYTES_LEFT.try_acquire_many(permits(bytes as u64)).ok()
}

/// Waits until somebody waits for memory.
pub(crate) async fn memory_is_wanted() {
    // It is told of all that comes from here on, so none comes unseen after the look.
    let wanted = WANTED.notified();
    if WAITING.load(Ordering::SeqCst) == 0 {
        wanted.await;
    }
}

/// Gives back all of `place` but `bytes`.
pub(crate) fn keep(place: &mut Place, bytes: usize) {
    drop(split(place, bytes));
}

/// Leaves `bytes` in `place`, as far as there are so many, and returns what is beyond.
///
/// So a body that is larger than the whole limit keeps all of it until its rest is smaller.
pub(crate) fn split(place: &mut Place, bytes: usize) -> Option<Place> {
    place.split(place.num_permits().saturating_sub(bytes))
}

fn permits(bytes: u64) -> u32 {
    let most = u32::try_from(BYTES).unwrap_or(u32::MAX);
    u32::try_from(bytes).map_or(most, |bytes| bytes.min(most))
}

/// One who waits for memory, counted until it is dropped.
struct Waiting;

impl Waiting {
    fn new() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        WANTED.notify_waiters();
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}
