//! The grammar of the storage string.

use proptest::prelude::{ProptestConfig, proptest};

use storehouse_storage::Address;

use super::*;

fn url(scheme: &str, authority: Option<&str>, path: &str, query: &[(&str, &str)]) -> SpecKind {
    let query = query
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Secret::new(*value)));
    SpecKind::Url {
        scheme: scheme.to_owned(),
        address: Address {
            authority: authority.map(str::to_owned),
            path: path.to_owned(),
        },
        query: query.collect(),
    }
}

#[test]
fn a_url_is_taken_apart_and_decoded_once() {
    for (text, expected) in [
        ("file:media", url("file", None, "media", &[])),
        ("file:", url("file", None, "", &[])),
        ("memory://", url("memory", Some(""), "", &[])),
        (
            "file:///srv/a%20b?mode=0644",
            url("file", Some(""), "/srv/a b", &[("mode", "0644")]),
        ),
        (
            "S3://Bucket/A?region_name=eu-west-1&gzip=1",
            url(
                "s3",
                Some("Bucket"),
                "/A",
                &[("region_name", "eu-west-1"), ("gzip", "1")],
            ),
        ),
        (
            "s3://b?endpoint_url=http://127.0.0.1:9000",
            url(
                "s3",
                Some("b"),
                "",
                &[("endpoint_url", "http://127.0.0.1:9000")],
            ),
        ),
        (
            "s3://b?secret_key=a/b+c%2Bd%25e%26f=g",
            url("s3", Some("b"), "", &[("secret_key", "a/b+c+d%e&f=g")]),
        ),
        ("s3://b?a=%2525", url("s3", Some("b"), "", &[("a", "%25")])),
        ("s3://b?a=", url("s3", Some("b"), "", &[("a", "")])),
        ("s3://b?", url("s3", Some("b"), "", &[])),
        (
            "file:///srv/me@home",
            url("file", Some(""), "/srv/me@home", &[]),
        ),
        ("file:a+b", url("file", None, "a+b", &[])),
        ("file:///a:b@c", url("file", Some(""), "/a:b@c", &[])),
    ] {
        assert_eq!(Spec::parse(text).unwrap().kind, expected, "{text}");
    }
}

#[test]
fn a_name_without_a_colon_is_a_driver_s_or_a_class() {
    for (text, driver, class) in [
        ("s3", "s3", None),
        ("Memory", "memory", None),
        ("storages.backends.s3.S3Storage", "s3", Some(Files::Media)),
        (
            "django.contrib.staticfiles.storage.StaticFilesStorage",
            "filesystem",
            Some(Files::Static),
        ),
    ] {
        let spec = Spec::parse(text).unwrap();

        assert_eq!(spec.kind, SpecKind::Short(driver.to_owned()), "{text}");
        assert_eq!(spec.class.map(|class| class.files), class, "{text}");
    }
}

#[test]
fn processing_is_asked_for_by_prefixes_in_any_order_or_by_a_class() {
    use Processing::{Compressed, Manifest};
    for (text, expected) in [
        ("file:a", vec![]),
        ("manifest+file:a", vec![Manifest]),
        ("Compressed+file:a", vec![Compressed]),
        ("compressed+manifest+s3", vec![Manifest, Compressed]),
        ("manifest+compressed+s3://b", vec![Manifest, Compressed]),
        (
            "whitenoise.storage.CompressedManifestStaticFilesStorage",
            vec![Manifest, Compressed],
        ),
        (
            "compressed+django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
            vec![Manifest, Compressed],
        ),
    ] {
        assert_eq!(Spec::parse(text).unwrap().processing, expected, "{text}");
    }
}

#[test]
fn what_is_no_storage_string_is_refused_with_what_to_write() {
    for (case, text, part) in [
        ("empty", "", "is empty"),
        ("blank before", " s3", "white space"),
        ("line end after", "s3\n", "white space"),
        ("path", "/srv/media", "write file:///srv/media"),
        ("relative path", "./media", "write file:./media"),
        ("Windows path", r"C:\media", "write file:///C:/media"),
        ("Windows path, relative", r"a\b", "write file:a/b"),
        ("no scheme", "://b", "is no scheme"),
        ("bad scheme", "a_b://c", "is no scheme"),
        (
            "mistyped prefix",
            "manifst+s3",
            "did you mean \"manifest+\"?",
        ),
        (
            "unknown prefix",
            "gzip+s3",
            "the prefixes are manifest+ and compressed+",
        ),
        (
            "prefix twice",
            "manifest+Manifest+s3",
            "manifest+ is there twice",
        ),
        ("nothing behind", "manifest+", "manifest+file:static"),
        ("key twice", "s3://b?a=1&a=2", "has the option \"a\" twice"),
        (
            "key twice, written in two ways",
            "s3://b?a=1&%61=2",
            "has the option \"a\" twice",
        ),
        (
            "no value",
            "s3://b?a",
            "part 1 of the query is no OPTION=VALUE",
        ),
        ("empty part", "s3://b?a=1&&b=2", "part 2 of the query"),
        ("bad percent", "s3://b/100%", "write %25 for a %"),
        (
            "bad percent in the query",
            "s3://b?a=%zz",
            "in part 1 of the query",
        ),
        ("not UTF-8", "file:%ff", "hex digits"),
        ("NUL", "file:%00", "hex digits"),
        ("fragment", "s3://b#c", "write %23"),
        ("fragment in the query", "s3://b?a=b#c", "write %23"),
    ] {
        let error = Spec::parse(text).unwrap_err().to_string();

        assert!(error.contains(part), "{case}: {error}");
    }
}

#[test]
fn no_message_shows_a_secret() {
    for text in [
        "s3://key:PLANTED@bucket",
        "s3://PLANTED@bucket",
        "s3://key:PLAN/PLANTED@bucket",
        "s3://key:PLAN?PLANTED@bucket",
        "s3://key%3APLANTED%40bucket",
        "s3://b?secret_key=PLANTED&PLANTED",
        "s3://b?secret_key=PLANTED%zz",
        "s3://b?secret_key=PLANTED#PLANTED",
        "s3://b?PLANTED=1&PLANTED=2",
        "s3?secret_key=PLANTED",
        "PLANTED+x+s3://b",
    ] {
        let error = Spec::parse(text).unwrap_err();

        assert!(!error.to_string().contains("PLANTED"), "{text}: {error}");
        assert!(
            !format!("{error:?}").contains("PLANTED"),
            "{text}: {error:?}"
        );
    }
    let spec = Spec::parse("s3://b?secret_key=PLANTED").unwrap();
    assert!(!format!("{spec:?}").contains("PLANTED"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_string_makes_the_parser_panic(text in ".{0,60}") {
        let _ = Spec::parse(&text);
    }

    #[test]
    fn no_string_that_looks_like_one_makes_the_parser_panic(
        text in "(manifest\\+|compressed\\+|x\\+){0,2}[a-zé3]{0,4}(:|://|:///)?[a-z/:@%é]{0,9}(\\?[a-z=&%#@+0-9]{0,20})?",
    ) {
        let _ = Spec::parse(&text);
    }

    #[test]
    fn a_value_that_is_encoded_comes_back(value in "\\PC{0,20}") {
        let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);

        let spec = Spec::parse(&format!("s3://b?a={encoded}")).unwrap();

        assert_eq!(spec.kind, url("s3", Some("b"), "", &[("a", &value)]));
    }
}
