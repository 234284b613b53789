//! An answer that says no: what it means in the contract's terms, and what can be done about it.
//!
//! Codes are those of the API reference of Amazon S3, "Error responses", and of MinIO where it has
//! its own. The service's own text is shown beside ours, unless it says the same; the rest of its
//! document, which may repeat the signature, never is.

use http::{
    HeaderMap, Method, StatusCode,
    header::{DATE, SERVER},
};
use storehouse_storage::{Error, ErrorKind};

use crate::{call::Action, xml};

/// The code that says that there is no object.
pub(crate) const NO_SUCH_KEY: &str = "NoSuchKey";

/// What the service said.
#[derive(Debug, Default, thiserror::Error)]
#[error("status {status}, code {code:?}")]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    message: String,
    request_id: String,
    region: String,
    date: String,
    /// The server calls itself MinIO.
    is_minio: bool,
}

/// What to do about a code.
#[derive(Clone, Copy)]
enum Advice {
    Nothing,
    Say(&'static str),
    /// The permission that the request needs.
    Permission,
    /// The region that the service names.
    Region,
    /// The service's clock.
    Clock,
}

/// The codes that a user can do something about, or that have a kind of their own.
const CODES: &[(&[&str], ErrorKind, &str, Advice)] = &[
    (
        &[NO_SUCH_KEY, "NoSuchVersion"],
        ErrorKind::NotFound,
        "there is nothing under this name",
        Advice::Nothing,
    ),
    (
        &["NoSuchBucket"],
        ErrorKind::Configuration,
        "the bucket does not exist",
        Advice::Say("create it, or correct bucket_name"),
    ),
    (
        &["InvalidBucketName"],
        ErrorKind::Configuration,
        "the service does not take the bucket's name",
        Advice::Say("correct bucket_name"),
    ),
    (
        &["AccessDenied", "AllAccessDisabled"],
        ErrorKind::PermissionDenied,
        "access denied",
        Advice::Permission,
    ),
    (
        // versitygw's of an access key that it does not know.
        &["InvalidAccessKeyId", "XAdminUserNotFound"],
        ErrorKind::PermissionDenied,
        "the service does not know the access key",
        Advice::Say("check access_key, and that it is one of this service"),
    ),
    (
        &["SignatureDoesNotMatch"],
        ErrorKind::PermissionDenied,
        "the signature is wrong",
        Advice::Say("check secret_key; a proxy that changes requests breaks signatures too"),
    ),
    (
        &["ExpiredToken", "InvalidToken", "TokenRefreshRequired"],
        ErrorKind::PermissionDenied,
        "the session token is not valid any more",
        Advice::Say("renew the credentials"),
    ),
    (
        &["RequestTimeTooSkewed"],
        ErrorKind::PermissionDenied,
        "the clocks differ too much",
        Advice::Clock,
    ),
    (
        &[
            "PermanentRedirect",
            "TemporaryRedirect",
            "Redirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ],
        ErrorKind::Configuration,
        "the bucket is in another region",
        Advice::Region,
    ),
    (
        &["AccessControlListNotSupported"],
        ErrorKind::Configuration,
        "the bucket takes no ACLs",
        Advice::Say("remove default_acl; a bucket policy makes objects public"),
    ),
    (
        &["KeyTooLongError", "XMinioInvalidObjectName"],
        ErrorKind::InvalidName,
        "the service does not take this name",
        Advice::Say("services that keep objects as files take 255 bytes between two slashes"),
    ),
    (
        // MinIO's, and versitygw's.
        &["XMinioParentIsObject", "ObjectParentIsFile"],
        ErrorKind::NotADirectory,
        "a folder of the name is an object here",
        Advice::Nothing,
    ),
    (
        &["XMinioObjectExistsAsDirectory", "ExistingObjectIsDirectory"],
        ErrorKind::IsADirectory,
        "the name is a folder here",
        Advice::Nothing,
    ),
    (
        &["NoSuchUpload"],
        ErrorKind::Unavailable,
        "the service has lost the upload",
        Advice::Say("trying again may help; does a lifecycle rule end uploads early?"),
    ),
    (
        &[
            "QuotaExceeded",
            "XMinioStorageFull",
            "XMinioAdminBucketQuotaExceeded",
        ],
        ErrorKind::StorageFull,
        "the storage is full",
        Advice::Nothing,
    ),
    (
        &["InternalError", "SlowDown", "ServiceUnavailable"],
        ErrorKind::Unavailable,
        "the service is not able to answer",
        Advice::Say("trying again later may help"),
    ),
    (
        &["BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"],
        ErrorKind::Integrity,
        "the content was damaged on its way",
        Advice::Say("trying again may help"),
    ),
];

impl Refusal {
    /// Reads one out of an answer that is no success.
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let document: xml::ErrorDocument = xml::read(body).unwrap_or_default();
        let header = |name| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        // A HEAD has no document; MinIO has a header for it.
        let or_header = |value: String, name| match value.as_str() {
            "" => header(name),
            _ => value,
        };
        Self {
            status,
            code: or_header(document.code, "x-minio-error-code"),
            message: document.message,
            request_id: or_header(document.request_id, "x-amz-request-id"),
            region: or_header(document.region, "x-amz-bucket-region"),
            date: header(DATE.as_str()),
            is_minio: header(SERVER.as_str()) == "MinIO",
        }
    }

    /// Returns whether this may be MinIO's answer to a write below a folder that it removes at that
    /// moment, because the last other object of it was deleted: `AccessDenied`, which it is not.
    ///
    /// Its `renameAll` and `mkdirAll` (`cmd/os-reliable.go`, 2026-02-12) make that of the system's
    /// "not a directory". MinIO is no longer maintained, so this stays as long as MinIO is in use.
    pub(crate) fn may_be_minios_race(&self) -> bool {
        self.is_minio && self.status == StatusCode::FORBIDDEN && self.code == "AccessDenied"
    }

    /// Reads one out of an answer that began as a success: asked for long work, S3 says 200 at once.
    pub(crate) fn late(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut refusal = Self::new(StatusCode::OK, headers, body);
        refusal.status = match refusal.code.as_str() {
            "PreconditionFailed" => StatusCode::PRECONDITION_FAILED,
            "ConditionalRequestConflict" => StatusCode::CONFLICT,
            "NoSuchUpload" | "NoSuchKey" => StatusCode::NOT_FOUND,
            "InternalError" | "SlowDown" | "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        refusal
    }

    /// Means one object of many, of which there is only a code and a text.
    pub(crate) fn of_code(code: &str, message: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.to_owned(),
            message: message.to_owned(),
            ..Self::default()
        }
    }

    /// Returns what it means for the caller.
    pub(crate) fn error(&self, action: Action) -> Error {
        let row = CODES
            .iter()
            .find(|(codes, ..)| codes.contains(&self.code.as_str()));
        let Some((_, kind, problem, advice)) = row else {
            return self.by_status(action);
        };
        let problem = match kind {
            // Each service has words for it, and none says more.
            ErrorKind::NotFound => format!("{problem} ({})", self.shown()),
            _ => self.worded(problem),
        };
        let error = Error::new(*kind, problem);
        match self.advice(*advice, action) {
            Some(advice) => error.with_advice(advice),
            None => error,
        }
    }

    fn advice(&self, advice: Advice, action: Action) -> Option<String> {
        match advice {
            Advice::Nothing => None,
            Advice::Say(text) => Some(text.to_owned()),
            Advice::Permission if action.method() == Method::HEAD => Some(format!(
                "the key needs {}; without s3:ListBucket this is also the answer for an object that \
                 is not there",
                action.permission()
            )),
            Advice::Permission => Some(format!("the key needs {}", action.permission())),
            Advice::Region if self.region.is_empty() => {
                Some("check region_name and endpoint_url; redirects are not followed".to_owned())
            }
            Advice::Region => Some(format!(
                "set region_name to {:?}",
                printable(&self.region, 32)
            )),
            Advice::Clock => Some(format!(
                "set this machine's clock; the service's says {:?}",
                printable(&self.date, 40)
            )),
        }
    }

    fn by_status(&self, action: Action) -> Error {
        let (kind, problem, advice) = match self.status.as_u16() {
            // About an object it would have a code by now.
            404 if self.code.is_empty() => (
                ErrorKind::Configuration,
                "there is no bucket at this address",
                Advice::Say("check endpoint_url and bucket_name"),
            ),
            300..=399 => (
                ErrorKind::Configuration,
                "the answer is a redirect",
                Advice::Region,
            ),
            401 | 403 => (
                ErrorKind::PermissionDenied,
                "access denied",
                Advice::Permission,
            ),
            416 => (
                ErrorKind::RangeNotSatisfiable,
                "the range is outside the content",
                Advice::Nothing,
            ),
            501 => (
                ErrorKind::Unsupported,
                "the service cannot do this",
                Advice::Nothing,
            ),
            507 => (
                ErrorKind::StorageFull,
                "the storage is full",
                Advice::Nothing,
            ),
            408 | 429 | 500.. => (
                ErrorKind::Unavailable,
                "the service is not able to answer",
                Advice::Say("trying again later may help"),
            ),
            _ => (ErrorKind::Other, "the service refused it", Advice::Nothing),
        };
        let error = Error::new(kind, self.worded(problem));
        match self.advice(advice, action) {
            Some(advice) => error.with_advice(advice),
            None => error,
        }
    }

    /// Adds the service's own words to ours, unless they are the same.
    fn worded(&self, problem: &str) -> String {
        let message = printable(&self.message, 200);
        let message = message.trim().trim_end_matches('.');
        if message.is_empty() || letters(message) == letters(problem) {
            return format!("{problem} ({})", self.shown());
        }
        format!("{problem}: {message} ({})", self.shown())
    }

    /// Returns whether it says that there is no object.
    pub(crate) fn is_nothing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
            && matches!(self.code.as_str(), NO_SUCH_KEY | "NoSuchVersion")
    }

    /// Returns whether it may be about the kind of request: 501, 405, or a 400 whose code is none of
    /// those that say what is wrong with this one.
    pub(crate) fn is_of_the_kind(&self) -> bool {
        match self.status {
            StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED => true,
            StatusCode::BAD_REQUEST => {
                self.code != "RequestTimeout"
                    && !CODES
                        .iter()
                        .any(|(codes, ..)| codes.contains(&self.code.as_str()))
            }
            _ => false,
        }
    }

    /// How it is named in a message: code or status, and the id that the service's support asks for.
    fn shown(&self) -> String {
        let code = match self.code.as_str() {
            "" => format!("status {}", self.status.as_u16()),
            code => printable(code, 64),
        };
        match self.request_id.as_str() {
            "" => code,
            id => format!("{code}, request {}", printable(id, 64)),
        }
    }
}

/// What two texts are compared by.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A server's text, short and on one line: it may be anything.
fn printable(text: &str, most: usize) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(most)
        .collect()
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
