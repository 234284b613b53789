//! Files that nobody keeps, in a storage whose deletes fail: they are tried again, and the log says what
//! stays.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use storehouse::{
    media::{Upload, UploadError},
    storage::{
        Capabilities, Content, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result,
        SaveOptions, Saved, Storage, Target,
    },
};
use storehouse_memory::MemoryStorage;
use tokio::time::Instant;
use tracing::{Event, Level, Metadata, Subscriber, field::Visit, span};

use crate::{
    uploads::{blocks, form_headers, names, status},
    uploads_unkept::received,
};

const NOTHING: [&str; 0] = [];

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
