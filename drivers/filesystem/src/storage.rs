//! The storage: each method of the trait as one job (see the modules for what the jobs do). No
//! file is touched when it is made.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use storehouse_storage::{
    Capabilities, Content, Entry, Error, Folder, Name, OpenOptions, Put, Reader, Result,
    SaveOptions, Saved, Storage, Target, UrlOptions, UrlSigning, join_url,
};

use crate::{
    jobs::{Abandoned, Jobs},
    limits::{Limits, MAX_PART_BYTES},
    listing, reading,
    root::Root,
    writing::Writer,
};

/// What Django's `FILE_UPLOAD_PERMISSIONS` is by default: everyone may read, the web server too.
pub(crate) const DEFAULT_FILE_MODE: u32 = 0o644;

/// What a save costs beside the file (a thread to wake, folders to open) does not show any more for
/// this many at once.
const PUTS_AT_ONCE: usize = 32;

/// How a folder is used as a storage. The default is Django's.
///
/// ```
/// use storehouse_filesystem::{FilesystemOptions, FilesystemStorage};
///
/// let options = FilesystemOptions::default()
///     .with_base_url("/media/")
///     .with_directory_permissions_mode(0o755);
/// let media = FilesystemStorage::new("/srv/media", options)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct FilesystemOptions {
    /// What URLs start with, for example `/media/`. None: there are no URLs.
    pub base_url: Option<String>,
    /// The exact mode of new files, whatever the umask. None: what the umask leaves of 0o666.
    pub file_permissions_mode: Option<u32>,
    /// The exact mode of new folders, on every level. None: what the umask leaves of 0o777.
    pub directory_permissions_mode: Option<u32>,
    /// Whether `save` replaces what is there when the caller does not say.
    pub allow_overwrite: bool,
    /// Whether a save or a delete is on the disk, and not only in memory, when it returns.
    pub durable: bool,
    /// Whether files are read through symlinks that lead out of the folder. Then whoever can make a
    /// link in it decides which files of this machine are read.
    pub follow_symlinks: bool,
    /// Which URLs are signed, and by what.
    pub signing: UrlSigning,
}

impl Default for FilesystemOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            file_permissions_mode: Some(DEFAULT_FILE_MODE),
            directory_permissions_mode: None,
            allow_overwrite: false,
            durable: false,
            follow_symlinks: false,
            signing: UrlSigning::default(),
        }
    }
}

impl FilesystemOptions {
    /// Sets what URLs start with.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Sets the exact mode of new files; `None` leaves it to the umask.
    #[must_use]
    pub fn with_file_permissions_mode(mut self, mode: impl Into<Option<u32>>) -> Self {
        self.file_permissions_mode = mode.into();
        self
    }

    /// Sets the exact mode of new folders; `None` leaves it to the umask.
    #[must_use]
    pub fn with_directory_permissions_mode(mut self, mode: impl Into<Option<u32>>) -> Self {
        self.directory_permissions_mode = mode.into();
        self
    }

    /// Says whether `save` replaces what is there when the caller does not say.
    #[must_use]
    pub fn with_allow_overwrite(mut self, allow: bool) -> Self {
        self.allow_overwrite = allow;
        self
    }

    /// Says whether a save or a delete is on the disk when it returns.
    #[must_use]
    pub fn with_durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Says whether files are read through symlinks that lead out of the folder.
    #[must_use]
    pub fn with_follow_symlinks(mut self, follow: bool) -> Self {
        self.follow_symlinks = follow;
        self
    }

    /// Says which URLs are signed, and by what.
    #[must_use]
    pub fn with_signing(mut self, signing: UrlSigning) -> Self {
        self.signing = signing;
        self
    }
}

/// A folder on disk as a storage.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let location = folder.path().join("media");
/// use storehouse_filesystem::{FilesystemOptions, FilesystemStorage};
/// use storehouse_storage::StorageExt;
///
/// let media = FilesystemStorage::new(location, FilesystemOptions::default())?;
/// let first = media.save_as("notes/a.txt", "first").await?;
/// let second = media.save_as("notes/a.txt", "second").await?;
///
/// assert_eq!(first.name.as_str(), "notes/a.txt");
/// assert_ne!(first.name, second.name);
/// assert_eq!(media.read_text(&second.name).await?, "second");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct FilesystemStorage {
    root: Arc<Root>,
    limits: Limits,
    jobs: Jobs,
    writer: Arc<Writer>,
    base_url: Option<String>,
    allow_overwrite: bool,
    signing: UrlSigning,
}

impl FilesystemStorage {
    /// Makes a storage of the folder `location`, which need not be there: the first save makes it.
    ///
    /// # Errors
    /// `location` is relative and there is no working directory, or it is empty.
    pub fn new(location: impl AsRef<Path>, options: FilesystemOptions) -> io::Result<Self> {
        let root = Arc::new(Root {
            location: std::path::absolute(location)?,
            folder_mode: options.directory_permissions_mode,
            durable: options.durable,
            follow_symlinks: options.follow_symlinks,
        });
        let limits = Limits::of(&root.location);
        let jobs = Jobs::default();
        let writer = Writer::new(
            Arc::clone(&root),
            limits,
            options.file_permissions_mode,
            jobs.clone(),
        );
        Ok(Self {
            root,
            limits,
            jobs,
            writer: Arc::new(writer),
            base_url: options.base_url,
            allow_overwrite: options.allow_overwrite,
            signing: options.signing,
        })
    }

    /// Runs `work` on the blocking pool if `name` is one for this storage.
    async fn on<T: Send + 'static>(
        &self,
        name: &Name,
        work: impl FnOnce(&Root, &Name) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.limits.check(name)?;
        let (root, name) = (Arc::clone(&self.root), name.clone());
        self.jobs.run(move |_| work(&root, &name)).await
    }
}

#[async_trait]
impl Storage for FilesystemStorage {
    fn describe(&self) -> String {
        format!("file://{}", self.root.location.display())
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.urls = self.base_url.is_some();
        capabilities.signed_urls = self.base_url.is_some() && self.signing.can_sign();
        capabilities.folders = true;
        capabilities.server_side_copy = cfg!(target_os = "linux");
        capabilities.puts_at_once = PUTS_AT_ONCE;
        capabilities.max_name_bytes = self.limits.max_name_bytes;
        capabilities.max_part_bytes = MAX_PART_BYTES;
        capabilities
    }

    fn allow_overwrite(&self) -> bool {
        self.allow_overwrite
    }

    fn path(&self, name: &Name) -> Option<PathBuf> {
        Some(self.root.path(name))
    }

    async fn settle(&self) {
        self.jobs.settled().await;
        let writer = Arc::clone(&self.writer);
        let job = move |_: Abandoned<'_>| {
            writer.remove_staging_folder();
            Ok(())
        };
        // It cannot fail, and a program that is ending has no use for a panic's echo.
        self.jobs.run(job).await.unwrap_or_default();
    }

    async fn put(&self, target: Target, content: Content, _: &SaveOptions) -> Result<Saved> {
        // A disk keeps no attributes, so the options have nothing to say here.
        self.writer.put(target, content).await
    }

    async fn put_many(&self, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        self.writer.put_many(puts).await
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        let options = options.clone();
        self.on(name, move |root, name| reading::open(root, name, &options))
            .await
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        self.on(name, reading::delete).await
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        self.on(name, reading::stat).await
    }

    async fn exists(&self, name: &Name) -> Result<bool> {
        self.on(name, reading::exists).await
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        if let Some(Err(error)) = folder.map(|folder| self.limits.check(folder)) {
            return stream::iter([Err(error)]).boxed();
        }
        listing::list(self.jobs.clone(), Arc::clone(&self.root), folder.cloned())
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        self.limits.check(name)?;
        let Some(base_url) = &self.base_url else {
            return Err(Error::unsupported("this storage has no base_url")
                .with_advice("set MEDIA_URL, or base_url in its options"));
        };
        self.signing.url(join_url(base_url, name), name, options)
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        self.writer.copy(from, target).await
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        let (root, limits, names) = (Arc::clone(&self.root), self.limits, names.to_vec());
        let asked = names.clone();
        let deleted = self.jobs.run(move |abandoned| {
            let wanted = names.into_iter().take_while(|_| !abandoned());
            let failures = wanted.filter_map(|name| {
                let deleted = limits.check(&name);
                let deleted = deleted.and_then(|()| reading::delete(&root, &name));
                Some((name, deleted.err()?))
            });
            Ok(failures.collect())
        });
        deleted.await.unwrap_or_else(|error| {
            let again = |name| (name, Error::new(error.kind(), error.problem()));
            asked.into_iter().map(again).collect()
        })
    }

    async fn list_dir(&self, folder: Option<&Name>) -> Result<Folder> {
        if let Some(folder) = folder {
            self.limits.check(folder)?;
        }
        let (root, folder) = (Arc::clone(&self.root), folder.cloned());
        let job = move |_: Abandoned<'_>| listing::list_dir(&root, folder.as_ref());
        self.jobs.run(job).await
    }
}
