//! How many requests a storage has sent to its service: what a report of a run shows, since each of
//! them costs time and often money. Nothing is limited or decided by it.

/// Requests by HTTP method, those that were sent again too, and the bytes of their bodies.
///
/// A driver whose service has no such methods counts under the one that means the same. What is
/// sent to others than the service, such as to fetch credentials, may be in it.
///
/// ```
/// use storehouse_storage::{RequestCounts, Storage};
///
/// async fn sent_by(storage: &dyn Storage, run: impl Future<Output = ()>) -> Option<RequestCounts> {
///     let before = storage.request_counts()?;
///     run.await;
///     Some(storage.request_counts()?.since(&before))
/// }
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Objects and pages of listings read.
    pub get: u64,
    /// Objects looked at.
    pub head: u64,
    /// Objects and parts written, and copies on the service.
    pub put: u64,
    /// Uploads begun and completed, and deletes of many objects.
    pub post: u64,
    /// Objects deleted one by one, and uploads aborted.
    pub delete: u64,
    /// Bytes of the requests' bodies.
    pub bytes_sent: u64,
    /// Bytes of the answers' bodies.
    pub bytes_received: u64,
}

impl RequestCounts {
    /// Returns the number of all requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.get + self.head + self.put + self.post + self.delete
    }

    /// Returns what has come since `earlier`, an answer of the same storage.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            get: self.get.saturating_sub(earlier.get),
            head: self.head.saturating_sub(earlier.head),
            put: self.put.saturating_sub(earlier.put),
            post: self.post.saturating_sub(earlier.post),
            delete: self.delete.saturating_sub(earlier.delete),
            bytes_sent: self.bytes_sent.saturating_sub(earlier.bytes_sent),
            bytes_received: self.bytes_received.saturating_sub(earlier.bytes_received),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_come_since_is_told_without_what_was_before() {
        let before = RequestCounts {
            get: 1,
            put: 2,
            bytes_sent: 10,
            ..RequestCounts::default()
        };
        let after = RequestCounts {
            put: 5,
            bytes_sent: 30,
            ..before
        };

        let since = after.since(&before);

        assert_eq!((since.get, since.put, since.total()), (0, 3, 3));
        assert_eq!(since.bytes_sent, 20);
    }
}
