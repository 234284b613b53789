//! Gives a staged file its name, in one step: exclusively, or over what is there. What is in the
//! file was written before and is not looked at.

use std::{io, sync::Arc};

use cap_std::fs::{Dir, Metadata};
use storehouse_storage::{Error, ErrorKind, Name, Result, Target};

use crate::{
    error::is_a_directory,
    root::{OpenRoot, Root},
    staging::{self, Stage},
    system,
};

/// How often a publication is tried again when its folder was removed in the middle.
const ATTEMPTS: usize = 16;

/// A staged file that is whole, with what its name needs.
#[derive(Debug)]
pub(crate) struct Publication<'a> {
    pub(crate) home: &'a Arc<Root>,
    pub(crate) root: &'a OpenRoot<'a>,
    pub(crate) file_mode: FileMode,
    /// Whether it is on the disk, and its name too, before it counts as saved.
    pub(crate) durable: bool,
}

/// The exact mode of new files; none: what the umask leaves of 0o666.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileMode(pub(crate) Option<u32>);

/// A staged file that is whole, and what it is.
struct Finished {
    stage: Stage,
    metadata: Metadata,
}

/// A file under its name. Where nothing was replaced, dropping it takes the file away again,
/// unless somebody [keeps](Self::keep) it: its caller may have gone meanwhile.
///
/// It has nothing open: hundreds may wait for their callers, who are slower than the disk.
#[derive(Debug)]
pub(crate) struct Published {
    home: Arc<Root>,
    name: Name,
    metadata: Metadata,
    on_drop: OnDrop,
}

#[derive(Debug, PartialEq, Eq)]
enum OnDrop {
    Keep,
    Remove,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    Exclusive,
    Replace,
}

impl FileMode {
    /// Returns what to make a file with: never more than it has in the end. The umask cuts it, and
    /// what it takes away is set later; mostly that is nothing.
    pub(crate) fn to_create_with(self) -> u32 {
        self.0.unwrap_or(0o666) & 0o777
    }
}

impl Published {
    /// Leaves the file where it is, and returns its name and what it is.
    pub(crate) fn keep(mut self) -> (Name, Metadata) {
        self.on_drop = OnDrop::Keep;
        (self.name.clone(), self.metadata.clone())
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::Keep {
            return;
        }
        let folder = self.home.open();
        let folder = folder.and_then(|root| root.folder(self.name.parent().as_ref()));
        // Where the folder is gone, the file is.
        let Ok(folder) = folder else { return };
        let part = self.name.file_name();
        let found = folder.symlink_metadata(part);
        if found.is_ok_and(|found| system::is_same_file(&found, &self.metadata)) {
            staging::remove_quietly(&folder, part);
        }
    }
}

impl Publication<'_> {
    /// Gives `stage` the name that `target` allows. `check` refuses names that are too long.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] for [`Target::Create`]; what the disk refuses.
    pub(crate) fn publish(
        &self,
        stage: Stage,
        target: Target,
        check: impl Fn(&Name) -> Result<()>,
    ) -> Result<Published> {
        let mut file = self.finished(stage)?;
        match target {
            Target::Replace(name) => self.publish_as(&mut file, name, Placement::Replace),
            Target::Create(name) => self.publish_as(&mut file, name, Placement::Exclusive),
            Target::FirstFree(mut candidates) => loop {
                let name = candidates.next_name()?;
                check(&name)?;
                match self.publish_as(&mut file, name, Placement::Exclusive) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    published => return published,
                }
            },
        }
    }

    /// Makes everything right that does not need the name: group, mode, and what is on the disk.
    fn finished(&self, stage: Stage) -> Result<Finished> {
        match self.finish(&stage) {
            Ok(metadata) => Ok(Finished { stage, metadata }),
            Err(error) => Err(self.root.write_error(error, None)),
        }
    }

    fn finish(&self, stage: &Stage) -> io::Result<Metadata> {
        let metadata = stage.metadata()?;
        // The group first: changing it takes set-user-id bits away.
        let is_changed = system::share_group(stage.file(), &metadata, self.root.dir_metadata()?)?;
        if let Some(mode) = self.file_mode.0
            && (is_changed || !system::has_mode(&metadata, mode))
        {
            system::set_file_mode(stage.file(), mode)?;
        }
        if self.durable {
            stage.file().sync_all()?;
        }
        Ok(metadata)
    }

    fn publish_as(
        &self,
        file: &mut Finished,
        name: Name,
        placement: Placement,
    ) -> Result<Published> {
        let mut attempts = 0..ATTEMPTS;
        let mut moved_to_disk = false;
        loop {
            let folder = self.root.folder_for(&name)?;
            let home = if moved_to_disk {
                &*folder
            } else {
                self.root.dir()
            };
            let part = name.file_name();
            let named = match placement {
                Placement::Exclusive => file.stage.name_exclusively(&folder, part),
                Placement::Replace => file.stage.name_over(home, &folder, part),
            };
            let Err(error) = named else {
                if moved_to_disk {
                    staging::remove_folder(&folder);
                }
                return self.published(file, name, &folder, placement);
            };
            let attempt = attempts.next();
            self.root.forget_folder();
            match error.kind() {
                io::ErrorKind::CrossesDevices if !moved_to_disk => {
                    staging::sweep(&folder);
                    self.move_to(file, &folder, &name)?;
                    moved_to_disk = true;
                }
                // Not everywhere may a file without a name be given one: it takes a right or a
                // /proc, and a security module may forbid it.
                io::ErrorKind::PermissionDenied if file.stage.is_nameless() => {
                    self.move_to(file, self.root.dir(), &name)?;
                }
                io::ErrorKind::NotFound if file.stage.is_nameless() && attempt > Some(0) => {
                    self.move_to(file, self.root.dir(), &name)?;
                }
                io::ErrorKind::NotFound if !file.stage.is_gone() && attempt.is_some() => {}
                io::ErrorKind::NotFound => return Err(lost(error)),
                _ if placement == Placement::Replace
                    && system::is_folder_in_the_way(&error)
                    && attempt.is_some()
                    && removes_empty_folder(&folder, part) => {}
                _ => return Err(self.refused(error, &folder, &name)),
            }
        }
    }

    fn published(
        &self,
        file: &Finished,
        name: Name,
        folder: &Dir,
        placement: Placement,
    ) -> Result<Published> {
        let parent = name.parent();
        let failed = |error| self.root.write_error(error, parent.as_ref());
        let on_drop = match placement {
            Placement::Exclusive => OnDrop::Remove,
            Placement::Replace => OnDrop::Keep,
        };
        let published = Published {
            home: Arc::clone(self.home),
            name,
            metadata: system::when_named(file.stage.file(), &file.metadata).map_err(failed)?,
            on_drop,
        };
        if self.durable {
            system::sync_folder(folder).map_err(failed)?;
        }
        Ok(published)
    }

    /// Stages the file once more, in the staging folder of `folder`: a rename cannot go from disk
    /// to disk, and a file without a name can not be named everywhere.
    fn move_to(&self, file: &mut Finished, folder: &Dir, name: &Name) -> Result<()> {
        let moved = file
            .stage
            .copied_to(folder, self.file_mode.to_create_with())
            .map_err(|error| self.root.write_error(error, name.parent().as_ref()))?;
        *file = self.finished(moved)?;
        Ok(())
    }

    fn refused(&self, error: io::Error, folder: &Dir, name: &Name) -> Error {
        let is_folder = || {
            let found = folder.symlink_metadata(name.file_name());
            found.is_ok_and(|found| found.is_dir())
        };
        // Windows says that access is denied when a file is to replace a folder.
        if error.kind() == io::ErrorKind::PermissionDenied && is_folder() {
            return is_a_directory().with_source(error);
        }
        if error.kind() == io::ErrorKind::Unsupported {
            return no_exclusive_create(error);
        }
        self.root.write_error(error, name.parent().as_ref())
    }
}

/// Removes the folder `part` if it is empty, as Django does before it writes a file there; false if
/// it is not.
fn removes_empty_folder(folder: &Dir, part: &str) -> bool {
    match folder.remove_dir(part) {
        Ok(()) => true,
        // Somebody else did, and may have put a file there.
        Err(error) => matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        ),
    }
}

fn lost(error: io::Error) -> Error {
    let problem = "the file was removed by something else before it got its name";
    Error::new(ErrorKind::Unavailable, problem).with_source(error)
}

fn no_exclusive_create(error: io::Error) -> Error {
    let problem = "this disk can neither rename without replacing nor make hard links";
    Error::unsupported(problem)
        .with_advice("keep the files on another one, or set allow_overwrite = true")
        .with_source(error)
}
