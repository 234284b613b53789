//! Media: what users upload, from a browser's form into a storage. It serves nothing
//! ([`crate::serve`] does), and the rules for names are the storages' own.
//!
//! ```text
//! body -> Body        how much, and how slowly                    body, limits
//!      -> FormReader  parts: fields, files                        form_reader, multipart, names
//!                     those that are asked for                    field, arrivals
//!      -> look        type of the bytes, not what the client says look, file_type
//!      -> storage     block by block as they arrive               saving, feed
//!         or a wait   in memory, then in a file                   waiting, validator
//!      -> Form        fields by serde, files to keep              form, texts, record
//!         or nothing  what is not kept is deleted                 unkept
//! ```
//!
//! [`Upload`] holds what an application wants, and [`Upload::receive`] does all of it for one request.
//! Files go straight into the storage, so that memory stays flat whatever their size. They wait, and are
//! saved when the form has been read to its end, where `upload_to` has `{hash}` in it, where there are
//! validators, and where a save may replace a file. Either way a form is taken whole or leaves nothing;
//! of one that is taken, the files stay that the application keeps ([`FormFile`]), and the others are
//! deleted. What is still to come of one that is not taken is thrown away (`rest`).
//!
//! On the way out of a private storage [`UrlVerifier`] says which signed URLs are good (`signed`).

mod arrivals;
#[cfg(feature = "axum")]
pub mod axum;
mod body;
mod containers;
mod dimensions;
mod error;
mod feed;
mod field;
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
mod texts;
mod unkept;
mod upload;
mod upload_to;
mod validator;
mod waiting;

pub(crate) use self::media_type::{can_run, essence, is_media_type};
pub use self::{
    dimensions::ImageDimensions,
    error::UploadError,
    field::{Field, FileField, TextField},
    form::{Form, FormFile},
    limits::UploadLimits,
    record::FileRecord,
    signed::{Grant, Refusal, UrlVerifier},
    upload::Upload,
    upload_to::{UploadTo, UploadedPart},
    validator::{UploadedFile, ValidationError, Validator},
};
