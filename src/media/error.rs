//! Why a form was not taken, and with which status to say so.

use std::{fmt, io};

use http::StatusCode;
use storehouse_storage::{Error, ErrorKind};

use super::multipart::Malformed;

type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a form was not taken. Of what it brought, nothing is in the storage, or stays there
/// ([`LeftBehind`](Self::LeftBehind)).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The `Content-Type` is not `multipart/form-data`. 415.
    #[error("the request is no form: its Content-Type is not multipart/form-data")]
    NotAForm,
    /// The body is compressed, or encoded in another way. 415; `Accept-Encoding: identity` belongs to the
    /// answer (RFC 7694, section 3).
    #[error(
        "the request is no form that can be read: its body has the Content-Encoding {encoding:?}; send it without"
    )]
    Encoded {
        /// What `Content-Encoding` says.
        encoding: String,
    },
    /// The body is no form, or is cut. 400.
    #[error("the form cannot be read: {0}")]
    Malformed(String),
    /// The body could not be read to its end: most often the client is gone. 400.
    #[error("the body could not be read: {0}")]
    Body(#[source] Cause),
    /// The body did not come, or came too slowly. 408.
    #[error("the body came too slowly: {received} bytes, then nothing for long enough")]
    TimedOut {
        /// How many bytes came.
        received: u64,
    },
    /// A limit was hit: of bytes, or of how many, of the whole form or of a field. 413.
    #[error("{0}")]
    TooLarge(String),
    /// A part has a field that the form does not have, or is a file where the form has a text, or a text
    /// where it has a file: see [`Upload::with_field`](super::Upload::with_field). 400.
    #[error("the field {field:?} is not taken: {why}")]
    UnexpectedField {
        /// The field.
        field: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A required field has no file, or no text that is more than blanks. 400.
    #[error("the field {field:?} is missing")]
    MissingField {
        /// The field.
        field: String,
    },
    /// The texts of a form are not what the application reads them as: see
    /// [`Form::fields_as`](super::Form::fields_as). 422.
    #[error("{0}")]
    WrongFields(String),
    /// A file has a name of which nothing can be kept: the storage's is made of letters and digits. 400.
    #[error("{file:?} is not taken: its name has no letter and no digit in it")]
    UnusableName {
        /// What the client calls it.
        file: String,
    },
    /// Two files of a form would have the same name in the storage, where a save replaces what is there:
    /// the second would take the place of the first. Files of the same content may share a name. 400.
    #[error("{file:?} is not taken: another file of the form is stored as {name:?}")]
    SameName {
        /// What the client calls the second one.
        file: String,
        /// The name in the storage.
        name: String,
    },
    /// A file is not of a type that is taken. 415.
    #[error("{file:?} is not taken: {why}")]
    WrongType {
        /// What the client calls it.
        file: String,
        /// What it is, and what would be taken.
        why: String,
    },
    /// A validator refused a file. 422.
    #[error("{file:?} is not taken: {why}")]
    Refused {
        /// What the client calls it.
        file: String,
        /// What the validator says.
        why: String,
    },
    /// A validator could not do its work. 500.
    #[error("{file:?} could not be checked: {cause}")]
    NotChecked {
        /// What the client calls it.
        file: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// As many uploads as may be are under way. 503.
    #[error("too many uploads at once; try again later")]
    Busy,
    /// A file could not wait in the folder for temporary files. 500, or 507 where it is full.
    #[error("an upload could not wait in FILE_UPLOAD_TEMP_DIR ({folder}): {cause}")]
    TemporaryFile {
        /// The folder.
        folder: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A form was not taken, and what had been saved of it could not be deleted so far. It is tried again
    /// in the background, as for a [`FormFile`](super::FormFile) that is dropped. As the cause.
    #[error("{cause}; and {name:?}, which had been saved, cannot be deleted so far: {why}")]
    LeftBehind {
        /// The first file that is still there.
        name: String,
        /// Why it could not be deleted.
        why: Error,
        /// Why the form was not taken.
        #[source]
        cause: Box<Self>,
    },
    /// The storage failed. 503 where trying again may help, 507 where it is full, 400 for a name that it
    /// cannot have, else 500.
    #[error(transparent)]
    Storage(#[from] Error),
}

impl UploadError {
    /// Returns the status to answer with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_)
            | Self::Body(_)
            | Self::UnexpectedField { .. }
            | Self::MissingField { .. }
            | Self::UnusableName { .. }
            | Self::SameName { .. } => StatusCode::BAD_REQUEST,
            Self::TimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm | Self::Encoded { .. } | Self::WrongType { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::Refused { .. } | Self::WrongFields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TemporaryFile { cause, .. } if cause.kind() == io::ErrorKind::StorageFull => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            Self::NotChecked { .. } | Self::TemporaryFile { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::LeftBehind { cause, .. } => cause.status(),
            Self::Storage(error) => match error.kind() {
                ErrorKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
                ErrorKind::InvalidName => StatusCode::BAD_REQUEST,
                // Two had the same name at the same time, and what streams cannot be sent twice.
                ErrorKind::AlreadyExists => StatusCode::SERVICE_UNAVAILABLE,
                _ if error.retry_may_help() => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// Returns what to tell the client: all of it where the mistake is the client's, and nothing of
    /// what is behind the application where it is not: [`log`](Self::log) tells that.
    #[must_use]
    pub fn client_message(&self) -> String {
        match self {
            Self::LeftBehind { cause, .. } => cause.client_message(),
            Self::Storage(error) if error.kind() == ErrorKind::InvalidName => {
                format!("a file has a name that cannot be used: {}", error.problem())
            }
            Self::Body(_) => "the body could not be read to its end".to_owned(),
            Self::Busy => self.to_string(),
            _ if self.status().is_server_error() => "the upload could not be stored".to_owned(),
            _ => self.to_string(),
        }
    }
}

impl UploadError {
    /// Tells the log of what the client cannot mend and is not told: the storage, the name and the cause,
    /// in one line. For whoever makes the answer to call, once; [`IntoResponse`] does.
    ///
    /// An error that is answered 5xx is an error in the log, files of a form that was not taken and are
    /// still there are a warning, and all else is none.
    ///
    /// [`IntoResponse`]: https://docs.rs/axum-core/0.5/axum_core/response/trait.IntoResponse.html
    pub fn log(&self) {
        let causes = Causes(self);
        if self.status().is_server_error() && !matches!(self, Self::Busy) {
            tracing::error!("an upload failed: {self}{causes}");
        } else if let Self::LeftBehind { .. } = self {
            tracing::warn!("{self}{causes}");
        }
    }
}

/// What is behind an error, one after the other, without what the message before has said.
struct Causes<'e>(&'e (dyn std::error::Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl From<Malformed> for UploadError {
    fn from(problem: Malformed) -> Self {
        Self::Malformed(problem.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use storehouse_storage::{Name, Operation};
    use tracing::{
        Event, Level, Metadata, Subscriber,
        field::{Field, Visit},
        span::{Attributes, Id, Record},
        subscriber::with_default,
    };

    use super::*;

    /// What was logged, with its level.
    #[derive(Default, Clone)]
    struct Log(Arc<Mutex<Vec<(Level, String)>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
            self.0 = format!("{value:?}");
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut message = Message(String::new());
            event.record(&mut message);
            let level = *event.metadata().level();
            self.0.lock().unwrap().push((level, message.0));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    fn logged(error: &UploadError) -> Vec<(Level, String)> {
        let log = Log::default();
        with_default(log.clone(), || error.log());
        let lines = log.0.lock().unwrap();
        lines.clone()
    }

    fn storage_failed() -> UploadError {
        let name = Name::new("me.png").unwrap();
        let full = Error::from_io(io::Error::other("input/output error"));
        full.during(Operation::Save, "file:///srv/media", Some(name.as_str()))
            .into()
    }

    #[test]
    fn what_failed_behind_the_application_is_logged_with_storage_name_and_cause() {
        let lines = logged(&storage_failed());

        assert_eq!(lines.len(), 1, "{lines:?}");
        let (level, line) = &lines[0];
        assert_eq!(*level, Level::ERROR);
        for part in ["me.png", "file:///srv/media", "input/output error"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }

    #[test]
    fn files_that_stay_are_logged_and_mistakes_of_clients_are_not() {
        let stays = UploadError::LeftBehind {
            name: "me.png".to_owned(),
            why: Error::new(ErrorKind::Other, "no descriptors"),
            cause: Box::new(UploadError::NotAForm),
        };

        let lines = logged(&stays);

        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0].0, Level::WARN);
        assert!(lines[0].1.contains("no descriptors"), "{lines:?}");
        for error in [
            UploadError::NotAForm,
            UploadError::TooLarge("too large".to_owned()),
            UploadError::Busy,
        ] {
            assert!(logged(&error).is_empty(), "{error}");
        }
    }
}
