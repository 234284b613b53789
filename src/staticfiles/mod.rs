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

pub mod compress;
mod destination;
mod execute;
mod finders;
mod manifest;
mod model;
mod plan;
mod process;
mod releases;
mod rules;
mod run_cache;
mod sources;
mod support;
mod urls;

pub use destination::listing::Destination;
pub use destination::local::local_root;
pub use destination::places::Places;
pub use execute::execute;
pub use finders::{
    APP_DIRECTORIES_FINDER, AppDirectoriesFinder, DEFAULT_STORAGE_FINDER, DefaultStorageFinder,
    FILE_SYSTEM_FINDER, FileSystemFinder, Finder, Matches, Search, Searched, finders, finders_with,
    project_ignore, search,
};
pub use manifest::Manifest;
pub use manifest::hashed::FileHash;
pub(crate) use manifest::hashed::unhashed;
pub use manifest::integrity::{Integrity, SriHasher, integrity_name, sri};
pub use model::event::Event;
pub use model::found::Found;
pub use model::object::Object;
pub use model::report::Report;
pub use model::source_file::SourceFile;
pub use model::write::{Action, Kind, Write, WriteContent};
pub use plan::plan_file::{document, refuse_unless_same, write_as_json};
pub use plan::planned::{MemoryKey, Planned};
pub use plan::planner::Planner;
pub use plan::post_process::Hashing;
pub use plan::{Plan, PlanOptions};
pub use releases::retention::{
    PruneFacts, PrunePolicy, Pruning, parse_age, to_be_proven, to_prune,
};
pub use releases::{
    KeptFile, PRIVATE, RELEASES, Release, ReleaseId, Releases, is_private, roll_back,
};
pub use rules::already_hashed::AlreadyHashed;
pub use rules::{FINGERPRINT_KEY, ObjectKind, ObjectRules};
pub use sources::ignore::{DEFAULT_IGNORE, IgnorePatterns};
pub use support::fnmatch::Pattern;
pub use support::md5::Md5Sum;
pub(crate) use support::parallel::on_the_blocking_pool;
pub use support::phase::{Phase, PhaseCounts, Phases};
pub use urls::StaticUrls;

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
