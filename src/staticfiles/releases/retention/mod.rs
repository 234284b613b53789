//! Which old files are deleted: `--prune-older-than` and `--keep-versions`. It decides, from values;
//! it lists and deletes nothing.
//!
//! Only a file that a run has made can go: one under a hashed name, `dir/root.<12 hex digits>.ext`,
//! or a compressed copy of one, if a file `dir/root.ext` is known (it is there, or a manifest has it
//! as a key), or a release names it, or the hash is that of the content; and whatever the manifest of a release that goes names, since
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

use super::{Release, Releases, is_private};
use crate::staticfiles::{
    manifest::{
        Manifest,
        hashed::{FileHash, unhashed},
    },
    support::md5::Md5Sum,
};

pub(in crate::staticfiles) mod proof;
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
    /// What is known of the contents of objects: of those of [`to_be_proven`].
    pub digests: &'a HashMap<Name, Md5Sum>,
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
    let decision = Decision::new(facts, policy);
    let objects = facts.objects.iter();
    let files = objects.filter(|(name, written)| {
        decision.may_go(name, **written)
            && (decision.known.is_made_by_a_run(name) || is_proven(name, facts.digests))
    });
    let files: HashSet<Name> = files.map(|(name, _)| name.clone()).collect();
    // A copy goes with its original, however young it is.
    let copies = files.iter().flat_map(|name| {
        let names = COMPRESSED
            .iter()
            .map(move |end| Name::new(format!("{name}{end}")));
        names
            .flatten()
            .filter(|copy| facts.objects.contains_key(copy))
    });
    let copies = copies.filter(|copy| !decision.protected.contains(copy.as_str()));
    let copies: Vec<Name> = copies.collect();
    let releases = decision.going.iter();
    let mut pruning = Pruning {
        releases: releases.map(|release| release.name().clone()).collect(),
        files: files.into_iter().chain(copies).collect(),
    };
    pruning.releases.sort_unstable();
    pruning.files.sort_unstable();
    pruning.files.dedup();
    Ok(pruning)
}

/// Returns the names, sorted, of which only the content tells whether a run made the file: where files are
/// kept under their hashed names alone, no original tells it once its source is gone. The hash in the name
/// has to be that of the content.
///
/// # Errors
/// As [`to_prune`].
pub fn to_be_proven(facts: &PruneFacts<'_>, policy: PrunePolicy) -> Result<Vec<Name>> {
    if !policy.prunes() {
        return Ok(Vec::new());
    }
    facts.releases.refuse_damaged()?;
    let decision = Decision::new(facts, policy);
    let objects = facts.objects.iter();
    let names = objects.filter(|(name, written)| {
        decision.may_go(name, **written)
            && unhashed(name.as_str()).next().is_some()
            && !decision.known.is_made_by_a_run(name)
    });
    let mut names: Vec<Name> = names.map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Whether the hash in a name is that of the content, or a compressed copy is one of such a file.
fn is_proven(name: &Name, digests: &HashMap<Name, Md5Sum>) -> bool {
    let is_proven = |name: &Name| digests.get(name).is_some_and(|md5| fits(name, *md5));
    let plain = Name::new(without_compression(name.as_str()));
    is_proven(name) || plain.is_ok_and(|plain| is_proven(&plain))
}

/// Whether the hash in a name is that of a content.
fn fits(name: &Name, md5: Md5Sum) -> bool {
    let hash = FileHash::of_sum(md5).to_string();
    unhashed(name.as_str()).any(|(_, in_name)| in_name == hash)
}

/// What is asked of each file.
struct Decision<'a> {
    /// The releases that are not kept.
    going: Vec<&'a Release>,
    known: Known<'a>,
    protected: HashSet<&'a str>,
    /// What was written before this is old; all is without it, and nothing if it is too far back.
    limit: Option<Option<SystemTime>>,
}

impl<'a> Decision<'a> {
    fn new(facts: &PruneFacts<'a>, policy: PrunePolicy) -> Self {
        let limit = policy.older_than.map(|age| facts.now.checked_sub(age));
        let (going, kept): (Vec<&Release>, Vec<&Release>) =
            facts.releases.iter().partition(|release| {
                is_beyond(release, facts, policy) && is_old(Some(release.created()), limit)
            });
        Self {
            known: Known::new(facts, &going),
            protected: protected(facts, &kept),
            going,
            limit,
        }
    }

    /// Whether nothing needs the file, and it is old.
    fn may_go(&self, name: &Name, written: Option<SystemTime>) -> bool {
        let text = name.as_str();
        !is_private(name)
            && !self.protected.contains(text)
            && !self.protected.contains(without_compression(text))
            && is_old(written, self.limit)
    }
}

fn is_old(time: Option<SystemTime>, limit: Option<Option<SystemTime>>) -> bool {
    match limit {
        None => true,
        Some(limit) => matches!((time, limit), (Some(time), Some(limit)) if time < limit),
    }
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
