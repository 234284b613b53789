//! What came by a proxy: a line of the log for each request.
//!
//! Bodies are counted, not kept.

use std::sync::{Arc, Mutex};

use crate::http::{Headers, Request, Response};

/// A request that came by, and what became of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// The request's header fields.
    pub headers: Headers,
    /// Bytes of the request's body.
    pub body_length: usize,
    /// The status of the server behind; `None` if it never saw the request or has not answered
    /// yet.
    pub upstream_status: Option<u16>,
    /// The status the client got; `None` if it got none, or not yet.
    pub status: Option<u16>,
    /// Bytes of the answer's body that were sent to the client so far.
    pub answer_length: u64,
}

impl Exchange {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            body_length: request.body.len(),
            upstream_status: None,
            status: None,
            answer_length: 0,
        }
    }

    /// Notes the answer that the client gets, whole.
    pub(crate) fn answer(&mut self, response: &Response) {
        self.status = Some(response.status);
        self.answer_length = match self.method.as_str() {
            "HEAD" => 0,
            _ => response.body.len() as u64,
        };
    }
}

/// All that came by, in the order it came.
#[derive(Debug, Default)]
pub(crate) struct Log(Vec<Arc<Mutex<Exchange>>>);

impl Log {
    /// Writes a request down; what becomes of it is noted there.
    pub(crate) fn begin(&mut self, request: &Request) -> Arc<Mutex<Exchange>> {
        let exchange = Arc::new(Mutex::new(Exchange::of(request)));
        self.0.push(Arc::clone(&exchange));
        exchange
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.0
            .iter()
            .map(|exchange| exchange.lock().unwrap().clone())
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
