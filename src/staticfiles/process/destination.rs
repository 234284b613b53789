//! What the destination will hold once everything is collected: where Django looks when a reference
//! names no file of this run.

use std::collections::{HashMap, HashSet};

use storehouse_storage::Name;

use super::{
    convert::Refused,
    input::{Site, Source},
    prepared::Prepared,
};
use crate::staticfiles::{
    manifest::hashed::{FileHash, hashed_name, looked_up},
    support::python::path::normpath,
};

/// Names with the hash of what is there.
pub(super) struct Contents<'a> {
    originals: HashMap<&'a str, &'a FileHash>,
    /// Copies under their hashed names.
    copies: HashMap<&'a str, &'a FileHash>,
    /// Files whose names are hashed already.
    fixed: HashSet<&'a str>,
    there: &'a HashMap<Name, Option<FileHash>>,
    folders: HashSet<&'a str>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(
        sources: &'a [Source],
        prepared: &'a Prepared<'a>,
        site: &'a Site<'a>,
    ) -> Self {
        let place = |source: usize| sources[source].collected_as.as_str();
        let texts = prepared.texts.iter();
        let texts = texts.map(|text| (place(text.source), &text.hash));
        let copied = prepared.copies.iter();
        let copied = copied.filter_map(|copied| Some((place(copied.source), copied.hash?)));
        let originals: HashMap<&str, &FileHash> = texts.chain(copied).collect();
        let copies: HashMap<&str, &FileHash> = prepared
            .copies
            .iter()
            .filter_map(|copied| Some((copied.stored_as.as_str(), copied.hash?)))
            .collect();
        let fixed = prepared
            .copies
            .iter()
            .filter(|copied| copied.hash.is_none());
        let fixed: HashSet<&str> = fixed.map(|copied| copied.stored_as.as_str()).collect();
        let mut folders = HashSet::new();
        if site.has_folders {
            let there = site.there.keys().map(Name::as_str);
            let new = originals.keys().chain(copies.keys()).chain(&fixed);
            for name in new.copied().chain(there) {
                add_folders(name, &mut folders);
            }
        }
        Self {
            originals,
            copies,
            fixed,
            there: site.there,
            folders,
        }
    }

    /// Returns what a name gets when its content is looked up there: Django's `hashed_name` without
    /// a content. A folder's name stays.
    ///
    /// Files of this run are under their hashed names already if they lie as deep as the file
    /// `from` or deeper; `made` are those that the copies do not tell of.
    pub(super) fn hashed_name(
        &self,
        name: &str,
        from: &str,
        made: &HashMap<String, FileHash>,
    ) -> Result<String, Refused> {
        let looked_up = looked_up(name)?;
        let place = normpath(&looked_up);
        if place.starts_with('/') || place == ".." || place.starts_with("../") {
            return Err(Refused::Outside(looked_up));
        }
        if place == "." || self.folders.contains(place.as_str()) {
            return Ok(name.to_owned());
        }
        if self.fixed.contains(place.as_str()) {
            return Err(Refused::Fixed);
        }
        let is_made = depth(&place) >= depth(from);
        let hash = self
            .originals
            .get(place.as_str())
            .copied()
            .or_else(|| made.get(&place).filter(|_| is_made))
            .or_else(|| self.copies.get(place.as_str()).copied().filter(|_| is_made));
        match hash {
            Some(hash) => Ok(hashed_name(name, hash)?),
            None => Ok(hashed_name(name, self.hash_there(place)?)?),
        }
    }

    /// The hash of a file of an earlier run.
    fn hash_there(&self, place: String) -> Result<&FileHash, Refused> {
        let name = Name::new(&place).ok();
        match name.and_then(|name| self.there.get(&name)) {
            Some(Some(hash)) => Ok(hash),
            Some(None) => Err(Refused::Unread(place)),
            None => Err(Refused::Missing(place)),
        }
    }
}

/// How deep a file lies. Django comes to the deepest first.
pub(super) fn depth(name: &str) -> usize {
    name.split('/').count()
}

fn add_folders<'a>(name: &'a str, folders: &mut HashSet<&'a str>) {
    let mut rest = name;
    while let Some((folder, _)) = rest.rsplit_once('/') {
        // What holds a known folder is known too.
        if !folders.insert(folder) {
            return;
        }
        rest = folder;
    }
}
