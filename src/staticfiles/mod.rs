//! Static files: finds them, plans what is to be done, does it and reports. It neither prints nor
//! reads settings files; the command does.
//!
//! ```text
//! finders -> plan -> execute -> Report
//!            ^ one listing of the destination
//!            ^ hashed names and rewritten references (post-processing)
//! ```
//!
//! ```no_run
//! # async fn example(settings: &storehouse::settings::Settings, storage: std::sync::Arc<dyn storehouse_storage::Storage>) -> storehouse_storage::Result<()> {
//! use storehouse::staticfiles::{self, IgnorePatterns, PlanOptions, Report};
//!
//! let found = staticfiles::find(staticfiles::finders(settings)?, IgnorePatterns::default()).await?;
//! let planned = staticfiles::plan(found, &*storage, PlanOptions::default(), None, 8).await?;
//! let report = Report::of(staticfiles::execute(&planned.plan, storage, 8)).await;
//! println!("{} files copied", report.copied);
//! # Ok(()) }
//! ```

use storehouse_storage::{Error, ErrorKind, Result, Storage};

use self::post_process::{PostProcessed, post_process};

mod clash;
mod destination;
mod digest;
mod execute;
mod finders;
mod fnmatch;
mod hashed;
mod ignore;
mod integrity;
mod manifest;
mod plan;
mod post_process;
mod process;
mod python;
mod references;
mod unlisted;
mod urls;
mod walk;

pub use destination::{Destination, Object, local_root};
pub use execute::{Event, Report, execute};
pub use finders::{
    APP_DIRECTORIES_FINDER, AppDirectoriesFinder, FILE_SYSTEM_FINDER, FileSystemFinder, Finder,
    Found, finders,
};
pub use fnmatch::Pattern;
pub use hashed::FileHash;
pub use ignore::{DEFAULT_IGNORE, IgnorePatterns};
pub use integrity::{Integrity, SriHasher, integrity_name, sri};
pub use manifest::Manifest;
pub use plan::{
    Action, HashedContent, HashedStep, Plan, PlanOptions, PostProcessing, SavedManifest, Step,
};
pub use post_process::Hashing;
pub use urls::StaticUrls;
pub use walk::SourceFile;

/// A plan, and how it was come by.
#[derive(Debug)]
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// How many objects were asked for one by one, because the bucket's ETags tell nothing of the
    /// content (as with SSE-KMS).
    pub asked: usize,
    /// What keeps the plan from being carried out: references to files that are not there, files
    /// that are no UTF-8.
    pub errors: Vec<Error>,
    /// What the options allow, but the user should know.
    pub warnings: Vec<Error>,
}

/// Lists what all finders find, in their order, on the blocking pool.
///
/// # Errors
/// As [`Finder::list`].
pub async fn find(finders: Vec<Box<dyn Finder>>, ignore: IgnorePatterns) -> Result<Vec<Found>> {
    let finding = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        for finder in &finders {
            all.extend(finder.list(&ignore)?);
        }
        Ok(all)
    });
    finding
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Other, error.to_string())))
}

/// Makes a plan from what was found and one listing of `storage`.
///
/// Sources are read where the destination is a bucket that has an object of the same size, and with
/// `hashing` all of them; `jobs` at once. A dry run does no hashing, as in Django.
///
/// # Errors
/// As [`Storage::list`]; a source that cannot be read; two that one disk cannot hold; a manifest on
/// disk that is damaged.
pub async fn plan(
    found: Vec<Found>,
    storage: &dyn Storage,
    options: PlanOptions,
    hashing: Option<&Hashing>,
    jobs: usize,
) -> Result<Planned> {
    let (mut wanted, mut conflicts) = plan::first_of_each_name(found);
    let destination = Destination::list(storage).await?;
    if destination.is_local {
        let (kept, late) = clash::without_clashes(wanted)?;
        wanted = kept;
        conflicts.extend(late);
    }
    let copies_all = options.clear && !options.dry_run;
    let comparison = if copies_all {
        digest::Comparison::default()
    } else {
        digest::compare(storage, plan::to_compare(&wanted, &destination), jobs).await?
    };
    let processed = match hashing {
        Some(hashing) if !options.dry_run => {
            post_process(&wanted, storage, &destination, hashing, copies_all, jobs).await?
        }
        _ => PostProcessed::default(),
    };
    let plan = Plan::new(
        wanted,
        conflicts,
        &destination,
        &comparison.unchanged,
        options,
    );
    Ok(Planned {
        plan: plan.with_post_processing(processed.steps),
        asked: comparison.asked + processed.asked,
        errors: processed.errors,
        warnings: processed.warnings,
    })
}
