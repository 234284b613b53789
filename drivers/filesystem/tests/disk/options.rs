//! The options, from a table through the registry to a storage, and the README that shows them.

use std::sync::Arc;

use storehouse_filesystem::FilesystemDriver;
use storehouse_storage::{
    Driver, DriverConfig, Error, ErrorKind, Files, Name, OptionRow, Options, Registry, Result,
    Storage, StorageExt, UrlOptions, UrlSigner, Value,
};
use tempfile::TempDir;

use crate::{mode_of, name};

fn open(given: &[(&str, Value)], signer: Option<Arc<dyn UrlSigner>>) -> Arc<dyn Storage> {
    let mut registry = Registry::default();
    registry.register(Arc::new(FilesystemDriver::new()));
    let table = registry.driver("file").unwrap().options();
    let options = Options::new(table, given.iter().cloned()).unwrap();
    let mut config = DriverConfig::new(options);
    config.signer = signer;
    registry.open("file", config, Some("default")).unwrap()
}

fn text(value: &str) -> Value {
    Value::from(value)
}

#[tokio::test]
async fn every_option_does_what_it_says() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("root");
    let storage = open(
        &[
            ("location", text(root.to_str().unwrap())),
            ("base_url", text("/media")),
            ("file_permissions_mode", text("0600")),
            ("directory_permissions_mode", Value::Integer(0o711)),
            ("file_overwrite", Value::Flag(true)),
            ("durable", Value::Flag(true)),
        ],
        None,
    );
    let a = name("d/a b.txt");

    storage.save_as(a.as_str(), "first").await.unwrap();
    let second = storage.save_as(a.as_str(), "second").await.unwrap();

    assert_eq!(second.name, a);
    assert_eq!(mode_of(&root), 0o711);
    assert_eq!(mode_of(&root.join("d")), 0o711);
    assert_eq!(mode_of(&root.join("d/a b.txt")), 0o600);
    assert_eq!(
        storage.url(&a, &UrlOptions::default()).await.unwrap(),
        "/media/d/a%20b.txt"
    );
    assert_eq!(storage.path(&a).unwrap(), root.join("d/a b.txt"));
    assert_eq!(storage.describe(), format!("file://{}", root.display()));
}

#[tokio::test]
async fn a_storage_without_a_base_url_has_no_urls_and_says_what_to_set() {
    let folder = TempDir::new().unwrap();
    let storage = open(&[("location", text(folder.path().to_str().unwrap()))], None);

    let error = storage
        .url(&name("a"), &UrlOptions::default())
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("set MEDIA_URL"), "{error}");
    assert!(!storage.capabilities().urls);
}

#[derive(Debug)]
struct Signer;

impl UrlSigner for Signer {
    fn sign(&self, url: &str, name: &Name, options: &UrlOptions) -> Result<String> {
        Ok(format!("{url}?signed={name}&for={:?}", options.expires_in))
    }
}

#[tokio::test]
async fn a_url_that_expires_needs_a_signer() {
    let folder = TempDir::new().unwrap();
    let location = ("location", text(folder.path().to_str().unwrap()));
    let given = [location, ("base_url", text("/media/"))];
    let expiring = UrlOptions::default().with_expires_in(std::time::Duration::from_secs(60));

    let without = open(&given, None).url(&name("a"), &expiring).await;
    let with = open(&given, Some(Arc::new(Signer)))
        .url(&name("a"), &expiring)
        .await;

    assert_eq!(
        without.as_ref().map_err(Error::kind),
        Err(ErrorKind::Unsupported)
    );
    assert_eq!(with.unwrap(), "/media/a?signed=a&for=Some(60s)");
}

#[test]
fn the_readme_shows_every_option() {
    let readme = include_str!("../../README.md");
    let rows: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| option |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();

    let expected: Vec<String> = FilesystemDriver::new()
        .options()
        .iter()
        .map(readme_row)
        .collect();

    assert_eq!(rows, expected);
}

fn readme_row(row: &OptionRow) -> String {
    let quoted = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let mut called = format!("`{}`", row.name);
    if !row.other_names.is_empty() {
        called += &format!(" ({})", quoted(row.other_names));
    }
    let mut takes = row.kind.expected().to_owned();
    if !row.default.is_empty() {
        takes += &format!(", default `{}`", row.default);
    }
    let mut from = quoted(row.settings_for(Files::Media));
    if row.settings_for(Files::Static) != row.settings_for(Files::Media) {
        from += &format!(
            ", for static files {}",
            quoted(row.settings_for(Files::Static))
        );
    }
    let help = row.help.trim_end_matches('.');
    format!("| {called} | {takes} | {from} | {help} |")
}
