//! What is done to static files on the way into a storage.

/// Something that is done to static files on the way in.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Processing {
    /// Names get a hash of the content, references follow, and a manifest says which is which.
    Manifest,
    /// Files get smaller copies, in the content codings that browsers take.
    Compressed,
}

impl Processing {
    pub(super) const ALL: [Self; 2] = [Self::Manifest, Self::Compressed];

    /// Returns the prefix that asks for it, without the `+`.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Compressed => "compressed",
        }
    }
}
