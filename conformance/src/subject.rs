//! What nearly every check does with its storage. Each step panics with the promise it needs.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use storehouse_storage::{
    Content, Entry, ErrorKind, Name, OpenOptions, Result, SaveOptions, Saved, Storage, StorageExt,
    Target,
};

/// What a check looks at: a storage that is empty and nobody else's.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) secrets: Vec<String>,
}

/// Far more than any check saves: a listing that has more goes round in circles.
const MOST_LISTED: usize = 10_000;

/// Makes a name that a check knows to be valid.
pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap_or_else(|error| panic!("the check's own name is refused: {error}"))
}

impl Subject {
    /// Puts to a target, with nothing beside the content.
    pub(crate) async fn put(&self, target: Target, content: impl Into<Content>) -> Result<Saved> {
        let options = SaveOptions::default();
        self.storage.put(target, content.into(), &options).await
    }

    /// Creates an object that the check needs.
    pub(crate) async fn create(&self, text: &str, content: impl Into<Content>) -> Name {
        let name = name(text);
        let saved = self.put(Target::Create(name.clone()), content).await;
        let saved = saved.unwrap_or_else(|error| panic!("{name:?} is free, but: {error}"));
        assert_eq!(saved.name, name, "a create returns another name");
        name
    }

    /// Reads a whole object that must be there.
    pub(crate) async fn read(&self, name: &Name) -> Bytes {
        let read = self.storage.read(name).await;
        read.unwrap_or_else(|error| panic!("{name:?} is there, but cannot be read: {error}"))
    }

    /// Looks at an object that must be there.
    pub(crate) async fn stat(&self, name: &Name) -> Entry {
        let entry = self.storage.stat(name).await;
        entry.unwrap_or_else(|error| panic!("{name:?} is there, but stat says: {error}"))
    }

    pub(crate) async fn exists(&self, name: &Name) -> bool {
        let found = self.storage.exists(name).await;
        found.unwrap_or_else(|error| panic!("exists of {name:?} cannot tell: {error}"))
    }

    /// Fails unless exactly `expected` is under `name`, for open and for stat.
    pub(crate) async fn assert_holds(&self, name: &Name, expected: &[u8], why: &str) {
        let found = self.read(name).await;
        let lengths = (found.len(), expected.len());
        assert!(
            found == expected,
            "{name:?} does not hold what it should: {why} ({} bytes found, {} expected)",
            lengths.0,
            lengths.1
        );
        let size = self.stat(name).await.size;
        assert_eq!(
            size,
            expected.len() as u64,
            "the size of {name:?} is wrong: {why}"
        );
    }

    /// Fails if anything can be seen under `name`, by any verb.
    pub(crate) async fn assert_nothing_at(&self, name: &Name, why: &str) {
        assert!(!self.exists(name).await, "{name:?} exists: {why}");
        let opened = self.storage.open(name, &OpenOptions::default()).await;
        let kind = opened.err().map(|error| error.kind());
        assert_eq!(
            kind,
            Some(ErrorKind::NotFound),
            "{name:?} can be opened: {why}"
        );
        let listed = self.names().await;
        assert!(
            !listed.contains(&name.to_string()),
            "{name:?} is listed: {why}"
        );
    }

    /// Returns all names, sorted, each as often as the listing has it.
    pub(crate) async fn names(&self) -> Vec<String> {
        self.names_in(None).await
    }

    /// Returns the names in a folder, sorted, each as often as the listing has it.
    pub(crate) async fn names_in(&self, folder: Option<&Name>) -> Vec<String> {
        let entries = self.entries(folder).await;
        let mut names: Vec<String> = entries.iter().map(|entry| entry.name.to_string()).collect();
        names.sort_unstable();
        names
    }

    /// Returns what a listing has, and fails if it breaks off or does not end.
    pub(crate) async fn entries(&self, folder: Option<&Name>) -> Vec<Entry> {
        let entries = self.storage.list(folder).take(MOST_LISTED + 1);
        let entries: Result<Vec<Entry>> = entries.try_collect().await;
        let entries = entries.unwrap_or_else(|error| panic!("a listing broke off: {error}"));
        assert!(
            entries.len() <= MOST_LISTED,
            "the listing of {folder:?} does not end"
        );
        entries
    }
}

/// Fails unless `outcome` is an error of `kind`.
#[track_caller]
pub(crate) fn assert_kind<T>(outcome: Result<T>, kind: ErrorKind, why: &str) {
    match outcome {
        Ok(_) => panic!("it succeeds where it must answer {kind:?}: {why}"),
        Err(error) => assert_eq!(error.kind(), kind, "{why}; it said: {error}"),
    }
}
