//! Creates an object under a name that must be free, by one PUT: with `If-None-Match: *` where the
//! service keeps the condition, and by a look before the write where it does not.
//!
//! | the condition is | a create |
//! |---|---|
//! | kept | sends it |
//! | ignored | looks, then sends it all the same |
//! | refused | looks, then writes |
//! | not known yet | looks, sends it, and sends the same bytes to the same name again: 412 tells that it is kept; 200 that it is ignored, and has changed nothing |
//!
//! A save that looks has the turn of its key, so two saves of this process never meet. An access key that
//! may write and not read (403) cannot look; the driver then finds out with an object of its own, under a
//! random name.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header::ETAG};
use storehouse_storage::{Error, ErrorKind, Result};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    delete,
    errors::Failure,
    fresh::Fresh,
    headers::NONCE,
    kept::{Condition, Step},
    limits,
    nonce::{Nonce, is_taken},
    payload::Payload,
    stored,
    turns::turn,
};

/// A PUT to a name that must be free.
pub(crate) struct Create {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) tasks: TaskTracker,
    /// Without a condition.
    call: Call,
    nonce: Nonce,
}

impl Create {
    /// Prepares the PUT `call`, which carries a nonce from now on.
    pub(crate) fn new(bucket: &Arc<Bucket>, tasks: &TaskTracker, call: Call) -> Result<Self> {
        let nonce = Nonce::new()?;
        Ok(Self {
            bucket: Arc::clone(bucket),
            tasks: tasks.clone(),
            call: call.with_header(NONCE, nonce.value()),
            nonce,
        })
    }

    /// Creates the object; `None` if there is one already.
    pub(crate) async fn run(self) -> Result<Option<Fresh>> {
        let Some(headers) = self.make().await? else {
            return Ok(None);
        };
        let fresh = Fresh::new(
            &self.bucket,
            &self.tasks,
            &self.call.key,
            &self.nonce,
            headers.get(ETAG),
        );
        // An error drops `fresh`, which takes the damaged object away.
        stored::check_object(&self.bucket, &self.call.key, &self.call.payload, &headers).await?;
        Ok(Some(fresh))
    }

    /// Makes the object and returns the headers of the answer.
    async fn make(&self) -> Result<Option<HeaderMap>> {
        match self.bucket.kept.condition(Step::Put) {
            Condition::Off => Ok(Some(self.send(&self.call).await?)),
            Condition::Kept => self.send_if_free().await,
            Condition::Refused => self.look_then_send(&self.call).await,
            Condition::Ignored => self.look_then_send(&conditional(&self.call)).await,
            Condition::Unknown => self.find_out().await,
        }
    }

    /// Sends the PUT with its condition, which the service keeps.
    async fn send_if_free(&self) -> Result<Option<HeaderMap>> {
        let made = self.create(&conditional(&self.call)).await;
        made.map_err(|failure| advised(&self.bucket, failure, Step::Put))
    }

    async fn look_then_send(&self, call: &Call) -> Result<Option<HeaderMap>> {
        let _turn = turn(&self.bucket.url, &call.key).await;
        if self.is_taken().await? {
            return Ok(None);
        }
        Ok(self.create(call).await?)
    }

    /// Creates the object, and finds out by it what the service keeps. Of several saves at the same time
    /// one finds out, and the others do not wait for it.
    async fn find_out(&self) -> Result<Option<HeaderMap>> {
        let _turn = turn(&self.bucket.url, &self.call.key).await;
        match self.is_taken().await {
            Ok(false) => {}
            Ok(true) => return Ok(None),
            Err(failure) if failure.is(StatusCode::FORBIDDEN) => {
                return self.send_without_a_look(failure).await;
            }
            Err(failure) => return Err(failure.into()),
        }
        let kept = &self.bucket.kept;
        let finding = kept.finding();
        let call = conditional(&self.call);
        match self.create(&call).await {
            Ok(Some(headers)) => {
                if finding.is_some()
                    && let Some(found) = is_kept(&self.bucket, &call).await
                {
                    kept.found(Step::Put, found);
                }
                Ok(Some(headers))
            }
            // Another process was here between the look and the write.
            Ok(None) => {
                kept.found(Step::Put, Condition::Kept);
                Ok(None)
            }
            Err(failure) if failure.is_of_the_kind() => {
                let made = self.create(&self.call).await?;
                kept.found(Step::Put, Condition::Refused);
                Ok(made)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Creates the object for an access key that may not look whether its name is free.
    ///
    /// # Errors
    /// Why it may not look, if the condition is not kept: there is no safe way then.
    async fn send_without_a_look(&self, no_look: Failure) -> Result<Option<HeaderMap>> {
        if find_out_beside(&self.bucket, &self.call.key).await? == Some(Condition::Kept) {
            return self.send_if_free().await;
        }
        Err(Error::from(no_look).with_advice(
            "a service that keeps no If-None-Match needs a look whether a name is taken: allow \
             s3:GetObject and s3:ListBucket",
        ))
    }

    /// Sends a create; `None` if another object has the name.
    async fn create(&self, call: &Call) -> Result<Option<HeaderMap>, Failure> {
        match self.send(call).await {
            Ok(headers) => Ok(Some(headers)),
            Err(failure) if is_taken(&failure) && !failure.maybe_done => Ok(None),
            Err(failure) if failure.maybe_done => {
                match self.nonce.is_on(&self.bucket, &call.key).await {
                    Ok(Some(headers)) => Ok(Some(headers)),
                    Ok(None) if is_taken(&failure) => Ok(None),
                    _ => Err(failure),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    async fn send(&self, call: &Call) -> Result<HeaderMap, Failure> {
        send(&self.bucket, call).await
    }

    async fn is_taken(&self) -> Result<bool, Failure> {
        Ok(self.bucket.head(&self.call.key).await?.is_some())
    }
}

/// Finds out what the service keeps with an object of its own, under a random name beside `key`: for
/// what has no first PUT to find it out by. `None` if no answer tells.
///
/// # Errors
/// Why the object could not be made.
pub(crate) async fn find_out_beside(
    bucket: &Bucket,
    key: &str,
) -> Result<Option<Condition>, Failure> {
    let folder = &key[..key.rfind('/').map_or(0, |slash| slash + 1)];
    let own = format!("{folder}storehouse-check-{:016x}.txt", random());
    let text = Payload::small("made to see what this service keeps; safe to delete");
    let plain = Call::new(Action::PutObject, own.as_str()).with_payload(text);
    let call = conditional(&plain);
    let found = match send(bucket, &call).await {
        Ok(_) => is_kept(bucket, &call).await,
        Err(failure) if failure.is_of_the_kind() => {
            send(bucket, &plain).await?;
            Some(Condition::Refused)
        }
        Err(failure) => return Err(failure),
    };
    if let Err(failure) = delete::delete(bucket, &own).await {
        tracing::warn!(key = own, %failure, "an object that was made to see what the service keeps stays");
    }
    if let Some(condition) = found {
        bucket.kept.found(Step::Put, condition);
    }
    Ok(found)
}

/// Without random numbers the number of the process tells two names apart.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}

/// Sends again what is there already, and returns what that tells. Twice before the condition counts as
/// ignored: the object may be deleted meanwhile.
async fn is_kept(bucket: &Bucket, call: &Call) -> Option<Condition> {
    for _ in 0..2 {
        match send(bucket, call).await {
            Ok(_) => {}
            Err(failure) if is_taken(&failure) => return Some(Condition::Kept),
            Err(_) => return None,
        }
    }
    Some(Condition::Ignored)
}

async fn send(bucket: &Bucket, call: &Call) -> Result<HeaderMap, Failure> {
    let _turn = limits::request().await;
    Ok(bucket.send(call).await?.headers)
}

/// Adds the condition that nothing is there.
pub(crate) fn conditional(call: &Call) -> Call {
    call.clone()
        .with_header("if-none-match", HeaderValue::from_static("*"))
}

/// Says what to set where a service may refuse a condition that the user says it keeps.
pub(crate) fn advised(bucket: &Bucket, failure: Failure, step: Step) -> Error {
    if !failure.is_of_the_kind() || !bucket.kept.is_on_trust() {
        return failure.into();
    }
    let when = match step {
        Step::Put => "on PUT",
        Step::Completion => "when an upload in parts is completed",
    };
    let said = Error::from(failure);
    let problem = format!(
        "the service refuses a request with If-None-Match {when}: {}",
        said.problem()
    );
    Error::new(ErrorKind::Unsupported, problem)
        .with_advice("set exclusive_create to \"look\", or leave it out to have it found out")
        .with_source(said)
}
