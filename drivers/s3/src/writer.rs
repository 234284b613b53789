//! What every write to a bucket needs, whichever way it goes. It sends nothing by itself.

use std::{borrow::Cow, sync::Arc};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use storehouse_storage::{Error, ErrorKind, Name, Result, SaveOptions, guess_content_encoding};
use tokio_util::task::TaskTracker;

use crate::{
    bucket::Bucket, cuts::Cuts, gzip::GZIP, headers::SaveDefaults, kept::FILE_NAME_BYTES,
    pieces::Coding,
};

/// S3's limit for a key, in bytes of UTF-8.
pub(crate) const MAX_KEY_BYTES: usize = 1024;

/// A bucket, or a folder in it, with what its objects get.
pub(crate) struct Writer {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) location: Option<Name>,
    pub(crate) defaults: SaveDefaults,
    pub(crate) cuts: Cuts,
    /// The content types that are stored compressed, if any are.
    pub(crate) gzip: Option<Vec<String>>,
    /// What must be finished even if the future that asked for it was dropped.
    pub(crate) tasks: TaskTracker,
}

impl Writer {
    /// Returns the key of a name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if it is longer than S3 takes.
    pub(crate) fn key(&self, name: &Name) -> Result<String> {
        let key = match &self.location {
            Some(location) => format!("{location}/{name}"),
            None => name.to_string(),
        };
        if key.len() > MAX_KEY_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidName,
                format!("its key has {} bytes, S3 takes {MAX_KEY_BYTES}", key.len()),
            ));
        }
        Ok(key)
    }

    /// Returns the key of a name that is written to.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if it is longer than S3 takes, or than the service is known to take
    /// between two slashes.
    pub(crate) fn key_to_write(&self, name: &Name) -> Result<String> {
        let longest = name.parts().map(str::len).max().unwrap_or_default();
        if self.bucket.kept.refuses_part(longest) {
            let problem = format!(
                "one part of it has {longest} bytes, and this service takes {FILE_NAME_BYTES} between \
                 two slashes"
            );
            return Err(Error::new(ErrorKind::InvalidName, problem));
        }
        self.key(name)
    }

    /// Decides whether a content is compressed on its way, and returns the options of its object.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for an attribute that no header holds.
    pub(crate) fn coding<'a>(
        &self,
        name: &Name,
        options: &'a SaveOptions,
    ) -> Result<(Coding, Cow<'a, SaveOptions>)> {
        let as_it_is = (Coding::Plain, Cow::Borrowed(options));
        let Some(types) = &self.gzip else {
            return Ok(as_it_is);
        };
        let headers = self.defaults.for_save(name, options)?;
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        // `text/css` of `text/css; charset=utf-8`.
        let kind = kind
            .and_then(|kind| kind.split(';').next())
            .unwrap_or_default();
        let listed = types
            .iter()
            .any(|known| known.eq_ignore_ascii_case(kind.trim()));
        let is_compressed = guess_content_encoding(name).is_some();
        if !listed || headers.contains_key(CONTENT_ENCODING) || is_compressed {
            return Ok(as_it_is);
        }
        let options = options.clone().with_content_encoding(GZIP);
        Ok((Coding::Gzip, Cow::Owned(options)))
    }
}
