//! Django's passes as they are, for the options with which what they write shows.
//!
//! `HashedFilesMixin.post_process`, 6.1: a first pass over all files, then up to
//! `max_post_process_passes` over those with references, until nothing changes; in each the files
//! that lie deepest come first.

use std::{borrow::Cow, cmp::Reverse};

use bytes::Bytes;
use storehouse_storage::Name;

use super::{
    destination::depth,
    names::{disk_name, key_of},
    prepared::changed,
    processed::HashedFile,
    rewriter::{Outcome, Rewriter},
};
use crate::{
    staticfiles::{manifest::hashed::FileHash, support::md5::Md5Sum},
    storages::ManifestOptions,
};

/// Makes the passes. `None` if names still change after the last: Django gives up there.
pub(super) fn simulate(rewriter: &Rewriter<'_>, options: &ManifestOptions) -> Option<Outcome> {
    let count = rewriter.texts.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&index| Reverse(depth(rewriter.texts[index].name)));
    let mut state = State {
        rewriter,
        keeps: options.keep_intermediate_files,
        hashes: vec![None; count],
        texts: vec![Cow::Borrowed(""); count],
        kept: vec![Vec::new(); count],
    };
    let mut outcome = Outcome::default();
    state.pass(&order, &mut outcome);
    let mut is_settled = options.max_post_process_passes == 0;
    for _ in 0..options.max_post_process_passes {
        // What is wrong is wrong in every pass.
        if !state.pass(&order, &mut Outcome::default()) {
            is_settled = true;
            break;
        }
    }
    if !is_settled {
        return None;
    }
    state.finish(&mut outcome);
    Some(outcome)
}

struct State<'a> {
    rewriter: &'a Rewriter<'a>,
    keeps: bool,
    hashes: Vec<Option<FileHash>>,
    texts: Vec<Cow<'a, str>>,
    /// What was written for each text under which hash, the latest last.
    kept: Vec<Vec<(FileHash, Bytes)>>,
}

impl State<'_> {
    /// Makes one pass, and returns whether it changed a name.
    fn pass(&mut self, order: &[usize], outcome: &mut Outcome) -> bool {
        let mut changed = false;
        for &index in order {
            let hashes = &self.hashes;
            let rewritten = self
                .rewriter
                .rewrite(index, &mut |other| hashes[other], outcome);
            let hash = FileHash::of(rewritten.as_bytes());
            let collected = &self.rewriter.texts[index].hash;
            let before = *self.hashes[index].as_ref().unwrap_or(collected);
            changed |= before != hash;
            if self.keeps {
                // Written under the name it had before, and then under the new one.
                let content = self.rewriter.texts[index].content(rewritten.clone());
                self.keep(index, before, content);
            }
            self.texts[index] = rewritten;
            self.hashes[index] = Some(hash);
        }
        changed
    }

    fn keep(&mut self, index: usize, hash: FileHash, content: Bytes) {
        let kept = &mut self.kept[index];
        kept.retain(|(other, _)| *other != hash);
        kept.push((hash, content));
    }

    fn finish(self, outcome: &mut Outcome) {
        let results = self.hashes.into_iter().zip(self.texts).zip(self.kept);
        for (index, ((hash, content), kept)) in results.enumerate() {
            let text = &self.rewriter.texts[index];
            let hash = hash.unwrap_or(text.hash);
            let intermediate: Result<Vec<(Name, Bytes)>, _> = kept
                .into_iter()
                .filter(|(other, _)| *other != hash)
                .map(|(hash, content)| Ok((self.rewriter.name_of(index, &hash)?, content)))
                .collect();
            let named = self.rewriter.name_of(index, &hash);
            match named.and_then(|name| Ok((name, intermediate?))) {
                Ok((name, intermediate)) => outcome.files.push(HashedFile {
                    source: text.source,
                    key: key_of(text.name),
                    name,
                    disk_name: disk_name(text.name, &hash),
                    content: changed(content).map(|content| {
                        let md5 = Md5Sum::of(&content);
                        (content, md5)
                    }),
                    intermediate,
                }),
                Err(problem) => outcome.problems.push(problem),
            }
        }
    }
}
