//! A plan as a document: what `collectstatic --plan FILE` writes for somebody to look at, and
//! `--apply FILE` carries out. It decides nothing and writes nothing.
//!
//! A document is not read back into a plan. Whoever applies it makes a plan anew, and carries that
//! out if its document is the same: then neither the sources nor the destination nor the settings
//! have changed since. The document is JSON:
//!
//! ```json
//! {
//!   "version": 1,
//!   "destination": "s3://assets at http://127.0.0.1:9000/assets",
//!   "options": {"clear": false, "ignore": ["*.scss"]},
//!   "listing": "the MD5 of all names, sizes, times and tags that the destination has",
//!   "writes": [{"name": "a.css", "kind": "collected", "action": "copy", "size": 12,
//!               "md5": "…", "from": "/srv/site/a.css", "attributes": {"cache_control": "…"}}],
//!   "deletions": ["old.css"],
//!   "conflicts": ["/srv/app/static/a.css"]
//! }
//! ```
//!
//! Where the manifest goes to another storage, `manifest_storage` says which, as `destination` does.

use serde_json::{Map, Value as Json, json};
use storehouse_storage::{Attributes, Error, ErrorKind, Result};

use super::Plan;
use crate::staticfiles::{
    destination::listing::Destination,
    model::{
        object::Object,
        write::{Action, Kind, Write},
    },
    support::md5::md5_hex,
};

/// Changes with the format.
const VERSION: u32 = 1;

/// How many differences are told.
const MOST_DIFFERENCES: usize = 10;

/// Returns the document of a plan for `destination`, a text that no other has, made with `options`.
#[must_use]
pub fn document(plan: &Plan, listing: &str, destination: &str, options: Json) -> Json {
    let writes: Vec<Json> = plan
        .writes
        .iter()
        .map(|write| write_as_json(write))
        .collect();
    let names = plan.in_the_way.iter().chain(&plan.stale_releases);
    let names = names.chain(&plan.deletions);
    let unnameable = plan.unnameable_deletions.iter();
    let deletions: Vec<String> = names
        .map(|name| name.as_str().to_owned())
        .chain(unnameable.map(|path| path.display().to_string()))
        .collect();
    let conflicts = plan.conflicts.iter();
    let conflicts: Vec<String> = conflicts
        .map(|found| found.source.path.display().to_string())
        .collect();
    json!({
        "version": VERSION,
        "destination": destination,
        "options": options,
        "listing": listing,
        "writes": writes,
        "deletions": deletions,
        "conflicts": conflicts,
    })
}

/// Returns one write as it stands in the document.
#[must_use]
pub fn write_as_json(write: &Write) -> Json {
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(write.name.as_str()));
    object.insert("kind".to_owned(), json!(kind(write.kind)));
    object.insert("action".to_owned(), json!(action(write.action)));
    object.insert("size".to_owned(), json!(write.size()));
    if let Some(md5) = write.md5 {
        object.insert("md5".to_owned(), json!(md5.to_string()));
    }
    if let Some(source) = write.source() {
        object.insert("from".to_owned(), json!(source.path.display().to_string()));
    }
    let attributes = attributes_as_json(&write.options.attributes);
    if !attributes.is_empty() {
        object.insert("attributes".to_owned(), Json::Object(attributes));
    }
    Json::Object(object)
}

/// Returns a digest of a listing.
#[must_use]
pub(in crate::staticfiles) fn digest_of_listing(destination: &Destination) -> String {
    let objects = destination.objects.iter();
    let mut lines: Vec<String> = objects
        .map(|(name, object)| line(name.as_str(), object))
        .collect();
    let unnameable = destination.unnameable.iter();
    lines.extend(unnameable.map(|path| format!("{path:?}\n")));
    let with_manifest = destination.with_manifest.iter().flatten();
    lines.extend(with_manifest.map(|found| format!("{found:?}\n")));
    lines.sort_unstable();
    md5_hex(lines.concat().as_bytes())
}

/// Refuses to apply a document that is not that of the plan as it is made now.
///
/// # Errors
/// [`ErrorKind::Integrity`], with what differs.
pub fn refuse_unless_same(reviewed: &Json, now: &Json) -> Result<()> {
    if reviewed == now {
        return Ok(());
    }
    let mut differences = Vec::new();
    for key in ["version", "destination", "manifest_storage", "options"] {
        if reviewed[key] != now[key] {
            differences.push(format!("{key} was {}, and is {}", reviewed[key], now[key]));
        }
    }
    // Before the files, of which there may be too many to tell.
    for (key, what) in [
        ("listing", "what the destination holds has changed"),
        ("deletions", "what would be deleted has changed"),
        ("conflicts", "which files lose their name has changed"),
    ] {
        if reviewed[key] != now[key] {
            differences.push(what.to_owned());
        }
    }
    differences.extend(different_writes(&reviewed["writes"], &now["writes"]));
    let left = differences.len().saturating_sub(MOST_DIFFERENCES);
    differences.truncate(MOST_DIFFERENCES);
    if left > 0 {
        differences.push(format!("and {left} more"));
    }
    let problem = format!(
        "the plan is not what would be done now: {}",
        differences.join("; ")
    );
    Err(Error::new(ErrorKind::Integrity, problem)
        .with_advice("make a plan again with --plan, and look at it"))
}

/// Which writes differ, told by their names.
fn different_writes(reviewed: &Json, now: &Json) -> Vec<String> {
    let by_name = |writes: &Json| -> std::collections::BTreeMap<String, Vec<Json>> {
        let mut named = std::collections::BTreeMap::<_, Vec<Json>>::new();
        for write in writes.as_array().into_iter().flatten() {
            let name = write["name"].as_str().unwrap_or_default().to_owned();
            named.entry(name).or_default().push(write.clone());
        }
        named
    };
    let (reviewed, now) = (by_name(reviewed), by_name(now));
    let changed = now.iter().filter_map(|(name, writes)| {
        let how = match reviewed.get(name) {
            None => "is new",
            Some(before) if before != writes => "has changed",
            Some(_) => return None,
        };
        Some(format!("{name:?} {how}"))
    });
    let gone = reviewed.keys().filter(|name| !now.contains_key(*name));
    changed
        .chain(gone.map(|name| format!("{name:?} is gone")))
        .collect()
}

fn line(name: &str, object: &Object) -> String {
    let Object {
        size,
        modified,
        etag,
        is_link,
        inode: _,
    } = object;
    // A bucket's tag tells more than its time.
    let time = modified.filter(|_| etag.is_none());
    format!("{name:?} {size} {time:?} {etag:?} {is_link}\n")
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Collected => "collected",
        Kind::Hashed { .. } => "hashed",
        Kind::Intermediate => "intermediate",
        Kind::Compressed { .. } => "compressed",
        Kind::Integrity => "integrity",
        Kind::Release => "release",
        Kind::Manifest => "manifest",
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Copy => "copy",
        Action::Skip => "skip",
        Action::Repair => "repair",
        Action::Superseded => "superseded",
        Action::Omitted { .. } => "omitted",
    }
}

fn attributes_as_json(attributes: &Attributes) -> Map<String, Json> {
    let texts = [
        ("content_type", &attributes.content_type),
        ("content_encoding", &attributes.content_encoding),
        ("content_disposition", &attributes.content_disposition),
        ("content_language", &attributes.content_language),
        ("cache_control", &attributes.cache_control),
        ("storage_class", &attributes.storage_class),
    ];
    let mut object: Map<String, Json> = texts
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?))))
        .collect();
    if !attributes.metadata.is_empty() {
        object.insert("metadata".to_owned(), json!(attributes.metadata));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(writes: &[(&str, &str)]) -> Json {
        let writes: Vec<Json> = writes
            .iter()
            .map(|(name, md5)| json!({"name": name, "md5": md5}))
            .collect();
        json!({"version": 1, "writes": writes, "listing": "x"})
    }

    #[test]
    fn a_plan_that_is_the_same_is_applied() {
        let plan = plan_of(&[("a", "1")]);

        assert!(refuse_unless_same(&plan, &plan).is_ok());
    }

    #[test]
    fn what_differs_is_named() {
        let reviewed = plan_of(&[("same", "1"), ("changed", "1"), ("gone", "1")]);
        let mut now = plan_of(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        now["listing"] = json!("y");

        let error = refuse_unless_same(&reviewed, &now).unwrap_err();

        for difference in [
            "\"changed\" has changed",
            "\"new\" is new",
            "\"gone\" is gone",
            "what the destination holds",
        ] {
            assert!(error.problem().contains(difference), "{error}");
        }
        assert!(!error.problem().contains("same\""), "{error}");
    }

    #[test]
    fn a_listing_is_known_by_all_that_it_tells() {
        let listing = |name: &str, size, etag: Option<&str>| {
            let object = Object {
                size,
                etag: etag.map(str::to_owned),
                ..Object::default()
            };
            let mut destination = Destination::default();
            let name = storehouse_storage::Name::new(name).unwrap();
            destination.objects.insert(name, object);
            digest_of_listing(&destination)
        };
        let one = listing("a", 1, Some("e"));

        assert_eq!(one, listing("a", 1, Some("e")));
        for other in [
            listing("b", 1, Some("e")),
            listing("a", 2, Some("e")),
            listing("a", 1, Some("f")),
        ] {
            assert_ne!(one, other);
        }
    }
}
