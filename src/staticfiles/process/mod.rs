//! Post-processing: hashed names for all files, and references in CSS and JavaScript that follow
//! them. Values in, values out: it reads no file and writes none.
//!
//! The result is that of Django 6.1's `HashedFilesMixin.post_process`, byte for byte, for every
//! input that Django accepts. Django processes all files again and again until no name changes.
//! Here each file is processed once, after all that it refers to; that is the same, since a name
//! that no longer changes is one made of names that no longer change. Three things are not the same
//! by themselves:
//!
//! - **Passes that show.** With `keep_intermediate_files` Django keeps what each pass wrote, and
//!   with `max_post_process_passes = 0` what the first one wrote. Then the passes are made here too.
//! - **Cycles.** Files that refer to each other never settle, and Django gives up. Here each gets a
//!   hash of its own content and of all contents of its cycle (see `settle.rs`).
//! - **Long chains.** Django gives up on some, by the order of directories. Here they succeed.
//!
//! A file whose name is hashed already (`already_hashed`) is stored as it is, since its name tells
//! its bytes: its references are not followed, and a reference to it stays as it is written.
//!
//! A reference with a query to a file that is itself rewritten names the hash of the file before
//! that, as Django does: there is no such file, and there never was.

pub(super) mod references;

use std::{borrow::Cow, collections::HashMap};

use bytes::Bytes;
use simdutf8::compat::from_utf8;
use storehouse_storage::Name;

mod convert;
mod destination;
mod graph;
mod passes;
mod problem;
mod rewriter;
mod settle;
#[cfg(test)]
mod tests;

pub(super) use self::problem::Problem;
use self::references::Language;
use self::{destination::Contents, problem::ProblemKind, rewriter::Rewriter};
use crate::staticfiles::{
    manifest::hashed::{FileHash, hashed_name},
    support::{md5::Md5Sum, parallel},
};
use crate::storages::ManifestOptions;

/// A collected file, as the processing needs it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// What Django calls it: with the prefix of its folder, and with every `\` it has.
    pub(super) name: String,
    /// What it is called in the destination.
    pub(super) collected_as: Name,
    /// Its content.
    pub(super) content: SourceContent,
}

/// The content of a source.
#[derive(Debug, Clone)]
pub(super) enum SourceContent {
    /// All of it and its hash, for a file whose references are followed ([`is_adjustable`]).
    Text(Bytes, FileHash),
    /// Its hash, for any other.
    Hash(FileHash),
    /// Nothing is needed of it: its name is hashed already, and stays.
    Fixed,
}

/// What the processing has to know beside the sources.
#[derive(Debug)]
pub(super) struct Site<'a> {
    /// STATIC_URL.
    pub(super) static_url: &'a str,
    /// The options of hashed names.
    pub(super) options: &'a ManifestOptions,
    /// What is in the destination already, from earlier runs too, with its hash where it is known.
    pub(super) there: &'a HashMap<Name, Option<FileHash>>,
    /// Whether the destination has folders, which a reference may name.
    pub(super) has_folders: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Processed {
    /// One for each source without a problem of its own, in the order of the sources.
    pub(super) files: Vec<HashedFile>,
    /// What is wrong, in the order of the sources.
    pub(super) problems: Vec<Problem>,
    /// Files of earlier runs that are referred to and whose hash is not known. If there are any,
    /// the rest is not complete.
    pub(super) unread: Vec<Name>,
}

/// A file under its hashed name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HashedFile {
    /// Which source it is made of.
    pub(super) source: usize,
    /// Its key in the manifest.
    pub(super) key: String,
    /// Its name in the destination: the value in the manifest.
    pub(super) name: Name,
    /// Its name on a disk, where that is one that only a disk can hold (with a `\`).
    pub(super) disk_name: Option<String>,
    /// Its content and the MD5 of that, where it is not that of the source.
    pub(super) content: Option<(Bytes, Md5Sum)>,
    /// What passes wrote under other names before.
    pub(super) intermediate: Vec<(Name, Bytes)>,
}

/// Returns whether references in the file `name` are followed: Django's `*.css` and `*.js`.
pub(super) fn is_adjustable(name: &str) -> bool {
    name.ends_with(".css") || name.ends_with(".js")
}

/// Processes all files of a run.
pub(super) fn process(sources: &[Source], site: &Site<'_>) -> Processed {
    let mut processed = Processed::default();
    let prepared = Prepared::new(sources, site.options, &mut processed.problems);
    let contents = Contents::new(sources, &prepared, site);
    let rewriter = Rewriter::new(&prepared, &contents, site);
    let shows_passes =
        site.options.keep_intermediate_files || site.options.max_post_process_passes == 0;
    let simulated = shows_passes.then(|| passes::simulate(&rewriter, site.options));
    let outcome = match simulated.flatten() {
        Some(outcome) => outcome,
        None => settle::settle(&rewriter),
    };
    processed.unread = outcome.unread;
    processed.problems.extend(outcome.problems);
    for copied in &prepared.copies {
        processed.files.push(HashedFile {
            source: copied.source,
            key: key_of(copied.name),
            name: copied.stored_as.clone(),
            disk_name: copied.hash.and_then(|hash| disk_name(copied.name, hash)),
            content: None,
            intermediate: Vec::new(),
        });
    }
    processed.files.extend(outcome.files);
    processed.files.sort_by_key(|file| file.source);
    processed.problems.sort_by_key(|problem| problem.source);
    processed
}

/// Django's `clean_name`: the key of a file in the manifest.
fn key_of(name: &str) -> String {
    name.replace('\\', "/")
}

/// The sources, sorted by what is done with them.
struct Prepared<'s> {
    /// Files whose references are followed.
    texts: Vec<Text<'s>>,
    /// Files that are stored as they are, under their hashed names.
    copies: Vec<Copied<'s>>,
}

/// A file that is stored as it is, under its hashed name.
struct Copied<'s> {
    source: usize,
    name: &'s str,
    /// None for a file whose name is hashed already.
    hash: Option<&'s FileHash>,
    stored_as: Name,
}

impl Text<'_> {
    /// Returns a rewritten form of the text as it is written.
    fn content(&self, rewritten: Cow<'_, str>) -> Bytes {
        changed(rewritten).unwrap_or_else(|| self.bytes.clone())
    }
}

/// Returns the content of a text if it is not what was read.
fn changed(rewritten: Cow<'_, str>) -> Option<Bytes> {
    match rewritten {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(Bytes::from(text)),
    }
}

/// A file whose references are followed.
struct Text<'s> {
    source: usize,
    name: &'s str,
    text: &'s str,
    /// The text, to be handed on where it stays as it is.
    bytes: &'s Bytes,
    language: Language,
    /// The hash of the text as it is collected.
    hash: FileHash,
}

impl<'s> Prepared<'s> {
    fn new(sources: &'s [Source], options: &ManifestOptions, problems: &mut Vec<Problem>) -> Self {
        let mut prepared = Self {
            texts: Vec::new(),
            copies: Vec::new(),
        };
        let text = |source: &'s Source| match &source.content {
            SourceContent::Text(bytes, _) => &bytes[..],
            SourceContent::Hash(_) | SourceContent::Fixed => &[],
        };
        let texts: Vec<&[u8]> = sources.iter().map(text).collect();
        let texts =
            parallel::map_by_size(&texts, |text| text.len() as u64, |&text| from_utf8(text));
        for (index, (source, text)) in sources.iter().zip(texts).enumerate() {
            let mut refuse = |kind| problems.push(Problem::new(index, &source.name, kind));
            match &source.content {
                SourceContent::Text(bytes, hash) => match text {
                    Ok(text) => prepared.texts.push(Text {
                        source: index,
                        name: &source.name,
                        text,
                        bytes,
                        language: language(&source.name, options),
                        hash: *hash,
                    }),
                    Err(error) => refuse(ProblemKind::NotUtf8 {
                        offset: error.valid_up_to(),
                    }),
                },
                SourceContent::Hash(hash) => match stored_as(&source.name, hash) {
                    Ok(stored_as) => prepared.copies.push(Copied {
                        source: index,
                        name: &source.name,
                        hash: Some(hash),
                        stored_as,
                    }),
                    Err(kind) => refuse(kind),
                },
                SourceContent::Fixed => prepared.copies.push(Copied {
                    source: index,
                    name: &source.name,
                    hash: None,
                    stored_as: source.collected_as.clone(),
                }),
            }
        }
        prepared
    }
}

fn language(name: &str, options: &ManifestOptions) -> Language {
    match (
        name.ends_with(".css"),
        options.support_js_module_import_aggregation,
    ) {
        (true, _) => Language::Css,
        (false, false) => Language::Js,
        (false, true) => Language::JsModules,
    }
}

/// Returns where a content of the file `name` is stored.
fn stored_as(name: &str, hash: &FileHash) -> Result<Name, ProblemKind> {
    let hashed = hashed_name(name, hash).map_err(|_| ProblemKind::NameIsNoUrl)?;
    Name::new(&hashed).map_err(|error| ProblemKind::HashedName {
        hashed,
        why: error.problem().to_owned(),
    })
}

/// Returns Django's name for a file on a disk, if no storage can have it: a `\` in it stays there,
/// and is a `/` everywhere else.
fn disk_name(name: &str, hash: &FileHash) -> Option<String> {
    if !name.contains('\\') {
        return None;
    }
    hashed_name(name, hash)
        .ok()
        .filter(|hashed| hashed.contains('\\'))
}
