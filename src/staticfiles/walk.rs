//! Lists the files below a source folder. It follows links, as Django does, and gives names, sizes
//! and times; it opens nothing.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use storehouse_storage::{Error, ErrorKind, Result};

use super::ignore::IgnorePatterns;

/// A file below a source folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is on disk.
    pub path: PathBuf,
    /// Its path below the source folder, with `/`.
    pub relative: String,
    /// Bytes, following links.
    pub size: u64,
    /// When its content was last written.
    pub modified: Option<SystemTime>,
    /// Which file it is on its disk; 0 where that cannot be told.
    pub inode: u64,
}

/// Returns all files below `root` but the ignored ones: in each folder the files first, by name,
/// then what its folders hold.
///
/// # Errors
/// A folder that cannot be read; a link that leads nowhere or in a circle; something that is
/// neither file nor folder; a name that is not UTF-8. Each names the path.
pub(super) fn walk(root: &Path, ignore: &IgnorePatterns) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    // Not recursive: however deep the folders are, they must not exhaust a thread's stack.
    let mut pending = vec![Pending {
        path: root.to_owned(),
        relative: String::new(),
        depth: 0,
        is_link: true,
    }];
    let mut ancestors = Vec::new();
    while let Some(folder) = pending.pop() {
        ancestors.truncate(folder.depth);
        ancestors.push(real_path(&folder, &ancestors)?);
        let folders = read_folder(&folder, ignore, &mut files)?;
        // The first is read next, with all that is in it.
        pending.extend(folders.into_iter().rev());
    }
    Ok(files)
}

/// A folder still to be read.
struct Pending {
    path: PathBuf,
    relative: String,
    /// How many folders it is in, from the root on.
    depth: usize,
    /// Whether only the system can tell where it really is.
    is_link: bool,
}

/// Where a folder really is; an error if that is one of those it is in.
fn real_path(folder: &Pending, ancestors: &[PathBuf]) -> Result<PathBuf> {
    let path = &folder.path;
    let real = match (ancestors.last(), path.file_name()) {
        // The system would look at each folder above it again.
        (Some(parent), Some(name)) if !folder.is_link => parent.join(name),
        _ => path
            .canonicalize()
            .map_err(|error| unreadable(path, error))?,
    };
    // As text: a path of another length differs at a glance.
    if ancestors
        .iter()
        .any(|above| above.as_os_str() == real.as_os_str())
    {
        let problem = format!("{path:?} is a link to a folder that it is in");
        let advice = "remove the link, or leave it out with --ignore";
        return Err(Error::new(ErrorKind::Other, problem).with_advice(advice));
    }
    Ok(real)
}

/// Adds the files of a folder to `files` and returns its folders, both by name.
fn read_folder(
    folder: &Pending,
    ignore: &IgnorePatterns,
    files: &mut Vec<SourceFile>,
) -> Result<Vec<Pending>> {
    let mut folders = Vec::new();
    for (os_name, path, is_link) in sorted_entries(&folder.path)? {
        let name = text_of(&os_name);
        let below = if folder.relative.is_empty() {
            name.clone()
        } else {
            format!("{}/{name}", folder.relative)
        };
        // Follows links. One that leads nowhere counts as a file, so that a pattern can ignore it.
        let metadata = fs::metadata(&path);
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
            folders.push(Pending {
                path,
                relative: below,
                depth: folder.depth + 1,
                is_link,
            });
        } else {
            let metadata = metadata.map_err(|error| unreadable(&path, error))?;
            files.push(source_file(path, below, &metadata)?);
        }
    }
    Ok(folders)
}

/// The entries of a folder by name, and whether each is a link.
fn sorted_entries(folder: &Path) -> Result<Vec<(OsString, PathBuf, bool)>> {
    let failed = |error| unreadable(folder, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_link = entry.file_type().map_err(failed)?.is_symlink();
        entries.push((entry.file_name(), entry.path(), is_link));
    }
    entries.sort_unstable();
    Ok(entries)
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
        inode: inode(metadata),
        path,
        relative,
    })
}

#[cfg(unix)]
pub(super) fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
pub(super) fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// Says that something below a source folder could not be read, and what can be done about it.
pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
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
