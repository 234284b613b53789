//! Copies inside a bucket: `CopyObject` of S3's API reference, where it keeps the contract.
//!
//! It has no condition on the target that all services know, and takes at most 5 GiB. Whatever must
//! not replace anything, and whatever is larger, is read and saved.

use http::HeaderValue;
use storehouse_storage::{
    Entry, Error, ErrorKind, Name, OpenOptions, Result, SaveOptions, Saved, Storage, Target,
};

use crate::{
    bucket,
    call::{Action, Call},
    storage::S3Storage,
    xml::CopyObjectResult,
};

const MAX_COPY_BYTES: u64 = 5 * 1024 * 1024 * 1024;
const COPY_SOURCE: &str = "x-amz-copy-source";
const STORAGE_CLASS: &str = "x-amz-storage-class";

/// Copies an object with its attributes.
pub(crate) async fn copy(storage: &S3Storage, from: &Name, target: Target) -> Result<Saved> {
    let Target::Replace(to) = &target else {
        return read_and_save(storage, from, target).await;
    };
    let source = storage.stat(from).await?;
    if from == to {
        return Ok(Saved::new(source.name, source.size).with_etag(source.etag));
    }
    if source.size > MAX_COPY_BYTES {
        return read_and_save(storage, from, target).await;
    }
    on_the_service(storage, from, to, &source).await
}

async fn on_the_service(
    storage: &S3Storage,
    from: &Name,
    to: &Name,
    source: &Entry,
) -> Result<Saved> {
    let unusual = |_| Error::new(ErrorKind::Other, "a header cannot be made");
    let path = format!(
        "/{}/{}",
        storage.bucket.name,
        bucket::encoded(&storage.key(from)?)
    );
    let mut call = Call::new(Action::CopyObject, storage.key(to)?)
        .with_headers(&storage.defaults.for_copy())
        .with_header(COPY_SOURCE, HeaderValue::try_from(path).map_err(unusual)?);
    if let Some(class) = &source.attributes.storage_class {
        // Not copied by itself.
        call = call.with_header(
            STORAGE_CLASS,
            HeaderValue::try_from(class).map_err(unusual)?,
        );
    }
    if let Some(etag) = &source.etag {
        // So that the size told is the size copied.
        let value = HeaderValue::try_from(format!("\"{etag}\"")).map_err(unusual)?;
        call = call.with_header("x-amz-copy-source-if-match", value);
    }
    let answer = storage.bucket.send(&call).await?;
    let made: CopyObjectResult = answer.document()?;
    Ok(Saved::new(to.clone(), source.size).with_etag(made.etag))
}

async fn read_and_save(storage: &S3Storage, from: &Name, target: Target) -> Result<Saved> {
    let reader = storage.open(from, &OpenOptions::default()).await?;
    let options = SaveOptions::default().with_attributes(reader.entry().attributes.clone());
    storage.put(target, reader.into_content(), &options).await
}
