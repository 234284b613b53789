//! A request's form, from its first byte to its records: all of it is taken, or nothing stays.
//!
//! Files go into the storage as they arrive, a block at a time. Where something has to be known of the
//! whole content first, they wait and are saved when the form has been read to its end.

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    body::{Blocks, Body, of_http_body},
    error::UploadError,
    form::Form,
    form_reader::{FormReader, Part},
    multipart::Boundary,
    rest,
    saving::Held,
    upload::Upload,
    validator::ValidationError,
    waiting::MemoryLeft,
};

type Result<T, E = UploadError> = std::result::Result<T, E>;

impl Upload {
    /// Reads a form out of the header fields and the body of a request, and saves its files.
    ///
    /// Of a form that is not taken, nothing stays in the storage; the same if the future is dropped, as
    /// it is when the client goes away, and if the [`Form`] is dropped without its files being kept. What is still to come of a form that is not taken is read in the
    /// background and thrown away, for 30 seconds at most and 5 without a byte: a connection that is
    /// closed while the client sends is reset, and many clients would never tell their user why. No more
    /// than 64 are read so at once, over all clones.
    ///
    /// # Errors
    /// See [`UploadError`] and its [`status`](UploadError::status).
    pub async fn receive<S, E>(&self, headers: &HeaderMap, body: S) -> Result<Form>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        self.receive_blocks(headers, body.map_err(Into::into).boxed())
            .await
    }

    /// The same for an [`http_body::Body`]; trailers are not looked at.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub async fn receive_body<B>(&self, headers: &HeaderMap, body: B) -> Result<Form>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.receive_blocks(headers, of_http_body(body)).await
    }

    async fn receive_blocks(&self, headers: &HeaderMap, blocks: Blocks) -> Result<Form> {
        let mut body = Body::new(blocks, content_length(headers), &self.limits);
        let form = self.take_whole(headers, &mut body).await;
        if form.is_err() {
            rest::throw_away(headers, body, &self.rests);
        }
        form
    }

    /// Takes all of a form, or leaves nothing.
    async fn take_whole(&self, headers: &HeaderMap, body: &mut Body) -> Result<Form> {
        let _turn = self.turn()?;
        let boundary = boundary(headers)?;
        check_encoding(headers)?;
        body.check_declared()?;
        let reader = FormReader::new(body, &boundary, &self.limits, &self.fields);
        let mut form = Form::default();
        let Err(cause) = Box::pin(self.take(reader, &mut form)).await else {
            return Ok(form);
        };
        match form.discard().await {
            None => Err(cause),
            Some((name, why)) => Err(UploadError::LeftBehind {
                name: name.to_string(),
                why,
                cause: Box::new(cause),
            }),
        }
    }

    /// Takes the parts of a form, one after another; where it fails, `form` has what was saved so far.
    async fn take(&self, mut reader: FormReader<'_>, form: &mut Form) -> Result<()> {
        let mut left = MemoryLeft::new(&self.limits);
        let mut held = Vec::new();
        while let Some(part) = reader.part().await? {
            match part {
                Part::Field { name, value } => form.fields.push((name, value)),
                Part::File { field, name } => {
                    let file = self.look(&mut reader, field, name).await?;
                    if self.waits() {
                        held.push(self.hold(&mut reader, file, &mut left).await?);
                    } else {
                        form.files.push(self.stream(&mut reader, file).await?);
                    }
                }
            }
        }
        for file in &held {
            self.validate(file).await?;
        }
        // All names before the first save: what a save replaces does not come back.
        for (name, file) in self.named(held)? {
            form.files.push(self.save(&name, file).await?);
        }
        Ok(())
    }

    async fn validate(&self, held: &Held) -> Result<()> {
        let file = held.as_uploaded();
        for validator in &self.validators {
            let file_name = file.part().name.clone();
            validator
                .validate(&file)
                .await
                .map_err(|error| match error {
                    ValidationError::Refused(why) => UploadError::Refused {
                        file: file_name,
                        why,
                    },
                    ValidationError::Failed(cause) => UploadError::NotChecked {
                        file: file_name,
                        cause,
                    },
                })?;
        }
        Ok(())
    }

    fn turn(&self) -> Result<Option<OwnedSemaphorePermit>> {
        let turn = self
            .turns
            .as_ref()
            .map(|turns| Arc::clone(turns).try_acquire_owned());
        turn.transpose().map_err(|_| UploadError::Busy)
    }
}

fn boundary(headers: &HeaderMap) -> Result<Boundary> {
    let value = headers.get(CONTENT_TYPE).ok_or(UploadError::NotAForm)?;
    let value = std::str::from_utf8(value.as_bytes()).map_err(|_| UploadError::NotAForm)?;
    Boundary::of_content_type(value)?.ok_or(UploadError::NotAForm)
}

/// A body that is decoded here could grow a thousandfold past every limit of who is in front. Who decodes it
/// before, such as a layer, takes the field off.
fn check_encoding(headers: &HeaderMap) -> Result<()> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let encoded = encodings.find(|value| {
        let value = value.as_bytes().trim_ascii();
        !value.is_empty() && !value.eq_ignore_ascii_case(b"identity")
    });
    match encoded {
        None => Ok(()),
        Some(value) => Err(UploadError::Encoded {
            encoding: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        }),
    }
}

/// What the body is said to have; a server that lets another text through frames it by something else.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
