//! What a 404 or a 403 without a code means. S3 says so in a document, but not in the answer to a HEAD,
//! which has none; and services say 404 of other things too: a bucket that is not there, an access key
//! that they do not know. Only what is known to be about the object means that there is nothing under its
//! name.

use http::StatusCode;

use crate::{
    call::Action,
    errors::{Failure, Problem},
    refusal::NO_SUCH_KEY,
};

/// Returns whether a failure is a 404 or a 403 about an object that does not say why.
pub(crate) fn is_unclear(failure: &Failure) -> bool {
    let about_an_object = matches!(
        failure.action,
        Action::HeadObject | Action::GetObject | Action::DeleteObject | Action::CopyObject
    );
    let says_nothing = |code: &str| code.is_empty() || code == "NotFound" || code == "404";
    about_an_object
        && failure.refusal().is_some_and(|refusal| {
            matches!(
                refusal.status,
                StatusCode::NOT_FOUND | StatusCode::FORBIDDEN
            ) && says_nothing(&refusal.code)
        })
}

/// Whether the answer about the bucket is the reason of the other one. Of a 404, an access key that may
/// not list (403) and a service that cannot (501) tell nothing.
pub(crate) fn tells_why(failure: &Failure, other: &Failure) -> bool {
    if failure.is(StatusCode::FORBIDDEN) {
        // The same refusal, and in words.
        return other.is(StatusCode::FORBIDDEN) || other.is(StatusCode::NOT_FOUND);
    }
    match other.refusal() {
        Some(refusal) => {
            refusal.status == StatusCode::NOT_FOUND
                || refusal.status.is_server_error() && refusal.status != StatusCode::NOT_IMPLEMENTED
        }
        None => true,
    }
}

/// Says of `failure` what was said of the bucket.
pub(crate) fn about(failure: Failure, other: Failure) -> Failure {
    Failure {
        problem: other.problem,
        ..failure
    }
}

/// Says of a 404 that there is nothing under the name.
pub(crate) fn of_the_object(mut failure: Failure) -> Failure {
    if let Problem::Refused(refusal) = &mut failure.problem {
        refusal.code = NO_SUCH_KEY.to_owned();
    }
    failure
}
