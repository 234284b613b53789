//! The storage's folder, and the only way into it: every path below it is resolved by cap-std,
//! which on Linux lets the kernel refuse to leave the folder (`openat2`, `RESOLVE_BENEATH`) and
//! elsewhere, or on kernels before 5.6, walks part by part without following anything out. Only
//! reading may leave it, and only with `follow_symlinks`. Which names are allowed at all is not
//! decided here.

use std::{
    cell::{OnceCell, RefCell},
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, File, Metadata},
};
use storehouse_storage::{Error, ErrorKind, Name, Result};

use crate::{
    error::{Access, left_the_root, not_a_directory, translate, translate_write},
    system::{self, FolderIdentity},
};

/// How often a folder is made again that something else removes at the same time.
const MAKE_ATTEMPTS: usize = 16;

/// Where the storage's folder is, and how folders in it are made.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// Absolute.
    pub(crate) location: PathBuf,
    /// The exact mode of new folders; none: what the umask leaves of 0o777.
    pub(crate) folder_mode: Option<u32>,
    /// Whether new folders are written through to the disk.
    pub(crate) durable: bool,
    /// Whether symlinks that lead out of the folder are read through.
    pub(crate) follow_symlinks: bool,
}

/// The storage's folder while it is being worked on.
///
/// It is opened for each operation anew, which costs one call: so it may be removed, made again
/// or be a symlink that moves on to the next release while the program runs.
#[derive(Debug)]
pub(crate) struct OpenRoot<'a> {
    root: &'a Root,
    dir: Arc<Dir>,
    /// What files are saved in one after another: the folder that was opened last.
    last: RefCell<Option<(Name, Arc<Dir>)>>,
    metadata: OnceCell<Metadata>,
}

impl Root {
    /// Opens the folder, which must be there.
    pub(crate) fn open(&self) -> io::Result<OpenRoot<'_>> {
        let dir = Dir::open_ambient_dir(&self.location, ambient_authority())?;
        Ok(self.opened(dir))
    }

    fn opened(&self, dir: Dir) -> OpenRoot<'_> {
        OpenRoot {
            root: self,
            dir: Arc::new(dir),
            last: RefCell::default(),
            metadata: OnceCell::new(),
        }
    }

    /// Opens the folder for reading, if it is there.
    pub(crate) fn open_to_read(&self) -> Result<Option<OpenRoot<'_>>> {
        match self.open() {
            Ok(root) => Ok(Some(root)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.refused(error, Access::Read)),
        }
    }

    /// Opens the folder, and makes it and its parents if they are not there.
    pub(crate) fn open_or_make(&self) -> Result<OpenRoot<'_>> {
        match self.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(),
            opened => opened.map_err(|error| self.refused(error, Access::Write)),
        }
    }

    /// Returns where `name` is.
    pub(crate) fn path(&self, name: &Name) -> PathBuf {
        self.location.join(name.as_str())
    }

    /// Translates an error of writing in `folder`, or at the top; `disk` is a folder on that disk.
    pub(crate) fn write_error(&self, error: io::Error, folder: Option<&Name>, disk: &Dir) -> Error {
        let path = match folder {
            Some(folder) => self.path(folder),
            None => self.location.clone(),
        };
        translate_write(error, &path, disk)
    }

    /// Translates an error of writing what has no name yet.
    pub(crate) fn staging_error(&self, error: io::Error) -> Error {
        match self.open() {
            Ok(opened) => opened.write_error(error, None),
            Err(_) => translate(error, Access::Write, &self.location),
        }
    }

    fn make(&self) -> Result<OpenRoot<'_>> {
        let mut ancestors = self.location.ancestors().skip(1);
        let (above, base) = loop {
            let Some(above) = ancestors.next() else {
                let error = io::Error::from(io::ErrorKind::NotFound);
                return Err(self.refused(error, Access::Write));
            };
            match Dir::open_ambient_dir(above, ambient_authority()) {
                Ok(base) => break (above, base),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.refused(error, Access::Write)),
            }
        };
        let missing = self.location.strip_prefix(above).unwrap_or(&self.location);
        let dir = self
            .make_folders(&base, missing)
            .map_err(|error| self.refused(error, Access::Write))?;
        Ok(self.opened(dir))
    }

    /// Makes every folder of `path` below `base` that is not there, and returns the last.
    ///
    /// Whoever makes a folder sets its mode; who finds it made meanwhile leaves it as it is.
    fn make_folders(&self, base: &Dir, path: &Path) -> io::Result<Dir> {
        let mut below = Vec::new();
        let mut existing = path;
        let mut folder = loop {
            if existing.as_os_str().is_empty() {
                break base.try_clone()?;
            }
            match base.open_dir(existing) {
                Ok(folder) => break folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    below.push(existing);
                    existing = existing.parent().unwrap_or_else(|| Path::new(""));
                }
                Err(error) => return Err(error),
            }
        };
        for path in below.into_iter().rev() {
            self.make_folder(&folder, path)?;
            // From `base` again: a symlink may stay inside `base` but not inside `folder`.
            folder = base.open_dir(path)?;
        }
        Ok(folder)
    }

    /// Makes the last part of `path` in `folder`, unless it is there.
    fn make_folder(&self, folder: &Dir, path: &Path) -> io::Result<()> {
        let part = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let mode = self.folder_mode.unwrap_or(0o777);
        let is_ours = match folder.create_dir_with(part, &system::folder_builder(mode)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            made => made.map(|()| true)?,
        };
        if let Some(mode) = self.folder_mode.filter(|_| is_ours) {
            system::set_folder_mode(folder, part, mode)?;
        }
        // Whoever made it may not have come so far, or not want it durable.
        if self.durable {
            system::sync_folder(folder)?;
        }
        Ok(())
    }

    /// What is wrong with the storage's folder itself.
    fn refused(&self, error: io::Error, access: Access) -> Error {
        let shown = self.location.display();
        let translated = translate(error, access, &self.location);
        match translated.kind() {
            ErrorKind::NotADirectory => {
                let problem = format!("the storage's folder {shown} is a file, or is below one");
                Error::configuration(problem).with_source(translated)
            }
            ErrorKind::NotFound => {
                let problem = format!("the storage's folder {shown} cannot be made");
                Error::configuration(problem)
                    .with_advice("is it a symlink that leads nowhere?")
                    .with_source(translated)
            }
            _ => translated,
        }
    }
}

impl OpenRoot<'_> {
    /// Returns the folder itself.
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Opens a folder that is there.
    pub(crate) fn folder(&self, name: Option<&Name>) -> io::Result<Dir> {
        match name {
            Some(name) => self.dir.open_dir(name.as_str()),
            None => self.dir.try_clone(),
        }
    }

    /// Returns what the folder itself was when it was first asked for.
    pub(crate) fn dir_metadata(&self) -> io::Result<&Metadata> {
        match self.metadata.get() {
            Some(metadata) => Ok(metadata),
            None => {
                let metadata = self.dir.dir_metadata()?;
                Ok(self.metadata.get_or_init(|| metadata))
            }
        }
    }

    /// Opens the folder that `name` is or will be in, and makes it if it is not there. The last
    /// one is still open; [`forget_folder`](Self::forget_folder) has it opened anew.
    pub(crate) fn folder_for(&self, name: &Name) -> Result<Arc<Dir>> {
        let Some(parent) = name.parent() else {
            return Ok(Arc::clone(&self.dir));
        };
        if let Some((last, folder)) = &*self.last.borrow()
            && *last == parent
        {
            return Ok(Arc::clone(folder));
        }
        let opened = match self.dir.open_dir(parent.as_str()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_folder_for(&parent),
            opened => opened.map_err(|error| self.write_error(error, Some(&parent))),
        };
        let folder = Arc::new(opened?);
        *self.last.borrow_mut() = Some((parent, Arc::clone(&folder)));
        Ok(folder)
    }

    /// Forgets the folder that was opened last: something else has removed it.
    pub(crate) fn forget_folder(&self) {
        self.last.borrow_mut().take();
    }

    /// Opens a folder that is there, to list it.
    pub(crate) fn folder_to_read(&self, name: Option<&Name>) -> io::Result<Dir> {
        let inside = self.folder(name);
        self.or_outside(name, inside, |path| {
            Dir::open_ambient_dir(path, ambient_authority())
        })
    }

    /// Returns what a folder is, whatever way leads to it.
    pub(crate) fn folder_identity(
        &self,
        name: Option<&Name>,
        folder: &Dir,
    ) -> io::Result<FolderIdentity> {
        let path = name.map_or_else(|| self.root.location.clone(), |name| self.root.path(name));
        system::folder_identity(&path, folder)
    }

    /// Opens a file for reading. What it opens may also be a folder or a fifo.
    pub(crate) fn file(&self, name: &Name) -> io::Result<File> {
        let options = system::reading_options();
        let inside = self.dir.open_with(name.as_str(), &options);
        self.or_outside(Some(name), inside, |path| {
            File::open_ambient_with(path, &options, ambient_authority())
        })
    }

    /// Looks at what is under a name, at the end of its symlinks.
    pub(crate) fn metadata(&self, name: &Name) -> io::Result<Metadata> {
        let inside = self.dir.metadata(name.as_str());
        self.or_outside(Some(name), inside, |path| {
            path.metadata().map(Metadata::from_just_metadata)
        })
    }

    /// Removes a file, or a symlink and not what it leads to.
    pub(crate) fn remove(&self, name: &Name) -> io::Result<()> {
        self.dir.remove_file(name.as_str())
    }

    /// Returns whether something has this name, be it a symlink that leads nowhere.
    pub(crate) fn is_taken(&self, name: &Name) -> bool {
        self.dir.symlink_metadata(name.as_str()).is_ok()
    }

    /// As [`Root::write_error`].
    pub(crate) fn write_error(&self, error: io::Error, folder: Option<&Name>) -> Error {
        self.root.write_error(error, folder, &self.dir)
    }

    /// Returns what was read inside the folder, or what is read `outside` where a symlink leads
    /// there and is to be followed.
    fn or_outside<T>(
        &self,
        name: Option<&Name>,
        inside: io::Result<T>,
        outside: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let (error, name) = match (inside, name) {
            (Err(error), Some(name)) if self.root.follow_symlinks && left_the_root(&error) => {
                (error, name)
            }
            (inside, _) => return inside,
        };
        // On Windows the name itself may lead out: `C:file`.
        let mut parts = Path::new(name.as_str()).components();
        match parts.all(|part| matches!(part, Component::Normal(_))) {
            true => outside(&self.root.path(name)),
            false => Err(error),
        }
    }

    fn make_folder_for(&self, folder: &Name) -> Result<Dir> {
        let mut attempts = 0..MAKE_ATTEMPTS;
        loop {
            match self
                .root
                .make_folders(&self.dir, Path::new(folder.as_str()))
            {
                // Something else removes folders at this moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if attempts.next().is_none() {
                        let advice = "is it a symlink that leads nowhere?";
                        return Err(not_a_directory().with_advice(advice).with_source(error));
                    }
                }
                made => return made.map_err(|error| self.write_error(error, Some(folder))),
            }
        }
    }
}
