//! The options through the registry, and the README that shows them.

use std::sync::Arc;

use storehouse_s3::S3Driver;
use storehouse_storage::{
    Driver, ErrorKind, OptionKind, OptionRow, Options, Prefixed, Registry, RequestCounts, Storage,
    Value,
};

use crate::fixture::{config, name};

#[test]
fn both_schemes_open_a_storage_that_shows_its_place() {
    let mut registry = Registry::default();
    registry.register(Arc::new(S3Driver));
    for scheme in ["s3", "s3a"] {
        let given = config(&[
            ("bucket_name", "assets"),
            ("location", "site"),
            ("access_key", "a"),
            ("secret_key", "s"),
        ]);

        let storage = registry.open(scheme, given, None).unwrap();

        assert_eq!(storage.describe(), "s3://assets/site");
    }
}

#[test]
fn a_storage_replaces_only_if_told_to() {
    let keys = [
        ("bucket_name", "assets"),
        ("access_key", "a"),
        ("secret_key", "s"),
    ];
    for (more, expected) in [
        (&[][..], false),
        (&[("file_overwrite", "true")], true),
        (&[("allow_overwrite", "true")], true),
    ] {
        let given = [&keys[..], more].concat();
        let options = given.iter().map(|(name, text)| match *text {
            "true" => (*name, Value::Flag(true)),
            text => (*name, Value::from(text)),
        });
        let options = Options::new(S3Driver.options(), options).unwrap();

        let storage = S3Driver
            .open(storehouse_storage::DriverConfig::new(options))
            .unwrap();

        assert_eq!(storage.allow_overwrite(), expected);
    }
}

#[test]
fn options_that_do_not_go_together_are_refused_at_once() {
    for (case, more) in [
        ("half a pair", vec![("access_key", "a")]),
        (
            "profile and keys",
            vec![
                ("access_key", "a"),
                ("secret_key", "s"),
                ("session_profile", "p"),
            ],
        ),
        (
            "a scheme in the domain",
            vec![("custom_domain", "https://cdn.example.com")],
        ),
        (
            "a slash after the domain",
            vec![("custom_domain", "cdn.example.com/")],
        ),
        (
            "an unsigned content without TLS",
            vec![
                ("endpoint_url", "http://127.0.0.1:9000"),
                ("unsigned_payload", "true"),
            ],
        ),
        (
            "an unsigned content to Amazon without TLS",
            vec![("use_ssl", "false"), ("use_unsigned_payload", "true")],
        ),
        ("no such bundle", vec![("ca_bundle", "/no/such/bundle.pem")]),
        (
            "a bucket before an address",
            vec![
                ("endpoint_url", "http://127.0.0.1:9000"),
                ("addressing_style", "virtual"),
            ],
        ),
    ] {
        let given = [vec![("bucket_name", "assets")], more].concat();

        let error = S3Driver.open(config(&given)).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Configuration, "{case}: {error}");
    }
}

#[test]
fn what_goes_together_is_taken() {
    for more in [
        &[("unsigned_payload", "true")][..],
        &[
            ("unsigned_payload", "true"),
            ("endpoint_url", "https://minio:9000"),
            ("public_endpoint_url", "http://minio:9000"),
        ],
    ] {
        let keys = [
            ("bucket_name", "assets"),
            ("access_key", "a"),
            ("secret_key", "s"),
        ];

        let opened = S3Driver.open(config(&[&keys[..], more].concat()));

        assert!(opened.is_ok(), "{more:?}");
    }
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

    let expected: Vec<String> = S3Driver.options().iter().map(readme_row).collect();

    assert_eq!(rows, expected, "\n{}", expected.join("\n"));
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
    let mut takes = match row.kind {
        OptionKind::Choice(words) => quoted(words),
        kind => kind.expected().to_owned(),
    };
    if !row.default.is_empty() {
        takes += &format!(", default `{}`", row.default);
    }
    let help = row.help.trim_end_matches('.');
    format!("| {called} | {takes} | {} | {help} |", quoted(row.settings))
}

#[test]
fn decorators_tell_the_counts_of_the_storage_inside() {
    let mut registry = Registry::default();
    registry.register(Arc::new(S3Driver));
    let config = config(&[
        ("bucket_name", "assets"),
        ("access_key", "a"),
        ("secret_key", "b"),
    ]);

    let storage = registry.open("s3", config, None).unwrap();
    let inside = Prefixed::new(Arc::clone(&storage), name("folder"));

    assert_eq!(storage.request_counts(), Some(RequestCounts::default()));
    assert_eq!(inside.request_counts(), Some(RequestCounts::default()));
}
