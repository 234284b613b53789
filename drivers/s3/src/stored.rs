//! Whether what a service says it has stored is what was sent: compares ETags with MD5s, as far as a
//! service's ETags are MD5s.
//!
//! What is stored is guarded by the signature, which covers the content; this is the second look. It
//! fails a save only where the service's ETags are known to be MD5s.

use http::{HeaderMap, header::ETAG};
use storehouse_storage::{Error, ErrorKind, Result};

use crate::{bucket::Bucket, call::nonsense, headers, payload::Payload};

/// What an ETag tells of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Same,
    /// It has the form of an MD5, and another value.
    Other,
    /// It is of another kind.
    Nothing,
}

/// Looks at the answer to a PUT of a whole object.
///
/// # Errors
/// [`ErrorKind::Integrity`] if the answer has no ETag, or one that tells of another content.
pub(crate) async fn check_object(
    bucket: &Bucket,
    key: &str,
    payload: &Payload,
    headers: &HeaderMap,
) -> Result<()> {
    match (compare(payload, headers)?, bucket.kept.has_md5_etags()) {
        (Told::Same, _) => bucket.kept.etags_are_md5s(),
        (Told::Nothing, _) | (Told::Other, Some(false)) => {}
        (Told::Other, known) => {
            // An answer may be damaged where the object is not.
            let there = bucket.head(key).await?;
            let told = there.as_ref().map(|headers| compare(payload, headers));
            match (told.transpose()?, known) {
                (Some(Told::Same), _) => bucket.kept.etags_are_md5s(),
                (_, Some(true)) => return Err(damaged()),
                (_, _) => bucket.kept.etags_are_no_md5s(),
            }
        }
    }
    Ok(())
}

/// Looks at the answer to a part. The ETag of a part cannot be asked for again.
///
/// # Errors
/// As [`check_object`].
pub(crate) fn check_part(bucket: &Bucket, payload: &Payload, headers: &HeaderMap) -> Result<()> {
    match (compare(payload, headers)?, bucket.kept.has_md5_etags()) {
        (Told::Same, _) => bucket.kept.etags_are_md5s(),
        (Told::Other, Some(true)) => return Err(damaged()),
        (Told::Other, None) => bucket.kept.etags_are_no_md5s(),
        (Told::Other, Some(false)) | (Told::Nothing, _) => {}
    }
    Ok(())
}

fn compare(payload: &Payload, headers: &HeaderMap) -> Result<Told> {
    let Some(etag) = headers.get(ETAG).and_then(|etag| etag.to_str().ok()) else {
        return Err(nonsense("it has no ETag"));
    };
    let etag = etag.trim_start_matches("W/").trim_matches('"');
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(if etag.eq_ignore_ascii_case(&hex::encode(payload.md5())) {
        Told::Same
    } else if is_md5 && headers::has_md5_etag(headers) {
        Told::Other
    } else {
        Told::Nothing
    })
}

fn damaged() -> Error {
    let problem = "what was stored is not what was sent: the ETag differs";
    Error::new(ErrorKind::Integrity, problem).with_retry(true)
}
