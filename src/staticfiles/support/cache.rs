//! The folder where this user's programs keep what they can find out again, and files in it. What is
//! in them is the business of those who write them.
//!
//! ```text
//! $XDG_CACHE_HOME/storehouse/<kind>/<hash of the key>.json
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::md5::md5_hex;

/// Where what is remembered of `key` lies: in `$XDG_CACHE_HOME`, `~/.cache`, or what the system has
/// for it.
pub(in crate::staticfiles) fn place(kind: &str, key: &str) -> Option<PathBuf> {
    let folder = cache_folder(|name| std::env::var_os(name).map(PathBuf::from))?;
    let file = format!("{}.json", md5_hex(key.as_bytes()));
    Some(folder.join("storehouse").join(kind).join(file))
}

/// Writes a file all at once, with the folders that it is in.
///
/// # Errors
/// What writing gives.
pub(in crate::staticfiles) fn write_whole(place: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = place.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&unfinished, content).and_then(|()| fs::rename(&unfinished, place));
    written.inspect_err(|_| {
        // Nobody looks for it.
        let _ = fs::remove_file(&unfinished);
    })
}

fn cache_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let home = |below: &str| absolute("HOME").map(|home| home.join(below));
    absolute("XDG_CACHE_HOME").or_else(|| match () {
        () if cfg!(windows) => absolute("LOCALAPPDATA"),
        () if cfg!(target_os = "macos") => home("Library/Caches"),
        () => home(".cache"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn it_lies_in_the_cache_folder_of_the_user() {
        let folder = |set: &[(&str, &str)]| {
            let set: HashMap<&str, &str> = set.iter().copied().collect();
            cache_folder(|name| set.get(name).map(PathBuf::from))
        };

        assert_eq!(
            folder(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]),
            Some("/c".into())
        );
        // A relative one is to be ignored, by the XDG specification.
        assert_eq!(folder(&[("XDG_CACHE_HOME", "c")]), None);
        if cfg!(target_os = "linux") {
            assert_eq!(
                folder(&[("HOME", "/h")]).as_deref(),
                Some(Path::new("/h/.cache"))
            );
        }
    }
}
