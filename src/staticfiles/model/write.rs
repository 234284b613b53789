//! One file of a plan: what it is, what it holds and what is done with it.

use std::sync::Arc;

use bytes::Bytes;
use storehouse_storage::{Name, SaveOptions};

use super::{object::Object, source_file::SourceFile};
use crate::{staticfiles::support::md5::Md5Sum, storages::Coding};

/// One file of the destination and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its name in the destination.
    pub name: Name,
    /// Its name on a disk where that is another, which no storage can have.
    pub disk_name: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The collected file that it is made of; its own name if it is made of several.
    pub original: Name,
    /// What is written.
    pub content: WriteContent,
    /// The MD5 of the content, where it is known.
    pub md5: Option<Md5Sum>,
    /// How the content is coded.
    pub coding: Option<Coding>,
    /// What is kept beside the content.
    pub options: SaveOptions,
    /// What has the name now.
    pub there: Option<Object>,
    /// What is done.
    pub action: Action,
}

/// What a file of the destination is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file as it was found.
    Collected,
    /// A file under its hashed name; a text is one whose references are followed.
    Hashed {
        /// Whether it is CSS or JavaScript.
        is_text: bool,
    },
    /// What one of Django's passes made of a text, kept because the options say so.
    Intermediate,
    /// A compressed copy of another file of this plan.
    Compressed {
        /// Whether it is one of a file under its hashed name.
        is_hashed: bool,
    },
    /// The digests that browsers check.
    Integrity,
    /// What it takes to put the manifest in force again.
    Release,
    /// The manifest.
    Manifest,
}

impl Kind {
    /// Whether it goes where the manifest is, if that is not where the files are.
    pub(in crate::staticfiles) fn goes_with_manifest(self) -> bool {
        matches!(self, Self::Integrity | Self::Manifest)
    }
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteContent {
    /// What is in a source.
    Source {
        /// The source.
        file: Arc<SourceFile>,
        /// Its content, where it was kept when it was read.
        held: Option<Bytes>,
    },
    /// A link to a source.
    Link(Arc<SourceFile>),
    /// These bytes.
    Bytes(Bytes),
    /// What is there already and was not made again.
    AsItIs {
        /// How many bytes that are.
        size: u64,
    },
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Written, whether something is there or not.
    Copy,
    /// Left as it is.
    Skip,
    /// The content is left as it is; what is kept beside it is replaced.
    Repair,
    /// Not written: another write of this plan puts something else under this name.
    Superseded,
    /// Not kept: only files with hashed names are.
    Omitted {
        /// Whether the file under the hashed name is not there yet.
        is_new: bool,
    },
}

impl WriteContent {
    /// Returns how many bytes the content has; a link, those of what it leads to.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Source { file, .. } | Self::Link(file) => file.size,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::AsItIs { size } => *size,
        }
    }
}

impl Write {
    /// Writes a content, whatever is there.
    #[must_use]
    pub fn new(name: Name, kind: Kind, original: Name, content: WriteContent) -> Self {
        Self {
            name,
            disk_name: None,
            kind,
            original,
            content,
            md5: None,
            coding: None,
            options: SaveOptions::default(),
            there: None,
            action: Action::Copy,
        }
    }

    /// Returns how many bytes are written.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.content {
            WriteContent::Link(_) => 0,
            content => content.size(),
        }
    }

    /// Returns the source that is written or linked to.
    #[must_use]
    pub fn source(&self) -> Option<&SourceFile> {
        match &self.content {
            WriteContent::Source { file, .. } | WriteContent::Link(file) => Some(file),
            WriteContent::Bytes(_) | WriteContent::AsItIs { .. } => None,
        }
    }

    /// Returns whether Django counts the file as post-processed: CSS and JavaScript always, others
    /// if they are written.
    #[must_use]
    pub fn is_post_processed(&self) -> bool {
        match self.kind {
            Kind::Hashed { is_text } => is_text || self.action == Action::Copy,
            // What WhiteNoise adds to them.
            Kind::Compressed { .. } => self.action == Action::Copy,
            _ => false,
        }
    }

    /// Returns whether the file is collected by this run: written, replaced by another write, or new
    /// and kept under its hashed name alone.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        let is_kept = matches!(
            self.action,
            Action::Skip | Action::Repair | Action::Omitted { is_new: false }
        );
        self.kind == Kind::Collected && !is_kept
    }

    /// Returns whether nothing is kept under the name, because only files with hashed names are.
    #[must_use]
    pub fn is_omitted(&self) -> bool {
        matches!(self.action, Action::Omitted { .. })
    }
}
