//! The folders that finders look in.

use std::path::PathBuf;

use crate::staticfiles::Finder;

/// The folders that finders look in, each with the setting that says so.
pub(super) fn locations(finders: &[Box<dyn Finder>]) -> Vec<(&str, PathBuf)> {
    let of_finder = |finder: &'_ dyn Finder| finder.find("").into_iter();
    let all = finders.iter().flat_map(|finder| {
        of_finder(&**finder).map(|searched| (finder.setting(), searched.location))
    });
    all.collect()
}
