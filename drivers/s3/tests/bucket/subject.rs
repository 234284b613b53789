//! A bucket of a check's own, for every program that runs the contract's checks.

use std::sync::Arc;

use storehouse_conformance::Fixture;
use storehouse_storage::Storage;
use storehouse_test_support::Bucket;

use crate::fixture;

pub(crate) struct InABucket {
    storage: Arc<dyn Storage>,
    /// Removed when it is dropped.
    bucket: Arc<Bucket>,
}

impl InABucket {
    /// Opens a storage in `bucket`, with more options as a URL's query gives them.
    pub(crate) fn new(bucket: Arc<Bucket>, more: &[(&'static str, &str)]) -> Self {
        Self {
            storage: Arc::new(fixture::opened(&bucket, bucket.endpoint(), more)),
            bucket,
        }
    }
}

#[async_trait::async_trait]
impl Fixture for InABucket {
    async fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.bucket.secret_key().to_owned()]
    }
}
