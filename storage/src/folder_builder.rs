//! The folder that a flat listing shows: its files, and the folders in it.

use std::collections::BTreeSet;

use crate::{
    entry::{Entry, Folder},
    name::Name,
};

/// Sorts the objects of a listing into what lies in a folder and what lies deeper.
#[derive(Debug)]
pub(crate) struct FolderBuilder {
    folder: Option<Name>,
    folders: BTreeSet<Name>,
    files: Vec<Entry>,
}

impl FolderBuilder {
    pub(crate) fn new(folder: Option<Name>) -> Self {
        Self {
            folder,
            folders: BTreeSet::new(),
            files: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        let start = self
            .folder
            .as_ref()
            .map_or(0, |folder| folder.as_str().len() + 1);
        let name = entry.name.as_str();
        let below = name.get(start..).and_then(|rest| rest.find('/'));
        let Some(end) = below else {
            self.files.push(entry);
            return;
        };
        // The start of a valid name up to a slash is a valid name.
        if let Ok(folder) = Name::new(&name[..start + end]) {
            self.folders.insert(folder);
        }
    }

    pub(crate) fn finish(mut self) -> Folder {
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        Folder {
            folders: self.folders.into_iter().collect(),
            files: self.files,
        }
    }
}
