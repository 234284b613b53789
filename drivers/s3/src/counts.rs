//! Counts what the client sends and gets. It knows no requests, only their methods and sizes.

use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use storehouse_storage::RequestCounts;

/// Counters that many requests share.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    get: AtomicU64,
    head: AtomicU64,
    put: AtomicU64,
    post: AtomicU64,
    delete: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
}

impl Counts {
    /// Counts a request.
    pub(crate) fn add(&self, method: &Method) {
        let count = match *method {
            Method::HEAD => &self.head,
            Method::PUT => &self.put,
            Method::POST => &self.post,
            Method::DELETE => &self.delete,
            _ => &self.get,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a piece of a request's body.
    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a piece of an answer's body.
    pub(crate) fn received(&self, bytes: usize) {
        self.bytes_received
            .fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Returns the counts so far.
    pub(crate) fn read(&self) -> RequestCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut counts = RequestCounts::default();
        counts.get = read(&self.get);
        counts.head = read(&self.head);
        counts.put = read(&self.put);
        counts.post = read(&self.post);
        counts.delete = read(&self.delete);
        counts.bytes_sent = read(&self.bytes_sent);
        counts.bytes_received = read(&self.bytes_received);
        counts
    }
}
