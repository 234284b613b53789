//! The proxy and the fake server, asked by hand over plain connections.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check reports by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use storehouse_test_support::{Action, FakeHttp, Proxy, Request, Response};

/// Sends a request that asks for the connection's end, and returns all that comes back.
fn ask(endpoint: &str, request: &str) -> String {
    let (line, body) = request.split_once('|').unwrap_or((request, ""));
    let mut stream = connect(endpoint);
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: signed.example\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn connect(endpoint: &str) -> TcpStream {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap()
}

/// Answers with the method, the target and the length of what it got.
fn echo() -> FakeHttp {
    FakeHttp::start(|request| {
        let body = format!(
            "{} {} {}",
            request.method,
            request.target,
            request.body.len()
        );
        Response::new(200).header("ETag", "\"1\"").body(body)
    })
}

fn any(_: &Request) -> bool {
    true
}

#[test]
fn what_no_rule_matches_is_passed_on_and_counted() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());

    let answer = ask(&proxy.endpoint(), "PUT /b/a%20b?x=1|body");

    assert!(
        answer.starts_with("HTTP/1.1 200 \r\nETag: \"1\"\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\nPUT /b/a%20b?x=1 4"), "{answer}");
    let requests = proxy.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("PUT", "/b/a%20b?x=1")
    );
    assert_eq!((request.body_length, request.answer_length), (4, 18));
    assert_eq!(
        (request.status, request.upstream_status),
        (Some(200), Some(200))
    );
    assert_eq!(proxy.most_waiting(), 1);
}

#[test]
fn the_host_that_was_signed_reaches_the_server() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());

    ask(&proxy.endpoint(), "GET /");

    assert_eq!(
        server.requests()[0].headers.get("host"),
        Some("signed.example")
    );
}

#[test]
fn each_action_gives_its_answer_and_tells_whether_the_server_was_asked() {
    let canned = Response::new(503).body("slow down");
    let elsewhere = "http://x.example/".to_owned();
    for (case, action, start, end, asked) in [
        (
            "respond",
            Action::Respond(canned.clone()),
            "HTTP/1.1 503",
            "slow down",
            false,
        ),
        (
            "redirect",
            Action::Redirect(elsewhere),
            "HTTP/1.1 307 \r\nLocation: http://x",
            "\n\r\n",
            false,
        ),
        ("lose the request", Action::LoseRequest, "", "", false),
        ("lose the answer", Action::LoseAnswer, "", "", true),
        (
            "replace",
            Action::Replace(canned),
            "HTTP/1.1 503",
            "slow down",
            true,
        ),
        (
            "cut",
            Action::CutBody(3),
            "HTTP/1.1 200 \r\nETag: \"1\"\r\nContent-Length: 7",
            "\n\r\nGET",
            true,
        ),
        (
            "delay",
            Action::Delay(Duration::from_millis(1)),
            "HTTP/1.1 200",
            "GET / 0",
            true,
        ),
    ] {
        let server = echo();
        let proxy = Proxy::start(&server.endpoint());
        proxy.when(any, action);

        let answer = ask(&proxy.endpoint(), "GET /");

        assert!(
            answer.starts_with(start) && answer.ends_with(end),
            "{case}: {answer:?}"
        );
        assert_eq!(answer.is_empty(), start.is_empty(), "{case}: {answer:?}");
        assert_eq!(server.requests().len(), usize::from(asked), "{case}");
        assert_eq!(
            proxy.requests()[0].upstream_status,
            asked.then_some(200),
            "{case}"
        );
        assert_eq!(proxy.unused_rules(), 0, "{case}");
    }
}

#[test]
fn a_rule_is_used_as_often_as_it_says_and_only_where_it_matches() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());
    proxy.when_times(
        2,
        |request| request.method == "PUT",
        Action::Respond(Response::new(500)),
    );
    proxy.when(
        |request| request.query("uploadId") == Some("7"),
        Action::Respond(Response::new(409)),
    );

    let statuses: Vec<_> = [
        "GET /",
        "PUT /",
        "PUT /",
        "PUT /",
        "POST /?uploadId=7",
        "POST /?uploadId=7",
    ]
    .iter()
    .map(|request| ask(&proxy.endpoint(), request)[9..12].to_owned())
    .collect();

    assert_eq!(statuses, ["200", "500", "500", "200", "409", "200"]);
}

#[test]
fn clearing_forgets_rules_and_requests() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());
    ask(&proxy.endpoint(), "GET /");
    proxy.when(any, Action::LoseAnswer);

    proxy.clear();

    assert_eq!((proxy.requests().len(), proxy.unused_rules()), (0, 0));
    assert!(ask(&proxy.endpoint(), "GET /").ends_with("GET / 0"));
}

#[test]
fn a_delay_is_waited() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());
    proxy.when(any, Action::Delay(Duration::from_millis(50)));
    let start = Instant::now();

    ask(&proxy.endpoint(), "GET /");

    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_head_keeps_the_length_and_has_no_body() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());

    let answer = ask(&proxy.endpoint(), "HEAD /");

    assert!(
        answer.contains("Content-Length: 8\r\n") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[test]
fn a_chunked_answer_stays_chunked() {
    let chunks = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    let server = FakeHttp::start(move |_| {
        Response::new(200)
            .header("Transfer-Encoding", "chunked")
            .body(chunks)
    });
    let proxy = Proxy::start(&server.endpoint());

    let answer = ask(&proxy.endpoint(), "GET /");

    assert!(
        answer.ends_with("\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        "{answer}"
    );
    assert_eq!(proxy.requests()[0].answer_length, 5);
}

#[test]
fn one_connection_carries_many_requests() {
    let server = echo();
    let proxy = Proxy::start(&server.endpoint());
    let mut connection = BufReader::new(connect(&proxy.endpoint()));

    for number in 0..3 {
        let request = format!(
            "PUT /{number} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        );
        connection.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            connection.read_line(&mut line).unwrap();
        }
        let mut body = [0; 8];
        connection.read_exact(&mut body).unwrap();

        assert_eq!(&body, format!("PUT /{number} 2").as_bytes());
    }
    assert_eq!(proxy.most_waiting(), 1);
}

#[test]
fn a_large_body_goes_both_ways() {
    let length = 9 << 20;
    let server = FakeHttp::start(|request| Response::new(200).body(request.body.clone()));
    let proxy = Proxy::start(&server.endpoint());

    let answer = ask(&proxy.endpoint(), &format!("PUT /|{}", "x".repeat(length)));

    assert!(answer.ends_with(&"x".repeat(length)));
    assert_eq!(proxy.requests()[0].answer_length, length as u64);
}

#[test]
fn an_answer_may_lie_about_its_length() {
    let server = FakeHttp::start(|_| {
        Response::new(200)
            .header("Content-Length", "99")
            .body("short")
    });

    let answer = ask(&server.endpoint(), "GET /");

    assert!(
        answer.contains("Content-Length: 99\r\n") && answer.ends_with("\r\n\r\nshort"),
        "{answer}"
    );
}

#[test]
fn a_handler_that_panics_ends_the_connection() {
    let server = FakeHttp::start(|request| panic!("no answer to {}", request.target));

    assert_eq!(ask(&server.endpoint(), "GET /"), "");
}

#[test]
fn a_dropped_server_ends_its_connections() {
    let server = echo();
    let endpoint = server.endpoint();
    let mut idle = connect(&endpoint);
    assert!(ask(&endpoint, "GET /").starts_with("HTTP/1.1 200"));

    drop(server);

    assert!(matches!(idle.read(&mut [0]), Ok(0) | Err(_)));
}
