//! Files being written, before they have their name. They lie in a private folder at the top of
//! the storage, so that nobody sees half a file, and a rename gives them their name in one step
//! (see [`crate::publish`], not here).
//!
//! A process that is killed leaves its files there. They are found by a lock: whoever writes a
//! staged file holds a lock (`flock`) on it, which the system lets go when the process ends,
//! however it ends. [`sweep`] removes what it can lock. Between making a file and locking it, a
//! writer may lose it to a sweep; so after locking it looks whether the file still has a name, and
//! makes another one if not. The reverse cannot happen: a sweep that gets the lock after that gets
//! it only because the writer is gone.

use std::{
    fs::File,
    io::{self, Seek, Take, Write},
};

use cap_std::fs::{Dir, Metadata};

use crate::system;

/// What the names of our folders start with. No name of a storage may have a part like this.
const STAGING: &str = ".storehouse-tmp";
/// How often a staged file is made again: each time something else has to remove its folder, or
/// sweep it, in the microseconds before it is locked.
const CREATE_ATTEMPTS: usize = 100;

/// Returns whether a part of a name is kept for staging.
///
/// Case does not matter, since it does not on the disks of macOS and Windows.
pub(crate) fn is_reserved(part: &str) -> bool {
    part.get(..STAGING.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(STAGING))
}

/// A file that is being written and has no name yet. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: Dir,
    part: String,
    file: File,
    published: bool,
}

impl Stage {
    /// Makes an empty one in the staging folder of `folder`.
    pub(crate) fn create(folder: &Dir) -> io::Result<Self> {
        for _ in 0..CREATE_ATTEMPTS {
            match Self::try_create(folder) {
                Ok(Some(stage)) => return Ok(stage),
                Ok(None) => {}
                // The last storage that used the staging folder has removed it just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let problem = "the staging folder is removed again and again";
        Err(io::Error::new(io::ErrorKind::TimedOut, problem))
    }

    /// Makes one, unless a sweep took it before it was locked.
    fn try_create(folder: &Dir) -> io::Result<Option<Self>> {
        let folder = staging_folder(folder)?;
        let part = random_part()?;
        let file = folder
            .open_with(&part, &system::writing_options())?
            .into_std();
        let stage = Self {
            folder,
            part,
            file,
            published: false,
        };
        Ok(system::claim(&stage.file)?.then_some(stage))
    }

    /// Adds to its end.
    pub(crate) fn write(&mut self, block: &[u8]) -> io::Result<()> {
        self.file.write_all(block)
    }

    /// Adds all that `source` gives to its end, and returns how many bytes that were.
    pub(crate) fn copy_from(&mut self, source: &mut Take<&File>) -> io::Result<u64> {
        // The standard library has the kernel copy between two files.
        io::copy(source, &mut self.file)
    }

    /// Returns the folder it lies in.
    pub(crate) fn folder(&self) -> &Dir {
        &self.folder
    }

    /// Returns the file itself.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Looks at the file.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        Metadata::from_file(&self.file)
    }

    /// Gives it the name `part` in `folder`, if that is free.
    pub(crate) fn rename_exclusively(&mut self, folder: &Dir, part: &str) -> io::Result<()> {
        system::rename_exclusively(&self.folder, &self.part, folder, part)?;
        self.published = true;
        Ok(())
    }

    /// Gives it the name `part` in `folder`, whatever file has it.
    pub(crate) fn rename_over(&mut self, folder: &Dir, part: &str) -> io::Result<()> {
        self.folder.rename(&self.part, folder, part)?;
        self.published = true;
        Ok(())
    }

    /// Returns whether something else has removed it.
    pub(crate) fn is_gone(&self) -> bool {
        self.folder.symlink_metadata(&self.part).is_err()
    }

    /// Copies it to the staging folder of `folder`, which is on another disk.
    pub(crate) fn copied_to(&mut self, folder: &Dir) -> io::Result<Self> {
        let mut copy = Self::create(folder)?;
        self.file.rewind()?;
        io::copy(&mut self.file, &mut copy.file)?;
        Ok(copy)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.published {
            remove_quietly(&self.folder, &self.part);
        }
    }
}

/// Removes what killed processes left in the staging folder of `folder`.
pub(crate) fn sweep(folder: &Dir) {
    let swept = match folder.open_dir(folder_part()) {
        Ok(staging) => sweep_folder(&staging),
        Err(error) => Err(error),
    };
    match swept {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "removed unfinished files of processes that ended"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Litter is hidden and harmless: no reason to fail a save.
        Err(error) => tracing::warn!(%error, "cannot look for unfinished files to remove"),
    }
}

/// Removes the staging folder of `folder` if nothing is in it.
pub(crate) fn remove_folder(folder: &Dir) {
    match folder.remove_dir(folder_part()) {
        Err(error) if !is_expected(&error) => {
            tracing::debug!(%error, "the staging folder stays");
        }
        _ => {}
    }
}

/// Removes a file whose removal nobody waits for.
pub(crate) fn remove_quietly(folder: &Dir, part: &str) {
    match folder.remove_file(part) {
        Err(error) if !is_expected(&error) => {
            tracing::warn!(%error, part, "an unfinished file stays until the next sweep");
        }
        _ => {}
    }
}

fn is_expected(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
    )
}

fn sweep_folder(staging: &Dir) -> io::Result<usize> {
    let mut count = 0;
    for entry in staging.entries()? {
        let part = entry?.file_name();
        match part
            .to_str()
            .map(|part| system::remove_unclaimed(staging, part))
        {
            Some(Ok(true)) => count += 1,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                tracing::debug!(%error, ?part, "cannot remove an unfinished file");
            }
            _ => {}
        }
    }
    Ok(count)
}

/// Opens the staging folder of `folder`, and makes it if it is not there.
fn staging_folder(folder: &Dir) -> io::Result<Dir> {
    let part = folder_part();
    match folder.open_dir(&part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    // What is written has its final mode before it is seen; until then it is nobody's business.
    match folder.create_dir_with(&part, &system::folder_builder(0o700)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    folder.open_dir(&part)
}

/// The staging folder is private, so two users of one storage need one each.
fn folder_part() -> String {
    format!("{STAGING}{}", system::user_suffix())
}

fn random_part() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_that_start_like_a_staging_folder_are_reserved() {
        for (part, expected) in [
            (".storehouse-tmp", true),
            (".storehouse-tmp-1000", true),
            (".Storehouse-TMP", true),
            (".storehouse", false),
            ("storehouse-tmp", false),
            (".storehouse-tm\u{e9}", false),
            ("", false),
        ] {
            assert_eq!(is_reserved(part), expected, "{part}");
        }
    }
}
