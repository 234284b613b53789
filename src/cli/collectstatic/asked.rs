//! What a run is asked to do: by flags, or by the plan that is applied, which keeps what it was made
//! with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    /// When the plan was made, in seconds since 1970: releases are named after it, and ages counted
    /// from it. Only in a plan that is kept; else it is now.
    pub(super) time: Option<u64>,
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
            time: flags.plan.as_ref().map(|_| seconds_now()),
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

    /// Returns the time that the plan goes by.
    pub(super) fn time(&self) -> SystemTime {
        let kept = self.time.map(Duration::from_secs);
        let kept = kept.and_then(|since| UNIX_EPOCH.checked_add(since));
        kept.unwrap_or_else(SystemTime::now)
    }

    pub(super) fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_else(|_| json!({}))
    }
}

fn seconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
