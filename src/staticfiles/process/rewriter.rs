//! One file with its references rewritten, as far as the names of other files are known.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap};

use storehouse_storage::Name;

use super::references::{Reference, rewrite};
use super::{
    convert::{Refused, convert},
    destination::{Contents, depth},
    input::Site,
    names::{key_of, stored_as},
    prepared::{Prepared, Text},
    problem::{Problem, ProblemKind, shortened},
    processed::HashedFile,
};
use crate::staticfiles::{
    manifest::hashed::{FileHash, is_plain},
    support::python::{path::normpath, url::urlsplit},
};

/// What the references of a text were before they were rewritten, for messages: a later pattern may
/// match what an earlier one wrote, and a name with a hash, which may be a preliminary one, tells the
/// reader nothing.
#[derive(Default)]
struct Written {
    /// The last part of each URL that was written, and of the one in its place in the source.
    files: HashMap<String, String>,
}

impl Written {
    fn note(&mut self, url: &str, converted: &str) {
        let (from, to) = (file_of(url), file_of(converted));
        if from != to && !self.files.contains_key(to) {
            let original = self.files.get(from).map_or(from, String::as_str).to_owned();
            self.files.insert(to.to_owned(), original);
        }
    }

    /// Returns a text with the names that the source has.
    fn restored(&self, text: &str) -> String {
        let ends_name = |letter: char| "/\"'()?#=\n".contains(letter);
        let parts = text.split_inclusive(ends_name);
        let restored = parts.flat_map(|part| {
            let name = part.strip_suffix(ends_name).unwrap_or(part);
            let original = self.files.get(name).map_or(name, String::as_str);
            [original, &part[name.len()..]]
        });
        restored.collect()
    }
}

/// Returns the last part of a URL's path.
fn file_of(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url[..end].rsplit('/').next().unwrap_or_default()
}

/// Rewrites the texts of a run.
pub(super) struct Rewriter<'a> {
    pub(super) texts: &'a [Text<'a>],
    contents: &'a Contents<'a>,
    static_url: &'a str,
    /// What each key of the manifest names.
    keys: HashMap<String, Entry<'a>>,
}

/// What a key names.
#[derive(Clone, Copy)]
enum Entry<'a> {
    /// One of the texts.
    Text(usize),
    /// A copy, under this name.
    Copy(&'a Name),
    /// A file whose name is hashed already.
    Fixed,
}

/// What came of the texts.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) files: Vec<HashedFile>,
    pub(super) problems: Vec<Problem>,
    pub(super) unread: Vec<Name>,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        prepared: &'a Prepared<'a>,
        contents: &'a Contents<'a>,
        site: &'a Site<'a>,
    ) -> Self {
        let texts = prepared.texts.iter().enumerate();
        let mut keys: HashMap<String, Entry<'a>> = texts
            .map(|(index, text)| (key_of(text.name), Entry::Text(index)))
            .collect();
        for copied in &prepared.copies {
            let entry = match copied.hash {
                Some(_) => Entry::Copy(&copied.stored_as),
                None => Entry::Fixed,
            };
            keys.insert(key_of(copied.name), entry);
        }
        Self {
            texts: &prepared.texts,
            contents,
            static_url: site.static_url,
            keys,
        }
    }

    /// Returns a text with its references rewritten. `hash_of` says which hash another text is
    /// stored under; `None` looks at the collected file, as Django does before it has one.
    ///
    /// What is wrong goes to `outcome`, and the reference stays.
    pub(super) fn rewrite(
        &self,
        index: usize,
        hash_of: &mut dyn FnMut(usize) -> Option<FileHash>,
        outcome: &mut Outcome,
    ) -> Cow<'a, str> {
        let text = &self.texts[index];
        // A pattern may match what the one before wrote: these names count as there.
        let mut made = HashMap::new();
        let mut written = Written::default();
        rewrite(text.text, text.language, &mut |reference| {
            let mut stored = |clean: &str| self.stored_name(text.name, clean, hash_of, &mut made);
            match convert(text.name, reference.url, self.static_url, &mut stored) {
                Ok(Some(converted)) => {
                    written.note(reference.url, &converted);
                    Some(converted)
                }
                Ok(None) => None,
                Err(refused) => {
                    note(text, reference, refused, &written, outcome);
                    None
                }
            }
        })
    }

    /// Returns the name that a text with this hash is stored under.
    pub(super) fn name_of(&self, index: usize, hash: &FileHash) -> Result<Name, Problem> {
        let text = &self.texts[index];
        stored_as(text.name, hash).map_err(|kind| Problem::new(text.source, text.name, kind))
    }

    /// Django's `_stored_name`, for a reference in the file `from`.
    fn stored_name(
        &self,
        from: &str,
        clean: &str,
        hash_of: &mut dyn FnMut(usize) -> Option<FileHash>,
        made: &mut HashMap<String, FileHash>,
    ) -> Result<String, Refused> {
        let normal = normpath(clean);
        let entry = self.keys.get(&key_of(&normal));
        if matches!(entry, Some(Entry::Fixed)) {
            return Err(Refused::Fixed);
        }
        if !is_plain(&normal) && is_seen_late(&normal, from) {
            self.contents.hashed_name(&normal, from, made)?;
        }
        let stored = match entry {
            Some(Entry::Copy(name)) => return Ok(name.as_str().to_owned()),
            Some(Entry::Text(other)) => hash_of(*other).and_then(|hash| {
                let name = self.name_of(*other, &hash).ok()?.as_str().to_owned();
                made.insert(name.clone(), hash);
                Some(name)
            }),
            Some(Entry::Fixed) | None => None,
        };
        match stored {
            Some(stored) => Ok(stored),
            None => Ok(key_of(&self.contents.hashed_name(&normal, from, made)?)),
        }
    }
}

/// Returns whether Django comes to `name` after `from`, and so looks for the collected file first,
/// which it may not find under an odd name.
///
/// Of files that lie equally deep the order is that of the directory. There a name with a scheme
/// counts as late, any other as early.
fn is_seen_late(name: &str, from: &str) -> bool {
    match depth(name).cmp(&depth(from)) {
        Ordering::Less => true,
        Ordering::Equal => urlsplit(name).is_ok_and(|split| !split.scheme.is_empty()),
        Ordering::Greater => false,
    }
}

fn note(
    text: &Text<'_>,
    reference: &Reference<'_>,
    refused: Refused,
    written: &Written,
    outcome: &mut Outcome,
) {
    let why = match refused {
        Refused::Missing(name) => match written.restored(&name) {
            original if original == name => {
                format!("there is no static file {:?}", shortened(&name))
            }
            original => format!(
                "that is taken for a second reference to {:?}, as in Django; end the statement before it with a semicolon",
                shortened(&original)
            ),
        },
        Refused::Outside(name) => {
            format!("{:?} is outside of the static files", shortened(&name))
        }
        Refused::BadUrl => "that is no URL".to_owned(),
        Refused::Fixed => return,
        Refused::Unread(name) => {
            outcome.unread.extend(Name::new(name).ok());
            return;
        }
    };
    let kind = ProblemKind::Reference {
        line: reference.line,
        text: written.restored(reference.text),
        why,
    };
    outcome
        .problems
        .push(Problem::new(text.source, text.name, kind));
}
