//! Copies inside a bucket, on the service where it keeps the contract: `CopyObject` and
//! `UploadPartCopy` of S3's API reference.
//!
//! | the copy | is made by |
//! |---|---|
//! | replaces its target, and is no larger than one PUT (with the source's own attributes: 5 GiB) | `CopyObject` |
//! | is larger | an upload whose parts are copied, as large as those of a save: the ETag is the same |
//! | must not replace, and is not larger | reading and saving: `CopyObject` has no condition on its target that all services know |

use std::{borrow::Cow, ops::Range};

use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode};
use storehouse_storage::{
    Entry, Error, ErrorKind, Name, OpenOptions, Result, SaveOptions, Saved, Target,
};

use crate::{
    bucket,
    call::{Action, Call},
    cuts::Cuts,
    errors::Failure,
    fresh::Upload,
    headers, limits,
    multipart::Begun,
    names::Names,
    read, upload,
    writer::Writer,
    xml::{CompletedPart, CopyObjectResult, CopyPartResult},
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
    whole(writer, &source, to, &headers).await
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
        return whole(writer, &source, to, &headers).await;
    }
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

/// Copies in one request.
async fn whole(writer: &Writer, source: &Entry, to: &Name, headers: &HeaderMap) -> Result<Saved> {
    let _turn = limits::request().await;
    let call = Call::new(Action::CopyObject, writer.key(to)?)
        .with_headers(headers)
        .with_headers(&of_source(writer, source)?);
    let answer = writer.bucket.send(&call).await.map_err(unless_replaced)?;
    let made: CopyObjectResult = answer.document()?;
    Ok(Saved::new(to.clone(), source.size).with_etag(made.etag))
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
    let headers = of_source(writer, source)?;
    loop {
        let begun = Begun::new(writer, &mut names).await?;
        let parts = copy_parts(&begun.upload, &headers, writer.cuts, source.size).await;
        if let Some(saved) = begun.end(&mut names, parts, source.size).await? {
            return Ok(saved);
        }
    }
}

async fn copy_parts(
    upload: &Upload,
    headers: &HeaderMap,
    cuts: Cuts,
    size: u64,
) -> Result<Vec<CompletedPart>> {
    stream::iter(ranges(cuts, size))
        .map(|(number, range)| copy_part(upload, headers, number, range))
        .buffered(PARTS_IN_FLIGHT)
        .try_collect()
        .await
}

async fn copy_part(
    upload: &Upload,
    headers: &HeaderMap,
    number: u64,
    range: Range<u64>,
) -> Result<CompletedPart> {
    let range = format!("bytes={}-{}", range.start, range.end - 1);
    let call = Call::new(Action::CopyPart, upload.key.as_str())
        .with_query("partNumber", number.to_string())
        .with_query("uploadId", upload.id.as_str())
        .with_headers(headers)
        .with_header("x-amz-copy-source-range", header_value(&range)?);
    let _turn = limits::request().await;
    let answer = upload.bucket.send(&call).await.map_err(unless_replaced)?;
    let made: CopyPartResult = answer.document()?;
    Ok(CompletedPart {
        part_number: number,
        etag: made.etag,
    })
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
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-copy-source", header_value(&path)?);
    if let Some(etag) = &source.etag {
        let value = header_value(&format!("\"{etag}\""))?;
        headers.insert("x-amz-copy-source-if-match", value);
    }
    Ok(headers)
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
