//! Checks that a storage keeps every promise of [`Storage`](storehouse_storage::Storage), one
//! named test each. It knows no driver, and asks nothing that the trait does not promise.
//!
//! A driver's `tests/conformance.rs` says how to get an empty storage, and that is all:
//!
//! ```no_run
//! use std::sync::Arc;
//! use storehouse_storage::Storage;
//!
//! storehouse_conformance::suite!(async || empty());
//!
//! fn empty() -> Arc<dyn Storage> {
//!     unimplemented!("Arc::new(MyStorage::new())")
//! }
//! ```
//!
//! Where the storage needs a folder or a bucket of its own, `empty` returns a [`Fixture`] that
//! owns it. Every check runs twice: on the storage itself (`plain`) and on one folder of it
//! (`prefixed`), through [`Prefixed`](storehouse_storage::Prefixed). What a storage
//! [cannot do](storehouse_storage::Capabilities) is checked too: it must say so.
//!
//! A program can run the checks by itself and get failures as values: see [`checks`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a check reports by panicking"
)]

mod alike;
mod checks;
mod fixture;
mod http;
mod run;
mod samples;
mod subject;
mod suite;

/// The code of the guide is compiled and run with the tests of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../docs/writing-a-driver.md")]
mod guide {}

pub use fixture::Fixture;
pub use run::{Check, Mode, checks, run};
pub use subject::Subject;
use suite::list_checks;
