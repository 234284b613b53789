//! Attributes as HTTP headers, both ways. It sends nothing.
//!
//! Metadata travels as `x-amz-meta-…`. A header holds printable ASCII only, so other values are
//! written as one encoded word of RFC 2047 (`=?UTF-8?B?…?=`), which is how S3 itself shows them.

use std::{collections::BTreeMap, time::SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::DateTime;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG,
        LAST_MODIFIED,
    },
};
use storehouse_storage::{
    Attributes, Entry, Error, ErrorKind, Name, Result, SaveOptions, Value, guess_content_type,
    nearest,
};

/// The canned ACLs of objects: "Access control list overview" of S3's user guide.
pub(crate) const ACLS: &[&str] = &[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];
/// Marks an object as one that this save made, to know it again when the answer was lost.
pub(crate) const NONCE: &str = "x-amz-meta-storehouse-nonce";
pub(crate) const ACL: &str = "x-amz-acl";

const METADATA: &str = "x-amz-meta-";
const STORAGE_CLASS: &str = "x-amz-storage-class";
const TAGGING: &str = "x-amz-tagging";
const ENCRYPTION: &str = "x-amz-server-side-encryption";
/// What S3 says where nobody gave a type.
const NO_TYPE: &str = "binary/octet-stream";
const ENCODED_START: &str = "=?UTF-8?B?";
const ENCODED_END: &str = "?=";

/// The keys of `object_parameters`, which are boto3's, and the headers that they mean.
const PARAMETERS: &[(&str, &str)] = &[
    ("ACL", ACL),
    (
        "BucketKeyEnabled",
        "x-amz-server-side-encryption-bucket-key-enabled",
    ),
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentLanguage", "content-language"),
    ("ContentType", "content-type"),
    ("Expires", "expires"),
    (
        "SSEKMSEncryptionContext",
        "x-amz-server-side-encryption-context",
    ),
    ("SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("ServerSideEncryption", ENCRYPTION),
    ("StorageClass", STORAGE_CLASS),
    ("Tagging", TAGGING),
    ("WebsiteRedirectLocation", "x-amz-website-redirect-location"),
];

/// What saved objects get unless the save says otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct SaveDefaults {
    headers: HeaderMap,
}

impl SaveDefaults {
    /// Reads `object_parameters` and `default_acl`; an ACL among the parameters wins.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for a key that is not known, and a value that no header holds.
    pub(crate) fn read(
        parameters: Option<&BTreeMap<String, Value>>,
        acl: Option<&str>,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        if let Some(acl) = acl {
            headers.insert(ACL, header_value("default_acl", acl)?);
        }
        for (key, value) in parameters.into_iter().flatten() {
            if let ("Metadata", Value::Table(pairs)) = (key.as_str(), value) {
                for (key, value) in pairs {
                    let (name, value) = metadata(key, &plain(value)?).map_err(misconfigured)?;
                    headers.insert(name, value);
                }
                continue;
            }
            let Some((_, header)) = PARAMETERS.iter().find(|(known, _)| known == key) else {
                return Err(unknown_parameter(key));
            };
            let value = header_value(key, &plain(value)?).map_err(misconfigured)?;
            headers.insert(HeaderName::from_static(header), value);
        }
        Ok(Self { headers })
    }

    /// Returns the headers for saving under `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for an attribute that no header holds.
    pub(crate) fn for_save(&self, name: &Name, options: &SaveOptions) -> Result<HeaderMap> {
        let mut headers = self.headers.clone();
        let attributes = &options.attributes;
        for (header, what, given) in [
            (CONTENT_TYPE, "content_type", &attributes.content_type),
            (
                CONTENT_ENCODING,
                "content_encoding",
                &attributes.content_encoding,
            ),
            (
                CONTENT_DISPOSITION,
                "content_disposition",
                &attributes.content_disposition,
            ),
            (
                CONTENT_LANGUAGE,
                "content_language",
                &attributes.content_language,
            ),
            (CACHE_CONTROL, "cache_control", &attributes.cache_control),
            (
                HeaderName::from_static(STORAGE_CLASS),
                "storage_class",
                &attributes.storage_class,
            ),
            (HeaderName::from_static(ACL), "acl", &options.acl),
        ] {
            if let Some(text) = given {
                headers.insert(header, header_value(what, text)?);
            }
        }
        for (key, value) in &attributes.metadata {
            let (name, value) = metadata(key, value)?;
            headers.insert(name, value);
        }
        if !headers.contains_key(CONTENT_TYPE) {
            let guessed = guess_content_type(name);
            let text = guessed.as_deref().unwrap_or("application/octet-stream");
            headers.insert(CONTENT_TYPE, header_value("content_type", text)?);
        }
        Ok(headers)
    }

    /// Returns the attributes among the headers.
    pub(crate) fn attributes(&self) -> Attributes {
        attributes(&self.headers)
    }

    /// Returns the headers for a copy with its source's attributes: what the service does not take
    /// from there by itself, such as the storage class.
    pub(crate) fn for_copy(&self, storage_class: Option<&str>) -> Result<HeaderMap> {
        let taken = |name: &HeaderName| name == ACL || name.as_str().starts_with(ENCRYPTION);
        let headers = self.headers.iter().filter(|(name, _)| taken(name));
        let mut headers: HeaderMap = headers
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if let Some(class) = storage_class {
            headers.insert(STORAGE_CLASS, header_value("storage_class", class)?);
        }
        Ok(headers)
    }

    /// Returns whether ETags are MD5s: not where a key of the user's encrypts.
    pub(crate) fn have_md5_etags(&self) -> bool {
        has_md5_etag(&self.headers)
    }
}

/// Makes the headers of a save those of a copy whose object is to have them, and not its source's.
/// Tags stay those of the source where there are none to replace them.
pub(crate) fn in_place_of_the_sources(mut headers: HeaderMap) -> HeaderMap {
    let replace = HeaderValue::from_static("REPLACE");
    if headers.contains_key(TAGGING) {
        headers.insert("x-amz-tagging-directive", replace.clone());
    }
    headers.insert("x-amz-metadata-directive", replace);
    headers
}

/// Returns whether the headers of a request or an answer let the ETag be an MD5.
pub(crate) fn has_md5_etag(headers: &HeaderMap) -> bool {
    let encryption = headers.get(ENCRYPTION);
    encryption.is_none_or(|value| value == "AES256")
        && !headers.contains_key("x-amz-server-side-encryption-customer-algorithm")
}

/// Makes an entry of the headers of an answer about an object.
pub(crate) fn entry(name: Name, size: u64, headers: &HeaderMap) -> Entry {
    let modified = text(headers, &LAST_MODIFIED).and_then(|date| http_date(&date));
    let mut attributes = attributes(headers);
    if attributes.content_type.is_none() {
        attributes.content_type = guess_content_type(&name);
    }
    Entry::new(name, size)
        .with_modified(modified)
        .with_etag(text(headers, &ETAG))
        .with_attributes(attributes)
}

/// Makes the value of a condition on an ETag, with or without quotes. A weak one is sent as if it were
/// strong: a condition on a weak one never holds (RFC 9110, 13.1.1), and what made it weak is most often
/// a proxy before a service that has the strong one.
pub(crate) fn etag_condition(etag: &str) -> Result<HeaderValue> {
    let bare = etag.trim_start_matches("W/").trim_matches('"');
    header_value("an ETag", &format!("\"{bare}\""))
}

/// Reads the time in a listing.
pub(crate) fn listing_date(text: &str) -> Option<SystemTime> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(SystemTime::from)
}

/// Reads the time in a header: RFC 9110, section 5.6.7, its one form that servers write.
fn http_date(text: &str) -> Option<SystemTime> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(SystemTime::from)
}

fn attributes(headers: &HeaderMap) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.content_type = text(headers, &CONTENT_TYPE).filter(|kind| kind != NO_TYPE);
    attributes.content_encoding = text(headers, &CONTENT_ENCODING);
    attributes.content_disposition = text(headers, &CONTENT_DISPOSITION);
    attributes.content_language = text(headers, &CONTENT_LANGUAGE);
    attributes.cache_control = text(headers, &CACHE_CONTROL);
    attributes.storage_class = text(headers, &HeaderName::from_static(STORAGE_CLASS));
    for (header, value) in headers {
        let Some(key) = header.as_str().strip_prefix(METADATA) else {
            continue;
        };
        if header != NONCE {
            let value = decoded(&String::from_utf8_lossy(value.as_bytes()));
            attributes.metadata.insert(key.to_owned(), value);
        }
    }
    attributes
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn header_value(what: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| {
        Error::unsupported(format!("{what} has a character that a header cannot hold"))
            .with_advice("only printable ASCII can be sent")
    })
}

fn metadata(key: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(format!("{METADATA}{key}")).map_err(|_| {
        Error::unsupported(format!(
            "the metadata key {key:?} cannot be part of a header"
        ))
        .with_advice("letters, digits, hyphens and underscores can")
    })?;
    Ok((name, header_value("metadata", &encoded(value))?))
}

/// Writes a value so that it comes back as it is: blanks at the ends and in a row would not.
fn encoded(value: &str) -> String {
    let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && value.trim() == value
        && !value.contains("  ")
        && !value.starts_with("=?");
    if plain {
        return value.to_owned();
    }
    format!(
        "{ENCODED_START}{}{ENCODED_END}",
        BASE64_STANDARD.encode(value)
    )
}

fn decoded(value: &str) -> String {
    let word = value
        .strip_prefix(ENCODED_START)
        .and_then(|rest| rest.strip_suffix(ENCODED_END));
    word.and_then(|word| String::from_utf8(BASE64_STANDARD.decode(word).ok()?).ok())
        .unwrap_or_else(|| value.to_owned())
}

fn plain(value: &Value) -> Result<String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Flag(flag) => Ok(flag.to_string()),
        other => Err(Error::configuration(format!(
            "object_parameters: expected a string, found {}",
            other.kind()
        ))),
    }
}

fn misconfigured(error: Error) -> Error {
    let configured = Error::configuration(format!("object_parameters: {}", error.problem()));
    match error.advice() {
        Some(advice) => configured.with_advice(advice),
        None => configured,
    }
}

fn unknown_parameter(key: &str) -> Error {
    let known = || {
        PARAMETERS
            .iter()
            .map(|(known, _)| *known)
            .chain(["Metadata"])
    };
    let advice = match nearest(key, known()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("known are {}", known().collect::<Vec<_>>().join(", ")),
    };
    Error::new(
        ErrorKind::Configuration,
        format!("object_parameters: {key:?} is not supported"),
    )
    .with_advice(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Name {
        Name::new("css/app.css").unwrap()
    }

    #[test]
    fn metadata_comes_back_as_it_was_given() {
        for value in [
            "plain",
            "",
            "é",
            "two  blanks",
            " at the ends ",
            "=?UTF-8?B?bm8=?=",
            "tab\tand\nline",
        ] {
            let options = SaveOptions::default().with_metadata("Key", value);

            let headers = SaveDefaults::default().for_save(&name(), &options).unwrap();

            assert!(headers["x-amz-meta-key"].to_str().is_ok(), "{value:?}");
            let entry = entry(name(), 0, &headers);
            assert_eq!(entry.attributes.metadata["key"], value, "{value:?}");
        }
    }

    #[test]
    fn a_save_beats_the_parameters_and_they_beat_the_guess() {
        let parameters = BTreeMap::from([
            ("CacheControl".to_owned(), Value::from("max-age=60")),
            ("ContentType".to_owned(), Value::from("text/plain")),
            ("ACL".to_owned(), Value::from("private")),
        ]);
        let defaults = SaveDefaults::read(Some(&parameters), Some("public-read")).unwrap();
        let options = SaveOptions::default().with_cache_control("no-store");

        let headers = defaults.for_save(&name(), &options).unwrap();

        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["content-type"], "text/plain");
        assert_eq!(headers["x-amz-acl"], "private");
    }

    #[test]
    fn the_parameters_that_are_attributes_are_told() {
        let metadata = BTreeMap::from([("Team".to_owned(), Value::from("é"))]);
        let parameters = BTreeMap::from([
            ("CacheControl".to_owned(), Value::from("max-age=60")),
            ("Tagging".to_owned(), Value::from("a=b")),
            ("Metadata".to_owned(), Value::Table(metadata)),
        ]);
        let mut expected = Attributes::default();
        expected.cache_control = Some("max-age=60".to_owned());
        expected.metadata.insert("team".to_owned(), "é".to_owned());

        let defaults = SaveDefaults::read(Some(&parameters), Some("public-read")).unwrap();

        assert_eq!(defaults.attributes(), expected);
    }

    #[test]
    fn no_acl_is_sent_unless_asked_for() {
        let headers = SaveDefaults::default()
            .for_save(&name(), &SaveOptions::default())
            .unwrap();

        assert!(!headers.contains_key(ACL));
        assert_eq!(headers["content-type"], "text/css; charset=utf-8");
    }

    #[test]
    fn a_parameter_that_is_not_known_is_refused_with_the_nearest() {
        let parameters = BTreeMap::from([("CacheContol".to_owned(), Value::from("x"))]);

        let error = SaveDefaults::read(Some(&parameters), None).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.advice(), Some("did you mean \"CacheControl\"?"));
    }

    #[test]
    fn a_header_cannot_be_smuggled_in() {
        let options = SaveOptions::default().with_content_disposition("attachment\r\nX-Evil: 1");

        let error = SaveDefaults::default()
            .for_save(&name(), &options)
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn etags_are_md5s_unless_a_key_of_the_users_encrypts() {
        for (encryption, expected) in [
            ("AES256", true),
            ("aws:kms", false),
            ("aws:kms:dsse", false),
        ] {
            let parameters =
                BTreeMap::from([("ServerSideEncryption".to_owned(), encryption.into())]);

            let defaults = SaveDefaults::read(Some(&parameters), None).unwrap();

            assert_eq!(defaults.have_md5_etags(), expected, "{encryption}");
        }
    }
}
