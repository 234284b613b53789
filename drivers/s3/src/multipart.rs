//! Saving in parts: `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload` of S3's API
//! reference. Parts are sent side by side, as far as the process's limits allow.
//!
//! An upload's id is bound to its key, so the first free name is looked up before it is begun; the
//! condition at the end guards only against a race. Who loses it aborts and starts again under the
//! next name, if the content can be had twice. The same holds for an upload that the service has lost:
//! some services throw all uploads of a key away when one of them is completed.
//!
//! A service may keep the condition on PUT and ignore it here, and no answer tells so. So unless the
//! service is known to keep it, the driver looks once more right before it completes the upload, in the
//! turn of the key, and sends the condition too.

use std::sync::Arc;

use futures::{FutureExt, TryStreamExt, future::BoxFuture, stream};
use http::{
    HeaderValue, StatusCode,
    header::{ETAG, IF_NONE_MATCH},
};
use storehouse_storage::{Error, ErrorKind, Result, Saved};

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    create::{advised, conditional, find_out_beside},
    cuts::{Cuts, PartSizes},
    errors::Failure,
    fresh::{Fresh, Upload, finished},
    gather::{Gathered, gather},
    headers::NONCE,
    kept::{Condition, Step},
    limits,
    names::{Names, Object},
    nonce::{Nonce, is_taken},
    payload::Payload,
    pieces::Pieces,
    stored,
    turns::turn,
    writer::Writer,
    xml::{
        CompleteMultipartUpload, CompleteMultipartUploadResult, CompletedPart,
        InitiateMultipartUploadResult, write,
    },
};

/// Parts of one save in flight: as many as the usual size lets into memory.
const PARTS_IN_FLIGHT: usize = 4;

/// Writes a content that is too large for one PUT.
pub(crate) async fn put(
    writer: &Writer,
    names: &mut Names<'_>,
    mut pieces: Pieces,
    first: Gathered,
) -> Result<Saved> {
    let mut first = Some(first);
    loop {
        let begun = Begun::new(writer, names).await?;
        let parts = send_parts(&begun.upload, writer.cuts, &mut pieces, first.take()).await;
        let missed = match begun.end(names, parts, pieces.given()).await? {
            Ending::Saved(saved) => return Ok(saved),
            Ending::Missed(missed) => missed,
        };
        pieces = pieces.replay().ok_or_else(|| missed.error())?;
    }
}

/// How an upload ended.
pub(crate) enum Ending {
    Saved(Saved),
    /// It is over, and can be begun again.
    Missed(Missed),
}

/// Why an upload made no object.
pub(crate) enum Missed {
    /// Another has the name, or had it for a moment.
    Name,
    /// The service lost the upload.
    Upload(Error),
}

impl Missed {
    /// Returns the error for a content that cannot be read twice.
    fn error(self) -> Error {
        match self {
            Self::Name => Error::already_exists().with_advice(
                "another save took the name meanwhile, and this content cannot be read twice",
            ),
            Self::Upload(error) => error,
        }
    }
}

/// An upload under one of the names that a save may use.
pub(crate) struct Begun {
    pub(crate) upload: Upload,
    object: Object,
    nonce: Nonce,
    replaces: bool,
}

impl Begun {
    /// Begins an upload under the next name. It runs to its end even if the save is dropped, so that
    /// its id is known.
    pub(crate) async fn new(writer: &Writer, names: &mut Names<'_>) -> Result<Self> {
        let condition = writer.bucket.kept.condition(Step::Completion);
        let replaces = names.may_replace() || condition == Condition::Off;
        let object = match replaces {
            true => names.next()?,
            false => names.free().await?,
        };
        if !replaces {
            find_out(writer, &object.key).await?;
        }
        let nonce = Nonce::new()?;
        let call = Call::new(Action::CreateUpload, object.key.as_str())
            .with_query("uploads", "")
            .with_headers(&object.headers)
            .with_header(NONCE, nonce.value());
        let bucket = Arc::clone(&writer.bucket);
        let tasks = writer.tasks.clone();
        let upload = finished(&writer.tasks, async move {
            let begun: InitiateMultipartUploadResult = bucket.send(&call).await?.document()?;
            Ok(Upload::new(&bucket, &tasks, &call.key, begun.upload_id))
        });
        Ok(Self {
            upload: upload.await?,
            object,
            nonce,
            replaces,
        })
    }

    /// Completes the upload with its parts, or aborts it. If it missed, `names` allows another try.
    pub(crate) async fn end(
        self,
        names: &mut Names<'_>,
        parts: Result<Vec<CompletedPart>>,
        size: u64,
    ) -> Result<Ending> {
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                give_up(self.upload, error.kind()).await;
                let gone = is_upload_gone(&error) && names.again();
                return match gone {
                    true => Ok(Ending::Missed(Missed::Upload(error))),
                    false => Err(error),
                };
            }
        };
        let tasks = self.upload.tasks.clone();
        let completion = Completion {
            upload: self.upload,
            parts,
            nonce: self.nonce,
            replaces: self.replaces,
        };
        match finished(&tasks, completion.run()).await? {
            End::Made(fresh) => Ok(Ending::Saved(fresh.keep(self.object.name, size))),
            End::Taken => {
                names.taken()?;
                Ok(Ending::Missed(Missed::Name))
            }
            End::Collided => Ok(Ending::Missed(Missed::Name)),
            End::Gone(error) if names.again() => Ok(Ending::Missed(Missed::Upload(error))),
            End::Gone(error) => Err(error),
        }
    }
}

/// Finds out what the service keeps on PUT before the first upload, so that the user is told, and what is
/// given up is cleaned up. An upload looks before it is completed in any case, so a failure is none of its.
///
/// It runs to its end even if the save is dropped, so that its object is deleted again.
async fn find_out(writer: &Writer, key: &str) -> Result<()> {
    if writer.bucket.kept.condition(Step::Put) != Condition::Unknown {
        return Ok(());
    }
    let (bucket, key) = (Arc::clone(&writer.bucket), key.to_owned());
    let finding_out = async move {
        let finding = bucket.kept.finding();
        if finding.is_some()
            && let Err(failure) = find_out_beside(&bucket, &key).await
        {
            tracing::debug!(%failure, "what the service keeps is not known");
        }
        Ok(())
    };
    finished(&writer.tasks, finding_out).await
}

/// Whether a request failed because its upload is gone.
fn is_upload_gone(error: &Error) -> bool {
    let cause = std::error::Error::source(error);
    cause
        .and_then(|cause| cause.downcast_ref::<Failure>())
        .is_some_and(Failure::is_upload_gone)
}

/// Sends all parts. It is boxed, since the compiler does not see by itself that it may change threads.
fn send_parts<'a>(
    upload: &'a Upload,
    cuts: Cuts,
    pieces: &'a mut Pieces,
    first: Option<Gathered>,
) -> BoxFuture<'a, Result<Vec<CompletedPart>>> {
    let parts = Parts {
        cuts,
        sizes: cuts.parts(pieces.length()),
        pieces,
        first,
        index: 0,
    };
    let parts = stream::try_unfold(parts, async |mut parts: Parts<'a>| {
        Ok::<_, Error>(parts.next().await?.map(|part| (part, parts)))
    });
    parts
        .map_ok(|part| digest_and_send(upload, part))
        .try_buffered(PARTS_IN_FLIGHT)
        .try_collect()
        .boxed()
}

/// A content on its way into parts.
struct Parts<'a> {
    pieces: &'a mut Pieces,
    /// What was read to decide that it is sent in parts.
    first: Option<Gathered>,
    cuts: Cuts,
    sizes: PartSizes,
    index: u64,
}

/// A part to be sent.
struct Part {
    number: u64,
    body: Gathered,
}

impl Parts<'_> {
    /// Reads the next part, once there is room for it.
    async fn next(&mut self) -> Result<Option<Part>> {
        self.first = self.first.take().filter(|first| first.len() > 0);
        if self.index == self.cuts.max_parts {
            return match self.first.is_none() && self.pieces.ended().await? {
                true => Ok(None),
                false => Err(self.cuts.too_long()),
            };
        }
        let most = self.sizes.bytes(self.index);
        let body = match &mut self.first {
            Some(first) => first.cut(most),
            None => gather(self.pieces, most).await?,
        };
        self.index += 1;
        Ok((!body.blocks.is_empty()).then_some(Part {
            number: self.index,
            body,
        }))
    }
}

/// Prepares a request about a part of an upload; parts are counted from 1.
pub(crate) fn part_call(action: Action, upload: &Upload, number: u64) -> Call {
    Call::new(action, upload.key.as_str())
        .with_query("partNumber", number.to_string())
        .with_query("uploadId", upload.id.as_str())
}

async fn digest_and_send(upload: &Upload, part: Part) -> Result<CompletedPart> {
    // Until the part is sent.
    let _place = part.body.place;
    let payload = Payload::new(part.body.blocks, upload.bucket.digests).await?;
    let call = part_call(Action::UploadPart, upload, part.number).with_payload(payload);
    send_part(upload, call, part.number).await
}

/// Sends a part.
pub(crate) async fn send_part(upload: &Upload, call: Call, number: u64) -> Result<CompletedPart> {
    let _turn = limits::request().await;
    let answer = upload.bucket.send(&call).await?;
    stored::check_part(&upload.bucket, &call.payload, &answer.headers)?;
    let etag = answer.header(ETAG.as_str()).unwrap_or_default();
    Ok(CompletedPart {
        part_number: number,
        etag: etag.to_owned(),
    })
}

/// The last step of an upload.
struct Completion {
    upload: Upload,
    parts: Vec<CompletedPart>,
    nonce: Nonce,
    replaces: bool,
}

/// How an upload ended.
enum End {
    Made(Fresh),
    /// Another object has the name.
    Taken,
    /// Another writer was there at the same moment; whether it has the name is not said.
    Collided,
    /// The service does not know the upload any more.
    Gone(Error),
}

impl Completion {
    /// Completes the upload, or aborts it.
    async fn run(self) -> Result<End> {
        let plain = completion(&self.upload, self.parts.clone())?;
        if self.replaces {
            return self.send(&plain, None).await;
        }
        let bucket = Arc::clone(&self.upload.bucket);
        let condition = bucket.kept.condition(Step::Completion);
        if condition == Condition::Kept {
            return self.send(&conditional(&plain), None).await;
        }
        let _turn = turn(&bucket.url, &self.upload.key).await;
        match bucket.head(&self.upload.key).await {
            Ok(None) => {}
            Ok(Some(headers)) if !self.nonce.is_in(&headers) => {
                give_up(self.upload, ErrorKind::AlreadyExists).await;
                return Ok(End::Taken);
            }
            Ok(Some(_)) => {}
            Err(failure) => {
                let error = Error::from(failure);
                give_up(self.upload, error.kind()).await;
                return Err(error);
            }
        }
        match condition {
            Condition::Refused => self.send(&plain, None).await,
            _ => self.send(&conditional(&plain), Some(&plain)).await,
        }
    }

    /// Sends the request that completes the upload; if its condition is refused, `without` it.
    async fn send(self, call: &Call, without: Option<&Call>) -> Result<End> {
        let bucket = Arc::clone(&self.upload.bucket);
        let etag = match bucket.send(call).await {
            Ok(answer) => answer.document::<CompleteMultipartUploadResult>()?.etag,
            Err(failure) => match (self.after(&bucket, &failure).await?, without) {
                (Some(etag), _) => Some(etag),
                (None, Some(plain)) if failure.is_of_the_kind() => {
                    let end = Box::pin(self.send(plain, None)).await?;
                    if matches!(end, End::Made(_)) {
                        bucket.kept.found(Step::Completion, Condition::Refused);
                    }
                    return Ok(end);
                }
                (None, _) => {
                    let conditional = call.headers.contains_key(IF_NONE_MATCH);
                    return self.lost(failure, conditional).await;
                }
            },
        };
        let value = etag.and_then(|etag| HeaderValue::try_from(etag).ok());
        let (tasks, key) = (&self.upload.tasks, &self.upload.key);
        let fresh = Fresh::new(&bucket, tasks, key, &self.nonce, value.as_ref());
        let fresh = match self.replaces {
            true => fresh.replacing(),
            false => fresh,
        };
        self.upload.close();
        Ok(End::Made(fresh))
    }

    /// Returns the ETag if an attempt whose answer was lost has made the object after all.
    async fn after(&self, bucket: &Bucket, failure: &Failure) -> Result<Option<String>> {
        if !failure.maybe_done {
            return Ok(None);
        }
        let found = self.nonce.is_on(bucket, &self.upload.key).await?;
        let etag = found
            .as_ref()
            .and_then(|headers| headers.get(ETAG)?.to_str().ok());
        Ok(etag.map(str::to_owned))
    }

    async fn lost(self, failure: Failure, conditional: bool) -> Result<End> {
        if failure.is_upload_gone() {
            self.upload.close();
            return Ok(End::Gone(failure.into()));
        }
        let end = if conditional && is_taken(&failure) {
            let kept = &self.upload.bucket.kept;
            kept.found(Step::Completion, Condition::Kept);
            Ok(End::Taken)
        } else if conditional && failure.is(StatusCode::CONFLICT) {
            Ok(End::Collided)
        } else if conditional {
            Err(advised(&self.upload.bucket, failure, Step::Completion))
        } else {
            Err(Error::from(failure))
        };
        let kind = end
            .as_ref()
            .err()
            .map_or(ErrorKind::AlreadyExists, Error::kind);
        give_up(self.upload, kind).await;
        end
    }
}

/// Prepares the request that completes an upload, without a condition.
pub(crate) fn completion(upload: &Upload, parts: Vec<CompletedPart>) -> Result<Call> {
    let document = write(&CompleteMultipartUpload { parts })
        .map_err(|error| Error::new(ErrorKind::Other, format!("no request: {error}")))?;
    Ok(Call::new(Action::CompleteUpload, upload.key.as_str())
        .with_query("uploadId", upload.id.as_str())
        .with_payload(Payload::small(document)))
}

/// Aborts an upload that failed so: at once, or in the background where the service is down, since
/// the caller has waited long enough. That it fails too says nothing new.
async fn give_up(upload: Upload, why: ErrorKind) {
    match why {
        ErrorKind::Unavailable => drop(upload),
        _ => drop(upload.abort().await),
    }
}
