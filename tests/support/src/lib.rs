//! What Storehouse's tests need from outside: a MinIO server, and HTTP servers that fail on demand.
//!
//! It depends on no crate of the project, so that drivers are checked by something else than
//! themselves. It is no test framework, and not published.
//!
//! ```no_run
//! use storehouse_test_support::{Action, Minio, Proxy};
//!
//! let minio = Minio::get();
//! let bucket = minio.bucket("lost-answer");
//! let proxy = Proxy::start(minio.endpoint());
//! proxy.when(|request| request.method == "PUT", Action::LoseAnswer);
//!
//! // … save `a.txt` by a driver whose endpoint is `proxy.endpoint()` …
//!
//! assert_eq!(bucket.object_names(), ["a.txt"]);
//! assert_eq!(proxy.unused_rules(), 0);
//! ```

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check reports by panicking"
)]

#[cfg(unix)]
mod binary;
mod bucket;
mod client;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod compose;
mod exchange;
mod fake_http;
#[cfg(unix)]
mod go;
#[cfg(unix)]
mod health;
mod http;
#[cfg(unix)]
mod launch;
mod lesser;
#[cfg(unix)]
mod lifecycle;
mod listener;
pub mod minio;
mod proxy;
mod running;
#[cfg(unix)]
pub mod services;
mod sigv4;
#[cfg(unix)]
mod start;
mod wire;
mod xml;

pub use bucket::Bucket;
pub use exchange::Exchange;
pub use fake_http::FakeHttp;
pub use http::{Headers, Request, Response};
pub use lesser::{Etags, Gap, LesserS3, Refusal};
pub use minio::Minio;
pub use proxy::{Action, Proxy};
pub use running::Running;

/// Tells whoever waits for the tests. Not with `eprintln`, which the test harness keeps back.
#[cfg(unix)]
fn say(what: &str) {
    use std::io::Write;

    // Nobody listens: nothing to do about it.
    let _ = writeln!(std::io::stderr(), "storehouse-test-support: {what}");
}
