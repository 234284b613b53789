//! Files of forms that were taken, and that the application does not keep: they are deleted, also where the
//! storage fails at first, and nothing else is.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
};
use futures::{
    channel::oneshot,
    future::{self, Either},
    stream::BoxStream,
};
use http::{StatusCode, header::CONTENT_TYPE};
use storehouse::{
    media::{FileRecord, Form, FormFile, Upload, UploadError},
    storage::{
        Capabilities, Content, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result,
        SaveOptions, Saved, Storage, StorageExt, Target,
    },
    storages::DEFAULT,
};
use storehouse_memory::MemoryStorage;
use tokio::time::Instant;
use tower::ServiceExt;
use tracing::{Event, Level, Metadata, Subscriber, field::Visit, span};

use crate::uploads::{Anything, blocks, form_headers, names, open, status, written_out};

const NOTHING: [&str; 0] = [];
/// Two files, `x.txt` in the field `f` and `evil.exe` in another.
const TWO: &str = "--b\r\n<file>x\r\n--b\r\n\
    Content-Disposition: form-data; name=other; filename=evil.exe\r\n\r\ny\r\n--b--";

/// A storage in which the first deletes fail, and that notes when each was tried.
#[derive(Debug)]
struct Reluctant {
    inside: MemoryStorage,
    failures: Mutex<usize>,
    kind: ErrorKind,
    tried: Mutex<Vec<Instant>>,
}

impl Reluctant {
    fn new(failures: usize, kind: ErrorKind) -> Arc<Self> {
        Arc::new(Self {
            inside: MemoryStorage::new(),
            failures: Mutex::new(failures),
            kind,
            tried: Mutex::default(),
        })
    }

    /// How long after the first delete the others were tried, in milliseconds.
    fn tries(&self) -> Vec<u128> {
        let tried = self.tried.lock().unwrap();
        let since = |time: &Instant| time.duration_since(tried[0]).as_millis();
        tried.iter().map(since).collect()
    }
}

#[async_trait]
impl Storage for Reluctant {
    fn describe(&self) -> String {
        "reluctant://".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        self.inside.capabilities()
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        self.inside.put(target, content, options).await
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        self.inside.open(name, options).await
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        self.tried.lock().unwrap().push(Instant::now());
        let fails = {
            let mut failures = self.failures.lock().unwrap();
            let fails = *failures > 0;
            *failures = failures.saturating_sub(1);
            fails
        };
        match fails {
            true => Err(Error::new(self.kind, "too many open files")),
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

/// What this thread logs, with its level.
#[derive(Default, Clone)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("storehouse")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let line = (*event.metadata().level(), message.0);
        self.0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Log {
    fn lines(&self) -> Vec<(Level, String)> {
        self.0.lock().unwrap().clone()
    }

    /// The errors in the log.
    fn errors(&self) -> Vec<String> {
        let lines = self.lines().into_iter();
        let errors = lines.filter(|(level, _)| *level == Level::ERROR);
        errors.map(|(_, line)| line).collect()
    }
}

async fn received(upload: &Upload, form: &str) -> Form {
    let received = upload.receive(&form_headers(), blocks([form])).await;
    received.unwrap()
}

/// Asks for its field, as handlers do.
async fn wants_avatar(
    State(upload): State<Upload>,
    request: Request,
) -> std::result::Result<String, StatusCode> {
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

#[tokio::test(start_paused = true)]
async fn a_delete_that_fails_is_tried_again_and_the_log_says_so() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.clone());
    let reluctant = Reluctant::new(2, ErrorKind::Other);
    let storage: Arc<dyn Storage> = Arc::clone(&reluctant) as _;
    let upload = Upload::new(Arc::clone(&storage));

    drop(received(&upload, "--b\r\n<file>x\r\n--b--").await);
    upload.settle().await;

    assert_eq!(names(&storage).await, NOTHING);
    assert_eq!(reluctant.tries(), [0, 100, 300]);
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].0, Level::WARN);
    for part in ["x.txt", "reluctant://", "too many open files"] {
        assert!(lines[0].1.contains(part), "{part}: {lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_files_of_a_form_that_is_not_taken_are_tried_again_too() {
    let reluctant = Reluctant::new(2, ErrorKind::Other);
    let storage: Arc<dyn Storage> = Arc::clone(&reluctant) as _;
    let upload = Upload::new(Arc::clone(&storage));

    let cut = upload
        .receive(&form_headers(), blocks(["--b\r\n<file>x\r\n--b\r\n<file>"]))
        .await;

    assert_eq!(status(&cut), 400);
    assert!(
        matches!(&cut, Err(UploadError::LeftBehind { name, .. }) if name == "x.txt"),
        "{cut:?}"
    );
    assert_eq!(names(&storage).await, ["x.txt"]);
    upload.settle().await;
    assert_eq!(names(&storage).await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_deleted_for_an_hour_is_an_error_in_the_log() {
    for (kind, tries, seconds) in [
        (ErrorKind::PermissionDenied, 69, 3600),
        // Nothing will ever tell whose file it is.
        (ErrorKind::Unsupported, 1, 0),
    ] {
        let log = Log::default();
        let _logging = tracing::subscriber::set_default(log.clone());
        let reluctant = Reluctant::new(usize::MAX, kind);
        let storage: Arc<dyn Storage> = Arc::clone(&reluctant) as _;
        let upload = Upload::new(Arc::clone(&storage));
        let began = Instant::now();

        drop(received(&upload, "--b\r\n<file>x\r\n--b--").await);
        upload.settle().await;

        assert_eq!(reluctant.tries().len(), tries, "{kind:?}");
        let elapsed = began.elapsed().as_secs();
        assert!(elapsed.abs_diff(seconds) < 120, "{kind:?}: {elapsed}");
        let errors = log.errors();
        assert_eq!(errors.len(), 1, "{kind:?}: {errors:?}");
        for part in ["x.txt", "reluctant://", "too many open files"] {
            assert!(errors[0].contains(part), "{part}: {errors:?}");
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

#[test]
fn a_file_is_deleted_from_a_thread_without_a_runtime_and_without_one_the_log_says_that_it_stays() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.clone());
    let upload = Upload::new(Arc::new(MemoryStorage::new()));
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let living = runtime();

    drop(living.block_on(received(&upload, "--b\r\n<file>x\r\n--b--")));
    living.block_on(upload.settle());
    assert_eq!(log.lines(), []);

    let ended = runtime();
    let form = ended.block_on(received(&upload, "--b\r\n<file>x\r\n--b--"));
    // The name was free again.
    assert_eq!(form.file("f").unwrap().name, "x.txt");
    drop(ended);
    drop(form);

    let errors = log.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    for part in ["x.txt", "memory:", "runtime ended"] {
        assert!(errors[0].contains(part), "{part}: {errors:?}");
    }
}
