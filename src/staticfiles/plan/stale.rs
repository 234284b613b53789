//! Compressed copies and whether they still fit their originals. What a copy decodes to is the file itself
//! (RFC 9110 section 8.4), so one of an earlier content must not stay: a web server would send it.
//!
//! A copy that this run does not write goes
//!
//! - if its original is written, for whatever reason: nobody knows the new content in that coding;
//! - if this run makes copies in its coding, and makes none of this content: it is not worth it, or empty;
//! - if it is older than its original and a run has made it: somebody has edited the original there, or a run has
//!   failed between the two.
//!
//! Any other stays: it may be of an earlier run with other options, or of another program, and its original
//! is what it was. Files under hashed names are not looked at, whose content is always the same.

use std::collections::HashSet;

use storehouse_storage::Name;

use crate::staticfiles::{
    compress,
    destination::listing::Destination,
    model::{
        object::Object,
        write::{Action, Kind, Write},
    },
    run_cache::recall::Recall,
};
use crate::storages::{Coding, CompressAs, CompressionOptions};

/// Returns the names of copies that are there and do not fit, sorted. `options` are those of this run, if
/// it makes copies.
pub(in crate::staticfiles) fn stale_copies(
    writes: &[Write],
    there: &Destination,
    options: Option<&CompressionOptions>,
    edited: &HashSet<Name>,
    recall: &Recall,
) -> Vec<Name> {
    let is_named_so = |name: &Name| {
        let mut codings = Coding::ALL.into_iter();
        codings.any(|coding| name.as_str().ends_with(coding.suffix()))
    };
    if !there.objects.keys().any(is_named_so) {
        return Vec::new();
    }
    let written = writes.iter().filter(|write| !write.is_omitted());
    let written: HashSet<&str> = written.map(|write| write.name.as_str()).collect();
    let originals = writes
        .iter()
        .filter(|write| write.kind == Kind::Collected && !write.is_omitted());
    let mut stale: Vec<Name> = originals
        .flat_map(|write| Coding::ALL.map(|coding| (write, coding)))
        .filter_map(|(write, coding)| {
            let copy = Name::new(format!("{}{}", write.name, coding.suffix())).ok()?;
            let object = there.objects.get(&copy)?;
            if written.contains(copy.as_str()) {
                return None;
            }
            let is_ours = recall.made(copy.as_str(), object).is_some();
            let is_left_behind =
                is_older(object, write) && (is_ours || edited.contains(&write.name));
            let fits = edited.contains(&write.name) || fits(write, coding, options);
            (is_left_behind || !fits).then_some(copy)
        })
        .collect();
    stale.sort_unstable();
    stale.dedup();
    stale
}

/// Whether a copy was written before its original.
fn is_older(copy: &Object, original: &Write) -> bool {
    let original = original.there.as_ref();
    let modified = original.and_then(|original| original.modified);
    matches!((copy.modified, modified), (Some(copy), Some(original)) if copy < original)
}

/// Whether a copy that this run has not made may be one of what is under the name of its original.
fn fits(write: &Write, coding: Coding, options: Option<&CompressionOptions>) -> bool {
    let is_made = |options: &CompressionOptions| {
        let size = write.content.size();
        options.compress_as == CompressAs::SideFiles
            && options.codings.contains(&coding)
            && (size == 0 || compress::is_compressible(write.name.as_str(), size, options))
    };
    let stays = matches!(write.action, Action::Skip | Action::Repair);
    stays && !options.is_some_and(is_made)
}

/// Has copies in a bucket stored anew where their originals are, so that none is older than its original:
/// such a copy would not be sent.
pub(in crate::staticfiles) fn refresh_copies(writes: &mut [Write]) {
    let renewed: HashSet<String> = writes
        .iter()
        .filter(|write| {
            write.kind == Kind::Collected && matches!(write.action, Action::Copy | Action::Repair)
        })
        .map(|write| write.name.as_str().to_owned())
        .collect();
    let copies = writes.iter_mut().filter(|write| {
        let is_copy = write.kind == Kind::Compressed { is_hashed: false };
        is_copy && write.action == Action::Skip && write.there.is_some()
    });
    for copy in copies {
        let suffix = copy.coding.map(Coding::suffix).unwrap_or_default();
        let original = copy.name.as_str().strip_suffix(suffix);
        if original.is_some_and(|original| renewed.contains(original)) {
            copy.action = Action::Repair;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staticfiles::model::write::WriteContent;

    fn write(name: &str, kind: Kind, action: Action, size: u64) -> Write {
        let name = Name::new(name).unwrap();
        let content = WriteContent::AsItIs { size };
        Write {
            action,
            ..Write::new(name.clone(), kind, name, content)
        }
    }

    fn there(names: &[&str]) -> Destination {
        let objects = names
            .iter()
            .map(|name| (Name::new(*name).unwrap(), Object::default()));
        Destination {
            objects: objects.collect(),
            ..Destination::default()
        }
    }

    #[test]
    fn a_copy_that_does_not_fit_its_original_goes() {
        const BOTH: &[&str] = &["a.css.br", "a.css.gz"];
        let all = CompressionOptions::default();
        let brotli = CompressionOptions {
            codings: vec![Coding::Brotli],
            ..CompressionOptions::default()
        };
        let (new, same) = (Action::Copy, Action::Skip);
        for (case, name, action, size, options, stale) in [
            ("written", "a.css", new, 9, None, BOTH),
            ("as it was", "a.css", same, 9, None, &[]),
            ("not worth it", "a.css", same, 9, Some(&all), BOTH),
            ("empty", "a.css", same, 0, Some(&all), BOTH),
            ("of others", "a.css", same, 9, Some(&brotli), &BOTH[..1]),
            ("left out", "a.png", same, 9, Some(&all), &[]),
            (
                "written and left out",
                "a.png",
                new,
                9,
                Some(&all),
                &["a.png.br"],
            ),
        ] {
            let writes = [write(name, Kind::Collected, action, size)];
            let there = there(&[
                "a.css", "a.css.br", "a.css.gz", "a.png", "a.png.br", "b.css.br",
            ]);

            let found = stale_copies(
                &writes,
                &there,
                options,
                &HashSet::new(),
                &Recall::default(),
            );

            let found: Vec<&str> = found.iter().map(Name::as_str).collect();
            assert_eq!(found, stale, "{case}");
        }
    }

    #[test]
    fn what_this_run_writes_or_collects_under_the_name_stays() {
        let copy = Kind::Compressed { is_hashed: false };
        for other in [
            write("a.css.br", copy, Action::Copy, 1),
            write("a.css.br", Kind::Collected, Action::Skip, 1),
        ] {
            let writes = [write("a.css", Kind::Collected, Action::Copy, 9), other];

            assert!(
                stale_copies(
                    &writes,
                    &there(&["a.css.br"]),
                    None,
                    &HashSet::new(),
                    &Recall::default()
                )
                .is_empty()
            );
        }
        let hashed = [write(
            "a.0123456789ab.css",
            Kind::Hashed { is_text: true },
            Action::Copy,
            9,
        )];
        assert!(
            stale_copies(
                &hashed,
                &there(&["a.0123456789ab.css.br"]),
                None,
                &HashSet::new(),
                &Recall::default()
            )
            .is_empty()
        );
    }

    #[test]
    fn a_copy_in_a_bucket_is_stored_anew_with_its_original() {
        let copy = |name: &str| Write {
            coding: Some(Coding::Brotli),
            there: Some(Object::default()),
            ..write(name, Kind::Compressed { is_hashed: false }, Action::Skip, 1)
        };
        let mut writes = [
            write("a.css", Kind::Collected, Action::Repair, 9),
            write("b.css", Kind::Collected, Action::Skip, 9),
            copy("a.css.br"),
            copy("b.css.br"),
        ];

        refresh_copies(&mut writes);

        assert_eq!(writes[2].action, Action::Repair);
        assert_eq!(writes[3].action, Action::Skip);
    }
}
