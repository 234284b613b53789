//! The plan: what to write, what to skip and what to delete, as plain data. Made from the finders'
//! listing, what is known of the sources and one listing of the destination; it touches none of
//! them.
//!
//! ```text
//! find -> wanted + conflicts
//!         wanted -> (read) -> known -> (process) -> hashed files
//!         all of it + destination -> writes -> (compare) -> Plan -> execute -> Report
//! ```

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use storehouse_storage::{Name, SaveOptions};

use super::{
    clash,
    destination::{Destination, Object},
    digest::Md5Sum,
    finders::Found,
    read::Known,
    walk::SourceFile,
};
use crate::storages::Coding;

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

/// One file of the destination and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its name in the destination.
    pub name: Name,
    /// Its name on a disk where that is another, which no storage can have.
    pub disk_name: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The collected file that it is made of; its own name if it is made of several.
    pub original: Name,
    /// What is written.
    pub content: WriteContent,
    /// The MD5 of the content, where it is known.
    pub md5: Option<Md5Sum>,
    /// How the content is coded.
    pub coding: Option<Coding>,
    /// What is kept beside the content.
    pub options: SaveOptions,
    /// What has the name now.
    pub there: Option<Object>,
    /// What is done.
    pub action: Action,
}

/// What a file of the destination is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file as it was found.
    Collected,
    /// A file under its hashed name; a text is one whose references are followed.
    Hashed {
        /// Whether it is CSS or JavaScript.
        is_text: bool,
    },
    /// What one of Django's passes made of a text, kept because the options say so.
    Intermediate,
    /// A compressed copy of another file of this plan.
    Compressed {
        /// Whether it is one of a file under its hashed name.
        is_hashed: bool,
    },
    /// The digests that browsers check.
    Integrity,
    /// What it takes to put the manifest in force again.
    Release,
    /// The manifest.
    Manifest,
}

impl Kind {
    /// Whether it goes where the manifest is, if that is not where the files are.
    pub(super) fn goes_with_manifest(self) -> bool {
        matches!(self, Self::Integrity | Self::Manifest)
    }
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteContent {
    /// What is in a source.
    Source {
        /// The source.
        file: SourceFile,
        /// Its content, where it was kept when it was read.
        held: Option<Bytes>,
    },
    /// A link to a source.
    Link(SourceFile),
    /// These bytes.
    Bytes(Bytes),
    /// What is there already and was not made again.
    AsItIs {
        /// How many bytes that are.
        size: u64,
    },
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Written, whether something is there or not.
    Copy,
    /// Left as it is.
    Skip,
    /// The content is left as it is; what is kept beside it is replaced.
    Repair,
    /// Not written: another write of this plan puts something else under this name.
    Superseded,
    /// Not kept: only files with hashed names are.
    Omitted {
        /// Whether the file under the hashed name is not there yet.
        is_new: bool,
    },
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

impl WriteContent {
    /// Returns how many bytes the content has; a link, those of what it leads to.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Source { file, .. } | Self::Link(file) => file.size,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::AsItIs { size } => *size,
        }
    }
}

impl Write {
    /// Writes a content, whatever is there.
    #[must_use]
    pub fn new(name: Name, kind: Kind, original: Name, content: WriteContent) -> Self {
        Self {
            name,
            disk_name: None,
            kind,
            original,
            content,
            md5: None,
            coding: None,
            options: SaveOptions::default(),
            there: None,
            action: Action::Copy,
        }
    }

    /// Returns how many bytes are written.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.content {
            WriteContent::Link(_) => 0,
            content => content.size(),
        }
    }

    /// Returns the source that is written or linked to.
    #[must_use]
    pub fn source(&self) -> Option<&SourceFile> {
        match &self.content {
            WriteContent::Source { file, .. } | WriteContent::Link(file) => Some(file),
            WriteContent::Bytes(_) | WriteContent::AsItIs { .. } => None,
        }
    }

    /// Returns whether Django counts the file as post-processed: CSS and JavaScript always, others
    /// if they are written.
    #[must_use]
    pub fn is_post_processed(&self) -> bool {
        match self.kind {
            Kind::Hashed { is_text } => is_text || self.action == Action::Copy,
            // What WhiteNoise adds to them.
            Kind::Compressed { .. } => self.action == Action::Copy,
            _ => false,
        }
    }

    /// Returns whether the file is collected by this run: written, replaced by another write, or new
    /// and kept under its hashed name alone.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        let is_kept = matches!(
            self.action,
            Action::Skip | Action::Repair | Action::Omitted { is_new: false }
        );
        self.kind == Kind::Collected && !is_kept
    }

    /// Returns whether nothing is kept under the name, because only files with hashed names are.
    #[must_use]
    pub fn is_omitted(&self) -> bool {
        matches!(self.action, Action::Omitted { .. })
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

/// Makes the writes of the collected files. On a disk times decide what is skipped, as in Django;
/// what is in a bucket is compared later.
pub(super) fn collected(
    wanted: &[Found],
    known: &[Known],
    destination: &Destination,
    options: PlanOptions,
) -> Vec<Write> {
    let writes = wanted.iter().zip(known).map(|(found, known)| {
        let object = destination.objects.get(&found.name);
        let is_unmodified = destination.is_local
            && !options.replaces_all()
            && object.is_some_and(|object| is_unmodified(found, object, options.link));
        let file = found.source.clone();
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

/// Django's rule: the destination is at least as new, fractions of a second left out, and it is a
/// link if links are made. Sizes are not looked at.
fn is_unmodified(found: &Found, object: &Object, link: bool) -> bool {
    match (object.modified, found.source.modified) {
        (Some(there), Some(here)) => {
            whole_seconds(there) >= whole_seconds(here) && object.is_link == link
        }
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn found(name: &str, size: u64, millis: u64) -> Found {
        Found {
            name: Name::new(name).unwrap(),
            source: SourceFile {
                path: format!("/src/{name}").into(),
                relative: name.to_owned(),
                size,
                modified: Some(UNIX_EPOCH + Duration::from_millis(millis)),
                changed: None,
                inode: 0,
            },
        }
    }

    fn destination(is_local: bool, objects: &[(&str, u64, u64)]) -> Destination {
        let objects = objects.iter().map(|(name, size, millis)| {
            let object = Object {
                size: *size,
                modified: Some(UNIX_EPOCH + Duration::from_millis(*millis)),
                ..Object::default()
            };
            (Name::new(name).unwrap(), object)
        });
        Destination {
            objects: HashMap::from_iter(objects),
            is_local,
            ..Destination::default()
        }
    }

    fn plan(wanted: &[Found], there: &Destination, options: PlanOptions) -> Plan {
        let known = vec![Known::default(); wanted.len()];
        let writes = collected(wanted, &known, there, options);
        Plan::new(writes, vec![], there, options, &|_| false)
    }

    fn actions(plan: &Plan) -> Vec<(&str, Action)> {
        let writes = plan.writes.iter();
        writes
            .map(|write| (write.name.as_str(), write.action))
            .collect()
    }

    const CLEAR: PlanOptions = PlanOptions {
        clear: true,
        dry_run: false,
        link: false,
        repair: false,
        complete: false,
        summary: false,
    };

    #[test]
    fn on_disk_whole_seconds_decide_and_sizes_do_not() {
        let there = destination(
            true,
            &[
                ("same", 1, 1_000_100),
                ("older", 1, 1_000_900),
                ("newer", 9, 2_000_000),
            ],
        );
        let wanted = [
            found("same", 1, 1_000_900),
            found("older", 1, 1_001_000),
            found("newer", 1, 1_000_000),
            found("missing", 1, 1_000_000),
        ];

        let plan = plan(&wanted, &there, PlanOptions::default());

        assert_eq!(
            actions(&plan),
            [
                ("same", Action::Skip),
                ("older", Action::Copy),
                ("newer", Action::Skip),
                ("missing", Action::Copy)
            ]
        );
    }

    #[test]
    fn a_copy_where_a_link_is_wanted_is_replaced_and_the_other_way_round() {
        for (link, is_link, action) in [
            (false, false, Action::Skip),
            (false, true, Action::Copy),
            (true, false, Action::Copy),
            (true, true, Action::Skip),
        ] {
            let mut there = destination(true, &[("a", 1, 9_000)]);
            there
                .objects
                .values_mut()
                .for_each(|object| object.is_link = is_link);
            let options = PlanOptions {
                link,
                ..PlanOptions::default()
            };

            let plan = plan(&[found("a", 1, 9_000)], &there, options);

            assert_eq!(actions(&plan), [("a", action)], "{link} {is_link}");
        }
    }

    #[test]
    fn of_two_writes_of_one_name_the_later_stands() {
        let there = destination(false, &[]);
        let wanted = [found("a", 1, 0), found("b", 1, 0)];
        let known = vec![Known::default(); 2];
        let mut writes = collected(&wanted, &known, &there, PlanOptions::default());
        writes.push(Write {
            kind: Kind::Hashed { is_text: true },
            ..writes[0].clone()
        });

        let plan = Plan::new(writes, vec![], &there, PlanOptions::default(), &|_| false);

        assert_eq!(
            actions(&plan),
            [
                ("a", Action::Superseded),
                ("b", Action::Copy),
                ("a", Action::Copy)
            ]
        );
        assert_eq!(plan.copies().count(), 2);
    }

    #[test]
    fn seconds_are_rounded_down_also_before_1970() {
        for (millis, expected) in [(0, 0), (1, -1), (1000, -1), (1500, -2)] {
            let time = UNIX_EPOCH - Duration::from_millis(millis);

            assert_eq!(whole_seconds(time), expected, "-{millis} ms");
        }
        assert_eq!(whole_seconds(UNIX_EPOCH + Duration::from_millis(1999)), 1);
    }

    #[test]
    fn clear_copies_everything_and_deletes_only_what_is_not_replaced() {
        let there = destination(true, &[("old", 1, 9_000), ("kept", 1, 9_000)]);

        let plan = plan(&[found("kept", 1, 1_000)], &there, CLEAR);

        assert_eq!(actions(&plan), [("kept", Action::Copy)]);
        assert_eq!(plan.deletions, [Name::new("old").unwrap()]);
        assert_eq!(plan.cleared, ["kept", "old"]);
    }

    #[test]
    fn clear_removes_a_file_first_only_where_a_disk_needs_a_folder() {
        for (is_local, in_the_way, deletions) in [
            (true, vec!["x"], vec!["old"]),
            (false, vec![], vec!["old", "x"]),
        ] {
            let there = destination(is_local, &[("old", 1, 0), ("x", 1, 0)]);

            let plan = plan(&[found("x/y", 1, 0)], &there, CLEAR);

            let names = |names: &[Name]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(names(&plan.in_the_way), in_the_way);
            assert_eq!(names(&plan.deletions), deletions);
            assert_eq!(plan.cleared.len(), 2);
        }
    }

    #[test]
    fn clear_removes_what_only_a_disk_can_name() {
        let there = Destination {
            unnameable: HashSet::from(["a\\b".into()]),
            ..destination(true, &[])
        };

        let plan = plan(&[], &there, CLEAR);

        assert_eq!(plan.unnameable_deletions, [PathBuf::from("a\\b")]);
        assert_eq!(plan.cleared, ["a\\b"]);
    }

    #[test]
    fn the_first_file_of_a_name_wins_whatever_its_time() {
        let (wanted, conflicts) =
            first_of_each_name(vec![found("a", 1, 0), found("b", 1, 0), found("a", 2, 9)]);

        assert_eq!(wanted, [found("a", 1, 0), found("b", 1, 0)]);
        assert_eq!(conflicts, [found("a", 2, 9)]);
    }
}
