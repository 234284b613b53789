//! What planning gives beside the plan, and what a run remembers when it was carried out. How plans are
//! made is not here.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use storehouse_storage::{Error, Name, Result};

use super::{
    Plan, PlanOptions,
    attributes::{self, Unsettled},
    settled::{self, Settled, State},
};
use crate::staticfiles::{
    destination::{local::local_root, places::Places},
    model::{
        object::Object,
        report::Report,
        write::{Action, Kind},
    },
    run_cache::recall::Recall,
    support::parallel,
};

/// A plan, and how it was come by.
#[derive(Debug, Default)]
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
    pub(in crate::staticfiles) learned: Recall,
    /// Where it is to be noted that objects are about to be stored by other rules.
    pub(in crate::staticfiles) unsettled: Option<Unsettled>,
    /// How many files Django would process again, if the last run left nothing to do: then the plan
    /// has the collected files only.
    pub already_settled: Option<usize>,
    pub(in crate::staticfiles) memory: Option<Memory>,
}

impl Planned {
    /// Notes what has to be known if carrying out the plan is broken off: by which rules objects are
    /// stored, if that changes. To be called before [`execute`](crate::staticfiles::execute()); it costs a request
    /// where rules have changed, and else nothing.
    ///
    /// # Errors
    /// As [`Storage::copy_as`](storehouse_storage::Storage::copy_as); it cannot be noted in the cache folder.
    pub async fn begin(&mut self, places: &Places) -> Result<()> {
        match (&self.unsettled, &self.memory) {
            (Some(Unsettled::Manifest(entry)), _) => {
                let etag = attributes::note_mixed(entry, places).await?;
                let mut writes = self.plan.writes.iter_mut();
                let manifest = writes.find(|write| write.kind == Kind::Manifest);
                if let Some(manifest) = manifest
                    && let Some(there) = &mut Arc::make_mut(manifest).there
                {
                    there.etag = etag;
                }
                Ok(())
            }
            (Some(Unsettled::Memory), Some(memory)) => {
                let destination = memory.destination.clone();
                let noting = move || attributes::remember_mixed(&destination);
                parallel::on_the_blocking_pool(noting).await?
            }
            _ => Ok(()),
        }
    }

    /// Keeps what the next run need not find out again, once the plan was carried out to its end, as
    /// `report` says. Without it that run does, and no more: nothing that goes wrong here is told.
    ///
    /// Another run may have written to the same place meanwhile: a file there counts as this run's
    /// only if it has the tag that the storage told.
    pub async fn remember(self, places: &Places, report: Report) {
        let Some(memory) = self.memory.filter(|_| self.already_settled.is_none()) else {
            return;
        };
        // A listing of a bucket tells more than its saves.
        let told = match local_root(&**places.files()) {
            Some(_) => report.tags,
            None => HashMap::new(),
        };
        let (plan, mut learned) = (self.plan, self.learned);
        // What was written now tells more than what was compared before.
        if let Some(seen) = places.files().etags_follow_rule() {
            learned.set_etags_are_md5s(Some(seen));
        }
        let saving = parallel::on_the_blocking_pool(move || {
            keep(&memory, learned, &plan, &told);
            plan
        });
        if let Ok(large) = saving.await {
            // Nobody has to wait until so much memory is free.
            tokio::task::spawn_blocking(move || drop(large));
        }
    }
}

/// Writes down what the next run need not find out again.
fn keep(memory: &Memory, mut learned: Recall, plan: &Plan, told: &HashMap<Name, String>) {
    settled::forget(&memory.destination);
    for write in &plan.writes {
        let tag = || match write.action {
            Action::Copy => told.get(&write.name).cloned(),
            _ => write.there.as_ref().and_then(Object::tag),
        };
        learned.add(write, tag, memory.began);
        if write.action == Action::Copy
            && let (Kind::Collected, Some(source)) = (write.kind, write.source())
            && let Some(tag) = told.get(&write.name)
        {
            let name = write.name.as_str();
            learned.origins.add(name, source, tag, true, memory.began);
        }
    }
    if learned.save(&memory.destination).is_err() || !memory.is_trusted {
        return;
    }
    let Some(state) = memory.state.and_then(|state| state.after(plan, told)) else {
        return;
    };
    let texts = plan.writes.iter();
    let texts = texts.filter(|write| write.kind == Kind::Hashed { is_text: true });
    // What cannot be kept is found out again.
    let _ = Settled::new(state, texts.count()).save(&memory.destination);
}

/// What has to be known at the end to remember a run.
#[derive(Debug)]
pub(in crate::staticfiles) struct Memory {
    pub(in crate::staticfiles) destination: String,
    /// Before the run, if that does all that there is to do.
    pub(in crate::staticfiles) state: Option<State>,
    pub(in crate::staticfiles) began: SystemTime,
    /// Whether, after it, there is nothing to do as long as all stays as it is.
    pub(in crate::staticfiles) is_trusted: bool,
}

/// Where a run remembers what it did, and what it is told apart by.
#[derive(Debug, Clone)]
pub struct MemoryKey {
    /// The destination: where it is, and where the manifest is.
    pub destination: String,
    /// All options that decide what is made: a run with others has to look at everything.
    pub options: String,
}

/// Looks whether the last run left nothing to do, on the blocking pool.
pub(in crate::staticfiles) async fn look_up(
    memory: Option<Memory>,
    options: PlanOptions,
) -> Result<(Option<Memory>, Option<usize>)> {
    let state = memory.as_ref().and_then(|memory| memory.state);
    let (memory, state) = match (memory, state) {
        (Some(memory), Some(state)) if options.summary => (memory, state),
        (memory, _) => return Ok((memory, None)),
    };
    parallel::on_the_blocking_pool(move || {
        let settled = Settled::load(&memory.destination);
        let settled = settled.filter(|settled| settled.is(state));
        (Some(memory), settled.map(|settled| settled.post_processed))
    })
    .await
}
