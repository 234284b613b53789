//! What a run is asked to do: by flags, or by the plan that is applied, which keeps what it was made
//! with.

use std::time::Duration;

use serde_json::{Value as Json, json};
use storehouse_storage::Error;

use crate::{cli::flags::CollectstaticFlags, staticfiles::PrunePolicy};

/// What decides about the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) ignore: Vec<String>,
    pub(super) no_default_ignore: bool,
    pub(super) no_post_process: bool,
    pub(super) clear: bool,
    pub(super) link: bool,
    pub(super) repair_metadata: bool,
    /// Seconds.
    pub(super) prune_older_than: Option<u64>,
    pub(super) keep_versions: Option<u16>,
}

impl Asked {
    pub(super) fn of_flags(flags: &CollectstaticFlags) -> Self {
        Self {
            ignore: flags.ignore.clone(),
            no_default_ignore: flags.no_default_ignore,
            no_post_process: flags.no_post_process,
            clear: flags.clear,
            link: flags.link,
            repair_metadata: flags.repair_metadata,
            prune_older_than: flags.prune_older_than.map(|age| age.as_secs()),
            keep_versions: flags.keep_versions,
        }
    }

    /// Reads what a plan was made with.
    pub(super) fn of_plan(plan: &Json) -> Result<Self, Error> {
        serde_json::from_value(plan["options"].clone()).map_err(|error| {
            let problem = format!("the plan cannot be applied: {error}");
            Error::configuration(problem).with_advice("make one with --plan")
        })
    }

    /// Returns which old files are deleted.
    pub(super) fn pruning(&self) -> PrunePolicy {
        let mut policy = PrunePolicy::default();
        if let Some(seconds) = self.prune_older_than {
            policy = policy.with_older_than(Duration::from_secs(seconds));
        }
        if let Some(count) = self.keep_versions {
            policy = policy.with_keep_versions(usize::from(count));
        }
        policy
    }

    pub(super) fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_else(|_| json!({}))
    }
}
