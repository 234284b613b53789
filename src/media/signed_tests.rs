//! What is granted, and that nothing else is.

use proptest::prelude::*;
use storehouse_storage::{Name, UrlOptions, join_url};

use super::*;
use crate::storages::HmacSigner;

const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn key(text: &str) -> Secret {
    Secret::new(text)
}

fn verifier() -> UrlVerifier {
    UrlVerifier::new([&key("current")])
}

/// A URL for ten seconds from [`NOW`] on, as path and query.
fn signed_with(secret: &str, url: &str, options: &UrlOptions) -> (String, String) {
    let mut options = options.clone();
    options.expires_in.get_or_insert(Duration::from_secs(10));
    let signed = HmacSigner::new(&key(secret)).sign_at(url, &options, at(NOW));
    let signed = signed.unwrap();
    let (path, query) = signed.split_once('?').unwrap();
    (path.to_owned(), query.to_owned())
}

fn signed(url: &str, options: &UrlOptions) -> (String, String) {
    signed_with("current", url, options)
}

fn everything() -> UrlOptions {
    UrlOptions::default()
        .with_download_name("my report.pdf")
        .with_content_type("application/pdf")
}

#[test]
fn a_good_url_grants_what_was_asked_for() {
    let (path, query) = signed("/media/a.pdf", &everything());

    let grant = verifier().verify(&path, Some(&query), at(NOW)).unwrap();

    assert_eq!(grant.expires, at(NOW + 10));
    assert_eq!(grant.download_name.as_deref(), Some("my report.pdf"));
    assert_eq!(grant.content_type.as_deref(), Some("application/pdf"));
    assert_eq!(
        grant.content_disposition().as_deref(),
        Some("attachment; filename=\"my report.pdf\"")
    );
}

#[test]
fn nothing_is_granted_that_was_not_asked_for() {
    let (path, query) = signed("/media/a.pdf", &UrlOptions::default());

    let grant = verifier().verify(&path, Some(&query), at(NOW)).unwrap();

    assert_eq!((&grant.download_name, &grant.content_type), (&None, &None));
    assert_eq!(grant.content_disposition(), None);
}

#[test]
fn a_url_works_until_its_second_has_come() {
    let (path, query) = signed("/media/a.pdf", &everything());
    for (case, now, expected) in [
        ("at once", at(NOW), None),
        ("before it was made", at(0), None),
        ("just before", at(NOW + 10) - Duration::from_nanos(1), None),
        ("at the end", at(NOW + 10), Some(Refusal::Expired)),
        ("years later", at(2 * NOW), Some(Refusal::Expired)),
    ] {
        let answer = verifier().verify(&path, Some(&query), now);

        assert_eq!(answer.err(), expected, "{case}");
    }
}

const ALTERED: Option<Refusal> = Some(Refusal::Altered);
const MISSING: Option<Refusal> = Some(Refusal::Missing);

/// Paths that come with the query of `/media/a/b%20c.pdf`.
const PATHS: &[(&str, &str, Option<Refusal>)] = &[
    ("the same", "/media/a/b%20c.pdf", None),
    ("letters encoded", "/media/%61/b%20%63.pdf", None),
    ("other name", "/media/a/b.pdf", ALTERED),
    ("other prefix", "/static/a/b%20c.pdf", ALTERED),
    ("no prefix", "/a/b%20c.pdf", ALTERED),
    ("no path", "", ALTERED),
    ("longer", "/media/a/b%20c.pdf/d", ALTERED),
    ("a slash more", "/media/a//b%20c.pdf", ALTERED),
    ("a slash at the end", "/media/a/b%20c.pdf/", ALTERED),
    ("a step", "/media/x/../a/b%20c.pdf", ALTERED),
    ("encoded twice", "/media/a/b%2520c.pdf", ALTERED),
    ("encoded slash", "/media/a%2Fb%20c.pdf", ALTERED),
    ("a backslash", "/media/a\\b%20c.pdf", ALTERED),
    ("a plus", "/media/a/b+c.pdf", ALTERED),
    ("other case", "/media/A/b%20c.pdf", ALTERED),
    ("half a byte", "/media/a/b%2", ALTERED),
    ("no UTF-8", "/media/a/%FF", ALTERED),
];

#[test]
fn a_signature_is_good_for_one_path_however_it_is_encoded() {
    let (_, query) = signed("/media/a/b%20c.pdf", &everything());
    for (case, path, expected) in PATHS {
        let answer = verifier().verify(path, Some(&query), at(NOW));

        assert_eq!(answer.err(), *expected, "{case}");
    }
}

/// What is put in place of a part of the query.
const QUERIES: &[(&str, &str, &str, Option<Refusal>)] = &[
    ("as it is", "", "", None),
    ("letters encoded", "&type=app", "&t%79pe=%61pp", None),
    ("longer life", "=1800000010", "=9999999999", ALTERED),
    ("same number", "=1800000010", "=+1800000010", ALTERED),
    ("same number again", "=1800000010", "=01800000010", ALTERED),
    ("no number", "=1800000010", "=never", ALTERED),
    ("no end", "expires=1800000010&", "", ALTERED),
    (
        "other download name",
        "my%20report",
        "my%20rapport",
        ALTERED,
    ),
    ("a plus", "my%20report", "my+report", ALTERED),
    ("no download name", "download=my%20report.pdf&", "", ALTERED),
    ("empty", "download=my%20report.pdf", "download=", ALTERED),
    (
        "shown as a page",
        "application%2Fpdf",
        "text%2Fhtml",
        ALTERED,
    ),
    ("no type", "type=application%2Fpdf&", "", ALTERED),
    (
        "swapped",
        "my%20report.pdf&type=application%2Fpdf",
        "application%2Fpdf&type=my%20report.pdf",
        ALTERED,
    ),
    ("run together", ".pdf&type=", ".pdf%26type%3D", ALTERED),
    ("unsigned", "&signature=", "&s=", MISSING),
    ("empty signature", "&signature=", "&signature=&s=", ALTERED),
    ("other letters", "&signature=", "&Signature=", MISSING),
    ("two signatures", "&sig", "&signature=AAAA&sig", ALTERED),
    ("two ends", "&sig", "&expires=9999999999&sig", ALTERED),
    (
        "the same end twice",
        "&sig",
        "&expires=1800000010&sig",
        ALTERED,
    ),
    ("two ends, one encoded", "&sig", "&%65xpires=9&sig", ALTERED),
    ("malformed value", "&sig", "&download=%zz&sig", ALTERED),
    ("no value", "&sig", "&type&sig", ALTERED),
    (
        "of others",
        "&sig",
        "&utm_source=a&x=%zz&=&Expires=1&%zz&&sig",
        None,
    ),
];

#[test]
fn a_signature_is_good_for_its_parameters_alone() {
    let (path, query) = signed("/media/a.pdf", &everything());
    for (case, from, to, expected) in QUERIES {
        assert!(query.contains(from), "{case}: {query}");

        let answer = verifier().verify(&path, Some(&query.replacen(from, to, 1)), at(NOW));

        assert_eq!(answer.err(), *expected, "{case}");
    }
}

#[test]
fn nothing_can_be_added_to_a_url_that_carries_less() {
    let (path, query) = signed("/media/a.pdf", &UrlOptions::default());
    for added in ["type=text/html", "type=", "type", "type=%zz", "download=a"] {
        let query = format!("{query}&{added}");

        let answer = verifier().verify(&path, Some(&query), at(NOW));

        assert_eq!(answer.err(), ALTERED, "{added}");
    }
}

#[test]
fn a_signature_has_one_form() {
    let (path, query) = signed("/media/a.pdf", &everything());
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    let (_, of_stranger) = signed_with("stranger", &path, &everything());
    for (case, query, expected) in [
        ("another order", Some(pairs.join("&")), None),
        ("first of two", Some(format!("expires=9&{query}")), ALTERED),
        ("padded", Some(format!("{query}=")), ALTERED),
        ("cut", Some(query[..query.len() - 1].to_owned()), ALTERED),
        // Of 43 letters, 40 are 30 whole bytes.
        ("half", Some(query[..query.len() - 3].to_owned()), ALTERED),
        ("longer", Some(format!("{query}A")), ALTERED),
        ("by an unknown key", Some(of_stranger), ALTERED),
        ("nothing", Some(String::new()), MISSING),
        ("no query", None, MISSING),
        ("not ours", Some("type=a&type=b".to_owned()), MISSING),
    ] {
        let answer = verifier().verify(&path, query.as_deref(), at(NOW));

        assert_eq!(answer.err(), expected, "{case}");
    }
}

#[test]
fn what_has_expired_and_was_altered_tells_nothing_of_its_time() {
    let (path, query) = signed("/media/a.pdf", &everything());

    let answer = verifier().verify(&path, Some(&query.replace("pdf", "txt")), at(2 * NOW));

    assert_eq!(answer, Err(Refusal::Altered));
}

#[test]
fn a_new_key_leaves_the_urls_of_the_earlier_ones_good() {
    let (first, second, third) = (key("first"), key("second"), key("third"));
    for (case, keys, signed_by, is_good) in [
        ("the only key", vec![&first], "first", true),
        ("replaced", vec![&second], "first", false),
        ("fallback", vec![&second, &first], "first", true),
        ("current", vec![&second, &first], "second", true),
        (
            "last of three",
            vec![&third, &second, &first],
            "first",
            true,
        ),
        ("none of them", vec![&third, &second], "first", false),
        ("no key", vec![], "first", false),
    ] {
        let (path, query) = signed_with(signed_by, "/media/a.pdf", &everything());

        let answer = UrlVerifier::new(keys).verify(&path, Some(&query), at(NOW));

        let expected = (!is_good).then_some(Refusal::Altered);
        assert_eq!(answer.err(), expected, "{case}");
    }
}

#[test]
fn a_verifier_shows_no_key() {
    let shown = format!("{:?}", UrlVerifier::new([&key("PLANTED")]));

    assert_eq!(shown, "UrlVerifier { keys: [SigningKey(***)] }");
}

/// Text that means something to a URL, a header or a path.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("%2F"),
        Just("%"),
        Just("&"),
        Just("="),
        Just("\""),
        Just("\r\n"),
        Just("+"),
        Just("#"),
        Just("?"),
        Just(" "),
        Just("é"),
        Just("\u{202e}"),
        Just("a"),
        Just(";"),
        Just("signature=x"),
        Just("\n4:"),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_was_signed_comes_back(
        name in hostile(), download in prop::option::of(hostile()), typed in any::<bool>(), base in "(/media/|/|https://h/m/)",
    ) {
        let Ok(name) = Name::new(&name) else { return Ok(()) };
        let mut options = UrlOptions::default();
        options.download_name = download;
        options.content_type = typed.then(|| "text/plain; charset=\"utf-8\"".to_owned());

        let (url, query) = signed(&join_url(&base, &name), &options);
        let path = url.strip_prefix("https://h").unwrap_or(&url);
        let grant = verifier().verify(path, Some(&query), at(NOW));

        prop_assert!(query.bytes().all(|byte| byte.is_ascii_graphic()), "{}", query);
        let grant = grant.unwrap();
        prop_assert_eq!(grant.download_name, options.download_name);
        prop_assert_eq!(grant.content_type, options.content_type);
    }

    /// But for a letter of an encoding in the other case, which changes nothing that is said.
    #[test]
    fn no_byte_of_a_url_can_be_another(
        name in hostile(), download in hostile(), place in any::<prop::sample::Index>(), byte in b'!'..=b'~',
    ) {
        let Ok(name) = Name::new(&name) else { return Ok(()) };
        let options = everything().with_download_name(download);
        let (path, query) = signed(&join_url("/media/", &name), &options);
        let whole = format!("{path}?{query}");
        let mut bytes = whole.clone().into_bytes();
        let at_byte = place.index(bytes.len());
        bytes[at_byte] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assume!(!changed.eq_ignore_ascii_case(&whole) || is_plain(&whole, at_byte) && changed != whole);
        let (path, query) = match changed.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (changed.as_str(), None),
        };

        let answer = verifier().verify(path, query, at(NOW));

        prop_assert!(answer.is_err(), "{}\n{}", whole, changed);
    }

    #[test]
    fn two_names_never_share_a_signature(first in hostile(), second in hostile()) {
        let (Ok(first), Ok(second)) = (Name::new(&first), Name::new(&second)) else { return Ok(()) };
        prop_assume!(first != second);
        let (_, query) = signed(&join_url("/media/", &first), &everything());

        let answer = verifier().verify(&join_url("/media/", &second), Some(&query), at(NOW));

        prop_assert_eq!(answer, Err(Refusal::Altered));
    }

    #[test]
    fn no_request_makes_it_panic(path in any::<String>(), query in any::<String>(), seconds in any::<u64>()) {
        let answer = verifier().verify(&path, Some(&query), at(NOW));
        prop_assert!(answer.is_err());
        let query = format!("expires={seconds}&signature=AAAA&{query}");
        prop_assert!(verifier().verify("/a", Some(&query), at(NOW)).is_err());
    }
}

/// Whether the byte is no digit of a percent encoding.
fn is_plain(url: &str, place: usize) -> bool {
    !url[..place].ends_with('%') && !url[..place.saturating_sub(1)].ends_with('%')
}
