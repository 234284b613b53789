//! Memory for contents that are read together: one block for many, since each page of memory that a
//! program gets for the first time costs it about as much as copying two. What the contents are for is not
//! its business.

use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
};

use bytes::Bytes;
use memmap2::MmapMut;
use storehouse_storage::{Error, Result};

use super::walk::{changed_meanwhile, unreadable};
use crate::staticfiles::model::source_file::SourceFile;

/// Room for contents, and those that it has by now.
#[derive(Debug, Default)]
pub(in crate::staticfiles) struct Arena {
    /// None where there is no room.
    block: Option<MmapMut>,
    used: usize,
}

impl Arena {
    /// Makes room for the contents of these.
    ///
    /// # Errors
    /// Where the system has no such room; it names the largest of them.
    pub(in crate::staticfiles) fn for_sources<'a>(
        sources: impl Iterator<Item = &'a SourceFile> + Clone,
    ) -> Result<Self> {
        let rooms = sources.clone().map(|source| room_of(source.size));
        let Some(bytes) = rooms.reduce(u64::saturating_add) else {
            return Ok(Self::default());
        };
        let block = map(bytes).map_err(|error| no_room(sources, error))?;
        Ok(Self {
            block: Some(block),
            used: 0,
        })
    }

    /// Reads a source, and returns where it is.
    ///
    /// # Errors
    /// What reading gives; a source that has another size by now, or that there is no room for.
    pub(in crate::staticfiles) fn read(&mut self, source: &SourceFile) -> Result<Range<usize>> {
        let read = self.read_to(source);
        let length = read.map_err(|error| unreadable(&source.path, error))?;
        let place = self.used..self.used + length;
        self.used = place.end;
        match length as u64 == source.size {
            true => Ok(place),
            false => Err(changed_meanwhile(source)),
        }
    }

    /// Returns how much was read, which may be a byte more than the size.
    fn read_to(&mut self, source: &SourceFile) -> io::Result<usize> {
        let mut file = File::open(&source.path)?;
        let room = usize::try_from(room_of(source.size)).map_err(io::Error::other)?;
        let block = self.block.as_deref_mut().unwrap_or_default();
        let place = block.get_mut(self.used..self.used + room);
        let place = place.ok_or(io::ErrorKind::OutOfMemory)?;
        let mut length = 0;
        while length < room {
            match file.read(&mut place[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(length)
    }

    /// Returns all that was read, in one piece that its parts can be taken of without a copy.
    pub(in crate::staticfiles) fn freeze(self) -> Bytes {
        self.block.map(Bytes::from_owner).unwrap_or_default()
    }
}

/// A byte more than the size: so one read shows whether that is all.
fn room_of(size: u64) -> u64 {
    size.saturating_add(1)
}

fn map(bytes: u64) -> io::Result<MmapMut> {
    let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
    // In small pages: large ones have to be gathered first. Measured for 121 MB by two threads: 57 to
    // 68 ms, against 66 to 107.
    MmapMut::map_anon(bytes)
}

/// Says which source there is no memory for: the largest of them.
fn no_room<'a>(sources: impl Iterator<Item = &'a SourceFile>, error: io::Error) -> Error {
    let error = Error::from_io(error);
    let Some(largest) = sources.max_by_key(|source| source.size) else {
        return error;
    };
    let (path, size) = (&largest.path, largest.size);
    let problem = format!("cannot hold {path:?} of {size} bytes: {}", error.problem());
    Error::new(error.kind(), problem).with_advice("leave it out with --ignore")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tempfile::TempDir;

    use super::*;

    fn source(folder: &Path, name: &str, size: u64) -> SourceFile {
        SourceFile {
            path: folder.join(name),
            relative: name.to_owned(),
            size,
            modified: None,
            changed: None,
            inode: 0,
            is_linked: false,
        }
    }

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn sources_lie_side_by_side_and_one_of_another_size_is_told() {
        let folder = folder(&[("a", "first"), ("b", ""), ("c", "third")]);
        let given = [("a", 5), ("b", 0), ("c", 4), ("c", 6)];
        let given = given.map(|(name, size)| source(folder.path(), name, size));
        let mut arena = Arena::for_sources(given.iter()).unwrap();

        let read = given.each_ref().map(|source| arena.read(source));
        let all = arena.freeze();

        let [first, empty, grown, shrunk] = read;
        assert_eq!(all.slice(first.unwrap()), "first");
        assert_eq!(all.slice(empty.unwrap()), "");
        for error in [grown, shrunk] {
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains("changed while it was being collected"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_source_that_there_is_no_room_for_is_named() {
        let folder = folder(&[("a", "abc")]);
        let [small, large, endless] = [1, 3, u64::MAX].map(|size| source(folder.path(), "a", size));

        let error = Arena::for_sources([&small, &endless].into_iter()).unwrap_err();
        let problem = format!("cannot hold {:?} of {} bytes", endless.path, u64::MAX);
        assert!(error.to_string().contains(&problem), "{error}");

        for mut arena in [
            Arena::for_sources([&small].into_iter()).unwrap(),
            Arena::default(),
        ] {
            assert!(arena.read(&large).is_err(), "{arena:?}");
        }
    }
}
