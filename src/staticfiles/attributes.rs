//! What each write keeps beside its content, and which objects have to be given it anew because the
//! rules have changed since they were stored. It asks the bucket once, and writes nothing.
//!
//! The fingerprint of the rules is in the metadata of the manifest's object, which is written last:
//! so it tells of all objects. Where there is no manifest it is in the user's cache folder.

use storehouse_storage::{Attributes, Result, Storage};

use super::{
    destination::Destination,
    plan::{Action, Kind, PlanOptions, Write},
    recall::Recall,
    rules::{FINGERPRINT_KEY, ObjectKind, ObjectRules},
};

/// Returns what a write keeps beside its content, but for how that is coded by this run.
pub(super) fn of(write: &Write, rules: &ObjectRules) -> Attributes {
    let kind = match write.kind {
        Kind::Hashed { .. } | Kind::Intermediate | Kind::Compressed { is_hashed: true } => {
            ObjectKind::Hashed
        }
        Kind::Collected | Kind::Compressed { is_hashed: false } => ObjectKind::Plain,
        Kind::Integrity | Kind::Release | Kind::Manifest => ObjectKind::Manifest,
    };
    rules.attributes(&write.original, kind)
}

/// Gives every write its attributes.
pub(super) fn set(writes: &mut [Write], rules: &ObjectRules) {
    let fingerprint = rules.fingerprint();
    for write in writes {
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

/// Returns the fingerprint of the rules that the objects of the destination are stored by, where that
/// is known. One request, if there is a manifest.
///
/// # Errors
/// As [`Storage::stat`].
pub(super) async fn in_force(
    writes: &[Write],
    storage: &dyn Storage,
    there: &Destination,
    recall: &Recall,
) -> Result<Option<String>> {
    let manifest = writes.iter().find(|write| write.kind == Kind::Manifest);
    let Some(manifest) = manifest else {
        return Ok(recall.rules().map(str::to_owned));
    };
    if !there.objects.contains_key(&manifest.name) {
        return Ok(None);
    }
    let entry = storage.stat(&manifest.name).await?;
    // A manifest that something else wrote tells that its objects were stored by other rules.
    let kept = entry.attributes.metadata.get(FINGERPRINT_KEY);
    Ok(Some(kept.cloned().unwrap_or_default()))
}

/// Has the objects that stay repaired, if they were stored by other rules than those `wanted` or the
/// options ask for it.
pub(super) fn repair(
    writes: &mut [Write],
    in_force: Option<&str>,
    wanted: &str,
    options: PlanOptions,
) {
    if !options.repair && in_force.is_none_or(|there| there == wanted) {
        return;
    }
    for write in writes
        .iter_mut()
        .filter(|write| write.action == Action::Skip)
    {
        write.action = Action::Repair;
    }
}

/// Whether all objects of the destination are stored by the rules once `writes` are carried out.
pub(super) fn will_hold(writes: &[Write], in_force: Option<&str>, wanted: &str) -> bool {
    in_force == Some(wanted) || writes.iter().all(|write| write.action != Action::Skip)
}

#[cfg(test)]
mod tests {
    use storehouse_storage::Name;

    use super::*;
    use crate::staticfiles::WriteContent;

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

            repair(&mut writes, in_force, "new", options);

            assert_eq!(writes[0].action, expected, "{case}");
            assert_eq!(writes[1].action, Action::Copy, "{case}");
        }
    }

    #[test]
    fn rules_hold_where_they_did_or_nothing_stays_as_it_is() {
        let (skip, copy) = (write(Action::Skip), write(Action::Copy));

        assert!(will_hold(std::slice::from_ref(&skip), Some("new"), "new"));
        assert!(will_hold(&[copy], None, "new"));
        assert!(!will_hold(&[skip], None, "new"));
    }
}
