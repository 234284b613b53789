//! Which requests a gap refuses; the service behind never sees them.

use super::gap::{Gap, Refusal, error};
use super::operation::{Asked, Operation};
use crate::http::Response;

/// Returns the answer to a request that is not taken; `None` if it is.
pub(crate) fn refusal(gap: Gap, asked: &Asked) -> Option<Response> {
    let operation = asked.operation;
    let refusal = match gap {
        Gap::UnknownKey => {
            let message = "The specified user does not exist.";
            return Some(error(404, "XAdminUserNotFound", message));
        }
        // It would be stored with the signatures between its chunks.
        _ if is_signed_in_chunks(asked) => Refusal::NotImplemented,
        Gap::ConditionRefused(refusal) if operation.has_condition() && has_condition(asked) => {
            refusal
        }
        Gap::ConditionRefusedAtCompletion(refusal)
            if operation == Operation::CompleteUpload && has_condition(asked) =>
        {
            refusal
        }
        Gap::NoBatchDelete(refusal) if operation == Operation::DeleteObjects => refusal,
        Gap::NoCopy if operation == Operation::CopyObject => Refusal::NotImplemented,
        Gap::NoPartCopy if operation == Operation::UploadPartCopy => Refusal::NotImplemented,
        Gap::ListV2Refused(refusal) if operation == Operation::ListObjectsV2 => refusal,
        _ => return None,
    };
    Some(refusal.answer())
}

fn has_condition(asked: &Asked) -> bool {
    let headers = &asked.request.headers;
    headers.get("if-none-match").is_some() || headers.get("if-match").is_some()
}

fn is_signed_in_chunks(asked: &Asked) -> bool {
    let digest = asked.request.headers.get("x-amz-content-sha256");
    digest.is_some_and(|digest| digest.starts_with("STREAMING-"))
}
