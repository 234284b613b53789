//! What goes and what stays, in tables, and that nothing goes that is needed.

use proptest::prelude::*;

use super::*;
use crate::staticfiles::releases::KeptFile;

const DAY: Duration = Duration::from_secs(86_400);
/// What `days` count back from.
const NOW: Duration = Duration::from_secs(2_000_000_000);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn days_ago(days: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW - DAY * days
}

fn manifest(pairs: &[(&str, &str)]) -> Manifest {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, stored)| ((*name).to_owned(), (*stored).to_owned()));
    Manifest::new(pairs.collect())
}

fn release(days: u32, pairs: &[(&str, &str)]) -> Release {
    let manifest = KeptFile {
        name: name("staticfiles.json"),
        text: manifest(pairs).to_json(),
    };
    Release::new(days_ago(days), manifest, []).unwrap()
}

/// What goes of `objects` (name, days since it was written) where `in_force` is the manifest.
fn pruned(
    objects: &[(&str, u32)],
    in_force: &[(&str, &str)],
    releases: &[Release],
    policy: PrunePolicy,
) -> Pruning {
    let written = objects.iter();
    let written = written.map(|(text, days)| (name(text), Some(days_ago(*days))));
    let facts = PruneFacts {
        objects: &written.collect(),
        in_force: &[manifest(in_force)],
        of_this_run: &HashSet::from([name("run.0123456789ab.js"), name("run.js")]),
        releases: &Releases::new(releases.iter().cloned()),
        digests: &HashMap::new(),
        now: days_ago(0),
    };
    to_prune(&facts, policy).unwrap()
}

fn shown(names: &[Name]) -> Vec<&str> {
    names.iter().map(Name::as_str).collect()
}

fn month() -> PrunePolicy {
    PrunePolicy::default().with_older_than(DAY * 30)
}

fn versions(count: usize) -> PrunePolicy {
    PrunePolicy::default().with_keep_versions(count)
}

const APP: (&str, &str) = ("app.css", "app.aaaaaaaaaaaa.css");

#[test]
fn only_old_files_that_a_run_made_and_nobody_needs_go_by_age() {
    for (case, file, days, goes) in [
        ("old version", "app.bbbbbbbbbbbb.css", 31, true),
        ("its compressed copy", "app.bbbbbbbbbbbb.css.gz", 31, true),
        ("too young", "app.bbbbbbbbbbbb.css", 29, false),
        ("in force", "app.aaaaaaaaaaaa.css", 400, false),
        ("its copy", "app.aaaaaaaaaaaa.css.br", 400, false),
        ("an original", "app.css", 400, false),
        ("of this run", "run.0123456789ab.js", 400, false),
        ("of nothing known", "other.bbbbbbbbbbbb.css", 400, false),
        ("no hash", "app.bbbbbbbbbbb.css", 400, false),
        ("hash in capitals", "app.BBBBBBBBBBBB.css", 400, false),
        ("hash elsewhere", "app.bbbbbbbbbbbb.min.css", 400, false),
        ("private", ".storehouse/app.bbbbbbbbbbbb.css", 400, false),
    ] {
        let pruning = pruned(&[(file, days)], &[APP], &[], month());

        let expected: &[&str] = if goes { &[file] } else { &[] };
        assert_eq!(shown(&pruning.files), expected, "{case}");
    }
}

#[test]
fn a_hashed_name_without_an_extension_or_of_an_archive_is_one() {
    let objects = [
        ("LICENSE", 0),
        ("LICENSE.bbbbbbbbbbbb", 31),
        ("d/a.tar.gz", 0),
        ("d/a.tar.bbbbbbbbbbbb.gz", 31),
        ("bbbbbbbbbbbb.css", 31),
        ("css", 0),
    ];

    let pruning = pruned(&objects, &[], &[], month());

    assert_eq!(
        shown(&pruning.files),
        ["LICENSE.bbbbbbbbbbbb", "d/a.tar.bbbbbbbbbbbb.gz"]
    );
}

#[test]
fn what_a_push_keeps_for_itself_stays() {
    let objects = [
        (".storehouse/app.css", 400),
        (".storehouse/app.bbbbbbbbbbbb.css", 400),
    ];

    let pruning = pruned(&objects, &[APP], &[], month());

    assert_eq!(pruning, Pruning::default());
}

#[test]
fn a_file_whose_age_is_not_known_stays() {
    let old = name("app.bbbbbbbbbbbb.css");
    let facts = PruneFacts {
        objects: &HashMap::from([(old, None)]),
        in_force: &[manifest(&[APP])],
        of_this_run: &HashSet::new(),
        releases: &Releases::default(),
        digests: &HashMap::new(),
        now: days_ago(0),
    };

    assert_eq!(to_prune(&facts, month()).unwrap(), Pruning::default());
}

#[test]
fn versions_beyond_the_newest_go_with_their_releases() {
    let objects = [
        ("app.css", 0),
        ("app.aaaaaaaaaaaa.css", 1),
        ("app.bbbbbbbbbbbb.css", 2),
        ("app.cccccccccccc.css", 3),
        ("vite/x-CCCCCCCC.js", 3),
        ("vite/x-CCCCCCCC.js.gz", 3),
    ];
    let oldest = &[
        ("app.css", "app.cccccccccccc.css"),
        ("vite/x-CCCCCCCC.js", "vite/x-CCCCCCCC.js"),
    ];
    let releases = [
        release(1, &[APP]),
        release(2, &[("app.css", "app.bbbbbbbbbbbb.css")]),
        release(3, oldest),
    ];
    let last = releases[2].name().clone();
    let gone = vec![
        "app.cccccccccccc.css",
        "vite/x-CCCCCCCC.js",
        "vite/x-CCCCCCCC.js.gz",
    ];
    for (count, policy, files, records) in [
        (3, versions(3), vec![], vec![]),
        (2, versions(2), gone.clone(), vec![last.clone()]),
        (
            2,
            versions(2).with_older_than(DAY * 2),
            gone.clone(),
            vec![last.clone()],
        ),
        (2, versions(2).with_older_than(DAY * 5), vec![], vec![]),
    ] {
        let pruning = pruned(&objects, &[APP], &releases, policy);

        assert_eq!(shown(&pruning.files), files, "{count}");
        assert_eq!(pruning.releases, records, "{count}");
    }
}

#[test]
fn a_release_in_force_stays_however_old_it_is() {
    let old = ("app.css", "app.cccccccccccc.css");
    let releases = [release(1, &[APP]), release(9, &[old])];
    let objects = [("app.css", 0), (APP.1, 1), (old.1, 9)];

    let pruning = pruned(&objects, &[old], &releases, versions(1));

    assert_eq!(pruning, Pruning::default());
}

#[test]
fn a_file_of_a_kept_release_stays_at_any_age() {
    let old = ("app.css", "app.cccccccccccc.css");

    let pruning = pruned(&[(old.1, 400)], &[APP], &[release(400, &[old])], month());

    assert_eq!(pruning, Pruning::default());
}

#[test]
fn without_a_policy_or_with_a_limitless_one_nothing_goes() {
    for policy in [
        PrunePolicy::default(),
        PrunePolicy::default().with_older_than(Duration::MAX),
    ] {
        let pruning = pruned(&[("app.bbbbbbbbbbbb.css", 400)], &[APP], &[], policy);

        assert_eq!(pruning, Pruning::default());
    }
}

#[test]
fn an_age_is_read_as_it_is_typed() {
    for (text, expected) in [
        ("30d", Some(DAY * 30)),
        ("12h", Some(DAY / 2)),
        ("2w", Some(DAY * 14)),
        ("30", None),
        ("", None),
        ("-1d", None),
        ("30 days ago", None),
    ] {
        assert_eq!(parse_age(text).ok(), expected, "{text:?}");
    }
}

/// A version of one of few files, so that they meet.
fn version() -> impl Strategy<Value = (String, String)> {
    let files = prop::sample::select(vec!["app.css", "d/app.js", "LICENSE", "x.tar.gz"]);
    let hashes = prop::sample::select(vec!["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"]);
    (files, hashes).prop_map(|(file, hash)| {
        let hashed = match file.rsplit_once('.') {
            Some((root, extension)) => format!("{root}.{hash}.{extension}"),
            None => format!("{file}.{hash}"),
        };
        (file.to_owned(), hashed)
    })
}

fn manifests() -> impl Strategy<Value = Manifest> {
    prop::collection::btree_map("[a-z]{1,3}", version(), 0..4)
        .prop_map(|pairs| Manifest::new(pairs.into_values().collect()))
}

proptest! {
    #[test]
    fn nothing_goes_that_a_kept_manifest_names(
        objects in prop::collection::vec((version(), 0_u32..60, 0_usize..5), 0..30),
        in_force in manifests(),
        kept in prop::collection::vec((0_u32..60, manifests()), 0..5),
        older_than in prop::option::of(0_u32..60),
        keep_versions in prop::option::of(0_usize..5),
    ) {
        let suffixes = ["", "", ".gz", ".br", ".zst"];
        let objects: HashMap<Name, Option<SystemTime>> = objects
            .iter()
            .flat_map(|((file, hashed), days, suffix)| {
                let copy = format!("{hashed}{}", suffixes[*suffix]);
                let private = format!(".storehouse/{copy}");
                [file.clone(), copy, private].map(|text| (name(&text), Some(days_ago(*days))))
            })
            .collect();
        let releases = Releases::new(kept.iter().map(|(days, manifest)| {
            let file = KeptFile { name: name("staticfiles.json"), text: manifest.to_json() };
            Release::new(days_ago(*days), file, []).unwrap()
        }));
        let facts = PruneFacts {
            objects: &objects,
            in_force: &[in_force],
            of_this_run: &HashSet::new(),
            releases: &releases,
            digests: &HashMap::new(),
            now: days_ago(0),
        };
        let policy = PrunePolicy {
            older_than: older_than.map(|days| DAY * days),
            keep_versions,
        };

        let pruning = to_prune(&facts, policy).unwrap();

        let staying = releases.iter().filter(|release| {
            !pruning.releases.contains(release.name())
        });
        let named: HashSet<&str> = staying
            .flat_map(|release| release.paths().iter())
            .chain(facts.in_force[0].iter())
            .map(|(_, stored)| stored)
            .collect();
        for file in &pruning.files {
            prop_assert!(!named.contains(file.as_str()), "{file} is named");
            prop_assert!(!named.contains(without_compression(file.as_str())), "{file}");
            prop_assert!(!is_private(file), "{file} is private");
            prop_assert!(unhashed(without_compression(file.as_str())).next().is_some()
                || unhashed(file.as_str()).next().is_some(), "{file} has no hash");
        }
        if keep_versions.is_none() {
            prop_assert_eq!(pruning.releases.len(), 0);
        }
    }
}
