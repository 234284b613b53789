//! What has nothing to do with static files: patterns, digests, threads, the cache folder.

pub(super) mod cache;
pub(super) mod fnmatch;
pub(super) mod md5;
pub(super) mod md5_lanes;
pub(super) mod metadata;
pub(super) mod parallel;
pub(super) mod phase;
pub(super) mod python;
pub(super) mod times;
