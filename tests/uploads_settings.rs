//! The settings of uploads, from the settings file to what is taken: each limit to the byte, the folder of
//! files that wait, and the modes of what is stored.

use storehouse::{
    media::{Form, Upload, UploadError, UploadLimits},
    storages::DEFAULT,
};

use crate::uploads::{Anything, blocks, form_headers, names, open, status};

/// A form with as many files, and as many fields whose values have as many bytes.
fn form(files: usize, fields: usize, value_bytes: usize) -> String {
    let file = "--b\r\n<file>x\r\n".repeat(files);
    let field = format!("--b\r\n<field>{}\r\n", "v".repeat(value_bytes)).repeat(fields);
    format!("{file}{field}--b--")
}

#[tokio::test]
async fn each_limit_of_the_settings_is_exact() {
    for (setting, value, form, expected) in [
        // The name has one byte, and each field counts for two more.
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "10", form(1, 1, 7), 200),
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "10", form(1, 1, 8), 413),
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "10", form(1, 2, 2), 200),
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "10", form(1, 2, 3), 413),
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "0", form(1, 0, 0), 200),
        (
            "DATA_UPLOAD_MAX_MEMORY_SIZE",
            "\"none\"",
            form(1, 1, 2_621_438),
            200,
        ),
        ("DATA_UPLOAD_MAX_NUMBER_FIELDS", "2", form(3, 2, 1), 200),
        ("DATA_UPLOAD_MAX_NUMBER_FIELDS", "2", form(3, 3, 1), 413),
        (
            "DATA_UPLOAD_MAX_NUMBER_FIELDS",
            "\"none\"",
            form(1, 1001, 1),
            200,
        ),
        ("DATA_UPLOAD_MAX_NUMBER_FILES", "2", form(2, 3, 1), 200),
        ("DATA_UPLOAD_MAX_NUMBER_FILES", "2", form(3, 3, 1), 413),
        (
            "DATA_UPLOAD_MAX_NUMBER_FILES",
            "\"none\"",
            form(101, 1, 1),
            200,
        ),
    ] {
        let (_site, storages) = open(&format!(
            "DEFAULT_FILE_STORAGE = \"memory:\"\n{setting} = {value}\n"
        ));
        let upload = Upload::to(&storages, DEFAULT).unwrap();
        let files = form.matches("<file>").count();

        let answer = upload.receive(&form_headers(), blocks([&form])).await;

        let case = format!("{setting} = {value}, {} bytes", form.len());
        assert_eq!(status(&answer), expected, "{case}: {answer:?}");
        let stored = names(&storages.default().unwrap()).await.len();
        assert_eq!(stored, if answer.is_ok() { files } else { 0 }, "{case}");
        if let Err(error) = answer {
            let told = error.client_message();
            let limit = format!("more than {value} ");
            assert!(told.contains(&limit) && told.contains(setting), "{told}");
        }
    }
}

#[tokio::test]
async fn what_is_too_much_for_the_memory_needs_the_temporary_folder() {
    let (site, storages) = open(
        "DEFAULT_FILE_STORAGE = \"memory:\"\n\
         FILE_UPLOAD_MAX_MEMORY_SIZE = 5\n\
         FILE_UPLOAD_TEMP_DIR = \"missing\"\n",
    );
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_validator(Anything);
    let form = |content: &str| format!("--b\r\n<file>{content}\r\n--b--");

    let five = upload
        .receive(&form_headers(), blocks([&form("12345")]))
        .await;
    drop(five.unwrap());
    upload.settle().await;
    let six = upload
        .receive(&form_headers(), blocks([&form("123456")]))
        .await;

    assert_eq!(status(&six), 500);
    let error = six.unwrap_err();
    let missing = site.path("missing").display().to_string();
    assert!(
        matches!(&error, UploadError::TemporaryFile { folder, .. } if *folder == missing),
        "{error:?}"
    );
    assert_eq!(error.client_message(), "the upload could not be stored");
    let left = names(&storages.default().unwrap()).await;
    assert_eq!(left, Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_stored_has_the_modes_of_the_settings() {
    use std::os::unix::fs::PermissionsExt;

    use storehouse::media::UploadTo;

    // 0o770 is what no usual umask leaves of a new folder.
    let (site, storages) = open(
        "MEDIA_ROOT = \"root\"\n\
         FILE_UPLOAD_PERMISSIONS = 0o600\n\
         FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o770\n",
    );
    let mode = |path: &str| {
        let attributes = site.path(path).metadata().unwrap();
        format!("{:o}", attributes.permissions().mode() & 0o7777)
    };
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let waits = upload.clone().with_validator(Anything);
    for (folder, upload) in [("streamed", upload), ("waited", waits)] {
        let upload_to = UploadTo::pattern(&format!("{folder}/inner")).unwrap();

        let mut answer = upload
            .with_upload_to(upload_to)
            .receive(&form_headers(), blocks(["--b\r\n<file>x\r\n--b--"]))
            .await;
        answer.iter_mut().map(Form::keep).for_each(drop);

        assert_eq!(status(&answer), 200, "{folder}: {answer:?}");
        assert_eq!(
            mode(&format!("root/{folder}/inner/x.txt")),
            "600",
            "{folder}"
        );
        assert_eq!(mode(&format!("root/{folder}/inner")), "770", "{folder}");
        assert_eq!(mode(&format!("root/{folder}")), "770", "{folder}");
    }
}

#[test]
fn an_application_can_say_what_the_settings_say() {
    let (_site, storages) = open(
        "FILE_UPLOAD_MAX_MEMORY_SIZE = 1\n\
         DATA_UPLOAD_MAX_MEMORY_SIZE = 2\n\
         DATA_UPLOAD_MAX_NUMBER_FIELDS = 3\n\
         DATA_UPLOAD_MAX_NUMBER_FILES = 4\n",
    );

    let limits = UploadLimits::default()
        .with_max_memory_bytes(1)
        .with_max_data_bytes(2)
        .with_max_fields(3)
        .with_max_files(4);

    assert_eq!(limits, UploadLimits::from_settings(storages.settings()));
}
