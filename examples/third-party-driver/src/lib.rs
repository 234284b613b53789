#![doc = include_str!("../README.md")]

use std::{fs::Metadata, future::ready, io, path::PathBuf, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use storehouse_storage::{
    Address, Capabilities, Content, Driver, DriverConfig, Entry, Error, ErrorKind, Name,
    OpenOptions, OptionKind, OptionRow, Reader, Result, SaveOptions, Saved, Storage, Target, Value,
    guess_content_type,
};
use tempfile::NamedTempFile;
use tokio::{fs, io::AsyncWriteExt};

const OPTIONS: &[OptionRow] = &[OptionRow::new("location", OptionKind::Path, "The folder.")];
/// A file's name has at most 255 bytes, and hex takes two for each.
const MAX_NAME_BYTES: usize = 127;

/// Returns the driver, to be registered.
#[must_use]
pub fn driver() -> Arc<dyn Driver> {
    Arc::new(FlatDriver)
}

#[derive(Debug)]
struct FlatDriver;

impl Driver for FlatDriver {
    fn name(&self) -> &'static str {
        "flat"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["flat"]
    }

    fn options(&self) -> &'static [OptionRow] {
        OPTIONS
    }

    fn address(&self, address: &Address) -> Result<Vec<(&'static str, Value)>> {
        Ok(vec![("location", address.path.as_str().into())])
    }

    fn open(&self, config: DriverConfig) -> Result<Arc<dyn Storage>> {
        let missing = || Error::configuration("the folder is missing: flat:///srv/media");
        let folder = config.options.path("location").ok_or_else(missing)?;
        Ok(Arc::new(Flat { folder }))
    }
}

#[derive(Debug)]
struct Flat {
    folder: PathBuf,
}

#[async_trait]
impl Storage for Flat {
    fn describe(&self) -> String {
        format!("flat:{}", self.folder.display())
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_name_bytes = MAX_NAME_BYTES;
        capabilities.max_part_bytes = MAX_NAME_BYTES;
        capabilities
    }

    async fn put(&self, mut target: Target, content: Content, _: &SaveOptions) -> Result<Saved> {
        let (mut staged, size) = self.stage(content).await?;
        let mut name = match &mut target {
            Target::Create(name) | Target::Replace(name) => name.clone(),
            Target::FirstFree(candidates) => candidates.next_name()?,
        };
        loop {
            let file = self.file(&name)?;
            // Each is one step for all who look: the old content or the new, never a part.
            let persisted = match &target {
                Target::Replace(_) => staged.persist(file),
                _ => staged.persist_noclobber(file),
            };
            match (persisted, &mut target) {
                (Ok(_), _) => return Ok(Saved::new(name, size)),
                (Err(error), Target::FirstFree(candidates))
                    if error.error.kind() == io::ErrorKind::AlreadyExists =>
                {
                    staged = error.file;
                    name = candidates.next_name()?;
                }
                (Err(error), _) => return Err(Error::from_io(error.error)),
            }
        }
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        let file = or_error(fs::File::open(self.file(name)?).await)?;
        let entry = entry(name.clone(), &or_error(file.metadata().await)?);
        let range = match &options.range {
            Some(range) => range.resolve(entry.size)?,
            None => 0..entry.size,
        };
        Ok(Reader::from_file(entry, range, file.into_std().await))
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        match fs::remove_file(self.file(name)?).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            deleted => or_error(deleted),
        }
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        let metadata = or_error(fs::metadata(self.file(name)?).await)?;
        Ok(entry(name.clone(), &metadata))
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        let folder = folder.cloned();
        let files = stream::once(fs::read_dir(self.folder.clone())).map_ok(|files| {
            stream::try_unfold(files, async |mut files| {
                Ok(files.next_entry().await?.map(|file| (file, files)))
            })
        });
        let names = files.try_flatten().try_filter_map(move |file| {
            let inside = |name: &Name| {
                folder
                    .as_ref()
                    .is_none_or(|f| name.strip_folder(f).is_some())
            };
            ready(Ok(name_of(&file).filter(inside).map(|name| (name, file))))
        });
        let entries = names.and_then(async |(name, file)| Ok(entry(name, &file.metadata().await?)));
        // What went meanwhile is not in it, nor is a folder that was never made.
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let there = move |entry: &io::Result<Entry>| ready(!entry.as_ref().is_err_and(gone));
        entries.filter(there).map_err(Error::from_io).boxed()
    }
}

impl Flat {
    fn file(&self, name: &Name) -> Result<PathBuf> {
        if name.as_str().len() > MAX_NAME_BYTES {
            let problem = format!("the name has more than {MAX_NAME_BYTES} bytes");
            return Err(Error::new(ErrorKind::InvalidName, problem));
        }
        Ok(self.folder.join(hex::encode(name.as_str())))
    }

    /// Writes to a file whose name is no hex, and which goes when it is dropped too soon.
    async fn stage(&self, mut content: Content) -> Result<(NamedTempFile, u64)> {
        or_error(fs::create_dir_all(&self.folder).await)?;
        // One system call, as the rename later: not worth a hop to the blocking pool.
        let staged = or_error(NamedTempFile::new_in(&self.folder))?;
        let mut file = fs::File::from_std(or_error(staged.reopen())?);
        let mut size = 0;
        while let Some(block) = content.try_next().await? {
            or_error(file.write_all(&block).await)?;
            size += block.len() as u64;
        }
        or_error(file.flush().await)?;
        // A file system's clock may stand still for milliseconds, and the ETag is this time.
        or_error(staged.as_file().set_modified(SystemTime::now()))?;
        Ok((staged, size))
    }
}

fn entry(name: Name, metadata: &Metadata) -> Entry {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let mut entry = Entry::new(name, metadata.len())
        .with_modified(modified)
        .with_etag(since.map(|since| format!("{:x}", since.as_nanos())));
    entry.attributes.content_type = guess_content_type(&entry.name);
    entry
}

/// The name of the object in a file; one that is being written has none.
fn name_of(file: &fs::DirEntry) -> Option<Name> {
    let bytes = hex::decode(file.file_name().to_str()?).ok()?;
    Name::new(String::from_utf8(bytes).ok()?).ok()
}

fn or_error<T>(result: io::Result<T>) -> Result<T> {
    result.map_err(Error::from_io)
}
