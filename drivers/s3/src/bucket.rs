//! Requests to one bucket: signed, sent, and sent again where that may help. It knows how S3 is
//! spoken to, not what a storage promises.
//!
//! Requests are made here and not by object_store's `AmazonS3`, of which only the signature, the
//! sources of credentials and signed URLs are used. Its completion of an upload cannot be
//! conditional, its paths cannot hold every name, its errors lose the service's code, and it does
//! not say whether an answer was lost on the way: see the README.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Request, Response, StatusCode,
    header::{AUTHORIZATION, ETAG, RETRY_AFTER},
};
use object_store::{aws::AwsAuthorizer, client::HttpRequestBody};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use storehouse_storage::{Error, ErrorKind, Result};

use crate::{
    call::{Action, Answer, AnswerBody, Call, nonsense},
    client::{self, Body, Client},
    credentials::Credentials,
    errors::{Attempt, Failure, Problem},
    kept::Kept,
    list_version::ListVersion,
    missing,
    payload::{Digests, Payload},
    refusal::Refusal,
    retry::Retry,
    xml,
};

/// All but the characters that RFC 3986 calls unreserved, as the signature wants it.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const STRICT_PATH: &AsciiSet = &STRICT.remove(b'/');
const TOKEN: &str = "x-amz-security-token";
/// A page of a listing with 1,000 of the longest keys, each byte of them as `%XX`, has about 4 MiB.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
/// An error document has some hundred bytes; what is longer is not read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// One bucket, and how to reach it.
pub(crate) struct Bucket {
    pub(crate) client: Client,
    /// Without a slash at its end, the bucket in the host or in the path.
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) region: String,
    /// `None` where requests are not signed.
    pub(crate) credentials: Option<Arc<Credentials>>,
    /// Of contents. What S3 asks for in documents is always signed whole.
    pub(crate) digests: Digests,
    pub(crate) list_version: ListVersion,
    /// How long a request may be sent again and again.
    pub(crate) retry_timeout: Duration,
    /// What the service keeps of S3.
    pub(crate) kept: Kept,
}

impl Bucket {
    /// Makes a request, again and again where that may help. A 404 that does not say what is missing
    /// means the object only if the bucket is there: see [`missing`](crate::missing).
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        match self.send_as_it_is(call).await {
            Err(failure) if missing::is_unclear(&failure) => {
                Err(self.told_apart(call, failure).await)
            }
            answer => answer,
        }
    }

    /// Asks for the bucket, until it was seen once, and returns the failure with what is said of that.
    async fn told_apart(&self, call: &Call, failure: Failure) -> Failure {
        if !self.kept.bucket_is_there() {
            // As a listing, since its answer has a document: one that every service knows, of one key.
            let look = Call::new(Action::ListObjects, "")
                .with_query("max-keys", "1")
                .with_query("prefix", call.key.as_str());
            match self.send_as_it_is(&look).await {
                Err(other) if missing::tells_why(&failure, &other) => {
                    return missing::about(failure, other);
                }
                _ => self.kept.bucket_was_seen(),
            }
        }
        match failure.is(StatusCode::NOT_FOUND) {
            true => missing::of_the_object(failure),
            false => failure,
        }
    }

    /// Returns the headers of an object; `None` if there is none.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<HeaderMap>, Failure> {
        match self.send(&Call::new(Action::HeadObject, key)).await {
            // Every object has one; the page of a login portal has none.
            Ok(answer) if !answer.headers.contains_key(ETAG) => Err(Failure {
                action: Action::HeadObject,
                problem: Problem::Nonsense(nonsense("it has no ETag")),
                attempts: 1,
                maybe_done: false,
            }),
            Ok(answer) => Ok(Some(answer.headers)),
            Err(failure) if failure.is_nothing() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes a request, again and again where that may help, and looks at nothing else.
    pub(crate) async fn send_as_it_is(&self, call: &Call) -> Result<Answer, Failure> {
        let mut retry = Retry::new(self.retry_timeout);
        loop {
            let attempt = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(attempt) => attempt,
            };
            let Some(pause) = retry.pause(call.action, &attempt) else {
                return Err(Failure {
                    action: call.action,
                    problem: attempt.problem,
                    attempts: retry.attempts(),
                    maybe_done: retry.maybe_done(),
                });
            };
            tracing::debug!(
                action = ?call.action,
                problem = %attempt.problem,
                pause = ?pause,
                "sending an S3 request again"
            );
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns the URL of a key, or of the bucket for an empty one.
    fn url_of(&self, key: &str, query: &[(&'static str, String)]) -> String {
        let mut url = self.url.clone();
        url.push('/');
        url.push_str(&encoded(key));
        let mut before = '?';
        for (name, value) in query {
            url.push(before);
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, STRICT));
            before = '&';
        }
        url
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Attempt> {
        let request = self.signed(call).await.map_err(Problem::Unsent)?;
        let (head, body) = self
            .client
            .send(request)
            .await
            .map_err(Problem::Transport)?
            .into_parts();
        self.kept.note_answer(&head.headers);
        if !head.status.is_success() {
            return Err(refusal(Response::from_parts(head, body)).await);
        }
        let body = if call.action == Action::GetObject {
            AnswerBody::Coming(body)
        } else {
            let bytes = client::whole(body, MAX_DOCUMENT_BYTES)
                .await
                .map_err(Problem::Transport)?;
            if xml::is_error(&bytes) {
                let refusal = Refusal::late(&head.headers, &bytes);
                return Err(Problem::Refused(Box::new(refusal)).into());
            }
            AnswerBody::Whole(bytes)
        };
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// Makes the request, signed as of now if it is to be signed.
    async fn signed(&self, call: &Call) -> Result<Request<Payload>> {
        let url = self.url_of(&call.key, &call.query);
        let mut request = Request::new(HttpRequestBody::empty());
        *request.method_mut() = call.action.method();
        *request.uri_mut() = url
            .parse()
            .map_err(|error| Error::configuration(format!("{url} is no URL: {error}")))?;
        *request.headers_mut() = call.headers.clone();
        if call.payload.sha256().is_none() {
            // What the signature does not guard, the service compares with this.
            request
                .headers_mut()
                .insert("content-md5", call.payload.md5_header()?);
        }
        let Some(credentials) = &self.credentials else {
            return Ok(request.map(|_| call.payload.clone()));
        };
        let credential = credentials.get().await?;
        let sha256 = call.payload.sha256().map(<[u8; 32]>::as_slice);
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .with_sign_payload(sha256.is_some())
            .try_authorize(&mut request, sha256)
            .map_err(|error| Error::new(ErrorKind::Other, format!("no signature: {error}")))?;
        // So that no layer below writes them into a log.
        for name in [AUTHORIZATION, HeaderName::from_static(TOKEN)] {
            if let Some(value) = request.headers_mut().get_mut(name) {
                value.set_sensitive(true);
            }
        }
        Ok(request.map(|_| call.payload.clone()))
    }
}

/// Writes a key as the path of a URL.
pub(crate) fn encoded(key: &str) -> String {
    utf8_percent_encode(key, STRICT_PATH).to_string()
}

async fn refusal(answer: Response<Body>) -> Attempt {
    let (head, body) = answer.into_parts();
    let retry_after = head
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body = match client::whole(body, MAX_ERROR_BYTES).await {
        Ok(body) => body,
        // The status is what counts; without its document it says less.
        Err(_) => Bytes::new(),
    };
    let refusal = Refusal::new(head.status, &head.headers, &body);
    Attempt {
        problem: Problem::Refused(Box::new(refusal)),
        retry_after,
    }
}
