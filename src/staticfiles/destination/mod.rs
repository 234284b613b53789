//! Where files go: a listing of what is there, and ETags as digests.

pub(super) mod etag;
pub(super) mod listing;
pub(super) mod local;
pub(super) mod places;
