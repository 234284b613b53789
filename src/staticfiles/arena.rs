//! Memory for contents that are read together: one block for many, since each page of memory that a
//! program gets for the first time costs it about as much as copying two. Nothing here knows what the
//! contents are for.

use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
    path::Path,
};

use bytes::Bytes;
use memmap2::MmapMut;

/// Room for contents, and those that it has by now.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// None where there is no room.
    block: Option<MmapMut>,
    used: usize,
}

impl Arena {
    /// Makes room for files of these sizes, in bytes.
    ///
    /// # Errors
    /// Where the system has no such room.
    pub(super) fn for_files(sizes: impl Iterator<Item = u64>) -> io::Result<Self> {
        let Some(bytes) = sizes.map(room_of).reduce(u64::saturating_add) else {
            return Ok(Self::default());
        };
        let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
        let block = MmapMut::map_anon(bytes)?;
        // Pages of 2 MiB, where the system gives them to who asks; else it takes its time.
        #[cfg(target_os = "linux")]
        let _ = block.advise(memmap2::Advice::HugePage);
        Ok(Self {
            block: Some(block),
            used: 0,
        })
    }

    /// Reads a file of that size, and returns where it is. `None` if it has another size by now.
    ///
    /// # Errors
    /// What reading gives; a file that there is no room for.
    pub(super) fn read(&mut self, path: &Path, size: u64) -> io::Result<Option<Range<usize>>> {
        let mut file = File::open(path)?;
        let from = self.used;
        let room = usize::try_from(room_of(size)).map_err(io::Error::other)?;
        let block = self.block.as_deref_mut().unwrap_or_default();
        let place = block.get_mut(from..from + room);
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
        self.used += length;
        Ok((length as u64 == size).then_some(from..from + length))
    }

    /// Returns all that was read, in one piece that its parts can be taken of without a copy.
    pub(super) fn freeze(self) -> Bytes {
        self.block.map(Bytes::from_owner).unwrap_or_default()
    }
}

/// A byte more than the size: so one read shows whether that is all.
fn room_of(size: u64) -> u64 {
    size.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_lie_side_by_side_and_one_of_another_size_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files = [("a", "first"), ("b", ""), ("c", "third")];
        for (name, content) in files {
            fs::write(path(name), content).unwrap();
        }
        let mut arena = Arena::for_files([5, 0, 4, 5].into_iter()).unwrap();

        let first = arena.read(&path("a"), 5).unwrap().unwrap();
        let empty = arena.read(&path("b"), 0).unwrap().unwrap();
        let grown = arena.read(&path("c"), 4).unwrap();
        let shrunk = arena.read(&path("c"), 6).unwrap();
        let all = arena.freeze();

        assert_eq!(all.slice(first), "first");
        assert_eq!(all.slice(empty), "");
        assert_eq!((grown, shrunk), (None, None));
    }

    #[test]
    fn a_file_that_there_is_no_room_for_is_an_error() {
        assert!(Arena::for_files([u64::MAX, 1].into_iter()).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "abc").unwrap();

        for mut arena in [Arena::for_files([1].into_iter()).unwrap(), Arena::default()] {
            assert!(arena.read(&path, 3).is_err(), "{arena:?}");
        }
    }
}
