//! What the project's interpreter answered.

use std::path::PathBuf;

use serde::Deserialize;

/// What the interpreter answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Its path and version; `None` if it was not asked.
    pub(super) python: Option<String>,
    /// The folder of each app in the order of the question, or why there is none.
    pub(super) apps: Vec<Result<PathBuf, String>>,
    /// The `ignore_patterns` of the project's `StaticFilesConfig`, or why they are not known; `None` if
    /// none of the apps has such a class.
    pub(super) ignore: Option<Result<Vec<String>, String>>,
    /// What decided it, if that is known.
    pub(super) evidence: Option<Evidence>,
}
/// What the interpreter says that its answer rests on.
#[derive(Debug, Deserialize)]
pub(super) struct Evidence {
    /// The interpreter itself.
    pub(super) executable: PathBuf,
    /// All files and folders that decided the answer, also those that are not there.
    pub(super) paths: Vec<PathBuf>,
    /// Whether code ran at its start that may look at any part of the environment.
    pub(super) runs_code: bool,
}
