//! The plan: what to copy, what to skip and what to delete, as plain data. Made from the finders'
//! listing and one listing of the destination; it touches neither.
//!
//! ```text
//! find -> wanted + conflicts
//!         wanted + destination -> to_compare -> (digest) -> unchanged
//!         wanted + destination + unchanged -> Plan -> execute -> Report
//! ```

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use storehouse_storage::Name;

use super::{
    clash,
    destination::{Destination, Object},
    finders::Found,
    walk::SourceFile,
};

/// What a run of `collectstatic` is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// One for each name, in the order they were found.
    pub steps: Vec<Step>,
    /// Files that lost their name to one found before.
    pub conflicts: Vec<Found>,
    /// Files that are there where a step needs a folder: what `--clear` removes before anything is
    /// written, sorted. Empty without it.
    pub in_the_way: Vec<Name>,
    /// What else is there and no step names: what `--clear` removes, sorted. Empty without it.
    pub deletions: Vec<Name>,
    /// Objects that `--clear` clears away: those that are deleted, and those that are replaced.
    pub cleared: Vec<Name>,
    /// Hashed files and the manifest, where the storage asks for them.
    pub post_processing: PostProcessing,
}

/// What is written beside the collected files themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostProcessing {
    /// Files under their hashed names.
    pub hashed: Vec<HashedStep>,
    /// The manifest, written when all else is there.
    pub manifest: Option<SavedManifest>,
}

/// One file under its hashed name and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedStep {
    /// The file that it is made of.
    pub original: Name,
    /// Its name in the destination.
    pub name: Name,
    /// What is written.
    pub content: HashedContent,
    /// What is done.
    pub action: Action,
}

/// The content of a hashed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashedContent {
    /// That of the source.
    Source(SourceFile),
    /// That of a source whose references are looked after.
    Rewritten(Bytes),
    /// What an earlier pass made of it, kept because the options say so.
    Intermediate(Bytes),
}

/// The manifest and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedManifest {
    /// Its name in the destination.
    pub name: Name,
    /// Its text.
    pub content: Bytes,
    /// What is done.
    pub action: Action,
}

impl HashedStep {
    /// Returns whether Django counts the file as post-processed: CSS and JavaScript always, others
    /// if they are written.
    #[must_use]
    pub fn is_post_processed(&self) -> bool {
        match self.content {
            HashedContent::Source(_) => self.action == Action::Copy,
            HashedContent::Rewritten(_) => true,
            HashedContent::Intermediate(_) => false,
        }
    }
}

impl PostProcessing {
    /// Returns the names of all that is there in the end.
    fn names(&self) -> impl Iterator<Item = &Name> {
        let manifest = self.manifest.iter().map(|manifest| &manifest.name);
        self.hashed.iter().map(|step| &step.name).chain(manifest)
    }
}

/// One file and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file and its name in the destination.
    pub found: Found,
    /// What is done.
    pub action: Action,
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Written, whether something is there or not.
    Copy,
    /// Left as it is.
    Skip,
}

/// How a plan is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Whether everything that is there goes.
    pub clear: bool,
    /// Whether the plan is only shown. As in Django, a dry run with `clear` says what would be
    /// deleted, and copies as if nothing were.
    pub dry_run: bool,
}

/// Splits what was found into the first file for each name and those that came too late.
#[must_use]
pub(super) fn first_of_each_name(found: Vec<Found>) -> (Vec<Found>, Vec<Found>) {
    let mut names = HashSet::with_capacity(found.len());
    found
        .into_iter()
        .partition(|found| names.insert(found.name.clone()))
}

/// Returns the files whose content has to be compared with what is there: those of equal size in a
/// destination that is not on this disk.
pub(super) fn to_compare<'a>(
    wanted: &'a [Found],
    destination: &'a Destination,
) -> impl Iterator<Item = (&'a Found, &'a Object)> {
    wanted
        .iter()
        .filter(|_| !destination.is_local)
        .filter_map(|found| {
            let object = destination.objects.get(&found.name)?;
            (object.size == found.source.size).then_some((found, object))
        })
}

impl Plan {
    /// Decides for each file. `unchanged` are the names whose content a bucket has already.
    #[must_use]
    pub fn new(
        wanted: Vec<Found>,
        conflicts: Vec<Found>,
        destination: &Destination,
        unchanged: &HashSet<Name>,
        options: PlanOptions,
    ) -> Self {
        let copy_all = options.clear && !options.dry_run;
        let mut cleared: Vec<Name> = match options.clear {
            true => destination.objects.keys().cloned().collect(),
            false => Vec::new(),
        };
        cleared.sort_unstable();
        let names: HashSet<&Name> = wanted.iter().map(|found| &found.name).collect();
        let gone = cleared.iter().filter(|name| !names.contains(name));
        let blocking = match destination.is_local {
            true => clash::in_the_way(gone.clone(), &wanted),
            false => HashSet::new(),
        };
        let (in_the_way, deletions) = gone.cloned().partition(|name| blocking.contains(name));
        let steps = wanted
            .into_iter()
            .map(|found| {
                let skip = !copy_all && is_unmodified(&found, destination, unchanged);
                let action = if skip { Action::Skip } else { Action::Copy };
                Step { found, action }
            })
            .collect();
        Self {
            steps,
            conflicts,
            in_the_way,
            deletions,
            cleared,
            post_processing: PostProcessing::default(),
        }
    }

    /// Adds what post-processing writes; none of it is deleted.
    #[must_use]
    pub fn with_post_processing(mut self, post_processing: PostProcessing) -> Self {
        let written: HashSet<&Name> = post_processing.names().collect();
        self.deletions.retain(|name| !written.contains(name));
        self.post_processing = post_processing;
        self
    }

    /// Returns the steps that write.
    pub fn copies(&self) -> impl Iterator<Item = &Found> {
        let copies = self.steps.iter().filter(|step| step.action == Action::Copy);
        copies.map(|step| &step.found)
    }

    /// Returns how many bytes the steps write.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.copies().map(|found| found.source.size).sum()
    }
}

fn is_unmodified(found: &Found, destination: &Destination, unchanged: &HashSet<Name>) -> bool {
    if !destination.is_local {
        return unchanged.contains(&found.name);
    }
    let Some(object) = destination.objects.get(&found.name) else {
        return false;
    };
    // Django's rule: the destination is at least as new, fractions of a second left out. Sizes are
    // not looked at.
    match (object.modified, found.source.modified) {
        (Some(there), Some(here)) => whole_seconds(there) >= whole_seconds(here),
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
    use std::{collections::HashMap, time::Duration};

    use super::*;

    fn found(name: &str, size: u64, millis: u64) -> Found {
        Found {
            name: Name::new(name).unwrap(),
            source: SourceFile {
                path: format!("/src/{name}").into(),
                relative: name.to_owned(),
                size,
                modified: Some(UNIX_EPOCH + Duration::from_millis(millis)),
            },
        }
    }

    fn destination(is_local: bool, objects: &[(&str, u64, u64)]) -> Destination {
        let objects = objects.iter().map(|(name, size, millis)| {
            let object = Object {
                size: *size,
                modified: Some(UNIX_EPOCH + Duration::from_millis(*millis)),
                etag: None,
            };
            (Name::new(name).unwrap(), object)
        });
        Destination {
            objects: HashMap::from_iter(objects),
            is_local,
        }
    }

    fn actions(plan: &Plan) -> Vec<(&str, Action)> {
        let steps = plan.steps.iter();
        steps
            .map(|step| (step.found.name.as_str(), step.action))
            .collect()
    }

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
        let wanted = vec![
            found("same", 1, 1_000_900),
            found("older", 1, 1_001_000),
            found("newer", 1, 1_000_000),
            found("missing", 1, 1_000_000),
        ];

        let plan = Plan::new(
            wanted,
            vec![],
            &there,
            &HashSet::new(),
            PlanOptions::default(),
        );

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
    fn in_a_bucket_only_files_of_equal_size_are_compared() {
        let there = destination(false, &[("same", 1, 0), ("longer", 2, 0)]);
        let wanted = [
            found("same", 1, 0),
            found("longer", 1, 0),
            found("missing", 1, 0),
        ];

        let compared: Vec<&str> = to_compare(&wanted, &there)
            .map(|(found, _)| found.name.as_str())
            .collect();

        assert_eq!(compared, ["same"]);
    }

    #[test]
    fn on_disk_no_content_is_compared() {
        let there = destination(true, &[("same", 1, 0)]);

        assert_eq!(to_compare(&[found("same", 1, 0)], &there).count(), 0);
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
    fn in_a_bucket_content_decides_and_times_do_not() {
        let there = destination(
            false,
            &[("same", 1, 0), ("changed", 1, u64::from(u32::MAX))],
        );
        let wanted = vec![found("same", 1, 5_000), found("changed", 1, 5_000)];
        let unchanged = HashSet::from([Name::new("same").unwrap()]);

        let plan = Plan::new(wanted, vec![], &there, &unchanged, PlanOptions::default());

        assert_eq!(
            actions(&plan),
            [("same", Action::Skip), ("changed", Action::Copy)]
        );
    }

    #[test]
    fn clear_copies_everything_and_deletes_only_what_is_not_replaced() {
        let there = destination(true, &[("old", 1, 9_000), ("kept", 1, 9_000)]);
        let options = PlanOptions {
            clear: true,
            dry_run: false,
        };

        let plan = Plan::new(
            vec![found("kept", 1, 1_000)],
            vec![],
            &there,
            &HashSet::new(),
            options,
        );

        assert_eq!(actions(&plan), [("kept", Action::Copy)]);
        assert_eq!(plan.deletions, [Name::new("old").unwrap()]);
        assert_eq!(plan.cleared.len(), 2);
    }

    #[test]
    fn clear_removes_a_file_first_only_where_a_disk_needs_a_folder() {
        let options = PlanOptions {
            clear: true,
            dry_run: false,
        };
        for (is_local, in_the_way, deletions) in [
            (true, vec!["x"], vec!["old"]),
            (false, vec![], vec!["old", "x"]),
        ] {
            let there = destination(is_local, &[("old", 1, 0), ("x", 1, 0)]);
            let wanted = vec![found("x/y", 1, 0)];

            let plan = Plan::new(wanted, vec![], &there, &HashSet::new(), options);

            let names = |names: &[Name]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(names(&plan.in_the_way), in_the_way);
            assert_eq!(names(&plan.deletions), deletions);
            assert_eq!(plan.cleared.len(), 2);
        }
    }

    #[test]
    fn the_first_file_of_a_name_wins_whatever_its_time() {
        let (wanted, conflicts) =
            first_of_each_name(vec![found("a", 1, 0), found("b", 1, 0), found("a", 2, 9)]);

        assert_eq!(wanted, [found("a", 1, 0), found("b", 1, 0)]);
        assert_eq!(conflicts, [found("a", 2, 9)]);
    }
}
