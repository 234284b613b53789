//! Whose object is there: ours, or another's. Each object that is created under a condition carries a
//! random nonce in its metadata, since a condition that fails after an answer was lost may be our own
//! doing. The ETag would not do: two savers of the same content must not both believe that they made
//! the object.

use http::{HeaderMap, HeaderValue, StatusCode};
use storehouse_storage::{Error, ErrorKind, Result};

use crate::{bucket::Bucket, errors::Failure, headers::NONCE};

/// Tells an object of ours from all others.
#[derive(Debug, Clone)]
pub(crate) struct Nonce(HeaderValue);

impl Nonce {
    pub(crate) fn new() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::new(ErrorKind::Other, format!("no random numbers: {error}")))?;
        HeaderValue::try_from(hex::encode(bytes))
            .map(Self)
            .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Returns it as the mark of a save.
    pub(crate) fn mark(&self) -> Option<String> {
        self.0.to_str().ok().map(str::to_owned)
    }

    /// Takes the mark of a save for what it is.
    pub(crate) fn of_mark(mark: &str) -> Option<Self> {
        HeaderValue::try_from(mark).ok().map(Self)
    }

    /// Returns whether an object with these headers carries it.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        headers.get(NONCE) == Some(&self.0)
    }

    /// Looks whether the object that is there carries it, and returns the object's headers if so.
    pub(crate) async fn is_on(
        &self,
        bucket: &Bucket,
        key: &str,
    ) -> Result<Option<HeaderMap>, Failure> {
        let there = bucket.head(key).await?;
        Ok(there.filter(|headers| self.is_in(headers)))
    }
}

/// Whether a create failed because the name is taken.
pub(crate) fn is_taken(failure: &Failure) -> bool {
    failure.is(StatusCode::PRECONDITION_FAILED)
}
