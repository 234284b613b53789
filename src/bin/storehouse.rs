//! The command `storehouse`, with the drivers that Storehouse comes with.

fn main() {}
