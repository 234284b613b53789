//! Uploads into a storage that fails: what is told, and what stays.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use storehouse::{
    media::{Upload, UploadError},
    storage::{
        Capabilities, Content, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result,
        SaveOptions, Saved, Storage, Target,
    },
};
use storehouse_memory::MemoryStorage;

use crate::uploads::{Anything, blocks, form_headers, names, status};

/// A storage that fails with the next of these when it saves, and in deleting if it is to.
#[derive(Debug, Default)]
struct Failing {
    inside: MemoryStorage,
    saves: Mutex<Vec<Option<ErrorKind>>>,
    keeps: bool,
}

impl Failing {
    /// Fails at the second save, and deletes nothing if it `keeps`.
    fn at_the_second(kind: ErrorKind, keeps: bool) -> Arc<dyn Storage> {
        Arc::new(Self {
            inside: MemoryStorage::new(),
            saves: Mutex::new(vec![Some(kind), None]),
            keeps,
        })
    }
}

#[async_trait]
impl Storage for Failing {
    fn describe(&self) -> String {
        "failing://".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        self.inside.capabilities()
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        let fails = self.saves.lock().unwrap().pop().flatten();
        match fails {
            // Nothing of the content is read.
            Some(kind) => Err(Error::new(kind, "as it was told")),
            None => self.inside.put(target, content, options).await,
        }
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        self.inside.open(name, options).await
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        match self.keeps {
            true => Err(Error::new(
                ErrorKind::PermissionDenied,
                "nothing is deleted here",
            )),
            false => self.inside.delete(name).await,
        }
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        self.inside.stat(name).await
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        self.inside.list(folder)
    }
}

const TWO: [&str; 2] = ["--b\r\n<file>x\r\n--b\r\n<file>", "y\r\n--b--"];

#[tokio::test]
async fn an_error_of_the_storage_has_its_status_and_nothing_stays() {
    for (kind, expected) in [
        (ErrorKind::StorageFull, 507),
        (ErrorKind::Unavailable, 503),
        (ErrorKind::AlreadyExists, 503),
        (ErrorKind::InvalidName, 400),
        (ErrorKind::PermissionDenied, 500),
    ] {
        let streams = |storage: &Arc<dyn Storage>| Upload::new(Arc::clone(storage));
        let waits = |storage: &Arc<dyn Storage>| streams(storage).with_validator(Anything);
        for make in [&streams as &dyn Fn(&Arc<dyn Storage>) -> Upload, &waits] {
            let storage = Failing::at_the_second(kind, false);

            let answer = make(&storage).receive(&form_headers(), blocks(TWO)).await;

            assert_eq!(status(&answer), expected, "{kind:?}: {answer:?}");
            assert_eq!(names(&storage).await, Vec::<String>::new(), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_deleted_is_told_of() {
    let storage = Failing::at_the_second(ErrorKind::StorageFull, true);
    let upload = Upload::new(Arc::clone(&storage));

    let answer = upload.receive(&form_headers(), blocks(TWO)).await;

    assert_eq!(status(&answer), 507);
    assert_eq!(names(&storage).await, ["x.txt"]);
    let error = answer.unwrap_err();
    assert!(
        matches!(&error, UploadError::LeftBehind { name, .. } if name == "x.txt"),
        "{error}"
    );
    assert_eq!(error.client_message(), "the upload could not be stored");
}

/// The clock stands still, so that waiting for the client would be waiting for as long as it may take.
#[tokio::test(start_paused = true)]
async fn a_storage_that_fails_does_not_wait_for_the_client() {
    let storage = Failing::at_the_second(ErrorKind::Unavailable, false);
    let upload = Upload::new(Arc::clone(&storage));
    // Enough to know what it is, then nothing ever.
    let long = "y".repeat(10_000);
    let silent = blocks([TWO[0], &long]).chain(stream::pending());

    let answer = upload.receive(&form_headers(), silent).await;

    assert_eq!(status(&answer), 503);
    assert_eq!(names(&storage).await, Vec::<String>::new());
}
