#![doc = include_str!("../README.md")]

mod copying;
mod driver;
mod error;
mod jobs;
mod limits;
mod listing;
mod publish;
mod reading;
mod root;
mod staging;
mod storage;
mod system;
mod writing;

pub use driver::FilesystemDriver;
pub use storage::{FilesystemOptions, FilesystemStorage};
