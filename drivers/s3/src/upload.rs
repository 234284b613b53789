//! Saving: chooses the name and the way, one PUT or parts. Nothing is replaced unless the target
//! says so, at any size: `If-None-Match: *` on the PUT, or on what completes the parts.
//!
//! A condition that fails after an answer was lost may be our own doing. Each object that is created
//! so carries a random nonce in its metadata: if what is there has it, it is ours. The ETag would
//! not do, since two savers of the same content must not both believe that they made the object.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header::ETAG};
use storehouse_storage::{Content, Error, ErrorKind, Name, Result, SaveOptions, Saved, Target};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    call::{Action, Answer, Call},
    errors::Failure,
    fresh::Fresh,
    headers::{self, NONCE},
    limits::{self, Place},
    multipart,
    payload::Payload,
    pieces::{MAX_OBJECT_BYTES, Pieces, SINGLE_BYTES},
    storage::S3Storage,
};

/// No storage has so many clashes with random names; a service that always says "taken" does.
const MAX_CANDIDATES: usize = 100;

/// Writes a content to the name that `target` allows.
pub(crate) async fn put(
    storage: &S3Storage,
    target: Target,
    content: Content,
    options: &SaveOptions,
) -> Result<Saved> {
    if content.length() > Some(MAX_OBJECT_BYTES) {
        return Err(Error::unsupported("an object has at most 5 TiB"));
    }
    let _turn = limits::save().await;
    let mut names = Names::new(storage, target, options)?;
    let mut pieces = Pieces::new(content);
    let first = pieces.length().unwrap_or(SINGLE_BYTES).min(SINGLE_BYTES);
    let mut place = limits::memory(usize::try_from(first).unwrap_or(limits::BYTES)).await;
    let blocks = pieces.take(SINGLE_BYTES).await?;
    if let Some(place) = &mut place {
        limits::keep(place, blocks.iter().map(bytes::Bytes::len).sum());
    }
    if pieces.ended().await? {
        return put_single(storage, &mut names, Payload::new(blocks).await?, place).await;
    }
    multipart::put(storage, &mut names, pieces, (blocks, place)).await
}

async fn put_single(
    storage: &S3Storage,
    names: &mut Names<'_>,
    payload: Payload,
    mut place: Option<Place>,
) -> Result<Saved> {
    loop {
        let object = names.next()?;
        let call = Call::new(Action::PutObject, object.key.as_str())
            .with_headers(&object.headers)
            .with_payload(payload.clone());
        let saved = |etag| Saved::new(object.name.clone(), payload.len()).with_etag(etag);
        if names.may_replace() {
            let answer = storage.bucket.send(&call).await?;
            verify(&payload, &answer.headers)?;
            return Ok(saved(etag(&answer)));
        }
        let nonce = Nonce::new()?;
        let call = call
            .with_header("if-none-match", HeaderValue::from_static("*"))
            .with_header(NONCE, nonce.value());
        let bucket = Arc::clone(&storage.bucket);
        let tasks = storage.tasks.clone();
        // It holds the bytes for as long as they are being sent, whoever waits for it.
        let held = place.take();
        let (made, held) = finished(&storage.tasks, async move {
            Ok((create(&bucket, &tasks, call, &nonce).await?, held))
        })
        .await?;
        place = held;
        match made {
            Some(fresh) => return Ok(saved(fresh.keep())),
            None => names.taken()?,
        }
    }
}

/// Creates an object; `None` if there is one already.
async fn create(
    bucket: &Arc<Bucket>,
    tasks: &TaskTracker,
    call: Call,
    nonce: &Nonce,
) -> Result<Option<Fresh>> {
    let headers = match bucket.send(&call).await {
        Ok(answer) => answer.headers,
        Err(failure) if is_taken(&failure) && !failure.maybe_done => return Ok(None),
        Err(failure) if failure.maybe_done => match is_ours(bucket, &call.key, nonce).await {
            Ok(Some(headers)) => headers,
            Ok(None) if is_taken(&failure) => return Ok(None),
            _ => return Err(failure.into()),
        },
        Err(failure) => return Err(failure.into()),
    };
    let fresh = Fresh::new(bucket, tasks, &call.key, headers.get(ETAG));
    // An error drops `fresh`, which deletes the damaged object.
    verify(&call.payload, &headers)?;
    Ok(Some(fresh))
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

/// Compares the ETag of what was stored with what was sent, where it is an MD5.
pub(crate) fn verify(payload: &Payload, headers: &HeaderMap) -> Result<()> {
    let Some(etag) = headers.get(ETAG).and_then(|etag| etag.to_str().ok()) else {
        return Err(Error::new(
            ErrorKind::Integrity,
            "the answer is not one of S3: it has no ETag",
        )
        .with_advice("is something else behind endpoint_url?"));
    };
    let etag = etag.trim_matches('"');
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_md5
        || !headers::has_md5_etag(headers)
        || etag.eq_ignore_ascii_case(&hex::encode(payload.md5()))
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Integrity,
        "what was stored is not what was sent: the ETag differs",
    )
    .with_retry(true))
}

/// Runs `step` to its end even if the caller is dropped. What it returns cleans up after itself when
/// it is dropped.
pub(crate) async fn finished<T: Send + 'static>(
    tasks: &TaskTracker,
    step: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    tasks.spawn(async move {
        // Nobody waits any more: the result is dropped here.
        drop(sender.send(step.await));
    });
    // The sender is dropped unused only when the runtime is going down.
    let gone = |_| Err(Error::new(ErrorKind::Other, "the program is ending"));
    receiver.await.unwrap_or_else(gone)
}

fn etag(answer: &Answer) -> Option<String> {
    answer.header(ETAG.as_str()).map(str::to_owned)
}

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

/// The names that a save may use, one after the other.
pub(crate) struct Names<'a> {
    storage: &'a S3Storage,
    options: &'a SaveOptions,
    target: Target,
    /// Drawn, and not known to be taken.
    current: Option<Name>,
    tried: usize,
}

/// A name with all that its object gets.
pub(crate) struct Object {
    pub(crate) name: Name,
    pub(crate) key: String,
    pub(crate) headers: HeaderMap,
}

impl<'a> Names<'a> {
    /// Starts with the first name, which must be one that S3 takes.
    fn new(storage: &'a S3Storage, target: Target, options: &'a SaveOptions) -> Result<Self> {
        storage.key(&target.name())?;
        Ok(Self {
            storage,
            options,
            target,
            current: None,
            tried: 0,
        })
    }

    pub(crate) fn may_replace(&self) -> bool {
        matches!(self.target, Target::Replace(_))
    }

    /// Returns the name to try now.
    pub(crate) fn next(&mut self) -> Result<Object> {
        let name = match (&self.current, &mut self.target) {
            (Some(name), _) => name.clone(),
            (None, Target::Create(name) | Target::Replace(name)) => name.clone(),
            (None, Target::FirstFree(candidates)) => candidates.next_name()?,
        };
        self.current = Some(name.clone());
        Ok(Object {
            key: self.storage.key(&name)?,
            headers: self.storage.defaults.for_save(&name, self.options)?,
            name,
        })
    }

    /// Says that the last name is taken.
    pub(crate) fn taken(&mut self) -> Result<()> {
        self.tried += 1;
        self.current = None;
        match self.target {
            Target::FirstFree(_) if self.tried < MAX_CANDIDATES => Ok(()),
            Target::FirstFree(_) => Err(Error::already_exists().with_advice(format!(
                "the service says so of {MAX_CANDIDATES} random names"
            ))),
            _ => Err(Error::already_exists()),
        }
    }

    /// Returns the first name that is free now.
    pub(crate) async fn free(&mut self) -> Result<Object> {
        loop {
            let object = self.next()?;
            let head = Call::new(Action::HeadObject, object.key.as_str());
            match self.storage.bucket.send(&head).await {
                Ok(_) => self.taken()?,
                Err(failure) if failure.is(StatusCode::NOT_FOUND) => return Ok(object),
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}
