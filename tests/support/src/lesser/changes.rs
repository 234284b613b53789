//! What each gap does to a request on its way, and to the answer on its way back.
//!
//! Functions from messages to messages. What is refused and never passed on is in `refusals`.

use super::documents;
use super::gap::Gap;
use super::operation::{Asked, Operation};
use crate::http::Response;

/// The parameters that version 2 of listings has and version 1 has not.
const VERSION_2: [&str; 4] = [
    "continuation-token",
    "fetch-owner",
    "list-type",
    "start-after",
];

/// Changes a request before it is passed on.
pub(crate) fn change_request(gap: Gap, asked: &mut Asked) {
    let operation = asked.operation;
    match gap {
        Gap::ConditionIgnored if operation.has_condition() => drop_conditions(asked),
        Gap::ConditionIgnoredAtCompletion if operation == Operation::CompleteUpload => {
            drop_conditions(asked);
        }
        Gap::Etags(etags) => etags.change_request(asked),
        Gap::ListV2Ignored if operation == Operation::ListObjectsV2 => {
            asked.target.remove(&VERSION_2);
        }
        Gap::NoEncodingType => asked.target.remove(&["encoding-type"]),
        _ => {}
    }
}

/// Changes the answer to a request before it is sent.
pub(crate) fn change_answer(gap: Gap, asked: &Asked, answer: &mut Response) {
    let operation = asked.operation;
    let body = &mut answer.body;
    match gap {
        Gap::Etags(etags) => etags.change_answer(operation, answer),
        Gap::ListV2Refused(_) | Gap::ListV2Ignored if lists(operation) => {
            let has_delimiter = asked
                .target
                .get("delimiter")
                .is_some_and(|given| !given.is_empty());
            documents::edit(body, |xml| next_marker(xml, has_delimiter));
        }
        Gap::UploadRoot if operation == Operation::CreateUpload => documents::edit(body, |xml| {
            documents::rename(
                xml,
                "InitiateMultipartUploadResult",
                "InitiateMultipartUpload",
            )
        }),
        Gap::CopyWithoutEtag if operation == Operation::CopyObject => {
            documents::edit(body, |xml| documents::without(xml, "ETag"));
        }
        Gap::PartCopyRoot if operation == Operation::UploadPartCopy => {
            documents::edit(body, |xml| {
                documents::rename(xml, "CopyPartResult", "CopyObjectResult")
            });
        }
        Gap::HeadlessNotFound if answer.status == 404 && asked.request.method == "HEAD" => {
            answer.headers.remove("x-minio-error-code");
            answer.headers.remove("x-minio-error-desc");
        }
        _ => {}
    }
}

fn drop_conditions(asked: &mut Asked) {
    asked.request.headers.remove("if-match");
    asked.request.headers.remove("if-none-match");
}

/// Gives a listing the `NextMarker` of the API reference: it is there only if a delimiter was asked
/// for, and is a key or a prefix. MinIO has it always, and puts its own notes behind it
/// (`b/[minio_cache:v2,return:]`).
fn next_marker(xml: &str, has_delimiter: bool) -> String {
    if !has_delimiter {
        return documents::without(xml, "NextMarker");
    }
    documents::change_texts(xml, "NextMarker", |marker| {
        let notes = ["[minio_cache:", "%5Bminio_cache%3A"]
            .iter()
            .find_map(|start| marker.find(start));
        marker[..notes.unwrap_or(marker.len())].to_owned()
    })
}

fn lists(operation: Operation) -> bool {
    matches!(operation, Operation::ListObjects | Operation::ListObjectsV2)
}
