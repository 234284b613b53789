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
//! # async fn example(settings: &storehouse::settings::Settings, storages: &storehouse::storages::Storages) -> storehouse_storage::Result<()> {
//! use storehouse::staticfiles::{self, IgnorePatterns, PlanOptions, Planner, Report};
//!
//! let finders = staticfiles::finders(settings, storages).await?;
//! let storage = storages.staticfiles()?;
//! let finding = staticfiles::find(finders, IgnorePatterns::default());
//! let planned = Planner::new(&*storage, PlanOptions::default()).plan(finding).await?;
//! let report = Report::of(staticfiles::execute(&planned.plan, storage, 8)).await;
//! println!("{} files copied", report.copied);
//! # Ok(()) }
//! ```

use std::{path::PathBuf, time::SystemTime};

use storehouse_storage::{Error, ErrorKind, Result, Storage};

use self::{
    post_process::{PostProcessed, post_process},
    read::Want,
};

mod already_hashed;
mod attributes;
mod clash;
mod compare;
pub mod compress;
mod destination;
mod digest;
mod execute;
mod finders;
mod fnmatch;
mod hashed;
mod ignore;
mod integrity;
mod link;
mod manifest;
mod plan;
mod plan_file;
mod post_process;
mod process;
mod python;
mod read;
mod recall;
mod references;
mod releases;
mod retention;
mod rules;
mod unlisted;
mod urls;
mod walk;

pub use already_hashed::AlreadyHashed;
pub use destination::{Destination, Object, local_root};
pub use digest::Md5Sum;
pub use execute::{Event, Report, execute};
pub use finders::{
    APP_DIRECTORIES_FINDER, AppDirectoriesFinder, DEFAULT_STORAGE_FINDER, DefaultStorageFinder,
    FILE_SYSTEM_FINDER, FileSystemFinder, Finder, Found, Matches, Search, Searched, finders,
    finders_with, search,
};
pub use fnmatch::Pattern;
pub use hashed::FileHash;
pub use ignore::{DEFAULT_IGNORE, IgnorePatterns};
pub use integrity::{Integrity, SriHasher, integrity_name, sri};
pub use manifest::Manifest;
pub use plan::{Action, Kind, Plan, PlanOptions, Write, WriteContent};
pub use plan_file::{document, refuse_unless_same, write_as_json};
pub use post_process::Hashing;
pub use recall::Recall;
pub use releases::{
    KeptFile, PRIVATE, RELEASES, Release, ReleaseId, Releases, is_private, roll_back,
};
pub use retention::{PruneFacts, PrunePolicy, Pruning, parse_age, to_prune};
pub use rules::{FINGERPRINT_KEY, ObjectKind, ObjectRules};
pub use urls::StaticUrls;
pub use walk::SourceFile;

/// How many objects are asked for at once, where that is not said.
const DEFAULT_JOBS: usize = 8;

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
    /// A digest of the listing of the destination, if the options ask for a complete plan.
    pub listing: String,
    /// What the next run to this destination need not read again.
    learned: Recall,
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

impl Planned {
    /// Returns what the next run need not read again, once the plan was carried out to its end.
    pub async fn learned(self, storage: &dyn Storage) -> Recall {
        let Self {
            plan, mut learned, ..
        } = self;
        let texts = plan
            .writes
            .into_iter()
            .filter_map(|write| match write.kind {
                Kind::Hashed { is_text: true } => Some((storage.path(&write.name)?, write)),
                _ => None,
            });
        let texts: Vec<(PathBuf, Write)> = texts.collect();
        let before = learned.clone();
        let looking = tokio::task::spawn_blocking(move || {
            for (path, write) in texts {
                if let (Some(md5), Ok(metadata)) = (write.md5, std::fs::symlink_metadata(path)) {
                    learned.add_made(write.name.as_str(), &metadata, md5);
                }
            }
            learned
        });
        looking.await.unwrap_or(before)
    }
}

/// Makes plans for one destination.
#[derive(Debug)]
pub struct Planner<'a> {
    storage: &'a dyn Storage,
    options: PlanOptions,
    hashing: Option<&'a Hashing>,
    rules: Option<&'a ObjectRules>,
    recall: Recall,
    jobs: usize,
}

impl<'a> Planner<'a> {
    /// Plans for `storage`, with names that are not hashed.
    #[must_use]
    pub fn new(storage: &'a dyn Storage, options: PlanOptions) -> Self {
        Self {
            storage,
            options,
            hashing: None,
            rules: None,
            recall: Recall::default(),
            jobs: DEFAULT_JOBS,
        }
    }

    /// Adds hashed names, if there is a way to make them.
    #[must_use]
    pub fn with_hashing(mut self, hashing: Option<&'a Hashing>) -> Self {
        self.hashing = hashing;
        self
    }

    /// Adds what each object is stored with. A storage that keeps no attributes has no use for it.
    #[must_use]
    pub fn with_rules(mut self, rules: Option<&'a ObjectRules>) -> Self {
        let keeps_attributes = self.storage.capabilities().attributes;
        self.rules = rules.filter(|_| keeps_attributes);
        self
    }

    /// Trusts what an earlier run learned.
    #[must_use]
    pub fn with_recall(mut self, recall: Recall) -> Self {
        self.recall = recall;
        self
    }

    /// Asks a bucket about so many objects at once.
    #[must_use]
    pub fn with_jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Makes a plan from what `finding` finds and one listing of the destination, both at once.
    ///
    /// Sources are read where the destination is a bucket that has an object of the same size, and
    /// with hashed names all of them; each once. A dry run does no hashing, as in Django.
    ///
    /// # Errors
    /// As [`Storage::list`]; a source that cannot be read; two that one disk cannot hold; a manifest
    /// on disk that is damaged.
    pub async fn plan(self, finding: impl Future<Output = Result<Vec<Found>>>) -> Result<Planned> {
        let (found, destination) = futures::try_join!(finding, Destination::list(self.storage))?;
        let (mut wanted, mut conflicts) = plan::first_of_each_name(found);
        if destination.is_local {
            let (kept, late) = clash::without_clashes(wanted)?;
            wanted = kept;
            conflicts.extend(late);
        }
        let is_shown = self.options.dry_run && !self.options.complete;
        let hashing = self.hashing.filter(|_| !is_shown);
        if let Some(hashing) = hashing {
            let options = &hashing.options;
            post_process::refuse_damaged_manifest(self.storage, &destination, options).await?;
        }
        // Nothing that is there counts, but for whether it is on a disk.
        let cleared = Destination {
            is_local: destination.is_local,
            ..Destination::default()
        };
        let there = match self.options.replaces_all() {
            true => &cleared,
            false => &destination,
        };
        let wants = wants(&wanted, there, hashing.is_some(), self.options);
        let began = SystemTime::now();
        let (wanted, known, recall) = read::read_all(wanted, wants, self.recall).await?;
        let mut learned = Recall::begin();
        for (found, known) in wanted.iter().zip(&known) {
            if let Some(md5) = known.md5 {
                learned.add_source(&found.source, md5, began);
            }
        }
        let mut writes = plan::collected(&wanted, &known, there, self.options);
        let processed = match hashing {
            Some(hashing) => post_process(&wanted, &known, self.storage, there, hashing).await?,
            None => PostProcessed::default(),
        };
        writes.extend(processed.writes);
        if let Some(rules) = self.rules {
            attributes::set(&mut writes, rules);
        }
        let asked =
            compare::skip_unchanged(&mut writes, self.storage, there, &recall, self.jobs).await?;
        if let Some(rules) = self.rules {
            let wanted = rules.fingerprint();
            let in_force = attributes::in_force(&writes, self.storage, there, &recall).await?;
            attributes::repair(&mut writes, in_force.as_deref(), &wanted, self.options);
            let holds = attributes::will_hold(&writes, in_force.as_deref(), &wanted);
            learned.set_rules(holds.then_some(wanted));
        }
        Ok(Planned {
            plan: Plan::new(writes, conflicts, &destination, self.options),
            asked,
            errors: processed.errors,
            warnings: processed.warnings,
            listing: match self.options.complete {
                true => plan_file::digest_of_listing(&destination),
                false => String::new(),
            },
            learned,
        })
    }
}

/// What has to be known of each file.
fn wants(
    wanted: &[Found],
    there: &Destination,
    is_hashed: bool,
    options: PlanOptions,
) -> Vec<Want> {
    let wants = wanted.iter().map(|found| match is_hashed {
        true => post_process::want(found),
        false if options.complete || compare::is_compared(found, there) => Want::Digest,
        false => Want::Nothing,
    });
    wants.collect()
}
