//! From a content to a saved file: gather blocks, stage them, publish. Blocks are gathered on the
//! async side and written on the blocking pool, at least 64 KiB at once but for the last; a
//! content of up to 256 KiB costs one hop in all.
//!
//! A dropped future leaves nothing. Between two jobs it holds the staged file, and drops it; while
//! a job runs, the job's result finds nobody to take it, and dropping that removes the staged file
//! or takes the published one away again. What a [`Target::Replace`] replaced is gone by then: of a
//! future that is dropped in the instant of its rename, the new content stays, whole.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::Fuse, try_join};
use storehouse_storage::{Content, Error, Name, Put, Result, Saved, Target};

use crate::{
    copying,
    jobs::{Abandoned, Jobs, OnPool, not_wanted},
    limits::Limits,
    publish::{FileMode, Publication, Published},
    reading,
    root::{OpenRoot, Root},
    staging::{self, Stage, Staging},
    system,
};

/// The least that is handed to the blocking pool, where there is more.
const BLOCK: usize = 64 * 1024;
/// How much of small blocks is gathered before it is handed over.
const BATCH: usize = 256 * 1024;

/// Saves files in one storage.
#[derive(Debug)]
pub(crate) struct Writer {
    root: Arc<Root>,
    limits: Limits,
    file_mode: FileMode,
    staging: Staging,
    jobs: Jobs,
    /// Whether this storage has looked for the litter of others, and may have a staging folder.
    has_swept: AtomicBool,
}

impl Writer {
    pub(crate) fn new(root: Arc<Root>, limits: Limits, file_mode: Option<u32>, jobs: Jobs) -> Self {
        Self {
            root,
            limits,
            file_mode: FileMode(file_mode),
            staging: Staging::Nameless,
            jobs,
            has_swept: AtomicBool::new(false),
        }
    }

    /// Saves `content` under the name that `target` allows.
    pub(crate) async fn put(self: &Arc<Self>, target: Target, content: Content) -> Result<Saved> {
        self.limits.check(&target.name())?;
        if is_at_hand(&content) {
            return self.put_at_hand(target, content).await;
        }
        let mut batches = Batches::new(content);
        let first = batches.next().await?.unwrap_or_default();
        match batches.next().await? {
            None => self.put_at_hand(target, first.into()).await,
            Some(second) => self.put_large(target, [first, second], batches).await,
        }
    }

    /// Saves several, in one job if none of them has to be waited for.
    pub(crate) async fn put_many(self: &Arc<Self>, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        if puts.iter().all(|put| is_at_hand(&put.content)) {
            return self.put_at_once(puts).await;
        }
        let mut done = Vec::with_capacity(puts.len());
        for put in puts {
            match self.put(put.target, put.content).await {
                Ok(saved) => done.push(saved),
                Err(error) => return (done, Some(error)),
            }
        }
        (done, None)
    }

    async fn put_at_once(self: &Arc<Self>, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        let writer = Arc::clone(self);
        let job = move |abandoned: Abandoned<'_>| {
            let root = writer.root.open_or_make()?;
            let mut done = Vec::with_capacity(puts.len());
            for put in puts {
                let checked = writer.limits.check(&put.target.name());
                let put = |()| writer.put_now(&root, put.target, &put.content, abandoned);
                match checked.and_then(put) {
                    Ok(published) => done.push(published),
                    Err(error) => return Ok((done, Some(error))),
                }
            }
            Ok((done, None))
        };
        match self.jobs.run(job).await {
            Ok((done, failure)) => (done.into_iter().map(saved).collect(), failure),
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    /// Copies the file `from` without its content going through this process, where the system can.
    pub(crate) async fn copy(self: &Arc<Self>, from: &Name, target: Target) -> Result<Saved> {
        self.limits.check(from)?;
        self.limits.check(&target.name())?;
        let (writer, from) = (Arc::clone(self), from.clone());
        let job = move |abandoned: Abandoned<'_>| {
            let root = writer.root.open_to_read()?.ok_or_else(Error::not_found)?;
            let (source, _) = reading::open_file(&writer.root, &root, &from)?;
            let mut stage = writer.stage(&root)?;
            copying::copy(&source, u64::MAX, &writer.root, &mut stage, abandoned)?;
            writer.publish(&root, stage, target, abandoned)
        };
        self.jobs.run(job).await.map(saved)
    }

    /// Removes the staging folder if this storage may have made it and nobody uses it.
    pub(crate) fn remove_staging_folder(&self) {
        if !self.has_swept.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(root) = self.root.open() {
            staging::remove_folder(root.dir());
        }
    }

    /// One job for all of it, which opens a file as well where it is not open yet.
    async fn put_at_hand(self: &Arc<Self>, target: Target, content: Content) -> Result<Saved> {
        let writer = Arc::clone(self);
        let job = move |abandoned: Abandoned<'_>| {
            let root = writer.root.open_or_make()?;
            writer.put_now(&root, target, &content, abandoned)
        };
        self.jobs.run(job).await.map(saved)
    }

    /// Saves what is at hand, on the blocking pool.
    fn put_now(
        &self,
        root: &OpenRoot<'_>,
        target: Target,
        content: &Content,
        abandoned: Abandoned<'_>,
    ) -> Result<Published> {
        refuse_if_taken(&target, root)?;
        let mut stage = self.stage(root)?;
        if let Some(bytes) = content.as_bytes() {
            write(&self.root, &mut stage, bytes)?;
        } else if let Some(file) = content.as_local_file() {
            copying::copy_local_file(file, &self.root, &mut stage, abandoned)?;
        }
        self.publish(root, stage, target, abandoned)
    }

    /// Writes one batch while the next is gathered.
    async fn put_large(
        self: &Arc<Self>,
        target: Target,
        [first, second]: [Bytes; 2],
        mut batches: Batches,
    ) -> Result<Saved> {
        let stage = self.start_large(&target, first).await?;
        let mut stage = OnPool::new(stage, &self.jobs);
        let mut batch = Some(second);
        while let Some(block) = batch {
            (stage, batch) = try_join!(self.write_batch(stage, block), batches.next())?;
        }
        let writer = Arc::clone(self);
        let job = move |abandoned: Abandoned<'_>| {
            let root = writer.root.open_or_make()?;
            writer.publish(&root, stage.into_inner(), target, abandoned)
        };
        self.jobs.run(job).await.map(saved)
    }

    async fn start_large(self: &Arc<Self>, target: &Target, first: Bytes) -> Result<Stage> {
        let writer = Arc::clone(self);
        let target = target.clone();
        let job = move |_: Abandoned<'_>| {
            let root = writer.root.open_or_make()?;
            refuse_if_taken(&target, &root)?;
            let mut stage = writer.stage(&root)?;
            write(&writer.root, &mut stage, &first)?;
            Ok(stage)
        };
        self.jobs.run(job).await
    }

    async fn write_batch(&self, stage: OnPool<Stage>, block: Bytes) -> Result<OnPool<Stage>> {
        let root = Arc::clone(&self.root);
        let job = move |_: Abandoned<'_>| {
            let mut stage = stage.into_inner();
            write(&root, &mut stage, &block)?;
            Ok(stage)
        };
        let stage = self.jobs.run(job).await?;
        Ok(OnPool::new(stage, &self.jobs))
    }

    /// Makes an empty staged file; the first time, what killed processes left is removed.
    fn stage(&self, root: &OpenRoot<'_>) -> Result<Stage> {
        if !self.has_swept.swap(true, Ordering::Relaxed) {
            staging::sweep(root.dir());
        }
        let mode = self.file_mode.to_create_with();
        Stage::create(root.dir(), mode, self.staging).map_err(|error| root.write_error(error, None))
    }

    fn publish(
        &self,
        root: &OpenRoot<'_>,
        stage: Stage,
        target: Target,
        abandoned: Abandoned<'_>,
    ) -> Result<Published> {
        if abandoned() {
            return Err(not_wanted());
        }
        let publication = Publication {
            home: &self.root,
            root,
            file_mode: self.file_mode,
            durable: self.root.durable,
        };
        publication.publish(stage, target, |name| self.limits.check(name))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // After the last job that had it. Three calls, and not on the pool where this is not one:
        // a program may end right after this.
        self.remove_staging_folder();
    }
}

/// Gathers the blocks of a content into ones that are worth a hop to the blocking pool.
struct Batches {
    /// Fused: a batch may end with the content, which must not be polled again then.
    content: Fuse<Content>,
    /// A block that came while small ones were gathered, and is big enough by itself.
    held_back: Option<Bytes>,
}

impl Batches {
    fn new(content: Content) -> Self {
        Self {
            content: content.fuse(),
            held_back: None,
        }
    }

    /// Returns the next batch: a big block as it is, small ones copied together.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let first = match self.held_back.take() {
            Some(block) => block,
            None => match self.content.next().await.transpose()? {
                Some(block) => block,
                None => return Ok(None),
            },
        };
        if first.len() >= BLOCK {
            return Ok(Some(first));
        }
        let mut batch = BytesMut::from(first);
        while batch.len() < BATCH {
            match self.content.next().await.transpose()? {
                Some(block) if block.len() >= BLOCK => {
                    self.held_back = Some(block);
                    break;
                }
                Some(block) => batch.extend_from_slice(&block),
                None => break,
            }
        }
        Ok(Some(batch.freeze()))
    }
}

/// Whether a content has not to be waited for: bytes of the length that they are said to have, or a
/// file.
fn is_at_hand(content: &Content) -> bool {
    let length = content.as_bytes().map(|bytes| bytes.len() as u64);
    length.is_some() && content.length() == length || content.as_local_file().is_some()
}

/// Gigabytes need not be written for a name that is taken now; what counts comes at the end.
fn refuse_if_taken(target: &Target, root: &OpenRoot<'_>) -> Result<()> {
    match target {
        Target::Create(name) if root.is_taken(name) => Err(Error::already_exists()),
        _ => Ok(()),
    }
}

fn write(root: &Root, stage: &mut Stage, block: &[u8]) -> Result<()> {
    stage
        .write(block)
        .map_err(|error| root.staging_error(error))
}

fn saved(published: Published) -> Saved {
    let (name, metadata) = published.keep();
    Saved::new(name, metadata.len()).with_etag(system::etag(&metadata))
}
