//! A file that a finder found.

use std::sync::Arc;

use storehouse_storage::Name;

use super::source_file::SourceFile;

/// A file that a finder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is called in the destination: the prefix of its folder, then its path there.
    pub name: Name,
    /// The file itself, its size and its time.
    pub source: Arc<SourceFile>,
}
