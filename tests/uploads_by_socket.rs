//! The list of hostile uploads once more, over a connection: what [`uploads`](crate::uploads) shows of a
//! stream of blocks, a client hears too, however long it would have gone on sending.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use storehouse::{
    media::{Upload, UploadLimits},
    storage::Storage,
};
use storehouse_test_support::Minio;

use crate::{
    server::{Answer, connect, request},
    site::bucket_settings,
    uploads::{Anything, Case, cases, open},
    uploads_broken_off::{Door, taken_away},
};

/// How a body is framed.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length,
    Chunks,
}

impl Framing {
    fn head(self, case: &Case) -> Vec<u8> {
        let framed = match self {
            Self::Length => format!("Content-Length: {}", case.bytes()),
            Self::Chunks => "Transfer-Encoding: chunked".to_owned(),
        };
        let headers = case.headers();
        let fields = headers.iter();
        let fields = fields.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let fields: Vec<String> = fields.chain([framed]).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        request("POST", "/", &fields)
    }

    fn block(self, block: &Bytes) -> Vec<u8> {
        match self {
            // One of no bytes would be the last.
            Self::Chunks if !block.is_empty() => {
                let size = format!("{:x}\r\n", block.len());
                [size.as_bytes(), block, b"\r\n"].concat()
            }
            _ => block.to_vec(),
        }
    }

    fn end(self) -> &'static [u8] {
        match self {
            Self::Length => b"",
            Self::Chunks => b"0\r\n\r\n",
        }
    }

    /// Sends all of it, or as much as the server takes.
    fn send(self, case: &Case, stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(&self.head(case))?;
        for block in case.blocks() {
            stream.write_all(&self.block(&block))?;
        }
        stream.write_all(self.end())
    }
}

/// A client that has no more to send than this sends all of it before it listens, as browsers do.
const SENT_AT_ONCE: usize = 64 * 1024 * 1024;

/// Sends a form, and returns what is answered.
fn exchange(case: &Case, framing: Framing, address: &str) -> Answer {
    let mut stream = connect(address);
    if case.bytes() <= SENT_AT_ONCE {
        // A connection that is reset meanwhile would be all that a browser tells.
        framing.send(case, &mut stream).unwrap();
        return Answer::read(&mut stream, false).unwrap();
    }
    let (case, mut sending) = (case.clone(), stream.try_clone().unwrap());
    let sent = thread::spawn(move || framing.send(&case, &mut sending));
    let mut answer = Answer::read_head(&mut stream).unwrap();
    let length = answer.header("content-length").unwrap().parse().unwrap();
    (&stream)
        .take(length)
        .read_to_end(&mut answer.body)
        .unwrap();
    // It has heard enough, and would not have come to an end.
    stream.shutdown(Shutdown::Both).unwrap();
    sent.join().unwrap().unwrap_err();
    answer
}

async fn try_all(storage: &Arc<dyn Storage>) {
    let waiting_room = tempfile::tempdir().unwrap();
    let limits = UploadLimits::default()
        .with_temp_dir(waiting_room.path())
        .with_max_memory_bytes(100_000);
    // A turn that is not given back is a 503 for all that come later.
    let streams = Upload::new(Arc::clone(storage))
        .with_limits(limits)
        .with_max_concurrent(1);
    let waits = streams.clone().with_validator(Anything);
    let doors = [Door::open(streams).await, Door::open(waits).await];
    // A Content-Length that is not the body's is in `uploads_broken_off`.
    for case in cases().iter().filter(|case| case.length.is_none()) {
        for (door, framing) in [
            (&doors[0], Framing::Length),
            (&doors[0], Framing::Chunks),
            (&doors[1], Framing::Length),
            (&doors[1], Framing::Chunks),
        ] {
            let Case { id, why, .. } = case;
            let (asked, address) = (case.clone(), door.address.clone());

            let answer = tokio::task::spawn_blocking(move || exchange(&asked, framing, &address));

            let answer = answer
                .await
                .unwrap_or_else(|error| panic!("{id}, {why}, {framing:?}: {error}"));
            let text = answer.text();
            assert_eq!(
                answer.status, case.status,
                "{id}, {why}, {framing:?}: {text}"
            );
            let said = case.says.clone().unwrap_or_else(|| case.stored.concat());
            assert_eq!(text, said, "{id}, {why}, {framing:?}");
            assert_eq!(
                taken_away(storage).await,
                case.stored,
                "{id}, {why}, {framing:?}"
            );
            let waiting = waiting_room.path().read_dir().unwrap().count();
            assert_eq!(waiting, 0, "{id}, {why}, {framing:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_hears_what_is_wrong_with_an_upload_to_a_disk() {
    let (site, storages) = open("MEDIA_ROOT = \"root\"\n");

    try_all(&storages.default().unwrap()).await;

    assert_eq!(site.files(""), ["storehouse.toml"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_hears_what_is_wrong_with_an_upload_to_a_bucket() {
    let minio = Minio::get();
    let bucket = minio.bucket("by-socket");
    let (_site, storages) = open(&bucket_settings(&minio, &bucket, minio.endpoint()));

    try_all(&storages.default().unwrap()).await;

    assert_eq!(bucket.object_names(), Vec::<String>::new());
    assert_eq!(bucket.incomplete_uploads(), Vec::<String>::new());
}
