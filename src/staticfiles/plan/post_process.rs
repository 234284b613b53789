//! From found files and what is known of them to the writes of hashed files and the manifest: has
//! them processed, and says what is there already by its name. It reads no source and writes nothing.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use storehouse_storage::{Error, ErrorKind, Name, Result, Storage};

use crate::staticfiles::{
    destination::{etag, listing::Destination, local::local_root},
    manifest::{Manifest, hashed::FileHash},
    model::{
        found::Found,
        known::{Known, Want},
        write::{Action, Kind, Write, WriteContent},
    },
    process::{self, HashedFile, Problem, Processed, Site, Source, SourceContent},
    rules::already_hashed::AlreadyHashed,
    support::md5::Md5Sum,
};
use crate::{
    settings::Settings,
    storages::{ManifestOptions, MissingReferences, Storages},
};

/// How hashed names are made: what a [`Planner`](crate::staticfiles::Planner) needs beside the files.
#[derive(Debug, Clone)]
pub struct Hashing {
    /// The options of the storage.
    pub options: ManifestOptions,
    /// `STATIC_URL`.
    pub static_url: String,
}

impl Hashing {
    /// Takes the options of the storage `alias`; `None` if it does not hash names.
    ///
    /// # Errors
    /// As [`Storages::get`], and [`ErrorKind::Configuration`] where `STATIC_URL` is missing.
    pub fn of(settings: &Settings, storages: &Storages, alias: &str) -> Result<Option<Self>> {
        let Some(options) = storages.manifest_options(alias)? else {
            return Ok(None);
        };
        let static_url = settings.static_url().ok_or_else(|| {
            Error::configuration("STATIC_URL is not set, and hashed names need it")
                .with_advice("set it, for example to \"/static/\"")
        })?;
        Ok(Some(Self {
            options,
            static_url,
        }))
    }
}

/// What came of post-processing.
#[derive(Debug, Default)]
pub(in crate::staticfiles) struct PostProcessed {
    /// Hashed files in the order of the sources.
    pub(in crate::staticfiles) writes: Vec<Write>,
    /// What the manifest is to say.
    pub(in crate::staticfiles) manifest: Option<Manifest>,
    /// What keeps the plan from being carried out.
    pub(in crate::staticfiles) errors: Vec<Error>,
    /// What the options allow, but the user should know.
    pub(in crate::staticfiles) warnings: Vec<Error>,
}

/// What processing needs of a file: all of a text, the hash of anything else.
pub(in crate::staticfiles) fn want(found: &Found, already_hashed: Option<&AlreadyHashed>) -> Want {
    let is_fixed = is_fixed(found, already_hashed);
    match process::is_adjustable(&found.source.relative) && !is_fixed {
        true => Want::Content,
        false => Want::Digest,
    }
}

/// Whether a file keeps its name and its content, since a bundler has put a hash into its name.
fn is_fixed(found: &Found, already_hashed: Option<&AlreadyHashed>) -> bool {
    already_hashed.is_some_and(|names| names.matches(found.name.as_str()))
}

/// Makes the writes for `wanted`. Of `there`, what is in the destination already, a copy under its
/// hashed name counts as right whatever it holds: what Django does, since the name tells the content.
///
/// # Errors
/// An object that cannot be read.
pub(in crate::staticfiles) async fn post_process(
    wanted: &[Found],
    known: &[Known],
    storage: &dyn Storage,
    there: &Destination,
    hashing: &Hashing,
    already_hashed: Option<&AlreadyHashed>,
) -> Result<PostProcessed> {
    let sources = wanted.iter().zip(known);
    let sources: Vec<Source> = sources
        .map(|(found, known)| source(found, known, already_hashed))
        .collect::<Result<_>>()?;
    let (sources, processed) = process_all(sources, storage, there, hashing).await?;
    let mut done = PostProcessed::default();
    sort_problems(
        &processed.problems,
        hashing.options.missing_references,
        &mut done,
    );
    done.errors
        .extend(too_long(&processed.files, &sources, storage));
    if !done.errors.is_empty() {
        return Ok(done);
    }
    let manifest = Manifest::new(
        processed
            .files
            .iter()
            .map(|file| (file.key.clone(), file.name.as_str().to_owned()))
            .collect(),
    );
    let mut taken: HashSet<Name> = wanted.iter().map(|found| found.name.clone()).collect();
    for file in processed.files {
        let (found, known) = (&wanted[file.source], &known[file.source]);
        push_writes(file, found, known, there, &mut taken, &mut done.writes);
    }
    done.manifest = Some(manifest);
    Ok(done)
}

/// Refuses to go on over a manifest in `storage` that cannot be read, as Django does. Only where that
/// costs no request.
///
/// # Errors
/// As [`Manifest::load`].
pub(in crate::staticfiles) async fn refuse_damaged_manifest(
    storage: &dyn Storage,
    destination: &Destination,
    options: &ManifestOptions,
) -> Result<()> {
    let name = &options.manifest_name;
    let is_there = destination.get(Kind::Manifest, name).is_some();
    if is_there && local_root(storage).is_some() {
        Manifest::load(storage, name).await?;
    }
    Ok(())
}

/// What the processing gets to know of a file. It was read before, by [`want`].
fn source(found: &Found, known: &Known, already_hashed: Option<&AlreadyHashed>) -> Result<Source> {
    let unread = || {
        let problem = format!("{:?} was not read", found.source.path);
        Error::new(ErrorKind::Other, problem)
    };
    let hash = FileHash::of_sum(known.md5.ok_or_else(unread)?);
    let content = match (want(found, already_hashed), &known.content) {
        _ if is_fixed(found, already_hashed) => SourceContent::Fixed,
        (Want::Content, Some(content)) => SourceContent::Text(content.clone(), hash),
        (Want::Content, None) => return Err(unread()),
        _ => SourceContent::Hash(hash),
    };
    Ok(Source {
        name: django_name(found),
        collected_as: found.name.clone(),
        content,
    })
}

/// The name with every `\` that the file has; in the destination it is a `/`.
fn django_name(found: &Found) -> String {
    let name = found.name.as_str();
    let relative = &found.source.relative;
    match name.len().checked_sub(relative.len()) {
        Some(prefix) if relative.contains('\\') => format!("{}{relative}", &name[..prefix]),
        _ => name.to_owned(),
    }
}

/// Processes the sources on the blocking pool. Files of earlier runs are read only if a reference
/// names them.
async fn process_all(
    sources: Vec<Source>,
    storage: &dyn Storage,
    there: &Destination,
    hashing: &Hashing,
) -> Result<(Vec<Source>, Processed)> {
    let has_folders = there.is_local;
    let mut hashes: HashMap<Name, Option<FileHash>> = there
        .objects
        .keys()
        .map(|name| (name.clone(), None))
        .collect();
    let mut sources = sources;
    loop {
        let hashing = hashing.clone();
        let processing = tokio::task::spawn_blocking(move || {
            let site = Site {
                static_url: &hashing.static_url,
                options: &hashing.options,
                there: &hashes,
                has_folders,
            };
            let processed = process::process(&sources, &site);
            (sources, hashes, processed)
        });
        let (same_sources, same_hashes, processed) = processing
            .await
            .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))?;
        (sources, hashes) = (same_sources, same_hashes);
        if processed.unread.is_empty() {
            return Ok((sources, processed));
        }
        for name in processed.unread {
            let md5 = etag::digest_object(storage, &name).await?;
            hashes.insert(name, Some(FileHash::of_sum(md5)));
        }
    }
}

fn sort_problems(problems: &[Problem], missing: MissingReferences, done: &mut PostProcessed) {
    let first = problems.iter().position(Problem::is_reference);
    for (index, problem) in problems.iter().enumerate() {
        match missing {
            MissingReferences::Ignore if problem.is_reference() => {}
            MissingReferences::Warn if problem.is_reference() => {
                done.warnings.push(problem.to_error());
            }
            // Once: each of hundreds would say the same.
            _ if first == Some(index) => {
                let advice = "correct it, or set missing_references = \"warn\" in the OPTIONS of the storage to collect all the same";
                done.errors.push(problem.to_error().with_advice(advice));
            }
            _ => done.errors.push(problem.to_error()),
        }
    }
}

/// Refuses hashed names that the destination does not take, before anything is written.
fn too_long(
    files: &[HashedFile],
    sources: &[Source],
    storage: &dyn Storage,
) -> impl Iterator<Item = Error> {
    let limits = storage.capabilities();
    files.iter().filter_map(move |file| {
        let longest = file.name.parts().map(str::len).max().unwrap_or(0);
        if longest <= limits.max_part_bytes && file.name.as_str().len() <= limits.max_name_bytes {
            return None;
        }
        let problem = format!(
            "cannot post-process {:?}: its hashed name is too long for {}",
            sources[file.source].name,
            storage.describe()
        );
        Some(Error::new(ErrorKind::InvalidName, problem).with_advice("give it a shorter name"))
    })
}

/// Adds the writes of one file under its hashed name, and under those of passes before.
fn push_writes(
    file: HashedFile,
    found: &Found,
    known: &Known,
    there: &Destination,
    taken: &mut HashSet<Name>,
    writes: &mut Vec<Write>,
) {
    let write = |name: Name, kind, content, md5| Write {
        md5,
        there: there.objects.get(&name).cloned(),
        ..Write::new(name, kind, found.name.clone(), content)
    };
    if file.name == found.name {
        // It was hashed already, and is collected as it is.
        return;
    }
    for (name, content) in file.intermediate {
        taken.insert(name.clone());
        let md5 = Md5Sum::of(&content);
        let content = WriteContent::Bytes(content);
        writes.push(write(name, Kind::Intermediate, content, Some(md5)));
    }
    let is_text = process::is_adjustable(&found.source.relative);
    let is_new = taken.insert(file.name.clone());
    // Only a disk can hold a name that is not the one in the manifest.
    let disk_name = file.disk_name.filter(|_| there.is_local);
    let is_there = match &disk_name {
        Some(name) => there.unnameable.contains(Path::new(name)),
        None => !is_new || there.objects.contains_key(&file.name),
    };
    let (content, md5) = match file.content {
        Some((content, md5)) => (WriteContent::Bytes(content), Some(md5)),
        None => {
            let (file, held) = (Arc::clone(&found.source), known.content.clone());
            (WriteContent::Source { file, held }, known.md5)
        }
    };
    let write = write(file.name, Kind::Hashed { is_text }, content, md5);
    writes.push(Write {
        disk_name,
        action: match is_there && !is_text {
            true => Action::Skip,
            false => Action::Copy,
        },
        ..write
    });
}

/// Makes the write of the manifest.
pub(in crate::staticfiles) fn manifest_write(
    manifest: &Manifest,
    name: &Name,
    there: &Destination,
) -> Write {
    let json = Bytes::from(manifest.to_json());
    let md5 = Md5Sum::of(&json);
    let content = WriteContent::Bytes(json);
    Write {
        md5: Some(md5),
        there: there.get(Kind::Manifest, name).cloned(),
        ..Write::new(name.clone(), Kind::Manifest, name.clone(), content)
    }
}
