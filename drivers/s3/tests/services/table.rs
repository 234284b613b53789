//! The row of a service in `docs/s3-services.md`, as a run shows it: what the document says is what was
//! seen.

use std::sync::Arc;

use storehouse_storage::{Limitation, Storage};
use storehouse_test_support::services::Service;
use tokio::{runtime, task};

use crate::fixture;

/// What `check --deploy` may say, and how the document says it: the column and the word. Columns that
/// nothing is said of have `yes`.
const WORDS: &[(&str, usize, &str)] = &[
    ("ignores If-None-Match on PUT", 0, "ignored"),
    ("refuses If-None-Match on PUT", 0, "refused"),
    ("ignores If-None-Match when an upload", 1, "ignored"),
    ("refuses If-None-Match when an upload", 1, "refused"),
    ("no DeleteObjects", 2, "no"),
    ("no UploadPartCopy", 3, "no"),
    ("ETags are no MD5s", 4, "no"),
];

const COLUMNS: usize = 5;

/// Tries the service as `check --deploy` does.
pub(crate) fn limitations(service: &Arc<Service>) -> Result<Vec<Limitation>, String> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let service = Arc::clone(service);
    runtime.unwrap().block_on(async move {
        let made = task::spawn_blocking(move || service.bucket("examined")).await;
        let bucket = made.map_err(|error| error.to_string())?;
        let storage = fixture::opened(&bucket, bucket.endpoint(), &[]);
        let examined = storage.examine().await.map_err(|error| error.to_string());
        task::block_in_place(|| drop(bucket));
        examined
    })
}

/// Returns how the row begins: name, version, checks that are kept, and what was found to be lacking.
pub(crate) fn row(name: &str, version: &str, kept: usize, found: &[Limitation]) -> String {
    let mut cells = ["yes"; COLUMNS];
    for limitation in found {
        for (says, column, word) in WORDS {
            if limitation.problem.contains(says) {
                cells[*column] = word;
            }
        }
    }
    format!("| {name} | {version} | {kept} | {} |", cells.join(" | "))
}

/// Looks for the row in the document.
pub(crate) fn is_documented(row: &str) -> bool {
    include_str!("../../../../docs/s3-services.md")
        .lines()
        .any(|line| line.starts_with(row))
}
