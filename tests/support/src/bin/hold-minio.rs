//! Keeps the MinIO of the tests running, and says where it is, until its standard input ends.
//!
//! `cargo run -p storehouse-test-support --bin hold-minio` is a server to look at by hand. The
//! tests of the life cycle use it as a process that can be killed.

#![expect(clippy::print_stdout, reason = "a program")]

use std::io::{self, Read};

use storehouse_test_support::Minio;

fn main() -> io::Result<()> {
    let minio = Minio::get();
    println!("{}", minio.endpoint());
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}
