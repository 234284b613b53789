//! The end of Django's passes, without the passes: every text is rewritten after those that it
//! refers to.
//!
//! # Cycles
//! Texts that refer to each other cannot each be named after a content that has the other's name.
//! They are named so (their references among each other have twelve zeros for a hash meanwhile):
//!
//! ```text
//! cycle  = MD5 of name NUL content NUL of each member, sorted by name
//! member = MD5 of content NUL cycle, the first twelve hex digits
//! ```
//!
//! So a name changes if and only if a content in the cycle, or something that the cycle refers to,
//! changes, and it does not depend on the order in which files are found.

use std::borrow::Cow;

use super::{
    graph::components,
    names::{disk_name, key_of},
    prepared::changed,
    processed::HashedFile,
    rewriter::{Outcome, Rewriter},
};
use crate::staticfiles::{
    manifest::hashed::FileHash,
    support::{
        md5::{Md5Sum, md5_hex},
        parallel,
    },
};

/// Rewrites all texts.
pub(super) fn settle(rewriter: &Rewriter<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    // Looks like any hash, so that the references found now are those found later.
    let placeholder = FileHash::default();
    let mut drafts = Vec::with_capacity(rewriter.texts.len());
    let mut edges = Vec::with_capacity(rewriter.texts.len());
    let mut sums = Vec::with_capacity(rewriter.texts.len());
    for draft in first_drafts(rewriter, &placeholder) {
        drafts.push(draft.text);
        sums.push(draft.sum);
        edges.push(draft.leads_to);
        outcome.problems.extend(draft.outcome.problems);
        outcome.unread.extend(draft.outcome.unread);
    }
    let mut settled = Settled {
        rewriter,
        placeholder,
        hashes: vec![None; drafts.len()],
        sums,
    };
    for mut members in components(&edges) {
        match members[..] {
            [only] if edges[only].is_empty() => settled.hash(only),
            [only] if !edges[only].contains(&only) => {
                drafts[only] = settled.rewrite(only);
                settled.sums[only] = sum(&drafts[only]);
                settled.hash(only);
            }
            _ => {
                members.sort_unstable_by_key(|&member| rewriter.texts[member].name);
                settled.hash_cycle(&members);
                for member in members {
                    drafts[member] = settled.rewrite(member);
                    settled.sums[member] = sum(&drafts[member]);
                }
            }
        }
    }
    let results = drafts.into_iter().zip(settled.hashes).zip(settled.sums);
    for (index, ((draft, hash), sum)) in results.enumerate() {
        let text = &rewriter.texts[index];
        let hash = hash.unwrap_or(text.hash);
        match rewriter.name_of(index, &hash) {
            Ok(name) => outcome.files.push(HashedFile {
                source: text.source,
                key: key_of(text.name),
                name,
                disk_name: disk_name(text.name, &hash),
                content: changed(draft).zip(sum),
                intermediate: Vec::new(),
            }),
            Err(problem) => outcome.problems.push(problem),
        }
    }
    outcome
}

/// A text before the names of others are known.
struct Draft<'a> {
    text: Cow<'a, str>,
    /// The MD5 of the text, if it was rewritten and refers to no other.
    sum: Option<Md5Sum>,
    /// The texts that it refers to.
    leads_to: Vec<usize>,
    outcome: Outcome,
}

/// Rewrites each text for itself, on all processors: this is where the time goes.
fn first_drafts<'a>(rewriter: &Rewriter<'a>, placeholder: &FileHash) -> Vec<Draft<'a>> {
    let indices: Vec<usize> = (0..rewriter.texts.len()).collect();
    let length = |&index: &usize| rewriter.texts[index].text.len() as u64;
    let mut drafts = parallel::map_by_size(&indices, length, |&index| {
        draft(rewriter, index, placeholder)
    });
    digest(&mut drafts);
    drafts
}

fn draft<'a>(rewriter: &Rewriter<'a>, index: usize, placeholder: &FileHash) -> Draft<'a> {
    let mut outcome = Outcome::default();
    let mut leads_to = Vec::new();
    let mut hash_of = |other| {
        leads_to.push(other);
        Some(*placeholder)
    };
    let text = rewriter.rewrite(index, &mut hash_of, &mut outcome);
    Draft {
        text,
        sum: None,
        leads_to,
        outcome,
    }
}

/// Digests what was rewritten for good.
fn digest(drafts: &mut [Draft<'_>]) {
    let is_final =
        |draft: &Draft<'_>| draft.leads_to.is_empty() && matches!(draft.text, Cow::Owned(_));
    let texts = drafts.iter().filter(|draft| is_final(draft));
    let texts: Vec<&[u8]> = texts.map(|draft| draft.text.as_bytes()).collect();
    let sums = Md5Sum::of_all(&texts);
    let drafts = drafts.iter_mut().filter(|draft| is_final(draft));
    for (draft, sum) in drafts.zip(sums) {
        draft.sum = Some(sum);
    }
}

/// The MD5 of a text, if it was rewritten.
#[expect(
    clippy::ptr_arg,
    reason = "whether it is borrowed tells whether it was rewritten"
)]
fn sum(draft: &Cow<'_, str>) -> Option<Md5Sum> {
    match draft {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(Md5Sum::of(text.as_bytes())),
    }
}

struct Settled<'a> {
    rewriter: &'a Rewriter<'a>,
    placeholder: FileHash,
    /// Of the texts that are settled.
    hashes: Vec<Option<FileHash>>,
    /// Of those of them that were rewritten.
    sums: Vec<Option<Md5Sum>>,
}

impl<'a> Settled<'a> {
    fn rewrite(&self, index: usize) -> Cow<'a, str> {
        let mut hash_of = |other: usize| {
            let hash = self.hashes[other].as_ref();
            Some(*hash.unwrap_or(&self.placeholder))
        };
        // What is wrong was noted when the references were first found.
        self.rewriter
            .rewrite(index, &mut hash_of, &mut Outcome::default())
    }

    fn hash(&mut self, index: usize) {
        self.hashes[index] = Some(match self.sums[index] {
            // As it was read.
            None => self.rewriter.texts[index].hash,
            Some(sum) => FileHash::of_sum(sum),
        });
    }

    fn hash_cycle(&mut self, members: &[usize]) {
        let contents: Vec<Cow<'_, str>> =
            members.iter().map(|&member| self.rewrite(member)).collect();
        let mut all = Vec::new();
        for (&member, content) in members.iter().zip(&contents) {
            for part in [self.rewriter.texts[member].name, content] {
                all.extend_from_slice(part.as_bytes());
                all.push(0);
            }
        }
        let cycle = md5_hex(&all);
        for (&member, content) in members.iter().zip(&contents) {
            let own = format!("{content}\0{cycle}");
            self.hashes[member] = Some(FileHash::of(own.as_bytes()));
        }
    }
}
