//! Which files have names that change with their content, by the manifest; and the manifest anew when
//! collectstatic has written another. It reads no other file.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use storehouse_storage::{Name, Result, Storage};

use crate::staticfiles::{Manifest, ObjectKind, integrity_name};

/// How many hex digits a hash in a name has.
const HASH_DIGITS: usize = 12;

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
        match without_hash(name).filter(|original| self.manifest.get(original.as_str()).is_some()) {
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

/// Returns `css/app.css` of `css/app.55e7cbb9ba48.css`, and `LICENSE` of `LICENSE.55e7cbb9ba48`.
fn without_hash(name: &Name) -> Option<Name> {
    let hash = format!(".{}", hash_in(name)?);
    let (before, after) = name.as_str().rsplit_once(&hash)?;
    Name::new(format!("{before}{after}")).ok()
}

/// Returns the hash that stands in a name: Django puts it before the last extension.
pub(super) fn hash_in(name: &Name) -> Option<&str> {
    let file = name.as_str().rsplit('/').next()?;
    let mut parts = file.rsplit('.');
    let (last, before) = (parts.next()?, parts.next()?);
    // With no dot more, what was found is all of the name but its end.
    let found = match parts.next() {
        Some(_) if is_hash(before) => before,
        _ if is_hash(last) => last,
        _ => return None,
    };
    Some(found)
}

fn is_hash(part: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    part.len() == HASH_DIGITS && part.bytes().all(is_digit)
}

/// The manifest of a storage, looked at again after a pause.
#[derive(Debug)]
pub(super) struct ManifestFile {
    storage: Arc<dyn Storage>,
    name: Name,
    pause: Duration,
    started: Instant,
    looked: AtomicU64,
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
            pause,
            started: Instant::now(),
            looked: AtomicU64::new(0),
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

    /// Looks whether there is another manifest, if it is time to, and returns whether there was.
    ///
    /// A manifest that cannot be read leaves the one before it in force: a site does not go down
    /// because of a push that broke off.
    pub(super) async fn refresh(&self) -> bool {
        if !self.is_due() {
            return false;
        }
        match self.changed().await {
            Ok(None) => false,
            Ok(Some(fresh)) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                true
            }
            Err(error) => {
                tracing::warn!("the manifest stays the one that was read before: {error}");
                false
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

    fn is_due(&self) -> bool {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let pause = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        now.saturating_sub(looked) >= pause
            && self
                .looked
                .compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
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
