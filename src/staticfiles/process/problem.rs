//! What can be wrong with a file that is processed, in words.

use storehouse_storage::{Error, ErrorKind};

/// References and names are shown up to this length, in characters: a data URL may be megabytes long.
const SHOWN: usize = 120;

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::staticfiles) struct Problem {
    /// Which source it is in.
    pub(super) source: usize,
    file: String,
    kind: ProblemKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// A byte that is no UTF-8.
    NotUtf8 { offset: usize },
    /// A reference that cannot be followed.
    Reference {
        line: usize,
        text: String,
        why: String,
    },
    /// A hashed name that the destination does not take.
    HashedName { hashed: String, why: String },
    /// A name that Django cannot take apart.
    NameIsNoUrl,
}

impl Problem {
    pub(super) fn new(source: usize, file: &str, kind: ProblemKind) -> Self {
        Self {
            source,
            file: file.to_owned(),
            kind,
        }
    }

    /// Returns whether it is a reference, which the options may allow.
    pub(in crate::staticfiles) fn is_reference(&self) -> bool {
        matches!(self.kind, ProblemKind::Reference { .. })
    }

    /// Says what is wrong, where and what to do about it.
    pub(in crate::staticfiles) fn to_error(&self) -> Error {
        let file = &self.file;
        match &self.kind {
            ProblemKind::NotUtf8 { offset } => Error::new(
                ErrorKind::Content,
                format!("cannot post-process {file:?}: it is not UTF-8 at byte {offset}"),
            )
            .with_advice("save it as UTF-8"),
            ProblemKind::Reference { line, text, why } => Error::new(
                ErrorKind::NotFound,
                format!(
                    "cannot post-process {file:?}: line {line} has {:?}, and {why}",
                    shortened(text)
                ),
            ),
            ProblemKind::HashedName { hashed, why } => Error::new(
                ErrorKind::InvalidName,
                format!("cannot post-process {file:?}: it would become {hashed:?}: {why}"),
            )
            .with_advice("rename it"),
            ProblemKind::NameIsNoUrl => Error::new(
                ErrorKind::InvalidName,
                format!("cannot post-process {file:?}: its name is no URL"),
            )
            .with_advice("rename it"),
        }
    }
}

/// Returns a text that is short enough to be shown.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
