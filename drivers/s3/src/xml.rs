//! The documents that S3 answers with and asks for. Reading and writing only; what they mean is
//! decided by who asked.
//!
//! Source: the API reference of Amazon S3, `ListObjectsV2`, `ListObjects`,
//! `CreateMultipartUpload`, `CompleteMultipartUpload`, `DeleteObjects` and "Error responses".

use quick_xml::{Reader, SeError, events::Event};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

/// A document that S3 answers with.
pub(crate) trait Document: DeserializeOwned {
    /// The name of its outermost element.
    const ROOT: &'static str;
    /// Other names that services give it.
    const OTHER_ROOTS: &'static [&'static str] = &[];

    /// Returns whether it has what it was asked for, so that the name does not matter. A login page in
    /// HTML is XML enough to be read as a document that has nothing.
    fn is_complete(&self) -> bool {
        false
    }
}

/// Reads a document.
///
/// # Errors
/// Why it is none.
pub(crate) fn read<T: Document>(bytes: &[u8]) -> Result<T, String> {
    let root = root(bytes).ok_or_else(|| format!("it is no {}", T::ROOT))?;
    let document: Result<T, _> = quick_xml::de::from_reader(bytes);
    let is_known = root == T::ROOT || T::OTHER_ROOTS.contains(&root.as_str());
    match document {
        Ok(document) if is_known || document.is_complete() => Ok(document),
        Err(error) if is_known => Err(error.to_string()),
        _ => Err(format!("it is no {}", T::ROOT)),
    }
}

/// Takes `True` and ` true ` too, and nothing for `false`.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.trim().eq_ignore_ascii_case("true") || text.trim() == "1")
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
    #[serde(deserialize_with = "flag")]
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
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct InitiateMultipartUploadResult {
    pub(crate) upload_id: String,
}

impl Document for InitiateMultipartUploadResult {
    const ROOT: &'static str = "InitiateMultipartUploadResult";

    fn is_complete(&self) -> bool {
        !self.upload_id.is_empty()
    }
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
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CompleteMultipartUploadResult {
    /// Some services leave it out.
    #[serde(rename = "ETag")]
    pub(crate) etag: Option<String>,
}

impl Document for CompleteMultipartUploadResult {
    const ROOT: &'static str = "CompleteMultipartUploadResult";
    const OTHER_ROOTS: &'static [&'static str] = &["CompleteMultipartUpload"];

    fn is_complete(&self) -> bool {
        self.etag.is_some()
    }
}

/// What a copy has made, of an object or of a part: services take one answer for the other.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CopyResult {
    /// Some services leave it out.
    #[serde(rename = "ETag")]
    pub(crate) etag: Option<String>,
}

impl Document for CopyResult {
    const ROOT: &'static str = "CopyObjectResult";
    const OTHER_ROOTS: &'static [&'static str] = &[
        "CopyPartResult",
        "CopyObject",
        "CopyPart",
        "UploadPartCopyResult",
    ];

    fn is_complete(&self) -> bool {
        self.etag.is_some()
    }
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
    const OTHER_ROOTS: &'static [&'static str] = &["DeleteObjectsResult", "DeleteObjectsOutput"];
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
    fn a_document_is_read_by_what_it_has_whatever_it_is_called() {
        for (case, document) in [
            (
                "S3",
                "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
            ),
            (
                "rclone",
                "<InitiateMultipartUpload><Key>k</Key><UploadId>u</UploadId></InitiateMultipartUpload>",
            ),
            (
                "prefixed",
                "<s3:R xmlns:s3=\"x\"><s3:UploadId>u</s3:UploadId></s3:R>",
            ),
        ] {
            let begun: InitiateMultipartUploadResult = read(document.as_bytes()).unwrap();

            assert_eq!(begun.upload_id, "u", "{case}");
        }
        for (case, document, etag) in [
            (
                "S3",
                "<CopyPartResult><ETag>\"e\"</ETag></CopyPartResult>",
                Some("\"e\""),
            ),
            (
                "S3Proxy",
                "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>",
                Some("\"e\""),
            ),
            (
                "rclone",
                "<CopyObjectResult><LastModified>t</LastModified></CopyObjectResult>",
                None,
            ),
            (
                "another",
                "<Copied><ETag>\"e\"</ETag></Copied>",
                Some("\"e\""),
            ),
        ] {
            let copied: CopyResult = read(document.as_bytes()).unwrap();

            assert_eq!(copied.etag.as_deref(), etag, "{case}");
        }
    }

    #[test]
    fn a_page_of_something_else_is_no_answer() {
        let page = b"<html><body>Log in</body></html>";

        assert!(read::<InitiateMultipartUploadResult>(page).is_err());
        assert!(read::<CompleteMultipartUploadResult>(page).is_err());
        assert!(read::<CopyResult>(page).is_err());
        assert!(read::<DeleteResult>(page).is_err());
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
