//! What a failed system call means for whoever reads the message: kind, reason, place and advice.
//! Which call it was, and on which name, is not said here.

use std::{io, path::Path};

use cap_std::fs::Dir;
use storehouse_storage::{Error, ErrorKind};

use crate::system;

/// What was being done to the disk, for the advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Looking, reading.
    Read,
    /// Making, replacing, removing.
    Write,
}

/// Translates an error that happened on `path` (or on a folder of it).
pub(crate) fn translate(error: io::Error, access: Access, path: &Path) -> Error {
    let path = path.display();
    if left_the_root(&error) {
        let problem = "a symlink in it is absolute or leads out of the storage's folder";
        let advice = match access {
            Access::Read => "follow_symlinks = true lets this storage read what it leads to",
            Access::Write => "only relative symlinks that stay inside are followed",
        };
        return Error::new(ErrorKind::PermissionDenied, problem)
            .with_advice(advice)
            .with_source(error);
    }
    if system::is_out_of_descriptors(&error) {
        return Error::new(ErrorKind::Unavailable, "too many files are open")
            .with_advice("raise the limit (ulimit -n), or do less at once")
            .with_source(error);
    }
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let verb = match access {
                Access::Read => "read",
                Access::Write => "write to",
            };
            let advice = format!("let the user this program runs as {verb} {path}");
            Error::from_io(error).with_advice(advice)
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            let advice = format!("{path} is on a disk that is mounted read-only");
            Error::from_io(error).with_advice(advice)
        }
        io::ErrorKind::InvalidFilename => {
            let problem = "a part of the name is longer than this disk takes";
            Error::new(ErrorKind::InvalidName, problem)
                .with_advice("most disks take 255 bytes")
                .with_source(error)
        }
        io::ErrorKind::FileTooLarge => Error::from_io(error)
            .with_advice("raise the limit of this process (ulimit -f); some disks have one too"),
        io::ErrorKind::NotADirectory => not_a_directory().with_source(error),
        io::ErrorKind::IsADirectory => is_a_directory().with_source(error),
        io::ErrorKind::AlreadyExists => Error::already_exists().with_source(error),
        io::ErrorKind::NotFound => not_found(error),
        _ if system::is_symlink_loop(&error) => symlink_loop(error),
        _ if system::is_no_file(&error) => no_file(),
        // The system's words say what, the path where: an I/O error, a stale network mount.
        _ => {
            let advice = format!("it happened on {path}");
            Error::from_io(error).with_advice(advice)
        }
    }
}

/// Translates an error of writing, and says how much room there is if it was that.
pub(crate) fn translate_write(error: io::Error, path: &Path, disk: &Dir) -> Error {
    let is_too_large = error.kind() == io::ErrorKind::FileTooLarge;
    let error = translate(error, Access::Write, path);
    if error.kind() != ErrorKind::StorageFull || is_too_large {
        return error;
    }
    let advice = match system::free_space(disk) {
        Some((bytes, false)) => {
            format!("remove files: {bytes} bytes are free there, but no new file (inode)")
        }
        Some((bytes, true)) => format!("make room: {bytes} bytes are free there"),
        None => "make room there".to_owned(),
    };
    error.with_advice(format!("{advice} ({})", path.display()))
}

/// Says that a folder of the name is a file.
pub(crate) fn not_a_directory() -> Error {
    Error::new(
        ErrorKind::NotADirectory,
        "a folder of the name is a file there",
    )
}

/// Says that the name is a folder.
pub(crate) fn is_a_directory() -> Error {
    Error::new(ErrorKind::IsADirectory, "it is a folder")
}

/// Says that what is there is neither a file nor a folder.
pub(crate) fn no_file() -> Error {
    let problem = "what is there is no file, but a fifo, a socket or a device";
    Error::new(ErrorKind::NotFound, problem)
}

/// Returns whether `error` says that there is nothing to be found under a name.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Returns whether a path was refused because it leads out of its root.
pub(crate) fn left_the_root(error: &io::Error) -> bool {
    // cap-std makes this error itself; the system's own refusals have a number.
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

fn not_found(error: io::Error) -> Error {
    Error::not_found().with_source(error)
}

fn symlink_loop(error: io::Error) -> Error {
    let problem = "its symlinks lead round in circles";
    Error::new(ErrorKind::NotFound, problem).with_source(error)
}
