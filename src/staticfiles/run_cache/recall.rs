//! What a run remembers of the last one to the same destination, so that it need not read what has
//! not changed: sizes, times and digests. It lies in the user's cache folder and is safe to delete;
//! nothing in it decides what is right, only what is read again.
//!
//! A source is known by its path, size, inode, and the times (in nanoseconds) of its content and of
//! all that the system has of it: the first can be set back, as `cp -p` and `tar` do. A source that
//! changed within two seconds before the memory was written is never known: on a disk with coarse
//! times it could change again without showing it (what git calls racily clean).
//! Of a folder that is written to, what the run itself has written or left as it was is known, by the
//! tag that the save told: others may write there at the same time.
//!
//! ```text
//! $XDG_CACHE_HOME/storehouse/staticfiles/<hash of the destination>.json
//! ```

use crate::staticfiles::support::times::nanoseconds;
use std::{borrow::Cow, collections::HashMap, fs, io, path::PathBuf, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use storehouse_storage::{Name, Result};

use super::origins::Origins;
use crate::staticfiles::{
    model::{
        object::Object,
        source_file::SourceFile,
        write::{Kind, Write},
    },
    support::{cache, md5::Md5Sum, parallel},
};

/// Changes with the format: what another version wrote is not read.
const VERSION: u32 = 3;

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::staticfiles) struct Recall {
    version: u32,
    /// Sources by path.
    sources: HashMap<PathBuf, Seen>,
    /// Files on a disk whose content was made here, by name: the tag that the save told, and the MD5.
    made: HashMap<String, (String, Hex)>,
    /// What a coding made of a content, by the content's MD5 and the coding: its size and MD5, or
    /// nothing if it was not worth it.
    coded: HashMap<String, Option<(u64, Hex)>>,
    /// The rules that objects were last stored by.
    rules: Option<String>,
    /// Whether the ETags of a bucket that look like MD5s were MD5s, by what was last written or compared.
    #[serde(default)]
    etags_are_md5s: Option<bool>,
    /// What collected files on a disk were made of.
    #[serde(default)]
    pub(in crate::staticfiles) origins: Origins,
}

/// A file as it was, and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    size: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    /// As [`SourceFile::changed`], in nanoseconds since 1970.
    changed: Option<u64>,
    inode: u64,
    md5: Hex,
}

/// A digest as it is written down: in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hex(Md5Sum);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let md5 = Md5Sum::from_hex(&text).ok_or_else(|| D::Error::custom("no MD5 in hex"));
        md5.map(Self)
    }
}

impl Recall {
    /// Reads what was remembered of `destination` in the folder of this user. Nothing, if there is
    /// no such folder, or what is there cannot be used.
    #[must_use]
    pub(in crate::staticfiles) fn load(destination: &str) -> Self {
        let read = place(destination).and_then(|place| fs::read(place).ok());
        read.map(|json| Self::from_json(&json)).unwrap_or_default()
    }

    /// As [`load`](Self::load), on the blocking pool.
    pub(in crate::staticfiles) async fn load_from(destination: String) -> Self {
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
    pub(in crate::staticfiles) fn save(&self, destination: &str) -> io::Result<()> {
        let Some(place) = place(destination) else {
            return Ok(());
        };
        cache::write_whole(&place, &serde_json::to_vec(self)?)
    }

    /// Returns the MD5 of a source that has not changed since.
    #[must_use]
    pub(in crate::staticfiles) fn source(&self, source: &SourceFile) -> Option<Md5Sum> {
        let seen = self.sources.get(&source.path)?;
        let is_same = seen.size == source.size
            && seen.inode == source.inode
            && seen.changed == source.changed.and_then(nanoseconds)
            && Some(seen.modified) == source.modified.and_then(nanoseconds);
        is_same.then_some(seen.md5.0)
    }

    /// Returns the MD5 of a file that was written to the destination, if it is as it was.
    #[must_use]
    pub(in crate::staticfiles) fn made(&self, name: &str, object: &Object) -> Option<Md5Sum> {
        let (tag, md5) = self.made.get(name)?;
        let is_same = !object.is_link && object.tag().as_ref() == Some(tag);
        is_same.then_some(md5.0)
    }

    /// Remembers what `earlier` has of files that are there and that this run does not write.
    pub(in crate::staticfiles) fn carry_made(
        &mut self,
        earlier: &Self,
        there: &HashMap<Name, Object>,
    ) {
        let still = earlier.made.iter().filter(|(name, (tag, _))| {
            let object = there.get(name.as_str());
            object.and_then(Object::tag).as_ref() == Some(tag)
        });
        for (name, made) in still {
            self.made
                .entry(name.clone())
                .or_insert_with(|| made.clone());
        }
    }

    /// Returns the rules that objects were last stored by.
    #[must_use]
    pub(in crate::staticfiles) fn rules(&self) -> Option<&str> {
        self.rules.as_deref()
    }

    /// Returns what a coding made of a content: `None` if that is not known, `Some(None)` if it was
    /// not worth it, else size and MD5.
    #[must_use]
    pub(in crate::staticfiles) fn coded(
        &self,
        md5: Md5Sum,
        coding: &str,
    ) -> Option<Option<(u64, Md5Sum)>> {
        let made = self.coded.get(&coded_key(md5, coding))?;
        Some(made.map(|(size, md5)| (size, md5.0)))
    }

    /// Starts the memory of a run.
    #[must_use]
    pub(in crate::staticfiles) fn begin() -> Self {
        Self {
            version: VERSION,
            ..Self::default()
        }
    }

    /// Remembers what a write tells: the digest of a source, and of what was made of it, if that has a
    /// tag on a disk.
    pub(in crate::staticfiles) fn add(
        &mut self,
        write: &Write,
        tag: impl FnOnce() -> Option<String>,
        now: SystemTime,
    ) {
        let Some(md5) = write.md5 else { return };
        match (write.kind, write.source()) {
            (Kind::Collected, Some(source)) => self.add_source(source, md5, now),
            (Kind::Hashed { is_text: true } | Kind::Compressed { .. }, _) => {
                let name = write.name.as_str().to_owned();
                self.made.extend(tag().map(|tag| (name, (tag, Hex(md5)))));
            }
            _ => {}
        }
    }

    /// Remembers a source, unless it changed just now.
    pub(in crate::staticfiles) fn add_source(
        &mut self,
        source: &SourceFile,
        md5: Md5Sum,
        now: SystemTime,
    ) {
        if !source.is_settled(now) {
            return;
        }
        let Some(modified) = source.modified.and_then(nanoseconds) else {
            return;
        };
        let seen = Seen {
            size: source.size,
            modified,
            changed: source.changed.and_then(nanoseconds),
            inode: source.inode,
            md5: Hex(md5),
        };
        self.sources.insert(source.path.clone(), seen);
    }

    /// Remembers what a coding made of a content.
    pub(in crate::staticfiles) fn add_coded(
        &mut self,
        md5: Md5Sum,
        coding: &str,
        made: Option<(u64, Md5Sum)>,
    ) {
        let made = made.map(|(size, md5)| (size, Hex(md5)));
        self.coded.insert(coded_key(md5, coding), made);
    }

    /// Returns whether the bucket's ETags that look like MD5s were MD5s, if that was seen.
    #[must_use]
    pub(in crate::staticfiles) fn etags_are_md5s(&self) -> Option<bool> {
        self.etags_are_md5s
    }

    /// Remembers whether the bucket's ETags that look like MD5s are MD5s.
    pub(in crate::staticfiles) fn set_etags_are_md5s(&mut self, seen: Option<bool>) {
        self.etags_are_md5s = seen;
    }

    /// Remembers the rules that all objects are stored by now.
    pub(in crate::staticfiles) fn set_rules(&mut self, rules: Option<String>) {
        self.rules = rules;
    }
}

fn coded_key(md5: Md5Sum, coding: &str) -> String {
    format!("{md5}.{coding}")
}

/// Where the memory of a destination lies.
pub(in crate::staticfiles) fn place(destination: &str) -> Option<PathBuf> {
    cache::place("staticfiles", destination)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::staticfiles::support::times::RACY;

    const NOW: Duration = Duration::from_secs(1_800_000_000);
    const OLD: Duration = Duration::from_secs(1_700_000_000);

    fn source(size: u64, modified: Duration, inode: u64) -> SourceFile {
        SourceFile {
            path: "/src/a".into(),
            relative: "a".to_owned(),
            size,
            modified: Some(UNIX_EPOCH + modified),
            changed: Some(UNIX_EPOCH + OLD),
            inode,
            is_linked: false,
        }
    }

    fn changed(source: SourceFile, changed: Duration) -> SourceFile {
        SourceFile {
            changed: Some(UNIX_EPOCH + changed),
            ..source
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
            ("time of any change", changed(source(1, old, 7), NOW)),
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
        let set_back = changed(source(1, OLD, 7), NOW - RACY);
        assert_eq!(remembered(&set_back).source(&set_back), None);
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
}
