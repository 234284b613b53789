//! A line for each answer on standard error, in the form of Django's `runserver`; with `--json` an
//! object. Nothing of a request's headers is in it: they may hold a secret.

use std::time::SystemTime;

use http::{Method, Response, Version, header};
use serde_json::json;

use super::super::output::{Output, escaped};
use crate::serve::{HttpDate, ResponseBody};

/// Writes the lines, if they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccessLog(Output);

/// What is asked, as far as the log tells it.
#[derive(Debug)]
pub(super) struct Asked {
    method: Method,
    path: String,
    version: Version,
}

impl AccessLog {
    pub(super) fn new(output: Output) -> Self {
        Self(output)
    }

    /// Notes what is asked. The query is left out: a signed URL has its signature there.
    pub(super) fn asked<B>(self, request: &http::Request<B>) -> Option<Asked> {
        self.0.shows(1).then(|| Asked {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            version: request.version(),
        })
    }

    pub(super) fn answered(self, asked: &Asked, response: &Response<ResponseBody>) {
        let Asked {
            method,
            path,
            version,
        } = asked;
        let length = response.headers().get(header::CONTENT_LENGTH);
        let length = length
            .and_then(|length| length.to_str().ok())
            .unwrap_or("-");
        let status = response.status().as_u16();
        if self.0.is_json() {
            let bytes: Option<u64> = length.parse().ok();
            self.0.note(json!({
                "event": "answered", "method": method.as_str(), "path": path, "status": status, "bytes": bytes,
            }));
            return;
        }
        let date = HttpDate::at(SystemTime::now());
        let (method, path) = (escaped(method.as_str()), escaped(path));
        self.0.note(format_args!(
            "[{date}] \"{method} {path} {version:?}\" {status} {length}"
        ));
    }
}
