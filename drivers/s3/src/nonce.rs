//! Whose object is there: ours, or another's. Each object that is created under a condition carries a
//! random nonce in its metadata, since a condition that fails after an answer was lost may be our own
//! doing. The ETag would not do: two savers of the same content must not both believe that they made
//! the object.

use http::{HeaderMap, HeaderValue, StatusCode};
use storehouse_storage::{Error, ErrorKind, Result};

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    errors::Failure,
    headers::NONCE,
};

/// Tells an object of ours from all others.
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
}

/// Whether a create failed because the name is taken.
pub(crate) fn is_taken(failure: &Failure) -> bool {
    failure.is(StatusCode::PRECONDITION_FAILED)
}

/// Looks whether the object that is there carries our nonce, and returns its headers if so.
pub(crate) async fn is_ours(
    bucket: &Bucket,
    key: &str,
    nonce: &Nonce,
) -> Result<Option<HeaderMap>, Failure> {
    match bucket.send(&Call::new(Action::HeadObject, key)).await {
        Ok(answer) if answer.headers.get(NONCE) == Some(&nonce.0) => Ok(Some(answer.headers)),
        Ok(_) => Ok(None),
        Err(failure) if failure.is(StatusCode::NOT_FOUND) => Ok(None),
        Err(failure) => Err(failure),
    }
}
