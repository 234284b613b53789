//! What a service may lack, or do in its own way.
//!
//! Each gap names a service that was seen or is reported to be so, to tell what it stands for.
//! Services change: a gap is not what that service does today.

use std::time::Duration;

use super::etags::Etags;
use crate::http::Response;

/// The one thing that a [`LesserS3`](crate::LesserS3) does not do as MinIO does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// `If-None-Match` and `If-Match` of writes are dropped in silence: the object that was there
    /// is lost, and the answer is a success. Reads keep their conditions. Garage 2.5 and s3rver;
    /// MinIO too, on DELETE.
    ConditionIgnored,
    /// The same, but only where an upload is completed; a single PUT keeps its condition. moto 5
    /// looks in one step and writes in another, so one of two writers can lose its object too.
    ConditionIgnoredAtCompletion,
    /// A write with `If-None-Match` or `If-Match` is refused. Backblaze B2, with
    /// [`Refusal::NotImplemented`].
    ConditionRefused(Refusal),
    /// The same, but only where an upload is completed: after all of its content was taken.
    ConditionRefusedAtCompletion(Refusal),
    /// `DeleteObjects` is refused. Google's S3-compatible address by either refusal; Alibaba OSS
    /// and NetApp ONTAP refuse the form of it that others take.
    NoBatchDelete(Refusal),
    /// `CopyObject` is refused with 501. No service is known to do so. The gap stands for small
    /// services, which answer 501 to each call that they do not have.
    NoCopy,
    /// `UploadPartCopy` is refused with 501, `CopyObject` is not: the service cannot copy more than
    /// 5 GiB. Google, Storj, Mega and s3rver lack it.
    NoPartCopy,
    /// ETags are others than MinIO's, in answers and in requests.
    Etags(Etags),
    /// `list-type=2` is refused; listings of version 1 are answered. A service from before 2016;
    /// Ceph RGW, IBM COS and Tencent COS are asked by version 1 in rclone.
    ListV2Refused(Refusal),
    /// `list-type=2` is not known: `continuation-token` and `start-after` are ignored with it, and
    /// the answer is one of version 1. A client that reads it as one of version 2 finds no token, and
    /// stops after one page.
    ListV2Ignored,
    /// `encoding-type=url` is not known: keys come as they are, and no `EncodingType` tells
    /// otherwise. versitygw 1.8.
    NoEncodingType,
    /// `CreateMultipartUpload` is answered by an `InitiateMultipartUpload` instead of an
    /// `InitiateMultipartUploadResult`. rclone's `serve s3` 1.76.
    UploadRoot,
    /// `CopyObjectResult` has no `ETag`. rclone's `serve s3` 1.76.
    CopyWithoutEtag,
    /// `UploadPartCopy` is answered by a `CopyObjectResult` instead of a `CopyPartResult`.
    /// S3Proxy 4.1.
    PartCopyRoot,
    /// A HEAD of what is not there is answered 404, and no header says what is missing: the object
    /// or the bucket. All services but MinIO.
    HeadlessNotFound,
    /// Nothing but 404 `XAdminUserNotFound` is answered: "The specified user does not exist."
    /// versitygw 1.8, to a key that it does not know.
    UnknownKey,
    /// Each request waits so long before it is passed on. A bucket on another continent.
    Slow(Duration),
    /// Each upload is aborted when it is to be completed, and 404 `NoSuchUpload` is answered.
    /// Garage 2.5 does so to the slower of two uploads to one key; a bucket whose lifecycle rule
    /// aborts uploads too early does so to any.
    NoUpload,
    /// The same, but only for the first upload to each key: a second one is completed.
    NoFirstUpload,
}

/// How a service says that it does not take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// 501 `NotImplemented`, which is what S3's list of errors has for it.
    NotImplemented,
    /// 400 `InvalidArgument`, which is the answer to other mistakes too.
    InvalidArgument,
}

impl Refusal {
    /// Returns the status code.
    ///
    /// ```
    /// use storehouse_test_support::Refusal;
    ///
    /// assert_eq!(Refusal::NotImplemented.status(), 501);
    /// ```
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NotImplemented => 501,
            Self::InvalidArgument => 400,
        }
    }

    /// Returns the answer.
    pub(crate) fn answer(self) -> Response {
        let (code, message) = match self {
            Self::NotImplemented => (
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
            ),
            Self::InvalidArgument => ("InvalidArgument", "Invalid argument"),
        };
        error(self.status(), code, message)
    }
}

/// Returns an answer as S3 gives it when a request fails.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Response {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Response::new(status)
        .header("Content-Type", "application/xml")
        .body(document)
}
