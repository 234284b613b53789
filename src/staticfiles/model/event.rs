//! What a run tells while a plan is carried out.

use std::sync::Arc;

use storehouse_storage::{Error, Saved};

use super::write::Write;
use crate::staticfiles::support::phase::Phase;

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Event {
    /// A phase begins.
    Began {
        /// Which.
        phase: Phase,
        /// How many files are written in it, or deleted.
        files: usize,
        /// Bytes of the files that are written.
        bytes: u64,
    },
    /// A file was begun with; told when it is done, or has failed.
    Started(Arc<Write>),
    /// Something was written. For a display of progress.
    Wrote(Saved),
    /// A file is there.
    Done(Arc<Write>),
    /// What is kept beside a content was replaced.
    Repaired(Arc<Write>),
    /// An object was deleted.
    Deleted(String),
    /// Something failed. Nothing new is started after it; what had been started goes on.
    Failed(Error),
}
