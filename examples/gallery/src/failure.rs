//! What can go wrong in a request, and what whoever asked is told.

use std::io::{self, Write};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use storehouse::media::UploadError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is nothing here")]
    NotFound,
    #[error("this cannot be done here")]
    MethodNotAllowed,
    #[error("the form came from another site")]
    CrossOrigin,
    #[error("{0}")]
    BadRequest(&'static str),
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error(transparent)]
    Storage(#[from] storehouse::storage::Error),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the gallery ended before it was done")]
    Interrupted,
    #[error("a page could not be made: {0:#}")]
    Page(#[from] minijinja::Error),
}

/// What a failure is to whoever asked. [`crate::responses`] makes a page of it, or JSON.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn told(&self) -> Told {
        let (status, message) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, self.to_string()),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, self.to_string()),
            Self::CrossOrigin => (StatusCode::FORBIDDEN, self.to_string()),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, self.to_string()),
            Self::Upload(error) => (error.status(), error.client_message()),
            Self::Storage(error) if error.retry_may_help() => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the storage of photos does not answer; try again".to_owned(),
            ),
            Self::Storage(_) | Self::Database(_) | Self::Interrupted | Self::Page(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "this went wrong on our side".to_owned(),
            ),
        };
        Told { status, message }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let told = self.told();
        log(&self);
        let mut response = told.status.into_response();
        response.extensions_mut().insert(told);
        response
    }
}

/// Tells all of it to whoever runs the gallery, if it is theirs to know: what failed on this side, or was
/// left behind.
pub(crate) fn log(failure: &Failure) {
    let is_left_behind = matches!(failure, Failure::Upload(UploadError::LeftBehind { .. }));
    if is_left_behind || failure.told().status.is_server_error() {
        // If standard error is gone there is nobody to tell.
        let _ = writeln!(io::stderr(), "gallery: {failure}");
    }
}
