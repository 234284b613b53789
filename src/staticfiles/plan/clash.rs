//! Names that a disk cannot hold side by side: `x` as a file, and `x/y`, for which `x` has to be a
//! folder. A bucket holds both; nothing here is for one.

use std::collections::{HashMap, HashSet};

use storehouse_storage::{Error, ErrorKind, Name, Result};

use crate::staticfiles::model::found::Found;

/// Splits files into those that fit on one disk and those that came too late: a file whose name is
/// the folder of one found before. Django takes the folder for the file, and leaves it as it is; under
/// its hashed name the file is there.
///
/// # Errors
/// A file that needs a folder where a file found before is. Django stops there too, half-way.
pub(in crate::staticfiles) fn without_clashes(
    wanted: Vec<Found>,
) -> Result<(Vec<Found>, Vec<Found>)> {
    let mut kept: Vec<Found> = Vec::with_capacity(wanted.len());
    let mut late = Vec::new();
    let mut folders: HashSet<String> = HashSet::new();
    let mut files: HashMap<Name, usize> = HashMap::with_capacity(wanted.len());
    for found in wanted {
        if folders.contains(found.name.as_str()) {
            late.push(found);
            continue;
        }
        // A folder that is known has been looked at, and all that it is in.
        for folder in folders_of(&found.name) {
            // One that is known was looked at, with all that it is in.
            if folders.contains(folder) {
                break;
            }
            if let Some(&file) = files.get(folder) {
                return Err(clash(&kept[file], &found));
            }
            folders.insert(folder.to_owned());
        }
        files.insert(found.name.clone(), kept.len());
        kept.push(found);
    }
    Ok((kept, late))
}

/// Returns which of the names that are `there` are files where one that is `written` needs a folder.
pub(in crate::staticfiles) fn in_the_way<'a>(
    there: impl Iterator<Item = &'a Name>,
    written: impl Iterator<Item = &'a Name>,
) -> HashSet<Name> {
    let folders: HashSet<&str> = written.flat_map(folders_of).collect();
    there
        .filter(|name| folders.contains(name.as_str()))
        .cloned()
        .collect()
}

/// The folders a name is in, innermost first.
fn folders_of(name: &Name) -> impl Iterator<Item = &str> {
    let name = name.as_str();
    name.rmatch_indices('/').map(|(end, _)| &name[..end])
}

fn clash(file: &Found, below: &Found) -> Error {
    let problem = format!(
        "{:?} is a file, and {:?} needs a folder of that name: a disk cannot hold both {:?} and {:?}",
        file.source.path,
        below.source.path,
        file.name.as_str(),
        below.name.as_str()
    );
    Error::new(ErrorKind::NotADirectory, problem)
        .with_advice("rename one of them, or leave it out with --ignore")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staticfiles::model::source_file::SourceFile;

    fn found(name: &str) -> Found {
        Found {
            name: Name::new(name).unwrap(),
            source: SourceFile {
                path: format!("/src/{name}").into(),
                relative: name.to_owned(),
                size: 1,
                modified: None,
                changed: None,
                inode: 0,
                is_linked: false,
            }
            .into(),
        }
    }

    #[test]
    fn a_file_that_is_named_like_a_folder_found_before_comes_too_late() {
        let wanted = ["a/b/c", "a/b", "a", "ab"].map(found).to_vec();

        let (kept, late) = without_clashes(wanted).unwrap();

        assert_eq!(kept, [found("a/b/c"), found("ab")]);
        assert_eq!(late, [found("a/b"), found("a")]);
    }

    #[test]
    fn a_file_below_a_file_found_before_is_an_error_that_names_both() {
        let error = without_clashes(["a", "x", "a/b/c"].map(found).to_vec()).unwrap_err();

        for path in ["\"/src/a\"", "\"/src/a/b/c\""] {
            assert!(error.to_string().contains(path), "{error}");
        }
    }

    #[test]
    fn only_files_where_a_folder_has_to_be_are_in_the_way() {
        let there = ["a", "a/b", "a/b/c", "ab"].map(|name| Name::new(name).unwrap());

        let written = ["a/b/c", "ab"].map(|name| Name::new(name).unwrap());

        let names = in_the_way(there.iter(), written.iter());

        let expected = ["a", "a/b"].map(|name| Name::new(name).unwrap());
        assert_eq!(names, HashSet::from(expected));
    }
}
