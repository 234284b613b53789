//! Makes plans: from what is found, what is there and what is known to a [`Plan`], step by step. Each
//! step is in a room of its own; here is their order.

use std::{collections::HashSet, time::SystemTime};

use storehouse_storage::{Name, Result, Storage};

use super::{
    Plan, PlanOptions,
    attributes::{self, InForce, Unsettled},
    clash, compare, compressed,
    history::{History, Policy, release_write},
    plan_file,
    planned::{Memory, MemoryKey, Planned, look_up},
    post_process::{self, Hashing, PostProcessed},
    settled::{self, State},
    stale,
};
use crate::staticfiles::{
    destination::{listing::Destination, local::local_root, places::Places},
    manifest::{
        Manifest,
        integrity::{self, Integrity},
    },
    model::{
        found::Found,
        known::{Known, Want},
        write::{Action, Kind, Write},
    },
    plan,
    releases::retention::{PrunePolicy, Pruning},
    rules::ObjectRules,
    run_cache::recall::Recall,
    sources::read,
    support::phase::{Phase, Phases},
};
use crate::storages::CompressionOptions;

/// How many objects are asked for at once, where that is not said.
const DEFAULT_JOBS: usize = 8;

/// Makes plans for one destination.
#[derive(Debug)]
pub struct Planner<'a> {
    places: &'a Places,
    options: PlanOptions,
    hashing: Option<&'a Hashing>,
    compression: Option<&'a CompressionOptions>,
    rules: Option<&'a ObjectRules>,
    pruning: PrunePolicy,
    time: SystemTime,
    memory: Option<MemoryKey>,
    jobs: usize,
    phases: Phases,
    /// Compressed copies are asked for, and none are made.
    leaves_copies_out: bool,
}

impl<'a> Planner<'a> {
    /// Plans for `places`: copies, and nothing else.
    #[must_use]
    pub fn new(places: &'a Places, options: PlanOptions) -> Self {
        Self {
            places,
            options,
            hashing: None,
            compression: None,
            rules: None,
            pruning: PrunePolicy::default(),
            time: SystemTime::now(),
            memory: None,
            jobs: DEFAULT_JOBS,
            phases: Phases::default(),
            leaves_copies_out: false,
        }
    }

    /// Adds hashed names, if there is a way to make them.
    #[must_use]
    pub fn with_hashing(mut self, hashing: Option<&'a Hashing>) -> Self {
        self.hashing = hashing;
        self
    }

    /// Adds compressed copies, if there is a way to make them.
    #[must_use]
    pub fn with_compression(mut self, options: Option<&'a CompressionOptions>) -> Self {
        self.compression = options;
        self
    }

    /// Adds what each object is stored with, and which names are hashed already.
    #[must_use]
    pub fn with_rules(mut self, rules: Option<&'a ObjectRules>) -> Self {
        self.rules = rules;
        self
    }

    /// Adds which old files are deleted. Only hashed files grow old.
    #[must_use]
    pub fn with_pruning(mut self, policy: PrunePolicy) -> Self {
        self.pruning = policy;
        self
    }

    /// Makes a release of that time, and counts ages from it; else it is now. With it a plan can be
    /// made once more, and be the same.
    #[must_use]
    pub fn with_time(mut self, time: SystemTime) -> Self {
        self.time = time;
        self
    }

    /// Uses what an earlier run to the same destination learned.
    #[must_use]
    pub fn with_memory(mut self, key: MemoryKey) -> Self {
        self.memory = Some(key);
        self
    }

    /// Asks a bucket about so many objects at once.
    #[must_use]
    pub fn with_jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Tells what it is at.
    #[must_use]
    pub fn with_phases(mut self, phases: Phases) -> Self {
        self.phases = phases;
        self
    }

    /// Makes a plan from what `finding` finds and one listing of the destination, both at once.
    ///
    /// Sources are read where the destination is a bucket that has an object of the same size, and
    /// with hashed names all of them; each once. A dry run makes no hashed names and no compressed
    /// copies, as in Django and WhiteNoise.
    ///
    /// # Errors
    /// As [`Storage::list`](storehouse_storage::Storage::list); a source that cannot be read; two that one disk cannot hold; a manifest
    /// on disk that is damaged.
    pub async fn plan(
        mut self,
        finding: impl Future<Output = Result<Vec<Found>>>,
    ) -> Result<Planned> {
        self.phases.begin(Phase::Finding);
        if self.makes_no_copies() {
            self.leaves_copies_out = self.compression.is_some();
            (self.hashing, self.compression) = (None, None);
        }
        let names = self.names_with_manifest()?;
        let listing = Destination::look(self.places, &names);
        let (found, destination) = futures::try_join!(finding, listing)?;
        if let Some(hashing) = self.hashing {
            let (storage, options) = (self.places.manifest(), &hashing.options);
            post_process::refuse_damaged_manifest(&**storage, &destination, options).await?;
        }
        let (wanted, conflicts) = Wanted::of(found, &destination)?;
        let memory = self.begin(&wanted.files, &destination);
        let (memory, settled) = look_up(memory, self.options).await?;
        if let Some(post_processed) = settled {
            let writes = plan::settled(&wanted.files, &destination);
            let plan = Plan::new(writes, conflicts, &destination, self.options, &|_| true);
            return Ok(Planned {
                plan,
                already_settled: Some(post_processed),
                ..Planned::default()
            });
        }
        let planned = self
            .full_plan(wanted, conflicts, destination, memory.as_ref())
            .await?;
        Ok(Planned { memory, ..planned })
    }

    /// Whether it is a dry run that looks at collected files alone.
    fn makes_no_copies(&self) -> bool {
        self.options.dry_run && !self.options.complete
    }

    /// The names that go where the manifest is.
    fn names_with_manifest(&self) -> Result<Vec<Name>> {
        let Some(Hashing { options, .. }) = self.hashing else {
            return Ok(Vec::new());
        };
        let mut names = vec![options.manifest_name.clone()];
        if options.integrity.is_some() {
            names.push(integrity::integrity_name(&options.manifest_name)?);
        }
        Ok(names)
    }

    /// Notes what has to be known at the end to remember the run.
    fn begin(&mut self, wanted: &[Found], destination: &Destination) -> Option<Memory> {
        let key = self.memory.take()?;
        let began = SystemTime::now();
        let is_whole = self.options.is_plain() && !self.pruning.prunes();
        Some(Memory {
            destination: key.destination,
            state: is_whole.then(|| State::new(&key.options, wanted, destination)),
            began,
            is_trusted: is_whole && settled::are_old(wanted, began),
        })
    }

    /// Makes a plan where something may have changed.
    async fn full_plan(
        &self,
        wanted: Wanted,
        conflicts: Vec<Found>,
        destination: Destination,
        memory: Option<&Memory>,
    ) -> Result<Planned> {
        // With `--clear` nothing that is there counts, but for whether it is on a disk.
        let cleared = Destination {
            is_local: destination.is_local,
            ..Destination::default()
        };
        let there = match self.options.replaces_all() {
            true => &cleared,
            false => &destination,
        };
        let Wanted { files, late } = wanted;
        self.phases.begin(Phase::Reading);
        let recall = recall(memory).await;
        let wants = files.iter().map(|found| self.want(found, there, &recall));
        let wants = wants.collect();
        let (files, known, recall) = read::read_all(files, wants, recall).await?;
        let mut learned = Recall::begin();
        let memory = (&recall, &mut learned);
        let (collected, edited) = self.collect(&files, &known, late, there, memory).await?;
        let looked = Looked {
            there,
            recall: &recall,
            edited: &edited,
        };
        let mut made = self
            .make_writes(collected, &files, &known, &looked, &mut learned)
            .await?;
        if !made.processed.errors.is_empty() {
            return Ok(made.refused());
        }
        let history = self.history(&destination).await?;
        let kept = self.kept(&history)?;
        let pruned = self.end_history(&mut made, history, &destination).await?;
        let stays = |name: &Name| kept(name) && pruned.files.binary_search(name).is_err();
        self.add_integrity(&mut made, &destination, there, &stays)
            .await?;
        self.set_attributes(&mut made.writes);
        let memory = (&recall, &mut learned);
        let writes = &mut made.writes;
        let (asked, unsettled) = self
            .leave_unchanged(writes, there, &destination, memory)
            .await?;
        let mut old = pruned.files;
        old.extend(self.stale_copies(writes, &looked, &mut learned));
        let plan = Plan::new(made.writes, conflicts, &destination, self.options, &kept)
            .with_pruned(pruned.releases, old);
        Ok(Planned {
            plan,
            asked,
            warnings: made.processed.warnings,
            listing: self.listing(&destination),
            learned,
            unsettled,
            ..Planned::default()
        })
    }

    /// What a plan that somebody looks at has of the listing.
    fn listing(&self, destination: &Destination) -> String {
        match self.options.complete {
            true => plan_file::digest_of_listing(destination),
            false => String::new(),
        }
    }

    /// Returns the compressed copies that are deleted, and remembers the others.
    fn stale_copies(
        &self,
        writes: &[Write],
        looked: &Looked<'_>,
        learned: &mut Recall,
    ) -> Vec<Name> {
        // Which copies do not fit is not known without those of this run.
        if self.leaves_copies_out {
            return Vec::new();
        }
        learned.carry_made(looked.recall, &looked.there.objects);
        let Looked {
            there,
            recall,
            edited,
        } = *looked;
        stale::stale_copies(writes, there, self.compression, edited, recall)
    }

    /// Makes the writes of the collected files. Those that stay as they are on a disk are skipped, and the last of
    /// them that are `late`. Returns which of those that stay somebody has edited there.
    async fn collect(
        &self,
        files: &[Found],
        known: &[Known],
        late: usize,
        there: &Destination,
        (recall, learned): (&Recall, &mut Recall),
    ) -> Result<(Vec<Write>, HashSet<Name>)> {
        let origins = &recall.origins;
        let mut collected = plan::collected(files, known, there, self.options, origins);
        let (places, jobs) = (self.places, self.jobs);
        let mut edited = HashSet::new();
        if there.is_local {
            let memory = (recall, &mut *learned);
            compare::skip_same_content(&mut collected, files, places, memory, jobs).await?;
            if let Some(options) = self.compression {
                let is_asked = |write: &Write| compressed::is_target(write, options);
                let memory = (recall, &mut *learned);
                edited = compare::edited_there(&collected, &is_asked, places, memory, jobs).await?;
            }
        }
        let first_late = collected.len() - late;
        let late = collected[first_late..].iter_mut();
        late.for_each(|write| write.action = Action::Skip);
        Ok((collected, edited))
    }

    /// Skips what is there as it should be, and has the rest of it repaired. Returns how many objects were
    /// asked for, and where is to be noted that rules change.
    async fn leave_unchanged(
        &self,
        writes: &mut [Write],
        there: &Destination,
        destination: &Destination,
        (recall, learned): (&Recall, &mut Recall),
    ) -> Result<(usize, Option<Unsettled>)> {
        if !there.is_local {
            self.phases.begin(Phase::Comparing);
        }
        let memory = (recall, &mut *learned);
        let asked = compare::skip_unchanged(writes, self.places, there, memory, self.jobs).await?;
        let unsettled = self.repair(writes, destination, recall, learned).await?;
        if !there.is_local {
            stale::refresh_copies(writes);
        }
        Ok((asked, unsettled))
    }

    /// What `--clear` leaves alone.
    fn kept(&self, history: &History) -> Result<impl Fn(&Name) -> bool + use<>> {
        let kept = match self.options.clear {
            true => Some(history.kept()?),
            false => None,
        };
        Ok(move |name: &Name| kept.as_ref().is_none_or(|kept| kept(name)))
    }

    /// Adds the write of a release, and returns what is deleted because it is old.
    async fn end_history(
        &self,
        made: &mut Made,
        history: History,
        destination: &Destination,
    ) -> Result<Pruning> {
        let Some(pushed) = &made.processed.manifest else {
            return Ok(Pruning::default());
        };
        let count = self.hashing.map_or(0, |hashing| hashing.options.releases);
        let release = match count {
            0 => None,
            _ => {
                let rules = self.rules.map(ObjectRules::fingerprint);
                history.release(pushed, &made.writes, rules, self.time)?
            }
        };
        made.writes.extend(release.as_ref().map(release_write));
        let beyond = match count {
            0 => Vec::new(),
            count => history.beyond(count, release.as_ref(), pushed),
        };
        let mut pruned = history
            .prune(pushed, release, &made.writes, destination, self.prunes())
            .await?;
        pruned.releases.extend(beyond);
        pruned.releases.sort_unstable();
        pruned.releases.dedup();
        Ok(pruned)
    }

    /// What is pruned. Where files are kept under their hashed names alone, the content may have to tell that a
    /// run made one.
    fn prunes(&self) -> Policy<'_> {
        let options = self.compression;
        let is_hashed_only = options.is_some_and(|options| options.keep_only_hashed_files);
        let storage: &dyn Storage = &**self.places.files();
        Policy {
            prune: self.pruning,
            now: self.time,
            prove: is_hashed_only.then_some((storage, self.jobs)),
        }
    }

    /// Adds the write of the digests: of all files of this run, and of those of earlier runs that the
    /// destination has and that stay.
    async fn add_integrity(
        &self,
        made: &mut Made,
        destination: &Destination,
        there: &Destination,
        stays: &(dyn Fn(&Name) -> bool + Sync),
    ) -> Result<()> {
        let (Some(hashing), Some(digests)) = (self.hashing, made.digests.take()) else {
            return Ok(());
        };
        let name = integrity::integrity_name(&hashing.options.manifest_name)?;
        let earlier = match destination.get(Kind::Integrity, &name) {
            Some(_) => Integrity::load(&**self.places.manifest(), &name).await?,
            None => Integrity::default(),
        };
        let digests = digests.with_earlier(&earlier, |stored| {
            let stored = Name::new(stored);
            stored.is_ok_and(|name| destination.objects.contains_key(&name) && stays(&name))
        });
        made.writes.push(integrity::write(&digests, &name, there));
        Ok(())
    }

    /// What has to be known of a file.
    fn want(&self, found: &Found, there: &Destination, recall: &Recall) -> Want {
        let already_hashed = self.rules.map(ObjectRules::already_hashed);
        let is_digested = self.options.complete
            || self.compression.is_some()
            || compare::is_compared(found, there, &recall.origins);
        match self.hashing {
            Some(_) => post_process::want(found, already_hashed),
            None if is_digested => Want::Digest,
            None => Want::Nothing,
        }
    }

    /// Makes the writes of all files, hashed ones and compressed copies, then of what tells of them.
    async fn make_writes(
        &self,
        mut writes: Vec<Write>,
        wanted: &[Found],
        known: &[Known],
        looked: &Looked<'_>,
        learned: &mut Recall,
    ) -> Result<Made> {
        let there = looked.there;
        let Some(hashing) = self.hashing else {
            let writes = self.compress(writes, None, looked, learned).await?;
            return Ok(Made {
                writes,
                processed: PostProcessed::default(),
                digests: None,
            });
        };
        let already_hashed = self.rules.map(ObjectRules::already_hashed);
        let (files, options) = (&**self.places.files(), &hashing.options);
        let mut processed =
            post_process::post_process(wanted, known, files, there, hashing, already_hashed)
                .await?;
        writes.append(&mut processed.writes);
        let Some(manifest) = &processed.manifest else {
            return Ok(Made {
                writes,
                processed,
                digests: None,
            });
        };
        // Before they are compressed: a browser checks what it has decoded.
        let digests = match options.integrity {
            Some(hash) => Some(integrity::of_writes(manifest, &writes, hash).await?),
            None => None,
        };
        let mut writes = self
            .compress(writes, Some(manifest), looked, learned)
            .await?;
        writes.push(post_process::manifest_write(
            manifest,
            &options.manifest_name,
            there,
        ));
        Ok(Made {
            writes,
            processed,
            digests,
        })
    }

    async fn compress(
        &self,
        mut writes: Vec<Write>,
        manifest: Option<&Manifest>,
        looked: &Looked<'_>,
        learned: &mut Recall,
    ) -> Result<Vec<Write>> {
        let Looked {
            there,
            recall,
            edited,
        } = *looked;
        let Some(options) = self.compression else {
            return Ok(writes);
        };
        if let Some(manifest) = manifest.filter(|_| options.keep_only_hashed_files) {
            compressed::omit_unhashed(&mut writes, manifest, there);
        }
        self.phases.begin(Phase::Compressing);
        let is_coded = |write: &Write| {
            let attributes = self.rules.map(|rules| attributes::of(write, rules));
            attributes.is_some_and(|attributes| attributes.content_encoding.is_some())
        };
        let root = local_root(&**self.places.files());
        let before = compressed::Before {
            there,
            root: root.as_deref(),
            recall,
            edited,
            counts: &self.phases.counts(),
        };
        compressed::add(writes, options, &before, learned, &is_coded).await
    }

    /// Reads what earlier runs left, where that is asked for.
    async fn history(&self, destination: &Destination) -> Result<History> {
        let options = self.hashing.map(|hashing| &hashing.options);
        let keeps = options.is_some_and(|options| options.releases > 0);
        if !keeps && !self.options.clear && !self.pruning.prunes() {
            return Ok(History::default());
        }
        let needs_manifest = keeps || self.pruning.prunes();
        let name = options
            .map(|options| &options.manifest_name)
            .filter(|_| needs_manifest);
        History::load(self.places, destination, name).await
    }

    fn set_attributes(&self, writes: &mut [Write]) {
        if let Some(rules) = self.rules {
            attributes::set(writes, self.places, rules);
        }
    }

    /// Has the objects repaired that other rules stored, and returns where that is to be noted first.
    async fn repair(
        &self,
        writes: &mut [Write],
        destination: &Destination,
        recall: &Recall,
        learned: &mut Recall,
    ) -> Result<Option<Unsettled>> {
        let keeps_attributes = self.places.files().capabilities().attributes;
        let Some(rules) = self.rules.filter(|_| keeps_attributes) else {
            return Ok(None);
        };
        let wanted = rules.fingerprint();
        let places = self.places;
        let in_force = InForce::of(writes, places, destination, recall).await?;
        let kept = |write: &&mut Write| attributes::are_kept(write, places);
        let stay = writes.iter_mut().filter(kept);
        attributes::repair(stay, &in_force, &wanted, self.options);
        let kept = writes
            .iter()
            .filter(|write| attributes::are_kept(write, places));
        let holds = attributes::will_hold(kept, &in_force, &wanted);
        learned.set_rules(holds.then(|| wanted.clone()));
        Ok(in_force.unsettled(&wanted))
    }
}

/// What is remembered of the last run to the same destination.
async fn recall(memory: Option<&Memory>) -> Recall {
    match memory {
        Some(memory) => Recall::load_from(memory.destination.clone()).await,
        None => Recall::default(),
    }
}

/// What is known before writes are made.
struct Looked<'a> {
    there: &'a Destination,
    recall: &'a Recall,
    /// Files that stay, and that somebody has edited there.
    edited: &'a HashSet<Name>,
}

/// The writes of a plan, and what came of processing.
struct Made {
    writes: Vec<Write>,
    processed: PostProcessed,
    /// Of all that the manifest names, if the options ask for it.
    digests: Option<Integrity>,
}

impl Made {
    /// What cannot be carried out.
    fn refused(self) -> Planned {
        Planned {
            errors: self.processed.errors,
            warnings: self.processed.warnings,
            ..Planned::default()
        }
    }
}

/// What was found and is the first of its name.
struct Wanted {
    files: Vec<Found>,
    /// How many of the last of them have a hashed name only: a folder has their own.
    late: usize,
}

impl Wanted {
    /// Splits what was found into what is wanted, and what came too late for its name.
    fn of(found: Vec<Found>, destination: &Destination) -> Result<(Self, Vec<Found>)> {
        let (files, conflicts) = plan::first_of_each_name(found);
        if !destination.is_local {
            return Ok((Self { files, late: 0 }, conflicts));
        }
        let (mut files, late_files) = clash::without_clashes(files)?;
        let late = late_files.len();
        files.extend(late_files);
        Ok((Self { files, late }, conflicts))
    }
}
