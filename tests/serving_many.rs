//! `storehouse serve` with few open files, and clients of HTTP/2 that ask for many and take none.

use std::{fs, process::Command, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    server::Server,
    serving::{MIB, SETTINGS},
    site::Site,
};

/// How many files the server may have open.
const OPEN_FILES: usize = 256;
const CONNECTIONS: usize = 9;
const STREAMS: usize = 128;
/// A file of its own, and its part of those that are shared.
const FILES_EACH: usize = 1 + 2;

type Client = SendRequest<Empty<Bytes>>;

/// Starts the server as a process that may have so many files open, and no more if it asks.
fn start(site: &Site) -> Server {
    let command = site.command(&["serve", "0", "--env", "dev"]);
    let mut limited = Command::new("sh");
    limited
        .args([
            "-c",
            &format!("ulimit -n {OPEN_FILES} && exec \"$@\""),
            "sh",
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            limited.env(name, value);
        }
    }
    Server::start_command(limited)
}

/// Connects a client that answers PINGs, and lets `window` bytes of each answer be sent before it reads.
async fn connected(server: &Server, window: u32) -> Client {
    let stream = TcpStream::connect(&server.address).await.unwrap();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn get(mut client: Client) -> Response<Incoming> {
    let request = Request::get("http://localhost/media/film.mp4");
    let request = request.body(Empty::new()).unwrap();
    client.send_request(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_take_nothing_leave_files_for_others() {
    let site = Site::new(SETTINGS);
    site.write("media/film.mp4", vec![b'x'; 2 * MIB]);
    let server = start(&site);
    let open_files = || {
        let folder = format!("/proc/{}/fd", server.child.id());
        fs::read_dir(folder).unwrap().count()
    };

    let mut asked = FuturesUnordered::new();
    for _ in 0..CONNECTIONS {
        let client = connected(&server, 0).await;
        asked.extend((0..STREAMS).map(|_| get(client.clone())));
    }
    // Their bodies are kept, and not read.
    let mut stalled = Vec::new();
    while stalled.len() < CONNECTIONS * FILES_EACH {
        let response = timeout(Duration::from_secs(20), asked.next()).await;
        stalled.push(response.unwrap().unwrap());
    }

    assert!(stalled.iter().all(|response| response.status() == 200));
    assert!(open_files() < OPEN_FILES / 2, "{} are open", open_files());
    for _ in 0..10 {
        let answer = server.get("/media/film.mp4");
        assert_eq!((answer.status, answer.body.len()), (200, 2 * MIB));
        let response = get(connected(&server, 65_535).await).await;
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.to_bytes().len(), 2 * MIB);
    }
    // All that was asked for beside that waits.
    assert!(futures::poll!(asked.next()).is_pending());
}

#[test]
fn idle_connections_make_room_for_a_client_that_asks() {
    let site = Site::new(SETTINGS);
    site.write("media/a.txt", "a");
    let server = start(&site);
    // More than there are places for.
    let idle: Vec<_> = (0..OPEN_FILES / 2).map(|_| server.connect()).collect();

    let answer = server.get("/media/a.txt");

    assert_eq!((answer.status, answer.text().as_str()), (200, "a"));
    drop(idle);
}
