//! `storehouse rollback [ID]`.

use std::collections::HashSet;

use futures::TryStreamExt;
use serde_json::json;
use storehouse_storage::{Name, Storage};

use super::{
    Context,
    flags::RollbackFlags,
    output::{Failure, seconds},
    releases::{self, counted},
};
use crate::{
    staticfiles::{self, ObjectRules, Release},
    storages::STATICFILES,
};

pub(super) async fn run(flags: RollbackFlags, context: &Context) -> Result<(), Failure> {
    let kept = releases::load(context).await?;
    let releases = &kept.releases;
    let release = releases.to_roll_back_to(flags.id.as_deref(), kept.in_force.as_ref())?;
    let is_current = kept.current().map(Release::id) == Some(release.id());
    if !is_current {
        let there: HashSet<Name> = kept
            .places
            .files()
            .list(None)
            .map_ok(|entry| entry.name)
            .try_collect()
            .await?;
        release.verify(&there)?;
        let rules = ObjectRules::of(&context.storages, STATICFILES)?;
        staticfiles::roll_back(release, &**kept.places.manifest(), &rules).await?;
    }
    let (id, files) = (release.id(), release.files().len());
    let output = context.output;
    if output.is_json() {
        output.result(json!({
            "event": if is_current { "in_force_already" } else { "rolled_back" },
            "id": id.as_str(),
            "created": seconds(release.created()),
            "files": files,
        }))?;
    } else if output.shows(1) {
        let what = if is_current {
            "in force already"
        } else {
            "now in force"
        };
        output.result(format_args!(
            "{id}: {what}, {} of {}",
            counted(files),
            seconds(release.created())
        ))?;
    }
    Ok(())
}
