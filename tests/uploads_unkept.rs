//! Files of forms that were taken, and that the application does not keep: they are deleted, and nothing
//! else is. What a storage that fails makes of that is in `uploads_retried`.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
};
use futures::{
    channel::oneshot,
    future::{self, Either},
};
use http::{StatusCode, header::CONTENT_TYPE};
use storehouse::{
    media::{FileRecord, Form, FormFile, Upload},
    storage::{Content, Name, SaveOptions, StorageExt},
    storages::DEFAULT,
};
use tower::ServiceExt;

use crate::uploads::{Anything, blocks, form_headers, names, open, written_out};

const NOTHING: [&str; 0] = [];
/// Two files, `x.txt` in the field `f` and `evil.exe` in another.
const TWO: &str = "--b\r\n<file>x\r\n--b\r\n\
    Content-Disposition: form-data; name=other; filename=evil.exe\r\n\r\ny\r\n--b--";

pub(crate) async fn received(upload: &Upload, form: &str) -> Form {
    let received = upload.receive(&form_headers(), blocks([form])).await;
    received.unwrap()
}

/// Asks for its field, as handlers do.
async fn wants_avatar(
    State(upload): State<Upload>,
    request: Request,
) -> Result<String, StatusCode> {
    let (head, body) = request.into_parts();
    let form = upload.receive_body(&head.headers, body).await;
    let mut form = form.map_err(|error| error.status())?;
    let avatar = form.take_file("f").ok_or(StatusCode::BAD_REQUEST)?;
    Ok(avatar.keep().name)
}

async fn posted(upload: &Upload, body: &str) -> StatusCode {
    let application = Router::new()
        .fallback(wants_avatar)
        .with_state(upload.clone());
    let request = Request::post("/")
        .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(Body::from(written_out(body)))
        .unwrap();
    application.oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn a_handler_that_refuses_a_form_leaves_nothing_and_an_extra_part_goes() {
    let (_disk, on_disk) = open("MEDIA_ROOT = \"root\"\n");
    let (_memory, in_memory) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    for storages in [on_disk, in_memory] {
        let storage = storages.default().unwrap();
        let upload = Upload::to(&storages, DEFAULT).unwrap();
        for upload in [upload.clone(), upload.with_validator(Anything)] {
            let wrong = written_out(TWO).replace("name=\"f\"", "name=\"g\"");

            let refused = posted(&upload, &wrong).await;
            upload.settle().await;

            assert_eq!(refused, StatusCode::BAD_REQUEST);
            assert_eq!(names(&storage).await, NOTHING);

            let taken = posted(&upload, TWO).await;
            upload.settle().await;

            assert_eq!(taken, StatusCode::OK);
            assert_eq!(names(&storage).await, ["x.txt"]);
            storage.delete(&Name::new("x.txt").unwrap()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_kept_stays_and_the_rest_of_the_form_goes() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage = storages.default().unwrap();
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let three = format!("--b\r\n<file>first\r\n{TWO}");
    let all = |form: &mut Form| form.keep();
    let last = |form: &mut Form| {
        form.take_file("f")
            .into_iter()
            .map(FormFile::keep)
            .collect()
    };
    let of_field = |form: &mut Form| {
        let files = form.take_files("f").into_iter();
        files.map(FormFile::keep).collect()
    };
    let of_another = |form: &mut Form| {
        let files = form.take_files("none").into_iter();
        files.map(FormFile::keep).collect()
    };
    let nothing = |_: &mut Form| Vec::new();
    for (case, keep, expected) in [
        ("all", all as fn(&mut Form) -> Vec<FileRecord>, 3),
        ("the last of a field", last, 1),
        ("all of a field", of_field, 2),
        ("a field that is not there", of_another, 0),
        ("nothing", nothing, 0),
    ] {
        let mut form = received(&upload, &three).await;
        let mut kept: Vec<_> = keep(&mut form).into_iter().map(|file| file.name).collect();
        drop(form);
        upload.settle().await;

        kept.sort();
        assert_eq!(kept.len(), expected, "{case}: {kept:?}");
        assert_eq!(names(&storage).await, kept, "{case}");
        for name in kept {
            storage.delete(&name.parse().unwrap()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_somebody_else_has_put_in_its_place_stays() {
    let (_disk, on_disk) = open("MEDIA_ROOT = \"root\"\n");
    let (_memory, in_memory) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    for storages in [on_disk, in_memory] {
        let storage = storages.default().unwrap();
        let upload = Upload::to(&storages, DEFAULT).unwrap();
        for theirs in ["theirs, and longer", "x"] {
            let form = received(&upload, "--b\r\n<file>x\r\n--b--").await;
            let name = Name::new("x.txt").unwrap();
            let replacing = SaveOptions::default().with_overwrite(true);
            let content = Content::from_bytes(theirs);
            storage.save(&name, content, &replacing).await.unwrap();

            drop(form);
            upload.settle().await;

            let stored = storage.read_text(&name).await.unwrap();
            assert_eq!(stored, theirs, "{storage:?}");
            storage.delete(&name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn where_saves_may_replace_only_what_replaced_nothing_is_deleted() {
    let (_disk, on_disk) = open("MEDIA_ROOT = \"root\"\n");
    let (_memory, in_memory) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    for storages in [on_disk, in_memory] {
        let storage = storages.default().unwrap();
        let replacing = SaveOptions::default().with_overwrite(true);
        let upload = Upload::to(&storages, DEFAULT)
            .unwrap()
            .with_save_options(replacing);

        drop(received(&upload, "--b\r\n<file>new\r\n--b--").await);
        upload.settle().await;
        assert_eq!(names(&storage).await, NOTHING, "{storage:?}");

        storage.save_as("x.txt", "old").await.unwrap();
        drop(received(&upload, "--b\r\n<file>new\r\n--b--").await);
        upload.settle().await;
        assert_eq!(names(&storage).await, ["x.txt"], "{storage:?}");
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_while_the_handler_works_leaves_nothing() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage = storages.default().unwrap();
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let (reached, told) = oneshot::channel();
    let handler = Box::pin(async {
        let form = received(&upload, TWO).await;
        reached.send(()).unwrap();
        // The database does not answer.
        future::pending::<()>().await;
        form
    });

    let Either::Right((_, handler)) = future::select(handler, told).await else {
        panic!("it ended")
    };
    assert_eq!(names(&storage).await, ["evil.exe", "x.txt"]);
    drop(handler);
    upload.settle().await;

    assert_eq!(names(&storage).await, NOTHING);
}
