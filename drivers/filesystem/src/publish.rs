//! Gives a staged file its name, in one step: exclusively, or over what is there. What is in the
//! file was written before and is not looked at.

use std::io;

use cap_std::fs::{Dir, Metadata};
use storehouse_storage::{Error, ErrorKind, Name, Result, Target};

use crate::{
    error::is_a_directory,
    root::OpenRoot,
    staging::{self, Stage},
    system,
};

/// How often a publication is tried again when its folder was removed in the middle.
const ATTEMPTS: usize = 16;

/// A staged file that is whole, with what its name needs.
#[derive(Debug)]
pub(crate) struct Publication<'a> {
    pub(crate) root: &'a OpenRoot<'a>,
    /// The exact mode of the file; none: what the umask leaves of 0o666.
    pub(crate) file_mode: Option<u32>,
    /// Whether it is on the disk, and its name too, before it counts as saved.
    pub(crate) durable: bool,
}

/// A file under its name. Where nothing was replaced, dropping it takes the file away again,
/// unless somebody [keeps](Self::keep) it: its caller may have gone meanwhile.
#[derive(Debug)]
pub(crate) struct Published {
    name: Name,
    folder: Dir,
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

impl Published {
    /// Leaves the file where it is, and returns its name and what it is.
    pub(crate) fn keep(mut self) -> (Name, Metadata) {
        self.on_drop = OnDrop::Keep;
        (self.name.clone(), self.metadata.clone())
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        let part = self.name.file_name();
        let is_ours = |found: &Metadata| system::is_same_file(found, &self.metadata);
        if self.on_drop == OnDrop::Remove
            && self
                .folder
                .symlink_metadata(part)
                .as_ref()
                .is_ok_and(is_ours)
        {
            staging::remove_quietly(&self.folder, part);
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
        let mut stage = self.finished(stage)?;
        match target {
            Target::Replace(name) => self.publish_as(&mut stage, name, Placement::Replace),
            Target::Create(name) => self.publish_as(&mut stage, name, Placement::Exclusive),
            Target::FirstFree(mut candidates) => loop {
                let name = candidates.next_name()?;
                check(&name)?;
                match self.publish_as(&mut stage, name, Placement::Exclusive) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    published => return published,
                }
            },
        }
    }

    /// Makes everything right that does not need the name: group, mode, and what is on the disk.
    fn finished(&self, stage: Stage) -> Result<Stage> {
        self.finish(&stage)
            .map_err(|error| self.root.write_error(error, None))?;
        Ok(stage)
    }

    fn finish(&self, stage: &Stage) -> io::Result<()> {
        // The group first: changing it takes set-user-id bits away.
        system::share_group(stage.file(), &stage.metadata()?, self.root.dir())?;
        if let Some(mode) = self.file_mode {
            system::set_file_mode(stage.file(), mode)?;
        }
        if self.durable {
            stage.file().sync_all()?;
        }
        Ok(())
    }

    fn publish_as(&self, stage: &mut Stage, name: Name, placement: Placement) -> Result<Published> {
        let mut attempts = 0..ATTEMPTS;
        let mut moved = false;
        loop {
            let folder = self.root.folder_for(&name)?;
            let part = name.file_name();
            let renamed = match placement {
                Placement::Exclusive => stage.rename_exclusively(&folder, part),
                Placement::Replace => stage.rename_over(&folder, part),
            };
            match renamed {
                Ok(()) => {
                    if moved {
                        staging::remove_folder(&folder);
                    }
                    return self.published(stage, name, folder, placement);
                }
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices && !moved => {
                    self.move_to(stage, &folder, &name)?;
                    moved = true;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if stage.is_gone() || attempts.next().is_none() {
                        return Err(lost(error));
                    }
                }
                Err(error) => return Err(self.refused(error, &folder, &name)),
            }
        }
    }

    fn published(
        &self,
        stage: &Stage,
        name: Name,
        folder: Dir,
        placement: Placement,
    ) -> Result<Published> {
        let parent = name.parent();
        let failed = |error| self.root.write_error(error, parent.as_ref());
        let on_drop = match placement {
            Placement::Exclusive => OnDrop::Remove,
            Placement::Replace => OnDrop::Keep,
        };
        let published = Published {
            name,
            folder,
            metadata: stage.metadata().map_err(failed)?,
            on_drop,
        };
        if self.durable {
            system::sync_folder(&published.folder).map_err(failed)?;
        }
        Ok(published)
    }

    /// Stages the file once more, on the disk of `folder`: a rename cannot go from disk to disk.
    fn move_to(&self, stage: &mut Stage, folder: &Dir, name: &Name) -> Result<()> {
        staging::sweep(folder);
        let moved = stage
            .copied_to(folder)
            .map_err(|error| self.root.write_error(error, name.parent().as_ref()))?;
        *stage = self.finished(moved)?;
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
