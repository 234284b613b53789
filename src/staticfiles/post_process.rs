//! From found files to the steps that write hashed files and the manifest: reads the sources, has
//! them processed, and looks which results are in the destination already. It writes nothing.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use storehouse_storage::{Error, ErrorKind, EtagRule, Name, Result, Storage};

use super::{
    destination::Destination,
    digest::{self, Material, Same},
    finders::Found,
    hashed::FileHash,
    manifest::Manifest,
    plan::{Action, HashedContent, HashedStep, PostProcessing, SavedManifest},
    process::{self, HashedFile, Problem, Processed, Site, Source, SourceContent},
    walk::unreadable,
};
use crate::storages::{ManifestOptions, MissingReferences};

/// How hashed names are made: what [`plan`](super::plan) needs beside the files.
#[derive(Debug, Clone)]
pub struct Hashing {
    /// The options of the storage.
    pub options: ManifestOptions,
    /// `STATIC_URL`.
    pub static_url: String,
}

/// What came of post-processing.
#[derive(Debug, Default)]
pub(super) struct PostProcessed {
    pub(super) steps: PostProcessing,
    /// What keeps the plan from being carried out.
    pub(super) errors: Vec<Error>,
    /// What the options allow, but the user should know.
    pub(super) warnings: Vec<Error>,
    /// How many objects were asked for one by one.
    pub(super) asked: usize,
}

/// Makes the steps for `wanted`. `replaces_all` says that nothing that is there counts (`--clear`).
///
/// # Errors
/// A source or an object that cannot be read.
pub(super) async fn post_process(
    wanted: &[Found],
    storage: &dyn Storage,
    destination: &Destination,
    hashing: &Hashing,
    replaces_all: bool,
    jobs: usize,
) -> Result<PostProcessed> {
    refuse_damaged_manifest(storage, destination, &hashing.options).await?;
    let sources = read_all(wanted, jobs).await?;
    let nothing = Destination::default();
    let there = if replaces_all { &nothing } else { destination };
    let (sources, processed) =
        process_all(sources, storage, there, destination.is_local, hashing).await?;
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
    done.steps.hashed = steps(&sources, wanted, processed.files, there);
    done.asked = skip_unchanged(&mut done.steps.hashed, storage, there, jobs).await?;
    let name = hashing.options.manifest_name.clone();
    let content = Bytes::from(manifest.to_json());
    // A collected file of the same name is written before, so the manifest always is, then.
    let is_collected = wanted.iter().any(|found| found.name == name);
    let same = compare(&name, &content, storage, there).await?;
    done.asked += usize::from(same.asked);
    done.steps.manifest = Some(SavedManifest {
        name,
        content,
        action: match same.is_same && !is_collected {
            true => Action::Skip,
            false => Action::Copy,
        },
    });
    Ok(done)
}

/// Refuses to go on over a manifest that cannot be read, as Django does. Only where that costs no
/// request.
async fn refuse_damaged_manifest(
    storage: &dyn Storage,
    destination: &Destination,
    options: &ManifestOptions,
) -> Result<()> {
    let name = &options.manifest_name;
    if destination.is_local && destination.objects.contains_key(name) {
        Manifest::load(storage, name).await?;
    }
    Ok(())
}

/// Reads what the processing needs of each file: all of a text, the hash of anything else.
async fn read_all(wanted: &[Found], jobs: usize) -> Result<Vec<Source>> {
    stream::iter(wanted)
        .map(|found| async move {
            let path = &found.source.path;
            let content = if process::is_adjustable(&found.source.relative) {
                let bytes = tokio::fs::read(path).await;
                SourceContent::Text(bytes.map_err(|error| unreadable(path, error))?.into())
            } else {
                let md5 = digest::digest_file(path, EtagRule::Md5).await?;
                SourceContent::Hash(FileHash::of_md5(&md5))
            };
            Ok(Source {
                name: django_name(found),
                collected_as: found.name.clone(),
                content,
            })
        })
        .buffered(jobs.max(1))
        .try_collect()
        .await
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
    has_folders: bool,
    hashing: &Hashing,
) -> Result<(Vec<Source>, Processed)> {
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
            let md5 = digest::digest_object(storage, &name).await?;
            hashes.insert(name, Some(FileHash::of_md5(&md5)));
        }
    }
}

fn sort_problems(problems: &[Problem], missing: MissingReferences, done: &mut PostProcessed) {
    for problem in problems {
        match missing {
            MissingReferences::Ignore if problem.is_reference() => {}
            MissingReferences::Warn if problem.is_reference() => {
                done.warnings.push(problem.to_error());
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

/// One step for each name that is written. A copy whose name is taken is skipped, whatever is there:
/// what Django does, since the name tells the content.
fn steps(
    sources: &[Source],
    wanted: &[Found],
    files: Vec<HashedFile>,
    there: &Destination,
) -> Vec<HashedStep> {
    let mut taken: HashSet<Name> = wanted.iter().map(|found| found.name.clone()).collect();
    let mut steps = Vec::with_capacity(files.len());
    for file in files {
        let original = &sources[file.source].collected_as;
        let step = |name, content, action| HashedStep {
            original: original.clone(),
            name,
            content,
            action,
        };
        for (name, content) in file.intermediate {
            taken.insert(name.clone());
            steps.push(step(
                name,
                HashedContent::Intermediate(content),
                Action::Copy,
            ));
        }
        let is_new = taken.insert(file.name.clone());
        let (content, action) = match file.content {
            Some(content) => (HashedContent::Rewritten(content), Action::Copy),
            None => {
                let source = wanted[file.source].source.clone();
                let is_there = !is_new || there.objects.contains_key(&file.name);
                let action = if is_there { Action::Skip } else { Action::Copy };
                (HashedContent::Source(source), action)
            }
        };
        steps.push(step(file.name, content, action));
    }
    steps
}

/// Skips rewritten files that are in the destination with the same content. Returns how many objects
/// were asked for one by one.
async fn skip_unchanged(
    steps: &mut [HashedStep],
    storage: &dyn Storage,
    there: &Destination,
    jobs: usize,
) -> Result<usize> {
    let mut asked = 0;
    let mut compared = stream::iter(steps)
        .map(|step| async move {
            let same = match &step.content {
                HashedContent::Source(_) => Same::default(),
                HashedContent::Rewritten(content) | HashedContent::Intermediate(content) => {
                    compare(&step.name, content, storage, there).await?
                }
            };
            Ok::<_, Error>((step, same))
        })
        .buffer_unordered(jobs.max(1));
    while let Some(result) = compared.next().await {
        let (step, same) = result?;
        asked += usize::from(same.asked);
        if same.is_same {
            step.action = Action::Skip;
        }
    }
    Ok(asked)
}

/// Compares a content with what is under `name`.
async fn compare(
    name: &Name,
    content: &Bytes,
    storage: &dyn Storage,
    there: &Destination,
) -> Result<Same> {
    let object = match there.objects.get(name) {
        Some(object) if object.size == content.len() as u64 => object,
        _ => return Ok(Same::default()),
    };
    let material = Material::Bytes(content);
    if !there.is_local {
        return digest::is_same(storage, name, object, material).await;
    }
    let md5 = digest::digest_object(storage, name).await?;
    Ok(Same {
        is_same: material.digest(EtagRule::Md5).await? == md5,
        asked: false,
    })
}
