//! Files that the manifest does not list, with `manifest_strict = false`: finds and hashes them, as
//! Django's `HashedFilesMixin.hashed_name` does (6.1). It makes no URL, and remembers nothing.

use std::{fs, io, path::Path};

use storehouse_storage::{Error, ErrorKind, Name, Operation, Result, Storage};

use crate::staticfiles::{
    destination::etag::digest_object,
    manifest::hashed::FileHash,
    support::{md5::Md5Sum, python::path::normpath},
};

/// What can be done about a name that is not known.
pub(in crate::staticfiles) const ADVICE: &str = "run collectstatic, or correct the name";

/// Says that a file is not in the manifest, in Django's words.
pub(in crate::staticfiles) fn no_entry(key: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("missing staticfiles manifest entry for {key:?}"),
    )
    .with_advice(ADVICE)
}

/// Returns the hash of the file that a page names, if `storage` is a folder on this machine. It
/// blocks. A folder has no hash.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is no such file, or no such folder; what keeps it from being
/// read.
pub(in crate::staticfiles) fn hash_on_disk(
    storage: &dyn Storage,
    key: &str,
) -> Result<Option<FileHash>> {
    let Some(place) = place_of(key)? else {
        return Ok(None);
    };
    let Some(path) = storage.path(&place) else {
        let problem = format!(
            "missing staticfiles manifest entry for {key:?}, and to hash the file in {} takes a \
             request",
            storage.describe()
        );
        return Err(Error::new(ErrorKind::NotFound, problem)
            .with_advice("run collectstatic, or take url_or_hash"));
    };
    hash_file(&path).map_err(|error| {
        let error = Error::from_io(error);
        advised(error.during(Operation::Open, &storage.describe(), Some(place.as_str())))
    })
}

/// Returns the hash of the file that a page names, in any storage. A folder has no hash.
///
/// # Errors
/// As [`Storage::open`].
pub(in crate::staticfiles) async fn hash_in_storage(
    storage: &dyn Storage,
    key: &str,
) -> Result<Option<FileHash>> {
    let Some(place) = place_of(key)? else {
        return Ok(None);
    };
    match digest_object(storage, &place).await {
        Ok(md5) => Ok(Some(FileHash::of_sum(md5))),
        Err(error) if error.kind() == ErrorKind::IsADirectory => Ok(None),
        Err(error) => Err(advised(error)),
    }
}

/// Returns the name that a page's name means; `None` for the storage's top, which is a folder.
fn place_of(key: &str) -> Result<Option<Name>> {
    match normpath(key).as_str() {
        "." => Ok(None),
        place => Ok(Some(Name::new(place).map_err(|_| no_entry(key))?)),
    }
}

fn hash_file(path: &Path) -> io::Result<Option<FileHash>> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Ok(None);
    }
    if !metadata.is_file() {
        // A pipe would block for ever.
        return Err(io::ErrorKind::NotFound.into());
    }
    Md5Sum::of_file(path).map(|md5| Some(FileHash::of_sum(md5)))
}

fn advised(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => error.with_advice(ADVICE),
        _ => error,
    }
}
