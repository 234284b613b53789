use std::time::Duration;

use super::*;
use crate::staticfiles::model::source_file::SourceFile;

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
            is_linked: false,
        }
        .into(),
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
    let writes = collected(wanted, &known, there, options, &Origins::default());
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
fn on_disk_times_decide_and_sizes_do_not() {
    let there = destination(
        true,
        &[
            ("same", 1, 1_000_900),
            ("changed-in-the-second", 1, 1_000_100),
            ("older", 1, 1_000_900),
            ("newer", 9, 2_000_000),
        ],
    );
    let wanted = [
        found("same", 1, 1_000_900),
        found("changed-in-the-second", 1, 1_000_900),
        found("older", 1, 1_001_000),
        found("newer", 1, 1_000_000),
        found("missing", 1, 1_000_000),
    ];

    let plan = plan(&wanted, &there, PlanOptions::default());

    assert_eq!(
        actions(&plan),
        [
            ("same", Action::Skip),
            ("changed-in-the-second", Action::Copy),
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
    let mut writes = collected(
        &wanted,
        &known,
        &there,
        PlanOptions::default(),
        &Origins::default(),
    );
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
