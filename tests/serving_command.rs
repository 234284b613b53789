//! `storehouse serve` as a command: where it listens, what it says and logs, how it ends, and what keeps it
//! from starting.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    server::{Answer, Server, connect, request},
    serving::{MIB, NO_NAMES, SETTINGS},
    site::Site,
};

#[test]
fn what_is_under_way_ends_before_the_server_does() {
    let site = Site::new(SETTINGS);
    site.write("media/film.mp4", vec![b'x'; 24 * MIB]);
    site.write("static/staticfiles.json", NO_NAMES);
    // At a port another test could listen once this server does not.
    let socket = site.path("socket");
    let place = format!("unix:{}", socket.display());
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut server = Server::start(&site, &["--listen", &place]);
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream
            .write_all(&request("GET", "/media/film.mp4", &[]))
            .unwrap();
        let mut answer = Answer::read_head(&mut stream).unwrap();

        server.signal(signal);
        // Nobody else gets in once it has heard.
        let deadline = Instant::now() + Duration::from_secs(10);
        while UnixStream::connect(&socket).is_ok() {
            assert!(Instant::now() < deadline, "it still listens");
        }
        assert!(
            server.child.try_wait().unwrap().is_none(),
            "it did not wait"
        );
        stream.read_to_end(&mut answer.body).unwrap();

        assert_eq!(answer.body.len(), 24 * MIB);
        assert_eq!(server.child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn it_listens_at_a_socket_and_takes_the_place_of_one_that_was_killed() {
    let site = Site::new(SETTINGS);
    site.write("assets/a.txt", "here");
    let place = format!("unix:{}", site.path("socket").display());
    let start = || Server::start(&site, &["--env", "dev", "--listen", &place]);
    let get = || {
        let mut stream = UnixStream::connect(site.path("socket")).unwrap();
        stream
            .write_all(&request("GET", "/static/a.txt", &[]))
            .unwrap();
        Answer::read(&mut stream, false).unwrap().text()
    };

    let killed = start();
    assert_eq!(get(), "here");
    drop(killed);
    assert!(site.path("socket").exists(), "it was killed");
    let server = start();
    assert_eq!(get(), "here");
    let ran = site
        .run(&["serve", "--env", "dev", "--listen", &place])
        .failed(1);
    ran.tells(&["cannot listen at", "another program does"]);
    assert_eq!(get(), "here");
    assert_eq!(server.stop("-TERM").0, 143);
    assert!(!site.path("socket").exists(), "the socket stayed");
}

#[test]
fn the_log_has_a_line_for_each_answer_and_no_secret() {
    let site = Site::new(SETTINGS);
    site.write("assets/a.txt", "here");
    let server = Server::start(&site, &["--env", "dev"]);

    server.get_with(
        "/static/a.txt?signature=canary",
        &["Cookie: canary", "Referer: canary"],
    );
    server.get("/static/%1b[2J%0Afake");
    let (_, told) = server.stop("-TERM");

    assert!(
        told.contains("\"GET /static/a.txt HTTP/1.1\" 200 4\n"),
        "{told}"
    );
    assert!(
        told.contains("\"GET /static/%1b[2J%0Afake HTTP/1.1\" 404 14\n"),
        "{told}"
    );
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    let site = Site::new(SETTINGS);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, code, parts) in [
        ("0", 1, "staticfiles.json|run collectstatic first"),
        ("x --env dev", 1, "\"x\" is no address"),
        (
            &format!("{taken} --env dev"),
            1,
            "cannot listen|another program does",
        ),
        ("--tls-cert x", 2, "--tls-key"),
        (
            "--env dev --tls-cert x --tls-key y",
            1,
            "the certificate x cannot be read",
        ),
        ("1 --listen 2", 2, "--listen"),
        (
            "0 --env dev --set STATIC_URL= --set MEDIA_URL=",
            1,
            "there is nothing to serve",
        ),
        (
            "0 --env dev --set STATIC_URL=https://cdn.example/ --set MEDIA_URL=",
            1,
            "there is nothing to serve",
        ),
    ] {
        let all: Vec<&str> = ["serve"].into_iter().chain(arguments.split(' ')).collect();

        let ran = site.run(&all).failed(code);

        ran.tells(&parts.split('|').collect::<Vec<_>>());
    }
}

#[test]
fn with_json_each_line_is_an_event() {
    let site = Site::new(SETTINGS);
    site.write("assets/a.txt", "here");
    let server = Server::start(&site, &["--env", "dev", "--json"]);

    assert_eq!(server.get("/static/a.txt?signature=canary").text(), "here");
    assert_eq!(server.get("/static/%1b").status, 404);
    let (code, told) = server.stop("-TERM");

    assert_eq!(code, 143, "{told}");
    let events: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let answered = |path: &str, status: u16, bytes: u64| json!({ "event": "answered", "method": "GET", "path": path, "status": status, "bytes": bytes });
    assert_eq!(
        events,
        [
            answered("/static/a.txt", 200, 4),
            answered("/static/%1b", 404, 14)
        ]
    );
}

#[test]
fn with_verbosity_0_it_serves_and_says_nothing() {
    let site = Site::new(SETTINGS);
    site.write("assets/a.txt", "here");
    let socket = site.path("socket");
    let place = format!("unix:{}", socket.display());
    let mut command = site.command(&["serve", "--env", "dev", "-v", "0", "--listen", &place]);
    let out = fs::File::create(site.path("out")).unwrap();
    let child = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap();
    let server = Server::listening_at(&place, child);

    // It does not say when it listens.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut stream = loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "in vain: {error}"),
        }
        std::thread::yield_now();
    };
    stream
        .write_all(&request("GET", "/static/a.txt", &[]))
        .unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().text(), "here");

    assert_eq!(server.stop("-TERM"), (143, String::new()));
    assert_eq!(site.read("out"), "");
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_told() {
    let site = Site::new(SETTINGS);
    let place = format!("unix:{}", site.path(&"long".repeat(30)).display());

    let ran = site
        .run(&["serve", "--env", "dev", "--listen", &place])
        .failed(1);

    ran.tells(&["cannot listen at", "take a shorter one"]);
}

#[test]
fn advice_for_a_socket_is_not_given_for_an_address() {
    let site = Site::new(SETTINGS);

    // The scope of the address is missing.
    let ran = site
        .run(&["serve", "--env", "dev", "[fe80::1]:8123"])
        .failed(1);

    ran.tells(&["cannot listen at [fe80::1]:8123"]);
    assert!(!ran.err.contains("path"), "{}", ran.err);
}

#[test]
fn a_log_that_nobody_reads_stops_nothing_and_nothing_of_it_is_lost() {
    // More than a pipe holds.
    const REQUESTS: usize = 3000;
    let site = Site::new(SETTINGS);
    site.write("assets/a.txt", "here");
    let mut child = site
        .command(&["serve", "0", "--env", "dev"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line = line.unwrap();
        let address = line.strip_prefix("Listening at http://")?;
        Some(address.trim_end_matches('/').to_owned())
    });
    let address = address.unwrap();
    // It is not read before the server has answered all.
    let stderr = child.stderr.take().unwrap();
    for _ in 0..REQUESTS {
        let mut stream = connect(&address);
        stream
            .write_all(&request("GET", "/static/a.txt", &[]))
            .unwrap();
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    }

    let reading = std::thread::spawn(move || {
        let told = BufReader::new(stderr).lines().map(Result::unwrap);
        told.filter(|line| line.ends_with("\"GET /static/a.txt HTTP/1.1\" 200 4"))
            .count()
    });
    let mut kill = Command::new("kill");
    assert!(
        kill.args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    child.wait().unwrap();

    assert_eq!(reading.join().unwrap(), REQUESTS);
}

#[test]
fn a_storage_that_is_not_served_keeps_nothing_from_starting() {
    let only_media = "MEDIA_URL = \"/media/\"\nMEDIA_ROOT = \"media\"\n[STORAGES.default]\nBACKEND = \"filesystem\"\n";
    let only_static = "STATIC_URL = \"/static/\"\nSTATIC_ROOT = \"out\"\n[STORAGES]\nstaticfiles.BACKEND = \"filesystem\"\n";
    for (settings, flags, file, path) in [
        (
            only_media.to_owned(),
            &["--nostatic"][..],
            "media/a.txt",
            "/media/a.txt",
        ),
        (only_static.to_owned(), &[], "out/a.txt", "/static/a.txt"),
        (
            format!("{only_static}default.BACKEND = \"foo://x\"\n"),
            &[],
            "out/a.txt",
            "/static/a.txt",
        ),
    ] {
        let site = Site::new(&settings);
        site.write(file, "here");

        let server = Server::start(&site, flags);

        assert_eq!(server.get(path).body, b"here", "{settings}");
    }
}
