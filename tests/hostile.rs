//! The hostile names and storage strings of `data/`, through every verb of every driver and through
//! the command. A new driver or subcommand is tried with all of them by being added here.

use std::sync::Arc;

use futures::TryStreamExt;
use serde::Deserialize;
use storehouse::{
    settings::{Settings, Sources},
    storage::{
        Candidates, Content, Error, ErrorKind, Name, OpenOptions, SaveOptions, Storage, StorageExt,
        Target, UrlOptions,
    },
    storages::{Storages, builtin},
};
use storehouse_test_support::Minio;

use crate::site::{Site, bucket_settings};

#[derive(Debug, Deserialize)]
struct HostileName {
    id: String,
    name: String,
    answer: Answer,
    #[serde(default)]
    stored: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Invalid,
    Stored,
    StoredOrInvalid,
}

#[derive(Debug, Deserialize)]
struct HostileString {
    id: String,
    text: String,
    says: String,
}

fn names() -> Vec<HostileName> {
    serde_json::from_str(include_str!("data/hostile-names.json")).unwrap()
}

fn strings() -> Vec<HostileString> {
    serde_json::from_str(include_str!("data/hostile-storage-strings.json")).unwrap()
}

fn open(settings: &str) -> (Site, Arc<dyn Storage>) {
    let site = Site::new(settings);
    let registry = builtin();
    let sources = Sources::new(site.path("")).with_settings_file(site.path("storehouse.toml"));
    let settings = Settings::load(&sources, &registry).unwrap();
    let storages = Storages::new(&settings, registry).unwrap();
    let storage = storages.get("default").unwrap();
    (site, storage)
}

/// Tries one name with every verb: it is kept byte for byte, or refused by all with one kind.
async fn try_name(storage: &dyn Storage, hostile: &HostileName) {
    let id = &hostile.id;
    let name = match Name::new(&hostile.name) {
        Ok(name) => name,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidName, "{id}");
            assert_ne!(hostile.answer, Answer::Stored, "{id}: {error}");
            return;
        }
    };
    assert_ne!(hostile.answer, Answer::Invalid, "{id} became {name:?}");
    assert_eq!(name.as_str(), hostile.stored, "{id}");
    let saved = storage
        .save(&name, Content::from(id.clone()), &SaveOptions::default())
        .await;
    match saved {
        Ok(saved) => kept(storage, &saved.name, id).await,
        Err(error) => {
            assert_eq!(hostile.answer, Answer::StoredOrInvalid, "{id}: {error}");
            refused(storage, &name, id, &error).await;
        }
    }
}

async fn kept(storage: &dyn Storage, name: &Name, id: &str) {
    assert_eq!(storage.read_text(name).await.unwrap(), id);
    assert!(storage.exists(name).await.unwrap(), "{id}");
    assert_eq!(storage.stat(name).await.unwrap().name, *name, "{id}");
    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();
    assert_eq!(
        listed.iter().map(|entry| &entry.name).collect::<Vec<_>>(),
        [name],
        "{id}"
    );
    match storage.url(name, &UrlOptions::default()).await {
        Ok(url) => assert!(
            url.bytes().all(|byte| byte.is_ascii_graphic()),
            "{id}: {url}"
        ),
        // A bucket takes control characters in a key, and not in a signed URL.
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidName, "{id}: {error}");
            assert!(name.as_str().contains(char::is_control), "{id}: {error}");
        }
    }
    let copied = storage
        .copy(name, Target::FirstFree(Candidates::new(name.clone(), None)))
        .await;
    // A name at the limit leaves no room for a suffix.
    match copied {
        Ok(copied) => storage.delete(&copied.name).await.unwrap(),
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidName, "{id}: {error}"),
    }
    storage.delete(name).await.unwrap();
    assert!(!storage.exists(name).await.unwrap(), "{id}");
}

async fn refused(storage: &dyn Storage, name: &Name, id: &str, error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidName, "{id}: {error}");
    let options = OpenOptions::default();
    let by_open = storage.open(name, &options).await.unwrap_err();
    assert!(
        matches!(by_open.kind(), ErrorKind::InvalidName | ErrorKind::NotFound),
        "{id}: {by_open}"
    );
    assert!(!storage.exists(name).await.unwrap_or(false), "{id}");
    let deleted = storage.delete(name).await;
    assert!(
        deleted.is_ok() || deleted.unwrap_err().kind() == ErrorKind::InvalidName,
        "{id}"
    );
    let listed: Vec<_> = storage.list(None).try_collect().await.unwrap();
    assert!(listed.is_empty(), "{id}: {listed:?}");
}

async fn try_all(storage: &dyn Storage) {
    for hostile in names() {
        try_name(storage, &hostile).await;
    }
}

#[tokio::test]
async fn memory_keeps_or_refuses_every_hostile_name() {
    let (_site, storage) = open("DEFAULT_FILE_STORAGE = \"memory://hostile?base_url=/media/\"\n");

    try_all(&storage).await;
}

#[tokio::test]
async fn a_disk_keeps_or_refuses_every_hostile_name() {
    let (site, storage) = open("MEDIA_ROOT = \"root\"\nMEDIA_URL = \"/media/\"\n");
    site.write("canary", "outside the root");

    try_all(&storage).await;

    drop(storage);
    assert_eq!(site.files(""), ["canary", "storehouse.toml"]);
}

#[tokio::test]
async fn a_bucket_keeps_or_refuses_every_hostile_name() {
    let minio = Minio::get();
    let bucket = minio.bucket("hostile");
    let settings = bucket_settings(&minio, &bucket, minio.endpoint()).replace("/media\"", "\"");
    let (_site, storage) = open(&settings);

    try_all(&storage).await;

    assert_eq!(bucket.object_names(), Vec::<String>::new());
}

#[test]
fn the_command_keeps_or_refuses_every_hostile_name() {
    let site = Site::new("MEDIA_URL = \"/media/\"\n");
    site.write("source", "content");
    // An argument cannot hold a NUL.
    for hostile in names()
        .into_iter()
        .filter(|hostile| !hostile.name.contains('\0'))
    {
        // A root of its own: what another name left as a folder would be a taken name.
        let id = &hostile.id;
        let root = format!("MEDIA_ROOT={id}");
        let run =
            |verb: &[&str]| site.run(&[&["--set", &root], verb, &["--", &hostile.name]].concat());
        let saved = site.run(&["--set", &root, "save", "--", "source", &hostile.name]);

        if saved.code == 0 {
            assert_ne!(hostile.answer, Answer::Invalid, "{id}");
            assert_eq!(run(&["open"]).done().out, "content", "{id}");
            assert_eq!(
                site.run(&["--set", &root, "list", "-0"])
                    .done()
                    .out
                    .matches('\0')
                    .count(),
                1,
                "{id}"
            );
            run(&["stat"]).done();
            run(&["exists"]).done();
            run(&["delete"]).done();
        } else {
            assert_ne!(hostile.answer, Answer::Stored, "{id}: {}", saved.err);
            saved.failed(1);
            for verb in ["open", "stat"] {
                run(&[verb]).failed(1);
            }
            assert_ne!(run(&["exists"]).code, 0, "{id}");
        }
        assert_eq!(site.files(id), Vec::<String>::new(), "{id}");
    }
}

#[test]
fn the_command_refuses_every_hostile_storage_string_without_a_secret() {
    let site = Site::new("STATICFILES_DIRS = []\n");
    site.write("source", "content");
    for HostileString { id, text, says } in strings() {
        let by_setting = site.run(&[
            "stat",
            "a.txt",
            "--set",
            &format!("DEFAULT_FILE_STORAGE={text}"),
        ]);
        let by_flag = site.run(&["save", "source", "--storage", &text]);

        for ran in [by_setting, by_flag] {
            let ran = ran.failed(1);
            assert!(
                ran.err.contains(&says),
                "{id}: expected {says:?} in {}",
                ran.err
            );
            assert!(!ran.err.contains("PLANTED"), "{id}: {}", ran.err);
            assert_eq!(ran.err.trim_end().lines().count(), 1, "{id}: {}", ran.err);
        }
        assert_eq!(site.files(""), ["source", "storehouse.toml"], "{id}");
    }
}
