//! A form as it arrives: its parts one after another, within the limits of [`UploadLimits`]. Where the
//! files go is not decided here.

use bytes::Bytes;

use super::{
    arrivals::Arrivals,
    body::Body,
    error::UploadError,
    field::Fields,
    limits::UploadLimits,
    multipart::{Base64, Boundary, Event, Parser, decode_field},
    names::sanitized,
};

/// The next part of a form. What it holds is read before the one after it.
pub(super) enum Part {
    /// A field that is no file, whole.
    Field { name: String, value: String },
    /// A file, whose content comes from [`FormReader::block`].
    File { field: String, name: String },
}

pub(super) struct FormReader<'a> {
    body: &'a mut Body,
    parser: Parser,
    limits: &'a UploadLimits,
    arrivals: Arrivals<'a>,
    fields: u64,
    files: u64,
    /// What counts to `max_data_bytes`.
    data_bytes: u64,
    /// Whether a file is being read.
    is_in_file: bool,
    /// Decodes its content, if that is encoded.
    base64: Option<Base64>,
}

impl<'a> FormReader<'a> {
    pub(super) fn new(
        body: &'a mut Body,
        boundary: &Boundary,
        limits: &'a UploadLimits,
        declared: &'a Fields,
    ) -> Self {
        Self {
            body,
            parser: Parser::new(boundary),
            limits,
            arrivals: Arrivals::new(declared),
            fields: 0,
            files: 0,
            data_bytes: 0,
            is_in_file: false,
            base64: None,
        }
    }

    /// Returns the next part, `None` at the end of the form. The content of the file before has been
    /// read.
    pub(super) async fn part(&mut self) -> Result<Option<Part>, UploadError> {
        while let Some(event) = self.event().await? {
            let Event::Part(head) = event else { continue };
            let Some(field) = head.name else {
                self.count_field()?;
                self.skip().await?;
                continue;
            };
            if head.file_name.as_deref() == Some("") {
                // An input of files without one: to Django it is a field.
                self.count_field()?;
                self.arrivals.no_file(&field)?;
                self.skip().await?;
                continue;
            }
            let Some(file_name) = head.file_name else {
                self.count_field()?;
                let value = self.value(&field, head.base64).await?;
                return Ok(Some(Part::Field { name: field, value }));
            };
            self.count_file()?;
            let Some(name) = sanitized(&file_name) else {
                // It has no name to be kept under.
                self.arrivals.no_file(&field)?;
                self.skip().await?;
                continue;
            };
            self.arrivals.file(&field)?;
            self.is_in_file = true;
            self.base64 = head.base64.then(Base64::default);
            return Ok(Some(Part::File { field, name }));
        }
        self.arrivals.check_complete()?;
        Ok(None)
    }

    /// Returns the next block of the file, decoded and never empty; `None` at its end and after it.
    pub(super) async fn block(&mut self) -> Result<Option<Bytes>, UploadError> {
        if !self.is_in_file {
            return Ok(None);
        }
        while let Some(block) = self.raw_block().await? {
            let block = match &mut self.base64 {
                Some(base64) => base64.decode(&block)?,
                None => block,
            };
            if !block.is_empty() {
                return Ok(Some(block));
            }
        }
        self.is_in_file = false;
        if let Some(base64) = self.base64.take() {
            base64.finish()?;
        }
        Ok(None)
    }

    async fn value(&mut self, field: &str, is_base64: bool) -> Result<String, UploadError> {
        let max_bytes = self.arrivals.text(field)?;
        self.count_data(field.len() as u64 + 2)?;
        let mut value = Vec::new();
        while let Some(block) = self.raw_block().await? {
            self.count_data(block.len() as u64)?;
            value.extend_from_slice(&block);
            check_text(field, value.len() as u64, max_bytes)?;
        }
        let value = match is_base64 {
            true => decode_field(value),
            false => value,
        };
        let value = String::from_utf8(value)
            .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned());
        self.arrivals.text_is(field, &value);
        Ok(value)
    }

    /// Reads past a part; it counts as data, or it could be without end.
    async fn skip(&mut self) -> Result<(), UploadError> {
        while let Some(block) = self.raw_block().await? {
            self.count_data(block.len() as u64)?;
        }
        Ok(())
    }

    async fn raw_block(&mut self) -> Result<Option<Bytes>, UploadError> {
        match self.event().await? {
            Some(Event::Data(block)) => Ok(Some(block)),
            _ => Ok(None),
        }
    }

    /// Returns the next event, `None` at the end of the body, which is whole then.
    async fn event(&mut self) -> Result<Option<Event>, UploadError> {
        loop {
            if let Some(event) = self.parser.next()? {
                return Ok(Some(event));
            }
            match self.body.next().await? {
                Some(block) => self.parser.push(block),
                None => return Ok(self.parser.finish().map(|()| None)?),
            }
        }
    }

    fn count_field(&mut self) -> Result<(), UploadError> {
        self.fields += 1;
        at_most(
            self.fields,
            self.limits.max_fields,
            "fields",
            "DATA_UPLOAD_MAX_NUMBER_FIELDS",
        )
    }

    fn count_file(&mut self) -> Result<(), UploadError> {
        self.files += 1;
        at_most(
            self.files,
            self.limits.max_files,
            "files",
            "DATA_UPLOAD_MAX_NUMBER_FILES",
        )
    }

    fn count_data(&mut self, bytes: u64) -> Result<(), UploadError> {
        self.data_bytes += bytes;
        let what = "bytes of fields that are no files";
        at_most(
            self.data_bytes,
            self.limits.max_data_bytes,
            what,
            "DATA_UPLOAD_MAX_MEMORY_SIZE",
        )
    }
}

fn check_text(field: &str, bytes: u64, max: Option<u64>) -> Result<(), UploadError> {
    match max {
        Some(max) if bytes > max => Err(UploadError::TooLarge(format!(
            "the field {field:?} has more than {max} bytes"
        ))),
        _ => Ok(()),
    }
}

fn at_most(count: u64, max: Option<u64>, what: &str, setting: &str) -> Result<(), UploadError> {
    match max {
        Some(max) if count > max => Err(UploadError::TooLarge(format!(
            "the form has more than {max} {what} ({setting})"
        ))),
        _ => Ok(()),
    }
}
