//! The driver of Storehouse for S3-compatible buckets: Amazon's, MinIO's and others'. It makes no
//! buckets and sets no policies.
#![doc = include_str!("../README.md")]

mod address;
mod bucket;
mod call;
mod client;
mod copy;
mod counts;
mod create;
mod credentials;
mod cuts;
mod delete;
mod driver;
mod endpoints;
mod environment;
mod errors;
mod examine;
mod fresh;
mod gather;
mod gzip;
mod headers;
mod kept;
mod limits;
mod list_version;
mod listing;
mod missing;
mod multipart;
mod names;
mod nonce;
mod options;
mod pages;
mod payload;
mod pieces;
mod profile;
mod proxy;
mod read;
mod refusal;
mod retry;
mod send_queue;
mod shared_files;
mod storage;
mod stored;
mod table;
mod turns;
mod unzip;
mod upload;
mod urls;
mod writer;
mod xml;

pub use driver::S3Driver;
pub use storage::S3Storage;
