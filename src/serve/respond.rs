//! From a decision to a response: opens what is to be sent, and words what is refused. Every answer of
//! a service is made here.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{self, HeaderName},
};
use storehouse_storage::{Error, ErrorKind, Name, Reader, Result};

use super::{
    Body, Boundary, Decision, Multipart, Outcome, Piece, body::ResponseBody, source::Source,
};

/// What a service answers.
pub(super) type FileResponse = Response<ResponseBody>;

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The bytes of one variant, wherever they are.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// All of them.
    Memory(Bytes),
    /// A file, and the tag that its storage gave it when it was looked at.
    Stored {
        source: Source,
        name: Name,
        etag: Option<String>,
    },
}

/// Why an answer cannot be made.
#[derive(Debug)]
pub(super) enum Failed {
    /// What is there now is something else than what was decided about.
    Changed,
    /// The storage did not answer.
    Storage(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error.kind() {
            // Shorter than it was a moment ago.
            ErrorKind::RangeNotSatisfiable => Self::Changed,
            _ => Self::Storage(error),
        }
    }
}

/// Makes the response that was decided on; `policy` are the service's own header fields.
pub(super) async fn respond(
    decision: &Decision<'_>,
    policy: &HeaderMap,
    content: &Content,
) -> Result<FileResponse, Failed> {
    let mut headers = headers(decision, policy);
    let body = match decision.body() {
        Body::Empty => empty(decision, &mut headers),
        Body::Bytes(range) => content.part(range).await?,
        Body::Parts(parts) => {
            let boundary = boundary();
            headers.insert(header::CONTENT_TYPE, parts.content_type(&boundary));
            content.parts(parts, &boundary)
        }
    };
    Ok(assembled(decision.status(), headers, body))
}

/// Makes the response with all of a file that is open already.
pub(super) fn respond_whole(
    decision: &Decision<'_>,
    policy: &HeaderMap,
    reader: Reader,
) -> FileResponse {
    let range = reader.range();
    let body = ResponseBody::blocks(reader, range.end - range.start);
    assembled(decision.status(), headers(decision, policy), body)
}

fn headers(decision: &Decision<'_>, policy: &HeaderMap) -> HeaderMap {
    let mut headers = decision.headers();
    for (name, value) in policy {
        if belongs(name, &decision.outcome) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

fn assembled(status: StatusCode, mut headers: HeaderMap, body: ResponseBody) -> FileResponse {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Makes an answer that is about no file: an error, or a hint where to look.
pub(super) fn plain(status: StatusCode, method: &Method) -> FileResponse {
    about_no_file(status, words(status), method)
}

fn about_no_file(status: StatusCode, text: &'static str, method: &Method) -> FileResponse {
    let mut headers = HeaderMap::with_capacity(4);
    let body = worded(text, method == Method::HEAD, &mut headers);
    assembled(status, headers, body)
}

/// Makes the answer for what is not there, with a body that says so.
#[must_use]
pub fn not_found(method: &Method) -> Response<ResponseBody> {
    plain(StatusCode::NOT_FOUND, method)
}

/// Makes the answer to a request that names no host, two, or what cannot be one (RFC 9112 section 3.2).
#[cfg(feature = "cli")]
pub(crate) fn no_host(method: &Method) -> Response<ResponseBody> {
    let text = "400 Bad Request: a request names one host, in one Host field\n";
    about_no_file(StatusCode::BAD_REQUEST, text, method)
}

/// Makes the answer to a request that would change what can only be read.
#[cfg(feature = "cli")]
pub(crate) fn read_only(method: &Method) -> Response<ResponseBody> {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, method);
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// Makes the answer for a storage that failed, and logs why: the client learns nothing of it.
pub(super) fn failed(error: &Error, name: &Name, method: &Method) -> FileResponse {
    tracing::error!(name = ?name.as_str(), "cannot be served: {error}");
    let status = match error.kind() {
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    plain(status, method)
}

/// Makes a redirect to `location`.
pub(super) fn redirect(location: HeaderValue, method: &Method) -> FileResponse {
    let mut response = plain(StatusCode::FOUND, method);
    response.headers_mut().insert(header::LOCATION, location);
    response
}

impl Content {
    async fn part(&self, range: Range<u64>) -> Result<ResponseBody, Failed> {
        let length = range.end.saturating_sub(range.start);
        match self {
            Self::Memory(bytes) => slice(bytes, &range)
                .map(ResponseBody::from)
                .ok_or(Failed::Changed),
            // There is no range in an empty file.
            Self::Stored { .. } if length == 0 => Ok(ResponseBody::empty()),
            Self::Stored { source, name, etag } => {
                let blocks = opened(source, name, etag.as_deref(), range).await?;
                Ok(ResponseBody::blocks(blocks, length))
            }
        }
    }

    /// Each part is opened when the one before it is sent.
    fn parts(&self, parts: &Multipart, boundary: &Boundary) -> ResponseBody {
        let length = parts.body_length();
        let pieces: Vec<Piece> = parts.pieces(boundary).collect();
        let content = self.clone();
        let blocks = stream::iter(pieces).then(move |piece| {
            let content = content.clone();
            async move {
                let blocks = match (piece, &content) {
                    (Piece::Text(text), _) => stream::iter([Ok(text)]).boxed(),
                    (Piece::Content(range), Self::Memory(bytes)) => {
                        let part = slice(bytes, &range).ok_or_else(Error::replaced_meanwhile)?;
                        stream::iter([Ok(part)]).boxed()
                    }
                    (Piece::Content(range), Self::Stored { source, name, etag }) => {
                        match opened(source, name, etag.as_deref(), range).await {
                            Ok(reader) => reader.boxed(),
                            Err(Failed::Storage(error)) => return Err(error),
                            Err(Failed::Changed) => return Err(Error::replaced_meanwhile()),
                        }
                    }
                };
                Ok(blocks)
            }
        });
        ResponseBody::blocks(blocks.try_flatten(), length)
    }
}

/// Opens a part of a file, if it still is the file that was decided about.
async fn opened(
    source: &Source,
    name: &Name,
    etag: Option<&str>,
    range: Range<u64>,
) -> Result<Reader, Failed> {
    let reader = source.open(name, Some(range.clone())).await?;
    let reader = reader.ok_or(Failed::Changed)?;
    let is_same = etag.is_none() || reader.entry().etag.as_deref() == etag;
    if !is_same || reader.range() != range {
        return Err(Failed::Changed);
    }
    Ok(reader)
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Option<Bytes> {
    let start = usize::try_from(range.start).ok()?;
    let end = usize::try_from(range.end).ok()?;
    (start <= end && end <= bytes.len()).then(|| bytes.slice(start..end))
}

/// What stands in place of content.
fn empty(decision: &Decision<'_>, headers: &mut HeaderMap) -> ResponseBody {
    match decision.outcome {
        Outcome::MethodNotAllowed | Outcome::PreconditionFailed | Outcome::RangeNotSatisfiable => {
            worded(words(decision.status()), decision.is_head(), headers)
        }
        // To HEAD: the length is that of the GET.
        _ => ResponseBody::empty(),
    }
}

/// The words of an error, for people.
fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "400 Bad Request: the path is not a valid URL path in UTF-8\n",
        StatusCode::FORBIDDEN => "403 Forbidden: this link is not valid, or not any more\n",
        StatusCode::NOT_FOUND => "404 Not Found\n",
        StatusCode::METHOD_NOT_ALLOWED => "405 Method Not Allowed: it can be read, no more\n",
        StatusCode::PRECONDITION_FAILED => {
            "412 Precondition Failed: it is not what was asked for\n"
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            "416 Range Not Satisfiable: it is not as long as that\n"
        }
        StatusCode::SERVICE_UNAVAILABLE => "503 Service Unavailable: the storage does not answer\n",
        StatusCode::INTERNAL_SERVER_ERROR => "500 Internal Server Error: the storage failed\n",
        _ => "",
    }
}

fn worded(text: &'static str, is_head: bool, headers: &mut HeaderMap) -> ResponseBody {
    if !text.is_empty() {
        headers.insert(header::CONTENT_TYPE, TEXT);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    match is_head {
        true => ResponseBody::empty(),
        false => ResponseBody::from(text.as_bytes()),
    }
}

/// A boundary needs to be unlikely in the content, no more: it is no secret.
fn boundary() -> Boundary {
    use std::{
        collections::hash_map::RandomState,
        hash::{BuildHasher, Hasher},
    };
    let mut random = [0; 16];
    for half in random.chunks_exact_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_ne_bytes());
    }
    Boundary::new(random)
}

/// Whether the answer carries the file, or tells of it as if it did.
fn has_content(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Whole | Outcome::Part(_) | Outcome::Parts(_)
    )
}

/// Whether an answer has a field that is the file's.
fn belongs(name: &HeaderName, outcome: &Outcome) -> bool {
    if is_about_content(name) {
        return has_content(outcome);
    }
    // How long a file may be kept says nothing of an error about it. A cache could keep that as long,
    // and give it to the next who asks for the file (RFC 9111 section 3).
    name != header::CACHE_CONTROL || has_content(outcome) || *outcome == Outcome::NotModified
}

/// Fields that tell of content, and have no business where there is none (RFC 9110 section 15.4.5).
fn is_about_content(name: &HeaderName) -> bool {
    name == header::CONTENT_DISPOSITION
        || name == header::CONTENT_ENCODING
        || name == header::CONTENT_LANGUAGE
        || name == header::LINK
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_storage_that_may_answer_later_is_told_from_one_that_failed() {
        let name = Name::new("a.css").unwrap();
        for (kind, status) in [
            (ErrorKind::Unavailable, 503),
            (ErrorKind::Integrity, 500),
            (ErrorKind::Other, 500),
        ] {
            let error = Error::new(kind, "PLANTED");

            let response = failed(&error, &name, &Method::GET);

            assert_eq!(response.status().as_u16(), status, "{kind:?}");
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            assert!(!format!("{head:?}{body:?}").contains("PLANTED"), "{kind:?}");
        }
    }
}
