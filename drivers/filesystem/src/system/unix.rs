//! Linux, macOS and their kin.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::Path,
    time::{Duration, SystemTime},
};

use cap_std::fs::{
    Dir, DirBuilder, DirBuilderExt, Metadata, MetadataExt, OpenOptions, OpenOptionsExt,
};
use rustix::{
    fs::{FlockOperation, Gid, Mode, OFlags},
    io::{Errno, retry_on_intr},
    process::geteuid,
};

/// The user this process acts as. Staging folders are private, so each user has their own.
pub(crate) fn user_suffix() -> String {
    format!("-{}", geteuid().as_raw())
}

/// Says how a folder is made: `mode` is cut by the umask, as always.
pub(crate) fn folder_builder(mode: u32) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(mode & 0o777);
    builder
}

/// Says how a file is opened for reading, without waiting for the other end of a fifo or for a device.
pub(crate) fn reading_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

/// Says how a new file is opened for writing: `mode` is cut by the umask, as always.
pub(crate) fn writing_options(mode: u32) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(mode);
    options
}

/// Makes a file on the disk of `folder` that has no name and is gone when it is closed; none where
/// the kernel or the filesystem cannot.
#[cfg(target_os = "linux")]
pub(crate) fn nameless_file(folder: &Dir, mode: u32) -> io::Result<Option<File>> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::openat(folder, ".", flags, Mode::from_raw_mode(narrow(mode))) {
        Ok(file) => Ok(Some(file.into())),
        // What a kernel says that does not know the flag, and what a filesystem says.
        Err(Errno::ISDIR | Errno::NOENT | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// None: only Linux has files without a name.
#[cfg(not(target_os = "linux"))]
pub(crate) fn nameless_file(_folder: &Dir, _mode: u32) -> io::Result<Option<File>> {
    Ok(None)
}

/// Gives a file without a name the name `part`, unless that is taken.
#[cfg(target_os = "linux")]
pub(crate) fn name_nameless(file: &File, folder: &Dir, part: &str) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    match linkat(file, "", folder, part, AtFlags::EMPTY_PATH) {
        // Before Linux 6.10 this needs a right (CAP_DAC_READ_SEARCH); the way through /proc does not.
        Err(Errno::NOENT) => {}
        named => return Ok(named?),
    }
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(
        CWD,
        descriptor,
        folder,
        part,
        AtFlags::SYMLINK_FOLLOW,
    )?)
}

/// Never called: there are no files without a name.
#[cfg(not(target_os = "linux"))]
pub(crate) fn name_nameless(_file: &File, _folder: &Dir, _part: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns whether a file has exactly this mode.
pub(crate) fn has_mode(metadata: &Metadata, mode: u32) -> bool {
    metadata.mode() & 0o7777 == mode & 0o7777
}

/// Sets exactly this mode, whatever the umask.
pub(crate) fn set_file_mode(file: &File, mode: u32) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(narrow(mode)))?)
}

/// Sets exactly this mode on the folder `part`, which must not be a symlink.
pub(crate) fn set_folder_mode(parent: &Dir, part: &OsStr, mode: u32) -> io::Result<()> {
    // One part and no symlink: this cannot leave `parent`.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(parent, part, flags, Mode::empty())?;
    Ok(rustix::fs::fchmod(
        folder,
        Mode::from_raw_mode(narrow(mode)),
    )?)
}

/// Gives `file` the group of the storage's folder, as Django does, where this user may. Returns
/// whether that changed the file.
pub(crate) fn share_group(file: &File, file_is: &Metadata, root: &Metadata) -> io::Result<bool> {
    let group = root.gid();
    if file_is.gid() == group {
        return Ok(false);
    }
    match rustix::fs::fchown(file, None, Some(Gid::from_raw(group))) {
        Ok(()) => Ok(true),
        Err(Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reads some of a file, from the byte `at` on.
pub(crate) fn read_at(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(block, at)
}

/// Has the system copy up to `most` bytes of `from`, from the byte `at` on, to where `to` stands.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn copy_range(from: &File, mut at: u64, to: &File, most: u64) -> io::Result<u64> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let copied = rustix::fs::copy_file_range(from, Some(&mut at), to, None, most)?;
    Ok(copied as u64)
}

/// Nothing: this system has no such call.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn copy_range(_from: &File, _at: u64, _to: &File, _most: u64) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes a folder's entries through to the disk.
pub(crate) fn sync_folder(folder: &Dir) -> io::Result<()> {
    // The handle of a `Dir` may be one that only finds paths; `.` gives one that can be synced.
    folder.open(".")?.into_std().sync_all()
}

/// Marks a file as being written, until it is closed.
pub(crate) fn lock(file: &File) -> io::Result<()> {
    match retry_on_intr(|| rustix::fs::flock(file, FlockOperation::LockExclusive)) {
        // Some network filesystems have no locks. Who sweeps has none there either, and sweeps nothing.
        Ok(()) | Err(Errno::NOLCK | Errno::NOSYS | Errno::NOTSUP | Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Marks a staged file as being written, until it is closed; false if it was swept before that.
pub(crate) fn claim(file: &File) -> io::Result<bool> {
    lock(file)?;
    Ok(Metadata::from_file(file)?.nlink() > 0)
}

/// Removes the staged file `part` if no process is writing it any more, and says whether it did.
pub(crate) fn remove_unclaimed(folder: &Dir, part: &str) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, part, flags, Mode::empty())?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => folder.remove_file(part).map(|()| true),
        Err(_) => Ok(false),
    }
}

/// Gives `from` the name `to` unless that is taken. One step where the filesystem can.
pub(crate) fn rename_exclusively(
    from_folder: &Dir,
    from: &str,
    to_folder: &Dir,
    to: &str,
) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(from_folder, from, to_folder, to, RenameFlags::NOREPLACE) {
            // NFS and some FUSE filesystems do not know the flag, old kernels not the call.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return Ok(other?),
        }
    }
    super::link_exclusively(from_folder, from, to_folder, to)
}

/// Returns whether a folder is where a file was to be put.
pub(crate) fn is_folder_in_the_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::IsADirectory
}

/// Returns what a file is under its name, of which `before` was all but the name.
pub(crate) fn when_named(_file: &File, before: &Metadata) -> io::Result<Metadata> {
    // A name changes nothing that is told of a save: number, size, time of the last write.
    Ok(before.clone())
}

/// Returns whether both tell of one file.
pub(crate) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// What a folder is, whatever way leads to it: its device and its number.
pub(crate) type FolderIdentity = (u64, u64);

/// Returns what `folder` is; `_path` leads to it.
pub(crate) fn folder_identity(_path: &Path, folder: &Dir) -> io::Result<FolderIdentity> {
    let metadata = folder.dir_metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Returns a tag that changes when the content does: number, time of the last write, size.
pub(crate) fn etag(metadata: &Metadata) -> String {
    let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    format!("{:x}-{modified:x}-{:x}", metadata.ino(), metadata.len())
}

/// Returns when the metadata last changed: what Django calls created.
pub(crate) fn created(metadata: &Metadata) -> Option<SystemTime> {
    let seconds = u64::try_from(metadata.ctime()).ok()?;
    let nanos = u32::try_from(metadata.ctime_nsec()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

/// Returns how many bytes still fit on the disk of `folder`, and whether a new file does.
pub(crate) fn free_space(folder: &Dir) -> Option<(u64, bool)> {
    let space = rustix::fs::fstatvfs(folder).ok()?;
    let bytes = space.f_bavail.saturating_mul(space.f_frsize);
    // Some filesystems, such as btrfs, do not count files at all.
    let takes_files = space.f_files == 0 || space.f_favail > 0;
    Some((bytes, takes_files))
}

/// Returns whether the process has no descriptors left, or the system none.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

/// Returns whether symlinks lead round in circles.
pub(crate) fn is_symlink_loop(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// Returns whether `error` says that this is a socket or a device without a driver.
pub(crate) fn is_no_file(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NXIO | Errno::NODEV)
    )
}

/// macOS keeps modes in 16 bits, Linux in 32.
fn narrow(mode: u32) -> rustix::fs::RawMode {
    rustix::fs::RawMode::try_from(mode & 0o7777).unwrap_or_default()
}
