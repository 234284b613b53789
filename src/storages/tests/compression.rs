//! What is said about compressed copies: where it may be said, and what is refused.

use super::*;

const MANIFEST: &str = "whitenoise.storage.CompressedManifestStaticFilesStorage";
const PLAIN: &str = "whitenoise.storage.CompressedStaticFilesStorage";

/// The storage `staticfiles` of a settings file, with this BACKEND, OPTIONS and settings.
fn site(backend: &str, options: &str, settings: &str) -> Site {
    Site::new(&format!(
        "STATIC_ROOT = 'static'\n{settings}\n[STORAGES.staticfiles]\nBACKEND = '{backend}'\n\
         [STORAGES.staticfiles.OPTIONS]\n{options}"
    ))
}

fn read(backend: &str, options: &str, settings: &str) -> CompressionOptions {
    let storages = site(backend, options, settings).storages().unwrap();
    storages
        .compression_options("staticfiles")
        .unwrap()
        .unwrap()
}

#[test]
fn a_prefix_or_a_class_of_whitenoise_asks_for_compressed_copies() {
    for (backend, compresses, hashes) in [
        ("fake:a", false, false),
        ("manifest+fake:a", false, true),
        ("compressed+fake:a", true, false),
        ("compressed+manifest+fake:a", true, true),
        (PLAIN, true, false),
        (MANIFEST, true, true),
    ] {
        let storages = site(backend, "", "").storages().unwrap();

        let compression = storages.compression_options("staticfiles").unwrap();
        let manifest = storages.manifest_options("staticfiles").unwrap();

        let expected = compresses.then(CompressionOptions::default);
        assert_eq!(compression, expected, "{backend}");
        assert_eq!(manifest.is_some(), hashes, "{backend}");
        assert!(storages.staticfiles().is_ok(), "{backend}");
    }
}

#[test]
fn the_options_are_taken_from_url_options_and_settings_in_this_order() {
    let settings = "WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ['s']";
    for (case, backend, options, expected) in [
        (
            "URL",
            "compressed+fake:a?skip_compress_extensions=.U,v",
            "skip_compress_extensions = ['o']",
            &["u", "v"][..],
        ),
        (
            "OPTIONS",
            "compressed+fake:a",
            "skip_compress_extensions = ['o']",
            &["o"],
        ),
        ("settings", "compressed+fake:a", "", &["s"]),
        (
            "an empty list",
            "compressed+fake:a",
            "skip_compress_extensions = []",
            &[],
        ),
    ] {
        let read = read(backend, options, settings);

        assert_eq!(read.skip_extensions, expected, "{case}");
    }
}

#[test]
fn every_option_is_read() {
    let read = read(
        "compressed+manifest+fake:a",
        "compression = ['GZIP', 'br', 'gzip']\ncompress_max_bytes = 1000\n\
         keep_only_hashed_files = true",
        "",
    );

    assert_eq!(read.codings, [Coding::Brotli, Coding::Gzip]);
    assert_eq!(read.max_bytes, 1000);
    assert!(read.keep_only_hashed_files);
    assert_eq!(read.compress_as, CompressAs::SideFiles);
}

#[test]
fn a_file_that_is_kept_in_one_coding_is_kept_in_gzip_unless_told() {
    for (query, expected) in [("", Coding::Gzip), ("&compression=br", Coding::Brotli)] {
        let backend = format!("compressed+fake:a?compress_as=content-encoding{query}");

        let read = read(&backend, "", "");

        assert_eq!(read.compress_as, CompressAs::ContentEncoding);
        assert_eq!(read.codings, [expected], "{query}");
    }
}

#[test]
fn whitenoise_s_settings_about_hashed_names_count_where_whitenoise_s_class_does() {
    let settings = "WHITENOISE_KEEP_ONLY_HASHED_FILES = true\nWHITENOISE_MANIFEST_STRICT = false";
    for (backend, options, keeps_only_hashed, strict) in [
        (MANIFEST, "", Some(true), Some(false)),
        (
            MANIFEST,
            "manifest_strict = true\nkeep_only_hashed_files = false",
            Some(false),
            Some(true),
        ),
        ("compressed+manifest+fake:a", "", Some(true), Some(false)),
        (PLAIN, "", Some(false), None),
        ("manifest+fake:a", "", None, Some(true)),
    ] {
        let storages = site(backend, options, settings).storages().unwrap();

        let compression = storages.compression_options("staticfiles").unwrap();
        let manifest = storages.manifest_options("staticfiles").unwrap();

        assert_eq!(
            compression.map(|read| read.keep_only_hashed_files),
            keeps_only_hashed,
            "{backend} {options}"
        );
        assert_eq!(
            manifest.map(|read| read.manifest_strict),
            strict,
            "{backend} {options}"
        );
    }
}

/// BACKEND, OPTIONS and what is said about them.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "manifest+fake:a",
        "compression = ['br']",
        "unknown option \"compression\"",
    ),
    (
        "compressed+fake:a",
        "compresion = ['br']",
        "unknown option \"compresion\"; did you mean \"compression\"?",
    ),
    (
        "compressed+fake:a",
        "compression = 'br'",
        "option \"compression\": expected an array of strings, found a string",
    ),
    (
        "compressed+fake:a",
        "compression = ['brotli']",
        "option \"compression\": there is no coding \"brotli\"; did you mean \"br\"?",
    ),
    (
        "compressed+fake:a?compression=br,xz",
        "",
        "option \"compression\": there is no coding \"xz\"; the codings are br, zstd, gzip",
    ),
    (
        "compressed+fake:a",
        "compression = []",
        "option \"compression\": it names no coding; to compress nothing leave compressed+ out of BACKEND",
    ),
    (
        "compressed+fake:a",
        "compress_as = 'sidefiles'",
        "option \"compress_as\": \"sidefiles\" is not known; did you mean \"side-files\"?",
    ),
    (
        "compressed+fake:a?compress_as=content-encoding",
        "compression = ['gzip', 'br']",
        "option \"compression\": more than one coding, where a file is kept in one only (compress_as = \"content-encoding\"); name one; every client takes gzip",
    ),
    (
        "compressed+fake:a",
        "compress_max_bytes = -1",
        "option \"compress_max_bytes\": -1 is out of range: at least 0",
    ),
    (
        "compressed+fake:a",
        "keep_only_hashed_files = true",
        "unknown option \"keep_only_hashed_files\"",
    ),
];

#[test]
fn options_of_compressed_copies_are_strict() {
    for (backend, options, expected) in WRONG {
        let message = site(backend, options, "").message("staticfiles");

        assert!(message.contains(expected), "{backend} {options}: {message}");
    }
}

#[test]
fn a_storage_that_keeps_no_encoding_is_refused_when_it_is_opened() {
    let site = site("compressed+fake:a?compress_as=content-encoding", "", "");

    assert_eq!(
        site.message("staticfiles"),
        "cannot set up STORAGES.staticfiles.BACKEND (storehouse.toml:4): compress_as = \"content-encoding\" needs a storage that keeps a Content-Encoding beside a file, and this one does not; take compress_as = \"side-files\""
    );
}

#[cfg(feature = "memory")]
#[test]
fn a_storage_that_keeps_an_encoding_is_opened() {
    let sources = Sources::new("/nowhere")
        .with_set("STATICFILES_STORAGE=compressed+memory:?compress_as=content-encoding");
    let registry = builtin();
    let settings = Settings::load(&sources, &registry).unwrap();

    let storages = Storages::new(&settings, registry).unwrap();

    assert!(storages.staticfiles().is_ok());
}

#[test]
fn an_alias_that_is_not_set_has_no_compression_to_tell_of() {
    let storages = site("fake:a", "", "").storages().unwrap();

    let error = storages.compression_options("staticfile").unwrap_err();

    assert!(
        error.to_string().contains("did you mean \"staticfiles\"?"),
        "{error}"
    );
}
