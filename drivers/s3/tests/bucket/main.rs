//! What the driver promises beyond the contract, against a real MinIO, often through a proxy that
//! makes faults: lost answers, broken connections, refusals, redirects.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a check reports by panicking, and a child by printing"
)]

mod anonymous;
mod broken_services;
#[cfg(unix)]
mod child;
mod clashes;
#[cfg(target_os = "linux")]
mod connections;
mod copying;
#[cfg(unix)]
mod credentials;
mod cutting;
mod deleting;
#[cfg(unix)]
mod endpoints;
mod fixture;
mod gzip;
mod headers;
mod lesser_services;
mod listing;
mod listing_first;
mod options;
#[cfg(unix)]
mod processes;
mod reading;
mod retries;
mod secrets;
mod uploads;
mod urls;
