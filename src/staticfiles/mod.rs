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
//! # async fn example(settings: &storehouse::settings::Settings, storages: &storehouse::storages::Storages) -> storehouse_storage::Result<Vec<storehouse_storage::Error>> {
//! use storehouse::{
//!     staticfiles::{self, Hashing, IgnorePatterns, ObjectRules, Places, PlanOptions, Planner, Report},
//!     storages::STATICFILES,
//! };
//!
//! let finders = staticfiles::finders(settings, storages).await?;
//! let places = Places::of(storages)?;
//! let finding = staticfiles::find(finders, IgnorePatterns::default());
//! let hashing = Hashing::of(settings, storages, STATICFILES)?;
//! let compression = storages.compression_options(STATICFILES)?;
//! let rules = ObjectRules::of(storages, STATICFILES)?;
//! let planner = Planner::new(&places, PlanOptions::default())
//!     .with_hashing(hashing.as_ref())
//!     .with_compression(compression.as_ref())
//!     .with_rules(Some(&rules));
//! let mut planned = planner.plan(finding).await?;
//! if !planned.errors.is_empty() {
//!     // References to files that are not there: nothing is written then.
//!     return Ok(planned.errors);
//! }
//! planned.begin(&places).await?;
//! let report = Report::of(staticfiles::execute(&planned.plan, places, 8)).await;
//! println!("{} files copied", report.copied);
//! Ok(report.failures)
//! # }
//! ```

use std::sync::Arc;

use storehouse_storage::Result;

mod already_hashed;
mod arena;
mod attributes;
mod cache;
mod clash;
mod compare;
pub mod compress;
mod compressed;
mod destination;
mod digest;
mod event;
mod execute;
mod finders;
mod fnmatch;
mod hashed;
mod history;
mod ignore;
mod integrity;
mod link;
mod manifest;
mod md5_lanes;
mod origins;
mod parallel;
mod phase;
mod places;
mod plan;
mod plan_file;
mod planned;
mod planner;
mod post_process;
mod process;
mod puts;
mod python;
mod read;
mod recall;
mod references;
mod releases;
mod report;
mod retention;
mod rules;
mod settled;
mod stale;
mod unlisted;
mod urls;
mod walk;

pub use already_hashed::AlreadyHashed;
pub use destination::{Destination, Object, local_root};
pub use digest::Md5Sum;
pub use event::Event;
pub use execute::execute;
pub use finders::{
    APP_DIRECTORIES_FINDER, AppDirectoriesFinder, DEFAULT_STORAGE_FINDER, DefaultStorageFinder,
    FILE_SYSTEM_FINDER, FileSystemFinder, Finder, Found, Matches, Search, Searched, finders,
    finders_with, project_ignore, search,
};
pub use fnmatch::Pattern;
pub use hashed::FileHash;
pub(crate) use hashed::unhashed;
pub use ignore::{DEFAULT_IGNORE, IgnorePatterns};
pub use integrity::{Integrity, SriHasher, integrity_name, sri};
pub use manifest::Manifest;
pub(crate) use parallel::on_the_blocking_pool;
pub use phase::{Phase, PhaseCounts, Phases};
pub use places::Places;
pub use plan::{Action, Kind, Plan, PlanOptions, Write, WriteContent};
pub use plan_file::{document, refuse_unless_same, write_as_json};
pub use planned::{MemoryKey, Planned};
pub use planner::Planner;
pub use post_process::Hashing;
pub use releases::{
    KeptFile, PRIVATE, RELEASES, Release, ReleaseId, Releases, is_private, roll_back,
};
pub use report::Report;
pub use retention::{PruneFacts, PrunePolicy, Pruning, parse_age, to_be_proven, to_prune};
pub use rules::{FINGERPRINT_KEY, ObjectKind, ObjectRules};
pub use urls::StaticUrls;
pub use walk::SourceFile;

/// Lists what all finders find, in their order, on the blocking pool.
///
/// # Errors
/// As [`Finder::list`].
pub async fn find(
    finders: impl Into<Arc<[Box<dyn Finder>]>>,
    ignore: IgnorePatterns,
) -> Result<Vec<Found>> {
    let finders = finders.into();
    on_the_blocking_pool(move || {
        let mut all = Vec::new();
        for finder in finders.iter() {
            all.extend(finder.list(&ignore)?);
        }
        Ok(all)
    })
    .await?
}
