//! One file on its way into the storage: as it arrives, or after it has waited.

use std::pin::pin;

use bytes::Bytes;
use futures::future::{Either, select};
use storehouse_storage::{Content, Error, ErrorKind, Name};

use super::{
    error::UploadError,
    feed::{Closed, Feed, feed},
    file_type::HEAD_BYTES,
    form::FormFile,
    form_reader::FormReader,
    look::Wanted,
    measure::{Measure, Measured},
    record::FileRecord,
    unconfirmed::Unconfirmed,
    upload::Upload,
    upload_to::UploadedPart,
    validator::UploadedFile,
    waiting::{MemoryLeft, Waiting, Writer},
};

type Result<T, E = UploadError> = std::result::Result<T, E>;

/// A file that waits until the form is whole.
pub(super) struct Held {
    part: UploadedPart,
    /// How it begins; a copy, so that it does not keep the block in memory that it came in.
    head: Bytes,
    measured: Measured,
    waiting: Waiting,
}

impl Held {
    pub(super) fn as_uploaded(&self) -> UploadedFile<'_> {
        UploadedFile {
            part: &self.part,
            size: self.measured.size,
            checksum: &self.measured.checksum,
            head: &self.head,
            waiting: &self.waiting,
        }
    }
}

impl Upload {
    /// Saves a file while it arrives.
    pub(super) async fn stream(
        &self,
        reader: &mut FormReader<'_>,
        file: Wanted,
        saved: &mut Unconfirmed,
    ) -> Result<FormFile> {
        let Wanted { part, first } = file;
        let name = self.name(&part, &first, None)?;
        let (feed, content) = feed();
        let (measured, kept) = {
            let measure = Measure::new(&part.name, &self.limits);
            let fed = pin!(feed_all(reader, first, feed, measure));
            let kept = pin!(self.put(&name, content, &part, false, saved));
            match select(fed, kept).await {
                // Whatever went wrong, the storage is waited for: its content has failed or ended.
                Either::Left((fed, kept)) => {
                    let kept = kept.await;
                    (fed?, kept?)
                }
                Either::Right((kept, fed)) => {
                    let kept = kept?;
                    (fed.await?, kept)
                }
            }
        };
        let Some(measured) = measured else {
            let problem = "the storage did not read all of the content";
            return Err(Error::new(ErrorKind::Integrity, problem).into());
        };
        Ok(self.record(part, kept, measured))
    }

    /// Reads a file to its end and lets it wait.
    pub(super) async fn hold(
        &self,
        reader: &mut FormReader<'_>,
        file: Wanted,
        left: &mut MemoryLeft,
    ) -> Result<Held> {
        let Wanted { part, first } = file;
        let mut measure = Measure::new(&part.name, &self.limits);
        let mut writer = Writer::new(&self.limits);
        let head = Bytes::copy_from_slice(&first[..first.len().min(HEAD_BYTES)]);
        let mut next = (!first.is_empty()).then_some(first);
        while let Some(block) = next {
            measure.add(&block)?;
            writer.write(&block, left).await?;
            next = reader.block().await?;
        }
        let measured = measure.finish();
        Ok(Held {
            part,
            head,
            measured,
            waiting: writer.finish().await?,
        })
    }

    /// Saves a file that has waited.
    pub(super) async fn save(&self, held: Held, saved: &mut Unconfirmed) -> Result<FormFile> {
        let name = self.name(&held.part, &held.head, Some(&held.measured.checksum))?;
        let content = held.waiting.content().map_err(Error::from_io)?;
        // What a save replaces is gone; deleting the new file would not bring it back.
        let is_there = self.may_replace() && self.storage.exists(&name).await?;
        let kept = self
            .put(&name, content, &held.part, is_there, saved)
            .await?;
        Ok(self.record(held.part, kept, held.measured))
    }

    /// Saves a content, and notes what is to be deleted if the request fails, in one step.
    async fn put(
        &self,
        name: &Name,
        content: Content,
        part: &UploadedPart,
        is_there: bool,
        saved: &mut Unconfirmed,
    ) -> Result<Name> {
        let options = self
            .save_options
            .clone()
            .with_content_type(&part.content_type);
        let kept = self.storage.save(name, content, &options).await?;
        let name = kept.name.clone();
        if !is_there {
            saved.add(kept);
        }
        Ok(name)
    }

    fn record(&self, part: UploadedPart, name: Name, measured: Measured) -> FormFile {
        FormFile {
            field: part.field,
            record: FileRecord {
                storage: self.alias.clone(),
                name: name.to_string(),
                size: measured.size,
                content_type: part.content_type,
                checksum: measured.checksum,
                original_name: part.name,
            },
        }
    }
}

/// Feeds a file to its end; `None` if the storage does not want the rest. A feed that is dropped makes
/// the save fail.
async fn feed_all(
    reader: &mut FormReader<'_>,
    first: Bytes,
    feed: Feed,
    mut measure: Measure<'_>,
) -> Result<Option<Measured>> {
    let mut next = (!first.is_empty()).then_some(first);
    while let Some(block) = next {
        measure.add(&block)?;
        if let Err(Closed) = feed.send(block).await {
            return Ok(None);
        }
        next = reader.block().await?;
    }
    Ok(feed.end().await.ok().map(|()| measure.finish()))
}
