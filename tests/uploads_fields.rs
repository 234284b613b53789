//! Forms whose fields are declared: what else comes is refused, and of a form that is refused nothing stays.

use futures::{StreamExt, stream};
use serde::Deserialize;
use storehouse::{
    media::{Field, Upload, UploadError, UploadLimits},
    storages::DEFAULT,
};

use crate::uploads::{Anything, blocks, form_headers, names, open, status};

const NOTHING: [&str; 0] = [];
/// A part of a form: a file of this name in this field.
fn file(field: &str, name: &str, content: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name={field}; filename=\"{name}\"\r\n\r\n{content}\r\n"
    )
}

fn text(field: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name={field}\r\n\r\n{value}\r\n")
}

fn avatar() -> String {
    file("avatar", "a.gif", "GIF89a")
}

/// What has to be there.
fn good() -> String {
    avatar() + &text("title", "My cat")
}

/// An avatar and a title that have to be there, two papers of 10 bytes, and what most pages send.
fn declared(upload: Upload) -> Upload {
    let avatar = Field::file().with_types(["image/*"]).required();
    let paper = Field::file().with_max_bytes(10).with_max_count(2);
    let title = Field::text().with_max_bytes(8).required();
    upload
        .with_field("avatar", avatar)
        .with_field("paper", paper)
        .with_field("title", title)
        .with_field("tag", Field::text().with_max_count(2))
        .with_field("csrfmiddlewaretoken", Field::text())
}

/// Sends each form in both ways; what is said of one that is refused has its status. Nothing may stay of
/// any, as none is kept.
async fn try_forms(forms: &[(&str, String, &str)], expected: u16) {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage = storages.default().unwrap();
    let upload = declared(Upload::to(&storages, DEFAULT).unwrap());
    for upload in [upload.clone(), upload.with_validator(Anything)] {
        for (case, form, says) in forms {
            let answer = upload
                .receive(&form_headers(), blocks([form, "--b--"]))
                .await;

            assert_eq!(status(&answer), expected, "{case}: {answer:?}");
            let said = answer.as_ref().err().map(UploadError::client_message);
            assert_eq!(&said.unwrap_or_default(), says, "{case}");
            if answer.is_err() {
                assert_eq!(names(&storage).await, NOTHING, "{case}");
            }
            drop(answer);
            upload.settle().await;
            assert_eq!(names(&storage).await, NOTHING, "{case}");
        }
    }
}

#[tokio::test]
async fn a_form_with_its_fields_is_taken() {
    let papers = file("paper", "1.txt", "1234567890") + &file("paper", "2.txt", "");
    let texts = text("tag", "a") + &text("tag", "b") + &text("csrfmiddlewaretoken", "t");
    let forms = [
        ("all that it needs", good(), ""),
        ("all that it may have", good() + &papers + &texts, ""),
        ("no file in an input", good() + &file("paper", "", ""), ""),
        ("an empty text", good() + &text("tag", ""), ""),
    ];

    try_forms(&forms, 200).await;
}

#[tokio::test]
async fn what_was_not_asked_for_is_refused() {
    let unknown = "the field \"x\" is not taken: the form has no such field";
    let no_file = "the field \"tag\" is not taken: it is for a text, and a file came";
    let no_text = "the field \"paper\" is not taken: it is for a file, and a text came";
    let evil = file("x", "evil.exe", "MZ");
    let forms = [
        ("a file, last", good() + &evil, unknown),
        ("a file, first", evil + &good(), unknown),
        ("a text", good() + &text("x", "1"), unknown),
        ("no file in an input", good() + &file("x", "", ""), unknown),
        (
            "a file without a name",
            good() + &file("x", "/", "MZ"),
            unknown,
        ),
        (
            "a file for a text",
            good() + &file("tag", "x", "MZ"),
            no_file,
        ),
        ("a text for a file", good() + &text("paper", "x"), no_text),
    ];

    try_forms(&forms, 400).await;
}

#[tokio::test]
async fn what_has_to_be_there_is_missed() {
    let no_avatar = "the field \"avatar\" is missing";
    let no_title = "the field \"title\" is missing";
    let title = text("title", "My cat");
    let paper = file("paper", "p.txt", "1");
    let forms = [
        ("no file", title.clone() + &paper, no_avatar),
        (
            "an empty input",
            title.clone() + &file("avatar", "", ""),
            no_avatar,
        ),
        ("no name", title + &file("avatar", "/", "GIF89a"), no_avatar),
        ("no text", avatar() + &paper, no_title),
        ("an empty text", avatar() + &text("title", ""), no_title),
        ("blanks", avatar() + &text("title", " \t"), no_title),
    ];

    try_forms(&forms, 400).await;
}

#[tokio::test]
async fn what_is_too_much_for_a_field_is_refused() {
    let paper = file("paper", "p.txt", "1");
    let forms = [
        (
            "two files",
            good() + &avatar(),
            "the field \"avatar\" takes no more than 1 file",
        ),
        (
            "three files",
            good() + &paper + &paper + &paper,
            "the field \"paper\" takes no more than 2 files",
        ),
        (
            "two texts",
            good() + &text("title", "x"),
            "the field \"title\" takes no more than 1 text",
        ),
        (
            "a large file",
            good() + &file("paper", "p.txt", "12345678901"),
            "\"p.txt\" is not taken: it has more than the 10 bytes that a file may have",
        ),
        (
            "a long text",
            avatar() + &text("title", "123456789"),
            "the field \"title\" has more than 8 bytes",
        ),
    ];

    try_forms(&forms, 413).await;
}

#[tokio::test]
async fn a_file_of_another_type_than_its_field_has_is_refused() {
    let says = "\"a.pdf\" is not taken: it is application/pdf; taken are image/*";
    let pdf = text("title", "x") + &file("avatar", "a.pdf", "%PDF-1.7");

    try_forms(&[("a document", pdf, says)], 415).await;
}

#[tokio::test]
async fn a_file_that_nobody_asked_for_is_not_even_read() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = declared(Upload::to(&storages, DEFAULT).unwrap());
    let head = file("x", "evil.exe", "");
    // Nothing comes after it, and nothing is waited for.
    let silent = blocks([&head]).chain(stream::pending());

    let answer = upload.receive(&form_headers(), silent).await;

    assert!(
        matches!(&answer, Err(UploadError::UnexpectedField { field, .. }) if field == "x"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn the_narrower_of_two_limits_counts() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = declared(Upload::to(&storages, DEFAULT).unwrap());
    let limits = UploadLimits::default().with_max_file_bytes(5);
    let upload = upload
        .with_limits(limits)
        .with_allowed_types(["image/png", "text/*"]);
    for (form, expected) in [
        (file("paper", "p.txt", "123456"), 413),
        (file("avatar", "a.gif", "GIF89"), 415),
        // Of the right type and size, and the avatar is missing.
        (file("paper", "p.txt", "12345"), 400),
    ] {
        let answer = upload
            .receive(&form_headers(), blocks([&form, "--b--"]))
            .await;

        assert_eq!(status(&answer), expected, "{form}: {answer:?}");
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Photo {
    title: String,
    year: Option<u16>,
    #[serde(default)]
    is_private: bool,
    #[serde(default, rename = "tag")]
    tags: Vec<String>,
}

#[tokio::test]
async fn the_texts_of_a_form_are_read_by_serde() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let form = [
        text("title", "My cat"),
        text("year", ""),
        text("tag", "a"),
        text("is_private", "on"),
        text("tag", "b"),
    ]
    .concat();
    let wrong = text("title", "My cat") + &text("year", "soon");

    let read = upload
        .receive(&form_headers(), blocks([&form, "--b--"]))
        .await;
    let wrong = upload
        .receive(&form_headers(), blocks([&wrong, "--b--"]))
        .await;

    let expected = Photo {
        title: "My cat".to_owned(),
        year: None,
        is_private: true,
        tags: vec!["a".to_owned(), "b".to_owned()],
    };
    assert_eq!(read.unwrap().fields_as::<Photo>().unwrap(), expected);
    let error = wrong.unwrap().fields_as::<Photo>().unwrap_err();
    assert_eq!(error.status(), 422);
    assert_eq!(
        error.client_message(),
        "the field \"year\" is wrong: \"soon\" is no whole number from 0: invalid digit found in string"
    );
}
