//! The example as a user has it: a file goes in by the form, and comes out at the URL it tells.

#![allow(clippy::unwrap_used, reason = "a check reports by panicking")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use storehouse_test_support::Running;

fn asked(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_file_goes_in_and_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "MEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n";
    fs::write(folder.path().join("storehouse.toml"), settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_upload-form"));
    let command = command.arg("127.0.0.1:0").current_dir(folder.path());
    let running = Running::start(command, "Listening at http://");
    let address = running.told().trim_end_matches('/');

    let page = asked(
        address,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert!(page.contains("multipart/form-data"), "{page}");
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../note.txt\"\r\n\r\nhello\r\n--b--\r\n";
    let answer = asked(
        address,
        &format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let told = answer.split("\r\n\r\n").nth(1).unwrap();
    let parts: Vec<&str> = told.split_whitespace().collect();
    let url = parts[0];
    assert!(
        url.starts_with("/media/uploads/2") && url.ends_with("/note.txt"),
        "{answer}"
    );
    assert_eq!(parts[1], "5", "{answer}");

    let file = asked(
        address,
        &format!("GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    );
    assert!(file.ends_with("\r\n\r\nhello"), "{file}");
    assert!(file.contains("x-content-type-options: nosniff"), "{file}");
}
