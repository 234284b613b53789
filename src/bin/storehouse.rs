//! The command `storehouse`, with the drivers that Storehouse comes with.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    storehouse::cli::run(env::args_os(), storehouse::storages::builtin())
}
