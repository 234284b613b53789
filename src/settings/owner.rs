//! Whether a settings file that was found, and that nobody has named, is the user's own. A settings file
//! says which programs are run (`PYTHON`) and where files go, so that of another user, in a folder where
//! everybody can write, would act as whoever runs a command there.
//!
//! The rule is git's of `safe.directory`: the owner is the user or root, or with `sudo` the user who
//! called it.

use std::{fs, path::Path};

use storehouse_storage::Result;

/// The variable in which `sudo` tells who called it.
pub(super) const CALLER_VARIABLE: &str = "SUDO_UID";

/// Refuses a file that belongs to somebody else. `opened` is what the system tells of the file that was
/// opened, `caller` the user who called `sudo`.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration), with the owner.
#[cfg(unix)]
pub(super) fn refuse_foreign(
    path: &Path,
    shown: &str,
    opened: &fs::Metadata,
    caller: Option<u32>,
) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    use storehouse_storage::Error;

    let user = rustix::process::geteuid().as_raw();
    // A link is as good as the file: relative paths start where the link is.
    let link = fs::symlink_metadata(path).map(|link| link.uid()).ok();
    let owners = [Some(opened.uid()), link];
    let foreign = owners
        .into_iter()
        .flatten()
        .find(|owner| !is_trusted(*owner, user, caller));
    let Some(owner) = foreign else { return Ok(()) };
    let problem = format!(
        "the settings file {shown} was found here or in a parent folder, and belongs to another user (uid {owner})"
    );
    Err(Error::configuration(problem).with_advice(format!(
        "if you trust it, name it: --settings {}",
        path.display()
    )))
}

/// Other systems do not tell an owner by a number.
#[cfg(not(unix))]
pub(super) fn refuse_foreign(
    _path: &Path,
    _shown: &str,
    _opened: &fs::Metadata,
    _caller: Option<u32>,
) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_trusted(owner: u32, user: u32, caller: Option<u32>) -> bool {
    const ROOT: u32 = 0;
    owner == user || owner == ROOT || (user == ROOT && caller == Some(owner))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_trusted_by_its_owner() {
        for (case, owner, user, caller, trusted) in [
            ("the user's own", 1000, 1000, None, true),
            ("root's", 0, 1000, None, true),
            ("another user's", 1001, 1000, None, false),
            ("a user's, for root", 1000, 0, None, false),
            ("the caller's of sudo", 1000, 0, Some(1000), true),
            (
                "another's than the caller's of sudo",
                1001,
                0,
                Some(1000),
                false,
            ),
            (
                "what anybody may set, without sudo",
                1001,
                1000,
                Some(1001),
                false,
            ),
        ] {
            assert_eq!(is_trusted(owner, user, caller), trusted, "{case}");
        }
    }
}
