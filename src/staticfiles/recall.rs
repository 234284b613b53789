//! What a run remembers of the last one to the same destination, so that it need not read what has
//! not changed: sizes, times and digests. It lies in the user's cache folder and is safe to delete;
//! nothing in it decides what is right, only what is read again.
//!
//! A file is known by its path, size, time of change (nanoseconds) and inode. A file that changed
//! within two seconds before the memory was written is never known: on a disk with coarse times it
//! could change again without showing it (what git calls racily clean). Of the destination only what
//! the run itself has written is known, or left as it was: others may write there at the same time.
//!
//! ```text
//! $XDG_CACHE_HOME/storehouse/staticfiles/<hash of the destination>.json
//! ```

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::{
    destination::Object,
    digest::{Md5Sum, md5_hex},
    finders::Found,
    parallel,
    read::Known,
    walk::SourceFile,
};

/// Changes with the format: what another version wrote is not read.
const VERSION: u32 = 1;

/// Between a change of a file and the memory of it: the coarsest times of disks in use (FAT).
const RACY: Duration = Duration::from_secs(2);

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Recall {
    version: u32,
    /// Sources by path.
    sources: HashMap<PathBuf, Seen>,
    /// Files of the destination whose content was made here, by name.
    made: HashMap<String, Seen>,
    /// What a coding made of a content, by the content's MD5 and the coding: its size and MD5, or
    /// nothing if it was not worth it.
    coded: HashMap<String, Option<(u64, String)>>,
    /// The rules that objects were last stored by.
    rules: Option<String>,
}

/// A file as it was, and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    size: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    inode: u64,
    md5: String,
}

impl Recall {
    /// Reads what was remembered of `destination` in the folder of this user. Nothing, if there is
    /// no such folder, or what is there cannot be used.
    #[must_use]
    pub(super) fn load(destination: &str) -> Self {
        let read = place(destination).and_then(|place| fs::read(place).ok());
        read.map(|json| Self::from_json(&json)).unwrap_or_default()
    }

    /// As [`load`](Self::load), on the blocking pool.
    pub(super) async fn load_from(destination: String) -> Self {
        let loading = parallel::on_the_blocking_pool(move || Self::load(&destination));
        loading.await.unwrap_or_default()
    }

    fn from_json(json: &[u8]) -> Self {
        let recall: Option<Self> = serde_json::from_slice(json).ok();
        recall
            .filter(|recall| recall.version == VERSION)
            .unwrap_or_default()
    }

    /// Writes what is remembered of `destination`, all at once.
    ///
    /// # Errors
    /// What writing gives. The run is none the worse for it.
    pub(super) fn save(&self, destination: &str) -> io::Result<()> {
        let Some(place) = place(destination) else {
            return Ok(());
        };
        write_whole(&place, &serde_json::to_vec(self)?)
    }

    /// Returns the MD5 of a source that has not changed since.
    #[must_use]
    pub(super) fn source(&self, source: &SourceFile) -> Option<Md5Sum> {
        let seen = self.sources.get(&source.path)?;
        let is_same = seen.size == source.size
            && seen.inode == source.inode
            && Some(seen.modified) == source.modified.and_then(nanoseconds);
        is_same.then(|| Md5Sum::from_hex(&seen.md5)).flatten()
    }

    /// Returns the MD5 of a file that was written to the destination, if it is as it was.
    #[must_use]
    pub(super) fn made(&self, name: &str, object: &Object) -> Option<Md5Sum> {
        let seen = self.made.get(name)?;
        let is_same = seen.size == object.size
            && seen.inode == object.inode
            && !object.is_link
            && Some(seen.modified) == object.modified.and_then(nanoseconds);
        is_same.then(|| Md5Sum::from_hex(&seen.md5)).flatten()
    }

    /// Returns the rules that objects were last stored by.
    #[must_use]
    pub(super) fn rules(&self) -> Option<&str> {
        self.rules.as_deref()
    }

    /// Returns what a coding made of a content: `None` if that is not known, `Some(None)` if it was
    /// not worth it, else size and MD5.
    #[must_use]
    pub(super) fn coded(&self, md5: Md5Sum, coding: &str) -> Option<Option<(u64, Md5Sum)>> {
        match self.coded.get(&coded_key(md5, coding))? {
            None => Some(None),
            Some((size, md5)) => Some(Some((*size, Md5Sum::from_hex(md5)?))),
        }
    }

    /// Starts the memory of a run.
    #[must_use]
    pub(super) fn begin() -> Self {
        Self {
            version: VERSION,
            ..Self::default()
        }
    }

    /// Starts with the sources whose digests are known.
    pub(super) fn of_sources(wanted: &[Found], known: &[Known], now: SystemTime) -> Self {
        let mut recall = Self::begin();
        for (found, known) in wanted.iter().zip(known) {
            if let Some(md5) = known.md5 {
                recall.add_source(&found.source, md5, now);
            }
        }
        recall
    }

    /// Remembers a source, unless it changed just now.
    pub(super) fn add_source(&mut self, source: &SourceFile, md5: Md5Sum, now: SystemTime) {
        let Some(modified) = source.modified.filter(|time| is_settled(*time, now)) else {
            return;
        };
        let Some(modified) = nanoseconds(modified) else {
            return;
        };
        let seen = Seen {
            size: source.size,
            modified,
            inode: source.inode,
            md5: md5.to_string(),
        };
        self.sources.insert(source.path.clone(), seen);
    }

    /// Remembers a file of the destination whose content is known.
    pub(super) fn add_made(&mut self, name: &str, object: &Object, md5: Md5Sum) {
        let Some(modified) = object.modified.and_then(nanoseconds) else {
            return;
        };
        let seen = Seen {
            size: object.size,
            modified,
            inode: object.inode,
            md5: md5.to_string(),
        };
        self.made.insert(name.to_owned(), seen);
    }

    /// Remembers what a coding made of a content.
    pub(super) fn add_coded(&mut self, md5: Md5Sum, coding: &str, made: Option<(u64, Md5Sum)>) {
        let made = made.map(|(size, md5)| (size, md5.to_string()));
        self.coded.insert(coded_key(md5, coding), made);
    }

    /// Remembers the rules that all objects are stored by now.
    pub(super) fn set_rules(&mut self, rules: Option<String>) {
        self.rules = rules;
    }
}

/// Writes a file all at once, with the folders that it is in.
///
/// # Errors
/// What writing gives.
pub(super) fn write_whole(place: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = place.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&unfinished, content)?;
    fs::rename(&unfinished, place).inspect_err(|_| {
        // Nobody looks for it.
        let _ = fs::remove_file(&unfinished);
    })
}

fn coded_key(md5: Md5Sum, coding: &str) -> String {
    format!("{md5}.{coding}")
}

/// Returns whether a time of change is too long ago for another change to have the same.
pub(super) fn is_settled(modified: SystemTime, now: SystemTime) -> bool {
    now.duration_since(modified).is_ok_and(|age| age > RACY)
}

/// Returns the nanoseconds since 1970.
pub(super) fn nanoseconds(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Where the memory of a destination lies: `$XDG_CACHE_HOME`, `~/.cache`, or what the system has for
/// it.
pub(super) fn place(destination: &str) -> Option<PathBuf> {
    let folder = cache_folder(|name| std::env::var_os(name).map(PathBuf::from))?;
    let file = format!("{}.json", md5_hex(destination.as_bytes()));
    Some(folder.join("storehouse").join("staticfiles").join(file))
}

fn cache_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let home = |below: &str| absolute("HOME").map(|home| home.join(below));
    absolute("XDG_CACHE_HOME").or_else(|| match () {
        () if cfg!(windows) => absolute("LOCALAPPDATA"),
        () if cfg!(target_os = "macos") => home("Library/Caches"),
        () => home(".cache"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn source(size: u64, modified: Duration, inode: u64) -> SourceFile {
        SourceFile {
            path: "/src/a".into(),
            relative: "a".to_owned(),
            size,
            modified: Some(UNIX_EPOCH + modified),
            inode,
        }
    }

    fn remembered(source: &SourceFile) -> Recall {
        let mut recall = Recall::begin();
        recall.add_source(source, Md5Sum::of(b"x"), UNIX_EPOCH + NOW);
        let json = serde_json::to_vec(&recall).unwrap();
        Recall::from_json(&json)
    }

    #[test]
    fn a_source_is_known_as_long_as_nothing_of_it_changes() {
        let old = NOW - Duration::from_secs(9);
        let recall = remembered(&source(1, old, 7));

        assert_eq!(recall.source(&source(1, old, 7)), Some(Md5Sum::of(b"x")));
        for (case, changed) in [
            ("size", source(2, old, 7)),
            ("time", source(1, old + Duration::from_nanos(1), 7)),
            ("inode", source(1, old, 8)),
        ] {
            assert_eq!(recall.source(&changed), None, "{case}");
        }
    }

    #[test]
    fn a_source_that_changed_just_now_is_not_known() {
        for (age, is_known) in [(Duration::ZERO, false), (RACY, false), (RACY * 2, true)] {
            let source = source(1, NOW - age, 7);

            assert_eq!(
                remembered(&source).source(&source).is_some(),
                is_known,
                "{age:?}"
            );
        }
        let of_the_future = source(1, NOW + RACY, 7);
        assert_eq!(remembered(&of_the_future).source(&of_the_future), None);
    }

    #[test]
    fn what_cannot_be_used_is_as_if_it_were_not_there() {
        for json in ["", "{", "[]", r#"{"version": 9, "sources": {}}"#] {
            assert_eq!(
                Recall::from_json(json.as_bytes()),
                Recall::default(),
                "{json}"
            );
        }
    }

    #[test]
    fn it_lies_in_the_cache_folder_of_the_user() {
        let folder = |set: &[(&str, &str)]| {
            let set: HashMap<&str, &str> = set.iter().copied().collect();
            cache_folder(|name| set.get(name).map(PathBuf::from))
        };

        assert_eq!(
            folder(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]),
            Some("/c".into())
        );
        // A relative one is to be ignored, by the XDG specification.
        assert_eq!(folder(&[("XDG_CACHE_HOME", "c")]), None);
        if cfg!(target_os = "linux") {
            assert_eq!(
                folder(&[("HOME", "/h")]).as_deref(),
                Some(Path::new("/h/.cache"))
            );
        }
    }
}
