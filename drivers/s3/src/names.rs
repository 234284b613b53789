//! The names that a save may use, and what their objects get. It writes nothing.

use http::HeaderMap;
use storehouse_storage::{Error, Name, Result, SaveOptions, Target};

use crate::writer::Writer;

/// No storage has so many clashes with random names; a service that always says "taken" does.
const MAX_CANDIDATES: usize = 100;
/// A service that loses an upload so often loses the next one too.
const MAX_BEGUN_AGAIN: usize = 8;

/// The names that a save may use, one after the other.
pub(crate) struct Names<'a> {
    writer: &'a Writer,
    options: &'a SaveOptions,
    target: Target,
    /// Drawn, and not known to be taken.
    current: Option<Name>,
    tried: usize,
    begun_again: usize,
}

/// A name with all that its object gets.
pub(crate) struct Object {
    pub(crate) name: Name,
    pub(crate) key: String,
    pub(crate) headers: HeaderMap,
}

impl<'a> Names<'a> {
    /// Starts with the first name, which must be one that S3 takes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`](storehouse_storage::ErrorKind::InvalidName).
    pub(crate) fn new(
        writer: &'a Writer,
        target: Target,
        options: &'a SaveOptions,
    ) -> Result<Self> {
        writer.key_to_write(&target.name())?;
        Ok(Self {
            writer,
            options,
            target,
            current: None,
            tried: 0,
            begun_again: 0,
        })
    }

    pub(crate) fn may_replace(&self) -> bool {
        matches!(self.target, Target::Replace(_))
    }

    /// Returns the name to try now.
    pub(crate) fn next(&mut self) -> Result<Object> {
        let name = match (&self.current, &mut self.target) {
            (Some(name), _) => name.clone(),
            (None, Target::Create(name) | Target::Replace(name)) => name.clone(),
            (None, Target::FirstFree(candidates)) => candidates.next_name()?,
        };
        self.current = Some(name.clone());
        Ok(Object {
            key: self.writer.key_to_write(&name)?,
            headers: self.writer.defaults.for_save(&name, self.options)?,
            name,
        })
    }

    /// Says that the last name is taken.
    pub(crate) fn taken(&mut self) -> Result<()> {
        self.tried += 1;
        self.current = None;
        match self.target {
            Target::FirstFree(_) if self.tried < MAX_CANDIDATES => Ok(()),
            Target::FirstFree(_) => Err(Error::already_exists().with_advice(format!(
                "the service says so of {MAX_CANDIDATES} random names"
            ))),
            _ => Err(Error::already_exists()),
        }
    }

    /// Says that what was begun under the last name is to be begun again, for no fault of the name.
    /// Returns whether there is a try left.
    pub(crate) fn again(&mut self) -> bool {
        self.begun_again += 1;
        self.begun_again <= MAX_BEGUN_AGAIN
    }

    /// Returns the first name that is free now.
    pub(crate) async fn free(&mut self) -> Result<Object> {
        loop {
            let object = self.next()?;
            match self.writer.bucket.head(&object.key).await? {
                Some(_) => self.taken()?,
                None => return Ok(object),
            }
        }
    }
}
