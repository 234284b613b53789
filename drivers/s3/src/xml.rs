//! The documents that S3 answers with and asks for. Reading and writing only; what they mean is
//! decided by who asked.
//!
//! Source: the API reference of Amazon S3, `ListObjectsV2`, `ListObjects`,
//! `CreateMultipartUpload`, `CompleteMultipartUpload`, `DeleteObjects` and "Error responses".

use quick_xml::{Reader, SeError, events::Event};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A document that S3 answers with.
pub(crate) trait Document: DeserializeOwned {
    /// The name of its outermost element. A login page in HTML is XML enough to be read as an empty
    /// listing.
    const ROOT: &'static str;
}

/// Reads a document.
///
/// # Errors
/// Why it is none.
pub(crate) fn read<T: Document>(bytes: &[u8]) -> Result<T, String> {
    match root(bytes) {
        Some(root) if root == T::ROOT => {
            quick_xml::de::from_reader(bytes).map_err(|error| error.to_string())
        }
        _ => Err(format!("it is no {}", T::ROOT)),
    }
}

/// Writes a document.
pub(crate) fn write<T: Serialize>(document: &T) -> Result<String, SeError> {
    quick_xml::se::to_string(document)
}

/// Returns whether a document is an error. Some requests are answered with 200 first and fail then.
pub(crate) fn is_error(bytes: &[u8]) -> bool {
    root(bytes).is_some_and(|root| root == ErrorDocument::ROOT)
}

/// Returns the name of the outermost element.
fn root(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(bytes);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return String::from_utf8(element.local_name().as_ref().to_vec()).ok();
            }
            // Blanks, which keep the connection open while S3 works, and the declaration.
            Event::Text(_) | Event::Decl(_) | Event::Comment(_) => {}
            _ => return None,
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ErrorDocument {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request_id: String,
    /// The right region, for a request that was signed for another.
    pub(crate) region: String,
}

impl Document for ErrorDocument {
    const ROOT: &'static str = "Error";
}

/// A page of a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ListBucketResult {
    pub(crate) encoding_type: Option<String>,
    pub(crate) is_truncated: bool,
    pub(crate) next_continuation_token: Option<String>,
    /// Of the first listing, `ListObjects`.
    pub(crate) next_marker: Option<String>,
    pub(crate) contents: Vec<Contents>,
    pub(crate) common_prefixes: Vec<CommonPrefix>,
}

impl Document for ListBucketResult {
    const ROOT: &'static str = "ListBucketResult";
}

/// An object in a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Contents {
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) last_modified: Option<String>,
    #[serde(rename = "ETag")]
    pub(crate) etag: Option<String>,
}

/// A folder in a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct CommonPrefix {
    pub(crate) prefix: String,
}

/// An upload that was begun.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InitiateMultipartUploadResult {
    pub(crate) upload_id: String,
}

impl Document for InitiateMultipartUploadResult {
    const ROOT: &'static str = "InitiateMultipartUploadResult";
}

/// The parts of an upload, to complete it.
#[derive(Debug, Serialize)]
pub(crate) struct CompleteMultipartUpload {
    #[serde(rename = "Part")]
    pub(crate) parts: Vec<CompletedPart>,
}

/// One part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CompletedPart {
    pub(crate) part_number: u64,
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
}

/// What an upload has made.
#[derive(Debug, Deserialize)]
pub(crate) struct CompleteMultipartUploadResult {
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
}

impl Document for CompleteMultipartUploadResult {
    const ROOT: &'static str = "CompleteMultipartUploadResult";
}

/// What a copy has made.
#[derive(Debug, Deserialize)]
pub(crate) struct CopyObjectResult {
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
}

impl Document for CopyObjectResult {
    const ROOT: &'static str = "CopyObjectResult";
}

/// What a copied part has made.
#[derive(Debug, Deserialize)]
pub(crate) struct CopyPartResult {
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
}

impl Document for CopyPartResult {
    const ROOT: &'static str = "CopyPartResult";
}

/// Objects to be deleted.
#[derive(Debug, Serialize)]
pub(crate) struct Delete {
    /// Answers only with those that could not be.
    #[serde(rename = "Quiet")]
    pub(crate) quiet: bool,
    #[serde(rename = "Object")]
    pub(crate) objects: Vec<DeleteKey>,
}

/// One object to be deleted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteKey {
    pub(crate) key: String,
}

/// The objects that could not be deleted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DeleteResult {
    #[serde(rename = "Error")]
    pub(crate) errors: Vec<DeleteError>,
}

impl Document for DeleteResult {
    const ROOT: &'static str = "DeleteResult";
}

/// One of them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DeleteError {
    pub(crate) key: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_whatever_else_is_in_it() {
        let page: ListBucketResult = read(
            br#"<?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
            <Contents><Key>a%20b</Key><Size>3</Size><ETag>&quot;x&quot;</ETag>
            <LastModified>2026-01-02T03:04:05.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>
            <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>
            <Contents><Key>d</Key><Size>0</Size></Contents>
            <IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"#,
        )
        .unwrap();

        assert_eq!(page.contents.len(), 2);
        assert_eq!(page.contents[0].etag.as_deref(), Some("\"x\""));
        assert_eq!(page.common_prefixes[0].prefix, "c/");
        assert!(page.is_truncated);
    }

    #[test]
    fn an_error_is_told_from_a_success() {
        for (case, document, expected) in [
            ("error", "<Error><Code>SlowDown</Code></Error>", true),
            ("declared", "<?xml version=\"1.0\"?>\n<Error>", true),
            (
                "kept waiting",
                "<?xml version=\"1.0\"?>\n   \n  <Error>",
                true,
            ),
            (
                "success",
                "<CopyObjectResult><ETag>Error</ETag></CopyObjectResult>",
                false,
            ),
            ("nothing", "", false),
        ] {
            assert_eq!(is_error(document.as_bytes()), expected, "{case}");
        }
    }

    #[test]
    fn another_document_is_not_taken_for_an_empty_listing() {
        for document in ["<html><body>Log in</body></html>", "", "{}", "<Error/>"] {
            assert!(
                read::<ListBucketResult>(document.as_bytes()).is_err(),
                "{document}"
            );
        }
        assert!(read::<ListBucketResult>(b"<ListBucketResult/>").is_ok());
    }

    #[test]
    fn a_delete_is_written_with_its_keys_escaped() {
        let delete = Delete {
            quiet: true,
            objects: vec![DeleteKey {
                key: "a&<b".to_owned(),
            }],
        };

        assert_eq!(
            write(&delete).unwrap(),
            "<Delete><Quiet>true</Quiet><Object><Key>a&amp;&lt;b</Key></Object></Delete>"
        );
    }
}
