//! What goes in comes out, whatever form it has and however long it is.

use std::io::Write;

use bytes::Bytes;
use storehouse_storage::{Content, Target};

use crate::{
    samples::{IN_PARTS, LARGE, SMALL, one_pass, sample},
    subject::{Subject, name},
};

pub(crate) async fn bytes_come_back_as_they_went_in(subject: Subject) {
    for (version, size) in [(1, 1), (2, SMALL), (3, IN_PARTS)] {
        let bytes = sample(version, size);
        let name = subject.create(&format!("{size}.bin"), bytes.clone()).await;

        subject
            .assert_holds(&name, &bytes, "it was saved from bytes")
            .await;
    }
}

pub(crate) async fn a_file_comes_back_as_it_went_in(subject: Subject) {
    for (version, size) in [(1, 0), (2, SMALL), (3, IN_PARTS)] {
        let bytes = sample(version, size);
        let mut file = tempfile::NamedTempFile::new().expect("the check needs a file");
        file.write_all(&bytes).expect("the check needs a file");
        let content = Content::from_path(file.path())
            .await
            .expect("it was just made");
        let name = subject.create(&format!("{size}.bin"), content).await;

        subject
            .assert_holds(&name, &bytes, "it was saved from a file")
            .await;
    }
}

pub(crate) async fn an_async_read_comes_back_as_it_went_in(subject: Subject) {
    for (version, size) in [(1, 0), (2, SMALL), (3, IN_PARTS)] {
        let bytes = sample(version, size);
        let reader = || Content::from_reader(std::io::Cursor::new(bytes.clone()));

        let with = reader().with_length(size as u64);
        let with = subject
            .create(&format!("{size}-with-length.bin"), with)
            .await;
        let without = subject
            .create(&format!("{size}-without.bin"), reader())
            .await;

        subject
            .assert_holds(&with, &bytes, "it was saved from a reader with a length")
            .await;
        subject
            .assert_holds(&without, &bytes, "it was saved from a reader without")
            .await;
    }
}

pub(crate) async fn a_stream_comes_back_as_it_went_in(subject: Subject) {
    for (version, size) in [(1, 0), (2, SMALL), (3, IN_PARTS)] {
        let bytes = sample(version, size);

        let with = one_pass(&bytes).with_length(size as u64);
        let with = subject
            .create(&format!("{size}-with-length.bin"), with)
            .await;
        let without = subject
            .create(&format!("{size}-without.bin"), one_pass(&bytes))
            .await;

        subject
            .assert_holds(&with, &bytes, "it was saved from a stream with a length")
            .await;
        subject
            .assert_holds(&without, &bytes, "it was saved from a stream without")
            .await;
    }
}

pub(crate) async fn an_empty_content_is_an_object(subject: Subject) {
    let name = subject.create("empty.txt", Bytes::new()).await;

    assert!(
        subject.exists(&name).await,
        "an empty object does not exist"
    );
    subject.assert_holds(&name, b"", "it is empty").await;
    assert_eq!(
        subject.names().await,
        ["empty.txt"],
        "an empty object is not listed"
    );
}

pub(crate) async fn twenty_mebibytes_come_back_as_they_went_in(subject: Subject) {
    let bytes = sample(1, LARGE);

    let from_bytes = subject.create("bytes.bin", bytes.clone()).await;
    let from_stream = subject.create("stream.bin", one_pass(&bytes)).await;

    subject
        .assert_holds(&from_bytes, &bytes, "it was saved from bytes")
        .await;
    subject
        .assert_holds(&from_stream, &bytes, "it was saved in one pass")
        .await;
}

pub(crate) async fn the_answer_of_a_save_tells_name_and_size(subject: Subject) {
    for size in [0, SMALL, IN_PARTS] {
        let wanted = name(&format!("{size}.bin"));
        let target = Target::Create(wanted.clone());
        let saved = subject.put(target, one_pass(&sample(1, size))).await;
        let saved = saved.expect("the name is free");

        assert_eq!(saved.name, wanted, "a save tells another name than it used");
        assert_eq!(
            saved.size, size as u64,
            "a save tells another size than it wrote"
        );
        let etag = subject.stat(&wanted).await.etag;
        if saved.etag.is_some() {
            assert_eq!(saved.etag, etag, "a save tells another ETag than stat");
        }
    }
}
