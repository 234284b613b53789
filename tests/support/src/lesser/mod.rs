//! MinIO without one of its features, for tests of what a driver does on services that lack it.
//!
//! A proxy that knows S3: it refuses or changes requests, signs them anew, and changes answers. It
//! is no proxy of the web: the target must be path-style, signed URLs do not work (their signature
//! names the host), bodies are read whole, and those that are signed in chunks are refused.
//!
//! ```no_run
//! use storehouse_test_support::{Gap, LesserS3, Minio};
//!
//! let minio = Minio::get();
//! let bucket = minio.bucket("lesser");
//! let service = LesserS3::start(&minio, Gap::ConditionIgnored);
//!
//! // … save `a.txt` twice by a driver whose endpoint is `service.endpoint()` …
//!
//! assert_eq!(bucket.object_names().len(), 2);
//! assert!(service.requests().iter().all(|asked| asked.status < Some(500)));
//! ```

mod changes;
mod documents;
mod etags;
mod gap;
mod operation;
mod refusals;
mod service;
mod target;

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;

pub use etags::Etags;
pub use gap::{Gap, Refusal};
use operation::{Asked, Operation};
use service::Service;

use crate::exchange::{Exchange, Log};
use crate::http::Response;
use crate::listener::{self, Listener};
use crate::minio::Minio;
use crate::wire;

/// An S3 service on 127.0.0.1 with one [`Gap`]; it stops when dropped.
///
/// Its buckets and objects are those of the MinIO behind it, and so are its answers, but for the
/// gap and the `Server` header. It takes any key and any signature for MinIO's.
#[derive(Debug)]
pub struct LesserS3 {
    listener: Listener,
    log: Arc<Mutex<Log>>,
}

impl LesserS3 {
    /// Starts the service in front of `minio`, on a free port.
    #[must_use]
    pub fn start(minio: &Minio, gap: Gap) -> Self {
        let authority = wire::authority(minio.endpoint()).unwrap_or_else(|why| panic!("{why}"));
        let lesser = Lesser {
            gap,
            service: Service {
                authority: authority.to_owned(),
                credentials: minio.credentials().clone(),
            },
            lost: Mutex::default(),
        };
        let log = Arc::new(Mutex::new(Log::default()));
        let theirs = Arc::clone(&log);
        let listener = Listener::start(move |request, client| {
            let exchange = theirs.lock().unwrap().begin(&request);
            let mut asked = Asked::of(request);
            let answer = lesser.answer(&mut asked, &exchange)?;
            exchange.lock().unwrap().answer(&answer);
            listener::write_response(client, &asked.request, &answer)
        });
        Self { listener, log }
    }

    /// Returns `http://127.0.0.1:PORT`, with no slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.listener.endpoint()
    }

    /// Returns what was asked so far, in the order it came.
    #[must_use]
    pub fn requests(&self) -> Vec<Exchange> {
        self.log.lock().unwrap().exchanges()
    }

    /// Forgets what was asked.
    pub fn clear(&self) {
        self.log.lock().unwrap().clear();
    }
}

/// What answers.
struct Lesser {
    gap: Gap,
    service: Service,
    /// The paths whose first upload was aborted.
    lost: Mutex<HashSet<String>>,
}

impl Lesser {
    fn answer(&self, asked: &mut Asked, exchange: &Mutex<Exchange>) -> io::Result<Response> {
        let mut answer = match refusals::refusal(self.gap, asked) {
            Some(refused) => refused,
            None if self.loses(asked) => {
                self.service.abort_upload(asked)?;
                no_such_upload()
            }
            None => {
                if let Gap::Slow(time) = self.gap {
                    thread::sleep(time);
                }
                changes::change_request(self.gap, asked);
                let mut answer = self.service.ask(asked)?;
                exchange.lock().unwrap().upstream_status = Some(answer.status);
                changes::change_answer(self.gap, asked, &mut answer);
                answer
            }
        };
        if asked.request.method != "HEAD" && answer.headers.get("content-length").is_some() {
            let length = answer.body.len().to_string();
            answer.headers.set("Content-Length", length);
        }
        // Drivers know MinIO's faults by it.
        answer.headers.set("Server", "LesserS3");
        Ok(answer)
    }

    /// Returns whether the upload that is to be completed shall be gone.
    fn loses(&self, asked: &Asked) -> bool {
        asked.operation == Operation::CompleteUpload
            && match self.gap {
                Gap::NoUpload => true,
                Gap::NoFirstUpload => {
                    let path = asked.target.path().to_owned();
                    self.lost.lock().unwrap().insert(path)
                }
                _ => false,
            }
    }
}

fn no_such_upload() -> Response {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the \
                   upload may have been aborted or completed.";
    gap::error(404, "NoSuchUpload", message)
}
