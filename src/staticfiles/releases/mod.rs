//! Releases: manifests that are kept under `.storehouse/releases/`, so that one push can be taken
//! back. Here they are listed, and it is decided which is in force; what a push writes is decided by
//! the plan, and what is deleted in [`retention`](retention).
//!
//! A release is written after all its files and before its manifest: then the manifest in force has
//! always been kept, and a release names only files that are there. `.storehouse/` is never served.
//!
//! Releases are ordered by their ids. "In force" is the newest release that says what the manifest
//! says; a rollback goes to the one before it.

pub(super) mod retention;

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use storehouse_storage::{Error, ErrorKind, Name, Result, Storage, StorageExt};

pub use self::{
    release::{KeptFile, Release, ReleaseId},
    rollback::roll_back,
};
use crate::staticfiles::manifest::Manifest;

mod release;
mod rollback;
#[cfg(test)]
mod tests;

/// The folder of what a push keeps for itself.
pub const PRIVATE: &str = ".storehouse";
/// The folder of the releases.
pub const RELEASES: &str = ".storehouse/releases";
/// The end of a release's name.
const SUFFIX: &str = ".json";
const DAMAGED_ADVICE: &str = "delete it; until then no old file is";
/// How many releases are read at once.
const READS_IN_FLIGHT: usize = 8;

/// The releases that are kept in a storage.
#[derive(Debug, Default)]
pub struct Releases {
    /// The oldest first.
    kept: Vec<Release>,
    damaged: Vec<Error>,
}

impl Releases {
    /// Takes releases in any order.
    #[must_use]
    pub fn new(releases: impl IntoIterator<Item = Release>) -> Self {
        let mut kept: Vec<Release> = releases.into_iter().collect();
        kept.sort_by(|one, other| one.id().cmp(other.id()));
        Self {
            kept,
            damaged: Vec::new(),
        }
    }

    /// Reads all releases of a storage. One that is damaged does not hide the others.
    ///
    /// # Errors
    /// As [`Storage::list`] and [`Storage::open`].
    pub async fn load(storage: &dyn Storage) -> Result<Self> {
        let names: Vec<Name> = storage
            .list(Some(&Name::new(RELEASES)?))
            .map_ok(|entry| entry.name)
            .try_collect()
            .await?;
        let names = names.into_iter().filter(|name| id_of(name).is_some());
        let read: Vec<(Name, Bytes)> = stream::iter(names)
            .map(|name| async move {
                let json = storage.read(&name).await?;
                Ok::<_, Error>((name, json))
            })
            .buffered(READS_IN_FLIGHT)
            .try_collect()
            .await?;
        let mut kept = Vec::new();
        let mut damaged = Vec::new();
        for (name, json) in read {
            match Release::from_json(&json).and_then(|release| under_its_name(release, &name)) {
                Ok(release) => kept.push(release),
                Err(error) => damaged.push(
                    Error::new(
                        error.kind(),
                        format!("{name} in {}: {}", storage.describe(), error.problem()),
                    )
                    .with_advice(DAMAGED_ADVICE),
                ),
            }
        }
        Ok(Self {
            damaged,
            ..Self::new(kept)
        })
    }

    /// Returns the releases, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Release> {
        self.kept.iter()
    }

    /// Returns what is wrong with those that cannot be read. As long as there are any, nobody knows
    /// which files they need.
    #[must_use]
    pub fn damaged(&self) -> &[Error] {
        &self.damaged
    }

    /// Refuses what needs to know all releases, such as deleting files.
    ///
    /// # Errors
    /// [`ErrorKind::Integrity`] with the first that is damaged.
    pub fn refuse_damaged(&self) -> Result<()> {
        let Some(first) = self.damaged.first() else {
            return Ok(());
        };
        let error = Error::new(first.kind(), first.problem());
        Err(error.with_advice(DAMAGED_ADVICE))
    }

    /// Returns the release that `in_force` is: the newest that says the same.
    #[must_use]
    pub fn current(&self, in_force: &Manifest) -> Option<&Release> {
        let mut newest_first = self.kept.iter().rev();
        newest_first.find(|release| release.paths() == in_force)
    }

    /// Returns whether a push of the manifest `pushed` makes a new release: not where it changes
    /// nothing, and not where the newest release says the same.
    #[must_use]
    pub fn are_without(&self, pushed: &Manifest, in_force: Option<&Manifest>) -> bool {
        let is_newest = self
            .kept
            .last()
            .is_some_and(|newest| newest.paths() == pushed);
        let changes_nothing = in_force == Some(pushed) && self.current(pushed).is_some();
        !is_newest && !changes_nothing
    }

    /// Returns when a new release is made: `now`, or a second after the newest where the clock is
    /// behind. Two releases of one second would have no order.
    #[must_use]
    pub fn next_time(&self, now: SystemTime) -> SystemTime {
        let newest = self.kept.last();
        let after = newest.map(|release| release.created() + Duration::from_secs(1));
        after.map_or(now, |after| now.max(after))
    }

    /// Returns the releases that go where `count` are kept: the oldest, but never the one in force.
    #[must_use]
    pub fn beyond(&self, count: usize, in_force: &Manifest) -> Vec<&Release> {
        let current = self.current(in_force).map(Release::id);
        let too_old = self.kept.iter().rev().skip(count);
        too_old
            .filter(|release| Some(release.id()) != current)
            .collect()
    }

    /// Returns every name that a release needs: what `--clear` leaves alone, with all that is in
    /// [`PRIVATE`].
    #[must_use]
    pub fn files(&self) -> HashSet<&Name> {
        self.kept.iter().flat_map(Release::files).collect()
    }
}

/// Returns whether a name is in the folder of what a push keeps for itself.
#[must_use]
pub fn is_private(name: &Name) -> bool {
    name.parts().next() == Some(PRIVATE)
}

/// Returns the id of the release that is kept under `name`, if it is one.
fn id_of(name: &Name) -> Option<ReleaseId> {
    let file = name
        .as_str()
        .strip_prefix(RELEASES)?
        .strip_prefix('/')?
        .strip_suffix(SUFFIX)?;
    ReleaseId::parse(file)
}

fn under_its_name(release: Release, name: &Name) -> Result<Release> {
    if id_of(name).as_ref() == Some(release.id()) {
        return Ok(release);
    }
    Err(Error::new(
        ErrorKind::Integrity,
        format!("the release is {}, under another's name", release.id()),
    ))
}
