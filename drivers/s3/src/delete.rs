//! Deletes, one by one or a thousand at once: `DeleteObjects` of S3's API reference.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::{StreamExt, stream};
use http::{HeaderValue, StatusCode};
use storehouse_storage::{Error, ErrorKind, Name, Result};

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    errors::Failure,
    payload::Payload,
    refusal::Refusal,
    xml::{self, Delete, DeleteKey, DeleteResult},
};

/// What one request may delete.
const BATCH: usize = 1000;
const IN_FLIGHT: usize = 4;

/// A name and its key.
pub(crate) type Target = (Name, String);

/// Deletes an object, whether it is there or not.
pub(crate) async fn delete(bucket: &Bucket, key: &str) -> Result<(), Failure> {
    match bucket.send(&Call::new(Action::DeleteObject, key)).await {
        Err(failure)
            if failure.is(StatusCode::NOT_FOUND)
                && failure
                    .refusal()
                    .is_some_and(|refusal| refusal.code != "NoSuchBucket") =>
        {
            Ok(())
        }
        Err(failure) => Err(failure),
        Ok(_) => Ok(()),
    }
}

/// Deletes many objects, and returns those that could not be.
pub(crate) async fn delete_many(bucket: &Arc<Bucket>, targets: Vec<Target>) -> Vec<(Name, Error)> {
    // A document cannot hold such characters.
    let (odd, plain): (Vec<_>, Vec<_>) = targets.into_iter().partition(|(_, key)| {
        key.chars()
            .any(|letter| letter.is_control() || letter > '\u{fffd}' && letter < '\u{10000}')
    });
    let batches: Vec<Vec<Target>> = plain.chunks(BATCH).map(<[_]>::to_vec).collect();
    let batches = stream::iter(batches)
        .map(|batch| delete_batch(bucket, batch))
        .buffer_unordered(IN_FLIGHT)
        .flat_map(stream::iter);
    let singles = stream::iter(odd)
        .map(|(name, key)| async move {
            let failure = delete(bucket, &key).await.err()?;
            Some((name, failure.into()))
        })
        .buffer_unordered(IN_FLIGHT)
        .filter_map(|failure| async move { failure });
    batches.chain(singles).collect().await
}

async fn delete_batch(bucket: &Bucket, batch: Vec<Target>) -> Vec<(Name, Error)> {
    let refused = match request(bucket, &batch).await {
        Ok(refused) => refused,
        Err(error) => return fail_all(batch, &error),
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

async fn request(bucket: &Bucket, batch: &[Target]) -> Result<DeleteResult> {
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
    let digest = HeaderValue::try_from(BASE64_STANDARD.encode(payload.md5()))
        .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))?;
    let call = Call::new(Action::DeleteObjects, "")
        .with_query("delete", "")
        .with_header("content-md5", digest)
        .with_payload(payload);
    bucket.send(&call).await?.document()
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
