//! Uploads that are taken: what they are called, what is kept of them, and what an application may ask of
//! them before.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use storehouse::{
    media::{
        FileRecord, ImageDimensions, Upload, UploadLimits, UploadTo, UploadedFile, ValidationError,
        Validator,
    },
    settings::{Settings, Sources},
    storage::{Name, UrlOptions},
    storages::{DEFAULT, builtin},
};

use crate::uploads::{Anything, blocks, form_headers, names, open, status};

/// A form with one file.
fn form(name: &str, content: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name=f; filename=\"{name}\"\r\n\r\n{content}\r\n--b--"
    )
}

#[tokio::test]
async fn a_record_finds_its_file_again() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory://records?base_url=/media/\"\n");
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_upload_to(UploadTo::pattern("notes").unwrap());
    let form = form("/tmp/my note.txt", "hello");

    let mut taken = upload
        .receive(&form_headers(), blocks([&form]))
        .await
        .unwrap();
    let row = serde_json::to_string(&taken.take_file("f").unwrap().keep()).unwrap();
    let record: FileRecord = serde_json::from_str(&row).unwrap();

    assert_eq!(
        record,
        FileRecord {
            storage: "default".to_owned(),
            name: "notes/my_note.txt".to_owned(),
            size: 5,
            content_type: "text/plain; charset=utf-8".to_owned(),
            checksum: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".to_owned(),
            original_name: "my note.txt".to_owned(),
        }
    );
    let url = record.url(&storages, &UrlOptions::default()).await.unwrap();
    assert_eq!(url, "/media/notes/my_note.txt");
    assert_eq!(
        record
            .open(&storages)
            .await
            .unwrap()
            .into_text()
            .await
            .unwrap(),
        "hello"
    );
    record.delete(&storages).await.unwrap();
    assert_eq!(
        names(&storages.default().unwrap()).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_stored_type_is_that_of_the_bytes() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let form = "--b\r\nContent-Disposition: form-data; name=f; filename=a.jpg\r\nContent-Type: text/html\r\n\r\nGIF89a\r\n--b--";

    let taken = upload
        .receive(&form_headers(), blocks([form]))
        .await
        .unwrap();

    let storage = storages.default().unwrap();
    let name = Name::new("a.jpg").unwrap();
    let stored = storage.stat(&name).await.unwrap().attributes.content_type;
    assert_eq!(stored.as_deref(), Some("image/gif"));
    assert_eq!(taken.files[0].record().content_type, "image/gif");
}

#[tokio::test]
async fn a_hash_is_of_the_whole_content() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_upload_to(UploadTo::pattern("by-hash/{hash}").unwrap());

    let taken = upload
        .receive(&form_headers(), blocks([&form("a.txt", "hello")]))
        .await
        .unwrap();

    let record = taken.files[0].record();
    assert_eq!(record.name, format!("by-hash/{}.txt", record.checksum));
}

#[tokio::test]
async fn a_taken_name_gets_a_suffix() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    for _ in 0..2 {
        upload
            .receive(&form_headers(), blocks([&form("a.txt", "hello")]))
            .await
            .unwrap()
            .keep();
    }

    let names = names(&storages.default().unwrap()).await;
    assert_eq!(names[0], "a.txt");
    assert!(
        names[1].starts_with("a_") && names[1].ends_with(".txt"),
        "{names:?}"
    );
}

#[tokio::test]
async fn only_what_is_allowed_is_taken() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let by_extension = upload.clone().with_allowed_extensions(["TXT", "gif"]);
    let by_type = upload.with_allowed_types(["image/*", "text/csv"]);
    for (case, upload, name, content, expected) in [
        ("extension", &by_extension, "a.Txt", "hello", 200),
        ("another extension", &by_extension, "a.html", "hello", 415),
        ("no extension", &by_extension, "txt", "hello", 415),
        (
            "a blank after the extension",
            &by_extension,
            "a.txt ",
            "hello",
            200,
        ),
        ("type", &by_type, "a.gif", "GIF89a", 200),
        (
            "type, whatever the extension",
            &by_type,
            "a.dat",
            "GIF89a",
            200,
        ),
        ("no picture", &by_type, "a.gif", "hello", 415),
        ("no known picture", &by_type, "a.gif", "\u{1}\u{2}", 415),
        ("SVG", &by_type, "a.svg", "<svg/>", 415),
        (
            "text that only its extension can tell",
            &by_type,
            "a.csv",
            "a,b",
            200,
        ),
        ("other text", &by_type, "a.txt", "a,b", 415),
    ] {
        let answer = upload
            .receive(&form_headers(), blocks([&form(name, content)]))
            .await;

        assert_eq!(status(&answer), expected, "{case}: {answer:?}");
    }
}

/// Takes only files that say hello, and cannot tell of those that ask for an oracle.
#[derive(Debug)]
struct Hello;

#[async_trait]
impl Validator for Hello {
    async fn validate(&self, file: &UploadedFile<'_>) -> Result<(), ValidationError> {
        let content = file.content().expect("it waits");
        let blocks: Vec<_> = content.try_collect().await.expect("it waits");
        match blocks.concat().as_slice() {
            b"hello" => Ok(()),
            b"oracle" => Err(ValidationError::Failed(
                "the oracle at 10.0.0.1 is silent".into(),
            )),
            _ => Err(format!("{} bytes, and no hello", file.size()).into()),
        }
    }
}

#[tokio::test]
async fn a_validator_is_asked_before_anything_is_saved() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let small = UploadLimits::default().with_max_memory_bytes(3);
    for upload in [upload.clone(), upload.with_limits(small)] {
        let upload = upload.with_validator(Hello);
        for (second, expected, told) in [
            ("hello", 200, ""),
            (
                "goodbye",
                422,
                "\"b.txt\" is not taken: 7 bytes, and no hello",
            ),
            ("oracle", 500, "the upload could not be stored"),
        ] {
            let first = "--b\r\n<file>hello\r\n";

            let answer = upload
                .receive(&form_headers(), blocks([first, &form("b.txt", second)]))
                .await;

            assert_eq!(status(&answer), expected, "{second}");
            match answer {
                Ok(mut form) => {
                    for record in form.keep() {
                        record.delete(&storages).await.unwrap();
                    }
                }
                Err(error) => assert_eq!(error.client_message(), told),
            }
            let left = names(&storages.default().unwrap()).await;
            assert_eq!(left, Vec::<String>::new(), "{second}");
        }
    }
}

/// A zip archive of one file that claims to have 4 GB when it is taken out.
fn zip_bomb() -> Vec<u8> {
    let (deflated, crc) = (b"\x03\0", [0; 4]);
    let (packed, unpacked) = (2_u32.to_le_bytes(), 0xffff_fff0_u32.to_le_bytes());
    // Version, flags, method, time and date, checksum, both sizes, the name's length and that of extras.
    let about = [
        &b"\x14\0\0\0\x08\0\0\0\0\0"[..],
        &crc,
        &packed,
        &unpacked,
        b"\x01\0\0\0",
    ]
    .concat();
    let local = [b"PK\x03\x04", &about[..], b"0", deflated].concat();
    let central = [b"PK\x01\x02\x14\0", &about[..], &[0; 14], b"0"].concat();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let (size, start) = (length(&central), length(&local));
    let end = [
        &b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..],
        &size,
        &start,
        &[0; 2],
    ]
    .concat();
    [local, central, end].concat()
}

#[tokio::test]
async fn a_zip_bomb_is_stored_and_not_opened() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_allowed_types(["application/zip"])
        .with_limits(UploadLimits::default().with_max_file_bytes(1000));
    let zip = zip_bomb();
    let head = "--b\r\nContent-Disposition: form-data; name=f; filename=\"holiday.zip\"\r\n\r\n";
    let form = Bytes::from([head.as_bytes(), &zip, b"\r\n--b--"].concat());
    for upload in [upload.clone(), upload.with_validator(Anything)] {
        let body = stream::iter([Ok::<_, std::io::Error>(form.clone())]);

        let mut taken = upload.receive(&form_headers(), body).await.unwrap();

        let record = taken.keep().remove(0);
        assert_eq!(record.size, zip.len() as u64);
        assert_eq!(record.content_type, "application/zip");
        let stored = record.open(&storages).await.unwrap();
        assert_eq!(stored.into_bytes().await.unwrap(), zip);
        let stored = names(&storages.default().unwrap()).await;
        assert_eq!(stored, ["holiday.zip"]);
        record.delete(&storages).await.unwrap();
    }
}

/// The header of a GIF of 300 x 72 pixels.
const GIF: &str = "GIF89a\u{2c}\u{1}\u{48}\u{0}      ";

#[tokio::test]
async fn a_picture_may_have_only_so_many_pixels() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let in_a_file = UploadLimits::default().with_max_memory_bytes(3);
    for upload in [upload.clone(), upload.with_limits(in_a_file)] {
        for (case, most, content, expected) in [
            ("small enough", 300, GIF, 200),
            ("too large", 299, GIF, 422),
            ("no picture", 300, "hello", 422),
            ("cut", 300, "GIF89a", 422),
        ] {
            let upload = upload
                .clone()
                .with_validator(ImageDimensions::at_most(most, most));

            let answer = upload
                .receive(&form_headers(), blocks([&form("a", content)]))
                .await;

            assert_eq!(status(&answer), expected, "{case}: {answer:?}");
        }
    }
}

#[test]
fn the_limits_are_those_of_the_settings() {
    let sources = Sources::new("/srv/site")
        .with_set("FILE_UPLOAD_MAX_MEMORY_SIZE=5")
        .with_set("FILE_UPLOAD_TEMP_DIR=waiting")
        .with_set("DATA_UPLOAD_MAX_MEMORY_SIZE=6")
        .with_set("DATA_UPLOAD_MAX_NUMBER_FIELDS=none")
        .with_set("DATA_UPLOAD_MAX_NUMBER_FILES=7");
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let plain = Settings::load(&Sources::new("/srv/site"), &builtin()).unwrap();

    let limits = UploadLimits::from_settings(&settings);

    assert_eq!(limits.max_memory_bytes, 5);
    assert_eq!(
        limits.temp_dir.as_deref(),
        Some("/srv/site/waiting".as_ref())
    );
    assert_eq!(limits.max_data_bytes, Some(6));
    assert_eq!(limits.max_fields, None);
    assert_eq!(limits.max_files, Some(7));
    assert_eq!(UploadLimits::from_settings(&plain), UploadLimits::default());
}
