//! Why a request failed, and how that becomes the contract's error. It decides nothing about
//! retries, and leaves to [`crate::refusal`] what the service's codes mean.

use std::time::Duration;

use http::StatusCode;
use storehouse_storage::{Error, ErrorKind};

use crate::{call::Action, client::TransportError, refusal::Refusal};

/// A request that failed for good.
#[derive(Debug, thiserror::Error)]
#[error("{action:?} failed after {attempts} attempts: {problem}")]
pub(crate) struct Failure {
    pub(crate) action: Action,
    pub(crate) problem: Problem,
    pub(crate) attempts: u32,
    /// An attempt may have done what was asked, though no answer said so.
    pub(crate) maybe_done: bool,
}

/// What was wrong with one attempt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The service said no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// There is no answer, or not all of it.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// It could not be sent.
    #[error("{0}")]
    Unsent(Error),
    /// What answered does not speak S3.
    #[error("{0}")]
    Nonsense(Error),
}

/// An attempt that failed, and how long the service asks to wait.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) problem: Problem,
    pub(crate) retry_after: Option<Duration>,
}

impl From<Problem> for Attempt {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            retry_after: None,
        }
    }
}

impl Failure {
    /// Returns what the service said, if it said anything.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match &self.problem {
            Problem::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Returns whether the service said that there is no object under this key.
    pub(crate) fn is_nothing(&self) -> bool {
        self.refusal().is_some_and(Refusal::is_nothing)
    }

    /// Returns whether the service may have refused the request for what it is, and not for what it
    /// was about: a call or a header that it does not know.
    pub(crate) fn is_of_the_kind(&self) -> bool {
        self.refusal().is_some_and(Refusal::is_of_the_kind)
    }

    /// Returns whether the upload that the request was about is gone.
    pub(crate) fn is_upload_gone(&self) -> bool {
        self.refusal()
            .is_some_and(|refusal| refusal.code == "NoSuchUpload")
    }

    /// Returns whether the answer had this status.
    pub(crate) fn is(&self, status: StatusCode) -> bool {
        self.refusal()
            .is_some_and(|refusal| refusal.status == status)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = match failure.problem {
            Problem::Unsent(error) | Problem::Nonsense(error) => return error,
            Problem::Refused(ref refusal) => refusal.error(failure.action),
            Problem::Transport(ref error) => no_answer(error),
        };
        error.with_source(failure)
    }
}

fn no_answer(error: &TransportError) -> Error {
    let advice = match error {
        TransportError::Connect(_) => "is endpoint_url right, and does it run?",
        TransportError::Tls(_) => "ca_bundle names certificates to trust besides the system's",
        TransportError::Idle { .. } => "read_timeout sets how long nothing may move",
        TransportError::Total(_) => "timeout sets how long one request may take",
        TransportError::Broken(_) => "trying again may help",
        TransportError::TooLong(_) => "is something else behind endpoint_url?",
    };
    let kind = match error {
        TransportError::TooLong(_) => ErrorKind::Integrity,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, error.to_string())
        .with_advice(advice)
        .with_retry(!matches!(
            error,
            TransportError::Tls(_) | TransportError::TooLong(_)
        ))
}
