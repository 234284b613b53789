//! The options of the driver as a table, one row each. What they mean together is not known here.
//!
//! Names and settings are django-storages' (`storages/backends/s3.py`, version 1.14.6), boto3's transfer
//! configuration's, rclone's and object_store's, in this order, where they have the option; the rest are
//! our own.

use storehouse_storage::{OptionKind, OptionRow};

use crate::{
    cuts::{MAX_PART_BYTES, MIB},
    headers::ACLS,
    urls::MAX_EXPIRY_SECONDS,
};

const DAY: i64 = 86_400;
/// What is sent with one PUT is in memory. S3 takes 5 GiB.
const MAX_THRESHOLD: i64 = 1024 * MIB.cast_signed();
/// What S3 takes as a part that is not the last.
const MIN_CHUNK: i64 = 5 * MIB.cast_signed();
/// By S3's limits.
const MAX_PARTS: i64 = 10_000;

/// The options, in the order of the README.
pub(crate) const TABLE: &[OptionRow] = &[
    row(
        "bucket_name",
        OptionKind::Text,
        &["AWS_STORAGE_BUCKET_NAME"],
        "The bucket. In a URL: what follows `s3://`.",
    ),
    row(
        "location",
        OptionKind::Text,
        &["AWS_LOCATION"],
        "The folder in the bucket that all names are below. In a URL: the path.",
    ),
    row(
        "region_name",
        OptionKind::Text,
        &["AWS_S3_REGION_NAME"],
        "The bucket's region; else `AWS_REGION`, the profile's, or `us-east-1`.",
    ),
    row(
        "endpoint_url",
        OptionKind::HttpUrl,
        &["AWS_S3_ENDPOINT_URL"],
        "The service, for example `http://127.0.0.1:9000`; else that of environment or profile, or Amazon's: see below.",
    ),
    row(
        "public_endpoint_url",
        OptionKind::HttpUrl,
        &["AWS_S3_PUBLIC_ENDPOINT_URL"],
        "The service as browsers reach it: signed URLs are made for this host.",
    ),
    OptionRow {
        default: "auto",
        ..row(
            "addressing_style",
            OptionKind::Choice(&["auto", "path", "virtual"]),
            &["AWS_S3_ADDRESSING_STYLE"],
            "Where the bucket stands in a URL. `auto`: in the host on Amazon's, in the path elsewhere.",
        )
    },
    OptionRow {
        default: "true",
        ..row(
            "use_ssl",
            OptionKind::Flag,
            &["AWS_S3_USE_SSL"],
            "HTTPS to Amazon's service. An `endpoint_url` says it by itself.",
        )
    },
    OptionRow {
        default: "true",
        ..row(
            "verify",
            OptionKind::Flag,
            &["AWS_S3_VERIFY"],
            "Checks the server's certificate. `false` only for a test server.",
        )
    },
    row(
        "ca_bundle",
        OptionKind::Path,
        &["AWS_CA_BUNDLE"],
        "A file of certificates in PEM to trust besides the system's.",
    ),
    row(
        "access_key",
        OptionKind::Secret,
        &["AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"],
        "The access key. Without keys: see below.",
    ),
    row(
        "secret_key",
        OptionKind::Secret,
        &["AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"],
        "The secret key.",
    ),
    row(
        "security_token",
        OptionKind::Secret,
        &["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"],
        "The token of temporary keys.",
    ),
    row(
        "session_profile",
        OptionKind::Text,
        &["AWS_S3_SESSION_PROFILE"],
        "The profile in `~/.aws` to take keys and region from, instead of keys.",
    ),
    OptionRow {
        other_names: &["anonymous"],
        default: "false",
        ..row(
            "skip_signature",
            OptionKind::Flag,
            &["AWS_S3_SKIP_SIGNATURE"],
            "Asks as anybody: no keys are looked for, and neither requests nor URLs are signed.",
        )
    },
    OptionRow {
        other_names: &["use_unsigned_payload"],
        default: "false",
        ..row(
            "unsigned_payload",
            OptionKind::Flag,
            &["AWS_S3_UNSIGNED_PAYLOAD"],
            "Leaves contents out of the signature, which saves their SHA-256. Only over HTTPS.",
        )
    },
    OptionRow {
        other_names: &["allow_overwrite"],
        default: "false",
        ..row(
            "file_overwrite",
            OptionKind::Flag,
            &["AWS_S3_FILE_OVERWRITE"],
            "Whether a save replaces what is there. django-storages' default is `true`.",
        )
    },
    OptionRow {
        default: "auto",
        ..row(
            "exclusive_create",
            OptionKind::Choice(&["auto", "condition", "look", "off"]),
            &["AWS_S3_EXCLUSIVE_CREATE"],
            "How a save makes sure that it replaces nothing. `auto` finds it out: see below.",
        )
    },
    row(
        "default_acl",
        OptionKind::Choice(ACLS),
        &["AWS_DEFAULT_ACL"],
        "The canned ACL of saved objects. Without it none is sent, as buckets without ACLs need it.",
    ),
    row(
        "object_parameters",
        OptionKind::Table,
        &["AWS_S3_OBJECT_PARAMETERS"],
        "What saved objects get unless the save says otherwise: see below.",
    ),
    OptionRow {
        default: "false",
        ..row(
            "gzip",
            OptionKind::Flag,
            &["AWS_IS_GZIPPED"],
            "Stores contents of some types compressed, and reads them back plain: see below.",
        )
    },
    OptionRow {
        default: "text/css,text/javascript,application/javascript,application/x-javascript,image/svg+xml",
        ..row(
            "gzip_content_types",
            OptionKind::List,
            &["GZIP_CONTENT_TYPES"],
            "Those types.",
        )
    },
    OptionRow {
        default: "true",
        ..row(
            "querystring_auth",
            OptionKind::Flag,
            &["AWS_QUERYSTRING_AUTH"],
            "Signs URLs. Never for static files.",
        )
    },
    OptionRow {
        default: "3600",
        ..row(
            "querystring_expire",
            OptionKind::Seconds {
                min: 1,
                max: MAX_EXPIRY_SECONDS,
            },
            &["AWS_QUERYSTRING_EXPIRE"],
            "How long a signed URL works, at most seven days.",
        )
    },
    row(
        "custom_domain",
        OptionKind::Text,
        &["AWS_S3_CUSTOM_DOMAIN"],
        "The host, and path, of a CDN in front of the bucket: URLs are made for it, unsigned.",
    ),
    OptionRow {
        default: "https:",
        ..row(
            "url_protocol",
            OptionKind::Choice(&["https:", "http:"]),
            &["AWS_S3_URL_PROTOCOL"],
            "The scheme of a `custom_domain`.",
        )
    },
    OptionRow {
        other_names: &["upload_cutoff"],
        default: "8388608",
        ..row(
            "multipart_threshold",
            OptionKind::Integer {
                min: 1,
                max: MAX_THRESHOLD,
            },
            &["AWS_S3_MULTIPART_THRESHOLD"],
            "The most bytes that are sent with one PUT, up to 1 GiB: they are all in memory.",
        )
    },
    OptionRow {
        other_names: &["chunk_size"],
        default: "8388608",
        ..row(
            "multipart_chunksize",
            OptionKind::Integer {
                min: MIN_CHUNK,
                max: MAX_PART_BYTES.cast_signed(),
            },
            &["AWS_S3_MULTIPART_CHUNKSIZE"],
            "The bytes of a part, 5 MiB to 4 GiB: each that is sent is in memory. Parts are larger where there would be too many.",
        )
    },
    OptionRow {
        default: "10000",
        ..row(
            "max_upload_parts",
            OptionKind::Integer {
                min: 1,
                max: MAX_PARTS,
            },
            &["AWS_S3_MAX_UPLOAD_PARTS"],
            "The most parts that the service takes in one upload.",
        )
    },
    OptionRow {
        default: "auto",
        ..row(
            "list_version",
            OptionKind::Choice(&["auto", "1", "2"]),
            &["AWS_S3_LIST_VERSION"],
            "The listing of the service: `ListObjects` or `ListObjectsV2`. `auto`: the second, unless the service has only the first.",
        )
    },
    OptionRow {
        // With it, a host that swallows everything is told within five seconds too.
        default: "4",
        ..row(
            "connect_timeout",
            OptionKind::Seconds { min: 1, max: 300 },
            &["AWS_S3_CONNECT_TIMEOUT"],
            "How long to wait for a connection.",
        )
    },
    OptionRow {
        default: "60",
        ..row(
            "read_timeout",
            OptionKind::Seconds { min: 1, max: DAY },
            &["AWS_S3_READ_TIMEOUT"],
            "How long nothing may move, either way.",
        )
    },
    OptionRow {
        default: "0",
        ..row(
            "timeout",
            OptionKind::Seconds { min: 0, max: DAY },
            &["AWS_S3_TIMEOUT"],
            "How long one request may take, content included. 0: as long as it moves.",
        )
    },
    OptionRow {
        default: "60",
        ..row(
            "retry_timeout",
            OptionKind::Seconds { min: 0, max: DAY },
            &["AWS_S3_RETRY_TIMEOUT"],
            "How long a request that fails is sent again. 0: not at all.",
        )
    },
];

const fn row(
    name: &'static str,
    kind: OptionKind,
    settings: &'static [&'static str],
    help: &'static str,
) -> OptionRow {
    OptionRow {
        settings,
        ..OptionRow::new(name, kind, help)
    }
}

#[cfg(test)]
mod tests {
    use storehouse_storage::find_option;

    use super::*;

    #[test]
    fn cuts_that_s3_does_not_take_are_refused() {
        for (name, text) in [
            ("multipart_threshold", "0"),
            ("multipart_threshold", "1073741825"),
            ("multipart_chunksize", "5242879"),
            ("multipart_chunksize", "4294967297"),
            ("max_upload_parts", "0"),
            ("max_upload_parts", "10001"),
        ] {
            let kind = find_option(TABLE, name).unwrap().kind;

            assert!(kind.read_text(text).is_err(), "{name} {text}");
        }
    }
}
