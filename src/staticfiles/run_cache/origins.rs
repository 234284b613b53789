//! Which source each collected file on a disk was last the same as. Times tell that a source has changed, and do
//! not tell that another file is the source now: one that is older than the copy, since the order of folders has
//! changed, or a link leads to another release.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::staticfiles::model::{object::Object, source_file::SourceFile};

/// By a digest of the name. Only the program that made the digests compares them; where another version makes
/// others, contents are compared once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::staticfiles) struct Origins(HashMap<u64, Origin>);

/// A source, and the file that was there, in digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    source: u64,
    there: u64,
    /// Whether a later change of the source shows in its times.
    is_settled: bool,
    /// Whether the contents were the same, and not only the times told so.
    is_verified: bool,
}

/// What is known of a source beside the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::staticfiles) enum Known {
    /// Nothing.
    Nothing,
    /// It is the last one, and has not changed.
    Same,
    /// It is another one, or has changed.
    Another,
}

impl Origins {
    /// Compares a source with the last one of the name.
    pub(in crate::staticfiles) fn known(&self, name: &str, source: &SourceFile) -> Known {
        match self.0.get(&digest(&name)) {
            None => Known::Nothing,
            Some(origin) if origin.source != digest_of(source) => Known::Another,
            Some(origin) if origin.is_settled => Known::Same,
            Some(_) => Known::Nothing,
        }
    }

    /// Whether what is there is as it was when it had the content of the source.
    pub(in crate::staticfiles) fn vouches(
        &self,
        name: &str,
        source: &SourceFile,
        there: &Object,
    ) -> bool {
        let origin = self.0.get(&digest(&name));
        let there = there.tag().map(|tag| digest(&tag));
        origin.is_some_and(|origin| {
            origin.is_verified && origin.source == digest_of(source) && Some(origin.there) == there
        })
    }

    /// Notes a source and the tag of the file that is there.
    pub(in crate::staticfiles) fn add(
        &mut self,
        name: &str,
        source: &SourceFile,
        tag: &str,
        is_verified: bool,
        now: SystemTime,
    ) {
        let origin = Origin {
            source: digest_of(source),
            there: digest(&tag),
            is_settled: source.is_settled(now),
            is_verified,
        };
        self.0.insert(digest(&name), origin);
    }
}

fn digest_of(source: &SourceFile) -> u64 {
    let times = (source.modified, source.changed);
    digest(&(&source.path, source.size, source.inode, times))
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
