//! What a run keeps of itself, and what it deletes of earlier ones: the write of a release, the
//! releases beyond those that are kept, and pruned files. It reads the releases and the manifest in
//! force, and decides with [`releases`](crate::staticfiles::releases) and [`retention`](crate::staticfiles::releases::retention).

use std::{
    collections::{HashMap, HashSet},
    time::SystemTime,
};

use bytes::Bytes;
use storehouse_storage::{Name, Result, Storage};

use super::compressed;
use crate::staticfiles::{
    destination::{listing::Destination, places::Places},
    manifest::Manifest,
    model::write::{Kind, Write, WriteContent},
    releases::{
        KeptFile, RELEASES, Release, Releases, is_private,
        retention::{PruneFacts, PrunePolicy, Pruning, proof, to_be_proven, to_prune},
    },
    support::md5::Md5Sum,
};

/// What earlier runs left.
#[derive(Debug, Default)]
pub(in crate::staticfiles) struct History {
    releases: Releases,
    in_force: Option<Manifest>,
}

impl History {
    /// Reads the releases, if there are any, and the manifest `name` in force.
    ///
    /// # Errors
    /// As [`Releases::load`]; as [`Manifest::load`].
    pub(in crate::staticfiles) async fn load(
        places: &Places,
        destination: &Destination,
        manifest_name: Option<&Name>,
    ) -> Result<Self> {
        let folder = format!("{RELEASES}/");
        let mut names = destination.objects.keys();
        let releases = match names.any(|name| name.as_str().starts_with(&folder)) {
            true => Releases::load(&**places.files()).await?,
            false => Releases::default(),
        };
        let in_force = match manifest_name {
            Some(name) if destination.get(Kind::Manifest, name).is_some() => {
                Some(Manifest::load(&**places.manifest(), name).await?)
            }
            _ => None,
        };
        Ok(Self { releases, in_force })
    }

    /// Returns whether `--clear` leaves a file alone: the releases, and all that they name.
    ///
    /// # Errors
    /// As [`Releases::refuse_damaged`].
    pub(in crate::staticfiles) fn kept(&self) -> Result<impl Fn(&Name) -> bool + use<>> {
        self.releases.refuse_damaged()?;
        let files: HashSet<Name> = self.releases.files().into_iter().cloned().collect();
        let has_releases = self.releases.iter().next().is_some();
        Ok(move |name: &Name| files.contains(name) || has_releases && is_private(name))
    }

    /// Returns the write of a release of what `writes` put in force, unless that is one already.
    ///
    /// # Errors
    /// As [`Release::new`].
    pub(in crate::staticfiles) fn release(
        &self,
        pushed: &Manifest,
        writes: &[Write],
        rules: Option<String>,
        now: SystemTime,
    ) -> Result<Option<Release>> {
        if !self.releases.are_without(pushed, self.in_force.as_ref()) {
            return Ok(None);
        }
        let write = writes.iter().find(|write| write.kind == Kind::Manifest);
        let Some(write) = write else {
            return Ok(None);
        };
        let manifest = KeptFile {
            name: write.name.clone(),
            text: pushed.to_json(),
        };
        let others = compressed::names_of_hashed(writes, pushed);
        let mut release = Release::new(self.releases.next_time(now), manifest, others)?;
        if let Some(rules) = rules {
            release = release.with_rules(rules);
        }
        Ok(Some(release))
    }

    /// Returns the names of the releases that go where `count` are kept, with `new` among them.
    pub(in crate::staticfiles) fn beyond(
        &self,
        count: usize,
        new: Option<&Release>,
        pushed: &Manifest,
    ) -> Vec<Name> {
        let count = count.saturating_sub(usize::from(new.is_some()));
        let going = self.releases.beyond(count, pushed);
        going
            .into_iter()
            .map(|release| release.name().clone())
            .collect()
    }

    /// Decides what is pruned beside `writes`, which put `pushed` in force.
    ///
    /// # Errors
    /// As [`to_prune`].
    pub(in crate::staticfiles) async fn prune(
        self,
        pushed: &Manifest,
        new: Option<Release>,
        writes: &[Write],
        destination: &Destination,
        Policy { prune, now, prove }: Policy<'_>,
    ) -> Result<Pruning> {
        if !prune.prunes() {
            return Ok(Pruning::default());
        }
        self.releases.refuse_damaged()?;
        let objects = destination.objects.iter();
        let objects: HashMap<Name, Option<SystemTime>> = objects
            .map(|(name, object)| (name.clone(), object.modified))
            .collect();
        let of_this_run: HashSet<Name> = writes
            .iter()
            .filter(|write| !write.is_omitted())
            .map(|write| write.name.clone())
            .collect();
        let mut in_force = vec![pushed.clone()];
        in_force.extend(self.in_force);
        let releases = Releases::new(self.releases.iter().cloned().chain(new));
        let facts = PruneFacts {
            objects: &objects,
            in_force: &in_force,
            of_this_run: &of_this_run,
            releases: &releases,
            digests: &HashMap::new(),
            now,
        };
        let Some((storage, jobs)) = prove else {
            return to_prune(&facts, prune);
        };
        let names = to_be_proven(&facts, prune)?;
        let digests = proof::digests(names, destination, storage, jobs).await?;
        let digests = &digests;
        to_prune(&PruneFacts { digests, ..facts }, prune)
    }
}

/// What is pruned, and how that is found out.
#[derive(Clone, Copy)]
pub(in crate::staticfiles) struct Policy<'a> {
    pub(in crate::staticfiles) prune: PrunePolicy,
    pub(in crate::staticfiles) now: SystemTime,
    /// Where files are read, and how many at once, of which only the content tells that a run made them.
    pub(in crate::staticfiles) prove: Option<(&'a dyn Storage, usize)>,
}

/// Makes the write of a release.
pub(in crate::staticfiles) fn release_write(release: &Release) -> Write {
    let json = Bytes::from(release.to_json());
    let md5 = Md5Sum::of(&json);
    let (name, content) = (release.name().clone(), WriteContent::Bytes(json));
    Write {
        md5: Some(md5),
        ..Write::new(name.clone(), Kind::Release, name, content)
    }
}
