//! From a file to a staged file in one job: small ones through memory, large ones by the system
//! where it can, as a reflink or at least without a detour. It gives nothing a name.

use std::{fs::File, io};

use storehouse_storage::{Error, ErrorKind, LocalFile, Result};

use crate::{
    jobs::{Abandoned, not_wanted},
    root::Root,
    staging::Stage,
    system,
};

/// What is read and written at once. Up to here this takes no longer than a copy by the system.
const BLOCK: u64 = 256 * 1024;
/// How much is copied before it is looked whether anybody still wants the copy.
const STEP: u64 = 64 * 1024 * 1024;

/// Copies a content that is a file. It has as many bytes as it says, or this is an error.
pub(crate) fn copy_local_file(
    file: &LocalFile,
    root: &Root,
    stage: &mut Stage,
    abandoned: Abandoned<'_>,
) -> Result<()> {
    let source = file.open()?;
    let end = file.length().saturating_add(u64::from(file.must_end()));
    let copied = copy(&source, end, root, stage, abandoned)?;
    if copied == file.length() {
        return Ok(());
    }
    let length = file.length();
    let problem = match copied < length {
        true => format!("the file has {copied} bytes, {length} were expected"),
        false => format!("the file has more than the {length} bytes that were expected"),
    };
    Err(Error::new(ErrorKind::Content, problem).with_advice("did it change meanwhile?"))
}

/// Copies the first `end` bytes of `source`, or all that there are, and returns how many that were.
pub(crate) fn copy(
    source: &File,
    end: u64,
    root: &Root,
    stage: &mut Stage,
    abandoned: Abandoned<'_>,
) -> Result<u64> {
    let mut at = 0;
    let mut by_system = end > BLOCK + 1;
    let mut block = Vec::new();
    while at < end {
        if abandoned() {
            return Err(not_wanted());
        }
        if by_system {
            let copied = system::copy_range(source, at, stage.file(), STEP.min(end - at));
            let copied = copied.unwrap_or_default();
            at += copied;
            // Is it the end, or does it not work here? Reading and writing tell.
            by_system = copied > 0;
            continue;
        }
        // A content of up to a block is one read, also where its end has to be seen.
        let most = usize::try_from((end - at).min(BLOCK + 1)).unwrap_or_default();
        block.resize(most, 0);
        let count = system::read_at(source, &mut block, at).map_err(not_readable)?;
        if count == 0 {
            break;
        }
        let written = stage.write(&block[..count]);
        written.map_err(|error| root.staging_error(error))?;
        at += count as u64;
    }
    Ok(at)
}

fn not_readable(error: io::Error) -> Error {
    let problem = format!("the content could not be read: {error}");
    Error::new(ErrorKind::Content, problem).with_source(error)
}
