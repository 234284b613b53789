//! What differs between operating systems, under one set of names. Everything here works on open
//! folders and on single parts of a name; none of it walks a path.

use std::io;

use cap_std::fs::Dir;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;

/// Gives `from` the name `to` unless that is taken, in two steps: a second name, then no first.
fn link_exclusively(from_folder: &Dir, from: &str, to_folder: &Dir, to: &str) -> io::Result<()> {
    from_folder.hard_link(from, to_folder, to)?;
    // It has its name already. If the first stays, the next sweep finds it.
    from_folder.remove_file(from).or(Ok(()))
}
