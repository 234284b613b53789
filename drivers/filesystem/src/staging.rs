//! Files being written, before they have their name. Nobody sees half a file, and they get their
//! name in one step (see [`crate::publish`] for where, which is not decided here).
//!
//! Where the system can (Linux, `O_TMPFILE`), such a file has no name at all until then: of a
//! process that is killed nothing is left, and each save is some calls shorter.
//!
//! Elsewhere, and in the instant when one file replaces another, they lie in a private folder at
//! the top of the storage. A process that is killed leaves its files there. They are found by a
//! lock: whoever writes a staged file holds a lock (`flock`) on it, which the system lets go when
//! the process ends, however it ends. [`sweep`] removes what it can lock. Between making a file and
//! locking it, a writer may lose it to a sweep; so after locking it looks whether the file still
//! has a name, and makes another one if not. The reverse cannot happen: a sweep that gets the lock
//! after that gets it only because the writer is gone.

use std::{
    fs::File,
    io::{self, Seek, Write},
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

/// How staged files are kept from being seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staging {
    /// Without a name, where the disk can.
    Nameless,
    /// In the staging folder, always.
    #[cfg_attr(not(test), expect(dead_code, reason = "to test what other disks need"))]
    InFolder,
}

/// A file that is being written and is not under its name yet. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Stage {
    file: File,
    /// Where it is in a staging folder. None: it has no name, and is gone when it is closed.
    place: Option<Place>,
}

/// A name in a staging folder. Dropping it removes the file, unless it was renamed.
#[derive(Debug)]
struct Place {
    folder: Dir,
    part: String,
    renamed: bool,
}

impl Stage {
    /// Makes an empty one on the disk of `folder`, the storage's. `mode` is cut by the umask.
    pub(crate) fn create(folder: &Dir, mode: u32, staging: Staging) -> io::Result<Self> {
        if staging == Staging::Nameless
            && let Some(file) = system::nameless_file(folder, mode)?
        {
            return Ok(Self { file, place: None });
        }
        Self::create_in_folder(folder, mode)
    }

    /// Makes an empty one in the staging folder of `folder`.
    fn create_in_folder(folder: &Dir, mode: u32) -> io::Result<Self> {
        let create = |staging: &Dir, part: &str| {
            let file = staging.open_with(part, &system::writing_options(mode))?;
            Ok(file.into_std())
        };
        for _ in 0..CREATE_ATTEMPTS {
            let Some((file, place)) = Place::try_take(folder, create)? else {
                continue;
            };
            // A sweep may have taken it before it was locked.
            if system::claim(&file)? {
                let place = Some(place);
                return Ok(Self { file, place });
            }
        }
        Err(removed_again_and_again())
    }

    /// Adds to its end.
    pub(crate) fn write(&mut self, block: &[u8]) -> io::Result<()> {
        self.file.write_all(block)
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
    pub(crate) fn name_exclusively(&mut self, folder: &Dir, part: &str) -> io::Result<()> {
        let Some(place) = &mut self.place else {
            return system::name_nameless(&self.file, folder, part);
        };
        system::rename_exclusively(&place.folder, &place.part, folder, part)?;
        place.renamed = true;
        Ok(())
    }

    /// Gives it the name `part` in `folder`, whatever file has it. `home` is the folder whose
    /// staging folder it may pass through.
    pub(crate) fn name_over(&mut self, home: &Dir, folder: &Dir, part: &str) -> io::Result<()> {
        if self.place.is_none() {
            // Most names are free. Only a file that has a name can replace another.
            match system::name_nameless(&self.file, folder, part) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.move_in_folder(home)?;
                }
                named => return named,
            }
        }
        if let Some(place) = &mut self.place {
            place.folder.rename(&place.part, folder, part)?;
            place.renamed = true;
        }
        Ok(())
    }

    /// Returns whether it has no name yet, not even in a staging folder.
    pub(crate) fn is_nameless(&self) -> bool {
        self.place.is_none()
    }

    /// Returns whether something else has removed it.
    pub(crate) fn is_gone(&self) -> bool {
        let place = self.place.as_ref();
        place.is_some_and(|place| place.folder.symlink_metadata(&place.part).is_err())
    }

    /// Copies it to the staging folder of `folder`, which may be on another disk.
    pub(crate) fn copied_to(&mut self, folder: &Dir, mode: u32) -> io::Result<Self> {
        let mut copy = Self::create_in_folder(folder, mode)?;
        self.file.rewind()?;
        io::copy(&mut self.file, &mut copy.file)?;
        Ok(copy)
    }

    /// Gives a nameless one a place in the staging folder of `home`.
    fn move_in_folder(&mut self, home: &Dir) -> io::Result<()> {
        // Locked before it can be seen: no sweep gets it.
        system::lock(&self.file)?;
        for _ in 0..CREATE_ATTEMPTS {
            let name = |staging: &Dir, part: &str| system::name_nameless(&self.file, staging, part);
            if let Some(((), place)) = Place::try_take(home, name)? {
                self.place = Some(place);
                return Ok(());
            }
        }
        Err(removed_again_and_again())
    }
}

impl Place {
    /// Has `make` make a file in the staging folder of `folder`, unless that is removed meanwhile.
    fn try_take<T>(
        folder: &Dir,
        make: impl FnOnce(&Dir, &str) -> io::Result<T>,
    ) -> io::Result<Option<(T, Self)>> {
        let part = random_part()?;
        let made = staging_folder(folder).and_then(|folder| Ok((make(&folder, &part)?, folder)));
        match made {
            Ok((made, folder)) => {
                let renamed = false;
                Ok(Some((
                    made,
                    Self {
                        folder,
                        part,
                        renamed,
                    },
                )))
            }
            // The last storage that used the staging folder has removed it just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.renamed {
            remove_quietly(&self.folder, &self.part);
        }
    }
}

fn removed_again_and_again() -> io::Error {
    let problem = "the staging folder is removed again and again";
    io::Error::new(io::ErrorKind::TimedOut, problem)
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

    fn folder() -> (tempfile::TempDir, Dir) {
        let temporary = tempfile::TempDir::new().unwrap();
        let authority = cap_std::ambient_authority();
        let dir = Dir::open_ambient_dir(temporary.path(), authority).unwrap();
        (temporary, dir)
    }

    #[test]
    fn a_file_gets_its_name_with_or_without_one_before() {
        for staging in [Staging::Nameless, Staging::InFolder] {
            let (temporary, dir) = folder();
            for (content, is_exclusive) in [("one", true), ("two", false)] {
                let mut stage = Stage::create(&dir, 0o644, staging).unwrap();
                stage.write(content.as_bytes()).unwrap();
                match is_exclusive {
                    true => stage.name_exclusively(&dir, "a").unwrap(),
                    false => stage.name_over(&dir, &dir, "a").unwrap(),
                }
                let taken = Stage::create(&dir, 0o644, staging).unwrap();
                drop(taken);

                let found = std::fs::read_to_string(temporary.path().join("a")).unwrap();
                assert_eq!(found, content, "{staging:?}");
            }
            let error = Stage::create(&dir, 0o644, staging)
                .and_then(|mut stage| stage.name_exclusively(&dir, "a"))
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{staging:?}");
            remove_folder(&dir);
            assert_eq!(dir.entries().unwrap().count(), 1, "{staging:?}");
        }
    }

    #[test]
    fn a_sweep_takes_what_nobody_writes_any_more() {
        let (_temporary, dir) = folder();
        let stage = Stage::create(&dir, 0o644, Staging::InFolder).unwrap();
        let staging = staging_folder(&dir).unwrap();
        staging.write("left behind", "x").unwrap();

        sweep(&dir);

        assert_eq!(staging.entries().unwrap().count(), 1);
        drop(stage);
        assert_eq!(staging.entries().unwrap().count(), 0);
    }
}
