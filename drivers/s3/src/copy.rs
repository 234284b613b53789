//! Copies inside a bucket, on the service where it keeps the contract: `CopyObject` and
//! `UploadPartCopy` of S3's API reference.
//!
//! | the copy | is made by |
//! |---|---|
//! | replaces its target, and is no larger than one PUT (with the source's own attributes: 5 GiB) | `CopyObject` |
//! | is larger | an upload whose parts are copied, as large as those of a save: the ETag is the same |
//! | must not replace, and is not larger | reading and saving: `CopyObject` has no condition on its target that all services know |
//!
//! A service that has no `CopyObject` or no `UploadPartCopy` is asked once; from then on its contents
//! go through this process, whole or in parts.

use std::{borrow::Cow, ops::Range};

use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode};
use storehouse_storage::{
    ByteRange, Entry, Error, ErrorKind, Name, OpenOptions, Result, SaveOptions, Saved, Target,
};

use crate::{
    bucket,
    call::{Action, Call},
    cuts::Cuts,
    errors::Failure,
    fresh::Upload,
    headers,
    kept::Optional,
    limits::{self, Place},
    multipart::{Begun, Ending, part_call, send_part},
    names::Names,
    payload::Payload,
    read, upload,
    writer::Writer,
    xml::{CompletedPart, CopyResult},
};

/// What `CopyObject` takes.
const MAX_COPY_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Parts of one copy in flight. None of them is in memory here.
const PARTS_IN_FLIGHT: usize = 8;

/// Copies an object with its attributes.
pub(crate) async fn copy(writer: &Writer, from: &Name, target: Target) -> Result<Saved> {
    let Target::Replace(to) = &target else {
        return copy_to_a_free_name(writer, from, target).await;
    };
    let source = read::stat(&writer.bucket, from, &writer.key(from)?).await?;
    if from == to {
        return Ok(Saved::new(source.name, source.size).with_etag(source.etag));
    }
    if source.size > MAX_COPY_BYTES {
        let options = SaveOptions::default().with_attributes(source.attributes.clone());
        return in_parts(writer, &source, target, &options).await;
    }
    let class = source.attributes.storage_class.as_deref();
    let headers = writer.defaults.for_copy(class)?;
    if let Some(saved) = whole(writer, &source, to, &headers).await? {
        return Ok(saved);
    }
    let options = SaveOptions::default().with_attributes(source.attributes.clone());
    through_here(writer, &source, target, &options).await
}

/// Copies an object with other attributes, if it is still the one that was seen.
pub(crate) async fn copy_as(
    writer: &Writer,
    from: &Entry,
    target: Target,
    options: &SaveOptions,
) -> Result<Saved> {
    let mut options = Cow::Borrowed(options);
    let source = match from.etag {
        Some(_) if writer.gzip.is_none() => from.clone(),
        _ => read::stat(&writer.bucket, &from.name, &writer.key(&from.name)?).await?,
    };
    if from.etag.is_some() && source.etag != from.etag {
        return Err(Error::replaced_meanwhile());
    }
    // Whether it was compressed on its way is the storage's affair, which callers do not know.
    if writer.gzip.is_some() && options.attributes.content_encoding.is_none() {
        let encoding = source.attributes.content_encoding.clone();
        options.to_mut().attributes.content_encoding = encoding;
    }
    let options = &*options;
    if source.size > writer.cuts.single_bytes {
        return in_parts(writer, &source, target, options).await;
    }
    if let Target::Replace(to) = &target {
        let headers = headers::in_place_of_the_sources(writer.defaults.for_save(to, options)?);
        if let Some(saved) = whole(writer, &source, to, &headers).await? {
            return Ok(saved);
        }
    }
    through_here(writer, &source, target, options).await
}

/// Reads the source and saves it.
async fn through_here(
    writer: &Writer,
    source: &Entry,
    target: Target,
    options: &SaveOptions,
) -> Result<Saved> {
    let key = writer.key(&source.name)?;
    let reader = read::open(&writer.bucket, &source.name, key, &OpenOptions::default()).await?;
    if reader.entry().etag != source.etag {
        return Err(Error::replaced_meanwhile());
    }
    upload::put(writer, target, reader.into_content(), options).await
}

async fn copy_to_a_free_name(writer: &Writer, from: &Name, target: Target) -> Result<Saved> {
    let key = writer.key(from)?;
    let reader = read::open(&writer.bucket, from, key, &OpenOptions::default()).await?;
    let source = reader.entry();
    let options = SaveOptions::default().with_attributes(source.attributes.clone());
    if source.size > writer.cuts.single_bytes {
        let source = source.clone();
        drop(reader);
        return in_parts(writer, &source, target, &options).await;
    }
    upload::put(writer, target, reader.into_content(), &options).await
}

/// Copies in one request; `None` if the service cannot.
async fn whole(
    writer: &Writer,
    source: &Entry,
    to: &Name,
    headers: &HeaderMap,
) -> Result<Option<Saved>> {
    let kept = &writer.bucket.kept;
    if !kept.has(Optional::CopyObject) {
        return Ok(None);
    }
    let _turn = limits::request().await;
    let call = Call::new(Action::CopyObject, writer.key(to)?)
        .with_headers(headers)
        .with_headers(&of_source(writer, source)?);
    let made: CopyResult = match writer.bucket.send(&call).await {
        Ok(answer) => answer.document()?,
        Err(failure) if failure.is_of_the_kind() => {
            // A 400 may be about this one copy, such as one onto itself.
            if !failure.is(StatusCode::BAD_REQUEST) {
                kept.lacks(Optional::CopyObject);
            }
            return Ok(None);
        }
        Err(failure) => return Err(unless_replaced(failure)),
    };
    let etag = match made.etag {
        Some(etag) => Some(etag),
        None => read::stat(&writer.bucket, to, &call.key).await?.etag,
    };
    Ok(Some(Saved::new(to.clone(), source.size).with_etag(etag)))
}

/// Copies through an upload, whose completion can be conditional.
async fn in_parts(
    writer: &Writer,
    source: &Entry,
    target: Target,
    options: &SaveOptions,
) -> Result<Saved> {
    writer.cuts.check(Some(source.size))?;
    let mut names = Names::new(writer, target, options)?;
    let source = Source {
        key: writer.key(&source.name)?,
        headers: of_source(writer, source)?,
        entry: source,
    };
    loop {
        let begun = Begun::new(writer, &mut names).await?;
        let parts = copy_parts(&begun.upload, &source, writer.cuts).await;
        if let Ending::Saved(saved) = begun.end(&mut names, parts, source.entry.size).await? {
            return Ok(saved);
        }
    }
}

/// What is copied in parts.
struct Source<'a> {
    entry: &'a Entry,
    key: String,
    /// Of the requests that copy a part.
    headers: HeaderMap,
}

async fn copy_parts(
    upload: &Upload,
    source: &Source<'_>,
    cuts: Cuts,
) -> Result<Vec<CompletedPart>> {
    stream::iter(ranges(cuts, source.entry.size))
        .map(|(number, range)| copy_part(upload, source, number, range))
        .buffered(PARTS_IN_FLIGHT)
        .try_collect()
        .await
}

async fn copy_part(
    upload: &Upload,
    source: &Source<'_>,
    number: u64,
    range: Range<u64>,
) -> Result<CompletedPart> {
    let kept = &upload.bucket.kept;
    if kept.has(Optional::CopyPart) {
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let call = part_call(Action::CopyPart, upload, number)
            .with_headers(&source.headers)
            .with_header("x-amz-copy-source-range", header_value(&asked)?);
        let turn = limits::request().await;
        let answer = upload.bucket.send(&call).await;
        drop(turn);
        match answer {
            Ok(answer) => {
                let made: CopyResult = answer.document()?;
                if let Some(etag) = made.etag {
                    let part_number = number;
                    return Ok(CompletedPart { part_number, etag });
                }
                // The upload cannot be completed without the part's ETag, so the part is sent again.
                kept.lacks(Optional::CopyPart);
            }
            Err(failure) if failure.is_of_the_kind() => kept.lacks(Optional::CopyPart),
            Err(failure) => return Err(unless_replaced(failure)),
        }
    }
    let (payload, _place) = read_part(upload, source, range).await?;
    let call = part_call(Action::UploadPart, upload, number).with_payload(payload);
    send_part(upload, call, number).await
}

/// Reads a part of the source into memory, once there is room for it.
async fn read_part(
    upload: &Upload,
    source: &Source<'_>,
    range: Range<u64>,
) -> Result<(Payload, Option<Place>)> {
    let place = limits::memory(range.end - range.start).await;
    let options = OpenOptions::default().with_range(ByteRange::Bounded(range));
    let (name, key) = (&source.entry.name, source.key.clone());
    let reader = read::open(&upload.bucket, name, key, &options).await?;
    if reader.entry().etag != source.entry.etag {
        return Err(Error::replaced_meanwhile());
    }
    let blocks = reader.into_content().try_collect().await?;
    Ok((Payload::new(blocks, upload.bucket.digests).await?, place))
}

/// The numbers and the bytes of all parts, cut as a save cuts them.
fn ranges(cuts: Cuts, size: u64) -> impl Iterator<Item = (u64, Range<u64>)> {
    let sizes = cuts.parts(Some(size));
    let mut start = 0;
    (0..).map_while(move |index| {
        let range = start..size.min(start + sizes.bytes(index));
        start = range.end;
        (!range.is_empty()).then_some((index + 1, range))
    })
}

/// What names the source, and holds the copy to the content that was seen.
fn of_source(writer: &Writer, source: &Entry) -> Result<HeaderMap> {
    let key = bucket::encoded(&writer.key(&source.name)?);
    let path = format!("/{}/{key}", writer.bucket.name);
    let mut made = HeaderMap::new();
    made.insert("x-amz-copy-source", header_value(&path)?);
    if let Some(etag) = &source.etag {
        let condition = headers::etag_condition(etag)?;
        made.insert("x-amz-copy-source-if-match", condition);
    }
    Ok(made)
}

fn header_value(text: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(text)
        .map_err(|_| Error::new(ErrorKind::Other, "a header cannot be made of it"))
}

fn unless_replaced(failure: Failure) -> Error {
    match failure.is(StatusCode::PRECONDITION_FAILED) {
        true => Error::replaced_meanwhile().with_source(failure),
        false => failure.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuts::MIB;

    #[test]
    fn the_parts_of_a_copy_are_those_of_a_save() {
        let usual = Cuts::default();
        let two = Cuts {
            max_parts: 2,
            ..usual
        };
        for (cuts, size, expected) in [
            (
                usual,
                8 * MIB + 1,
                vec![(1, 0..8 * MIB), (2, 8 * MIB..8 * MIB + 1)],
            ),
            (
                usual,
                16 * MIB,
                vec![(1, 0..8 * MIB), (2, 8 * MIB..16 * MIB)],
            ),
            (
                two,
                20 * MIB,
                vec![(1, 0..10 * MIB), (2, 10 * MIB..20 * MIB)],
            ),
        ] {
            let parts: Vec<_> = ranges(cuts, size).collect();

            assert_eq!(parts, expected, "{size}");
        }
        let five_tebibytes = 5 << 40;
        assert!(ranges(usual, five_tebibytes).count() <= 10_000);
        let last = ranges(usual, five_tebibytes).last().unwrap();
        assert_eq!(last.1.end, five_tebibytes);
    }
}
