//! The contract of Storehouse: what an application asks of a [`Storage`], and what a driver owes.
//! It has no driver and reads no settings; an application takes the crate `storehouse`, a
//! driver's author takes this one.
//!
//! | to | read |
//! |---|---|
//! | use a storage | [`Storage`], [`StorageExt`], [`Content`], [`Reader`] |
//! | make names | [`Name`], [`generate_filename`], [`get_valid_name`] |
//! | handle errors | [`Error`], [`ErrorKind`] |
//! | write a driver | [`Storage`], then [`Driver`], [`OptionRow`], [`Registry`] |
//! | write a decorator | [`Prefixed`] |

mod capabilities;
mod content;
mod content_type;
mod disposition;
mod driver;
mod driver_options;
mod entry;
mod error;
mod etag_rule;
mod ext;
mod folder_builder;
mod limitation;
mod local_file;
mod name;
mod options;
mod prefixed;
mod registry;
mod reporting;
mod requests;
mod runtime;
mod secret;
mod signer;
mod storage;
mod table;
mod url_path;
mod value;

pub use capabilities::Capabilities;
pub use content::{Content, Reader};
pub use content_type::{guess_content_encoding, guess_content_type};
pub use disposition::attachment_disposition;
pub use driver::{Address, Driver, DriverConfig};
pub use driver_options::Options;
pub use entry::{Attributes, Entry, Folder, Saved};
pub use error::{Error, ErrorKind, Operation, Result};
pub use etag_rule::EtagRule;
pub use ext::StorageExt;
pub use limitation::Limitation;
pub use local_file::LocalFile;
pub use name::{Candidates, Name, Target, generate_filename, get_valid_name};
pub use options::{ByteRange, OpenOptions, SaveOptions, UrlOptions};
pub use prefixed::Prefixed;
pub use registry::Registry;
pub use requests::RequestCounts;
pub use runtime::require_runtime;
pub use secret::Secret;
pub use signer::{UrlSigner, UrlSigning};
pub use storage::{Put, Storage};
pub use table::{Files, OptionKind, OptionRow, find as find_option, nearest};
pub use url_path::{filepath_to_uri, join_url};
pub use value::Value;
