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

mod convert;
mod destination;
mod graph;
mod input;
mod names;
mod passes;
mod prepared;
mod problem;
mod processed;
mod rewriter;
mod settle;
#[cfg(test)]
mod tests;

use self::{
    destination::Contents,
    names::{disk_name, key_of},
    prepared::Prepared,
    rewriter::Rewriter,
};
pub(super) use self::{
    input::{Site, Source, SourceContent, is_adjustable},
    problem::Problem,
    processed::{HashedFile, Processed},
};

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
