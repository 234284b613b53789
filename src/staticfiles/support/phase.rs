//! What a run is at, for whoever waits for it. A phase decides nothing; each is told when it begins.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

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

/// How much of a phase is done, where it takes long and that is known: compressing.
#[derive(Debug, Clone, Default)]
pub struct PhaseCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicUsize,
    total: AtomicUsize,
}

impl PhaseCounts {
    /// Returns how many files are done, and of how many; `None` where the phase does not tell.
    #[must_use]
    pub fn get(&self) -> Option<(usize, usize)> {
        let total = self.0.total.load(Ordering::Relaxed);
        let done = self.0.done.load(Ordering::Relaxed);
        (total > 0).then_some((done, total))
    }

    /// Starts to count files; 0 where they are not counted.
    pub(crate) fn expect(&self, total: usize) {
        self.0.done.store(0, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn done(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells the phases of a plan in the making. The default tells nobody.
#[derive(Debug, Clone, Default)]
pub struct Phases {
    sender: Option<mpsc::UnboundedSender<Phase>>,
    counts: PhaseCounts,
}

impl Phases {
    /// Returns one that tells what the stream then gives.
    pub fn told() -> (Self, impl Stream<Item = Phase> + Unpin + Send) {
        let (sender, told) = mpsc::unbounded();
        let phases = Self {
            sender: Some(sender),
            counts: PhaseCounts::default(),
        };
        (phases, told)
    }

    /// Returns what tells how much of the phase is done that is under way.
    #[must_use]
    pub fn counts(&self) -> PhaseCounts {
        self.counts.clone()
    }

    /// Says that a phase begins.
    pub(in crate::staticfiles) fn begin(&self, phase: Phase) {
        self.counts.expect(0);
        if let Some(sender) = &self.sender {
            // Nobody may be listening any more.
            let _ = sender.unbounded_send(phase);
        }
    }
}
