//! A request to the service and its answer, as values. It neither signs nor sends.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use storehouse_storage::{Error, ErrorKind, Result};

use crate::{client::Body, payload::Payload, xml};

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    GetObject,
    HeadObject,
    PutObject,
    CopyObject,
    DeleteObject,
    DeleteObjects,
    ListObjects,
    CreateUpload,
    UploadPart,
    CopyPart,
    CompleteUpload,
    AbortUpload,
}

impl Action {
    pub(crate) fn method(self) -> Method {
        match self {
            Self::GetObject | Self::ListObjects => Method::GET,
            Self::HeadObject => Method::HEAD,
            Self::PutObject | Self::CopyObject | Self::UploadPart | Self::CopyPart => Method::PUT,
            Self::DeleteObject | Self::AbortUpload => Method::DELETE,
            Self::DeleteObjects | Self::CreateUpload | Self::CompleteUpload => Method::POST,
        }
    }

    /// Returns what a policy must allow for it.
    pub(crate) fn permission(self) -> &'static str {
        match self {
            Self::GetObject | Self::HeadObject => "s3:GetObject",
            Self::PutObject | Self::CreateUpload | Self::UploadPart | Self::CompleteUpload => {
                "s3:PutObject"
            }
            Self::CopyObject | Self::CopyPart => "s3:GetObject and s3:PutObject",
            Self::DeleteObject | Self::DeleteObjects => "s3:DeleteObject",
            Self::ListObjects => "s3:ListBucket",
            Self::AbortUpload => "s3:AbortMultipartUpload",
        }
    }
}

/// A request to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) action: Action,
    /// Empty for the bucket itself.
    pub(crate) key: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

impl Call {
    pub(crate) fn new(action: Action, key: impl Into<String>) -> Self {
        Self {
            action,
            key: key.into(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            payload: Payload::empty(),
        }
    }

    pub(crate) fn with_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.headers.extend(headers.clone());
        self
    }

    pub(crate) fn with_payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }
}

/// What came back. The body is whole, except for an object's content.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: AnswerBody,
}

/// An answer's body.
pub(crate) enum AnswerBody {
    Whole(Bytes),
    Coming(Body),
}

impl Answer {
    /// Returns a header as text; what is no ASCII counts as missing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns whether it is a page for people, such as that of a login portal.
    pub(crate) fn is_a_page(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        // Some services say so of nothing at all.
        kind.starts_with("text/html") && !self.is_empty()
    }

    /// Returns whether there is no document.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.body, AnswerBody::Whole(bytes) if bytes.is_empty())
    }

    /// Reads the document in the body.
    pub(crate) fn document<T: xml::Document>(&self) -> Result<T> {
        let bytes = match &self.body {
            AnswerBody::Whole(bytes) => bytes.as_ref(),
            AnswerBody::Coming(_) => &[],
        };
        xml::read(bytes).map_err(|error| nonsense(&error))
    }
}

/// Says that an answer is not one of S3, and why.
pub(crate) fn nonsense(why: &str) -> Error {
    Error::new(
        ErrorKind::Integrity,
        format!("the answer is not one of S3: {why}"),
    )
    .with_advice("is something else behind endpoint_url?")
}
