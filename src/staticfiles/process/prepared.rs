//! The sources, sorted by what is done with them.

use std::borrow::Cow;

use bytes::Bytes;
use simdutf8::compat::from_utf8;
use storehouse_storage::Name;

use super::{
    input::{Source, SourceContent},
    names::stored_as,
    problem::{Problem, ProblemKind},
    references::Language,
};
use crate::{
    staticfiles::{manifest::hashed::FileHash, support::parallel},
    storages::ManifestOptions,
};

/// The sources, sorted by what is done with them.
pub(super) struct Prepared<'s> {
    /// Files whose references are followed.
    pub(super) texts: Vec<Text<'s>>,
    /// Files that are stored as they are, under their hashed names.
    pub(super) copies: Vec<Copied<'s>>,
}

impl<'s> Prepared<'s> {
    pub(super) fn new(
        sources: &'s [Source],
        options: &ManifestOptions,
        problems: &mut Vec<Problem>,
    ) -> Self {
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

/// A file that is stored as it is, under its hashed name.
pub(super) struct Copied<'s> {
    pub(super) source: usize,
    pub(super) name: &'s str,
    /// None for a file whose name is hashed already.
    pub(super) hash: Option<&'s FileHash>,
    pub(super) stored_as: Name,
}

impl Text<'_> {
    /// Returns a rewritten form of the text as it is written.
    pub(super) fn content(&self, rewritten: Cow<'_, str>) -> Bytes {
        changed(rewritten).unwrap_or_else(|| self.bytes.clone())
    }
}

/// A file whose references are followed.
pub(super) struct Text<'s> {
    pub(super) source: usize,
    pub(super) name: &'s str,
    pub(super) text: &'s str,
    /// The text, to be handed on where it stays as it is.
    pub(super) bytes: &'s Bytes,
    pub(super) language: Language,
    /// The hash of the text as it is collected.
    pub(super) hash: FileHash,
}

/// Returns the content of a text if it is not what was read.
pub(super) fn changed(rewritten: Cow<'_, str>) -> Option<Bytes> {
    match rewritten {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(Bytes::from(text)),
    }
}

pub(super) fn language(name: &str, options: &ManifestOptions) -> Language {
    match (
        name.ends_with(".css"),
        options.support_js_module_import_aggregation,
    ) {
        (true, _) => Language::Css,
        (false, false) => Language::Js,
        (false, true) => Language::JsModules,
    }
}
