//! What is in the storage: all of it, folder by folder, or one folder. A walk holds the names of
//! folders still to be read, one open folder and one batch of entries, however much there is.
//!
//! What cannot be opened is not listed: fifos, sockets and devices, symlinks that lead nowhere or
//! (without `follow_symlinks`) out of the storage's folder, and files being written. One folder is listed
//! with the symlinks that lead nowhere: they take their names, and Django's `listdir` has them. Symlinked
//! folders are followed, but never into a folder that the walk came through. A file whose name is no [`Name`] (not
//! UTF-8, or with a backslash) cannot be asked for either: it is left out, with a warning in the
//! log, for one such file must not make all others unlistable.

use std::{ffi::OsStr, io, sync::Arc};

use cap_std::fs::{DirEntry, Metadata, ReadDir};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use storehouse_storage::{Entry, Error, Folder, Name, Result};

use crate::{
    error::{Access, is_missing, left_the_root, translate},
    jobs::Jobs,
    reading,
    root::{OpenRoot, Root},
    staging,
    system::{self, FolderIdentity},
};

/// How many entries one job looks at: about a millisecond's work, and a few hundred KiB.
const BATCH: usize = 1000;

/// Lists all files below `folder`.
pub(crate) fn list(
    jobs: Jobs,
    root: Arc<Root>,
    folder: Option<Name>,
) -> BoxStream<'static, Result<Entry>> {
    let walk = Walk {
        pending: vec![Pending {
            folder,
            above: None,
        }],
        reading: None,
    };
    stream::try_unfold((jobs, root, walk), |(jobs, root, mut walk)| async move {
        let step = {
            let root = Arc::clone(&root);
            jobs.run(move |_| walk.next_batch(&root).map(|batch| (walk, batch)))
        };
        let (walk, batch) = step.await?;
        Ok::<_, Error>(batch.map(|batch| (batch, (jobs, root, walk))))
    })
    .map_ok(|batch| stream::iter(batch.into_iter().map(Ok)))
    .try_flatten()
    .boxed()
}

/// Lists what lies directly in `folder`.
pub(crate) fn list_dir(root: &Root, folder: Option<&Name>) -> Result<Folder> {
    let mut listed = Folder::default();
    let Some(opened) = root.open_to_read()? else {
        return Ok(listed);
    };
    let Some(mut reading) = Reading::start(root, &opened, folder.cloned(), None)? else {
        return Ok(listed);
    };
    while let Some(found) = reading.next(root, &opened)? {
        match found {
            Found::File(entry) => listed.files.push(*entry),
            Found::Folder(name) => listed.folders.push(name),
            Found::LinkToNothing(entry) => listed.files.push(*entry),
        }
    }
    listed.folders.sort_unstable();
    listed.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

/// A walk between two jobs.
struct Walk {
    pending: Vec<Pending>,
    reading: Option<Reading>,
}

/// A folder still to be read.
struct Pending {
    /// None: the top.
    folder: Option<Name>,
    above: Option<Arc<Trail>>,
}

/// The folders that a walk came through, innermost first.
struct Trail {
    identity: FolderIdentity,
    above: Option<Arc<Self>>,
}

/// A folder being read.
struct Reading {
    folder: Option<Name>,
    entries: ReadDir,
    trail: Arc<Trail>,
}

/// What an entry of a folder is, as far as a listing cares.
enum Found {
    File(Box<Entry>),
    Folder(Name),
    LinkToNothing(Box<Entry>),
}

impl Walk {
    /// Returns some more files, or none when all were there.
    fn next_batch(&mut self, root: &Root) -> Result<Option<Vec<Entry>>> {
        let Some(opened) = root.open_to_read()? else {
            return Ok(None);
        };
        let mut batch = Vec::new();
        for _ in 0..BATCH {
            let Some(reading) = &mut self.reading else {
                let Some(next) = self.pending.pop() else {
                    break;
                };
                self.reading = Reading::start(root, &opened, next.folder, next.above)?;
                continue;
            };
            match reading.next(root, &opened)? {
                Some(Found::File(entry)) => batch.push(*entry),
                Some(Found::Folder(name)) => self.pending.push(Pending {
                    folder: Some(name),
                    above: Some(Arc::clone(&reading.trail)),
                }),
                Some(Found::LinkToNothing(_)) => {}
                None => self.reading = None,
            }
        }
        let is_over = batch.is_empty() && self.reading.is_none() && self.pending.is_empty();
        Ok((!is_over).then_some(batch))
    }
}

impl Trail {
    fn has(mut self: &Arc<Self>, identity: &FolderIdentity) -> bool {
        loop {
            if self.identity == *identity {
                return true;
            }
            match &self.above {
                Some(above) => self = above,
                None => return false,
            }
        }
    }
}

impl Reading {
    /// Opens a folder, if it is there and the walk did not come through it.
    fn start(
        root: &Root,
        opened: &OpenRoot<'_>,
        folder: Option<Name>,
        above: Option<Arc<Trail>>,
    ) -> Result<Option<Self>> {
        match Self::try_start(opened, folder.clone(), above) {
            Ok(reading) => Ok(reading),
            // Nothing was there, or it was removed since its parent was read.
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(error, root, folder.as_ref())),
        }
    }

    fn try_start(
        opened: &OpenRoot<'_>,
        folder: Option<Name>,
        above: Option<Arc<Trail>>,
    ) -> io::Result<Option<Self>> {
        let dir = opened.folder_to_read(folder.as_ref())?;
        let identity = opened.folder_identity(folder.as_ref(), &dir)?;
        if above.as_ref().is_some_and(|above| above.has(&identity)) {
            return Ok(None);
        }
        Ok(Some(Self {
            folder,
            entries: dir.entries()?,
            trail: Arc::new(Trail { identity, above }),
        }))
    }

    /// Returns the next entry that is a file or a folder.
    fn next(&mut self, root: &Root, opened: &OpenRoot<'_>) -> Result<Option<Found>> {
        for entry in self.entries.by_ref() {
            let found = entry.and_then(|entry| look(opened, self.folder.as_ref(), &entry));
            match found {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(error) => return Err(failed(error, root, self.folder.as_ref())),
            }
        }
        Ok(None)
    }
}

/// Finds out what an entry is.
fn look(
    opened: &OpenRoot<'_>,
    folder: Option<&Name>,
    entry: &DirEntry,
) -> io::Result<Option<Found>> {
    let part = entry.file_name();
    let Some(name) = name_of(folder, &part) else {
        return Ok(None);
    };
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return Ok(Some(Found::Folder(name)));
    }
    // The end of a symlink is looked for from the top: it may leave the folder, not the storage.
    let metadata = if kind.is_file() {
        entry.metadata()
    } else {
        opened.metadata(&name)
    };
    match metadata {
        Ok(metadata) => Ok(found(name, &metadata)),
        Err(error) if left_the_root(&error) => Ok(None),
        Err(error) if is_missing(&error) || system::is_symlink_loop(&error) => {
            Ok(kind.is_symlink().then(|| link_to_nothing(name)))
        }
        Err(error) => Err(error),
    }
}

fn found(name: Name, metadata: &Metadata) -> Option<Found> {
    if metadata.is_dir() {
        return Some(Found::Folder(name));
    }
    metadata
        .is_file()
        .then(|| Found::File(Box::new(reading::entry(name, metadata))))
}

/// A symlink that leads nowhere. It has no content; what is known of the link itself is nobody's answer.
fn link_to_nothing(name: Name) -> Found {
    Found::LinkToNothing(Box::new(Entry::new(name, 0)))
}

/// The name of an entry, unless it is hidden or cannot be one.
fn name_of(folder: Option<&Name>, part: &OsStr) -> Option<Name> {
    let name = part.to_str().map(|part| match folder {
        Some(folder) => format!("{folder}/{part}"),
        None => part.to_owned(),
    });
    match name.as_deref().map(Name::new) {
        // A backslash would make another name of it.
        Some(Ok(valid)) if Some(valid.as_str()) == name.as_deref() => {
            (!staging::is_reserved(valid.file_name())).then_some(valid)
        }
        _ => {
            let folder = folder.map_or("", Name::as_str);
            tracing::warn!(folder, ?part, "left out of a listing: it cannot be a name");
            None
        }
    }
}

fn failed(error: io::Error, root: &Root, folder: Option<&Name>) -> Error {
    let path = folder.map_or_else(|| root.location.clone(), |folder| root.path(folder));
    translate(error, Access::Read, &path)
}
