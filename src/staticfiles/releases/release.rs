//! One release: a manifest that is kept with all that it takes to put it in force again. Values in,
//! values out; where releases are kept is known in `mod.rs`.
//!
//! A release is one JSON document, `.storehouse/releases/ID.json`:
//!
//! ```json
//! {
//!   "version": 1,
//!   "id": "20261125T041502Z-b331f86bda4b",
//!   "created": "2026-11-25T04:15:02Z",
//!   "rules": "9f96bca8e9fcc4bf",
//!   "manifest": { "name": "staticfiles.json", "text": "{\"paths\": …}" },
//!   "files": ["css/app.5d41402abc4b.css", "css/app.5d41402abc4b.css.gz"]
//! }
//! ```
//!
//! `rules` may be missing. The manifest is kept as it was, so that a rollback gives back the same
//! bytes. `files` are the names that pages of the release need: all that the manifest names, and
//! their compressed copies. Integrity digests need not be kept: those of the files are in force as
//! long as the files are there.

use std::{
    collections::BTreeSet,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value as Json, json};
use storehouse_storage::{Error, ErrorKind, Name, Result};

use super::{RELEASES, SUFFIX};
use crate::staticfiles::manifest::{Manifest, hashed::FileHash};

const VERSION: u64 = 1;
/// The last second of the year 9999: no later one has the form of RFC 3339.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a release is called: when it was made, in UTC, and Django's hash of its manifest, for example
/// `20261125T041502Z-b331f86bda4b`. Sorted, the oldest is first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseId(Box<str>);

impl ReleaseId {
    fn new(created: SystemTime, hash: &FileHash) -> Self {
        let time = rfc3339(created).replace(['-', ':'], "");
        Self(format!("{time}-{hash}").into())
    }

    /// Reads an id; `None` if it has not the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (time, hash) = text.split_once('-')?;
        let is_hash = hash.len() == 12
            && hash
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_time = time.len() == 16
            && time.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            });
        (is_hash && is_time).then(|| Self(text.into()))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A small file that is kept whole: its name in the destination, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Its name.
    pub name: Name,
    /// Its content.
    pub text: String,
}

/// A manifest that is kept, and the names that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    id: ReleaseId,
    name: Name,
    created: SystemTime,
    manifest: KeptFile,
    paths: Manifest,
    rules: Option<String>,
    files: BTreeSet<Name>,
}

impl Release {
    /// Makes a release of a manifest, for example one that is about to be put in force.
    ///
    /// `created` is cut to whole seconds; [`Releases::next_time`](super::Releases::next_time) gives
    /// one that is later than all others. Each file that the manifest names belongs to the release;
    /// `others` are their compressed copies.
    ///
    /// # Errors
    /// [`ErrorKind::Integrity`] if it is no manifest, or names something that is no name.
    pub fn new(
        created: SystemTime,
        manifest: KeptFile,
        others: impl IntoIterator<Item = Name>,
    ) -> Result<Self> {
        let created = whole_seconds(created);
        let paths = Manifest::from_json(manifest.text.as_bytes())?;
        let mut files: BTreeSet<Name> = others.into_iter().collect();
        for (_, stored) in paths.iter() {
            let name = Name::new(stored).map_err(|error| {
                damaged(format!("its manifest has {stored:?}: {}", error.problem()))
            })?;
            files.insert(name);
        }
        let id = ReleaseId::new(created, &paths.hash());
        Ok(Self {
            name: Name::new(format!("{RELEASES}/{id}{SUFFIX}"))?,
            id,
            created,
            manifest,
            paths,
            rules: None,
            files,
        })
    }

    /// Adds the fingerprint of the rules that its files were stored by.
    #[must_use]
    pub fn with_rules(mut self, fingerprint: impl Into<String>) -> Self {
        self.rules = Some(fingerprint.into());
        self
    }

    /// Returns what it is called.
    #[must_use]
    pub fn id(&self) -> &ReleaseId {
        &self.id
    }

    /// Returns when it was made.
    #[must_use]
    pub fn created(&self) -> SystemTime {
        self.created
    }

    /// Returns where it is kept.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Returns its manifest as it was written.
    #[must_use]
    pub fn manifest(&self) -> &KeptFile {
        &self.manifest
    }

    /// Returns what its manifest says.
    #[must_use]
    pub fn paths(&self) -> &Manifest {
        &self.paths
    }

    /// Returns the fingerprint of the rules that its files were stored by, where it is known.
    #[must_use]
    pub fn rules(&self) -> Option<&str> {
        self.rules.as_deref()
    }

    /// Returns the names that its pages need, sorted.
    #[must_use]
    pub fn files(&self) -> &BTreeSet<Name> {
        &self.files
    }

    /// Returns the release as it is kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        let manifest = json!({ "name": self.manifest.name.as_str(), "text": self.manifest.text });
        let files: Vec<&str> = self.files.iter().map(Name::as_str).collect();
        let mut document = json!({
            "version": VERSION,
            "id": self.id.as_str(),
            "created": rfc3339(self.created),
            "manifest": manifest,
            "files": files,
        });
        if let Some(rules) = &self.rules {
            document["rules"] = json!(rules);
        }
        document.to_string()
    }

    /// Reads a release.
    ///
    /// # Errors
    /// [`ErrorKind::Integrity`] if it is damaged, or of a version that is not known.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let document: Json =
            serde_json::from_slice(json).map_err(|error| damaged(format!("no JSON: {error}")))?;
        match document.get("version").and_then(Json::as_u64) {
            Some(VERSION) => {}
            Some(other) => {
                return Err(damaged(format!(
                    "of version {other}, and known is {VERSION}"
                )));
            }
            None => return Err(damaged("without a version".to_owned())),
        }
        let created = text(&document, "created")?;
        let created = humantime::parse_rfc3339(created)
            .map_err(|_| damaged(format!("wrong at \"created\", which has {created:?}")))?;
        let files = document.get("files").and_then(Json::as_array);
        let files = files.ok_or_else(|| damaged("without \"files\"".to_owned()))?;
        let files = files.iter().map(|file| {
            let file = file.as_str().unwrap_or_default();
            name(file)
        });
        let files: Vec<Name> = files.collect::<Result<_>>()?;
        let manifest = document.get("manifest").unwrap_or(&Json::Null);
        let mut release = Self::new(created, kept_file(manifest)?, files)?;
        let rules = document.get("rules").and_then(Json::as_str);
        release.rules = rules.map(str::to_owned);
        if text(&document, "id")? != release.id.as_str() {
            return Err(damaged(format!(
                "called something else than {}, which its manifest and its time make",
                release.id
            )));
        }
        Ok(release)
    }
}

fn kept_file(document: &Json) -> Result<KeptFile> {
    Ok(KeptFile {
        name: name(text(document, "name")?)?,
        text: text(document, "text")?.to_owned(),
    })
}

fn text<'d>(document: &'d Json, key: &str) -> Result<&'d str> {
    let text = document.get(key).and_then(Json::as_str);
    text.ok_or_else(|| damaged(format!("without a text {key:?}")))
}

fn name(text: &str) -> Result<Name> {
    Name::new(text).map_err(|error| damaged(format!("wrong at {text:?}: {}", error.problem())))
}

fn damaged(how: String) -> Error {
    Error::new(ErrorKind::Integrity, format!("the release is {how}"))
}

/// Cuts a time to whole seconds that can be written, whatever a clock says.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND))
}

fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
