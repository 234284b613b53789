//! How many files may be open for answers, so that nobody takes them all: by connection and for all of them,
//! as many as the process's limit of open files allows.
//!
//! A connection has one file of its own, which is all that HTTP/1.1 needs, and with HTTP/2 further ones from
//! those that all share. A stream that finds no place waits for one.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many open files the process asks for, where it may have as many: the most that macOS gives.
const WANTED: u64 = 10_240;
/// The most that the connections share beside the one that each has.
const MOST_SHARED: usize = 1024;
/// The most of them that one connection has.
const MOST_EACH: usize = 32;

/// The places of a server.
#[derive(Debug)]
pub(super) struct Places {
    connections: Arc<Semaphore>,
    shared: Arc<Semaphore>,
    each: usize,
}

/// The places of a connection.
#[derive(Debug)]
pub(super) struct ConnectionPlaces {
    own: Arc<Semaphore>,
    /// How many of those that are shared it may have.
    more: Arc<Semaphore>,
    shared: Arc<Semaphore>,
}

/// A place for a file, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _taken: [Option<OwnedSemaphorePermit>; 2],
}

impl Places {
    /// Divides the open files that this process may have. Where fewer than [`WANTED`] are allowed, and more
    /// could be, that is asked for first.
    pub(super) fn of_this_process() -> Self {
        Self::of(open_files())
    }

    /// Divides a limit: an eighth is shared, an eighth is for what else the process opens, and the rest is
    /// for connections, each of which has a socket and a file.
    pub(super) fn of(open_files: u64) -> Self {
        let open_files = usize::try_from(open_files).unwrap_or(usize::MAX);
        let shared = (open_files / 8).clamp(1, MOST_SHARED);
        let connections = (open_files.saturating_sub(2 * shared) / 2).max(1);
        Self {
            connections: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            shared: Arc::new(Semaphore::new(shared)),
            each: (shared / 16).clamp(1, MOST_EACH),
        }
    }

    /// Returns a place for a further connection, if there is one; it counts until that is dropped.
    pub(super) fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// Waits for a place for a further connection.
    pub(super) async fn connection(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.connections).acquire_owned().await.ok()
    }

    /// Returns the places of a new connection.
    pub(super) fn of_connection(&self) -> ConnectionPlaces {
        ConnectionPlaces {
            own: Arc::new(Semaphore::new(1)),
            more: Arc::new(Semaphore::new(self.each)),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl ConnectionPlaces {
    /// Waits for a place: the connection's own, or one of those that are shared. Dropped, it has taken none.
    pub(super) async fn place(&self) -> Place {
        let own = Arc::clone(&self.own);
        tokio::select! {
            biased;
            own = own.acquire_owned() => Place { _taken: [own.ok(), None] },
            place = self.shared_place() => place,
        }
    }

    async fn shared_place(&self) -> Place {
        let more = Arc::clone(&self.more).acquire_owned().await;
        let shared = Arc::clone(&self.shared).acquire_owned().await;
        Place {
            _taken: [more.ok(), shared.ok()],
        }
    }
}

/// Returns how many files this process may have open, and asks for [`WANTED`] where that is more.
#[cfg(unix)]
fn open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let wanted = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
    if current >= wanted {
        return current;
    }
    let asked = Rlimit {
        current: Some(wanted),
        ..limit
    };
    match setrlimit(Resource::Nofile, asked) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

/// There is no such limit.
#[cfg(not(unix))]
fn open_files() -> u64 {
    WANTED
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn what_connections_may_open_is_less_than_the_limit() {
        for (limit, connections, shared, each) in [
            (0, 1, 1, 1),
            (64, 24, 8, 1),
            (256, 96, 32, 2),
            (1024, 384, 128, 8),
            (10_240, 4096, 1024, 32),
            (1_048_576, 523_264, 1024, 32),
        ] {
            let places = Places::of(limit);

            assert_eq!(places.connections.available_permits(), connections);
            assert_eq!(places.shared.available_permits(), shared, "{limit}");
            assert_eq!(places.each, each, "{limit}");
        }
    }

    #[test]
    fn a_connection_gets_a_place_whatever_others_take() {
        let places = Places::of(1024);
        let connections: Vec<_> = (0..20).map(|_| places.of_connection()).collect();
        let mut taken = Vec::new();
        for connection in &connections {
            while let Some(place) = connection.place().now_or_never() {
                taken.push(place);
            }
        }
        assert_eq!(taken.len(), 20 + 128);

        let another = places.of_connection();
        let place = another.place().now_or_never().unwrap();

        assert!(another.place().now_or_never().is_none());
        drop(place);
        assert!(another.place().now_or_never().is_some());
        taken.clear();
        assert_eq!(places.shared.available_permits(), 128);
    }

    #[test]
    fn a_connection_takes_no_more_than_its_part() {
        let places = Places::of(1024);
        let connection = places.of_connection();
        let mut taken = Vec::new();

        while let Some(place) = connection.place().now_or_never() {
            taken.push(place);
        }

        assert_eq!(taken.len(), 1 + 8);
    }
}
