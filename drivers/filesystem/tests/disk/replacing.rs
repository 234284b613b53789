//! Readers see one content or the other, never a part, and a save that is dropped half-way leaves
//! nothing.

use std::{
    fs,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures::stream;
use storehouse_storage::{Content, Storage, StorageExt, Target};
use tempfile::TempDir;

use crate::{name, put, storage, tree};

/// How often the writer replaces the file.
const VERSIONS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_see_a_torn_file() {
    let folder = TempDir::new().unwrap();
    let storage = Arc::new(storage(folder.path()));
    let a = name("a.bin");
    write(&storage, 0).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));

    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (storage, a) = (Arc::clone(&storage), a.clone());
            let (is_over, reads) = (Arc::clone(&is_over), Arc::clone(&reads));
            tokio::spawn(async move {
                while !is_over.load(Relaxed) {
                    let bytes = storage.read(&a).await.unwrap();
                    let first = bytes[0];
                    assert_eq!(bytes.len(), size(first.into()), "version {first}");
                    assert!(
                        bytes.iter().all(|byte| *byte == first),
                        "two versions in one"
                    );
                    reads.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    for version in 1..VERSIONS {
        write(&storage, version).await;
    }
    is_over.store(true, Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }

    assert!(reads.load(Relaxed) > 20, "nothing was read meanwhile");
}

async fn write(storage: &dyn Storage, version: usize) {
    let byte = u8::try_from(version).unwrap();
    let content = Content::from(vec![byte; size(version)]);
    let target = Target::Replace(name("a.bin"));
    put(storage, target, content).await.unwrap();
}

/// Between 1 and 4 MiB, another one for each of some versions.
fn size(version: usize) -> usize {
    (1 + version % 4) * 1024 * 1024 - version
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_stays_on_the_content_it_was_opened_on() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    write(&storage, 0).await;

    let reader = storage
        .open(&name("a.bin"), &Default::default())
        .await
        .unwrap();
    write(&storage, 1).await;
    let bytes = reader.into_bytes().await.unwrap();

    assert!(bytes.len() == size(0) && bytes.iter().all(|byte| *byte == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_dropped_at_any_point_leaves_nothing() {
    let mut polls = 0;
    let mut outcome = Outcome::Dropped;
    while outcome == Outcome::Dropped {
        let folder = TempDir::new().unwrap();
        let storage = storage(folder.path());

        polls += 1;
        outcome = poll_some(&storage, polls);
        storage.settle().await;
        drop(storage);

        let left = tree(folder.path());
        match outcome {
            Outcome::Dropped => assert!(left.is_empty(), "{polls} polls: {left:?}"),
            Outcome::Done => assert_eq!(left, ["a.bin"]),
        }
    }
    assert!(polls > 1, "it was never dropped half-way");
}

#[tokio::test]
async fn a_content_is_not_asked_for_more_after_its_end() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());

    for count in [0, 1, 30] {
        // It panics when it is.
        let blocks = stream::unfold(0, move |at| async move {
            let block = Ok::<_, std::io::Error>(Bytes::from_static(&[1; 20_000]));
            (at < count).then_some((block, at + 1))
        });
        let saved = storage.save_as("a.bin", Content::from_stream(blocks)).await;

        assert_eq!(saved.unwrap().size, 20_000 * count);
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Done,
    Dropped,
}

/// Polls a save so many times, each time as soon as it can go on, then drops it.
fn poll_some(storage: &dyn Storage, polls: usize) -> Outcome {
    // Enough for some jobs: to start, to write and to publish.
    let blocks = (0..20).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![1; 100_000])));
    let content = Content::from_stream(stream::iter(blocks));
    let options = Default::default();
    let mut saving = pin!(storage.put(Target::Create(name("a.bin")), content, &options));
    for _ in 0..polls {
        let (waker, woken) = waker();
        match saving.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(saved) => {
                saved.unwrap();
                return Outcome::Done;
            }
            // The next poll, or the drop, comes when the job that it waits for is over: the worst moment.
            Poll::Pending => woken.recv().unwrap(),
        }
    }
    Outcome::Dropped
}

/// A waker that says so when it is woken.
fn waker() -> (Waker, std::sync::mpsc::Receiver<()>) {
    struct Bell(std::sync::mpsc::SyncSender<()>);
    impl std::task::Wake for Bell {
        fn wake(self: Arc<Self>) {
            // Nobody listens any more once it was heard.
            let _ = self.0.try_send(());
        }
    }
    let (bell, woken) = std::sync::mpsc::sync_channel(1);
    (Waker::from(Arc::new(Bell(bell))), woken)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_dropped_while_its_job_runs_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let storage = Arc::new(storage(folder.path()));

    for round in 0..200 {
        let saving = tokio::spawn({
            let storage = Arc::clone(&storage);
            async move { storage.save_as("a.bin", vec![1; 200_000]).await }
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        saving.abort();
        let saved = saving.await;
        storage.settle().await;

        match saved {
            Ok(saved) => storage.delete(&saved.unwrap().name).await.unwrap(),
            Err(aborted) => assert!(aborted.is_cancelled()),
        }
        assert!(!folder.path().join("a.bin").exists(), "round {round}");
    }
}

#[tokio::test]
async fn a_copy_is_a_file_of_its_own() {
    let folder = TempDir::new().unwrap();
    let storage = storage(folder.path());
    storage.save_as("a.bin", vec![1; 300_000]).await.unwrap();

    let copied = storage
        .copy(&name("a.bin"), Target::Create(name("b/c.bin")))
        .await
        .unwrap();
    fs::write(folder.path().join("a.bin"), "changed in place").unwrap();

    assert_eq!(copied.size, 300_000);
    assert_eq!(
        storage.read(&name("b/c.bin")).await.unwrap(),
        vec![1; 300_000]
    );
}

#[tokio::test]
async fn a_durable_storage_saves_and_deletes() {
    let folder = TempDir::new().unwrap();
    let options = storehouse_filesystem::FilesystemOptions::default().with_durable(true);
    let storage = crate::storage_with(&folder.path().join("new/root"), options);

    let saved = storage.save_as("a/b/c.txt", "c").await.unwrap();
    assert_eq!(storage.read_text(&saved.name).await.unwrap(), "c");
    storage.delete(&saved.name).await.unwrap();

    assert!(!storage.exists(&saved.name).await.unwrap());
}
