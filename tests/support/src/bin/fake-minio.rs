//! A program with MinIO's command line and health check, and nothing behind.
//!
//! The tests of the life cycle put it on `PATH`, so that they need no MinIO. `GET /break-down` ends
//! it; `FAKE_MINIO_FAILS` in the environment keeps it from starting.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;

fn main() -> io::Result<()> {
    if env::var_os("FAKE_MINIO_FAILS").is_some() {
        return Err(io::Error::other("told to fail"));
    }
    let address = env::args()
        .skip_while(|argument| argument != "--address")
        .nth(1);
    let listener = TcpListener::bind(address.unwrap_or_default())?;
    for stream in listener.incoming() {
        let stream = stream?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        if line.starts_with("GET /break-down ") {
            break;
        }
        // Whoever has gone needs no answer.
        let _ =
            (&stream).write_all(b"HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    Ok(())
}
