//! Opening, looking at and deleting one file: each is one job, which opens the storage's folder,
//! then the file below it. Content is not read here.

use std::{fs::File, io, path::Path};

use cap_std::fs::Metadata;
use storehouse_storage::{
    Attributes, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result, guess_content_type,
};

use crate::{
    error::{Access, is_a_directory, is_missing, no_file, translate},
    root::{OpenRoot, Root},
    system,
};

/// Opens a file and finds out which of its bytes are wanted.
pub(crate) fn open(root: &Root, name: &Name, options: &OpenOptions) -> Result<Reader> {
    let opened = root.open_to_read()?.ok_or_else(Error::not_found)?;
    let (file, metadata) = open_file(root, &opened, name)?;
    let size = metadata.len();
    let range = match &options.range {
        Some(range) => range.resolve(size)?,
        None => 0..size,
    };
    Ok(Reader::from_file(
        entry(name.clone(), &metadata),
        range,
        file,
    ))
}

/// Opens a regular file for reading.
pub(crate) fn open_file(
    root: &Root,
    opened: &OpenRoot<'_>,
    name: &Name,
) -> Result<(File, Metadata)> {
    let failed = |error| not_readable(error, &root.path(name));
    let file = opened.file(name).map_err(failed)?.into_std();
    let metadata = Metadata::from_file(&file).map_err(failed)?;
    if metadata.is_dir() {
        return Err(is_a_directory());
    }
    if !metadata.is_file() {
        return Err(no_file());
    }
    Ok((file, metadata))
}

/// Looks at a file.
pub(crate) fn stat(root: &Root, name: &Name) -> Result<Entry> {
    let opened = root.open_to_read()?.ok_or_else(Error::not_found)?;
    let metadata = opened
        .metadata(name)
        .map_err(|error| not_readable(error, &root.path(name)))?;
    if metadata.is_dir() {
        return Err(Error::not_found().with_advice("it is a folder"));
    }
    if !metadata.is_file() {
        return Err(no_file());
    }
    Ok(entry(name.clone(), &metadata))
}

/// Whether a file has the name, or a symlink that leads nowhere: that takes the name too, and Django's
/// `exists` (`os.path.lexists`) tells so.
pub(crate) fn exists(root: &Root, name: &Name) -> Result<bool> {
    match stat(root, name) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let Some(opened) = root.open_to_read()? else {
                return Ok(false);
            };
            let found = opened.dir().symlink_metadata(name.as_str());
            let is_link = found.is_ok_and(|found| found.is_symlink());
            Ok(is_link && opened.metadata(name).is_err())
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes a file, or a symlink and not what it leads to.
pub(crate) fn delete(root: &Root, name: &Name) -> Result<()> {
    let Some(opened) = root.open_to_read()? else {
        return Ok(());
    };
    match opened.remove(name) {
        Ok(()) if root.durable => {
            let synced = opened
                .folder(name.parent().as_ref())
                .and_then(|folder| system::sync_folder(&folder));
            // The folder may be gone by now, and the file with it.
            match synced {
                Err(error) if !is_missing(&error) => Err(opened.write_error(error, None)),
                _ => Ok(()),
            }
        }
        Ok(()) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(not_deleted(error, root, &opened, name)),
    }
}

/// Describes a file by what the disk knows of it.
pub(crate) fn entry(name: Name, metadata: &Metadata) -> Entry {
    let mut attributes = Attributes::default();
    attributes.content_type = guess_content_type(&name);
    Entry::new(name, metadata.len())
        .with_modified(metadata.modified().ok().map(|time| time.into_std()))
        .with_created(system::created(metadata))
        .with_accessed(metadata.accessed().ok().map(|time| time.into_std()))
        .with_etag(system::etag(metadata))
        .with_attributes(attributes)
}

/// Below a file there is nothing to be read: that is no other answer than a missing folder.
fn not_readable(error: io::Error, path: &Path) -> Error {
    if is_missing(&error) {
        return Error::not_found().with_source(error);
    }
    translate(error, Access::Read, path)
}

/// Some systems refuse to unlink a folder with the words for a lack of permission.
fn not_deleted(error: io::Error, root: &Root, opened: &OpenRoot<'_>, name: &Name) -> Error {
    let found = opened.dir().symlink_metadata(name.as_str());
    if found.is_ok_and(|found| found.is_dir()) {
        return is_a_directory().with_source(error);
    }
    let folder = name.parent();
    let path = folder.map_or_else(|| root.location.clone(), |folder| root.path(&folder));
    translate(error, Access::Write, &path)
}
