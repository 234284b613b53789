//! The service behind: requests are signed anew for it.
//!
//! A signature covers the host, the headers and the body, and a gap changes them. Nobody's
//! signature is checked. A request without one is passed on without one, so that strangers stay
//! strangers.

use std::io;
use std::time::{Duration, SystemTime};

use super::operation::Asked;
use crate::http::{Request, Response};
use crate::sigv4::{self, Credentials};
use crate::wire;

/// Longer than any client under test waits.
const LIMIT: Duration = Duration::from_secs(120);

/// What is of a connection or of a signature, and written again for the next.
const NOT_PASSED_ON: [&str; 10] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "transfer-encoding",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

/// Where it is, and whose keys it knows.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) authority: String,
    pub(crate) credentials: Credentials,
}

impl Service {
    /// Asks the service, and reads its answer to the end.
    pub(crate) fn ask(&self, asked: &Asked) -> io::Result<Response> {
        let mut request = Request {
            target: asked.target.to_string(),
            ..asked.request.clone()
        };
        let signed = request.headers.get("authorization").is_some();
        for name in NOT_PASSED_ON {
            request.headers.remove(name);
        }
        request.headers.add("Host", &self.authority);
        if signed {
            sigv4::sign(&mut request, &self.credentials, SystemTime::now());
        }

        let mut answer = wire::exchange(&self.authority, &request, LIMIT)?;

        // It is whole now, on a connection of its own.
        for name in ["connection", "keep-alive", "transfer-encoding"] {
            answer.headers.remove(name);
        }
        Ok(answer)
    }

    /// Aborts the upload that a request wants to complete.
    pub(crate) fn abort_upload(&self, completion: &Asked) -> io::Result<()> {
        let mut abort = completion.clone();
        abort.request.method = "DELETE".into();
        abort.request.body.clear();
        for name in ["content-type", "content-md5"] {
            abort.request.headers.remove(name);
        }
        self.ask(&abort).map(drop)
    }
}
