//! The plan: what to write, what to skip and what to delete, as plain data. Made from the finders'
//! listing, what is known of the sources and one listing of the destination; it touches none of
//! them.
//!
//! ```text
//! find -> wanted + conflicts
//!         wanted -> (read) -> known -> (process) -> hashed files
//!         all of it + destination -> writes -> (compare) -> Plan -> execute -> Report
//! ```

pub(super) mod attributes;
pub(super) mod clash;
pub(super) mod compare;
pub(super) mod compressed;
pub(super) mod history;
pub(super) mod plan_file;
pub(super) mod planned;
pub(super) mod planner;
pub(super) mod post_process;
pub(super) mod settled;
pub(super) mod stale;

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use storehouse_storage::Name;

#[cfg(test)]
mod tests;

use crate::staticfiles::model::write::{Action, Kind, Write, WriteContent};
use crate::staticfiles::{
    destination::listing::Destination,
    model::{found::Found, known::Known, object::Object, source_file::SourceFile},
    run_cache::origins::{self, Origins},
};

/// What a run of `collectstatic` is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be there in the end; the collected files in the order they were found.
    pub writes: Vec<Arc<Write>>,
    /// Files that lost their name to one found before.
    pub conflicts: Vec<Found>,
    /// Files that are there where a write needs a folder: what `--clear` removes before anything is
    /// written, sorted. Empty without it.
    pub in_the_way: Vec<Name>,
    /// Releases that are not kept any more. They go before the files that they name.
    pub stale_releases: Vec<Name>,
    /// What is deleted when all else is done, sorted.
    pub deletions: Vec<Name>,
    /// Files on a disk that no storage could name and that are deleted too, by their path below the
    /// root, sorted.
    pub unnameable_deletions: Vec<PathBuf>,
    /// What `--clear` clears away, as it is shown: what is deleted, and what is replaced.
    pub cleared: Vec<String>,
}

/// How a plan is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Whether everything that is there goes.
    pub clear: bool,
    /// Whether the plan is only shown. As in Django, a dry run with `clear` says what would be
    /// deleted, and copies as if nothing were.
    pub dry_run: bool,
    /// Whether links to the collected files are made instead of copies.
    pub link: bool,
    /// Whether what is kept beside each content is replaced, even if nothing tells that it is wrong.
    pub repair: bool,
    /// Whether it is enough to know how many files there are, if nothing is to be done.
    pub summary: bool,
    /// Whether every content is digested, and hashed names are made in a dry run too: for a plan that
    /// somebody looks at.
    pub complete: bool,
}

impl PlanOptions {
    /// Whether nothing that is there counts.
    pub(super) fn replaces_all(self) -> bool {
        self.clear && !self.dry_run
    }

    /// Whether a run does what any run does, and nothing else.
    pub(super) fn is_plain(self) -> bool {
        !(self.clear || self.dry_run || self.link || self.repair || self.complete)
    }
}

/// Splits what was found into the first file for each name and those that came too late.
#[must_use]
pub(super) fn first_of_each_name(found: Vec<Found>) -> (Vec<Found>, Vec<Found>) {
    let mut names = HashSet::with_capacity(found.len());
    found
        .into_iter()
        .partition(|found| names.insert(found.name.clone()))
}

/// Makes the writes of the collected files. On a disk times decide what is skipped, as in Django; what they
/// do not tell, and what is in a bucket, is compared later.
pub(super) fn collected(
    wanted: &[Found],
    known: &[Known],
    destination: &Destination,
    options: PlanOptions,
    origins: &Origins,
) -> Vec<Write> {
    let writes = wanted.iter().zip(known).map(|(found, known)| {
        let object = destination.objects.get(&found.name);
        let is_unmodified = destination.is_local
            && !options.replaces_all()
            && object.is_some_and(|object| is_unmodified(found, object, options.link, origins));
        let file = Arc::clone(&found.source);
        let content = match options.link {
            true => WriteContent::Link(file),
            false => WriteContent::Source {
                file,
                held: known.content.clone(),
            },
        };
        let (name, original) = (found.name.clone(), found.name.clone());
        Write {
            md5: known.md5,
            there: object.cloned(),
            action: match is_unmodified {
                true => Action::Skip,
                false => Action::Copy,
            },
            ..Write::new(name, Kind::Collected, original, content)
        }
    });
    writes.collect()
}

/// Makes the writes of files that are all as they should be.
pub(super) fn settled(wanted: &[Found], destination: &Destination) -> Vec<Write> {
    let writes = wanted.iter().map(|found| {
        let (name, original) = (found.name.clone(), found.name.clone());
        let content = WriteContent::AsItIs {
            size: found.source.size,
        };
        Write {
            there: destination.objects.get(&found.name).cloned(),
            action: Action::Skip,
            ..Write::new(name, Kind::Collected, original, content)
        }
    });
    writes.collect()
}

impl Plan {
    /// Returns whether nothing is written or deleted.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.writes().all(|write| write.action == Action::Skip) && self.deleted() == 0
    }

    /// Puts writes together to a plan. Where two have one name the later stands: hashed files
    /// replace a collected one, and the manifest any. `kept` says what `--clear` leaves alone.
    #[must_use]
    pub fn new(
        mut writes: Vec<Write>,
        conflicts: Vec<Found>,
        destination: &Destination,
        options: PlanOptions,
        kept: &dyn Fn(&Name) -> bool,
    ) -> Self {
        // In a storage of its own the manifest takes no file's name.
        let is_apart =
            |write: &Write| destination.with_manifest.is_some() && write.kind.goes_with_manifest();
        supersede(&mut writes, &is_apart);
        let mut plan = Self {
            writes: writes.into_iter().map(Arc::new).collect(),
            conflicts,
            ..Self::default()
        };
        plan.delete_omitted(destination);
        if options.clear {
            plan.clear(destination, kept, &is_apart);
        }
        plan
    }

    /// Adds what is deleted because it is old: releases, and files that nothing needs any more.
    #[must_use]
    pub fn with_pruned(mut self, releases: Vec<Name>, files: Vec<Name>) -> Self {
        let known: HashSet<&Name> = self.deletions.iter().chain(&self.in_the_way).collect();
        let new = files.into_iter().filter(|name| !known.contains(name));
        let new: Vec<Name> = new.collect();
        self.deletions.extend(new);
        self.deletions.sort_unstable();
        self.stale_releases = releases;
        self
    }

    /// Deletes what is there of files that are not kept under their own names.
    fn delete_omitted(&mut self, destination: &Destination) {
        let writes = self.writes.iter();
        if !writes.clone().any(|write| write.is_omitted()) {
            return;
        }
        let kept = writes.clone().filter(|write| !write.is_omitted());
        let kept: HashSet<&Name> = kept.map(|write| &write.name).collect();
        let omitted = writes.filter(|write| write.is_omitted());
        let names = omitted.map(|write| &write.name);
        self.deletions = names
            .filter(|name| destination.objects.contains_key(*name) && !kept.contains(name))
            .cloned()
            .collect();
        self.deletions.sort_unstable();
    }

    fn clear(
        &mut self,
        destination: &Destination,
        kept: &dyn Fn(&Name) -> bool,
        is_apart: &dyn Fn(&Write) -> bool,
    ) {
        let kept_writes = self.writes();
        let kept_writes = kept_writes.filter(|write| !write.is_omitted() && !is_apart(write));
        let mut written: HashSet<&Name> = kept_writes.map(|write| &write.name).collect();
        if destination.is_local {
            // One that has a folder's name is not written, and leaves it to the folder.
            let folders = clash::in_the_way(written.iter().copied(), written.iter().copied());
            written.retain(|name| !folders.contains(*name));
        }
        let names = destination.objects.keys().filter(|name| !kept(name));
        let gone = names.clone().filter(|name| !written.contains(name));
        let blocking = match destination.is_local {
            true => clash::in_the_way(gone.clone(), written.iter().copied()),
            false => HashSet::new(),
        };
        let (in_the_way, deletions): (Vec<_>, Vec<_>) =
            gone.cloned().partition(|name| blocking.contains(name));
        let unnameable = destination.unnameable.iter();
        let shown = unnameable.clone().map(|path| path.display().to_string());
        let mut cleared: Vec<String> = names.map(|name| name.as_str().to_owned()).collect();
        cleared.extend(shown);
        let disk_names: HashSet<&str> = self
            .writes
            .iter()
            .filter_map(|write| write.disk_name.as_deref())
            .collect();
        self.unnameable_deletions = unnameable
            .filter(|path| path.to_str().is_none_or(|path| !disk_names.contains(path)))
            .cloned()
            .collect();
        (self.in_the_way, self.deletions, self.cleared) = (in_the_way, deletions, cleared);
        self.in_the_way.sort_unstable();
        self.deletions.sort_unstable();
        self.unnameable_deletions.sort_unstable();
        self.cleared.sort_unstable();
    }

    fn writes(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter().map(|write| &**write)
    }

    /// Returns the collected files that this run writes.
    pub fn copies(&self) -> impl Iterator<Item = &Write> {
        self.writes().filter(|write| write.is_copied())
    }

    /// Returns the collected files whose content stays as it is.
    pub fn unmodified(&self) -> impl Iterator<Item = &Write> {
        self.writes()
            .filter(|write| write.kind == Kind::Collected && !write.is_copied())
    }

    /// Returns how many objects are deleted for good.
    #[must_use]
    pub fn deleted(&self) -> usize {
        let named = self.in_the_way.len() + self.deletions.len() + self.stale_releases.len();
        named + self.unnameable_deletions.len()
    }
}

/// Marks every write whose name a later one takes. What is skipped takes no name.
fn supersede(writes: &mut [Write], is_apart: &dyn Fn(&Write) -> bool) {
    let mut last: HashMap<Name, usize> = HashMap::with_capacity(writes.len());
    for (index, write) in writes.iter().enumerate() {
        if write.action == Action::Copy && write.disk_name.is_none() && !is_apart(write) {
            last.insert(write.name.clone(), index);
        }
    }
    for (index, write) in writes.iter_mut().enumerate() {
        if write.action == Action::Copy
            && !is_apart(write)
            && last.get(&write.name).is_some_and(|&last| last > index)
        {
            write.action = Action::Superseded;
        }
    }
}

/// What the times of a source and of what is in the destination tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByTimes {
    /// The source is newer.
    Modified,
    /// The destination is at least as new: Django's rule. Sizes are not looked at.
    Unmodified,
    /// So it is, but something of the source has changed since: what `cp -p`, `tar` and `touch -d` write has
    /// an old time. Django takes it for unmodified.
    Untold,
}

/// Compares the times of a source with those of a file on a disk.
///
/// Django leaves fractions of a second out, and so never copies a source that changed in the second of its
/// last copy. Here they count in that second: a copy too many does no harm.
pub(super) fn by_times(source: &SourceFile, object: &Object) -> ByTimes {
    let (Some(there), Some(here)) = (object.modified, source.modified) else {
        return ByTimes::Modified;
    };
    let is_as_new = match whole_seconds(there).cmp(&whole_seconds(here)) {
        Ordering::Less => false,
        Ordering::Equal => there >= here,
        Ordering::Greater => true,
    };
    match source.changed {
        _ if !is_as_new => ByTimes::Modified,
        Some(changed) if changed >= there => ByTimes::Untold,
        _ => ByTimes::Unmodified,
    }
}

/// As [`by_times`], with what is known of the last source of the name.
pub(super) fn by_times_and_memory(found: &Found, object: &Object, origins: &Origins) -> ByTimes {
    let by_times = by_times(&found.source, object);
    match origins.known(found.name.as_str(), &found.source) {
        _ if by_times == ByTimes::Modified => by_times,
        origins::Known::Another => ByTimes::Untold,
        origins::Known::Same => ByTimes::Unmodified,
        origins::Known::Nothing => by_times,
    }
}

/// Whether a collected file stays as it is: a link if links are made, else a file whose times tell so.
fn is_unmodified(found: &Found, object: &Object, link: bool, origins: &Origins) -> bool {
    let by_times = match link {
        true => by_times(&found.source, object),
        false => by_times_and_memory(found, object, origins),
    };
    object.is_link == link
        && (by_times == ByTimes::Unmodified || link && by_times == ByTimes::Untold)
}

/// Seconds since 1970, rounded down, also for times before it.
fn whole_seconds(time: SystemTime) -> i64 {
    let seconds = |secs: u64| i64::try_from(secs).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => seconds(after.as_secs()),
        Err(error) => {
            let before = error.duration();
            -seconds(before.as_secs()) - i64::from(before.subsec_nanos() > 0)
        }
    }
}
