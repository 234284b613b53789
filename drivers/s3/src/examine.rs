//! Tries on the service what the promises of a storage rest on, with objects of its own: what
//! `storehouse check --deploy` asks for.

use std::sync::Arc;

use http::HeaderValue;
use storehouse_storage::{
    Content, Error, ErrorKind, Limitation, Name, Result, SaveOptions, Target,
};

use crate::{
    bucket,
    call::{Action, Call},
    create::conditional,
    delete,
    fresh::Upload,
    kept::{Condition, Optional, Step},
    multipart::{completion, part_call, send_part},
    nonce::{Nonce, is_taken},
    payload::Payload,
    upload,
    writer::Writer,
    xml::{CompletedPart, CopyResult, InitiateMultipartUploadResult},
};

const TEXT: &str = "written by storehouse check --deploy; safe to delete";
/// What is copied as a part: S3 takes no smaller one that is not the last, and Garage none at all.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// Tries the conditions of creates, unless the storage replaces (`exclusive` is false), copies of
/// parts and deletes of many, and returns all that the service was found to lack.
pub(crate) async fn examine(writer: &Writer, exclusive: bool) -> Result<Vec<Limitation>> {
    let mark = Nonce::new()?.mark().unwrap_or_default();
    let name = Name::new(format!("storehouse-check-{mark}.txt"))?;
    let other = Name::new(format!("storehouse-check-{mark}.bin"))?;
    let _examination = writer.bucket.kept.examination();
    let tried = try_all(writer, &name, &other, exclusive).await;
    // Deleted whatever came before.
    let targets = vec![
        (name.clone(), writer.key(&name)?),
        (other.clone(), writer.key(&other)?),
    ];
    let deleted = delete::delete_many(&writer.bucket, targets).await;
    tried?;
    match deleted.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(writer.bucket.kept.said()),
    }
}

async fn try_all(writer: &Writer, name: &Name, other: &Name, exclusive: bool) -> Result<()> {
    let kept = &writer.bucket.kept;
    if exclusive {
        put(writer, Target::Create(name.clone()), TEXT).await?;
        match put(writer, Target::Create(name.clone()), TEXT).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) if kept.condition(Step::Put) == Condition::Off => kept.are_not_guarded(),
            Ok(()) => return Err(ignored_on_trust()),
        }
    } else {
        put(writer, Target::Replace(name.clone()), TEXT).await?;
    }
    put(writer, Target::Replace(other.clone()), vec![0; PART_BYTES]).await?;
    try_upload(writer, &writer.key(name)?, &writer.key(other)?, exclusive).await
}

async fn put(writer: &Writer, target: Target, content: impl Into<Content>) -> Result<()> {
    let options = SaveOptions::default();
    upload::put(writer, target, content.into(), &options).await?;
    Ok(())
}

/// A service that was not trusted is known by now, so the second create was refused or looked first.
fn ignored_on_trust() -> Error {
    let problem = "the service ignores If-None-Match, so with exclusive_create = \"condition\" a save \
                   replaces what is there";
    Error::configuration(problem).with_advice("set exclusive_create to \"auto\" or \"look\"")
}

/// Completes an upload of one part, a copy of `source`, in place of the object that is there.
async fn try_upload(writer: &Writer, key: &str, source: &str, exclusive: bool) -> Result<()> {
    let bucket = &writer.bucket;
    let begin = Call::new(Action::CreateUpload, key).with_query("uploads", "");
    let begun: InitiateMultipartUploadResult = bucket.send(&begin).await?.document()?;
    // Dropped, it is aborted.
    let upload = Upload::new(bucket, &writer.tasks, key, begun.upload_id);
    let part = match copied_part(&upload, source).await? {
        Some(part) => part,
        None => {
            let call = part_call(Action::UploadPart, &upload, 1).with_payload(Payload::small(TEXT));
            send_part(&upload, call, 1).await?
        }
    };
    let call = completion(&upload, vec![part])?;
    let known = bucket.kept.condition(Step::Completion);
    if exclusive && matches!(known, Condition::Unknown | Condition::Kept) {
        let found = match bucket.send(&conditional(&call)).await {
            Ok(_) => Condition::Ignored,
            Err(failure) if is_taken(&failure) => Condition::Kept,
            Err(failure) if failure.is_of_the_kind() => Condition::Refused,
            Err(failure) => return Err(failure.into()),
        };
        bucket.kept.found(Step::Completion, found);
        if found == Condition::Ignored {
            upload.close();
            return Ok(());
        }
    }
    if exclusive {
        return Ok(upload.abort().await?);
    }
    bucket.send(&call).await?;
    upload.close();
    Ok(())
}

/// Copies an object as the first part; `None` if the service cannot.
async fn copied_part(upload: &Upload, source: &str) -> Result<Option<CompletedPart>> {
    let bucket: &Arc<_> = &upload.bucket;
    let source = format!("/{}/{}", bucket.name, bucket::encoded(source));
    let source = HeaderValue::try_from(source)
        .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))?;
    let range = format!("bytes=0-{}", PART_BYTES - 1);
    let range = HeaderValue::try_from(range)
        .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))?;
    let call = part_call(Action::CopyPart, upload, 1)
        .with_header("x-amz-copy-source", source)
        .with_header("x-amz-copy-source-range", range);
    let etag = match bucket.send(&call).await {
        Ok(answer) => answer.document::<CopyResult>()?.etag,
        Err(failure) if failure.is_of_the_kind() => None,
        Err(failure) => return Err(failure.into()),
    };
    if etag.is_none() {
        bucket.kept.lacks(Optional::CopyPart);
    }
    Ok(etag.map(|etag| CompletedPart {
        part_number: 1,
        etag,
    }))
}
