//! Plans made by hand and carried out by the library: what goes first, what stops it, what is told.

use std::sync::Arc;

use storehouse::{
    settings::{Settings, Sources},
    staticfiles::{Action, Kind, Plan, Report, SourceFile, Write, WriteContent, execute},
    storage::{ErrorKind, Name, SaveOptions, Storage},
    storages::{Storages, builtin},
};

use crate::site::Site;

fn site() -> (Site, Arc<dyn Storage>) {
    let site = Site::new("STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\n");
    let registry = builtin();
    let sources = Sources::new(site.path("")).with_settings_file(site.path("storehouse.toml"));
    let settings = Settings::load(&sources, &registry).unwrap();
    let storage = Storages::new(&settings, registry).unwrap().staticfiles();
    (site, storage.unwrap())
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A write that copies a file of the site, which was `size` bytes long when it was found.
fn copy(site: &Site, file: &str, size: u64) -> Write {
    let source = SourceFile {
        path: site.path(file),
        relative: file.to_owned(),
        size,
        modified: None,
        changed: None,
        inode: 0,
        is_linked: false,
    };
    Write {
        name: name(file),
        disk_name: None,
        kind: Kind::Collected,
        original: name(file),
        content: WriteContent::Source {
            file: source.into(),
            held: None,
        },
        md5: None,
        coding: None,
        options: SaveOptions::default(),
        there: None,
        action: Action::Copy,
    }
}

#[tokio::test]
async fn a_source_that_has_changed_since_it_was_found_is_a_failure() {
    let (site, storage) = site();
    site.write("a.css", "longer than it was");
    let plan = Plan {
        writes: vec![copy(&site, "a.css", 4).into()],
        deletions: vec![name("old.css")],
        ..Plan::default()
    };
    site.write("out/old.css", "old");

    let report = Report::of(execute(&plan, storage.into(), 1)).await;

    let error = report.failures.first().unwrap();
    assert_eq!(error.kind(), ErrorKind::Content);
    assert!(error.to_string().contains("a.css\" changed"), "{error}");
    assert_eq!((report.copied, report.deleted), (0, 0));
    assert_eq!(site.files("out"), ["old.css"]);
}

#[tokio::test]
async fn nothing_is_written_where_no_room_could_be_made() {
    let (site, storage) = site();
    site.write("a.css", "a");
    site.write("out/folder/b.css", "b");
    let plan = Plan {
        writes: vec![copy(&site, "a.css", 1).into()],
        in_the_way: vec![name("folder")],
        ..Plan::default()
    };

    let report = Report::of(execute(&plan, storage.into(), 1)).await;

    assert_eq!(report.failures.len(), 1);
    assert_eq!(report.copied, 0);
    assert_eq!(site.files("out"), ["folder/b.css"]);
}

#[tokio::test]
async fn what_could_not_be_deleted_does_not_count_as_deleted() {
    let (site, storage) = site();
    site.write("out/a.css", "a");
    site.write("out/folder/b.css", "b");
    let plan = Plan {
        deletions: vec![name("a.css"), name("folder")],
        ..Plan::default()
    };

    let report = Report::of(execute(&plan, storage.into(), 1)).await;

    assert_eq!((report.deleted, report.failures.len()), (1, 1));
    assert_eq!(site.files("out"), ["folder/b.css"]);
}
