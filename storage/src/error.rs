//! The one error of every storage: a kind to match on, and a message that says what failed, on
//! what, why, and what to do. It never holds a secret and never decides what to do next.
//!
//! A driver gives kind and cause. The layer above it (see [`crate::Registry::open`]) adds the
//! operation, the storage and the name, once.
//!
//! ```
//! use storehouse_storage::{Error, ErrorKind, Operation};
//!
//! let error = Error::new(ErrorKind::PermissionDenied, "access denied")
//!     .with_advice("the key needs s3:PutObject")
//!     .during(Operation::Save, "default (s3://assets)", Some("a/b.css"));
//!
//! assert_eq!(
//!     error.to_string(),
//!     r#"cannot save "a/b.css" to default (s3://assets): access denied; the key needs s3:PutObject"#
//! );
//! assert_eq!(error.kind(), ErrorKind::PermissionDenied);
//! ```

use std::{fmt, io};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong, in terms a program can act on.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is nothing under this name.
    NotFound,
    /// Something is under this name already, and overwriting it was not asked for.
    AlreadyExists,
    /// The storage refused: file modes, a read-only disk, a bucket policy, missing credentials.
    PermissionDenied,
    /// The name cannot be used: it climbs, is absolute, empty, or too long for the storage.
    InvalidName,
    /// A folder of the name is a file, as `a.txt` is in `a.txt/b`.
    NotADirectory,
    /// The name is a folder.
    IsADirectory,
    /// The asked range lies beyond the end of the content.
    RangeNotSatisfiable,
    /// A setting or an option is missing, unknown or wrong.
    Configuration,
    /// The storage cannot do this, whatever the name.
    Unsupported,
    /// The content to be saved could not be read, or was not as long as declared.
    Content,
    /// The disk or the quota is full.
    StorageFull,
    /// The storage did not answer, or is overloaded. Trying again may help.
    Unavailable,
    /// What came back is not what was stored: short, damaged, or not a storage's answer at all.
    Integrity,
    /// Anything else.
    Other,
}

/// What was being done when the error happened.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Opening the storage itself, from its settings.
    Configure,
    /// [`save`](crate::Storage::save) or [`put`](crate::Storage::put).
    Save,
    /// [`open`](crate::Storage::open), or reading what it gave.
    Open,
    /// [`delete`](crate::Storage::delete) or [`delete_many`](crate::Storage::delete_many).
    Delete,
    /// [`exists`](crate::Storage::exists).
    Exists,
    /// [`stat`](crate::Storage::stat).
    Stat,
    /// [`list`](crate::Storage::list) or [`list_dir`](crate::Storage::list_dir).
    List,
    /// [`url`](crate::Storage::url).
    Url,
    /// [`copy`](crate::Storage::copy) or [`copy_as`](crate::Storage::copy_as).
    Copy,
}

/// An error of a storage. See the module for what it says and who says it.
///
/// Its `Debug` is for people too, since that is what `main` and `unwrap` print: the message, and the causes
/// in lines of their own.
#[derive(thiserror::Error)]
#[error("{context}")]
pub struct Error {
    context: Box<Context>,
    #[source]
    cause: Option<Cause>,
}

#[derive(Debug)]
struct Context {
    kind: ErrorKind,
    problem: String,
    advice: Option<String>,
    retry_may_help: bool,
    operation: Option<Operation>,
    storage: Option<String>,
    name: Option<String>,
}

impl Error {
    /// Makes an error of `kind`; `problem` says why in a few words, lower case, no full stop.
    pub fn new(kind: ErrorKind, problem: impl Into<String>) -> Self {
        let context = Context {
            kind,
            problem: problem.into(),
            advice: None,
            retry_may_help: kind == ErrorKind::Unavailable,
            operation: None,
            storage: None,
            name: None,
        };
        Self {
            context: Box::new(context),
            cause: None,
        }
    }

    /// Says that a driver cannot do `what`, whatever the name.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// Says that an option or a setting is missing, unknown or wrong.
    pub fn configuration(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, problem)
    }

    /// Says that there is nothing under the name.
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "there is nothing under this name")
    }

    /// Says that something is under the name already.
    pub fn already_exists() -> Self {
        Self::new(ErrorKind::AlreadyExists, "something is there already")
    }

    /// Says that an object is not the one that was seen before: another writer has replaced it.
    pub fn replaced_meanwhile() -> Self {
        Self::new(ErrorKind::Integrity, "the object was replaced meanwhile").with_retry(true)
    }

    /// Translates an error of the operating system, with the kind that fits it.
    #[must_use]
    pub fn from_io(error: io::Error) -> Self {
        Self::new(kind_of_io(&error), problem_of_io(&error)).with_source(error)
    }

    /// Adds the cause, for [`std::error::Error::source`].
    #[must_use]
    pub fn with_source(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds what the reader of the message can do about it.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.context.advice = Some(advice.into());
        self
    }

    /// Says whether the same call may succeed later. By default only [`ErrorKind::Unavailable`].
    #[must_use]
    pub fn with_retry(mut self, may_help: bool) -> Self {
        self.context.retry_may_help = may_help;
        self
    }

    /// Adds what was being done, where and on which name; what is known already stays.
    ///
    /// `storage` is how the storage shows itself, for example `default (s3://assets)`.
    #[must_use]
    pub fn during(mut self, operation: Operation, storage: &str, name: Option<&str>) -> Self {
        let context = &mut self.context;
        context.operation.get_or_insert(operation);
        if context.storage.is_none() {
            context.storage = Some(storage.to_owned());
        }
        if context.name.is_none() {
            context.name = name.map(str::to_owned);
        }
        self
    }

    /// Adds only the name, for what fails before any storage is asked.
    pub(crate) fn during_name(mut self, name: &str) -> Self {
        self.context.name = Some(name.to_owned());
        self
    }

    /// Returns what went wrong. Programs decide by this, never by the text.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.context.kind
    }

    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn retry_may_help(&self) -> bool {
        self.context.retry_may_help
    }

    /// Returns what was being done, once a layer has said so.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.context.operation
    }

    /// Returns how the storage shows itself, once a layer has said so.
    #[must_use]
    pub fn storage(&self) -> Option<&str> {
        self.context.storage.as_deref()
    }

    /// Returns the name in question, once a layer has said so.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.context.name.as_deref()
    }

    /// Returns why it failed, without the operation, the storage and the name.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.context.problem
    }

    /// Returns what can be done about it.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.context.advice.as_deref()
    }
}

impl From<Error> for io::Error {
    /// Keeps the whole error as the cause, for callers that read through `AsyncRead`.
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::NotFound => io::ErrorKind::NotFound,
            ErrorKind::AlreadyExists => io::ErrorKind::AlreadyExists,
            ErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
            ErrorKind::InvalidName => io::ErrorKind::InvalidInput,
            ErrorKind::Integrity => io::ErrorKind::InvalidData,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation {
            let (verb, place) = operation.words();
            write!(f, "cannot {verb}")?;
            if let Some(name) = &self.name {
                write!(f, " {name:?}")?;
            }
            if let Some(storage) = &self.storage {
                let place = if self.name.is_some() { place } else { "" };
                write!(f, "{place} {storage}")?;
            }
            f.write_str(": ")?;
        } else if let Some(name) = &self.name {
            write!(f, "{name:?}: ")?;
        }
        f.write_str(&self.problem)?;
        if let Some(advice) = &self.advice {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

impl Operation {
    /// The words around the name: `cannot VERB "name" PLACE storage`.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Configure => ("set up", ""),
            Self::Save => ("save", " to"),
            Self::Open => ("open", " from"),
            Self::Delete => ("delete", " from"),
            Self::Exists => ("look for", " in"),
            Self::Stat => ("stat", " in"),
            Self::List => ("list", " in"),
            Self::Url => ("make a URL for", " in"),
            Self::Copy => ("copy", " in"),
        }
    }
}

fn kind_of_io(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::PermissionDenied
        }
        io::ErrorKind::NotADirectory => ErrorKind::NotADirectory,
        io::ErrorKind::IsADirectory => ErrorKind::IsADirectory,
        io::ErrorKind::InvalidFilename => ErrorKind::InvalidName,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::StorageFull
        }
        io::ErrorKind::TimedOut
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

/// The system's own words without Rust's ` (os error 13)`, which tells a reader nothing.
fn problem_of_io(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "the operating system gave no reason".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_already_stays() {
        let error = Error::not_found()
            .during(Operation::Stat, "memory://a", Some("inner"))
            .during(Operation::Save, "memory://b", Some("outer"));

        assert_eq!(error.operation(), Some(Operation::Stat));
        assert_eq!(error.storage(), Some("memory://a"));
        assert_eq!(error.name(), Some("inner"));
    }

    #[test]
    fn control_characters_of_a_name_are_escaped_in_the_message() {
        let error =
            Error::not_found().during(Operation::Open, "memory:", Some("a\n\u{1b}[2J\u{202e}"));

        assert_eq!(
            error.to_string(),
            r#"cannot open "a\n\u{1b}[2J\u{202e}" from memory:: there is nothing under this name"#
        );
    }

    #[test]
    fn a_message_about_the_whole_storage_reads_well_too() {
        let error = Error::unsupported("no listing").during(Operation::List, "memory:", None);

        assert_eq!(error.to_string(), "cannot list memory:: no listing");
    }

    #[test]
    fn a_full_disk_is_told_apart_from_other_failures() {
        let error = Error::from_io(io::Error::from_raw_os_error(28));

        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(!error.problem().contains("os error"), "{error}");
    }

    #[test]
    fn only_an_unavailable_storage_is_worth_a_retry_by_default() {
        assert!(Error::new(ErrorKind::Unavailable, "x").retry_may_help());
        assert!(!Error::new(ErrorKind::NotFound, "x").retry_may_help());
        assert!(
            Error::new(ErrorKind::NotFound, "x")
                .with_retry(true)
                .retry_may_help()
        );
    }
}
