//! The contract's checks, against a real MinIO.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check reports by panicking"
)]

#[path = "bucket/fixture.rs"]
mod fixture;
#[path = "bucket/subject.rs"]
mod subject;

use subject::InABucket;

async fn empty() -> InABucket {
    InABucket::new(fixture::bucket("conformance").await, &[])
}

storehouse_conformance::suite!(empty);
