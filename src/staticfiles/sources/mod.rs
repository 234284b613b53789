//! The folders that files come from: walked, ignored, read.

pub(super) mod arena;
pub(super) mod ignore;
pub(super) mod read;
pub(super) mod walk;
