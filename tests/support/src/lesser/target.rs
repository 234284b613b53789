//! A request's path and query, taken apart, and written again as signatures cover them.
//!
//! Clients write the same target in many ways (`?uploads` and `?uploads=`, `%2f` and `%2F`); the
//! service signs one of them. Which operation it is says `operation`.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::{sigv4, xml};

/// The parameters of a listing of version 1, and one that SDKs add to any request.
const LISTING: [&str; 6] = [
    "delimiter",
    "encoding-type",
    "marker",
    "max-keys",
    "prefix",
    "x-id",
];

/// The parameters of an object's own requests that ask for something else than the object.
const SUBRESOURCES: [&str; 6] = [
    "acl",
    "attributes",
    "legal-hold",
    "retention",
    "tagging",
    "torrent",
];

/// Path and query, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    path: String,
    query: Vec<(String, String)>,
}

impl Target {
    /// Takes a target apart as it stands in a request line.
    pub(crate) fn of(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self {
            path: percent_decode_str(path).decode_utf8_lossy().into_owned(),
            query: pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (xml::decode_key(key), xml::decode_key(value))
                })
                .collect(),
        }
    }

    /// Returns the path: bucket and key.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the key; `None` if the request is one of the bucket or of the service.
    pub(crate) fn key(&self) -> Option<&str> {
        let (_bucket, key) = self.path.strip_prefix('/')?.split_once('/')?;
        (!key.is_empty()).then_some(key)
    }

    /// Returns the value of a parameter; empty if it has none.
    pub(crate) fn get(&self, parameter: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == parameter)
            .map(|(_, value)| value.as_str())
    }

    /// Removes these parameters.
    pub(crate) fn remove(&mut self, parameters: &[&str]) {
        self.query
            .retain(|(key, _)| !parameters.contains(&key.as_str()));
    }

    /// Returns whether it lists a bucket by version 1.
    pub(crate) fn is_listing(&self) -> bool {
        let mut keys = self.query.iter().map(|(key, _)| key.as_str());
        self.path.len() > 1 && keys.all(|key| LISTING.contains(&key))
    }

    /// Returns whether it is about something that belongs to the object, such as its tags.
    pub(crate) fn is_subresource(&self) -> bool {
        let mut keys = self.query.iter().map(|(key, _)| key.as_str());
        keys.any(|key| SUBRESOURCES.contains(&key))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query: Vec<_> = self
            .query
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        f.write_str(&sigv4::target(&self.path, &query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_written_as_it_is_signed() {
        for (case, target, expected) in [
            ("a parameter with no value", "/b/k?uploads", "/b/k?uploads="),
            (
                "encoded in small letters",
                "/b/a%c3%bc?prefix=a%2fb",
                "/b/a%C3%BC?prefix=a%2Fb",
            ),
            ("encoded too little", "/b/a(b)?x=!", "/b/a%28b%29?x=%21"),
            ("encoded too much", "/b/%61%2Fb", "/b/a/b"),
            (
                "a plus is one, and a blank in a query",
                "/b/a+b?x=a+b",
                "/b/a%2Bb?x=a%20b",
            ),
            ("no query", "/b/?", "/b/"),
        ] {
            assert_eq!(Target::of(target).to_string(), expected, "{case}");
        }
    }

    #[test]
    fn a_key_is_what_follows_the_bucket() {
        for (target, expected) in [
            ("/b/a/b", Some("a/b")),
            ("/b/?x=1", None),
            ("/b", None),
            ("/", None),
        ] {
            assert_eq!(Target::of(target).key(), expected, "{target}");
        }
    }
}
