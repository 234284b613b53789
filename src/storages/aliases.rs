//! Dotted class paths of Django and its neighbours, and what they mean here, so that a Django
//! project's value works as it stands. No Python is looked at.

use storehouse_storage::{Error, Files, Result, nearest};

use super::processing::Processing;

/// What a dotted class path means.
#[derive(Debug, Clone, Copy)]
pub(super) struct AliasRow {
    /// The class.
    pub(super) class: &'static str,
    /// The driver's short name.
    pub(super) driver: &'static str,
    /// What its files are for.
    pub(super) files: Files,
    /// What is done to static files on the way in.
    pub(super) processing: &'static [Processing],
    /// The defaults of the class, where they are not the driver's.
    pub(super) defaults: &'static [(&'static str, bool)],
}

const HASHED: &[Processing] = &[Processing::Manifest];
const COMPRESSED: &[Processing] = &[Processing::Compressed];
const BOTH: &[Processing] = &[Processing::Manifest, Processing::Compressed];

/// `file_overwrite` of django-storages (`storages/backends/s3.py`, 1.14.6), which replaces what is
/// there unless told otherwise.
const OVERWRITES: &[(&str, bool)] = &[("file_overwrite", true)];

const ROWS: &[AliasRow] = &[
    media("django.core.files.storage.FileSystemStorage", "filesystem"),
    media(
        "django.core.files.storage.filesystem.FileSystemStorage",
        "filesystem",
    ),
    media("django.core.files.storage.InMemoryStorage", "memory"),
    media("django.core.files.storage.memory.InMemoryStorage", "memory"),
    statics("django.contrib.staticfiles.storage.StaticFilesStorage", &[]),
    statics(
        "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        HASHED,
    ),
    statics(
        "whitenoise.storage.CompressedStaticFilesStorage",
        COMPRESSED,
    ),
    statics(
        "whitenoise.storage.CompressedManifestStaticFilesStorage",
        BOTH,
    ),
    s3("storages.backends.s3.S3Storage", Files::Media, &[]),
    s3(
        "storages.backends.s3boto3.S3Boto3Storage",
        Files::Media,
        &[],
    ),
    s3("storages.backends.s3.S3StaticStorage", Files::Static, &[]),
    s3(
        "storages.backends.s3boto3.S3StaticStorage",
        Files::Static,
        &[],
    ),
    s3(
        "storages.backends.s3.S3ManifestStaticStorage",
        Files::Static,
        HASHED,
    ),
    s3(
        "storages.backends.s3boto3.S3ManifestStaticStorage",
        Files::Static,
        HASHED,
    ),
];

const fn media(class: &'static str, driver: &'static str) -> AliasRow {
    AliasRow {
        class,
        driver,
        files: Files::Media,
        processing: &[],
        defaults: &[],
    }
}

const fn statics(class: &'static str, processing: &'static [Processing]) -> AliasRow {
    AliasRow {
        files: Files::Static,
        processing,
        ..media(class, "filesystem")
    }
}

const fn s3(class: &'static str, files: Files, processing: &'static [Processing]) -> AliasRow {
    AliasRow {
        files,
        processing,
        defaults: OVERWRITES,
        ..media(class, "s3")
    }
}

/// Finds what a dotted class path means.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) with the nearest
/// class that is known, else with what to do about a class of one's own.
pub(super) fn find(class: &str) -> Result<&'static AliasRow> {
    ROWS.iter().find(|row| row.class == class).ok_or_else(|| {
        let advice = match nearest(class, ROWS.iter().map(|row| row.class)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "classes of Python cannot be run here: if it only sets attributes of its base class, name that class and give them as OPTIONS; else take a URL such as s3://bucket, or write a driver and add it with Registry::register".to_owned(),
        };
        Error::configuration(format!("the class {class:?} is not known")).with_advice(advice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_class_is_in_the_table_twice() {
        let mut classes: Vec<&str> = ROWS.iter().map(|row| row.class).collect();
        classes.sort_unstable();
        classes.dedup();

        assert_eq!(classes.len(), ROWS.len());
    }

    #[test]
    fn a_mistyped_class_is_told_with_the_nearest() {
        let error = find("storages.backends.s3.S3Storag")
            .unwrap_err()
            .to_string();

        assert!(
            error.contains("did you mean \"storages.backends.s3.S3Storage\""),
            "{error}"
        );
    }

    #[test]
    fn another_class_of_a_similar_name_is_no_typo() {
        for class in [
            "storages.backends.sftpstorage.SFTPStorage",
            "storages.backends.gcloud.GoogleCloudStorage",
            "storages.backends.dropbox.DropboxStorage",
        ] {
            let error = find(class).unwrap_err().to_string();

            assert!(!error.contains("did you mean"), "{error}");
        }
    }

    #[test]
    fn a_class_of_ones_own_is_told_with_how_to_register_a_driver() {
        let error = find("mysite.storage.Fancy").unwrap_err().to_string();

        assert!(error.contains("mysite.storage.Fancy"), "{error}");
        assert!(error.contains("Registry::register"), "{error}");
    }
}
