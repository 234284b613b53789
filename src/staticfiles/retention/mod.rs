//! Which old files are deleted: `--prune-older-than` and `--keep-versions`. It decides, from values;
//! it lists and deletes nothing.
//!
//! Only a file that a run has made can go: one under a hashed name, `dir/root.<12 hex digits>.ext`,
//! or a compressed copy of one, if a file `dir/root.ext` is known (it is there, or a manifest has it
//! as a key) or a release names it; and whatever the manifest of a release that goes names, since
//! that may be hashed by a bundler.
//!
//! Never goes: what the manifest in force names, what a kept release names, compressed copies of
//! these, what this run has collected or written, and anything under `.storehouse/`.
//!
//! | policy | a file goes if |
//! |---|---|
//! | `older_than` | it was written longer ago than that |
//! | `keep_versions` | none of the newest so many releases names it, nor the one in force; older releases go too |
//! | both | both say so; of the older releases those go that were made longer ago than that |
//!
//! A file's age is counted from when it was written, as far as the storage knows. That is not when
//! pages stopped to use it: a file of last year that was replaced an hour ago is a year old. So the
//! manifest that a run replaces counts as in force for that run, and who cannot be sure that no page
//! lives longer than the time between two runs keeps releases.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use storehouse_storage::{Name, Result};

use super::{
    hashed::unhashed,
    manifest::Manifest,
    releases::{Release, Releases, is_private},
};

#[cfg(test)]
mod tests;

/// What is put behind the names of compressed copies.
const COMPRESSED: [&str; 4] = [".gz", ".br", ".zst", ".zstd"];

/// What is pruned. The default is nothing.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunePolicy {
    /// Files that were written longer ago than this.
    pub older_than: Option<Duration>,
    /// What is in none of so many releases, counted from the newest.
    pub keep_versions: Option<usize>,
}

impl PrunePolicy {
    /// Prunes what was written longer ago than `age`.
    #[must_use]
    pub fn with_older_than(mut self, age: Duration) -> Self {
        self.older_than = Some(age);
        self
    }

    /// Prunes what none of the newest `count` releases names.
    #[must_use]
    pub fn with_keep_versions(mut self, count: usize) -> Self {
        self.keep_versions = Some(count);
        self
    }

    /// Returns whether anything can be pruned.
    #[must_use]
    pub fn prunes(self) -> bool {
        self != Self::default()
    }
}

/// What the decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct PruneFacts<'a> {
    /// What is there, with when it was written where that is known.
    pub objects: &'a HashMap<Name, Option<SystemTime>>,
    /// The manifest in force, and the one that this run replaced.
    pub in_force: &'a [Manifest],
    /// Every name that this run has collected or written.
    pub of_this_run: &'a HashSet<Name>,
    /// The releases that are kept.
    pub releases: &'a Releases,
    /// The time it is.
    pub now: SystemTime,
}

/// What goes, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruning {
    /// The names of releases. They go first: none may name a file that is gone.
    pub releases: Vec<Name>,
    /// The names of files.
    pub files: Vec<Name>,
}

/// Decides what goes.
///
/// # Errors
/// As [`Releases::refuse_damaged`]: nobody knows which files such a release needs.
pub fn to_prune(facts: &PruneFacts<'_>, policy: PrunePolicy) -> Result<Pruning> {
    if !policy.prunes() {
        return Ok(Pruning::default());
    }
    facts.releases.refuse_damaged()?;
    let limit = policy.older_than.map(|age| facts.now.checked_sub(age));
    let is_old = |time: Option<SystemTime>| match limit {
        None => true,
        Some(limit) => matches!((time, limit), (Some(time), Some(limit)) if time < limit),
    };
    let (going, kept): (Vec<&Release>, Vec<&Release>) = facts
        .releases
        .iter()
        .partition(|release| is_beyond(release, facts, policy) && is_old(Some(release.created())));
    let known = Known::new(facts, &going);
    let protected = protected(facts, &kept);
    let goes = |name: &Name| {
        !is_private(name)
            && !protected.contains(name.as_str())
            && !protected.contains(without_compression(name.as_str()))
            && known.is_made_by_a_run(name)
    };
    let objects = facts.objects.iter();
    let files = objects.filter(|(name, written)| goes(name) && is_old(**written));
    let mut pruning = Pruning {
        releases: going.iter().map(|release| release.name().clone()).collect(),
        files: files.map(|(name, _)| name.clone()).collect(),
    };
    pruning.releases.sort_unstable();
    pruning.files.sort_unstable();
    Ok(pruning)
}

/// Returns whether a release is older than those that are kept. That in force never is.
fn is_beyond(release: &Release, facts: &PruneFacts<'_>, policy: PrunePolicy) -> bool {
    let Some(count) = policy.keep_versions else {
        return false;
    };
    let mut newest = facts.releases.iter().rev().take(count);
    let mut currents = facts.in_force.iter();
    newest.all(|kept| kept.id() != release.id())
        && currents.all(|manifest| {
            let current = facts.releases.current(manifest);
            current.is_none_or(|current| current.id() != release.id())
        })
}

/// The names that stay, with those of their compressed copies.
fn protected<'a>(facts: &PruneFacts<'a>, kept: &[&'a Release]) -> HashSet<&'a str> {
    let in_force = facts.in_force.iter().flat_map(Manifest::iter);
    let in_force = in_force.flat_map(|(name, stored)| [name, stored]);
    let kept = kept.iter().flat_map(|release| release.files());
    let of_this_run = facts.of_this_run.iter();
    in_force
        .chain(kept.chain(of_this_run).map(Name::as_str))
        .collect()
}

/// What is known of the names that runs have made.
struct Known<'a> {
    /// Files under their own names.
    originals: HashSet<&'a str>,
    /// What any release names.
    of_releases: HashSet<&'a str>,
    /// What the manifests of the releases name that go.
    of_going: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn new(facts: &PruneFacts<'a>, going: &[&'a Release]) -> Self {
        let releases = facts.releases.iter();
        let manifests = facts.in_force.iter().chain(releases.map(Release::paths));
        let keys = manifests.flat_map(|manifest| manifest.iter().map(|(name, _)| name));
        let there = facts.objects.keys().chain(facts.of_this_run);
        let going = going.iter().flat_map(|release| release.paths().iter());
        Self {
            originals: keys.chain(there.map(Name::as_str)).collect(),
            of_releases: facts
                .releases
                .files()
                .into_iter()
                .map(Name::as_str)
                .collect(),
            of_going: going.map(|(_, stored)| stored).collect(),
        }
    }

    /// Returns whether a run made the file, as opposed to whatever else may be there.
    fn is_made_by_a_run(&self, name: &Name) -> bool {
        let name = name.as_str();
        let plain = without_compression(name);
        self.of_going.contains(plain)
            || self.of_going.contains(name)
            || [name, plain].into_iter().any(|form| {
                unhashed(form).any(|(original, _)| {
                    self.originals.contains(original.as_str()) || self.of_releases.contains(name)
                })
            })
    }
}

/// Returns what a compressed copy is one of; any other name as it is.
fn without_compression(name: &str) -> &str {
    let plain = COMPRESSED.iter().find_map(|end| name.strip_suffix(end));
    plain.unwrap_or(name)
}

/// Reads an age as it is typed: `30d`, `12h`, `2w`.
///
/// # Errors
/// What was expected.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("expected a time such as 30d, 12h or 2w, found {text:?}"))
}
