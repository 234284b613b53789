//! The manifest: which file is stored under which hashed name, and the URLs of pages made of it. It
//! processes nothing.
//!
//! The format is Django's `staticfiles.json` (`ManifestFilesMixin`, 6.1), version 1.1, byte for
//! byte; 1.0 is read too:
//!
//! ```json
//! {"paths": {"css/app.css": "css/app.5d41402abc4b.css"}, "version": "1.1", "hash": "b331f86bda4b"}
//! ```

pub(super) mod hashed;
pub(super) mod integrity;

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use storehouse_storage::{Error, ErrorKind, Name, Result, Storage, StorageExt};

use self::hashed::FileHash;
use crate::staticfiles::support::python::json::push_string;

/// The version that is written.
const VERSION: &str = "1.1";
/// The versions that are read.
const READ_VERSIONS: [&str; 2] = ["1.0", "1.1"];

/// What each file is stored as. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    paths: Arc<BTreeMap<String, String>>,
}

/// A manifest that is as it should be.
#[derive(Deserialize)]
struct Document<'json> {
    #[serde(borrow)]
    version: Cow<'json, str>,
    #[serde(deserialize_with = "all_pairs")]
    paths: BTreeMap<String, String>,
}

/// Reads all pairs before they are sorted: they come nearly in order, so that takes less time than to find
/// the place of each among those before it. Of two with one name the later counts.
fn all_pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    let pairs = deserializer.deserialize_map(Pairs)?;
    Ok(pairs.into_iter().collect())
}

impl Manifest {
    /// Takes pairs of a file's name and the name it is stored under.
    #[must_use]
    pub fn new(paths: BTreeMap<String, String>) -> Self {
        Self {
            paths: Arc::new(paths),
        }
    }

    /// Reads `staticfiles.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Integrity`] if it is damaged, or of a version that is not known.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        // Of tens of thousands of names this takes half the time. What is wrong is told below.
        if let Ok(Document { version, paths }) = serde_json::from_slice(json)
            && READ_VERSIONS.contains(&&*version)
        {
            return Ok(Self::new(paths));
        }
        let document: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| damaged(format!("no JSON: {error}")))?;
        let Some(version) = document.get("version") else {
            return Err(damaged("without a version".to_owned()));
        };
        if !READ_VERSIONS.iter().any(|known| version == known) {
            return Err(damaged(format!(
                "of version {version}, and known are {}",
                READ_VERSIONS.join(" and ")
            )));
        }
        let mut paths = BTreeMap::new();
        for (name, stored) in document
            .get("paths")
            .and_then(serde_json::Value::as_object)
            .into_iter()
            .flatten()
        {
            let Some(stored) = stored.as_str() else {
                return Err(damaged(format!("wrong at {name:?}, which has no name")));
            };
            paths.insert(name.clone(), stored.to_owned());
        }
        Ok(Self::new(paths))
    }

    /// Reads the manifest `name` of a storage.
    ///
    /// # Errors
    /// As [`Storage::open`]; as [`from_json`](Self::from_json), with the name.
    pub async fn load(storage: &dyn Storage, name: &Name) -> Result<Self> {
        load_json(storage, name, Self::from_json, "run collectstatic first").await
    }

    /// Returns the manifest as `staticfiles.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\"paths\": {");
        self.push_pairs(&mut json, ["", ": ", ""]);
        json.push_str("}, \"version\": ");
        push_string(&mut json, VERSION);
        json.push_str(", \"hash\": ");
        push_string(&mut json, &self.hash().to_string());
        json.push('}');
        json
    }

    /// Returns Django's `manifest_hash`: it changes if and only if a name or a content does.
    #[must_use]
    pub fn hash(&self) -> FileHash {
        let mut json = String::from("[");
        self.push_pairs(&mut json, ["[", ", ", "]"]);
        json.push(']');
        FileHash::of(json.as_bytes())
    }

    /// Returns all pairs of a file's name and the name it is stored under, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.paths.iter();
        pairs.map(|(name, stored)| (name.as_str(), stored.as_str()))
    }

    /// Returns what `name` is stored as.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.paths.get(name).map(String::as_str)
    }

    fn push_pairs(&self, json: &mut String, [before, between, after]: [&str; 3]) {
        for (index, (name, stored)) in self.paths.iter().enumerate() {
            if index > 0 {
                json.push_str(", ");
            }
            json.push_str(before);
            push_string(json, name);
            json.push_str(between);
            push_string(json, stored);
            json.push_str(after);
        }
    }
}

/// Reads the file `name` of a storage, which collectstatic wrote; `missing` is the advice where it
/// is not there.
///
/// # Errors
/// As [`Storage::open`]; as `parse`, with the name.
pub(super) async fn load_json<T>(
    storage: &dyn Storage,
    name: &Name,
    parse: fn(&[u8]) -> Result<T>,
    missing: &str,
) -> Result<T> {
    let json = storage
        .read(name)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => error.with_advice(missing),
            _ => error,
        })?;
    parse(&json).map_err(|error| {
        Error::new(
            error.kind(),
            format!("{name} in {}: {}", storage.describe(), error.problem()),
        )
        .with_advice("delete it, and run collectstatic again")
    })
}

fn damaged(how: String) -> Error {
    Error::new(ErrorKind::Integrity, format!("the manifest is {how}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(pairs: &[(&str, &str)]) -> Manifest {
        let pairs = pairs.iter();
        Manifest::new(
            pairs
                .map(|(name, stored)| ((*name).to_owned(), (*stored).to_owned()))
                .collect(),
        )
    }

    // By Django 6.1.3.
    #[test]
    fn it_is_written_as_django_does() {
        let manifest = manifest(&[
            ("s.css", "s.e2e7cb5bb68f.css"),
            ("a.png", "a.bff139fa05ac.png"),
            ("img/b.png", "img/b.9dfd70fdf15a.png"),
        ]);

        assert_eq!(
            manifest.to_json(),
            r#"{"paths": {"a.png": "a.bff139fa05ac.png", "img/b.png": "img/b.9dfd70fdf15a.png", "s.css": "s.e2e7cb5bb68f.css"}, "version": "1.1", "hash": "b331f86bda4b"}"#
        );
    }

    #[test]
    fn what_was_written_can_be_read() {
        let manifest = manifest(&[("é\"\u{7f}😀", "x")]);

        let read = Manifest::from_json(manifest.to_json().as_bytes()).unwrap();
        assert_eq!(read, manifest);
    }

    #[test]
    fn a_manifest_without_a_hash_is_read() {
        let json = br#"{"paths": {"a": "b"}, "version": "1.0"}"#;

        assert_eq!(Manifest::from_json(json).unwrap().get("a"), Some("b"));
    }

    #[test]
    fn a_manifest_that_cannot_be_used_says_why() {
        for (json, why) in [
            ("{", "no JSON"),
            ("[]", "without a version"),
            ("{}", "without a version"),
            (r#"{"version": "2.0"}"#, "of version \"2.0\""),
            (r#"{"version": 1.1}"#, "of version 1.1"),
            (r#"{"version": "1.1", "paths": {"a": 1}}"#, "wrong at \"a\""),
        ] {
            let error = Manifest::from_json(json.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{json}: {error}");
        }
    }
}
