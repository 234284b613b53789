//! Lists the files below a source folder. It follows links, as Django does, and gives names, sizes
//! and times; it opens nothing.

use crate::staticfiles::model::source_file::SourceFile;
use crate::staticfiles::support::metadata::{changed, inode};
use std::{
    ffi::{OsStr, OsString},
    fs, io, iter,
    path::{Path, PathBuf},
    sync::Arc,
};

use storehouse_storage::{Error, ErrorKind, Result};

use super::ignore::IgnorePatterns;
use crate::staticfiles::support::parallel;

/// Returns all files below each of `roots` but the ignored ones: in each folder the files first, by
/// name, then what its folders hold.
///
/// # Errors
/// A folder that cannot be read; a link that leads nowhere or in a circle; something that is
/// neither file nor folder; a name that is not UTF-8. Each names the path.
pub(in crate::staticfiles) fn walk(
    roots: &[&Path],
    ignore: &IgnorePatterns,
) -> Result<Vec<Vec<SourceFile>>> {
    let folders = roots.iter().enumerate().map(|(root, path)| Folder {
        path: (*path).to_owned(),
        relative: String::new(),
        place: vec![root],
        above: None,
        is_link: true,
        is_linked: false,
    });
    let mut read = parallel::map_tree(folders.collect(), |folder| {
        let (mut files, mut below) = (Vec::new(), Vec::new());
        let read = read_folder(folder, ignore, &mut files, &mut below);
        ((folder.place.clone(), read.map(|()| files)), below)
    });
    read.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let mut files = vec![Vec::new(); roots.len()];
    for (place, folder) in read {
        files[place[0]].append(&mut folder?);
    }
    Ok(files)
}

/// A folder to be read.
struct Folder {
    path: PathBuf,
    relative: String,
    /// Which root it is below, then which folder it is in its folder, from the root on: sorted by this,
    /// a folder is followed by all that is in it.
    place: Vec<usize>,
    /// The folder it is in.
    above: Option<Arc<Real>>,
    /// Whether only the system can tell where it really is.
    is_link: bool,
    /// Whether it, or a folder that it is in, is a symlink below the root.
    is_linked: bool,
}

/// Where a folder really is, and those that it is in.
struct Real {
    path: PathBuf,
    above: Option<Arc<Self>>,
}

impl Real {
    /// An error if the folder is one of those that it is in.
    fn of(folder: &Folder) -> Result<Arc<Self>> {
        let path = &folder.path;
        let above = folder.above.clone();
        let real = match (&above, path.file_name()) {
            // The system would look at each folder above it again.
            (Some(parent), Some(name)) if !folder.is_link => parent.path.join(name),
            _ => path
                .canonicalize()
                .map_err(|error| unreadable(path, error))?,
        };
        let mut ancestors = iter::successors(above.as_ref(), |real| real.above.as_ref());
        // As text: a path of another length differs at a glance.
        if ancestors.any(|above| above.path.as_os_str() == real.as_os_str()) {
            let problem = format!("{path:?} is a link to a folder that it is in");
            let advice = "remove the link, or leave it out with --ignore";
            return Err(Error::new(ErrorKind::Other, problem).with_advice(advice));
        }
        Ok(Arc::new(Self { path: real, above }))
    }
}

/// Adds the files of a folder to `files` and its folders to `folders`, both by name.
fn read_folder(
    folder: &Folder,
    ignore: &IgnorePatterns,
    files: &mut Vec<SourceFile>,
    folders: &mut Vec<Folder>,
) -> Result<()> {
    let real = Real::of(folder)?;
    for Item {
        name: os_name,
        path,
        is_link,
        metadata,
    } in sorted_items(&folder.path)?
    {
        let name = text_of(&os_name);
        let below = if folder.relative.is_empty() {
            name.clone()
        } else {
            format!("{}/{name}", folder.relative)
        };
        let is_folder = metadata.as_ref().is_ok_and(fs::Metadata::is_dir);
        let ignored = if is_folder {
            ignore.ignores_folder(&name)
        } else {
            ignore.ignores_file(&name, &below)
        };
        if ignored {
            continue;
        }
        if os_name.to_str().is_none() {
            return Err(not_utf8(&path));
        }
        if is_folder {
            let place = folder.place.iter().copied().chain([folders.len()]);
            folders.push(Folder {
                path,
                relative: below,
                place: place.collect(),
                above: Some(Arc::clone(&real)),
                is_link,
                is_linked: folder.is_linked || is_link,
            });
        } else {
            let metadata = metadata.map_err(|error| unreadable(&path, error))?;
            let mut file = source_file(path, below, &metadata)?;
            file.is_linked = folder.is_linked || is_link;
            files.push(file);
        }
    }
    Ok(())
}

/// What a folder has under a name.
struct Item {
    name: OsString,
    path: PathBuf,
    is_link: bool,
    /// Of what a link leads to. One that leads nowhere counts as a file, so that a pattern can ignore
    /// it.
    metadata: io::Result<fs::Metadata>,
}

/// The items of a folder by name.
fn sorted_items(folder: &Path) -> Result<Vec<Item>> {
    let failed = |error| unreadable(folder, error);
    let mut items = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_link = entry.file_type().map_err(failed)?.is_symlink();
        let path = entry.path();
        items.push(Item {
            name: entry.file_name(),
            is_link,
            // The system need not go through all of the path for what is no link.
            metadata: match is_link {
                true => fs::metadata(&path),
                false => entry.metadata(),
            },
            path,
        });
    }
    items.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(items)
}

/// A name as a pattern sees it: one character for each byte that is not UTF-8, as in Python.
fn text_of(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

fn not_utf8(path: &Path) -> Error {
    let problem = format!("the name of {path:?} is not UTF-8");
    Error::new(ErrorKind::InvalidName, problem)
        .with_advice("rename it, or leave it out with --ignore")
}

fn source_file(path: PathBuf, relative: String, metadata: &fs::Metadata) -> Result<SourceFile> {
    if !metadata.is_file() {
        let problem = format!("{path:?} is neither a file nor a folder");
        return Err(Error::new(ErrorKind::Other, problem)
            .with_advice("remove it, or leave it out with --ignore"));
    }
    Ok(SourceFile {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        changed: changed(metadata),
        inode: inode(metadata),
        is_linked: false,
        path,
        relative,
    })
}

/// Says that something below a source folder could not be read, and what can be done about it.
pub(in crate::staticfiles) fn unreadable(path: &Path, error: io::Error) -> Error {
    let leads_nowhere = error.kind() == io::ErrorKind::NotFound && path.is_symlink();
    // ENFILE and EMFILE, for which Rust has no kind.
    let is_out_of_files = cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24));
    let error = Error::from_io(error);
    let (problem, advice) = match error.kind() {
        _ if leads_nowhere => (
            "it is a link that leads nowhere",
            "remove it, or leave it out with --ignore",
        ),
        ErrorKind::PermissionDenied => (
            error.problem(),
            "let the user this program runs as read it, or leave it out with --ignore",
        ),
        ErrorKind::NotFound => (
            error.problem(),
            "something removed it meanwhile; run collectstatic again",
        ),
        _ if is_out_of_files => (
            error.problem(),
            "raise the limit (ulimit -n), or give a lower --jobs",
        ),
        _ => (error.problem(), "leave it out with --ignore"),
    };
    Error::new(error.kind(), format!("cannot read {path:?}: {problem}")).with_advice(advice)
}

/// Says that a source is not what it was when it was found.
pub(in crate::staticfiles) fn changed_meanwhile(source: &SourceFile) -> Error {
    let problem = format!("{:?} changed while it was being collected", source.path);
    Error::new(ErrorKind::Content, problem).with_advice("run collectstatic again")
}
