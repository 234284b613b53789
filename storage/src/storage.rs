//! The trait: what an application asks of a storage, and what a driver owes. Everything built
//! only on these methods is in [`crate::StorageExt`].
//!
//! # For drivers
//! A driver writes [`describe`](Storage::describe), [`capabilities`](Storage::capabilities),
//! [`put`](Storage::put), [`open`](Storage::open), [`delete`](Storage::delete),
//! [`stat`](Storage::stat), [`list`](Storage::list) and, where it has URLs,
//! [`url`](Storage::url). The others have defaults that are right but may be slower than what the
//! service can do. Errors carry kind and cause; operation, storage and name are added by the layer
//! above. Every future may be dropped at any await: nothing half-done may stay. A storage is
//! called from many tasks at once.

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use crate::{
    capabilities::Capabilities,
    content::{Content, Reader},
    entry::{Attributes, Entry, Folder, Saved},
    error::{Error, ErrorKind, Result},
    etag_rule::EtagRule,
    folder_builder::FolderBuilder,
    limitation::Limitation,
    name::{Candidates, Name, Target},
    options::{OpenOptions, SaveOptions, UrlOptions},
    requests::RequestCounts,
};

/// How many deletes the default [`Storage::delete_many`] has in flight.
const DELETES_IN_FLIGHT: usize = 16;

/// One place for files: a folder, a bucket, memory.
///
/// ```
/// use std::sync::Arc;
/// use storehouse_storage::{Content, Name, Result, SaveOptions, Storage};
///
/// async fn keep(storage: Arc<dyn Storage>, upload: Content) -> Result<String> {
///     let name = Name::new("invoices/2026.pdf")?;
///     let saved = storage.save(&name, upload, &SaveOptions::default()).await?;
///     // Another name where this one was taken, as in Django.
///     storage.url(&saved.name, &Default::default()).await
/// }
/// ```
#[async_trait]
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// Returns how the storage shows itself in messages, for example `s3://bucket/prefix`.
    ///
    /// # For drivers
    /// Never a secret, never a user name.
    fn describe(&self) -> String;

    /// Returns the address of the service that has the files, without credentials; `None` for a
    /// storage on this machine. It tells apart two buckets of one name, which
    /// [`describe`](Self::describe) themselves alike.
    fn service(&self) -> Option<String> {
        None
    }

    /// Returns what this storage can do.
    fn capabilities(&self) -> Capabilities;

    /// Returns whether `save` replaces what is there when the caller does not say.
    ///
    /// False, as in Django, unless the settings say `allow_overwrite` (or `file_overwrite`).
    fn allow_overwrite(&self) -> bool {
        false
    }

    /// Returns which attributes an object gets where its save does not say, by the storage's settings.
    ///
    /// So a caller with defaults of its own can leave the last word to the user.
    ///
    /// # For drivers
    /// Not what a name suggests: only what was configured, and only what [`put`](Self::put) really
    /// does.
    fn default_attributes(&self) -> Attributes {
        Attributes::default()
    }

    /// Returns where `name` is on this machine's disk, if this storage is a folder: Django's `path`.
    fn path(&self, name: &Name) -> Option<PathBuf> {
        let _ = name;
        None
    }

    /// Returns how the ETag of a content of `size` bytes is made, where it tells of the content.
    ///
    /// With this a push finds what is unchanged from one listing. It is the ETag of the bytes that
    /// are stored: where settings let a storage compress what is saved, those of what is saved with
    /// a `Content-Encoding` of the caller's.
    fn etag_rule(&self, size: u64) -> EtagRule {
        let _ = size;
        EtagRule::Opaque
    }

    /// Returns whether the ETags that the service has told so far are made by
    /// [`etag_rule`](Self::etag_rule); `None` if nothing was told yet.
    ///
    /// Services have ETags that look like MD5s and are none, and so have buckets that encrypt.
    fn etags_follow_rule(&self) -> Option<bool> {
        None
    }

    /// Returns how many requests this storage has sent to its service so far, if it counts them.
    ///
    /// For reports; storages that were opened apart count apart.
    fn request_counts(&self) -> Option<RequestCounts> {
        None
    }

    /// Waits until what dropped futures left to be cleaned up is cleaned up.
    ///
    /// A program calls it before it ends, with a time limit of its own: work of a storage that is
    /// still running when the process ends is lost.
    ///
    /// # For drivers
    /// A driver that cleans up in tasks of its own, such as aborting an upload, owns them and waits
    /// for them here.
    async fn settle(&self) {}

    /// Writes `content` to the name that `target` allows, and returns the name used.
    ///
    /// Most callers want [`save`](Self::save). Readers see the old content or the new, never a
    /// part. If it fails or is dropped, nothing is left of it.
    ///
    /// # For drivers
    /// Names are valid. [`Target::Create`] and [`Target::FirstFree`] must never replace anything,
    /// whatever runs at the same time, here or in another process: use the service's exclusive
    /// create. For [`Target::FirstFree`], take the next candidate when a name is taken; a content
    /// that was read from must be [replayed](Content::replay) for that, and where it cannot be,
    /// the answer is [`ErrorKind::AlreadyExists`]. Attributes that cannot be kept are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] as said; [`ErrorKind::Content`] if `content` cannot be read;
    /// [`ErrorKind::InvalidName`] if the name is longer than the storage takes;
    /// [`ErrorKind::NotADirectory`] if a folder of the name is a file;
    /// [`ErrorKind::StorageFull`], [`ErrorKind::PermissionDenied`], [`ErrorKind::Unavailable`].
    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved>;

    /// Writes several contents, one after another, until one fails: returns what was saved, in their
    /// order, and the error of the next one.
    ///
    /// For many small files, where a call for each costs as much as the file: see
    /// [`Capabilities::puts_at_once`]. If it is dropped, what was saved by then may stay.
    ///
    /// # For drivers
    /// The default calls [`put`](Self::put) for each.
    async fn put_many(&self, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        let mut saved = Vec::with_capacity(puts.len());
        for put in puts {
            match self.put(put.target, put.content, &put.options).await {
                Ok(one) => saved.push(one),
                Err(error) => return (saved, Some(error)),
            }
        }
        (saved, None)
    }

    /// Opens `name` for reading; the content comes as it is read.
    ///
    /// # For drivers
    /// An object that is missing, or a range that cannot be satisfied, is found here and not at
    /// the first read. Do not fetch ahead of the reader by more than a block or two. A reader
    /// stays on the content it was opened on, or fails; it never mixes two.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]; [`ErrorKind::IsADirectory`]; [`ErrorKind::RangeNotSatisfiable`].
    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader>;

    /// Deletes `name`. Does nothing if it is not there, as Django does.
    ///
    /// # For drivers
    /// After `Ok(())` a new `exists(name)` is false, or as soon as the service promises. Parent
    /// folders stay.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`]; [`ErrorKind::IsADirectory`] where folders are real and it
    /// is one; [`ErrorKind::Unavailable`] when the storage did not answer.
    async fn delete(&self, name: &Name) -> Result<()>;

    /// Returns what the storage knows of `name`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], also for a folder: folders are not objects.
    async fn stat(&self, name: &Name) -> Result<Entry>;

    /// Returns all objects below `folder` (or all), however deep, in no promised order.
    ///
    /// A folder that is not there is an empty listing. An error ends the stream: what came before
    /// it is true, but not all there is.
    ///
    /// # For drivers
    /// `folder` is a folder, not the start of a name: `a` has `a/b`, not `ab`. Objects that come
    /// and go meanwhile may be in it or not; all others are in it exactly once. Do not hold the
    /// whole listing in memory.
    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>>;

    /// Returns the URL a browser gets `name` with; it is not looked whether `name` is there.
    ///
    /// Either absolute (`https://…`) or a path on the site (`/media/…`).
    ///
    /// # For drivers
    /// What `options` ask for is in the URL, or the answer is [`ErrorKind::Unsupported`].
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`]; [`ErrorKind::Configuration`] where a setting is missing.
    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        let _ = (name, options);
        Err(Error::unsupported("this storage has no URLs"))
    }

    /// Saves `content` under `name`, or under the next free name if it is taken.
    ///
    /// Django's `save`: nothing is replaced unless `options` or the storage's settings say so; a
    /// taken name gets `_` and seven random characters before its extension. Where that makes the name too
    /// long for the storage, the part before them is cut.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`ErrorKind::InvalidName`] also if `max_length` leaves no room.
    async fn save(&self, name: &Name, content: Content, options: &SaveOptions) -> Result<Saved> {
        let overwrite = options.overwrite.unwrap_or_else(|| self.allow_overwrite());
        let target = match (overwrite, options.max_length) {
            (true, None) => Target::Replace(name.clone()),
            (true, Some(max_length)) => Target::Replace(name.shortened(max_length)?),
            (false, max_length) => {
                let names = Candidates::new(name.clone(), max_length);
                Target::FirstFree(names.within(&self.capabilities()))
            }
        };
        self.put(target, content, options).await
    }

    /// Returns whether there is an object under `name`; a folder is none. On a disk a symlink that leads
    /// nowhere is one, as in Django's `exists`: it takes up the name, and cannot be opened.
    ///
    /// # Errors
    /// What kept the storage from telling. A refusal is an error, not `false`.
    async fn exists(&self, name: &Name) -> Result<bool> {
        match self.stat(name).await {
            Ok(_) => Ok(true),
            Err(error) if is_nothing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Copies an object inside this storage, with its attributes.
    ///
    /// # For drivers
    /// The default reads and writes; where the service copies by itself, use that.
    ///
    /// # Errors
    /// As [`open`](Self::open) of `from` and [`put`](Self::put) to `target`.
    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        let reader = self.open(from, &OpenOptions::default()).await?;
        let options = SaveOptions::default().with_attributes(reader.entry().attributes.clone());
        self.put(target, reader.into_content(), &options).await
    }

    /// Copies an object inside this storage, with what `options` say beside the content in place
    /// of what the source has there.
    ///
    /// The result is what a save of the same content with these options makes: what they leave
    /// out is not taken from the source. [`Attributes::content_encoding`] says how the stored bytes
    /// are coded, so it has to be given again. Onto itself (a [`Target::Replace`] of its own name)
    /// the content stays and the attributes change, as
    /// [`set_attributes`](crate::StorageExt::set_attributes) does.
    ///
    /// `from` is the source as [`stat`](Self::stat) or [`list`](Self::list) told it. Where it has
    /// an ETag and what is there by now has another, nothing is copied: a caller that decided by
    /// an old content gets no mix of two.
    ///
    /// # For drivers
    /// The default looks at the ETag, reads and writes, so another writer can come between; where
    /// the service copies by itself, use that, with its condition on the source. A storage without
    /// attributes has only its [`copy`](Self::copy) to write.
    ///
    /// # Errors
    /// As [`copy`](Self::copy); [`ErrorKind::Integrity`] (a retry with a new `from` may help) if the
    /// source is not what `from` tells any more.
    ///
    /// [`Attributes::content_encoding`]: crate::Attributes::content_encoding
    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        if !self.capabilities().attributes {
            same_content(from, &self.stat(&from.name).await?)?;
            return self.copy(&from.name, target).await;
        }
        let reader = self.open(&from.name, &OpenOptions::default()).await?;
        same_content(from, reader.entry())?;
        self.put(target, reader.into_content(), options).await
    }

    /// Deletes many names, and returns those that could not be, each with its error.
    ///
    /// # For drivers
    /// The default deletes one by one, 16 at once.
    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        stream::iter(names.iter().cloned())
            .map(|name| async move { self.delete(&name).await.err().map(|error| (name, error)) })
            .buffer_unordered(DELETES_IN_FLIGHT)
            .filter_map(|failure| async move { failure })
            .collect()
            .await
    }

    /// Deletes what a save has made, unless something else is there by now.
    ///
    /// For a caller that saved and then has to give up: what another writer has put under the name
    /// since stays. Where nothing tells whose file is there, the file stays too.
    ///
    /// # For drivers
    /// The default looks at the ETag and deletes, so another writer can come between; where the
    /// service has a condition for a delete, use that.
    ///
    /// # Errors
    /// As [`stat`](Self::stat), but for [`ErrorKind::NotFound`], and [`delete`](Self::delete);
    /// [`ErrorKind::Unsupported`] if it stays because nothing tells whose it is.
    async fn take_back(&self, saved: &Saved) -> Result<()> {
        let there = match self.stat(&saved.name).await {
            Ok(entry) => entry,
            Err(error) if is_nothing(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        match (&saved.etag, &there.etag) {
            (Some(ours), Some(theirs)) if ours == theirs => self.delete(&saved.name).await,
            (Some(_), Some(_)) => Ok(()),
            _ => Err(Error::unsupported(
                "nothing tells whose file is there by now",
            )),
        }
    }

    /// Tries on the service what this storage's promises rest on, and returns what the service
    /// lacks: nothing for a storage that keeps its promises by itself.
    ///
    /// For `storehouse check --deploy` and for tests of a deployment. It writes and deletes files
    /// of its own, whose names begin with `storehouse-check-`.
    ///
    /// # For drivers
    /// Leave nothing behind, and touch nothing else. What was found out counts from then on.
    ///
    /// # Errors
    /// As [`put`](Self::put) and [`delete`](Self::delete).
    async fn examine(&self) -> Result<Vec<Limitation>> {
        Ok(Vec::new())
    }

    /// Returns what lies directly in `folder` (or at the top): Django's `listdir`, sorted.
    ///
    /// A folder that is not there is empty.
    ///
    /// # For drivers
    /// The default goes through all that [`list`](Self::list) gives.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        let entries = self.list(folder);
        let mut gathered = FolderBuilder::new(folder.cloned());
        entries
            .try_for_each(|entry| {
                gathered.add(entry);
                async { Ok(()) }
            })
            .await?;
        Ok(gathered.finish())
    }
}

/// One content of a [`Storage::put_many`].
#[derive(Debug)]
pub struct Put {
    /// Where it goes.
    pub target: Target,
    /// What is written.
    pub content: Content,
    /// What is kept beside it.
    pub options: SaveOptions,
}

/// Fails if what is `there` now is not the content that was `seen`, as far as ETags tell.
fn same_content(seen: &Entry, there: &Entry) -> Result<()> {
    if seen.etag.is_none() || seen.etag == there.etag {
        return Ok(());
    }
    Err(Error::replaced_meanwhile())
}

/// Whether an error says that there is no object, as opposed to: it could not be told.
fn is_nothing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

/// Delegates to the storage inside, so that an `Arc<dyn Storage>` is a storage itself.
#[async_trait]
impl<T: Storage + ?Sized> Storage for Arc<T> {
    fn describe(&self) -> String {
        (**self).describe()
    }

    fn service(&self) -> Option<String> {
        (**self).service()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    fn allow_overwrite(&self) -> bool {
        (**self).allow_overwrite()
    }

    fn default_attributes(&self) -> Attributes {
        (**self).default_attributes()
    }

    fn path(&self, name: &Name) -> Option<PathBuf> {
        (**self).path(name)
    }

    fn etag_rule(&self, size: u64) -> EtagRule {
        (**self).etag_rule(size)
    }

    fn etags_follow_rule(&self) -> Option<bool> {
        (**self).etags_follow_rule()
    }

    fn request_counts(&self) -> Option<RequestCounts> {
        (**self).request_counts()
    }

    async fn settle(&self) {
        (**self).settle().await;
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        (**self).put(target, content, options).await
    }

    async fn put_many(&self, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        (**self).put_many(puts).await
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        (**self).open(name, options).await
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        (**self).delete(name).await
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        (**self).stat(name).await
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        (**self).list(folder)
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        (**self).url(name, options).await
    }

    async fn save(&self, name: &Name, content: Content, options: &SaveOptions) -> Result<Saved> {
        (**self).save(name, content, options).await
    }

    async fn exists(&self, name: &Name) -> Result<bool> {
        (**self).exists(name).await
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        (**self).copy(from, target).await
    }

    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        (**self).copy_as(from, target, options).await
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        (**self).delete_many(names).await
    }

    async fn take_back(&self, saved: &Saved) -> Result<()> {
        (**self).take_back(saved).await
    }

    async fn examine(&self) -> Result<Vec<Limitation>> {
        (**self).examine().await
    }

    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        (**self).list_dir(folder).await
    }
}
