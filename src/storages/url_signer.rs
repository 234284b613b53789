//! Signs the URLs of storages whose service has no signed URLs, such as a folder, with `SECRET_KEY`.
//! Who checks them is [`crate::media::UrlVerifier`].
//!
//! A signed URL has these parameters in its query, the middle two only where they were asked for:
//!
//! | parameter | says |
//! |---|---|
//! | `expires` | until when it works, in seconds since 1970 |
//! | `download` | the name to save the file under |
//! | `type` | the `Content-Type` of the answer |
//! | `signature` | HMAC-SHA256 over all of them and the path, base64url without padding |
//!
//! What is signed is a text of lines `KEY=LENGTH:VALUE`, the length in bytes, for `path`, `expires`,
//! `download` and `type` in this order; a parameter that is not there has no line. The path is that of
//! the URL with the prefix, percent-decoded once: a name has many encodings, and proxies change from one
//! to another. So scheme and host are not signed, and storages whose URLs have the same path share
//! their signatures.
//!
//! The key is HMAC-SHA256 with `SECRET_KEY` over a text that names this purpose, so that a signature
//! is of no use where the same `SECRET_KEY` signs something else (as Django's `salted_hmac`,
//! `django/utils/crypto.py`).

use std::{
    borrow::Cow,
    fmt::{self, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;
use storehouse_storage::{Error, Name, Result, Secret, UrlOptions, UrlSigner, UrlSigning};

use super::percent;

/// What the key is derived for. The number changes with what is signed.
const PURPOSE: &[u8] = b"storehouse: signed URL of a file, to GET, version 1";

pub(crate) const EXPIRES: &str = "expires";
pub(crate) const DOWNLOAD: &str = "download";
pub(crate) const TYPE: &str = "type";
pub(crate) const SIGNATURE: &str = "signature";

/// All but what RFC 3986 calls unreserved.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Signs URLs with HMAC-SHA256; `Storages` gives one to every driver if there is a `SECRET_KEY`.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use storehouse::{media::{Refusal, UrlVerifier}, storage::{Secret, UrlOptions}, storages::HmacSigner};
///
/// let key = Secret::new("a long and random text");
/// let verifier = UrlVerifier::new([&key]);
/// let now = SystemTime::now();
///
/// let options = UrlOptions::default().with_expires_in(Duration::from_secs(60));
/// let url = HmacSigner::new(&key).sign_at("/media/a.pdf", &options, now)?;
/// let (path, query) = url.split_once('?').expect("a signature");
///
/// assert!(verifier.verify(path, Some(query), now).is_ok());
/// let refused = verifier.verify("/media/b.pdf", Some(query), now);
/// assert_eq!(refused, Err(Refusal::Altered));
/// let refused = verifier.verify(path, Some(query), now + Duration::from_secs(62));
/// assert_eq!(refused, Err(Refusal::Expired));
/// # Ok::<(), storehouse::storage::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HmacSigner(SigningKey);

impl HmacSigner {
    /// Makes a signer from `SECRET_KEY`, whatever its length.
    #[must_use]
    pub fn new(secret_key: &Secret) -> Self {
        Self(SigningKey::derive(secret_key))
    }

    /// Signs as [`UrlSigner::sign`] does, at a time of the caller's choice: the URL works from
    /// then on, for as long as `options` say or for an hour, rounded up to a whole second.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](storehouse_storage::ErrorKind::Unsupported) for a URL that does not
    /// begin with a slash or a host, or has a query of its own; for a lifetime of zero, or one that
    /// ends in no year that the system knows; for a content type that is no value of a header.
    pub fn sign_at(&self, url: &str, options: &UrlOptions, now: SystemTime) -> Result<String> {
        let path = path_of(url).and_then(decoded_path).ok_or_else(|| {
            Error::unsupported(format!("{url:?} is no URL that can be signed")).with_advice(
                "a base_url starts with a slash, or with https:// and a host, and has no query",
            )
        })?;
        let lasts = options.expires_in;
        let expires = expiry(
            now,
            lasts.unwrap_or(UrlSigning::default().querystring_expire),
        )?;
        if let Some(content_type) = &options.content_type {
            check_content_type(content_type)?;
        }
        let claims = Claims {
            path: &path,
            expires: &expires,
            download: options.download_name.as_deref(),
            content_type: options.content_type.as_deref(),
        };
        let mut signed = url.to_owned();
        let mut start = '?';
        for (key, value) in claims.parameters() {
            if let Some(value) = value {
                let value = utf8_percent_encode(value, QUOTED);
                // Writing to a String does not fail.
                let _ = write!(signed, "{start}{key}={value}");
                start = '&';
            }
        }
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.0.signature(&claims));
        let _ = write!(signed, "&{SIGNATURE}={signature}");
        Ok(signed)
    }
}

impl UrlSigner for HmacSigner {
    fn sign(&self, url: &str, _name: &Name, options: &UrlOptions) -> Result<String> {
        // The name is in the path.
        self.sign_at(url, options, SystemTime::now())
    }
}

/// What a signature is over.
pub(crate) struct Claims<'a> {
    /// Decoded, as [`decoded_path`] gives it.
    pub(crate) path: &'a str,
    pub(crate) expires: &'a str,
    pub(crate) download: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// What stands in the query, in the order in which it is signed.
    fn parameters(&self) -> [(&'static str, Option<&'a str>); 3] {
        [
            (EXPIRES, Some(self.expires)),
            (DOWNLOAD, self.download),
            (TYPE, self.content_type),
        ]
    }

    /// The text that is signed. With the lengths no value can be read as the start of the next.
    fn text(&self) -> String {
        let mut text = String::new();
        for (key, value) in [("path", Some(self.path))]
            .into_iter()
            .chain(self.parameters())
        {
            if let Some(value) = value {
                let _ = writeln!(text, "{key}={}:{value}", value.len());
            }
        }
        text
    }
}

/// A key that signs URLs and nothing else.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    pub(crate) fn derive(secret_key: &Secret) -> Self {
        let derived = keyed(secret_key.expose().as_bytes())
            .chain_update(PURPOSE)
            .finalize();
        Self(keyed(&derived.into_bytes()))
    }

    fn signature(&self, claims: &Claims<'_>) -> [u8; 32] {
        let mac = self.0.clone().chain_update(claims.text());
        mac.finalize().into_bytes().into()
    }

    /// Returns whether this key has made `signature`, in a time that does not tell how much of it fits.
    pub(crate) fn has_signed(&self, claims: &Claims<'_>, signature: &[u8]) -> bool {
        let mac = self.0.clone().chain_update(claims.text());
        mac.verify_slice(signature).is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// Returns the path that a URL's path means, decoded once; `None` for one that is malformed. An
/// encoded slash has no place in a name, and would read as another path here.
pub(crate) fn decoded_path(path: &str) -> Option<Cow<'_, str>> {
    let decoded = percent::decoded(path)?;
    let slashes = |text: &str| text.bytes().filter(|&byte| byte == b'/').count();
    (slashes(&decoded) == slashes(path)).then_some(decoded)
}

/// Returns the path of a URL, `None` if a browser would ask for something else: it is relative, or
/// has a query or a fragment.
fn path_of(url: &str) -> Option<&str> {
    let path = match url.split_once("//") {
        Some(("" | "http:" | "https:", rest)) => &rest[rest.find('/')?..],
        _ => url,
    };
    (path.starts_with('/') && !path.contains(['?', '#'])).then_some(path)
}

/// Returns the end of a lifetime, in whole seconds since 1970: never earlier than was asked for.
fn expiry(now: SystemTime, lasts: Duration) -> Result<String> {
    let unsupported = || {
        let seconds = lasts.as_secs();
        Error::unsupported(format!("a signed URL cannot work for {seconds} seconds"))
            .with_advice("take a second or more, and an end that the system's clock can say")
    };
    if lasts.is_zero() {
        return Err(unsupported());
    }
    let end = now.checked_add(lasts).ok_or_else(unsupported)?;
    let end = end.duration_since(UNIX_EPOCH).map_err(|_| unsupported())?;
    let seconds = end.as_secs() + u64::from(end.subsec_nanos() > 0);
    Ok(seconds.to_string())
}

/// What is no value of a header could never be answered with.
fn check_content_type(value: &str) -> Result<()> {
    let is_good = !value.is_empty() && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_good {
        return Ok(());
    }
    Err(Error::unsupported(format!("{value:?} is no content type"))
        .with_advice("write it as text/plain; charset=utf-8, in ASCII"))
}

#[cfg(test)]
mod tests {
    use storehouse_storage::ErrorKind;

    use super::*;

    const KEY: &str = "PLANTED";

    fn signer() -> HmacSigner {
        HmacSigner::new(&Secret::new(KEY))
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// Made with Python's `hmac` and `hashlib`, from the module's text alone.
    #[test]
    fn a_url_is_signed_as_the_module_says() {
        let minute = UrlOptions::default().with_expires_in(Duration::from_secs(60));
        let all = minute
            .clone()
            .with_download_name("é & \"b\".txt")
            .with_content_type("text/plain; charset=utf-8");
        for (case, url, options, expected) in [
            (
                "expiry alone",
                "/media/a%20b.txt",
                &minute,
                "/media/a%20b.txt?expires=1060&signature=3YeLCkVUlcyVD8YEXhxZak3neDowuj91qvVg3AXaBNk",
            ),
            (
                "all, behind a host",
                "https://media.example.org/a%20b.txt",
                &all,
                "https://media.example.org/a%20b.txt?expires=1060&download=%C3%A9%20%26%20%22b%22.txt&type=text%2Fplain%3B%20charset%3Dutf-8&signature=pVRLMFwbvXAkagiU_bQEs-kyG5eqd1qVSitxcArMCwM",
            ),
        ] {
            let signed = signer().sign_at(url, options, at(1000)).unwrap();

            assert_eq!(signed, expected, "{case}");
        }
    }

    #[test]
    fn scheme_and_host_are_not_signed() {
        let signature = |url: &str| {
            let signed = signer().sign_at(url, &UrlOptions::default(), at(1000));
            let signed = signed.unwrap();
            assert!(signed.starts_with(url), "{signed}");
            signed.split_once('?').unwrap().1.to_owned()
        };
        let expected = signature("/m/a");
        for (url, is_same) in [
            ("https://h/m/a", true),
            ("http://h:8080/m/a", true),
            ("//h/m/a", true),
            ("/m//a", false),
            ("/h//m/a", false),
        ] {
            assert_eq!(signature(url) == expected, is_same, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_promised_is_refused_with_what_to_do() {
        let plain = UrlOptions::default();
        let no_time = plain.clone().with_expires_in(Duration::ZERO);
        let for_ever = plain.clone().with_expires_in(Duration::MAX);
        let two_lines = plain.clone().with_content_type("text/html\r\nx: y");
        let foreign = plain.clone().with_content_type("text/é");
        let nothing = plain.clone().with_content_type("");
        for (case, url, options, part) in [
            ("relative", "media/a", &plain, "starts with a slash"),
            ("no name", "https://h", &plain, "starts with a slash"),
            ("nothing", "", &plain, "starts with a slash"),
            ("other scheme", "ftp://h/a", &plain, "starts with a slash"),
            ("a query", "/media?v=1/a", &plain, "has no query"),
            ("a fragment", "/media#x/a", &plain, "has no query"),
            ("an encoded slash", "/a%2Fb/c", &plain, "can be signed"),
            ("half a byte", "/a%2/c", &plain, "can be signed"),
            ("no time", "/a", &no_time, "0 seconds"),
            ("too long", "/a", &for_ever, "a second or more"),
            ("two lines", "/a", &two_lines, "no content type"),
            ("not ASCII", "/a", &foreign, "no content type"),
            ("empty", "/a", &nothing, "no content type"),
        ] {
            let error = signer().sign_at(url, options, at(1000)).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Unsupported, "{case}");
            assert!(error.to_string().contains(part), "{case}: {error}");
        }
    }

    #[test]
    fn a_url_never_ends_before_its_time() {
        let now = at(1000) + Duration::from_millis(1);
        for (lasts, expires) in [
            (Duration::from_secs(60), "expires=1061&"),
            (Duration::from_millis(999), "expires=1001&"),
            (Duration::from_millis(1), "expires=1001&"),
        ] {
            let options = UrlOptions::default().with_expires_in(lasts);

            let url = signer().sign_at("/a", &options, now).unwrap();

            assert!(url.contains(expires), "{lasts:?}: {url}");
        }
    }

    #[test]
    fn the_key_shows_nowhere() {
        let signer = signer();
        let url = signer.sign_at("/a", &UrlOptions::default(), at(0)).unwrap();

        assert_eq!(format!("{signer:?}"), "HmacSigner(SigningKey(***))");
        assert!(!url.contains(KEY), "{url}");
    }
}
