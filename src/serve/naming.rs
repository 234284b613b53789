//! Which files have names that change with their content, by the manifest; and the manifest anew when
//! collectstatic has written another. It reads no other file.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use storehouse_storage::{Name, Result, Storage};

use super::pause::Look;
use crate::staticfiles::{Manifest, ObjectKind, integrity_name, unhashed};

/// What the names of a manifest mean.
#[derive(Debug, Default)]
pub(super) struct Naming {
    manifest: Manifest,
    /// The file of each stored name.
    originals: HashMap<String, Name>,
}

impl Naming {
    fn new(manifest: Manifest) -> Self {
        let pairs = manifest.iter();
        let originals = pairs.filter_map(|(name, stored)| {
            // A name that a damaged or hostile manifest has is none.
            Some((stored.to_owned(), Name::new(name).ok()?))
        });
        let originals = originals.collect();
        Self {
            manifest,
            originals,
        }
    }

    /// Returns under which name a file was collected, and whether its name has a hash.
    ///
    /// A file of an earlier manifest, which pages that are still out ask for, is known by its form: its
    /// name is that of a file of this manifest with twelve hex digits in it.
    pub(super) fn original(&self, name: &Name) -> (Name, ObjectKind) {
        if let Some(original) = self.originals.get(name.as_str())
            && original != name
        {
            return (original.clone(), ObjectKind::Hashed);
        }
        let mut made_of =
            unhashed(name.as_str()).filter(|(original, _)| self.manifest.get(original).is_some());
        match made_of.find_map(|(original, _)| Name::new(original).ok()) {
            Some(original) => (original, ObjectKind::Hashed),
            None => (name.clone(), ObjectKind::Plain),
        }
    }

    /// Returns what a file is stored as, if the manifest has it.
    pub(super) fn stored(&self, name: &str) -> Option<&str> {
        self.manifest.get(name)
    }

    /// Whether the manifest has the file, under its own name or the stored one.
    pub(super) fn names(&self, name: &Name) -> bool {
        self.originals.contains_key(name.as_str()) || self.manifest.get(name.as_str()).is_some()
    }
}

/// The manifest of a storage, looked at again after a pause.
#[derive(Debug)]
pub(super) struct ManifestFile {
    storage: Arc<dyn Storage>,
    name: Name,
    look: Look,
    /// How many other manifests there have been.
    changes: AtomicU64,
    current: RwLock<(Option<String>, Arc<Naming>)>,
}

impl ManifestFile {
    /// Reads the manifest.
    ///
    /// # Errors
    /// As [`Manifest::load`].
    pub(super) async fn load(
        storage: Arc<dyn Storage>,
        name: Name,
        pause: Duration,
    ) -> Result<Self> {
        let current = read(&*storage, &name).await?;
        Ok(Self {
            storage,
            name,
            look: Look::new(pause),
            changes: AtomicU64::new(0),
            current: RwLock::new(current),
        })
    }

    /// Whether a file is the manifest, or the digests beside it.
    pub(super) fn is_named(&self, name: &Name) -> bool {
        *name == self.name || integrity_name(&self.name).is_ok_and(|integrity| *name == integrity)
    }

    /// Returns what the names mean.
    pub(super) fn naming(&self) -> Arc<Naming> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.1)
    }

    /// Returns how many other manifests there have been: what was known of a file's name at another
    /// number need not be so any more.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Looks whether there is another manifest, if it is time to.
    ///
    /// A manifest that cannot be read leaves the one before it in force: a site does not go down
    /// because of a push that broke off.
    pub(super) async fn refresh(&self) {
        if !self.look.is_due() {
            return;
        }
        match self.changed().await {
            Ok(None) => {}
            Ok(Some(fresh)) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                self.changes.fetch_add(1, Ordering::Release);
            }
            Err(error) => {
                tracing::warn!("the manifest stays the one that was read before: {error}");
            }
        }
    }

    async fn changed(&self) -> Result<Option<(Option<String>, Arc<Naming>)>> {
        let entry = self.storage.stat(&self.name).await?;
        if entry.etag.is_some() && entry.etag == self.etag() {
            return Ok(None);
        }
        read(&*self.storage, &self.name).await.map(Some)
    }

    fn etag(&self) -> Option<String> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.0.clone()
    }
}

/// Reads a manifest, and the tag that it had before: if it is replaced between the two, the next look
/// finds another tag and reads again.
async fn read(storage: &dyn Storage, name: &Name) -> Result<(Option<String>, Arc<Naming>)> {
    let etag = match storage.stat(name).await {
        Ok(entry) => entry.etag,
        // The reading says it better.
        Err(_) => None,
    };
    let manifest = Manifest::load(storage, name).await?;
    Ok((etag, Arc::new(Naming::new(manifest))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn a_name_is_hashed_if_the_manifest_or_one_before_it_made_it() {
        let pairs = [
            ("css/app.css", "css/app.55e7cbb9ba48.css"),
            ("LICENSE", "LICENSE.27b5301bb11a"),
            ("kept.js", "kept.js"),
            ("a.b/c.tar.gz", "a.b/c.tar.00e7cbb9ba48.gz"),
        ];
        let pairs = pairs.map(|(name, stored)| (name.to_owned(), stored.to_owned()));
        let naming = Naming::new(Manifest::new(BTreeMap::from(pairs)));
        for (case, name, original, kind) in [
            (
                "stored",
                "css/app.55e7cbb9ba48.css",
                "css/app.css",
                ObjectKind::Hashed,
            ),
            (
                "of an earlier manifest",
                "css/app.0000cbb9ba48.css",
                "css/app.css",
                ObjectKind::Hashed,
            ),
            (
                "no extension",
                "LICENSE.27b5301bb11a",
                "LICENSE",
                ObjectKind::Hashed,
            ),
            (
                "no extension, earlier",
                "LICENSE.0000301bb11a",
                "LICENSE",
                ObjectKind::Hashed,
            ),
            (
                "two extensions",
                "a.b/c.tar.ffffcbb9ba48.gz",
                "a.b/c.tar.gz",
                ObjectKind::Hashed,
            ),
            (
                "its own name",
                "css/app.css",
                "css/app.css",
                ObjectKind::Plain,
            ),
            ("a name that stays", "kept.js", "kept.js", ObjectKind::Plain),
            (
                "not hex",
                "css/app.zzzzcbb9ba48.css",
                "css/app.zzzzcbb9ba48.css",
                ObjectKind::Plain,
            ),
            (
                "too short",
                "css/app.55e7cbb9.css",
                "css/app.55e7cbb9.css",
                ObjectKind::Plain,
            ),
            (
                "capitals",
                "css/app.0000CBB9BA48.css",
                "css/app.0000CBB9BA48.css",
                ObjectKind::Plain,
            ),
            (
                "of no file",
                "css/other.0000cbb9ba48.css",
                "css/other.0000cbb9ba48.css",
                ObjectKind::Plain,
            ),
        ] {
            let found = naming.original(&Name::new(name).unwrap());
            assert_eq!(found, (Name::new(original).unwrap(), kind), "{case}");
        }
    }
}
