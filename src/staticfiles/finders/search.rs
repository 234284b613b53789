//! Looking for one static file in all finders: Django's `finders.find`. It says where was looked,
//! and shows nothing.

use std::path::PathBuf;

use storehouse_storage::Result;

use super::Finder;

/// What one place of a finder has under a path.
#[derive(Debug)]
pub struct Searched {
    /// The folder.
    pub location: PathBuf,
    /// The file or folder found there, absolute.
    pub found: Result<Option<PathBuf>>,
}

/// How many matches are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matches {
    /// The one that `collectstatic` collects.
    First,
    /// Also those that it hides.
    All,
}

/// What was found, and where was looked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The files or folders found, in the order of the finders.
    pub matches: Vec<PathBuf>,
    /// Every folder that was searched, each once, in order: with [`Matches::First`] none after the
    /// one that had it.
    pub locations: Vec<PathBuf>,
}

/// Looks for `path` with all finders. It blocks while it looks at the disk.
///
/// # Errors
/// [`ErrorKind::InvalidName`](storehouse_storage::ErrorKind::InvalidName) for a path that leads out of
/// a place that is searched.
pub fn search(finders: &[Box<dyn Finder>], path: &str, wanted: Matches) -> Result<Search> {
    let mut search = Search::default();
    for searched in finders.iter().flat_map(|finder| finder.find(path)) {
        if !search.locations.contains(&searched.location) {
            search.locations.push(searched.location);
        }
        search.matches.extend(searched.found?);
        if wanted == Matches::First && !search.matches.is_empty() {
            break;
        }
    }
    Ok(search)
}

#[cfg(test)]
mod tests {
    use storehouse_storage::Error;

    use super::*;
    use crate::staticfiles::{model::found::Found, sources::ignore::IgnorePatterns};

    /// Finds at `/b` and `/c`, searches `/a` and `/b` first, and fails at `/d`.
    #[derive(Debug)]
    struct Fixed;

    impl Finder for Fixed {
        fn list(&self, _: &IgnorePatterns) -> Result<Vec<Found>> {
            Ok(Vec::new())
        }

        fn find(&self, path: &str) -> Vec<Searched> {
            let at = |location: &str, found| Searched {
                location: location.into(),
                found,
            };
            vec![
                at("/a", Ok(None)),
                at("/b", Ok(None)),
                at("/b", Ok(Some(format!("/b/{path}").into()))),
                at("/c", Ok(Some(format!("/c/{path}").into()))),
                at("/d", Err(Error::not_found())),
            ]
        }
    }

    #[test]
    fn the_first_match_ends_the_search() {
        let search = search(&[Box::new(Fixed)], "x", Matches::First).unwrap();

        assert_eq!(search.matches, [PathBuf::from("/b/x")]);
        assert_eq!(search.locations, ["/a", "/b"].map(PathBuf::from));
    }

    #[test]
    fn a_place_that_cannot_be_searched_fails_a_search_for_all() {
        search(&[Box::new(Fixed)], "x", Matches::All).unwrap_err();
    }
}
