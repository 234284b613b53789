//! Saving in parts: `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload` of S3's API
//! reference. Parts are sent side by side, as far as the process's limits allow.
//!
//! An upload's id is bound to its key, so the first free name is looked up before it is begun; the
//! condition at the end guards only against a race. Who loses it aborts and starts again under the
//! next name, if the content can be had twice.

use std::sync::Arc;

use futures::{FutureExt, TryStreamExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header::ETAG};
use storehouse_storage::{Error, ErrorKind, Result, Saved};

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    cuts::{Cuts, PartSizes},
    errors::Failure,
    fresh::{Fresh, Upload, finished},
    gather::{Gathered, gather},
    headers::NONCE,
    limits,
    names::{Names, Object},
    nonce::{Nonce, is_ours, is_taken},
    payload::Payload,
    pieces::Pieces,
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
        if let Some(saved) = begun.end(names, parts, pieces.given()).await? {
            return Ok(saved);
        }
        pieces = pieces.replay().ok_or_else(|| {
            Error::already_exists().with_advice(
                "another save took the name meanwhile, and this content cannot be read twice",
            )
        })?;
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
        let replaces = names.may_replace();
        let object = match replaces {
            true => names.next()?,
            false => names.free().await?,
        };
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

    /// Completes the upload with its parts, or aborts it. `None`: another has the name, and `names`
    /// allows a next one.
    pub(crate) async fn end(
        self,
        names: &mut Names<'_>,
        parts: Result<Vec<CompletedPart>>,
        size: u64,
    ) -> Result<Option<Saved>> {
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                give_up(self.upload, error.kind()).await;
                return Err(error);
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
            End::Made(fresh) => {
                let saved = Saved::new(self.object.name, size);
                return Ok(Some(saved.with_etag(fresh.keep())));
            }
            End::Taken => names.taken()?,
            End::Collided => {}
        }
        Ok(None)
    }
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
        .map_ok(|part| send_part(upload, part))
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

async fn send_part(upload: &Upload, part: Part) -> Result<CompletedPart> {
    // Until the part is sent.
    let _place = part.body.place;
    let payload = Payload::new(part.body.blocks, upload.bucket.digests).await?;
    let call = Call::new(Action::UploadPart, upload.key.as_str())
        .with_query("partNumber", part.number.to_string())
        .with_query("uploadId", upload.id.as_str())
        .with_payload(payload);
    let _turn = limits::request().await;
    let answer = upload.bucket.send(&call).await?;
    call.payload.verify(&answer.headers)?;
    let etag = answer.header(ETAG.as_str()).unwrap_or_default();
    Ok(CompletedPart {
        part_number: part.number,
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
}

impl Completion {
    /// Completes the upload, or aborts it.
    async fn run(self) -> Result<End> {
        let call = self.call()?;
        let (bucket, tasks) = (Arc::clone(&self.upload.bucket), self.upload.tasks.clone());
        let etag = match bucket.send(&call).await {
            Ok(answer) => answer.document::<CompleteMultipartUploadResult>()?.etag,
            Err(failure) => match self.after(&bucket, &failure).await? {
                Some(etag) => etag,
                None => return self.lost(failure).await,
            },
        };
        let fresh = if self.replaces {
            Fresh::kept(etag)
        } else {
            let value = HeaderValue::try_from(&etag).ok();
            Fresh::new(&bucket, &tasks, &call.key, value.as_ref())
        };
        self.upload.close();
        Ok(End::Made(fresh))
    }

    fn call(&self) -> Result<Call> {
        let document = CompleteMultipartUpload {
            parts: self.parts.clone(),
        };
        let document = write(&document)
            .map_err(|error| Error::new(ErrorKind::Other, format!("no request: {error}")))?;
        let call = Call::new(Action::CompleteUpload, self.upload.key.as_str())
            .with_query("uploadId", self.upload.id.as_str())
            .with_payload(Payload::small(document));
        Ok(match self.replaces {
            true => call,
            false => call.with_header("if-none-match", HeaderValue::from_static("*")),
        })
    }

    /// Returns the ETag if an attempt whose answer was lost has made the object after all.
    async fn after(&self, bucket: &Bucket, failure: &Failure) -> Result<Option<String>> {
        if !failure.maybe_done {
            return Ok(None);
        }
        let found: Option<HeaderMap> = is_ours(bucket, &self.upload.key, &self.nonce).await?;
        let etag = found
            .as_ref()
            .and_then(|headers| headers.get(ETAG)?.to_str().ok());
        Ok(etag.map(str::to_owned))
    }

    async fn lost(self, failure: Failure) -> Result<End> {
        let end = match self.replaces {
            false if is_taken(&failure) => Ok(End::Taken),
            false if failure.is(StatusCode::CONFLICT) => Ok(End::Collided),
            _ => Err(Error::from(failure)),
        };
        let kind = end
            .as_ref()
            .err()
            .map_or(ErrorKind::AlreadyExists, Error::kind);
        give_up(self.upload, kind).await;
        end
    }
}

/// Aborts an upload that failed so: at once, or in the background where the service is down, since
/// the caller has waited long enough. That it fails too says nothing new.
async fn give_up(upload: Upload, why: ErrorKind) {
    match why {
        ErrorKind::Unavailable => drop(upload),
        _ => drop(upload.abort().await),
    }
}
