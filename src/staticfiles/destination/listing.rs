//! What the destination holds, from one listing: what the plan compares with. It reads no content.
//!
//! A storage that is a folder of this machine is looked at as Django looks at it: links, broken ones
//! too, and names that only a disk can hold.

use super::local::local_root;
use crate::staticfiles::model::object::Object;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use futures::TryStreamExt;
use storehouse_storage::{Error, ErrorKind, Name, Result, Storage};

use super::places::Places;
use crate::staticfiles::{
    model::write::Kind,
    support::{metadata::inode, parallel},
};

/// The folders of a storage on disk that hold unfinished saves begin so.
const STAGING: &str = ".storehouse-tmp";

/// The objects of a storage by name.
#[derive(Debug, Clone, Default)]
pub struct Destination {
    /// What is there.
    pub objects: HashMap<Name, Object>,
    /// Files on a disk that no storage could name, by their path below the root.
    pub unnameable: HashSet<PathBuf>,
    /// Whether it is on this machine's disk: Django's rule (`path()` works) decides how files are
    /// compared.
    pub is_local: bool,
    /// Where the manifest has a storage of its own: what is there of the names that go to it. That
    /// storage is not listed, since it may hold anything else too.
    pub with_manifest: Option<BTreeMap<Name, Option<Object>>>,
}

impl Destination {
    /// Lists all of `storage`.
    ///
    /// # Errors
    /// As [`Storage::list`]: a listing that breaks off is no listing.
    pub async fn list(storage: &dyn Storage) -> Result<Self> {
        if let Some(root) = local_root(storage) {
            let scanning = tokio::task::spawn_blocking(move || scan(&root));
            return scanning
                .await
                .unwrap_or_else(|error| Err(Error::new(ErrorKind::Other, error.to_string())));
        }
        let entries = storage.list(None).map_ok(|entry| {
            let object = Object {
                size: entry.size,
                modified: entry.modified,
                etag: entry.etag,
                ..Object::default()
            };
            (entry.name, object)
        });
        Ok(Self {
            objects: entries.try_collect().await?,
            ..Self::default()
        })
    }

    /// Lists the storage of the files, and looks whether that of the manifest, if it is another, has
    /// `names`.
    ///
    /// # Errors
    /// As [`list`](Self::list) and [`Storage::stat`].
    pub(in crate::staticfiles) async fn look(places: &Places, names: &[Name]) -> Result<Self> {
        let mut destination = Self::list(&**places.files()).await?;
        if places.are_two() {
            let mut found = BTreeMap::new();
            for name in names {
                found.insert(name.clone(), object(&**places.manifest(), name).await?);
            }
            destination.with_manifest = Some(found);
        }
        Ok(destination)
    }

    /// Returns what has the name of a file of this kind.
    pub(in crate::staticfiles) fn get(&self, kind: Kind, name: &Name) -> Option<&Object> {
        match &self.with_manifest {
            Some(found) if kind.goes_with_manifest() => found.get(name)?.as_ref(),
            _ => self.objects.get(name),
        }
    }
}

async fn object(storage: &dyn Storage, name: &Name) -> Result<Option<Object>> {
    match storage.stat(name).await {
        Ok(entry) => Ok(Some(Object {
            size: entry.size,
            modified: entry.modified,
            etag: entry.etag,
            ..Object::default()
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Looks at all that is below `root`. Linked folders are not entered: what is in them is not the
/// storage's.
fn scan(root: &Path) -> Result<Destination> {
    let mut destination = Destination {
        is_local: true,
        ..Destination::default()
    };
    for folder in parallel::map_tree(vec![PathBuf::new()], |below| scan_folder(root, below)) {
        for (relative, object) in folder? {
            match relative {
                Ok(name) => destination.objects.insert(name, object).map(|_| ()),
                Err(path) => destination.unnameable.replace(path).map(|_| ()),
            };
        }
    }
    Ok(destination)
}

/// The files of a folder by name, or by path where they have none.
type Files = Vec<(std::result::Result<Name, PathBuf>, Object)>;

/// Returns the files of one folder, and the paths of its folders.
fn scan_folder(root: &Path, below: &Path) -> (Result<Files>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let folder = match below.as_os_str().is_empty() {
        true => root.to_owned(),
        false => root.join(below),
    };
    let scanned = match fs::read_dir(&folder) {
        // Gone meanwhile, or never there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(mut entries) => {
            entries.try_for_each(|entry| scan_entry(&entry?, below, &mut files, &mut folders))
        }
    };
    let scanned = scanned.map(|()| files).map_err(|error| {
        let error = Error::from_io(error);
        let problem = format!("cannot list {folder:?}: {}", error.problem());
        Error::new(error.kind(), problem)
    });
    (scanned, folders)
}

fn scan_entry(
    entry: &fs::DirEntry,
    below: &Path,
    files: &mut Files,
    folders: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let file_name = entry.file_name();
    let relative = below.join(&file_name);
    let kind = entry.file_type()?;
    if kind.is_dir() {
        if !file_name.to_string_lossy().starts_with(STAGING) {
            folders.push(relative);
        }
        return Ok(());
    }
    let is_link = kind.is_symlink();
    let object = match metadata(entry, is_link) {
        Ok(metadata) => Object {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            etag: None,
            is_link,
            inode: inode(&metadata),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let name = relative.to_str().filter(|name| !name.contains('\\'));
    let name = name.and_then(|name| Name::new(name).ok());
    files.push((name.ok_or(relative), object));
    Ok(())
}

/// What a link leads to counts, as for Django; one that leads nowhere counts for itself.
fn metadata(entry: &fs::DirEntry, is_link: bool) -> io::Result<fs::Metadata> {
    match is_link {
        true => fs::metadata(entry.path()).or_else(|_| entry.metadata()),
        false => entry.metadata(),
    }
}

#[cfg(all(test, unix, feature = "filesystem"))]
mod tests {
    use storehouse_filesystem::{FilesystemOptions, FilesystemStorage};
    use storehouse_storage::{Content, SaveOptions, Target};

    use super::*;

    // Were it another, no run would believe what it has written itself, and all would be slow.
    #[tokio::test]
    async fn a_file_on_a_disk_has_the_tag_that_its_save_told() {
        let folder = tempfile::tempdir().unwrap();
        let options = FilesystemOptions::default();
        let storage = FilesystemStorage::new(folder.path(), options).unwrap();
        let name = Name::new("a/b.css").unwrap();
        let kept = SaveOptions::default();
        let save = || {
            let target = Target::Replace(name.clone());
            storage.put(target, Content::from_bytes("css"), &kept)
        };

        let (first, second) = (save().await.unwrap().etag, save().await.unwrap().etag);

        let there = Destination::list(&storage).await.unwrap();
        let tag = there.objects[&name].tag();
        assert_eq!(tag, second);
        assert_ne!(tag, first);
    }
}
