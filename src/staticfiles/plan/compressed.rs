//! Which compressed copies a run writes: from the writes of a plan to those of their copies. What is
//! in a copy is made in [`compress`](crate::staticfiles::compress), on all processors and once for each content;
//! what an earlier run made of the same content is not made again.
//!
//! As WhiteNoise: collected files and hashed ones are compressed, no manifest and no intermediate
//! file; with `keep_only_hashed_files` only what the manifest names, and no other is kept.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use storehouse_storage::{Error, ErrorKind, Name, Result};

use crate::staticfiles::{
    compress::{self, Variant},
    destination::listing::Destination,
    manifest::Manifest,
    model::write::{Action, Kind, Write, WriteContent},
    run_cache::recall::Recall,
    sources::walk::unreadable,
    support::{md5::Md5Sum, parallel, phase::PhaseCounts},
};
use crate::storages::{Coding, CompressAs, CompressionOptions};

/// What earlier runs have left.
pub(in crate::staticfiles) struct Before<'a> {
    pub(in crate::staticfiles) there: &'a Destination,
    /// The folder that the destination is, if it is one on this machine.
    pub(in crate::staticfiles) root: Option<&'a Path>,
    pub(in crate::staticfiles) recall: &'a Recall,
    /// Files that somebody has edited there: a copy of their source is none of theirs.
    pub(in crate::staticfiles) edited: &'a HashSet<Name>,
    /// Where it is told how many files are compressed.
    pub(in crate::staticfiles) counts: &'a PhaseCounts,
}

/// What is known of the copies of one content: for each coding its size and MD5, or that it is not
/// worth it.
type Made = Vec<(Coding, Option<(u64, Md5Sum)>)>;

/// Takes the files out of a plan that are not kept, because only those with hashed names are. What
/// the manifest names is one of these, also if it was collected under that name.
pub(in crate::staticfiles) fn omit_unhashed(
    writes: &mut [Write],
    manifest: &Manifest,
    there: &Destination,
) {
    let named: HashMap<&str, &str> = manifest.iter().collect();
    let stored: HashSet<&str> = named.values().copied().collect();
    let held: HashSet<&str> = there.objects.keys().map(Name::as_str).collect();
    for write in writes {
        let is_plain = matches!(write.kind, Kind::Collected | Kind::Intermediate);
        if is_plain && !stored.contains(write.name.as_str()) {
            let hashed = named.get(write.original.as_str());
            let is_new = hashed.is_none_or(|hashed| !held.contains(hashed));
            write.action = Action::Omitted { is_new };
        }
    }
}

/// Adds the compressed copies of `writes`, or puts them in the place of their originals. `is_coded`
/// says which files are coded already.
///
/// # Errors
/// A source that cannot be read; an encoder that fails; a copy whose name is too long.
pub(in crate::staticfiles) async fn add(
    mut writes: Vec<Write>,
    options: &CompressionOptions,
    before: &Before<'_>,
    learned: &mut Recall,
    is_coded: &(dyn Fn(&Write) -> bool + Sync),
) -> Result<Vec<Write>> {
    let (there, recall) = (before.there, before.recall);
    let targets: Vec<(usize, Md5Sum)> = writes
        .iter()
        .enumerate()
        .filter(|(_, write)| is_target(write, options) && !is_coded(write))
        .filter(|(_, write)| write.kind != Kind::Collected || !before.edited.contains(&write.name))
        .filter_map(|(index, write)| Some((index, write.md5?)))
        .collect();
    let mut made: HashMap<Md5Sum, Made> = HashMap::new();
    let mut jobs: HashMap<Md5Sum, WriteContent> = HashMap::new();
    let mut again = Vec::new();
    for (index, md5) in &targets {
        let write = &writes[*index];
        match known(*md5, options, recall) {
            Some(known) if are_there(write, &known, options, there, recall) => {
                again.extend(rewritten(write, *md5, &known, before.root));
                made.insert(*md5, known);
            }
            _ => {
                jobs.insert(*md5, write.content.clone());
            }
        }
    }
    let (mut bytes, new) = compress_all(jobs, options, before.counts.clone()).await?;
    made.extend(new);
    bytes.extend(read_again(again).await?);
    for (md5, copies) in &made {
        for (coding, copy) in copies {
            learned.add_coded(*md5, &key(*coding, options), *copy);
        }
    }
    let mut copies = Vec::new();
    for (index, md5) in targets {
        for (coding, copy) in made.get(&md5).into_iter().flatten() {
            let Some((size, copy_md5)) = *copy else {
                continue;
            };
            let content = match bytes.get(&(md5, *coding)) {
                Some(bytes) => WriteContent::Bytes(bytes.clone()),
                None => WriteContent::AsItIs { size },
            };
            let write = &mut writes[index];
            match options.compress_as {
                CompressAs::SideFiles => {
                    copies.push(side_file(write, *coding, content, copy_md5, there)?);
                }
                CompressAs::ContentEncoding => replace(write, *coding, content, copy_md5),
            }
        }
    }
    // A collected file of the same name as a copy gives way to it, as in WhiteNoise.
    writes.extend(copies);
    Ok(writes)
}

pub(in crate::staticfiles) fn is_target(write: &Write, options: &CompressionOptions) -> bool {
    let is_file = matches!(write.kind, Kind::Collected | Kind::Hashed { .. });
    is_file
        && !write.is_omitted()
        && compress::is_compressible(write.name.as_str(), write.content.size(), options)
}

/// Returns what is known of the copies of a content, if all of it is.
fn known(md5: Md5Sum, options: &CompressionOptions, recall: &Recall) -> Option<Made> {
    let codings = options.codings.iter();
    codings
        .map(|&coding| Some((coding, recall.coded(md5, &key(coding, options))?)))
        .collect()
}

/// What a copy is remembered by: whether it is worth it depends on which codings are tried before.
fn key(coding: Coding, options: &CompressionOptions) -> String {
    let codings: Vec<&str> = options
        .codings
        .iter()
        .map(|coding| coding.token())
        .collect();
    format!("{}@{}", coding.token(), codings.join(","))
}

/// Returns whether the destination has all copies of a file, so that their bytes are not needed.
fn are_there(
    write: &Write,
    known: &Made,
    options: &CompressionOptions,
    there: &Destination,
    recall: &Recall,
) -> bool {
    known.iter().all(|(coding, copy)| {
        let Some((size, md5)) = copy else {
            return true;
        };
        let name = match options.compress_as {
            CompressAs::SideFiles => name_of(write, *coding),
            CompressAs::ContentEncoding => Ok(write.name.clone()),
        };
        let Ok(name) = name else {
            return false;
        };
        let object = there.objects.get(&name);
        object.is_some_and(|object| {
            // Copies of two contents are often of one size: that tells nothing.
            let has_content = match &object.etag {
                Some(tag) => *tag == md5.to_string(),
                None => recall.made(name.as_str(), object) == Some(*md5),
            };
            object.size == *size && has_content
        })
    })
}

/// A copy that is there and right, of a file on a disk that is written once more.
struct Rewritten {
    /// Of the file.
    md5: Md5Sum,
    coding: Coding,
    path: PathBuf,
    /// Of the copy.
    copy_md5: Md5Sum,
}

/// Returns the copies that are to be written with their original: a copy that is older is not sent.
fn rewritten(write: &Write, md5: Md5Sum, known: &Made, root: Option<&Path>) -> Vec<Rewritten> {
    let Some(root) = root.filter(|_| write.action == Action::Copy && write.kind == Kind::Collected)
    else {
        return Vec::new();
    };
    let copies = known.iter().filter_map(|(coding, copy)| {
        let (_, copy_md5) = (*copy)?;
        let name = name_of(write, *coding).ok()?;
        Some(Rewritten {
            md5,
            coding: *coding,
            path: root.join(name.as_str()),
            copy_md5,
        })
    });
    copies.collect()
}

/// Reads copies that are written again. One that is another by now is left to the next run, which finds it.
async fn read_again(copies: Vec<Rewritten>) -> Result<HashMap<(Md5Sum, Coding), bytes::Bytes>> {
    parallel::on_the_blocking_pool(move || {
        let read = copies.into_iter().filter_map(|copy| {
            let content = fs::read(&copy.path).ok()?;
            let is_right = Md5Sum::of(&content) == copy.copy_md5;
            is_right.then(|| ((copy.md5, copy.coding), content.into()))
        });
        read.collect()
    })
    .await
}

/// Compresses each content once. Returns the copies that are worth it, and what is known of all.
async fn compress_all(
    jobs: HashMap<Md5Sum, WriteContent>,
    options: &CompressionOptions,
    counts: PhaseCounts,
) -> Result<(HashMap<(Md5Sum, Coding), bytes::Bytes>, Vec<(Md5Sum, Made)>)> {
    let options = options.clone();
    let jobs: Vec<(Md5Sum, WriteContent)> = jobs.into_iter().collect();
    parallel::on_the_blocking_pool(move || {
        let size = |(_, content): &(Md5Sum, WriteContent)| content.size();
        counts.expect(jobs.len());
        let variants = parallel::map_by_size(&jobs, size, |(md5, content)| {
            let variants = variants(*md5, content, &options);
            counts.done();
            variants
        });
        let mut bytes = HashMap::new();
        let mut made = Vec::new();
        for ((md5, _), variants) in jobs.iter().zip(variants) {
            let mut copies: Made = options
                .codings
                .iter()
                .map(|&coding| (coding, None))
                .collect();
            for variant in variants? {
                let copy = (variant.bytes.len() as u64, Md5Sum::of(&variant.bytes));
                for (coding, place) in &mut copies {
                    if *coding == variant.coding {
                        *place = Some(copy);
                    }
                }
                bytes.insert((*md5, variant.coding), variant.bytes);
            }
            made.push((*md5, copies));
        }
        Ok((bytes, made))
    })
    .await?
}

fn variants(
    md5: Md5Sum,
    content: &WriteContent,
    options: &CompressionOptions,
) -> Result<Vec<Variant>> {
    match content {
        WriteContent::Bytes(bytes) => compress::variants(bytes, options),
        WriteContent::Source {
            held: Some(bytes), ..
        } => compress::variants(bytes, options),
        WriteContent::Source { file, .. } | WriteContent::Link(file) => {
            let read = fs::read(&file.path).map_err(|error| unreadable(&file.path, error))?;
            if Md5Sum::of(&read) != md5 {
                let problem = format!("{:?} changed while it was being collected", file.path);
                return Err(
                    Error::new(ErrorKind::Content, problem).with_advice("run collectstatic again")
                );
            }
            compress::variants(&read, options)
        }
        WriteContent::AsItIs { .. } => Ok(Vec::new()),
    }
}

fn name_of(write: &Write, coding: Coding) -> Result<Name> {
    let name = format!("{}{}", write.name, coding.suffix());
    Name::new(&name).map_err(|error| {
        let problem = format!("{name:?} cannot be the name of a copy: {}", error.problem());
        Error::new(error.kind(), problem).with_advice("give the file a shorter name")
    })
}

fn side_file(
    write: &Write,
    coding: Coding,
    content: WriteContent,
    md5: Md5Sum,
    there: &Destination,
) -> Result<Write> {
    let name = name_of(write, coding)?;
    let is_hashed = matches!(write.kind, Kind::Hashed { .. });
    let kind = Kind::Compressed { is_hashed };
    let is_as_it_is = matches!(content, WriteContent::AsItIs { .. });
    Ok(Write {
        md5: Some(md5),
        coding: Some(coding),
        there: there.objects.get(&name).cloned(),
        action: match is_as_it_is {
            true => Action::Skip,
            false => Action::Copy,
        },
        ..Write::new(name, kind, write.original.clone(), content)
    })
}

/// Puts the copy in the place of its original.
fn replace(write: &mut Write, coding: Coding, content: WriteContent, md5: Md5Sum) {
    // What is there under the name tells nothing, not even a hash: it may not be coded.
    write.action = match content {
        WriteContent::AsItIs { .. } => Action::Skip,
        _ => Action::Copy,
    };
    write.content = content;
    write.md5 = Some(md5);
    write.coding = Some(coding);
}

/// Returns the names of the compressed copies of what the manifest names.
pub(in crate::staticfiles) fn names_of_hashed(
    writes: &[Write],
    manifest: &Manifest,
) -> HashSet<Name> {
    let stored: HashSet<&str> = manifest.iter().map(|(_, stored)| stored).collect();
    let is_named = |write: &&Write| {
        let suffix = write.coding.map(Coding::suffix).unwrap_or_default();
        let plain = write.name.as_str().strip_suffix(suffix);
        matches!(write.kind, Kind::Compressed { .. })
            && plain.is_some_and(|plain| stored.contains(plain))
    };
    let copies = writes.iter().filter(is_named);
    copies.map(|write| write.name.clone()).collect()
}
