//! The command `storehouse` with one driver more: every subcommand and every setting knows it.

fn main() -> std::process::ExitCode {
    let mut registry = storehouse::storages::builtin();
    registry.register(third_party_driver::driver());
    storehouse::cli::run(std::env::args_os(), registry)
}
