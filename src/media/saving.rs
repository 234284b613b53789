//! One file on its way into the storage: as it arrives, or after it has waited.

use std::pin::pin;

use bytes::Bytes;
use futures::future::{Either, select};
use storehouse_storage::{
    Content, Error, ErrorKind, Name, SaveOptions, Saved, Target, guess_content_encoding,
};

use super::{
    error::UploadError,
    feed::{Closed, Feed, feed},
    file_type::HEAD_BYTES,
    form::FormFile,
    form_reader::FormReader,
    look::Wanted,
    measure::{Measure, Measured},
    record::FileRecord,
    unkept::Unkept,
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

    fn content(&self) -> Result<Content> {
        Ok(self.waiting.content().map_err(Error::from_io)?)
    }
}

/// The name that a file got, and the file itself.
type Stored = (Name, Unkept);

impl Upload {
    /// Saves a file while it arrives.
    pub(super) async fn stream(
        &self,
        reader: &mut FormReader<'_>,
        file: Wanted,
    ) -> Result<FormFile> {
        let Wanted { part, first } = file;
        let name = self.name(&part, &first, None)?;
        let (feed, content) = feed();
        let (measured, kept) = {
            let measure = Measure::new(&part.name, self.max_file_bytes(&part.field));
            let fed = pin!(feed_all(reader, first, feed, measure));
            let kept = pin!(self.put(&name, content, &part));
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
        let mut measure = Measure::new(&part.name, self.max_file_bytes(&part.field));
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

    /// Names the files that have waited. Where saves may replace, no two contents get the same name.
    pub(super) fn named(&self, held: Vec<Held>) -> Result<Vec<(Name, Held)>> {
        let mut named: Vec<(Name, Held)> = Vec::with_capacity(held.len());
        for file in held {
            let mut name = self.name(&file.part, &file.head, Some(&file.measured.checksum))?;
            if self.may_replace() {
                if let Some(max_length) = self.save_options.max_length {
                    name = name.shortened(max_length)?;
                }
                refuse_another_content(&name, &file, &named)?;
            }
            named.push((name, file));
        }
        Ok(named)
    }

    /// Saves a file that has waited.
    pub(super) async fn save(&self, name: &Name, held: Held) -> Result<FormFile> {
        let kept = match self.may_replace() {
            true => self.put_over(name, &held).await?,
            false => self.put(name, held.content()?, &held.part).await?,
        };
        Ok(self.record(held.part, kept, held.measured))
    }

    /// Saves a content where nothing is replaced, and takes care of it in the same step.
    async fn put(&self, name: &Name, content: Content, part: &UploadedPart) -> Result<Stored> {
        let options = self.options(part);
        let saved = self.storage.save(name, content, &options).await?;
        Ok(self.created(saved))
    }

    /// Saves a content in the place of what is there, if something is. What a save replaces is gone:
    /// deleting the new file would not bring it back. So only a create, which replaces nothing whoever
    /// writes at the same time, is this form's to delete.
    async fn put_over(&self, name: &Name, held: &Held) -> Result<Stored> {
        let options = self.options(&held.part);
        if !self.storage.exists(name).await? {
            let target = Target::Create(name.clone());
            match self.storage.put(target, held.content()?, &options).await {
                Ok(saved) => return Ok(self.created(saved)),
                // Somebody else was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        let target = Target::Replace(name.clone());
        let saved = self.storage.put(target, held.content()?, &options).await?;
        Ok((saved.name, Unkept::replacement()))
    }

    fn created(&self, saved: Saved) -> Stored {
        (saved.name.clone(), self.cleanup.of(saved))
    }

    fn options(&self, part: &UploadedPart) -> SaveOptions {
        let mut options = self.save_options.clone();
        // The type that is stored follows the client's name, whatever name the file gets.
        let name = Name::new(&part.name).ok();
        if let Some(encoding) = name.as_ref().and_then(guess_content_encoding) {
            options = options.with_content_encoding(encoding);
        }
        options.with_content_type(&part.content_type)
    }

    fn record(&self, part: UploadedPart, (name, object): Stored, measured: Measured) -> FormFile {
        let record = FileRecord {
            storage: self.alias.clone(),
            name: name.to_string(),
            size: measured.size,
            content_type: part.content_type,
            checksum: measured.checksum,
            original_name: part.name,
        };
        FormFile::new(part.field, record, object)
    }
}

/// Refuses a file that would take the place of another one of its form.
fn refuse_another_content(name: &Name, file: &Held, before: &[(Name, Held)]) -> Result<()> {
    let is_another = |(taken, other): &(Name, Held)| {
        taken == name && other.measured.checksum != file.measured.checksum
    };
    match before.iter().any(is_another) {
        true => Err(UploadError::SameName {
            file: file.part.name.clone(),
            name: name.to_string(),
        }),
        false => Ok(()),
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
