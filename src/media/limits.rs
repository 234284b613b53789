//! How much one request may bring, and how long it may take. What is beyond is refused; nothing is cut.

use std::{path::PathBuf, time::Duration};

use crate::settings::Settings;

/// The limits of one request.
///
/// The defaults are Django's, where Django has one. Like there, a file may have any size: set
/// [`max_file_bytes`](Self::max_file_bytes) to what the application can use.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLimits {
    /// `FILE_UPLOAD_MAX_MEMORY_SIZE`: how many bytes of all files of a request may wait in memory;
    /// the rest waits in files.
    pub max_memory_bytes: u64,
    /// `FILE_UPLOAD_TEMP_DIR`: the folder of these; `None`: the system's.
    pub temp_dir: Option<PathBuf>,
    /// `DATA_UPLOAD_MAX_MEMORY_SIZE`: how many bytes all fields that are no files may have, their names
    /// and two bytes for each counted, as in Django.
    pub max_data_bytes: Option<u64>,
    /// `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
    pub max_fields: Option<u64>,
    /// `DATA_UPLOAD_MAX_NUMBER_FILES`.
    pub max_files: Option<u64>,
    /// How many bytes one file may have. By default any number.
    pub max_file_bytes: Option<u64>,
    /// How many bytes the body may have, with all that is between the files. By default any number.
    pub max_request_bytes: Option<u64>,
    /// How long the body may keep us waiting at once. 30 seconds by default.
    pub max_wait: Duration,
    /// How many bytes a second the body has to bring at least, once it has kept us waiting for
    /// [`max_wait`](Self::max_wait) in all: 500 by default, as Apache's `RequestReadTimeout`; 0: none.
    pub min_bytes_per_second: u32,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            max_memory_bytes: 2_621_440,
            temp_dir: None,
            max_data_bytes: Some(2_621_440),
            max_fields: Some(1000),
            max_files: Some(100),
            max_file_bytes: None,
            max_request_bytes: None,
            max_wait: Duration::from_secs(30),
            min_bytes_per_second: 500,
        }
    }
}

impl UploadLimits {
    /// Takes what the settings say: FILE_UPLOAD_… and DATA_UPLOAD_….
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let defaults = Self::default();
        let memory = settings.limit("FILE_UPLOAD_MAX_MEMORY_SIZE");
        Self {
            max_memory_bytes: memory.unwrap_or(defaults.max_memory_bytes),
            temp_dir: settings.path("FILE_UPLOAD_TEMP_DIR"),
            max_data_bytes: settings.limit("DATA_UPLOAD_MAX_MEMORY_SIZE"),
            max_fields: settings.limit("DATA_UPLOAD_MAX_NUMBER_FIELDS"),
            max_files: settings.limit("DATA_UPLOAD_MAX_NUMBER_FILES"),
            ..defaults
        }
    }

    /// Limits the bytes of one file.
    #[must_use]
    pub fn with_max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = Some(bytes);
        self
    }

    /// Limits the bytes of the body.
    #[must_use]
    pub fn with_max_request_bytes(mut self, bytes: u64) -> Self {
        self.max_request_bytes = Some(bytes);
        self
    }

    /// Sets how many bytes of files may wait in memory.
    #[must_use]
    pub fn with_max_memory_bytes(mut self, bytes: u64) -> Self {
        self.max_memory_bytes = bytes;
        self
    }

    /// Sets the folder of files that wait.
    #[must_use]
    pub fn with_temp_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.temp_dir = Some(folder.into());
        self
    }

    /// Limits the bytes of all fields that are no files, their names and two bytes for each counted.
    #[must_use]
    pub fn with_max_data_bytes(mut self, bytes: u64) -> Self {
        self.max_data_bytes = Some(bytes);
        self
    }

    /// Limits how many fields that are no files a form may have.
    #[must_use]
    pub fn with_max_fields(mut self, fields: u64) -> Self {
        self.max_fields = Some(fields);
        self
    }

    /// Limits how many files a form may have.
    #[must_use]
    pub fn with_max_files(mut self, files: u64) -> Self {
        self.max_files = Some(files);
        self
    }

    /// Sets how long the body may keep us waiting at once, and how slow it may be after that; 0 bytes
    /// a second: as slow as it likes.
    #[must_use]
    pub fn with_max_wait(mut self, wait: Duration, min_bytes_per_second: u32) -> Self {
        self.max_wait = wait;
        self.min_bytes_per_second = min_bytes_per_second;
        self
    }
}
