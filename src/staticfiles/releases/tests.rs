//! Releases as values; the commands are tried from outside.

use std::time::UNIX_EPOCH;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn manifest(hash: &str) -> Manifest {
    Manifest::new([("a.css".to_owned(), format!("a.{hash}.css"))].into())
}

fn release(seconds: u64, hash: &str) -> Release {
    let file = KeptFile {
        name: name("staticfiles.json"),
        text: manifest(hash).to_json(),
    };
    let copy = name(&format!("a.{hash}.css.gz"));
    Release::new(at(seconds), file, [copy]).unwrap()
}

const A: &str = "aaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbb";
const C: &str = "cccccccccccc";

#[test]
fn what_was_kept_is_read_as_it_was() {
    let kept = release(1_795_580_102, A).with_rules("9f96bca8e9fcc4bf");

    let read = Release::from_json(kept.to_json().as_bytes()).unwrap();

    assert_eq!(read, kept);
    let shown: Vec<&str> = read.files().iter().map(Name::as_str).collect();
    assert_eq!(shown, ["a.aaaaaaaaaaaa.css", "a.aaaaaaaaaaaa.css.gz"]);
}

#[test]
fn an_id_is_the_time_and_the_hash_of_the_manifest() {
    let release = release(1_795_580_102, A);

    let id = release.id().to_string();

    assert_eq!(id, format!("20261125T041502Z-{}", manifest(A).hash()));
    assert_eq!(ReleaseId::parse(&id), Some(release.id().clone()));
    assert_eq!(
        release.name().as_str(),
        format!(".storehouse/releases/{id}.json")
    );
}

#[test]
fn a_clock_that_is_wrong_makes_an_id_all_the_same() {
    let file = || release(0, A).manifest().clone();
    for (time, expected) in [
        (at(1) + Duration::from_millis(1500), "19700101T000002Z-"),
        (UNIX_EPOCH - Duration::from_secs(9), "19700101T000000Z-"),
        (at(u64::from(u32::MAX) * 1000), "99991231T235959Z-"),
    ] {
        let release = Release::new(time, file(), []).unwrap();

        assert!(release.id().as_str().starts_with(expected), "{time:?}");
        assert_eq!(
            Release::from_json(release.to_json().as_bytes()).unwrap(),
            release
        );
    }
}

#[test]
fn what_has_not_the_form_of_an_id_is_none() {
    for text in [
        "",
        "20261125T041502Z",
        "20261125T041502Z-B331F86BDA4B",
        "20261125T041502Z-b331f86bda4",
        "20261125t041502z-b331f86bda4b",
        "../../20261125T041502Z-b331f86bda4b",
        "2026112\u{e9}T041502-b331f86bda4b",
    ] {
        assert_eq!(ReleaseId::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_release_that_cannot_be_used_says_why() {
    let whole = release(0, A).to_json();
    for (case, json, why) in [
        ("nothing", String::new(), "no JSON"),
        ("an array", "[]".to_owned(), "without a version"),
        (
            "of later",
            whole.replace("\"version\":1", "\"version\":2"),
            "of version 2, and known is 1",
        ),
        (
            "climbing",
            whole.replace("a.aaaaaaaaaaaa.css.gz", "../../etc/passwd"),
            "wrong at \"../../etc/passwd\"",
        ),
        (
            "another manifest",
            whole.replace("a.aaaaaaaaaaaa.css\\\"", "a.bbbbbbbbbbbb.css\\\""),
            "called something else",
        ),
        (
            "no time",
            whole.replace("1970-01-01", "1970-13-01"),
            "wrong at \"created\"",
        ),
        (
            "no files",
            whole.replace("\"files\"", "\"file\""),
            "without \"files\"",
        ),
        (
            "a file that is none",
            whole.replace("\"a.aaaaaaaaaaaa.css.gz\"", "7"),
            "wrong at \"\"",
        ),
    ] {
        assert_ne!(json, whole, "{case}");
        let error = Release::from_json(json.as_bytes()).unwrap_err().to_string();

        assert!(error.contains(why), "{case}: {error}");
    }
}

#[test]
fn a_release_cut_off_anywhere_is_an_error_and_no_panic() {
    let whole = release(0, A).to_json();

    for end in 0..whole.len() {
        assert!(
            Release::from_json(&whole.as_bytes()[..end]).is_err(),
            "{end}"
        );
    }
}

#[test]
fn the_newest_release_that_says_what_the_manifest_says_is_in_force() {
    let releases = Releases::new([release(3, A), release(1, A), release(2, B)]);

    assert_eq!(releases.current(&manifest(A)).unwrap().created(), at(3));
    assert_eq!(releases.current(&manifest(B)).unwrap().created(), at(2));
    assert!(releases.current(&manifest(C)).is_none());
}

#[test]
fn a_push_makes_a_release_unless_it_changes_nothing() {
    let releases = Releases::new([release(1, A), release(2, B)]);
    for (case, pushed, in_force, expected) in [
        ("new", C, Some(B), true),
        ("nothing changed", B, Some(B), false),
        ("an earlier content again", A, Some(B), true),
        ("nothing changed since a rollback", A, Some(A), false),
        ("back to the newest after a rollback", B, Some(A), false),
        ("the manifest is gone", A, None, true),
        ("not kept so far", C, Some(C), true),
    ] {
        let in_force = in_force.map(manifest);

        let are_without = releases.are_without(&manifest(pushed), in_force.as_ref());

        assert_eq!(are_without, expected, "{case}");
    }
}

#[test]
fn a_new_release_is_later_than_all_others() {
    let releases = Releases::new([release(100, A)]);

    assert_eq!(releases.next_time(at(200)), at(200));
    assert_eq!(releases.next_time(at(100)), at(101));
    assert_eq!(releases.next_time(at(50)), at(101));
}

#[test]
fn the_oldest_go_beyond_a_count_but_never_the_one_in_force() {
    let releases = Releases::new([release(1, A), release(2, B), release(3, C)]);
    let beyond = |count, in_force| -> Vec<SystemTime> {
        let gone = releases.beyond(count, &manifest(in_force));
        gone.into_iter().map(Release::created).collect()
    };

    assert!(beyond(3, C).is_empty());
    assert_eq!(beyond(1, C), [at(2), at(1)]);
    assert_eq!(beyond(1, A), [at(2)]);
}

#[test]
fn a_rollback_goes_to_the_release_before_or_to_the_one_named() {
    let releases = Releases::new([release(1, A), release(2, B), release(3, C)]);
    let first = release(1, A).id().to_string();

    let before = |in_force| releases.to_roll_back_to(None, Some(&manifest(in_force)));

    assert_eq!(before(C).unwrap().created(), at(2));
    assert_eq!(before(B).unwrap().created(), at(1));
    let named = releases.to_roll_back_to(Some(&first), None).unwrap();
    assert_eq!(named.created(), at(1));
}

#[test]
fn a_rollback_that_has_no_goal_says_why() {
    let releases = Releases::new([release(1, A)]);
    let id = release(1, A).id().to_string();
    let near = id.replace("19700101", "19700102");
    for (case, id, in_force, why) in [
        (
            "the oldest is in force",
            None,
            Some(A),
            format!("there is no release before {id}, which is in force"),
        ),
        (
            "not kept",
            None,
            Some(B),
            format!(
                "no release, so that there is none before it; name one that `storehouse releases` lists, such as {id}"
            ),
        ),
        (
            "no manifest",
            None,
            None,
            "the manifest in force is no release".to_owned(),
        ),
        (
            "mistyped",
            Some(near.as_str()),
            Some(A),
            format!("did you mean {id:?}?"),
        ),
        (
            "no id",
            Some("x"),
            Some(A),
            "there is no release \"x\"; name one".to_owned(),
        ),
    ] {
        let in_force = in_force.map(manifest);

        let error = releases.to_roll_back_to(id, in_force.as_ref()).unwrap_err();

        assert!(error.to_string().contains(&why), "{case}: {error}");
    }
    let none = Releases::default().to_roll_back_to(None, None).unwrap_err();
    assert!(none.to_string().contains("releases = 3"), "{none}");
}

#[test]
fn a_release_whose_files_are_gone_is_refused_with_their_names() {
    let release = release(1, A);
    let all: HashSet<Name> = release.files().clone().into_iter().collect();
    assert!(release.verify(&all).is_ok());

    let error = release.verify(&HashSet::new()).unwrap_err().to_string();

    assert!(
        error.contains("not there: \"a.aaaaaaaaaaaa.css\", \"a.aaaaaaaaaaaa.css.gz\"; roll back"),
        "{error}"
    );
}

#[test]
fn only_what_is_in_the_folder_is_private() {
    assert!(is_private(&name(".storehouse/releases/x.json")));
    assert!(is_private(&name(".storehouse")));
    assert!(!is_private(&name(".storehouse-tmp/x")));
    assert!(!is_private(&name("a/.storehouse/x")));
}

#[cfg(feature = "memory")]
mod in_a_storage {
    use storehouse_memory::MemoryStorage;
    use storehouse_storage::Attributes;

    use super::*;
    use crate::{
        staticfiles::{
            releases::retention::{PruneFacts, PrunePolicy, to_prune},
            rules::{FINGERPRINT_KEY, ObjectRules},
        },
        storages::RuleOptions,
    };

    async fn saved(storage: &MemoryStorage, name: &str, text: &str) {
        storage.save_as(name, text.to_owned()).await.unwrap();
    }

    #[tokio::test]
    async fn releases_are_read_in_their_order_and_nothing_else_is() {
        let storage = MemoryStorage::new();
        for kept in [release(2, B), release(1, A)] {
            saved(&storage, kept.name().as_str(), &kept.to_json()).await;
        }
        saved(&storage, ".storehouse/releases/notes.json", "{").await;
        saved(&storage, ".storehouse/other.json", "{").await;

        let releases = Releases::load(&storage).await.unwrap();

        let order: Vec<SystemTime> = releases.iter().map(Release::created).collect();
        assert_eq!(order, [at(1), at(2)]);
        assert!(releases.damaged().is_empty(), "{releases:?}");
    }

    #[tokio::test]
    async fn nothing_is_pruned_while_a_release_cannot_be_read() {
        let storage = MemoryStorage::new();
        let (kept, other) = (release(1, A), release(2, B));
        saved(&storage, other.name().as_str(), &kept.to_json()).await;
        let releases = Releases::load(&storage).await.unwrap();
        let facts = PruneFacts {
            objects: &[(name("a.css"), None)].into(),
            in_force: &[],
            of_this_run: &HashSet::new(),
            releases: &releases,
            digests: &std::collections::HashMap::new(),
            now: at(0),
        };

        let error = to_prune(&facts, PrunePolicy::default().with_keep_versions(1)).unwrap_err();

        let why = format!("the release is {}, under another's name", kept.id());
        assert!(error.to_string().contains(&why), "{error}");
        assert!(error.to_string().contains("delete it"), "{error}");
    }

    #[tokio::test]
    async fn a_rollback_writes_the_manifest_with_what_the_release_was_stored_by() {
        let storage = MemoryStorage::new();
        let release = release(1, A).with_rules("9f96bca8e9fcc4bf");
        let rules = ObjectRules::new(&RuleOptions::default(), Attributes::default()).unwrap();

        roll_back(&release, &storage, &rules).await.unwrap();

        assert_eq!(
            storage.read_text(&name("staticfiles.json")).await.unwrap(),
            release.manifest().text
        );
        let attributes = storage
            .stat(&name("staticfiles.json"))
            .await
            .unwrap()
            .attributes;
        assert_eq!(attributes.cache_control.as_deref(), Some("no-cache"));
        assert_eq!(attributes.metadata[FINGERPRINT_KEY], "9f96bca8e9fcc4bf");
    }
}
