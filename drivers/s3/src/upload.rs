//! Saving: chooses the way, one PUT or parts. Nothing is replaced unless the target says so, at any
//! size: `If-None-Match: *` on the PUT, or on what completes the parts.

use std::sync::Arc;

use http::{HeaderValue, header::ETAG};
use storehouse_storage::{Content, Error, Result, SaveOptions, Saved, Target};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket,
    call::{Action, Answer, Call},
    cuts::MAX_OBJECT_BYTES,
    fresh::{Fresh, finished},
    gather::gather_and_look,
    headers::NONCE,
    limits::{self, Place},
    multipart,
    names::Names,
    nonce::{Nonce, is_ours, is_taken},
    payload::Payload,
    pieces::Pieces,
    writer::Writer,
};

/// Writes a content to the name that `target` allows.
pub(crate) async fn put(
    writer: &Writer,
    target: Target,
    content: Content,
    options: &SaveOptions,
) -> Result<Saved> {
    if content.length() > Some(MAX_OBJECT_BYTES) {
        return Err(Error::unsupported("an object has at most 5 TiB"));
    }
    let (coding, options) = writer.coding(&target.name(), options)?;
    let mut names = Names::new(writer, target, &options)?;
    let mut pieces = Pieces::new(content, coding);
    let cuts = writer.cuts;
    cuts.check(pieces.length())?;
    let most = cuts.first_bytes(pieces.length());
    let (first, ended) = gather_and_look(&mut pieces, most).await?;
    if !ended || first.len() > cuts.single_bytes {
        return multipart::put(writer, &mut names, pieces, first).await;
    }
    let payload = Payload::new(first.blocks, writer.bucket.digests).await?;
    put_single(writer, &mut names, payload, first.place).await
}

async fn put_single(
    writer: &Writer,
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
            let _turn = limits::request().await;
            let answer = writer.bucket.send(&call).await?;
            payload.verify(&answer.headers)?;
            return Ok(saved(etag(&answer)));
        }
        let nonce = Nonce::new()?;
        let call = call
            .with_header("if-none-match", HeaderValue::from_static("*"))
            .with_header(NONCE, nonce.value());
        let bucket = Arc::clone(&writer.bucket);
        let tasks = writer.tasks.clone();
        // It holds the bytes for as long as they are being sent, whoever waits for it.
        let held = place.take();
        let (made, held) = finished(&writer.tasks, async move {
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
    let turn = limits::request().await;
    let sent = bucket.send(&call).await;
    drop(turn);
    let headers = match sent {
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
    call.payload.verify(&headers)?;
    Ok(Some(fresh))
}

fn etag(answer: &Answer) -> Option<String> {
    answer.header(ETAG.as_str()).map(str::to_owned)
}
