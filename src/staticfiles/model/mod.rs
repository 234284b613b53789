//! Plain values that all stages share: what was found, what is there, what is written, what happened.

pub(super) mod event;
pub(super) mod found;
pub(super) mod known;
pub(super) mod object;
pub(super) mod report;
pub(super) mod source_file;
pub(super) mod write;
