//! Convenience that no driver writes: text, sizes, times, copies between storages. All of it is
//! built on [`Storage`] alone.

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    content::Content,
    entry::Saved,
    error::{Error, Result},
    name::{Candidates, Name, Target},
    options::{OpenOptions, SaveOptions},
    storage::Storage,
};

/// What every storage can do besides, for every `T: Storage` and for `dyn Storage`.
///
/// ```
/// use storehouse_storage::{Name, Result, Storage, StorageExt};
///
/// async fn greet(storage: &dyn Storage) -> Result<String> {
///     let saved = storage.save_as("greetings/hello.txt", "Hello").await?;
///     storage.read_text(&saved.name).await
/// }
/// ```
#[async_trait]
pub trait StorageExt: Storage {
    /// Checks `name` and saves with no options: the shortest way.
    ///
    /// # Errors
    /// As [`Name::new`] and [`Storage::save`].
    async fn save_as<C>(&self, name: &str, content: C) -> Result<Saved>
    where
        C: Into<Content> + Send,
    {
        let content = content.into();
        self.save(&Name::new(name)?, content, &SaveOptions::default())
            .await
    }

    /// Reads the whole content into memory.
    ///
    /// # Errors
    /// As [`Storage::open`], and what reading gives.
    async fn read(&self, name: &Name) -> Result<Bytes> {
        self.open(name, &OpenOptions::default())
            .await?
            .into_bytes()
            .await
    }

    /// Reads the whole content as UTF-8.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`ErrorKind::Integrity`](crate::ErrorKind::Integrity) if it is not UTF-8.
    async fn read_text(&self, name: &Name) -> Result<String> {
        self.open(name, &OpenOptions::default())
            .await?
            .into_text()
            .await
    }

    /// Returns the size in bytes: Django's `size`.
    ///
    /// # Errors
    /// As [`Storage::stat`].
    async fn size(&self, name: &Name) -> Result<u64> {
        Ok(self.stat(name).await?.size)
    }

    /// Returns when the content was last written: Django's `get_modified_time`.
    ///
    /// # Errors
    /// As [`Storage::stat`]; [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the storage does not know.
    async fn get_modified_time(&self, name: &Name) -> Result<SystemTime> {
        known(self.stat(name).await?.modified, "when a file was modified")
    }

    /// Returns when the object was made: Django's `get_created_time`.
    ///
    /// # Errors
    /// As [`get_modified_time`](Self::get_modified_time).
    async fn get_created_time(&self, name: &Name) -> Result<SystemTime> {
        known(self.stat(name).await?.created, "when a file was created")
    }

    /// Returns when the content was last read: Django's `get_accessed_time`.
    ///
    /// # Errors
    /// As [`get_modified_time`](Self::get_modified_time).
    async fn get_accessed_time(&self, name: &Name) -> Result<SystemTime> {
        known(self.stat(name).await?.accessed, "when a file was read")
    }

    /// Returns a name that was free a moment ago: Django's `get_available_name`.
    ///
    /// Only to show one: another process may take it meanwhile. [`Storage::save`] finds a free
    /// name by itself, without that gap.
    ///
    /// # Errors
    /// As [`Storage::exists`]; [`ErrorKind::InvalidName`](crate::ErrorKind::InvalidName) if `max_length` leaves no room.
    async fn get_available_name(&self, name: &Name, max_length: Option<usize>) -> Result<Name> {
        let candidates = Candidates::new(name.clone(), max_length);
        let mut candidates = candidates.within(&self.capabilities());
        loop {
            let candidate = candidates.next_name()?;
            if !self.exists(&candidate).await? {
                return Ok(candidate);
            }
        }
    }

    /// Copies `name` to another storage, with its attributes, and returns the name used there.
    ///
    /// # Errors
    /// As [`Storage::open`] here and [`Storage::put`] there.
    async fn copy_to(&self, name: &Name, other: &dyn Storage, target: Target) -> Result<Saved> {
        let reader = self.open(name, &OpenOptions::default()).await?;
        let options = SaveOptions::default().with_attributes(reader.entry().attributes.clone());
        other.put(target, reader.into_content(), &options).await
    }

    /// Replaces all that is kept beside the content of `name`; the content stays.
    ///
    /// Afterwards the object is what a save of its content with `options` would have made: what
    /// they leave out is gone. A storage without attributes changes nothing.
    ///
    /// ```
    /// use storehouse_storage::{Name, Result, SaveOptions, Storage, StorageExt};
    ///
    /// async fn keep_for_a_day(storage: &dyn Storage, name: &Name) -> Result<()> {
    ///     let attributes = storage.stat(name).await?.attributes;
    ///     let options = SaveOptions::default().with_attributes(attributes);
    ///     storage.set_attributes(name, &options.with_cache_control("max-age=86400")).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Storage::stat`] and [`Storage::copy_as`].
    async fn set_attributes(&self, name: &Name, options: &SaveOptions) -> Result<Saved> {
        let entry = self.stat(name).await?;
        self.copy_as(&entry, Target::Replace(name.clone()), options)
            .await
    }

    /// Moves an object inside this storage: a copy, then a delete of the source.
    ///
    /// If the delete fails both are there, never neither. A move to its own name does nothing.
    ///
    /// # Errors
    /// As [`Storage::copy`] and [`Storage::delete`].
    async fn rename(&self, from: &Name, target: Target) -> Result<Saved> {
        if matches!(&target, Target::Replace(to) if to == from) {
            let entry = self.stat(from).await?;
            return Ok(Saved::new(entry.name, entry.size).with_etag(entry.etag));
        }
        let saved = self.copy(from, target).await?;
        self.delete(from).await?;
        Ok(saved)
    }

    /// Moves `name` to another storage: [`copy_to`](Self::copy_to), then a delete of the source.
    ///
    /// If the delete fails both are there, never neither. Do not call it with two storages that
    /// are the same place: the source and the copy would be one object.
    ///
    /// # Errors
    /// As [`copy_to`](Self::copy_to) and [`Storage::delete`].
    async fn move_to(&self, name: &Name, other: &dyn Storage, target: Target) -> Result<Saved> {
        let saved = self.copy_to(name, other, target).await?;
        self.delete(name).await?;
        Ok(saved)
    }
}

impl<T: Storage + ?Sized> StorageExt for T {}

fn known(time: Option<SystemTime>, what: &str) -> Result<SystemTime> {
    time.ok_or_else(|| Error::unsupported(format!("this storage does not know {what}")))
}
