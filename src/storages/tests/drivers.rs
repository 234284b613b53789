//! The drivers that Storehouse comes with, through the settings.

use storehouse_storage::Name;

use super::*;

fn storages(sources: &Sources) -> Storages {
    let registry = builtin();
    let settings = Settings::load(sources, &registry).unwrap();
    Storages::new(&settings, registry).unwrap()
}

#[cfg(feature = "filesystem")]
#[test]
fn a_folder_is_where_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = "MEDIA_ROOT = 'media'\nSTATICFILES_STORAGE = 'file:static'";
    std::fs::write(folder.path().join("storehouse.toml"), file).unwrap();
    let storages = storages(&Sources::new(folder.path()));
    let name = Name::new("a.txt").unwrap();

    let media = storages.default().unwrap().path(&name).unwrap();
    let statics = storages.staticfiles().unwrap().path(&name).unwrap();

    assert!(media.ends_with("media/a.txt"), "{media:?}");
    assert!(statics.ends_with("static/a.txt"), "{statics:?}");
}

#[cfg(feature = "memory")]
#[tokio::test]
async fn a_url_is_below_the_setting_of_its_files() {
    let sources = Sources::new("/nowhere")
        .with_set("STORAGES.default.BACKEND=memory:")
        .with_set("STORAGES.staticfiles.BACKEND=memory:")
        .with_set("MEDIA_URL=media/")
        .with_set("STATIC_URL=https://cdn.example.org/");
    let storages = storages(&sources);
    let name = Name::new("a b.txt").unwrap();

    let media = storages
        .default()
        .unwrap()
        .url(&name, &Default::default())
        .await
        .unwrap();
    let statics = storages
        .staticfiles()
        .unwrap()
        .url(&name, &Default::default())
        .await
        .unwrap();

    assert_eq!(media, "/media/a%20b.txt");
    assert_eq!(statics, "https://cdn.example.org/a%20b.txt");
}

#[cfg(all(feature = "filesystem", feature = "memory"))]
#[tokio::test]
async fn a_private_storage_signs_every_url_and_static_files_none() {
    let sources = Sources::new("/nowhere")
        .with_set("SECRET_KEY=PLANTED")
        .with_set("MEDIA_URL=/media/")
        .with_set("MEDIA_ROOT=media")
        .with_set("STATIC_URL=/static/")
        .with_set("STORAGES.staticfiles.BACKEND=file:static?querystring_auth=true")
        .with_set("STORAGES.private.BACKEND=filesystem")
        .with_set("STORAGES.private.OPTIONS.querystring_auth=true")
        .with_set("STORAGES.memory.BACKEND=memory:?querystring_auth=true&querystring_expire=60");
    let storages = storages(&sources);
    let name = Name::new("a.txt").unwrap();
    for (alias, start, is_private) in [
        ("default", "/media/a.txt", false),
        ("private", "/media/a.txt?expires=", true),
        ("memory", "/media/a.txt?expires=", true),
        ("staticfiles", "/static/a.txt", false),
        ("file:x?querystring_auth=1", "/media/a.txt?expires=", true),
    ] {
        let storage = storages.open(alias).unwrap();

        let url = storage.url(&name, &Default::default()).await.unwrap();

        assert!(url.starts_with(start), "{alias}: {url}");
        assert_eq!(url.contains('?'), is_private, "{alias}: {url}");
        assert_eq!(storages.is_private(alias).unwrap(), is_private, "{alias}");
        let shown = format!("{storage:?} {storages:?}");
        assert!(!shown.contains(PLANTED), "{alias}: {shown}");
    }
}

#[cfg(feature = "filesystem")]
#[test]
fn a_host_in_a_file_url_is_told_with_the_right_form() {
    let registry = builtin();
    let sources = Sources::new("/nowhere").with_set("DEFAULT_FILE_STORAGE=file://relative/x");
    let settings = Settings::load(&sources, &registry).unwrap();

    let storages = Storages::new(&settings, registry).unwrap();
    let error = storages.default().unwrap_err().to_string();

    assert!(
        error.starts_with("cannot set up DEFAULT_FILE_STORAGE (command line): "),
        "{error}"
    );
    assert!(error.contains("file:relative/x"), "{error}");
}

/// Hostile storage strings, and what is said about them.
#[cfg(feature = "s3")]
#[test]
fn a_bucket_s_string_that_cannot_work_is_told_before_any_request() {
    for (case, backend, part) in [
        ("no bucket", "s3://", "s3://BUCKET"),
        (
            "mistyped ACL",
            "s3://bucket?default_acl=publc-read",
            "did you mean \"public-read\"?",
        ),
        (
            "mistyped option",
            "s3://bucket?querystring_expires=1",
            "did you mean \"querystring_expire\"?",
        ),
        (
            "negative",
            "s3://bucket?querystring_expire=-1",
            "out of range: 1 to 604800",
        ),
        (
            "no number",
            "s3://bucket?querystring_expire=abc",
            "expected a whole number",
        ),
        (
            "eight days",
            "s3://bucket?querystring_expire=691200",
            "out of range: 1 to 604800",
        ),
        (
            "endpoint without scheme",
            "s3://bucket?endpoint_url=localhost:9000",
            "http://127.0.0.1:9000",
        ),
        (
            "password in the endpoint",
            "s3://bucket?endpoint_url=http://u:PLANTED%40h",
            "(***)",
        ),
        ("climbing", "s3://bucket/../../other", "location"),
        ("bad bucket", "s3://Bad_Bucket", "Bad_Bucket"),
        ("bucket like an address", "s3://192.168.0.1", "IP address"),
        ("mistyped scheme", "s33://bucket", "did you mean \"s3\"?"),
    ] {
        let registry = builtin();
        let sources = Sources::new("/nowhere").with_variable("DEFAULT_FILE_STORAGE", backend);
        let settings = Settings::load(&sources, &registry).unwrap();

        let got = Storages::new(&settings, registry).and_then(|storages| storages.default());

        let error = got.unwrap_err().to_string();
        let place =
            "cannot set up DEFAULT_FILE_STORAGE (environment variable DEFAULT_FILE_STORAGE): ";
        assert!(error.starts_with(place), "{case}: {error}");
        assert!(error.contains(part), "{case}: {error}");
        assert!(!error.contains(PLANTED), "{case}: {error}");
    }
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn a_bucket_is_named_by_settings_and_its_static_files_are_never_signed() {
    let sources = Sources::new("/nowhere")
        .with_set("AWS_STORAGE_BUCKET_NAME=assets")
        .with_set("AWS_S3_ENDPOINT_URL=http://127.0.0.1:9000")
        .with_set("AWS_S3_ACCESS_KEY_ID=key")
        .with_set("AWS_S3_SECRET_ACCESS_KEY=PLANTED")
        .with_set("DEFAULT_FILE_STORAGE=storages.backends.s3.S3Storage")
        .with_set("STATICFILES_STORAGE=s3");
    let storages = storages(&sources);
    let name = Name::new("a.css").unwrap();

    let media = storages.default().unwrap();
    let statics = storages.staticfiles().unwrap();

    assert!(media.allow_overwrite());
    assert!(!statics.allow_overwrite());
    let signed = media.url(&name, &Default::default()).await.unwrap();
    assert!(
        signed.starts_with("http://127.0.0.1:9000/assets/a.css?"),
        "{signed}"
    );
    let url = statics.url(&name, &Default::default()).await.unwrap();
    assert_eq!(url, "http://127.0.0.1:9000/assets/a.css");
}
