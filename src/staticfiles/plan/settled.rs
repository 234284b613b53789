//! The run that has nothing to do: if the last run left everything as it should be, and neither a
//! source nor the destination nor an option has changed since, no file has to be read to know it.
//!
//! What is compared is a digest of all names, sizes, times and tags, and of all that decides what is
//! made of them. As in [`recall`](crate::staticfiles::run_cache::recall), nothing is kept of a run whose sources changed
//! within two seconds before, and the file is safe to delete.

use std::{
    collections::HashMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::PathBuf,
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use storehouse_storage::Name;

use super::Plan;
use crate::staticfiles::{
    destination::listing::Destination,
    model::{found::Found, object::Object, write::Action},
    run_cache::recall,
    support::cache,
};

/// That all is done, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::staticfiles) struct Settled {
    /// After the run.
    state: State,
    /// How many files Django would process again.
    pub(in crate::staticfiles) post_processed: usize,
}

impl Settled {
    pub(in crate::staticfiles) fn new(state: State, post_processed: usize) -> Self {
        Self {
            state,
            post_processed,
        }
    }

    /// Reads what the last run to `destination` left. `None` where that cannot be told.
    pub(in crate::staticfiles) fn load(destination: &str) -> Option<Self> {
        let json = fs::read(place(destination)?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Returns whether the state is still this one.
    pub(in crate::staticfiles) fn is(&self, state: State) -> bool {
        self.state == state
    }

    /// Writes it down.
    ///
    /// # Errors
    /// What writing gives.
    pub(in crate::staticfiles) fn save(&self, destination: &str) -> io::Result<()> {
        match place(destination) {
            Some(place) => cache::write_whole(&place, &serde_json::to_vec(self)?),
            None => Ok(()),
        }
    }
}

/// Forgets what was written down of `destination`.
pub(in crate::staticfiles) fn forget(destination: &str) {
    if let Some(place) = place(destination) {
        // It may not be there.
        let _ = fs::remove_file(place);
    }
}

fn place(destination: &str) -> Option<PathBuf> {
    recall::place(destination).map(|place| place.with_extension("settled"))
}

/// All that decides what a run does, in numbers. Only the program that made them compares them: an
/// option that is digested is which program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::staticfiles) struct State {
    sources: u64,
    destination: u64,
}

impl State {
    /// `key` says what the options are.
    pub(in crate::staticfiles) fn new(
        key: &str,
        wanted: &[Found],
        destination: &Destination,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        for found in wanted {
            let source = &found.source;
            (found.name.as_str(), &source.path, source.size).hash(&mut hasher);
            (source.modified, source.changed, source.inode).hash(&mut hasher);
        }
        format!("{:?}", destination.with_manifest).hash(&mut hasher);
        // In no order: a sum is the same however they come.
        let objects = destination.objects.iter();
        let objects = objects.map(|(name, object)| digest(name, object));
        let unnameable = destination.unnameable.iter().map(digest_of);
        Self {
            sources: hasher.finish(),
            destination: objects.chain(unnameable).fold(0, u64::wrapping_add),
        }
    }

    /// What it is after this run, by the tags that the storage `told` of what was written; `None`
    /// where they do not tell all.
    ///
    /// Nothing is looked at once more: what another run may have put there meanwhile would count as
    /// this one's.
    pub(in crate::staticfiles) fn after(
        self,
        plan: &Plan,
        told: &HashMap<Name, String>,
    ) -> Option<Self> {
        if plan.deleted() > 0 {
            return None;
        }
        let mut destination = self.destination;
        for write in plan
            .writes
            .iter()
            .filter(|write| write.action == Action::Copy)
        {
            if write.disk_name.is_some() {
                return None;
            }
            if let Some(there) = &write.there {
                destination = destination.wrapping_sub(digest(&write.name, there));
            }
            let tag = told.get(&write.name)?;
            destination = destination.wrapping_add(digest_of((write.name.as_str(), tag)));
        }
        Some(Self {
            destination,
            ..self
        })
    }
}

fn digest(name: &Name, object: &Object) -> u64 {
    match object.tag() {
        Some(tag) if !object.is_link => digest_of((name.as_str(), tag)),
        _ => {
            let kept = (object.size, object.modified, &object.etag, object.is_link);
            digest_of((name.as_str(), kept))
        }
    }
}

fn digest_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Whether the times of all sources can be trusted.
pub(in crate::staticfiles) fn are_old(wanted: &[Found], now: SystemTime) -> bool {
    wanted.iter().all(|found| found.source.is_settled(now))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use storehouse_storage::Name;

    use super::*;
    use crate::staticfiles::model::{object::Object, source_file::SourceFile};

    fn found(size: u64, modified: u64) -> Found {
        Found {
            name: Name::new("a").unwrap(),
            source: SourceFile {
                path: "/src/a".into(),
                relative: "a".to_owned(),
                size,
                modified: Some(UNIX_EPOCH + Duration::from_secs(modified)),
                changed: None,
                inode: 1,
                is_linked: false,
            }
            .into(),
        }
    }

    fn holding(names: &[&str], size: u64) -> Destination {
        let mut destination = Destination::default();
        for name in names {
            let object = Object {
                size,
                ..Object::default()
            };
            destination.objects.insert(Name::new(name).unwrap(), object);
        }
        destination
    }

    #[test]
    fn a_state_changes_with_all_that_it_is_made_of() {
        let one = State::new("key", &[found(1, 9)], &holding(&["x", "y"], 1));

        assert_eq!(
            one,
            State::new("key", &[found(1, 9)], &holding(&["y", "x"], 1))
        );
        for (case, other) in [
            (
                "options",
                State::new("other", &[found(1, 9)], &holding(&["x", "y"], 1)),
            ),
            (
                "size",
                State::new("key", &[found(2, 9)], &holding(&["x", "y"], 1)),
            ),
            (
                "time",
                State::new("key", &[found(1, 8)], &holding(&["x", "y"], 1)),
            ),
            (
                "no source",
                State::new("key", &[], &holding(&["x", "y"], 1)),
            ),
            (
                "destination",
                State::new("key", &[found(1, 9)], &holding(&["x", "y"], 2)),
            ),
            (
                "one less",
                State::new("key", &[found(1, 9)], &holding(&["x"], 1)),
            ),
        ] {
            assert_ne!(one, other, "{case}");
        }
    }

    #[test]
    fn sources_of_just_now_are_not_trusted() {
        let now = UNIX_EPOCH + Duration::from_secs(100);

        assert!(are_old(&[found(1, 90)], now));
        assert!(!are_old(&[found(1, 90), found(1, 99)], now));
    }
}
