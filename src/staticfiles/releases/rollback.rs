//! Rollback: which release comes in force, whether all its files are there, and the switch itself,
//! which is one write of the manifest. Nothing is deleted.

use std::collections::HashSet;

use storehouse_storage::{
    Content, Error, ErrorKind, Name, Result, SaveOptions, Storage, Target, nearest,
};

use super::{Release, Releases};
use crate::{
    staticfiles::{
        manifest::Manifest,
        rules::{FINGERPRINT_KEY, ObjectKind, ObjectRules},
        support::md5::md5_hex,
    },
    storages::DIGEST_KEY,
};

/// How many missing files a message names.
const MOST_SHOWN: usize = 5;

impl Releases {
    /// Returns the release that a rollback puts in force: the one with this id, or the one before
    /// that in force.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], saying which ids there are: an id that is not kept; without one,
    /// nothing before the release in force, or a manifest that no release says.
    pub fn to_roll_back_to(
        &self,
        id: Option<&str>,
        in_force: Option<&Manifest>,
    ) -> Result<&Release> {
        match id {
            Some(id) => self.with_id(id),
            None => self.before(in_force),
        }
    }

    fn with_id(&self, id: &str) -> Result<&Release> {
        let found = self.iter().find(|release| release.id().as_str() == id);
        found.ok_or_else(|| {
            let ids = self.iter().rev().map(|release| release.id().as_str());
            let advice = match nearest(id, ids) {
                Some(near) => format!("did you mean {near:?}?"),
                None => self.advice(),
            };
            Error::new(ErrorKind::NotFound, format!("there is no release {id:?}"))
                .with_advice(advice)
        })
    }

    fn before(&self, in_force: Option<&Manifest>) -> Result<&Release> {
        let current = in_force.and_then(|manifest| self.current(manifest));
        let Some(current) = current else {
            let problem = "the manifest in force is no release, so that there is none before it";
            return Err(Error::new(ErrorKind::NotFound, problem).with_advice(self.advice()));
        };
        let mut newest_first = self.iter().rev();
        newest_first
            .find(|release| release.id() < current.id())
            .ok_or_else(|| {
                let problem = format!(
                    "there is no release before {}, which is in force",
                    current.id()
                );
                Error::new(ErrorKind::NotFound, problem)
            })
    }

    fn advice(&self) -> String {
        match self.iter().next_back() {
            Some(newest) => format!(
                "name one that `storehouse releases` lists, such as {}",
                newest.id()
            ),
            None => "no release is kept: OPTIONS of the storage has to say releases = 3, or another number, when collectstatic runs".to_owned(),
        }
    }
}

impl Release {
    /// Makes sure that every file of the release is among the names that are there.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], with some of those that are not.
    pub fn verify(&self, there: &HashSet<Name>) -> Result<()> {
        let missing: Vec<&Name> = self
            .files()
            .iter()
            .filter(|name| !there.contains(*name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = missing
            .iter()
            .take(MOST_SHOWN)
            .map(|name| format!("{:?}", name.as_str()))
            .collect();
        let more = match missing.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let problem = format!(
            "the release {} needs files that are not there: {}{more}",
            self.id(),
            shown.join(", ")
        );
        Err(Error::new(ErrorKind::NotFound, problem)
            .with_advice("roll back to another, or check out its sources and run collectstatic"))
    }
}

/// Puts a release in force, with one write of its manifest to `storage`, which is that of manifests.
///
/// The caller has seen to it that the files are there ([`Release::verify`]). The manifest is kept with
/// the fingerprint of the release, not of the rules of today: the next push then repairs what other
/// rules say since.
///
/// # Errors
/// As [`Storage::put`].
pub async fn roll_back(
    release: &Release,
    storage: &dyn Storage,
    rules: &ObjectRules,
) -> Result<()> {
    let manifest = release.manifest();
    let attributes = rules.attributes(&manifest.name, ObjectKind::Manifest);
    let mut options = SaveOptions::default()
        .with_attributes(attributes)
        .with_metadata(DIGEST_KEY, md5_hex(manifest.text.as_bytes()));
    if let Some(fingerprint) = release.rules() {
        options = options.with_metadata(FINGERPRINT_KEY, fingerprint);
    }
    let content = Content::from(manifest.text.clone());
    let target = Target::Replace(manifest.name.clone());
    storage.put(target, content, &options).await.map(|_| ())
}
