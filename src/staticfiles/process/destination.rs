//! What the destination will hold once everything is collected: where Django looks when a reference
//! names no file of this run.

use std::collections::{HashMap, HashSet};

use storehouse_storage::Name;

use super::{Copied, Site, Source, SourceContent, convert::Refused};
use crate::staticfiles::{
    hashed::{FileHash, hashed_name, looked_up},
    python::path::normpath,
};

/// Names with the hash of what is there.
pub(super) struct Contents<'a> {
    hashes: HashMap<&'a str, FileHash>,
    there: &'a HashMap<Name, Option<FileHash>>,
    folders: HashSet<&'a str>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(sources: &'a [Source], copies: &'a [Copied<'a>], site: &'a Site<'a>) -> Self {
        let mut hashes = HashMap::with_capacity(sources.len() + copies.len());
        // Originals last: where a hashed name is also that of an original, that one is there first.
        for copied in copies {
            hashes.insert(copied.stored_as.as_str(), copied.hash.clone());
        }
        for source in sources {
            let hash = match &source.content {
                SourceContent::Text(bytes) => FileHash::of(bytes),
                SourceContent::Hash(hash) => hash.clone(),
            };
            hashes.insert(source.collected_as.as_str(), hash);
        }
        let mut folders = HashSet::new();
        if site.has_folders {
            let there = site.there.keys().map(Name::as_str);
            for name in hashes.keys().copied().chain(there) {
                add_folders(name, &mut folders);
            }
        }
        Self {
            hashes,
            there: site.there,
            folders,
        }
    }

    /// Returns what a name gets when its content is looked up there: Django's `hashed_name` without
    /// a content. A folder's name stays.
    pub(super) fn hashed_name(&self, name: &str) -> Result<String, Refused> {
        let looked_up = looked_up(name)?;
        let place = normpath(&looked_up);
        if place.starts_with('/') || place == ".." || place.starts_with("../") {
            return Err(Refused::Outside(looked_up));
        }
        if place == "." || self.folders.contains(place.as_str()) {
            return Ok(name.to_owned());
        }
        let hash = match self.hashes.get(place.as_str()) {
            Some(hash) => hash,
            None => match Name::new(&place)
                .ok()
                .and_then(|place| self.there.get(&place))
            {
                Some(Some(hash)) => hash,
                Some(None) => return Err(Refused::Unread(place)),
                None => return Err(Refused::Missing(place)),
            },
        };
        Ok(hashed_name(name, hash)?)
    }
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
