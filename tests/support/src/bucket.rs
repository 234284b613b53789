//! A bucket for one test, gone after it.
//!
//! The methods called `…_raw` read and write objects with nothing of Storehouse in between, so that
//! a driver is not checked by itself. Versioned buckets are not emptied, except on MinIO.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::client::{Call, Client};
use crate::http::{Headers, Response};
use crate::xml;

/// An empty bucket of one's own. Dropping it removes its objects, its uploads, and the bucket.
#[derive(Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(crate) fn create(client: Client, purpose: &str) -> Self {
        let bucket = Self {
            client,
            name: name_for(purpose),
        };
        bucket.must(
            &[200],
            Call {
                method: "PUT",
                path: &bucket.path(""),
                ..Call::default()
            },
        );
        bucket
    }

    /// Returns the bucket's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where its service is: `http://HOST:PORT`, with no slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.client.endpoint
    }

    /// Returns the access key that it was made with, which may do everything in it.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.client.credentials.access_key
    }

    /// Returns the secret key.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.client.credentials.secret_key
    }

    /// Returns the region to sign for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.client.credentials.region
    }

    /// Returns all keys, in the service's order.
    #[must_use]
    pub fn object_names(&self) -> Vec<String> {
        self.list_objects().unwrap_or_else(|why| panic!("{why}"))
    }

    /// Returns the keys of the multipart uploads that are neither completed nor aborted, one for
    /// each upload.
    #[must_use]
    pub fn incomplete_uploads(&self) -> Vec<String> {
        let uploads = self.list_uploads().unwrap_or_else(|why| panic!("{why}"));
        uploads.into_iter().map(|(key, _)| key).collect()
    }

    /// Begins a multipart upload and returns its id: litter such as a killed program leaves.
    pub fn begin_upload_raw(&self, key: &str) -> String {
        let call = Call {
            method: "POST",
            path: &self.path(key),
            query: &[("uploads", "")],
            ..Call::default()
        };
        let answer = self.must(&[200], call);
        xml::text(&body_of(&answer), "UploadId").expect("a new upload has an id")
    }

    /// Stores an object.
    pub fn put_raw(&self, key: &str, bytes: &[u8]) {
        self.put_raw_with(key, bytes, &[]);
    }

    /// Stores an object with header fields such as `Content-Type` or `x-amz-meta-…`.
    pub fn put_raw_with(&self, key: &str, bytes: &[u8], headers: &[(&str, &str)]) {
        let call = Call {
            method: "PUT",
            path: &self.path(key),
            headers,
            body: bytes,
            ..Call::default()
        };
        self.must(&[200], call);
    }

    /// Returns an object's bytes as they are stored, or `None` if it is not there.
    #[must_use]
    pub fn get_raw(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.must(
            &[200, 404],
            Call {
                method: "GET",
                path: &self.path(key),
                ..Call::default()
            },
        );
        (answer.status == 200).then_some(answer.body)
    }

    /// Returns the header fields of an object, or `None` if it is not there.
    #[must_use]
    pub fn head_raw(&self, key: &str) -> Option<Headers> {
        let answer = self.must(
            &[200, 404],
            Call {
                method: "HEAD",
                path: &self.path(key),
                ..Call::default()
            },
        );
        (answer.status == 200).then_some(answer.headers)
    }

    /// Removes an object, if it is there.
    pub fn delete_raw(&self, key: &str) {
        self.must(
            &[204, 404],
            Call {
                method: "DELETE",
                path: &self.path(key),
                ..Call::default()
            },
        );
    }

    /// Makes the service encrypt what is stored from now on by a key of its own (SSE-KMS), so that ETags
    /// in listings are no MD5s.
    pub fn encrypt_by_default(&self) {
        let document = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
             <SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>storehouse</KMSMasterKeyID>\
             </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
        let call = Call {
            method: "PUT",
            path: &self.path(""),
            query: &[("encryption", "")],
            body: document.as_bytes(),
            ..Call::default()
        };
        self.must(&[200, 204], call);
    }

    /// Sets the bucket's policy: a JSON document in Amazon's policy language.
    pub fn set_policy(&self, json: &str) {
        let call = Call {
            method: "PUT",
            path: &self.path(""),
            query: &[("policy", "")],
            body: json.as_bytes(),
            ..Call::default()
        };
        self.must(&[200, 204], call);
    }

    /// Lets everybody read objects whose URL they know, as for public assets; nobody else may list.
    pub fn allow_anonymous_reads(&self) {
        self.set_policy(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["*"]}},
               "Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{}/*"]}}]}}"#,
            self.name
        ));
    }

    fn path(&self, key: &str) -> String {
        format!("/{}/{key}", self.name)
    }

    fn must(&self, statuses: &[u16], call: Call<'_>) -> Response {
        self.client
            .expect(statuses, call)
            .unwrap_or_else(|why| panic!("{why}"))
    }

    fn list_objects(&self) -> Result<Vec<String>, String> {
        let mut keys = Vec::new();
        let mut token = String::new();
        loop {
            let mut query = vec![("list-type", "2"), ("encoding-type", "url")];
            if !token.is_empty() {
                query.push(("continuation-token", &token));
            }
            let page = self.page(&query)?;
            for object in xml::elements(&page, "Contents") {
                keys.extend(xml::text(object, "Key").map(|key| decoded(&page, key)));
            }
            match xml::text(&page, "NextContinuationToken") {
                Some(next) if !next.is_empty() => token = next,
                _ => return Ok(keys),
            }
        }
    }

    /// Lists uploads as (key, id).
    fn list_uploads(&self) -> Result<Vec<(String, String)>, String> {
        let mut uploads = Vec::new();
        let (mut key_marker, mut id_marker) = (String::new(), String::new());
        loop {
            let mut query = vec![("uploads", ""), ("encoding-type", "url")];
            if !key_marker.is_empty() {
                query.extend([
                    ("key-marker", key_marker.as_str()),
                    ("upload-id-marker", &id_marker),
                ]);
            }
            let page = self.page(&query)?;
            for upload in xml::elements(&page, "Upload") {
                let (key, id) = (xml::text(upload, "Key"), xml::text(upload, "UploadId"));
                uploads.extend(key.map(|key| decoded(&page, key)).zip(id));
            }
            if xml::text(&page, "IsTruncated").as_deref() != Some("true") {
                return Ok(uploads);
            }
            key_marker = decoded(&page, xml::text(&page, "NextKeyMarker").unwrap_or_default());
            id_marker = xml::text(&page, "NextUploadIdMarker").unwrap_or_default();
            if key_marker.is_empty() {
                return Err(format!("a list of the uploads of {} breaks off", self.name));
            }
        }
    }

    fn page(&self, query: &[(&str, &str)]) -> Result<String, String> {
        let call = Call {
            method: "GET",
            path: &self.path(""),
            query,
            ..Call::default()
        };
        self.client
            .expect(&[200], call)
            .map(|answer| body_of(&answer))
    }

    fn remove(&self) -> Result<(), String> {
        // Some services cannot list uploads, and delete a bucket that has some.
        for (key, id) in self.list_uploads().unwrap_or_default() {
            let call = Call {
                method: "DELETE",
                path: &self.path(&key),
                query: &[("uploadId", &id)],
                ..Call::default()
            };
            self.client.send(call)?;
        }
        // MinIO takes objects and versions with it; others pay no heed and answer 409 if there are
        // any.
        let headers = &[("x-minio-force-delete", "true")];
        let call = Call {
            method: "DELETE",
            path: &self.path(""),
            headers,
            ..Call::default()
        };
        if self.client.send(call)?.status == 204 {
            return Ok(());
        }
        for key in self.list_objects()? {
            self.client.send(Call {
                method: "DELETE",
                path: &self.path(&key),
                ..Call::default()
            })?;
        }
        self.client.expect(&[204, 404], call).map(drop)
    }
}

impl Drop for Bucket {
    /// Best effort: a bucket left behind has a name that no other run takes.
    fn drop(&mut self) {
        let _ = self.remove();
    }
}

/// Makes a bucket's name that no other run makes, valid for S3: at most 63 of a-z, 0-9 and `-`.
fn name_for(purpose: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);

    let plain: String = purpose
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .take(20)
        .collect();
    let plain = plain.trim_matches('-');
    let purpose = if plain.is_empty() { "test" } else { plain };
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    // The hasher of a new map is seeded from the system's random numbers.
    let random = RandomState::new().build_hasher().finish() & 0xffff_ffff;
    format!("sh-{purpose}-{}-{counter}-{random:08x}", process::id())
}

/// Decodes a key of a page. Services that do not know `encoding-type` do not echo it either.
fn decoded(page: &str, key: String) -> String {
    match xml::text(page, "EncodingType") {
        Some(_) => xml::decode_key(&key),
        None => key,
    }
}

fn body_of(answer: &Response) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_name_is_valid_for_any_purpose() {
        for purpose in [
            "",
            "Ends-with--",
            "Ünïcode und Blanks",
            "a.b_c/d",
            &"long".repeat(30),
            "-x",
        ] {
            let name = name_for(purpose);

            assert!((3..=63).contains(&name.len()), "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
            assert!(!name.ends_with('-'), "{name}");
        }
    }

    #[test]
    fn two_buckets_for_one_purpose_have_two_names() {
        assert_ne!(name_for("same"), name_for("same"));
    }
}
