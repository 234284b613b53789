//! What a run is at, for whoever waits for it. A phase decides nothing; each is told when it begins.

use futures::{Stream, channel::mpsc};

/// What a run is at. In this order, but that deletions of what is in the way come before writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Listing the sources and the destination.
    Finding,
    /// Reading and hashing sources, and following their references.
    Reading,
    /// Making compressed copies.
    Compressing,
    /// Finding out what is in the destination already.
    Comparing,
    /// Writing files under hashed names.
    WritingHashed,
    /// Writing files under their own names.
    Writing,
    /// Writing what tells of all files: the release, the digests, the manifest.
    Publishing,
    /// Deleting files of the destination.
    Deleting,
}

impl Phase {
    /// Returns it for people: `writing hashed files`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Finding => "finding files",
            Self::Reading => "reading files",
            Self::Compressing => "compressing",
            Self::Comparing => "comparing",
            Self::WritingHashed => "writing hashed files",
            Self::Writing => "writing files",
            Self::Publishing => "writing the manifest",
            Self::Deleting => "deleting",
        }
    }

    /// Returns it for programs: `writing_hashed`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Reading => "reading",
            Self::Compressing => "compressing",
            Self::Comparing => "comparing",
            Self::WritingHashed => "writing_hashed",
            Self::Writing => "writing",
            Self::Publishing => "publishing",
            Self::Deleting => "deleting",
        }
    }
}

/// Tells the phases of a plan in the making. The default tells nobody.
#[derive(Debug, Clone, Default)]
pub struct Phases(Option<mpsc::UnboundedSender<Phase>>);

impl Phases {
    /// Returns one that tells what the stream then gives.
    pub fn told() -> (Self, impl Stream<Item = Phase> + Unpin + Send) {
        let (sender, told) = mpsc::unbounded();
        (Self(Some(sender)), told)
    }

    /// Says that a phase begins.
    pub(super) fn begin(&self, phase: Phase) {
        if let Some(sender) = &self.0 {
            // Nobody may be listening any more.
            let _ = sender.unbounded_send(phase);
        }
    }
}
