//! A service that answers as a test says: metadata services, redirecting hosts, canned S3 answers.
//!
//! No TLS, and no faults below HTTP; [`Proxy`](crate::Proxy) makes those.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::http::{Request, Response};
use crate::listener::{self, Listener};

/// An HTTP/1.1 server on 127.0.0.1 with a closure for a brain; it stops when dropped.
///
/// ```
/// use storehouse_test_support::{FakeHttp, Response};
///
/// let metadata = FakeHttp::start(|request| match request.path() {
///     "/latest/meta-data/" => Response::new(200).body("iam"),
///     _ => Response::new(404),
/// });
///
/// assert!(metadata.endpoint().starts_with("http://127.0.0.1:"));
/// assert!(metadata.requests().is_empty());
/// ```
pub struct FakeHttp {
    listener: Listener,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeHttp {
    /// Starts the server on a free port. `answer` is called for one request of each connection at a
    /// time.
    pub fn start<A>(answer: A) -> Self
    where
        A: Fn(&Request) -> Response + Send + Sync + 'static,
    {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let listener = Listener::start(move |request, stream| {
            log.lock().unwrap().push(request.clone());
            listener::write_response(stream, &request, &answer(&request))
        });
        Self { listener, requests }
    }

    /// Returns `http://127.0.0.1:PORT`, with no slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.listener.endpoint()
    }

    /// Returns what was asked so far, with bodies, in the order it came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl fmt::Debug for FakeHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeHttp")
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}
