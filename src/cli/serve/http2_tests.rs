//! Clients of HTTP/2 that take nothing, against a server whose clock stands until all wait.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use storehouse_memory::MemoryStorage;
use storehouse_storage::{Name, Storage};
use tokio::{
    io::duplex,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    access_log::AccessLog,
    connection::{Server, Told},
    patience::{IDLE, STALL},
    places::Places,
    site::Site,
};
use crate::{
    cli::output::Output,
    serve::{MediaFiles, StaticFiles, UrlPrefix},
};

/// More than any window in these tests.
const LARGE: usize = 1 << 20;
const ALL_BUT_A_BYTE: u32 = (1 << 20) - 1;
/// What a clock may be late.
const LATE: Duration = Duration::from_secs(2);
/// What a client of HTTP/2 lets be sent unless it says otherwise.
const USUAL_WINDOW: u32 = 65_535;

type Client = SendRequest<UnsyncBoxBody<Bytes, Infallible>>;
type Ended = JoinHandle<hyper::Result<()>>;

/// A server with a large file and a small one, for a process that may have so many files open. Below `kept/` it
/// sends them from memory.
async fn server(open_files: u64) -> Arc<Server> {
    let storage = Arc::new(MemoryStorage::new());
    for (name, length) in [("large", LARGE), ("small", 1000)] {
        let name = Name::new(name).unwrap();
        let content = vec![b'x'; length].into();
        storage
            .save(&name, content, &Default::default())
            .await
            .unwrap();
    }
    let kept = StaticFiles::new(UrlPrefix::new("/kept/"), Arc::clone(&storage) as _);
    let site = Site {
        static_files: Some(kept),
        media_files: Some(MediaFiles::new(UrlPrefix::new("/"), storage)),
        ..Site::default()
    };
    let log = AccessLog::new(Output::new(0, false));
    Arc::new(Server::new(
        Arc::new(site),
        log,
        None,
        Places::of(open_files),
    ))
}

/// Connects a client that answers PINGs, and lets `window` bytes of each answer be sent before it is read.
async fn connected(server: &Arc<Server>, window: u32) -> (Client, Ended) {
    let (connection, client) = duplex(64 * 1024);
    let server = Arc::clone(server);
    tokio::spawn(async move {
        let (_shutdown, ending) = watch::channel(Told::Nothing);
        server.answer_on(connection, ending).await;
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window);
    let (sender, connection) = builder.handshake(TokioIo::new(client)).await.unwrap();
    (sender, tokio::spawn(connection))
}

async fn get(client: &mut Client, path: &str) -> hyper::Result<Response<Incoming>> {
    let request = Request::get(format!("http://localhost{path}"));
    let request = request.body(Empty::new().boxed_unsync()).unwrap();
    client.send_request(request).await
}

/// Reads an answer to its end: how many bytes came, and whether they were all.
async fn read(response: Response<Incoming>) -> Result<usize, usize> {
    let mut body = response.into_body();
    let mut count = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => count += frame.into_data().unwrap().len(),
            Err(_) => return Err(count),
        }
    }
    Ok(count)
}

/// Waits for what has to happen; no clock of the server runs for as long as this.
async fn awaited<F: Future>(event: F) -> F::Output {
    let event = timeout(10 * IDLE, event).await;
    event.expect("it waits for ever")
}

#[track_caller]
fn assert_waited(case: &str, since: Instant, time: Duration) {
    let waited = since.elapsed();
    assert!(
        (time..time + LATE).contains(&waited),
        "{case}: {waited:?} instead of {time:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_which_nothing_is_taken_is_reset_and_the_others_go_on() {
    for (case, path, window) in [
        ("no window", "/large", 0),
        ("one that is used up", "/large", USUAL_WINDOW),
        ("from memory, no window", "/kept/small", 0),
        ("from memory, in one piece", "/kept/large", USUAL_WINDOW),
        ("from memory, all but a byte", "/kept/large", ALL_BUT_A_BYTE),
    ] {
        let server = server(1024).await;
        let (mut client, _connection) = connected(&server, window).await;
        let started = Instant::now();
        let stalled = get(&mut client, path).await.unwrap();
        assert_eq!(stalled.status(), 200, "{case}");

        // Nobody reads it meanwhile: that gives no window back.
        let (parts, mut body) = stalled.into_parts();
        sleep(STALL - LATE).await;
        let head = get(&mut client, "/small").await.unwrap();
        assert_eq!(head.status(), 200, "{case}");
        sleep(2 * LATE).await;
        let ended = loop {
            match awaited(body.frame()).await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };

        assert!(
            ended.to_string().contains("error reading"),
            "{case}: {ended}"
        );
        let ended = std::error::Error::source(&ended).unwrap().to_string();
        assert!(ended.contains("no longer needed"), "{case}: {ended}");
        assert_waited(case, started, STALL + LATE);
        drop(parts);
        assert_eq!(get(&mut client, "/none").await.unwrap().status(), 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_all() {
    let server = server(1024).await;
    let (mut client, _connection) = connected(&server, USUAL_WINDOW).await;
    let mut body = get(&mut client, "/large").await.unwrap().into_body();
    let mut count = 0;

    // The body of several pieces; each takes longer than a stream may stall.
    while let Some(frame) = body.frame().await {
        count += frame.unwrap().into_data().unwrap().len();
        sleep(STALL / 2).await;
    }

    assert_eq!(count, LARGE);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_no_stream_is_ended_whatever_pings_come() {
    let server = server(1024).await;
    let (mut client, connection) = connected(&server, USUAL_WINDOW).await;
    sleep(IDLE - LATE).await;
    let response = get(&mut client, "/small").await.unwrap();
    assert_eq!(read(response).await, Ok(1000));
    let idle_since = Instant::now();

    // With GOAWAY, so it is no error to the client.
    awaited(connection).await.unwrap().unwrap();

    assert_waited("after an answer", idle_since, IDLE);
    let (_client, connection) = connected(&server, USUAL_WINDOW).await;
    let idle_since = Instant::now();
    awaited(connection).await.unwrap().unwrap();
    assert_waited("from the start", idle_since, IDLE);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_answered_and_is_no_stream_any_more() {
    let server = server(1024).await;
    let (mut client, connection) = connected(&server, USUAL_WINDOW).await;
    let never = stream::pending::<Result<Frame<Bytes>, Infallible>>();
    let request = Request::post("http://localhost/small");
    let request = request.body(StreamBody::new(never).boxed_unsync()).unwrap();
    let started = Instant::now();

    let response = client.send_request(request).await.unwrap();
    assert_eq!(response.status(), 405);
    awaited(connection).await.unwrap().unwrap();

    assert_waited("a POST", started, IDLE);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_keeps_the_connection() {
    let server = server(1024).await;
    let (mut client, connection) = connected(&server, USUAL_WINDOW).await;
    let mut body = get(&mut client, "/large").await.unwrap().into_body();
    for _ in 0..5 {
        body.frame().await.unwrap().unwrap();
        sleep(STALL - LATE).await;
    }

    // Not even a GOAWAY came.
    let another = awaited(get(&mut client, "/small")).await.unwrap();
    assert_eq!(another.status(), 200);
    assert!(!connection.is_finished());
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_small_answer_goes_with_the_connection() {
    let server = server(1024).await;
    let (mut client, connection) = connected(&server, 10).await;
    let _unread = get(&mut client, "/kept/small").await.unwrap();
    let started = Instant::now();

    // The client holds on to a stream that it does not read.
    let _ = awaited(connection).await.unwrap();

    assert_waited("a small answer", started, IDLE + STALL);
}

#[tokio::test(start_paused = true)]
async fn streams_without_a_place_wait_and_leave_room_for_others() {
    // Eight that are shared, of which each connection has one.
    let server = server(64).await;
    let started = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..12 {
        let (client, connection) = connected(&server, 0).await;
        let heads: Vec<_> = (0..20)
            .map(|_| {
                let mut client = client.clone();
                tokio::spawn(async move { (get(&mut client, "/large").await, Instant::now()) })
            })
            .collect();
        clients.push((connection, heads));
    }
    let is_answered = |head: &JoinHandle<_>| head.is_finished();
    sleep(LATE).await;
    let answered = clients.iter().flat_map(|(_, heads)| heads);
    assert_eq!(answered.filter(|head| is_answered(head)).count(), 12 + 8);

    for _ in 0..5 {
        let (mut client, _connection) = connected(&server, USUAL_WINDOW).await;
        let response = awaited(get(&mut client, "/large")).await.unwrap();
        assert_eq!(read(response).await, Ok(LARGE));
    }

    assert!(started.elapsed() < 2 * LATE, "{:?}", started.elapsed());
    // Each of them gets an answer in its turn, and then has its time.
    let mut statuses = Vec::new();
    for (_, heads) in clients {
        for head in heads {
            let (response, _) = awaited(head).await.unwrap();
            statuses.push(response.unwrap().status().as_u16());
        }
    }
    assert_eq!(statuses, [200; 12 * 20]);
}
