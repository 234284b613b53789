//! What each write keeps beside its content, and which objects have to be given it anew because the
//! rules have changed since they were stored. It asks the bucket once, and writes nothing.
//!
//! The fingerprint of the rules is in the metadata of the manifest's object, which is written last:
//! so it tells of all objects that the manifest names. What else is there may be of any time: left by
//! a run that was killed, or by one of last year that had other rules. Where names are not hashed, or
//! the manifest is in a folder, the fingerprint is in the user's cache folder.
//!
//! A run by other rules says so there before it touches an object, and at its end by which: if it is
//! killed between the two, the next one repairs all that stays, whatever its rules are.

use std::collections::HashSet;

use storehouse_storage::{
    Attributes, Entry, Error, OpenOptions, Result, SaveOptions, Storage, Target,
};

use super::PlanOptions;
use crate::staticfiles::{
    destination::{listing::Destination, places::Places},
    manifest::Manifest,
    model::write::{Action, Kind, Write},
    rules::{FINGERPRINT_KEY, ObjectKind, ObjectRules},
    run_cache::recall::{self, Recall},
};

/// Returns what a write keeps beside its content, but for how that is coded by this run.
pub(in crate::staticfiles) fn of(write: &Write, rules: &ObjectRules) -> Attributes {
    let kind = match write.kind {
        Kind::Hashed { .. } | Kind::Intermediate | Kind::Compressed { is_hashed: true } => {
            ObjectKind::Hashed
        }
        Kind::Collected | Kind::Compressed { is_hashed: false } => ObjectKind::Plain,
        Kind::Integrity | Kind::Release | Kind::Manifest => ObjectKind::Manifest,
    };
    rules.attributes(&write.original, kind)
}

/// Whether what is kept beside a write is kept at all: a folder keeps nothing.
pub(in crate::staticfiles) fn are_kept(write: &Write, places: &Places) -> bool {
    places.of_kind(write.kind).capabilities().attributes
}

/// Gives every write its attributes, where they are kept.
pub(in crate::staticfiles) fn set(writes: &mut [Write], places: &Places, rules: &ObjectRules) {
    let fingerprint = rules.fingerprint();
    let writes = writes.iter_mut();
    for write in writes.filter(|write| are_kept(write, places)) {
        let mut attributes = of(write, rules);
        if let Some(coding) = write.coding {
            attributes.content_encoding = Some(coding.token().to_owned());
        }
        if write.kind == Kind::Manifest {
            let metadata = &mut attributes.metadata;
            metadata.insert(FINGERPRINT_KEY.to_owned(), fingerprint.clone());
        }
        write.options.attributes = attributes;
    }
}

/// In place of a fingerprint: objects are stored by more than one set of rules.
const MIXED: &str = "mixed";

/// Where it is noted, before a run, that objects will be stored by other rules than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::staticfiles) enum Unsettled {
    /// Beside the manifest in force.
    Manifest(Box<Entry>),
    /// In the user's cache folder.
    Memory,
}

/// By which rules the objects of the destination are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::staticfiles) struct InForce {
    /// Their fingerprint; `None` if nobody knows, and an empty one if it was something else than
    /// these rules.
    rules: Option<String>,
    /// What the manifest in force names, under both names: of other objects it tells nothing. `None`
    /// if it names the same as the one that is pushed.
    named: Option<HashSet<String>>,
    /// The object of the manifest in force, where that has the fingerprint.
    manifest: Option<Entry>,
}

impl InForce {
    /// Asks the destination, with one request if it has a manifest: for all of it, if that is not the
    /// one that is pushed, else for what is kept beside it.
    ///
    /// # Errors
    /// As [`Storage::stat`] and [`Storage::open`].
    pub(in crate::staticfiles) async fn of(
        writes: &[Write],
        places: &Places,
        there: &Destination,
        recall: &Recall,
    ) -> Result<Self> {
        let pushed = writes.iter().find(|write| write.kind == Kind::Manifest);
        let Some(pushed) = pushed.filter(|write| are_kept(write, places)) else {
            let rules = recall.rules().map(str::to_owned);
            return Ok(Self {
                rules,
                ..Self::default()
            });
        };
        // What something else stored, with or without a manifest, was stored by other rules.
        let mut in_force = Self {
            rules: Some(String::new()),
            ..Self::default()
        };
        if there.get(pushed.kind, &pushed.name).is_none() {
            return Ok(in_force);
        }
        let storage = places.manifest();
        let entry = match pushed.action {
            Action::Skip => storage.stat(&pushed.name).await?,
            _ => {
                let reader = storage.open(&pushed.name, &OpenOptions::default()).await?;
                let entry = reader.entry().clone();
                in_force.named = Some(named(&reader.into_bytes().await?));
                entry
            }
        };
        let kept = entry.attributes.metadata.get(FINGERPRINT_KEY);
        in_force.rules = Some(kept.cloned().unwrap_or_default());
        in_force.manifest = Some(entry);
        Ok(in_force)
    }

    /// Returns where it has to be noted that the rules `wanted` will be mixed with those in force.
    pub(in crate::staticfiles) fn unsettled(self, wanted: &str) -> Option<Unsettled> {
        // Where nobody knows the rules, or they are mixed already, there is nothing to note.
        let rules = self
            .rules
            .filter(|rules| !rules.is_empty() && rules != MIXED)?;
        (rules != wanted).then(|| match self.manifest {
            Some(entry) => Unsettled::Manifest(Box::new(entry)),
            None => Unsettled::Memory,
        })
    }

    /// Returns whether an object may be stored by other rules than those `wanted`.
    fn may_differ(&self, write: &Write, wanted: &str) -> bool {
        let Some(rules) = &self.rules else {
            return false;
        };
        // No manifest names the others: they go with the rest.
        let is_named = matches!(
            write.kind,
            Kind::Collected | Kind::Hashed { .. } | Kind::Compressed { .. }
        );
        let tells = |named: &HashSet<String>| !is_named || named.contains(without_suffix(write));
        rules != wanted || !self.named.as_ref().is_none_or(tells)
    }
}

/// Notes beside the manifest in force that objects are stored by more than one set of rules. Nothing
/// else of it changes, but for its tag, which is returned.
///
/// # Errors
/// As [`Storage::copy_as`](storehouse_storage::Storage::copy_as).
pub(in crate::staticfiles) async fn note_mixed(
    manifest: &Entry,
    places: &Places,
) -> Result<Option<String>> {
    let options = SaveOptions::default()
        .with_attributes(manifest.attributes.clone())
        .with_metadata(FINGERPRINT_KEY, MIXED);
    let target = Target::Replace(manifest.name.clone());
    let copied = places.manifest().copy_as(manifest, target, &options).await;
    copied.map(|saved| saved.etag)
}

/// Notes in what is remembered that objects are stored by more than one set of rules. Where there is no room
/// for all that is remembered, only that is.
///
/// # Errors
/// It cannot be noted: the rules of an earlier run would be taken for those of all objects, if this run were
/// broken off.
pub(in crate::staticfiles) fn remember_mixed(destination: &str) -> Result<()> {
    let mut recall = Recall::load(destination);
    recall.set_rules(Some(MIXED.to_owned()));
    if recall.save(destination).is_ok() {
        return Ok(());
    }
    let mut alone = Recall::begin();
    alone.set_rules(Some(MIXED.to_owned()));
    alone.save(destination).map_err(|error| {
        let cause = Error::from_io(error);
        let problem = format!(
            "that the rules of objects change cannot be noted in the cache folder, so nothing was changed: {}",
            cause.problem()
        );
        let place = recall::place(destination).unwrap_or_default();
        let folder = place.parent().unwrap_or(&place).display().to_string();
        Error::new(cause.kind(), problem)
            .with_advice(format!("make {folder} writable, or set XDG_CACHE_HOME to a folder that is"))
            .with_source(cause)
    })
}

/// Returns the names in a manifest; none if it is damaged.
fn named(json: &[u8]) -> HashSet<String> {
    let manifest = Manifest::from_json(json).unwrap_or_default();
    let pairs = manifest.iter();
    pairs
        .flat_map(|(name, stored)| [name.to_owned(), stored.to_owned()])
        .collect()
}

/// Returns the name of a file, for a compressed copy of it too.
fn without_suffix(write: &Write) -> &str {
    let name = write.name.as_str();
    match (write.kind, write.coding) {
        (Kind::Compressed { .. }, Some(coding)) => {
            name.strip_suffix(coding.suffix()).unwrap_or(name)
        }
        _ => name,
    }
}

/// Has the objects that stay repaired, if they may be stored by other rules than those `wanted` or
/// the options ask for it.
pub(in crate::staticfiles) fn repair<'w>(
    writes: impl Iterator<Item = &'w mut Write>,
    in_force: &InForce,
    wanted: &str,
    options: PlanOptions,
) {
    let stay = writes.filter(|write| write.action == Action::Skip);
    for write in stay.filter(|write| options.repair || in_force.may_differ(write, wanted)) {
        write.action = Action::Repair;
    }
}

/// Whether all objects of the destination are stored by the rules once `writes` are carried out.
pub(in crate::staticfiles) fn will_hold<'w>(
    mut writes: impl Iterator<Item = &'w Write>,
    in_force: &InForce,
    wanted: &str,
) -> bool {
    in_force.rules.as_deref() == Some(wanted) || writes.all(|write| write.action != Action::Skip)
}

#[cfg(test)]
mod tests {
    use storehouse_storage::Name;

    use super::*;
    use crate::{staticfiles::model::write::WriteContent, storages::Coding};

    fn in_force_by(rules: Option<&str>) -> InForce {
        InForce {
            rules: rules.map(str::to_owned),
            ..InForce::default()
        }
    }

    fn write(action: Action) -> Write {
        let name = Name::new("a").unwrap();
        let content = WriteContent::Bytes("x".into());
        Write {
            action,
            ..Write::new(name.clone(), Kind::Collected, name, content)
        }
    }

    #[test]
    fn what_stays_is_repaired_where_other_rules_are_in_force_or_one_asks_for_it() {
        let asked = PlanOptions {
            repair: true,
            ..PlanOptions::default()
        };
        let not = PlanOptions::default();
        for (case, in_force, options, expected) in [
            ("the same rules", Some("new"), not, Action::Skip),
            ("other rules", Some("old"), not, Action::Repair),
            ("nobody knows", None, not, Action::Skip),
            ("asked for", Some("new"), asked, Action::Repair),
        ] {
            let mut writes = [write(Action::Skip), write(Action::Copy)];

            repair(writes.iter_mut(), &in_force_by(in_force), "new", options);

            assert_eq!(writes[0].action, expected, "{case}");
            assert_eq!(writes[1].action, Action::Copy, "{case}");
        }
    }

    #[test]
    fn a_manifest_tells_only_of_what_it_names_and_of_compressed_copies() {
        let json = br#"{"version": "1.1", "paths": {"a.css": "a.0123456789ab.css"}}"#;
        let in_force = InForce {
            named: Some(named(json)),
            ..in_force_by(Some("new"))
        };
        let hashed = Kind::Hashed { is_text: true };
        let copy = Kind::Compressed { is_hashed: true };
        for (name, kind, coding, expected) in [
            ("a.css", Kind::Collected, None, false),
            ("a.0123456789ab.css", hashed, None, false),
            ("a.0123456789ab.css.gz", copy, Some(Coding::Gzip), false),
            ("b.css", Kind::Collected, None, true),
            ("a.ba9876543210.css", hashed, None, true),
            ("a.ba9876543210.css.gz", copy, Some(Coding::Gzip), true),
            ("a.ba9876543210.css", Kind::Intermediate, None, false),
        ] {
            let write = Write {
                name: Name::new(name).unwrap(),
                kind,
                coding,
                ..write(Action::Skip)
            };

            assert_eq!(in_force.may_differ(&write, "new"), expected, "{name}");
        }
        assert!(named(b"{").is_empty());
    }

    #[test]
    fn it_is_noted_once_that_rules_are_mixed() {
        let manifest = Entry::new(Name::new("staticfiles.json").unwrap(), 1);
        let beside = Unsettled::Manifest(Box::new(manifest.clone()));
        for (case, rules, manifest, expected) in [
            ("other rules", Some("old"), Some(&manifest), Some(beside)),
            ("remembered", Some("old"), None, Some(Unsettled::Memory)),
            ("the same rules", Some("new"), Some(&manifest), None),
            ("none of ours", Some(""), Some(&manifest), None),
            ("mixed already", Some(MIXED), Some(&manifest), None),
            ("nobody knows", None, None, None),
        ] {
            let in_force = InForce {
                manifest: manifest.cloned(),
                ..in_force_by(rules)
            };

            assert_eq!(in_force.unsettled("new"), expected, "{case}");
        }
    }

    #[test]
    fn rules_hold_where_they_did_or_nothing_stays_as_it_is() {
        let (skip, copy) = (write(Action::Skip), write(Action::Copy));
        let (new, unknown) = (in_force_by(Some("new")), in_force_by(None));

        assert!(will_hold([&skip].into_iter(), &new, "new"));
        assert!(will_hold([&copy].into_iter(), &unknown, "new"));
        assert!(!will_hold([&skip].into_iter(), &unknown, "new"));
    }
}
