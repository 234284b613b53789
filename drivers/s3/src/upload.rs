//! Saving: chooses the way, one PUT or parts. Nothing is replaced unless the target says so, at any
//! size: see [`create`](crate::create) for one PUT, and [`multipart`].

use http::header::ETAG;
use storehouse_storage::{Content, Error, Result, SaveOptions, Saved, Target};

use crate::{
    call::{Action, Call},
    create::Create,
    cuts::MAX_OBJECT_BYTES,
    fresh::finished,
    gather::gather_and_look,
    limits::{self, Place},
    multipart,
    names::Names,
    payload::Payload,
    pieces::Pieces,
    stored,
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
    let size = payload.len();
    loop {
        let object = names.next()?;
        let call = Call::new(Action::PutObject, object.key.as_str())
            .with_headers(&object.headers)
            .with_payload(payload.clone());
        if names.may_replace() {
            let etag = replace(writer, &call).await?;
            return Ok(Saved::new(object.name, size).with_etag(etag));
        }
        let create = Create::new(&writer.bucket, &writer.tasks, call)?;
        // It holds the bytes for as long as they are being sent, whoever waits for it.
        let held = place.take();
        let step = async move { Ok((create.run().await?, held)) };
        let (made, held) = finished(&writer.tasks, step).await?;
        place = held;
        match made {
            Some(fresh) => return Ok(fresh.keep(object.name, size)),
            None => names.taken()?,
        }
    }
}

/// Puts an object whatever is there, and returns its ETag.
async fn replace(writer: &Writer, call: &Call) -> Result<Option<String>> {
    let _turn = limits::request().await;
    let answer = writer.bucket.send(call).await?;
    stored::check_object(&writer.bucket, &call.key, &call.payload, &answer.headers).await?;
    Ok(answer.header(ETAG.as_str()).map(str::to_owned))
}
