#![doc = include_str!("../README.md")]

mod driver;
mod storage;

pub use driver::MemoryDriver;
pub use storage::MemoryStorage;
