//! What a 404 or a 403 without a code means. S3 says so in a document, but not in the answer to a HEAD,
//! which has none; and services say 404 of other things too: a bucket that is not there, an access key
//! that they do not know. Only what is known to be about the object means that there is nothing under its
//! name.

use http::StatusCode;

use crate::{
    bucket::Bucket,
    call::{Action, Call},
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

/// Asks for the bucket, until it was seen once, and returns the failure with what is said of that.
pub(crate) async fn told_apart(bucket: &Bucket, call: &Call, failure: Failure) -> Failure {
    if !bucket.kept.bucket_is_there() {
        // As a listing, since its answer has a document: one that every service knows, of one key.
        let look = Call::new(Action::ListObjects, "")
            .with_query("max-keys", "1")
            .with_query("prefix", call.key.as_str());
        match bucket.send_as_it_is(&look).await {
            Err(other) if tells_why(&failure, &other) => return about(failure, other),
            _ => bucket.kept.bucket_was_seen(),
        }
    }
    match failure.is(StatusCode::NOT_FOUND) {
        true => of_the_object(failure),
        false => failure,
    }
}

/// Whether the answer about the bucket is the reason of the other one. Of a 404, an access key that may
/// not list (403) and a service that cannot (501) tell nothing.
fn tells_why(failure: &Failure, other: &Failure) -> bool {
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
fn about(failure: Failure, other: Failure) -> Failure {
    Failure {
        problem: other.problem,
        ..failure
    }
}

fn of_the_object(mut failure: Failure) -> Failure {
    if let Problem::Refused(refusal) = &mut failure.problem {
        refusal.code = NO_SUCH_KEY.to_owned();
    }
    failure
}
