//! Media: what users upload, from a browser's form into a storage. It serves nothing
//! ([`crate::serve`] does), and the rules for names are the storages' own.
//!
//! ```text
//! body -> Body        how much, and how slowly                    body, limits
//!      -> FormReader  parts: fields, files                        form_reader, multipart, names
//!      -> look        type of the bytes, not what the client says look, file_type
//!      -> storage     block by block as they arrive               saving, feed
//!         or a wait   in memory, then in a file                   waiting, validator
//!      -> Form        fields, and a FileRecord for each file      form, record
//! ```
//!
//! [`Upload`] holds what an application wants, and [`Upload::receive`] does all of it for one request.
//! Files go straight into the storage, so that memory stays flat whatever their size. They wait, and are
//! saved when the form has been read to its end, where `upload_to` has `{hash}` in it, where there are
//! validators, and where a save may replace a file. Either way a form is taken whole or leaves nothing;
//! what is still to come of one that is not taken is thrown away (`rest`).
//!
//! On the way out of a private storage [`UrlVerifier`] says which signed URLs are good (`signed`).

#[cfg(feature = "axum")]
pub mod axum;
mod body;
mod containers;
mod dimensions;
mod error;
mod feed;
mod file_type;
mod form;
mod form_reader;
mod limits;
mod look;
mod measure;
mod media_type;
mod multipart;
mod names;
mod receive;
mod record;
mod rest;
mod saving;
mod signed;
mod unconfirmed;
mod upload;
mod upload_to;
mod validator;
mod waiting;

pub(crate) use self::media_type::{can_run, essence, is_media_type};
pub use self::{
    dimensions::ImageDimensions,
    error::UploadError,
    form::{Form, FormFile},
    limits::UploadLimits,
    record::FileRecord,
    signed::{Grant, Refusal, UrlVerifier},
    upload::Upload,
    upload_to::{UploadTo, UploadedPart},
    validator::{UploadedFile, ValidationError, Validator},
};
