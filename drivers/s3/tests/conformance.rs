//! The contract's checks, against a real MinIO.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check reports by panicking"
)]

#[path = "bucket/fixture.rs"]
mod fixture;

use std::sync::Arc;

use storehouse_conformance::Fixture;
use storehouse_storage::Storage;
use storehouse_test_support::{Bucket, Minio};

/// A bucket of a check's own.
struct InABucket {
    storage: Arc<dyn Storage>,
    /// Removed when it is dropped.
    _bucket: Arc<Bucket>,
}

#[async_trait::async_trait]
impl Fixture for InABucket {
    async fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    fn secrets(&self) -> Vec<String> {
        vec![Minio::get().secret_key().to_owned()]
    }
}

async fn empty() -> InABucket {
    let bucket = fixture::bucket("conformance").await;
    let storage = fixture::opened(&bucket, Minio::get().endpoint(), &[]);
    InABucket {
        storage: Arc::new(storage),
        _bucket: bucket,
    }
}

storehouse_conformance::suite!(empty);
