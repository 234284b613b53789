//! The run that has nothing to do: if the last run left everything as it should be, and neither a
//! source nor the destination nor an option has changed since, no file has to be read to know it.
//!
//! What is compared is a digest of all names, sizes, times and tags, and of all that decides what is
//! made of them. As in [`recall`](super::recall), nothing is kept of a run whose sources changed
//! within two seconds before, and the file is safe to delete.

use std::{fs, io, path::PathBuf, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    destination::Destination,
    digest::Md5Sum,
    finders::Found,
    recall::{self, is_settled, nanoseconds},
};

/// That all is done, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settled {
    /// [`state`] after the run.
    state: String,
    /// How many files Django would process again.
    pub(super) post_processed: usize,
}

impl Settled {
    pub(super) fn new(state: Md5Sum, post_processed: usize) -> Self {
        Self {
            state: state.to_string(),
            post_processed,
        }
    }

    /// Reads what the last run to `destination` left. `None` where that cannot be told.
    pub(super) fn load(destination: &str) -> Option<Self> {
        let json = fs::read(place(destination)?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Returns whether the state is still this one.
    pub(super) fn is(&self, state: Md5Sum) -> bool {
        self.state == state.to_string()
    }

    /// Writes it down.
    ///
    /// # Errors
    /// What writing gives.
    pub(super) fn save(&self, destination: &str) -> io::Result<()> {
        match place(destination) {
            Some(place) => recall::write_whole(&place, &serde_json::to_vec(self)?),
            None => Ok(()),
        }
    }
}

/// Forgets what was written down of `destination`.
pub(super) fn forget(destination: &str) {
    if let Some(place) = place(destination) {
        // It may not be there.
        let _ = fs::remove_file(place);
    }
}

fn place(destination: &str) -> Option<PathBuf> {
    recall::place(destination).map(|place| place.with_extension("settled"))
}

/// Returns a digest of all that decides what a run does: `key` says what its options are.
pub(super) fn state(key: &str, wanted: &[Found], destination: &Destination) -> Md5Sum {
    let mut text = String::with_capacity(wanted.len() * 128);
    text.push_str(key);
    for found in wanted {
        let source = &found.source;
        let modified = source.modified.and_then(nanoseconds);
        let line = format!(
            "\n{}\0{}\0{} {modified:?} {}",
            found.name,
            source.path.display(),
            source.size,
            source.inode
        );
        text.push_str(&line);
    }
    // In no order: a sum of digests is the same however they come.
    let mut sum = destination.objects.len() as u128;
    for (name, object) in &destination.objects {
        let modified = object.modified.and_then(nanoseconds);
        let line = format!(
            "{name}\0{} {modified:?} {:?} {}",
            object.size, object.etag, object.is_link
        );
        sum = sum.wrapping_add(Md5Sum::of(line.as_bytes()).to_number());
    }
    if let Some(found) = &destination.with_manifest {
        text.push_str(&format!("\n{found:?}"));
    }
    for path in &destination.unnameable {
        let line = path.display().to_string();
        sum = sum.wrapping_add(Md5Sum::of(line.as_bytes()).to_number());
    }
    text.push_str(&format!("\n{sum:x}"));
    Md5Sum::of(text.as_bytes())
}

/// Whether the times of all sources can be trusted.
pub(super) fn are_old(wanted: &[Found], now: SystemTime) -> bool {
    wanted.iter().all(|found| {
        let modified = found.source.modified;
        modified.is_some_and(|modified| is_settled(modified, now))
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use storehouse_storage::Name;

    use super::*;
    use crate::staticfiles::{Object, SourceFile};

    fn found(size: u64, modified: u64) -> Found {
        Found {
            name: Name::new("a").unwrap(),
            source: SourceFile {
                path: "/src/a".into(),
                relative: "a".to_owned(),
                size,
                modified: Some(UNIX_EPOCH + Duration::from_secs(modified)),
                inode: 1,
            },
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
        let one = state("key", &[found(1, 9)], &holding(&["x", "y"], 1));

        assert_eq!(one, state("key", &[found(1, 9)], &holding(&["y", "x"], 1)));
        for (case, other) in [
            (
                "options",
                state("other", &[found(1, 9)], &holding(&["x", "y"], 1)),
            ),
            (
                "size",
                state("key", &[found(2, 9)], &holding(&["x", "y"], 1)),
            ),
            (
                "time",
                state("key", &[found(1, 8)], &holding(&["x", "y"], 1)),
            ),
            ("no source", state("key", &[], &holding(&["x", "y"], 1))),
            (
                "destination",
                state("key", &[found(1, 9)], &holding(&["x", "y"], 2)),
            ),
            (
                "one less",
                state("key", &[found(1, 9)], &holding(&["x"], 1)),
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
