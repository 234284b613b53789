//! Settings and options of Django and of the packages around it that nothing here reads, so that a
//! project's settings can be brought along: some mean nothing here and are left out with a warning, for the
//! others a message says what to write.
//!
//! Sources: `storages/backends/s3.py` of django-storages 1.14.6, `whitenoise/middleware.py` 6.12, the README
//! of collectfasta 3.3.

use super::django;

/// What is done about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is left out. Why nothing is lost.
    Harmless(&'static str),
    /// It is left out: a setting of Django that says nothing about files.
    OfDjango,
    /// It is refused. What to do instead.
    Replaced(&'static str),
}

use Foreign::{Harmless, Replaced};

/// An option of django-storages, with its setting; one has none.
struct Row {
    option: &'static str,
    setting: &'static str,
    means: Foreign,
}

const fn row(option: &'static str, setting: &'static str, means: Foreign) -> Row {
    Row {
        option,
        setting,
        means,
    }
}

const OF_BUCKETS: &[Row] = &[
    row(
        "signature_version",
        "AWS_S3_SIGNATURE_VERSION",
        Harmless("requests are always signed with version 4"),
    ),
    row(
        "use_threads",
        "AWS_S3_USE_THREADS",
        Harmless("parts of a file are always sent at once"),
    ),
    row(
        "max_memory_size",
        "AWS_S3_MAX_MEMORY_SIZE",
        Harmless("no file is held in memory as a whole"),
    ),
    row(
        "file_name_charset",
        "AWS_S3_FILE_NAME_CHARSET",
        Harmless("names are always UTF-8"),
    ),
    row(
        "config",
        "",
        Harmless("it is an object of botocore, whose settings are options here"),
    ),
    row(
        "client_config",
        "AWS_S3_CLIENT_CONFIG",
        Harmless("it is an object of botocore, whose settings are options here"),
    ),
    row(
        "transfer_config",
        "AWS_S3_TRANSFER_CONFIG",
        Replaced("write multipart_threshold and multipart_chunksize in OPTIONS"),
    ),
    row(
        "buffer_size",
        "AWS_S3_FILE_BUFFER_SIZE",
        Replaced("write multipart_chunksize in OPTIONS"),
    ),
    row(
        "proxies",
        "AWS_S3_PROXIES",
        Replaced("set HTTPS_PROXY, HTTP_PROXY and NO_PROXY in the environment of the process"),
    ),
    row(
        "cloudfront_key",
        "AWS_CLOUDFRONT_KEY",
        Replaced(
            "URLs of CloudFront are not signed here; take it out, or sign them in the application",
        ),
    ),
    row(
        "cloudfront_signer",
        "AWS_CLOUDFRONT_SIGNER",
        Replaced(
            "URLs of CloudFront are not signed here; take it out, or sign them in the application",
        ),
    ),
    row("bucket_acl", "", Replaced("write default_acl")),
    row(
        "cloudfront_key_id",
        "AWS_CLOUDFRONT_KEY_ID",
        Replaced(
            "URLs of CloudFront are not signed here; take it out, or sign them in the application",
        ),
    ),
];

const SETTINGS: &[(&str, Foreign)] = &[
    ("COLLECTFAST_STRATEGY", PUSHED_BY_LISTING),
    ("COLLECTFASTA_STRATEGY", PUSHED_BY_LISTING),
    ("COLLECTFASTA_ENABLED", PUSHED_BY_LISTING),
    ("COLLECTFASTA_CACHE", PUSHED_BY_LISTING),
    ("COLLECTFASTA_THREADS", PUSHED_BY_LISTING),
    ("STATIC_DIR", Replaced("write STATICFILES_DIRS")),
    ("STATIC_DIRS", Replaced("write STATICFILES_DIRS")),
    ("STATICFILES_DIR", Replaced("write STATICFILES_DIRS")),
    ("STATICFILES_URL", Replaced("write STATIC_URL")),
    (
        "STATIC_HOST",
        Replaced("write it into STATIC_URL, as in \"https://cdn.example/static/\""),
    ),
    ("MEDIA_DIR", Replaced("write MEDIA_ROOT")),
    ("MEDIA_DIRS", Replaced("write MEDIA_ROOT")),
    (
        "AWS_S3_BUCKET_NAME",
        Replaced("write AWS_STORAGE_BUCKET_NAME"),
    ),
    ("AWS_REGION", Replaced("write AWS_S3_REGION_NAME")),
    ("AWS_S3_DOMAIN", Replaced("write AWS_S3_CUSTOM_DOMAIN")),
    (
        "AWS_PRELOAD_METADATA",
        Harmless("collectstatic always lists the bucket once"),
    ),
    (
        "WHITENOISE_AUTOREFRESH",
        Harmless("with DEBUG files are always looked for anew"),
    ),
    (
        "WHITENOISE_USE_FINDERS",
        Harmless("with DEBUG finders are always asked"),
    ),
    (
        "WHITENOISE_MAX_AGE",
        Replaced("write cache_control in the OPTIONS of STORAGES.staticfiles"),
    ),
    (
        "WHITENOISE_IMMUTABLE_FILE_TEST",
        Replaced("write already_hashed in the OPTIONS of STORAGES.staticfiles"),
    ),
    (
        "WHITENOISE_MIMETYPES",
        Replaced("write rules with content_type in the OPTIONS of STORAGES.staticfiles"),
    ),
    (
        "WHITENOISE_CHARSET",
        Replaced("write charset in the OPTIONS of STORAGES.staticfiles"),
    ),
    (
        "WHITENOISE_ADD_HEADERS_FUNCTION",
        Replaced("write SERVE_HEADERS, or call StaticFiles::with_headers in the application"),
    ),
    (
        "WHITENOISE_STATIC_PREFIX",
        Replaced("files are served below the path of STATIC_URL; take it out"),
    ),
];

const PUSHED_BY_LISTING: Foreign =
    Harmless("unchanged files are always found by one listing of the bucket");

/// Returns what is done about a setting with this value, if it is one of these.
pub(super) fn setting(name: &str, text: Option<&str>) -> Option<Foreign> {
    let of_bucket = OF_BUCKETS
        .iter()
        .find(|row| !name.is_empty() && row.setting == name);
    if let Some(row) = of_bucket {
        return Some(judged(row, text));
    }
    let other = SETTINGS.iter().find(|(known, _)| *known == name);
    let other = other.map(|(_, means)| *means);
    other
        .or_else(|| of_no_driver(name))
        .or_else(|| django::is_unused(name).then_some(Foreign::OfDjango))
}

/// Settings of storages that there is no driver for: one that is used is refused by its class.
fn of_no_driver(name: &str) -> Option<Foreign> {
    const PREFIXES: [&str; 4] = ["GS_", "AZURE_", "DROPBOX_", "SFTP_STORAGE_"];
    let is_one = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_one.then_some(Harmless("no driver here reads it"))
}

/// Returns what is done about one of OPTIONS with this value, if it is one of these.
pub(super) fn option(name: &str, text: Option<&str>) -> Option<Foreign> {
    let row = OF_BUCKETS.iter().find(|row| row.option == name)?;
    Some(judged(row, text))
}

/// Only one signature means nothing here.
fn judged(row: &Row, text: Option<&str>) -> Foreign {
    match text {
        Some(version) if row.option == "signature_version" && version != "s3v4" => {
            Replaced("requests are signed with version 4 (s3v4) only; take it out")
        }
        _ => row.means,
    }
}

/// Returns what to do where an option that is known has a value of another type than here.
pub(crate) fn hint(name: &str) -> Option<&'static str> {
    match name {
        "verify" | "AWS_S3_VERIFY" => Some("a file of certificates is ca_bundle's"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signature_of_today_means_nothing() {
        for (name, text, is_harmless) in [
            ("AWS_S3_SIGNATURE_VERSION", Some("s3v4"), true),
            ("AWS_S3_SIGNATURE_VERSION", Some("s3"), false),
            ("AWS_S3_USE_THREADS", None, true),
            ("AWS_S3_PROXIES", None, false),
        ] {
            let found = setting(name, text).unwrap();

            assert_eq!(matches!(found, Harmless(_)), is_harmless, "{name} {text:?}");
        }
        assert_eq!(option("use_thread", None), None);
    }
}
