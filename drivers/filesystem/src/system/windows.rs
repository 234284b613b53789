//! Windows: no modes, no groups, and files that are open keep others from deleting them.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use cap_std::fs::{Dir, DirBuilder, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};

/// `DELETE`, the access right.
const DELETE: u32 = 0x0001_0000;
/// Deletes the file when its last handle is closed.
const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
/// `ERROR_TOO_MANY_OPEN_FILES`.
const TOO_MANY_OPEN_FILES: i32 = 4;
/// `ERROR_CANT_RESOLVE_FILENAME`: what a loop of symlinks gives.
const CANNOT_RESOLVE_NAME: i32 = 1921;

/// Folders are not private here, so all users share one staging folder.
pub(crate) fn user_suffix() -> String {
    String::new()
}

/// Says how a folder is made; there are no modes.
pub(crate) fn folder_builder(_mode: u32) -> DirBuilder {
    DirBuilder::new()
}

/// Says how a file is opened for reading.
pub(crate) fn reading_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

/// Says how a new file is opened for writing.
pub(crate) fn writing_options(_mode: u32) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
}

/// None: there are no files without a name.
pub(crate) fn nameless_file(_folder: &Dir, _mode: u32) -> io::Result<Option<File>> {
    Ok(None)
}

/// Never called: there are no files without a name.
pub(crate) fn name_nameless(_file: &File, _folder: &Dir, _part: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// True: there are no modes.
pub(crate) fn has_mode(_metadata: &Metadata, _mode: u32) -> bool {
    true
}

/// Does nothing: there are no modes.
pub(crate) fn set_file_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Does nothing: there are no modes.
pub(crate) fn set_folder_mode(_parent: &Dir, _part: &OsStr, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Does nothing: files have no group that matters.
pub(crate) fn share_group(_file: &File, _file_is: &Metadata, _root: &Metadata) -> io::Result<bool> {
    Ok(false)
}

/// Reads some of a file, from the byte `at` on.
pub(crate) fn read_at(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, block, at)
}

/// Nothing: this system has no such call.
pub(crate) fn copy_range(_from: &File, _at: u64, _to: &File, _most: u64) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does nothing: a folder cannot be synced here; NTFS keeps a journal of names.
pub(crate) fn sync_folder(_folder: &Dir) -> io::Result<()> {
    Ok(())
}

/// Nothing to do: an open file shows by itself that it is being written.
pub(crate) fn lock(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Nothing to do: an open file shows by itself that it is being written.
pub(crate) fn claim(_file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Removes the staged file `part` if no process has it open, and says whether it did.
pub(crate) fn remove_unclaimed(folder: &Dir, part: &str) -> io::Result<bool> {
    let mut options = OpenOptions::new();
    // Sharing nothing is refused while a writer has it open; what can be opened so is litter.
    options
        .read(true)
        .access_mode(DELETE)
        .share_mode(0)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    Ok(folder.open_with(part, &options).is_ok())
}

/// Gives `from` the name `to` unless that is taken.
pub(crate) fn rename_exclusively(
    from_folder: &Dir,
    from: &str,
    to_folder: &Dir,
    to: &str,
) -> io::Result<()> {
    super::link_exclusively(from_folder, from, to_folder, to)
}

/// Returns whether a folder is where a file was to be put: access is denied then.
pub(crate) fn is_folder_in_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::IsADirectory | io::ErrorKind::PermissionDenied
    )
}

/// Returns what a file is under its name: NTFS may give it the time of a file that had the name.
pub(crate) fn when_named(file: &File, _before: &Metadata) -> io::Result<Metadata> {
    Metadata::from_file(file)
}

/// Returns whether both may tell of one file: its number is not to be had here, so the times decide.
pub(crate) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    let times = |metadata: &Metadata| (metadata.creation_time(), metadata.last_write_time());
    times(one) == times(other) && one.len() == other.len()
}

/// What a folder is, whatever way leads to it: its real path.
pub(crate) type FolderIdentity = PathBuf;

/// Returns what `_folder` is, to which `path` leads.
pub(crate) fn folder_identity(path: &Path, _folder: &Dir) -> io::Result<FolderIdentity> {
    path.canonicalize()
}

/// Returns a tag that changes when the content does: times of creation and of the last write, size.
pub(crate) fn etag(metadata: &Metadata) -> String {
    let (made, written) = (metadata.creation_time(), metadata.last_write_time());
    format!("{made:x}-{written:x}-{:x}", metadata.len())
}

/// Returns when the file was made.
pub(crate) fn created(metadata: &Metadata) -> Option<SystemTime> {
    metadata.created().ok().map(|time| time.into_std())
}

/// Not looked up here.
pub(crate) fn free_space(_folder: &Dir) -> Option<(u64, bool)> {
    None
}

/// Returns whether the process has no handles left.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error() == Some(TOO_MANY_OPEN_FILES)
}

/// Returns whether symlinks lead round in circles.
pub(crate) fn is_symlink_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(CANNOT_RESOLVE_NAME)
}

/// There are no sockets and devices in folders.
pub(crate) fn is_no_file(_error: &io::Error) -> bool {
    false
}
