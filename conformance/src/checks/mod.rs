//! The checks, a file for each part of the contract. Their names are the promises; the table in
//! `suite.rs` says which there are.

pub(crate) mod attributes;
pub(crate) mod changing;
pub(crate) mod copying;
pub(crate) mod deleting;
pub(crate) mod failures;
pub(crate) mod listing;
pub(crate) mod names;
pub(crate) mod races;
pub(crate) mod ranges;
pub(crate) mod reading;
pub(crate) mod round_trip;
pub(crate) mod saving;
pub(crate) mod urls;
