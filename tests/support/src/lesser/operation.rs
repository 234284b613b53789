//! Which of S3's operations a request asks for.
//!
//! Addresses are path-style, `/BUCKET/KEY`: a port of 127.0.0.1 has no subdomains. Operations that
//! no gap is about are [`Operation::Other`].

use super::target::Target;
use crate::http::Request;

/// An operation of S3's API reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    AbortUpload,
    CompleteUpload,
    CopyObject,
    CreateUpload,
    DeleteObject,
    DeleteObjects,
    GetObject,
    ListObjects,
    ListObjectsV2,
    PutObject,
    UploadPart,
    UploadPartCopy,
    Other,
}

impl Operation {
    fn of(request: &Request, target: &Target) -> Self {
        let copies = request.headers.get("x-amz-copy-source").is_some();
        let has = |parameter| target.get(parameter).is_some();
        let Some(_key) = target.key() else {
            return match request.method.as_str() {
                "POST" if has("delete") => Self::DeleteObjects,
                "GET" if target.get("list-type") == Some("2") => Self::ListObjectsV2,
                "GET" if target.is_listing() => Self::ListObjects,
                _ => Self::Other,
            };
        };
        match request.method.as_str() {
            "PUT" if has("uploadId") && copies => Self::UploadPartCopy,
            "PUT" if has("uploadId") => Self::UploadPart,
            "PUT" if target.is_subresource() => Self::Other,
            "PUT" if copies => Self::CopyObject,
            "PUT" => Self::PutObject,
            "POST" if has("uploads") => Self::CreateUpload,
            "POST" if has("uploadId") => Self::CompleteUpload,
            "DELETE" if has("uploadId") => Self::AbortUpload,
            "DELETE" if !target.is_subresource() => Self::DeleteObject,
            "GET" if !has("uploadId") && !target.is_subresource() => Self::GetObject,
            _ => Self::Other,
        }
    }

    /// Returns whether it writes or deletes an object, so that a condition is one of what was
    /// there.
    pub(crate) fn has_condition(self) -> bool {
        matches!(
            self,
            Self::CompleteUpload | Self::CopyObject | Self::DeleteObject | Self::PutObject
        )
    }
}

/// A request, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    /// What the request's own target is written from, when it is passed on.
    pub(crate) target: Target,
    pub(crate) request: Request,
}

impl Asked {
    pub(crate) fn of(request: Request) -> Self {
        let target = Target::of(&request.target);
        Self {
            operation: Operation::of(&request, &target),
            target,
            request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_operation() {
        for (line, expected) in [
            ("PUT /b/k", Operation::PutObject),
            ("PUT /b/a/k?x-id=PutObject", Operation::PutObject),
            ("COPY /b/k", Operation::CopyObject),
            ("PUT /b/k?partNumber=1&uploadId=7", Operation::UploadPart),
            (
                "COPY /b/k?partNumber=1&uploadId=7",
                Operation::UploadPartCopy,
            ),
            ("PUT /b/k?tagging", Operation::Other),
            ("PUT /b/", Operation::Other),
            ("POST /b/k?uploads", Operation::CreateUpload),
            ("POST /b/k?uploads=", Operation::CreateUpload),
            ("POST /b/k?uploadId=7", Operation::CompleteUpload),
            ("DELETE /b/k?uploadId=7", Operation::AbortUpload),
            ("DELETE /b/k", Operation::DeleteObject),
            ("DELETE /b/k?tagging", Operation::Other),
            ("DELETE /b", Operation::Other),
            ("POST /b?delete", Operation::DeleteObjects),
            ("POST /b/?delete=", Operation::DeleteObjects),
            ("GET /b/k?versionId=1", Operation::GetObject),
            ("GET /b/k?uploadId=7", Operation::Other),
            ("GET /b/k?attributes", Operation::Other),
            ("HEAD /b/k", Operation::Other),
            ("GET /b/?list-type=2&prefix=a", Operation::ListObjectsV2),
            ("GET /b", Operation::ListObjects),
            ("GET /b/?prefix=a&marker=b", Operation::ListObjects),
            ("GET /b?uploads&prefix=a", Operation::Other),
            ("GET /b?location", Operation::Other),
            ("GET /", Operation::Other),
        ] {
            let (method, target) = line.split_once(' ').unwrap();
            let mut request = Request {
                method: method.replace("COPY", "PUT"),
                target: target.into(),
                ..Request::default()
            };
            if method == "COPY" {
                request.headers.add("X-Amz-Copy-Source", "/b/a");
            }

            assert_eq!(Asked::of(request).operation, expected, "{line}");
        }
    }
}
