//! The storage string: its grammar, and nothing else. Whether there is such a driver, and whether
//! it has such options, is decided in `prepare.rs`.
//!
//! ```text
//! string   = *( "manifest+" / "compressed+" ) ( url / name )
//! url      = scheme ":" [ "//" authority ] path [ "?" option *( "&" option ) ]
//! option   = key "=" value
//! name     = a driver's short name, such as "s3" / a dotted class path of Django's world
//! ```
//!
//! Scheme and prefixes are taken in any case (RFC 3986 section 3.1), the prefixes in any order.
//! Authority, path, keys and values are percent-decoded once. `+` is a plus: a URL's query is no
//! HTML form. A user name has no place in a storage string, and neither has a fragment.
//!
//! No message shows a value of the query, or any part that may be the rest of one.
//!
//! ```
//! use storehouse::storages::{Processing, Spec, SpecKind};
//!
//! let spec = Spec::parse("manifest+s3://assets/site?region_name=eu-west-1")?;
//!
//! assert_eq!(spec.processing, [Processing::Manifest]);
//! assert!(matches!(spec.kind, SpecKind::Url { scheme, .. } if scheme == "s3"));
//! # Ok::<(), storehouse_storage::Error>(())
//! ```

use super::processing::Processing;
use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use storehouse_storage::{Address, Error, Files, Result, Secret, nearest};

use super::{aliases, percent};

/// What a storage string says.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// What is done to static files on the way in, in the order in which it is done.
    pub processing: Vec<Processing>,
    /// Which storage.
    pub kind: SpecKind,
    /// What a dotted class path implies.
    pub class: Option<Class>,
}

/// Which storage a storage string means.
#[derive(Debug, Clone, PartialEq)]
pub enum SpecKind {
    /// A URL.
    Url {
        /// The scheme, in lower case.
        scheme: String,
        /// What stands between scheme and query.
        address: Address,
        /// The query, in order. Any value may be a secret.
        query: Vec<(String, Secret)>,
    },
    /// The short name of a driver: its options come from elsewhere.
    Short(String),
}

/// What a dotted class path implies beside the driver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Class {
    /// What its files are for.
    pub files: Files,
    /// The defaults of the class, where they are not the driver's. Every setting overrides them.
    pub defaults: &'static [(&'static str, bool)],
}

impl Spec {
    /// Reads a storage string.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration), without what
    /// may be a secret.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::configuration("the storage string is empty")
                .with_advice("write a URL such as file:media, or a name such as s3"));
        }
        if text.trim() != text || text.chars().any(char::is_control) {
            return Err(Error::configuration(
                "the storage string has a control character, or white space at an end",
            )
            .with_advice("take it out, or write it percent-encoded"));
        }
        let (mut processing, rest) = take_prefixes(text)?;
        let (kind, class) = match rest.split_once(':') {
            Some((scheme, rest)) => (parse_url(scheme, rest)?, None),
            None if rest.contains(['/', '\\', '?', '@', '#']) => return Err(no_url(rest)),
            None if rest.contains('.') => {
                let row = aliases::find(rest)?;
                add_processing(&mut processing, row.processing);
                let class = Class {
                    files: row.files,
                    defaults: row.defaults,
                };
                (SpecKind::Short(row.driver.to_owned()), Some(class))
            }
            None => (SpecKind::Short(rest.to_ascii_lowercase()), None),
        };
        processing.sort_unstable();
        Ok(Self {
            processing,
            kind,
            class,
        })
    }

    /// Returns the scheme, or the short name, by which a registry finds the driver.
    #[must_use]
    pub fn driver(&self) -> &str {
        match &self.kind {
            SpecKind::Url { scheme, .. } => scheme,
            SpecKind::Short(name) => name,
        }
    }
}

/// Whether a storage string names a class of Python that is not known here.
pub(super) fn is_unknown_class(text: &str) -> bool {
    let class = text.rsplit('+').next().unwrap_or_default();
    let is_class = class.contains('.') && !class.contains([':', '/', '\\', '?', '@', '#']);
    is_class && aliases::find(class).is_err()
}

/// Takes `manifest+` and `compressed+` off the start.
fn take_prefixes(text: &str) -> Result<(Vec<Processing>, &str)> {
    let mut processing = Vec::new();
    let mut rest = text;
    // A plus after the scheme is none of ours.
    while let Some((prefix, after)) = rest.split_once('+') {
        if prefix.contains([':', '/', '?', '.', '@']) {
            break;
        }
        let lower = prefix.to_ascii_lowercase();
        let known = Processing::ALL
            .into_iter()
            .find(|known| known.prefix() == lower);
        let Some(known) = known else {
            return Err(unknown_prefix(prefix));
        };
        if processing.contains(&known) {
            return Err(Error::configuration(format!(
                "{}+ is there twice",
                known.prefix()
            )));
        }
        processing.push(known);
        rest = after;
    }
    if rest.is_empty() {
        return Err(
            Error::configuration("after the last + no storage is named").with_advice(format!(
                "write a URL or a name behind it, such as {text}file:static"
            )),
        );
    }
    Ok((processing, rest))
}

/// Only what is near a prefix is shown: anything else may be a part of a secret.
fn unknown_prefix(prefix: &str) -> Error {
    match nearest(prefix, Processing::ALL.map(Processing::prefix)) {
        Some(near) => Error::configuration(format!("there is no prefix \"{prefix}+\""))
            .with_advice(format!("did you mean \"{near}+\"?")),
        None => Error::configuration("what stands before the + is no prefix")
            .with_advice("the prefixes are manifest+ and compressed+"),
    }
}

fn add_processing(processing: &mut Vec<Processing>, implied: &[Processing]) {
    for one in implied {
        if !processing.contains(one) {
            processing.push(*one);
        }
    }
}

/// What was meant is a path, or a URL without its scheme. It may hold a password.
fn no_url(text: &str) -> Error {
    let advice = if text.contains(['?', '@', '#']) {
        "write SCHEME://ADDRESS?OPTION=VALUE".to_owned()
    } else if text.starts_with('/') {
        format!("for a folder write file://{text}")
    } else {
        format!("for a folder write file:{}", text.replace('\\', "/"))
    };
    Error::configuration("the storage string is neither a URL nor a name").with_advice(advice)
}

fn parse_url(scheme: &str, rest: &str) -> Result<SpecKind> {
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    if scheme.len() == 1 && (rest.starts_with('\\') || rest.starts_with('/')) {
        let path = rest.replace('\\', "/");
        return Err(Error::configuration("a path is no storage string")
            .with_advice(format!("write file:///{scheme}:{path}")));
    }
    refuse_user_and_fragment(rest, query)?;
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        || !scheme.bytes().all(is_scheme)
    {
        return Err(
            Error::configuration("what stands before the first colon is no scheme")
                .with_advice("write a URL such as file:media or s3://bucket/prefix"),
        );
    }
    Ok(SpecKind::Url {
        scheme: scheme.to_ascii_lowercase(),
        address: parse_address(rest)?,
        query: parse_query(query.unwrap_or_default())?,
    })
}

/// A password may hold any sign but `@`, a slash and a question mark too: where an authority has
/// a colon, an `@` anywhere after it is taken for the end of a password.
fn refuse_user_and_fragment(rest: &str, query: Option<&str>) -> Result<()> {
    let authority = rest
        .strip_prefix("//")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let decoded = percent_decode_str(authority).decode_utf8_lossy();
    let whole_has_at = rest.contains('@') || query.is_some_and(|query| query.contains('@'));
    if decoded.contains('@') || decoded.contains(':') && whole_has_at {
        return Err(Error::configuration(
            "the storage string has a user name or a password before an @ (***)",
        )
        .with_advice(
            "credentials have options or settings of their own; in a value write %40 for @",
        ));
    }
    if rest.contains('#') || query.is_some_and(|query| query.contains('#')) {
        return Err(
            Error::configuration("the storage string has a #, which ends a URL")
                .with_advice("write %23 for it"),
        );
    }
    Ok(())
}

fn parse_address(rest: &str) -> Result<Address> {
    let (authority, path) = match rest.strip_prefix("//") {
        None => (None, rest),
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            (Some(authority), path)
        }
    };
    let decoded = |part| decode(part).ok_or_else(|| bad_percent("in the address"));
    Ok(Address {
        authority: authority.map(decoded).transpose()?,
        path: decoded(path)?,
    })
}

fn parse_query(query: &str) -> Result<Vec<(String, Secret)>> {
    let mut pairs = Vec::new();
    let mut keys = BTreeSet::new();
    if query.is_empty() {
        return Ok(pairs);
    }
    for (index, pair) in query.split('&').enumerate() {
        let part = format!("part {} of the query", index + 1);
        // It is not shown: it may be the rest of a secret with a `&` in it.
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Error::configuration(format!("{part} is no OPTION=VALUE"))
                .with_advice("in a value write %26 for &"));
        };
        let key = decode(key).ok_or_else(|| bad_percent(&format!("in {part}")))?;
        let value = decode(value).ok_or_else(|| bad_percent(&format!("in {part}")))?;
        if !keys.insert(key.clone()) {
            let shown = if is_option_name(&key) { &*key } else { "***" };
            return Err(Error::configuration(format!(
                "the query has the option {shown:?} twice"
            )));
        }
        pairs.push((key, Secret::new(value)));
    }
    Ok(pairs)
}

/// Returns whether a text has the form of an option's name.
pub(super) fn is_option_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 40
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Decodes once; `None` where a `%` begins nothing, or where the bytes are no text.
fn decode(text: &str) -> Option<String> {
    let decoded = percent::decoded(text)?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

fn bad_percent(place: &str) -> Error {
    Error::configuration(format!(
        "a % {place} does not begin a character: two hex digits for each byte of UTF-8"
    ))
    .with_advice("write %25 for a %")
}
