//! A line for each answer on standard error, in the form of Django's `runserver`; with `--json` an
//! object. Nothing of a request's headers is in it: they may hold a secret.

use std::{cell::RefCell, io::Write, time::SystemTime};

use http::{Method, Response, Uri, Version, header};
use serde_json::json;

use super::super::{
    gathered,
    output::{Output, escaped},
};
use crate::serve::{HttpDate, ResponseBody};

thread_local! {
    /// The date of the last line, in words: most lines of a second are of the same one.
    static DATE: RefCell<(Option<HttpDate>, String)> = const { RefCell::new((None, String::new())) };
}

/// Writes the lines, if they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccessLog(Output);

/// What is asked, as far as the log tells it.
#[derive(Debug)]
pub(super) struct Asked {
    method: Method,
    uri: Uri,
    version: Version,
}

impl AccessLog {
    pub(super) fn new(output: Output) -> Self {
        Self(output)
    }

    /// Notes what is asked.
    pub(super) fn asked<B>(self, request: &http::Request<B>) -> Option<Asked> {
        self.0.shows(1).then(|| Asked {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
        })
    }

    pub(super) fn answered(self, asked: &Asked, response: &Response<ResponseBody>) {
        if self.0.is_json() {
            self.0.note(asked.json(response));
        } else if !gathered::add(|line| asked.write(response, line)) {
            let mut line = Vec::new();
            asked.write(response, &mut line);
            self.0.note(String::from_utf8_lossy(&line));
        }
    }
}

impl Asked {
    /// The path. The query is left out: a signed URL has its signature there.
    fn path(&self) -> &str {
        self.uri.path()
    }

    fn json(&self, response: &Response<ResponseBody>) -> serde_json::Value {
        let bytes: Option<u64> = length(response).parse().ok();
        json!({
            "event": "answered",
            "method": self.method.as_str(),
            "path": self.path(),
            "status": response.status().as_u16(),
            "bytes": bytes,
        })
    }

    /// Writes a line without its end.
    fn write(&self, response: &Response<ResponseBody>, line: &mut Vec<u8>) {
        let now = HttpDate::at(SystemTime::now());
        DATE.with_borrow_mut(|(date, words)| {
            if *date != Some(now) {
                (*date, *words) = (Some(now), now.to_string());
            }
            line.push(b'[');
            line.extend_from_slice(words.as_bytes());
        });
        line.extend_from_slice(b"] \"");
        write_escaped(self.method.as_str(), line);
        line.push(b' ');
        write_escaped(self.path(), line);
        // Writing to a Vec cannot fail.
        let _ = write!(
            line,
            " {:?}\" {} {}",
            self.version,
            response.status().as_u16(),
            length(response)
        );
    }
}

fn write_escaped(text: &str, line: &mut Vec<u8>) {
    match text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        true => line.extend_from_slice(text.as_bytes()),
        false => line.extend_from_slice(escaped(text).as_bytes()),
    }
}

/// The length of the body, `-` where it is not known.
fn length(response: &Response<ResponseBody>) -> &str {
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok());
    length.unwrap_or("-")
}
