//! Deletes, one by one or a thousand at once: `DeleteObjects` of S3's API reference. A service that
//! has no batches is asked for one once, and then for each object.

use std::{collections::HashMap, sync::Arc};

use futures::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header::ETAG};
use storehouse_storage::{Error, ErrorKind, Name, Result, Saved};

use crate::{
    bucket::Bucket,
    call::{Action, Call, nonsense},
    errors::{Failure, Problem},
    headers,
    kept::Optional,
    nonce::Nonce,
    payload::Payload,
    refusal::Refusal,
    turns::turn,
    xml::{self, Delete, DeleteKey, DeleteResult},
};

/// What one request may delete.
const BATCH: usize = 1000;
const BATCHES_IN_FLIGHT: usize = 4;
/// Where each object is a request.
const DELETES_IN_FLIGHT: usize = 16;

/// A name and its key.
pub(crate) type Target = (Name, String);

/// Deletes an object, whether it is there or not.
pub(crate) async fn delete(bucket: &Bucket, key: &str) -> Result<(), Failure> {
    send(bucket, &Call::new(Action::DeleteObject, key)).await
}

/// Deletes an object if it is still the one with this ETag, as far as the service can tell; else
/// whatever is there, since the caller has just looked.
pub(crate) async fn delete_version(
    bucket: &Bucket,
    key: &str,
    etag: Option<&HeaderValue>,
) -> Result<(), Failure> {
    let etag = etag.filter(|_| bucket.kept.has(Optional::DeleteIfMatch));
    let Some(etag) = etag.and_then(|etag| headers::etag_condition(etag.to_str().ok()?).ok()) else {
        return delete(bucket, key).await;
    };
    let call = Call::new(Action::DeleteObject, key).with_header("if-match", etag);
    match send(bucket, &call).await {
        // Another save has replaced the object.
        Err(failure) if failure.is(StatusCode::PRECONDITION_FAILED) => Ok(()),
        Err(failure) if failure.is_of_the_kind() => {
            bucket.kept.lacks(Optional::DeleteIfMatch);
            delete(bucket, key).await
        }
        answer => answer,
    }
}

/// Deletes what a save has made, if it is still there: known by the mark of a create, and by the ETag
/// of a replacement, which has none.
pub(crate) async fn take_back(bucket: &Bucket, key: &str, saved: &Saved) -> Result<()> {
    // No other save of this process comes between the look and the delete.
    let _turn = turn(&bucket.url, key).await;
    let Some(headers) = bucket.head(key).await? else {
        return Ok(());
    };
    let etag = headers.get(ETAG);
    let is_ours = match saved.mark.as_deref().and_then(Nonce::of_mark) {
        Some(nonce) => nonce.is_in(&headers),
        None => {
            let there = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
            saved.etag.is_some()
                && Saved::new(saved.name.clone(), 0).with_etag(there).etag == saved.etag
        }
    };
    match is_ours {
        true => Ok(delete_version(bucket, key, etag).await?),
        false => Ok(()),
    }
}

async fn send(bucket: &Bucket, call: &Call) -> Result<(), Failure> {
    match bucket.send(call).await {
        Err(failure) if failure.is_nothing() => Ok(()),
        Err(failure) => Err(failure),
        Ok(answer) if answer.is_a_page() => Err(Failure {
            action: call.action,
            problem: Problem::Nonsense(nonsense("it is a page in HTML")),
            attempts: 1,
            maybe_done: false,
        }),
        Ok(_) => Ok(()),
    }
}

/// Deletes many objects, and returns those that could not be.
pub(crate) async fn delete_many(bucket: &Arc<Bucket>, targets: Vec<Target>) -> Vec<(Name, Error)> {
    // One needs no document, and a document cannot hold every character.
    let alone = targets.len() == 1;
    let (plain, odd): (Vec<_>, Vec<_>) = targets
        .into_iter()
        .partition(|(_, key)| !alone && fits_into_a_document(key));
    let batches: Vec<Vec<Target>> = plain.chunks(BATCH).map(<[_]>::to_vec).collect();
    let batches = stream::iter(batches)
        .map(|batch| delete_batch(bucket, batch))
        .buffer_unordered(BATCHES_IN_FLIGHT)
        .flat_map(stream::iter);
    batches
        .chain(stream::once(delete_each(bucket, odd)).flat_map(stream::iter))
        .collect()
        .await
}

fn fits_into_a_document(key: &str) -> bool {
    !key.chars()
        .any(|letter| letter.is_control() || letter > '\u{fffd}' && letter < '\u{10000}')
}

/// Deletes with a request for each.
async fn delete_each(bucket: &Bucket, targets: Vec<Target>) -> Vec<(Name, Error)> {
    stream::iter(targets)
        .map(|(name, key)| async move {
            let failure = delete(bucket, &key).await.err()?;
            Some((name, failure.into()))
        })
        .buffer_unordered(DELETES_IN_FLIGHT)
        .filter_map(|failure| async move { failure })
        .collect()
        .await
}

async fn delete_batch(bucket: &Bucket, batch: Vec<Target>) -> Vec<(Name, Error)> {
    if !bucket.kept.has(Optional::DeleteObjects) {
        return delete_each(bucket, batch).await;
    }
    let refused = match request(bucket, &batch).await {
        Ok(refused) => refused,
        Err(Refused::Kind) => {
            bucket.kept.lacks(Optional::DeleteObjects);
            return delete_each(bucket, batch).await;
        }
        Err(Refused::Failed(error)) => return fail_all(batch, &error),
    };
    let mut names: HashMap<String, Name> =
        batch.into_iter().map(|(name, key)| (key, name)).collect();
    let mut failures = Vec::new();
    for object in refused
        .errors
        .iter()
        .filter(|object| object.code != "NoSuchKey")
    {
        let error = Refusal::of_code(&object.code, &object.message).error(Action::DeleteObjects);
        match names.remove(&object.key) {
            Some(name) => failures.push((name, error)),
            None => {
                // Some object of the batch is still there, and it cannot be told which.
                let rest = names.drain().map(|(key, name)| (name, key)).collect();
                failures.extend(fail_all(rest, &error));
            }
        }
    }
    failures
}

/// Why a batch was not deleted.
enum Refused {
    /// The service has no batches.
    Kind,
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

async fn request(bucket: &Bucket, batch: &[Target]) -> Result<DeleteResult, Refused> {
    let objects = batch.iter().map(|(_, key)| DeleteKey { key: key.clone() });
    let document = xml::write(&Delete {
        quiet: true,
        objects: objects.collect(),
    });
    let document = document.map_err(|error| {
        Error::new(ErrorKind::Other, format!("no request can be made: {error}"))
    })?;
    let payload = Payload::small(document);
    // S3 demands it here, though the signature covers the body.
    let digest = payload.md5_header()?;
    let call = Call::new(Action::DeleteObjects, "")
        .with_query("delete", "")
        .with_header("content-md5", digest)
        .with_payload(payload);
    match bucket.send(&call).await {
        // Nothing could not be deleted, which some services say with no document at all.
        Ok(answer) if answer.is_empty() => Ok(DeleteResult::default()),
        Ok(answer) => Ok(answer.document()?),
        Err(failure) if failure.is_of_the_kind() => Err(Refused::Kind),
        Err(failure) => Err(Error::from(failure).into()),
    }
}

fn fail_all(batch: Vec<Target>, error: &Error) -> Vec<(Name, Error)> {
    let again = || {
        let copy = Error::new(error.kind(), error.problem()).with_retry(error.retry_may_help());
        match error.advice() {
            Some(advice) => copy.with_advice(advice),
            None => copy,
        }
    };
    batch.into_iter().map(|(name, _)| (name, again())).collect()
}
