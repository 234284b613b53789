//! Lists the files below a source folder. It follows links, as Django does, and gives names, sizes
//! and times; it opens nothing.

use std::{
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
}

/// Returns all files below `root` but the ignored ones: in each folder the files first, by name,
/// then what its folders hold.
///
/// # Errors
/// A folder that cannot be read; a link that leads nowhere or in a circle; something that is
/// neither file nor folder; a name that is not UTF-8. Each names the path.
pub(super) fn walk(root: &Path, ignore: &IgnorePatterns) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut ancestors = Vec::new();
    walk_folder(root, "", ignore, &mut ancestors, &mut files)?;
    Ok(files)
}

fn walk_folder(
    folder: &Path,
    relative: &str,
    ignore: &IgnorePatterns,
    ancestors: &mut Vec<PathBuf>,
    files: &mut Vec<SourceFile>,
) -> Result<()> {
    let real = folder
        .canonicalize()
        .map_err(|error| unreadable(folder, error))?;
    if ancestors.contains(&real) {
        let problem = format!("{} is a link to a folder that it is in", folder.display());
        let advice = "remove the link, or leave it out with --ignore";
        return Err(Error::new(ErrorKind::Other, problem).with_advice(advice));
    }
    ancestors.push(real);
    let mut folders = Vec::new();
    for (name, path) in sorted_entries(folder)? {
        let below = if relative.is_empty() {
            name.clone()
        } else {
            format!("{relative}/{name}")
        };
        // Follows links. One that leads nowhere counts as a file, so that a pattern can ignore it.
        let metadata = fs::metadata(&path);
        if metadata.as_ref().is_ok_and(fs::Metadata::is_dir) {
            if !ignore.ignores_folder(&name) {
                folders.push((path, below));
            }
        } else if !ignore.ignores_file(&name, &below) {
            let metadata = metadata.map_err(|error| unreadable(&path, error))?;
            files.push(source_file(path, below, &metadata)?);
        }
    }
    for (path, below) in folders {
        walk_folder(&path, &below, ignore, ancestors, files)?;
    }
    ancestors.pop();
    Ok(())
}

fn sorted_entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = |error| unreadable(folder, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().map_err(|name| {
            let problem = format!("the name {name:?} in {} is not UTF-8", folder.display());
            Error::new(ErrorKind::InvalidName, problem)
                .with_advice("rename it, or move it out of the folder")
        })?;
        entries.push((name, entry.path()));
    }
    entries.sort_unstable();
    Ok(entries)
}

fn source_file(path: PathBuf, relative: String, metadata: &fs::Metadata) -> Result<SourceFile> {
    if !metadata.is_file() {
        let problem = format!("{} is neither a file nor a folder", path.display());
        return Err(Error::new(ErrorKind::Other, problem)
            .with_advice("remove it, or leave it out with --ignore"));
    }
    Ok(SourceFile {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        path,
        relative,
    })
}

/// Says that something below a source folder could not be read.
pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    let error = Error::from_io(error);
    Error::new(
        error.kind(),
        format!("cannot read {}: {}", path.display(), error.problem()),
    )
}
