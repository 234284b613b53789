//! `storehouse releases`.

use serde_json::json;
use storehouse_storage::{Error, ErrorKind, Result};

use super::{
    Context,
    output::{Failure, seconds},
};
use crate::{
    staticfiles::{Manifest, Places, Release, Releases},
    storages::{ManifestOptions, STATICFILES},
};

/// The releases of static files, and what is in force.
pub(super) struct Kept {
    pub(super) places: Places,
    pub(super) options: ManifestOptions,
    pub(super) releases: Releases,
    /// `None` where there is no manifest, or one that cannot be read.
    pub(super) in_force: Option<Manifest>,
}

pub(super) async fn run(context: &Context) -> std::result::Result<(), Failure> {
    let kept = load(context).await?;
    let output = context.output;
    let current = kept.current().map(Release::id);
    for release in kept.releases.iter().rev() {
        let is_current = current == Some(release.id());
        let (id, files) = (release.id(), release.files().len());
        if output.is_json() {
            output.result(json!({
                "id": id.as_str(),
                "created": seconds(release.created()),
                "files": files,
                "current": is_current,
            }))?;
            continue;
        }
        let mark = if is_current { "  in force" } else { "" };
        output.result(format_args!(
            "{id}  {}  {}{mark}",
            seconds(release.created()),
            counted(files)
        ))?;
    }
    if kept.releases.iter().next().is_none() && kept.options.releases == 0 {
        output.note(format_args!(
            "storehouse: no release is kept: OPTIONS of STORAGES.{STATICFILES} does not say releases = 3, or another number"
        ));
    }
    match kept.releases.refuse_damaged() {
        Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reads the releases of static files.
pub(super) async fn load(context: &Context) -> Result<Kept> {
    let Some(options) = context.storages.manifest_options(STATICFILES)? else {
        let problem = "static files have no manifest, and releases are manifests that are kept";
        return Err(Error::configuration(problem)
            .with_advice("write manifest+ before the storage of static files"));
    };
    let places = Places::of(&context.storages)?;
    let in_force = match Manifest::load(&**places.manifest(), &options.manifest_name).await {
        Ok(manifest) => Some(manifest),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        // A rollback mends it.
        Err(error) if error.kind() == ErrorKind::Integrity => {
            context
                .output
                .note(format_args!("storehouse: warning: {}", error.problem()));
            None
        }
        Err(error) => return Err(error),
    };
    Ok(Kept {
        releases: Releases::load(&**places.files()).await?,
        places,
        options,
        in_force,
    })
}

impl Kept {
    /// The release that is in force.
    pub(super) fn current(&self) -> Option<&Release> {
        self.releases.current(self.in_force.as_ref()?)
    }
}

pub(super) fn counted(files: usize) -> String {
    format!("{files} {}", if files == 1 { "file" } else { "files" })
}
