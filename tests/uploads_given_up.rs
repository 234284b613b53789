//! Uploads that do not come to their end: the client goes away, is too slow, or the storage fails. Nothing
//! of them stays.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{
    FutureExt, Stream, StreamExt,
    channel::oneshot,
    future::{self, Either},
    stream,
};
use storehouse::{
    media::{Upload, UploadError, UploadLimits, UploadTo},
    storage::{Name, SaveOptions, Storage, StorageExt},
    storages::{DEFAULT, Storages},
};
use storehouse_test_support::Minio;

use crate::{
    site::bucket_settings,
    uploads::{Anything, blocks, form_headers, names, open, status},
};

const FIRST: &str = "--b\r\n<file>the first\r\n--b\r\n<file>";

/// A form that stops in its second file, after `megabytes` of it, and tells when it has come to there.
fn stopping(
    megabytes: usize,
) -> (
    impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    oneshot::Receiver<()>,
) {
    let (reached, told) = oneshot::channel();
    let block = Bytes::from(vec![b'x'; 64 * 1024]);
    let second = stream::iter(std::iter::repeat_n(block, megabytes * 16).map(Ok));
    let silence = stream::once(async move {
        reached.send(()).ok();
        future::pending().await
    });
    (blocks([FIRST]).chain(second).chain(silence), told)
}

/// Takes a form until its body is silent, and then lets go of it, as a server does when the client goes.
async fn give_up_in_the_second_file(upload: &Upload) {
    let (body, told) = stopping(20);
    let headers = form_headers();
    let receiving = Box::pin(upload.receive(&headers, body));

    match future::select(receiving, told).await {
        Either::Left((answer, _)) => panic!("it ended: {answer:?}"),
        Either::Right((told, receiving)) => {
            told.unwrap();
            drop(receiving);
        }
    }
}

async fn nothing_stays_of_a_client_that_went_away(storages: &Storages) {
    let upload = Upload::to(storages, DEFAULT)
        .unwrap()
        .with_max_concurrent(1);
    let storage = storages.default().unwrap();
    for upload in [upload.clone(), upload.with_validator(Anything)] {
        give_up_in_the_second_file(&upload).await;
        upload.settle().await;

        assert_eq!(names(&storage).await, Vec::<String>::new());
        // The turn is free again.
        let answer = upload
            .receive(&form_headers(), blocks([FIRST, "\r\n--b--"]))
            .await;
        for record in answer.unwrap().keep() {
            record.delete(storages).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_in_memory() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");

    nothing_stays_of_a_client_that_went_away(&storages).await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_on_disk() {
    let (site, storages) = open("MEDIA_ROOT = \"root\"\n");

    nothing_stays_of_a_client_that_went_away(&storages).await;

    assert_eq!(site.files("root"), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_in_a_bucket() {
    let minio = Minio::get();
    let bucket = minio.bucket("gone");
    let (_site, storages) = open(&bucket_settings(&minio, &bucket, minio.endpoint()));

    nothing_stays_of_a_client_that_went_away(&storages).await;

    assert_eq!(bucket.object_names(), Vec::<String>::new());
    assert_eq!(bucket.incomplete_uploads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_is_saved_as_it_arrives_is_there_before_the_form_ends() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage = storages.default().unwrap();
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    for (upload, there) in [
        (upload.clone(), vec!["x.txt"]),
        (upload.with_validator(Anything), vec![]),
    ] {
        let (body, told) = stopping(1);
        let headers = form_headers();
        let receiving = Box::pin(upload.receive(&headers, body));

        let Either::Right((_, receiving)) = future::select(receiving, told).await else {
            panic!("it ended")
        };

        assert_eq!(names(&storage).await, there);
        drop(receiving);
        upload.settle().await;
    }
}

const SECOND: &str =
    "--b\r\nContent-Disposition: form-data; name=g; filename=y.txt\r\n\r\ny\r\n--b--";

/// The first file is `a`, and the other is to go below it, which a disk cannot do.
fn the_second_below_the_first() -> UploadTo {
    UploadTo::function(|part| match &*part.field {
        "f" => Name::new("a"),
        _ => Name::new("a/b"),
    })
}

#[tokio::test]
async fn a_storage_that_fails_at_the_second_file_keeps_no_first() {
    let (site, storages) = open("MEDIA_ROOT = \"root\"\n");
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_upload_to(the_second_below_the_first());
    for upload in [upload.clone(), upload.with_validator(Anything)] {
        let answer = upload
            .receive(&form_headers(), blocks(["--b\r\n<file>x\r\n", SECOND]))
            .await;

        assert!(matches!(answer, Err(UploadError::Storage(_))), "{answer:?}");
        assert_eq!(status(&answer), 500);
        let told = answer.unwrap_err().client_message();
        assert_eq!(told, "the upload could not be stored");
        assert_eq!(site.files("root"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_a_503() {
    let minio = Minio::get();
    let bucket = minio.bucket("refused");
    // Nobody listens there.
    let settings = bucket_settings(&minio, &bucket, "http://127.0.0.1:9");
    let (_site, storages) = open(&settings);
    let upload = Upload::to(&storages, DEFAULT).unwrap();

    let answer = upload
        .receive(&form_headers(), blocks(["--b\r\n<file>x\r\n--b--"]))
        .await;

    assert_eq!(status(&answer), 503, "{answer:?}");
    let told = answer.unwrap_err().client_message();
    assert!(!told.contains(bucket.name()), "{told}");
}

#[tokio::test]
async fn what_was_there_stays_where_a_save_may_replace_it() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage = storages.default().unwrap();
    storage.save_as("x.txt", "old").await.unwrap();
    let replacing = SaveOptions::default().with_overwrite(true);
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_save_options(replacing);

    let cut = upload.receive(&form_headers(), blocks([FIRST])).await;

    assert_eq!(status(&cut), 400);
    let name = Name::new("x.txt").unwrap();
    assert_eq!(storage.read_text(&name).await.unwrap(), "old");
    let whole = upload
        .receive(&form_headers(), blocks(["--b\r\n<file>new\r\n--b--"]))
        .await;
    assert_eq!(whole.unwrap().keep()[0].name, "x.txt");
    assert_eq!(storage.read_text(&name).await.unwrap(), "new");
}

#[tokio::test]
async fn files_of_a_form_do_not_take_each_others_place() {
    let two = |content| format!("--b\r\n<file>first\r\n--b\r\n<file>{content}\r\n--b--");
    for (overwrites, second, answered, expected) in [
        (true, "second", 400, &["old"][..]),
        // One content under one name, as with names made of the content.
        (true, "first", 200, &["first"]),
        (false, "second", 200, &["first", "old", "second"]),
    ] {
        let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
        let storage: Arc<dyn Storage> = storages.default().unwrap();
        storage.save_as("x.txt", "old").await.unwrap();
        let options = SaveOptions::default().with_overwrite(overwrites);
        let upload = Upload::to(&storages, DEFAULT)
            .unwrap()
            .with_save_options(options);
        let form = two(second);

        let mut answer = upload
            .receive(&form_headers(), blocks([form.as_str()]))
            .await;

        assert_eq!(status(&answer), answered, "{answer:?}");
        if let Ok(form) = &mut answer {
            assert_eq!(form.keep().len(), 2);
        }
        let mut contents = Vec::new();
        for name in names(&storage).await {
            contents.push(storage.read_text(&Name::new(name).unwrap()).await.unwrap());
        }
        contents.sort();
        assert_eq!(contents, expected, "{second}");
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_is_not_deleted_when_the_next_fails() {
    let (site, storages) = open("MEDIA_ROOT = \"root\"\n");
    site.write("root/a", "old");
    let upload = Upload::to(&storages, DEFAULT)
        .unwrap()
        .with_upload_to(the_second_below_the_first())
        .with_save_options(SaveOptions::default().with_overwrite(true));

    let answer = upload
        .receive(&form_headers(), blocks(["--b\r\n<file>new\r\n", SECOND]))
        .await;

    assert_eq!(status(&answer), 500);
    assert_eq!(site.read("root/a"), "new");
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_given_up_and_its_turn_is_free_again() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage: Arc<dyn Storage> = storages.default().unwrap();
    let limits = UploadLimits::default().with_max_wait(Duration::from_secs(10), 500);
    let upload = Upload::new(Arc::clone(&storage))
        .with_limits(limits)
        .with_max_concurrent(1);
    let drops = stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Bytes::from("x"))
    });
    let headers = form_headers();
    let mut slow = Box::pin(upload.receive(&headers, blocks([FIRST]).chain(drops)));
    assert!(slow.as_mut().now_or_never().is_none());

    let busy = upload.receive(&form_headers(), blocks(["--b--"])).await;
    let slow = slow.await;

    assert_eq!(status(&busy), 503);
    assert_eq!(status(&slow), 408);
    assert_eq!(names(&storage).await, Vec::<String>::new());
    let next = upload.receive(&form_headers(), blocks(["--b--"])).await;
    assert_eq!(status(&next), 200);
}

#[tokio::test]
async fn a_limit_of_a_file_or_of_the_request_leaves_nothing() {
    let (_site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    let storage = storages.default().unwrap();
    let upload = Upload::to(&storages, DEFAULT).unwrap();
    let of_file = UploadLimits::default().with_max_file_bytes(100_000);
    let of_request = UploadLimits::default().with_max_request_bytes(100_000);
    let of_files = UploadLimits::default().with_max_files(1);
    for (limits, says) in [
        (
            of_file,
            "\"x.txt\" is not taken: it has more than the 100000 bytes that a file may have",
        ),
        (
            of_request,
            "the request has more than the 100000 bytes that it may have",
        ),
        (
            of_files,
            "the form has more than 1 files (DATA_UPLOAD_MAX_NUMBER_FILES)",
        ),
    ] {
        let upload = upload.clone().with_limits(limits.clone());
        for upload in [upload.clone(), upload.with_validator(Anything)] {
            let endless = stream::repeat_with(|| Ok(Bytes::from(vec![b'x'; 9_999])));

            let answer = upload
                .receive(&form_headers(), blocks([FIRST]).chain(endless))
                .await;

            assert_eq!(status(&answer), 413, "{limits:?}");
            assert_eq!(answer.unwrap_err().client_message(), says);
            assert_eq!(names(&storage).await, Vec::<String>::new(), "{limits:?}");
        }
    }
}
