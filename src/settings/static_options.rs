//! The options that a storage of static files takes beside its driver's, one row each. Here, since
//! what `storehouse settings` may show of an option is known by its row; what the options mean is
//! decided in [`crate::storages`].

use storehouse_storage::{OptionKind, OptionRow};

/// Extensions of contents that are compressed already: WhiteNoise's `SKIP_COMPRESS_EXTENSIONS`.
pub(crate) const SKIPPED: &str = "jpg, jpeg, png, gif, webp, \
    zip, gz, tgz, bz2, tbz, xz, br, \
    swf, flv, \
    woff, woff2, \
    3gp, 3gpp, asf, avi, m4v, mov, mp4, mpeg, mpg, webm, wmv";

/// 64 MiB. A file is in memory while it is compressed, several at once, and brotli takes more than a
/// minute for one of this size. WhiteNoise has no limit.
pub(crate) const MAX_BYTES: u64 = 64 << 20;
const MAX_BYTES_TEXT: &str = "67108864";

/// What a hashed file gets: its name changes when its content does.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What any other file gets: a minute, WhiteNoise's default (`WHITENOISE_MAX_AGE`, 6.12).
pub(crate) const SHORT: &str = "public, max-age=60";

/// The rows; a storage with hashed names has these beside its driver's.
pub(crate) const MANIFEST: &[OptionRow] = &[
    OptionRow {
        default: "true",
        ..OptionRow::new(
            "manifest_strict",
            OptionKind::Flag,
            "Whether the URL of a file that is not in the manifest is an error.",
        )
    },
    OptionRow {
        default: "staticfiles.json",
        ..OptionRow::new(
            "manifest_name",
            OptionKind::Text,
            "The name of the manifest.",
        )
    },
    OptionRow::new(
        "manifest_storage",
        OptionKind::Storage,
        "Where the manifest and the integrity digests are; if not given, where the files are.",
    ),
    OptionRow {
        default: "false",
        ..OptionRow::new(
            "keep_intermediate_files",
            OptionKind::Flag,
            "Whether files that one of Django's passes makes and the next replaces are kept.",
        )
    },
    OptionRow {
        default: "5",
        ..OptionRow::new(
            "max_post_process_passes",
            OptionKind::Integer { min: 0, max: 1000 },
            "How many passes Django makes after the first; 0 shows in what is written.",
        )
    },
    OptionRow {
        default: "false",
        ..OptionRow::new(
            "support_js_module_import_aggregation",
            OptionKind::Flag,
            "Whether `import` and `export` of JavaScript are rewritten.",
        )
    },
    OptionRow {
        default: "error",
        ..OptionRow::new(
            "missing_references",
            OptionKind::Choice(&["error", "warn", "ignore"]),
            "What a reference to a file that is not there is.",
        )
    },
    OptionRow {
        default: "0",
        ..OptionRow::new(
            "releases",
            OptionKind::Integer { min: 0, max: 1000 },
            "How many manifests are kept, to roll back to; 0: none.",
        )
    },
    OptionRow {
        default: "none",
        ..OptionRow::new(
            "integrity",
            OptionKind::Choice(&["none", "sha256", "sha384", "sha512"]),
            "The hash of the integrity digests in a file beside the manifest.",
        )
    },
];

/// The rows; a storage with compressed copies has these beside its driver's.
pub(crate) const COMPRESSION: &[OptionRow] = &[
    OptionRow::new(
        "compression",
        OptionKind::List,
        "The codings: `br`, `gzip`, `zstd`. If not given, `br` and `gzip`; `gzip` alone where `compress_as` is `content-encoding`.",
    ),
    OptionRow {
        default: "side-files",
        ..OptionRow::new(
            "compress_as",
            OptionKind::Choice(&["side-files", "content-encoding"]),
            "Whether a compressed copy is a file beside the original, or takes its place with a `Content-Encoding`.",
        )
    },
    OptionRow {
        settings: &["WHITENOISE_SKIP_COMPRESS_EXTENSIONS"],
        default: SKIPPED,
        ..OptionRow::new(
            "skip_compress_extensions",
            OptionKind::List,
            "The extensions of files that are not compressed.",
        )
    },
    OptionRow {
        default: MAX_BYTES_TEXT,
        ..OptionRow::new(
            "compress_max_bytes",
            OptionKind::Integer {
                min: 0,
                max: i64::MAX,
            },
            "Files larger than this are not compressed.",
        )
    },
    OptionRow {
        settings: &["WHITENOISE_KEEP_ONLY_HASHED_FILES"],
        default: "false",
        ..OptionRow::new(
            "keep_only_hashed_files",
            OptionKind::Flag,
            "Whether files whose name has no hash are deleted.",
        )
    },
];

/// The rows; every storage of static files has these beside its driver's.
pub(crate) const OBJECTS: &[OptionRow] = &[
    OptionRow {
        default: SHORT,
        ..OptionRow::new(
            "cache_control",
            OptionKind::Text,
            "The Cache-Control of files whose names do not change with their content.",
        )
    },
    OptionRow {
        default: IMMUTABLE,
        ..OptionRow::new(
            "immutable_cache_control",
            OptionKind::Text,
            "The Cache-Control of hashed files.",
        )
    },
    OptionRow {
        default: "utf-8",
        ..OptionRow::new(
            "charset",
            OptionKind::Text,
            "The charset that is told of text/* files. Empty: none.",
        )
    },
    OptionRow::new(
        "rules",
        OptionKind::Tables,
        "What files get whose names match, in order: a later rule wins.",
    ),
    OptionRow::new(
        "already_hashed",
        OptionKind::List,
        "Patterns of files that keep their names, since a bundler has put a hash in.",
    ),
];

/// Returns the rows of all tables.
pub(super) fn rows() -> impl Iterator<Item = &'static OptionRow> {
    MANIFEST.iter().chain(COMPRESSION).chain(OBJECTS)
}
