//! Uploads over connections that are hostile, slow or break: what the client hears, that nothing of them
//! stays, and that the next request is answered. The server is axum's; requests go to it byte by byte.

use std::{
    io::{ErrorKind, Write},
    net::Shutdown,
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request};
use futures::{StreamExt, channel::mpsc};
use serde::Deserialize;
use storehouse::{
    media::{Upload, UploadLimits},
    storage::Storage,
};
use storehouse_test_support::Minio;

use crate::{
    server::{Answer, connect},
    site::bucket_settings,
    uploads::{Anything, names, open, written_out},
};

/// Nothing here takes as long.
const LIMIT: Duration = Duration::from_secs(30);
/// What a client is given that is to be silent. One that is slow instead is told the same.
const SHORT: Duration = Duration::from_millis(50);
const TOO_SLOW: u16 = 408;

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Clone, Deserialize)]
struct Case {
    id: String,
    why: String,
    #[serde(default = "post")]
    request: String,
    head: Vec<String>,
    body: Vec<(String, usize)>,
    then: Then,
    status: Option<u16>,
    #[serde(default)]
    says: String,
}

/// What a client does after its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Then {
    Waits,
    Ends,
    Goes,
}

fn post() -> String {
    "POST / HTTP/1.1".to_owned()
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let pieces = self.body.iter();
        let body: String = pieces
            .map(|(text, times)| written_out(text).repeat(*times))
            .collect();
        let mut head = format!(
            "{}\r\nHost: test\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b\r\n",
            self.request
        );
        for field in &self.head {
            head.push_str(&field.replace("{length}", &body.len().to_string()));
            head.push_str("\r\n");
        }
        format!("{head}\r\n{body}").into_bytes()
    }

    /// What the client hears; `None` if the connection is closed without an answer, or by the client.
    fn exchange(&self, address: &str) -> Option<Answer> {
        let mut stream = connect(address);
        // A server may have heard enough before all is sent.
        let sent = stream.write_all(&self.bytes());
        match self.then {
            Then::Goes => return None,
            Then::Ends => stream.shutdown(Shutdown::Write).unwrap(),
            Then::Waits => {}
        }
        match Answer::read(&mut stream, false) {
            Ok(answer) => Some(answer),
            Err(error) => {
                let closed = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                assert!(closed.contains(&error.kind()), "{error}; sent: {sent:?}");
                None
            }
        }
    }
}

/// Tells when a request has come to its end: with this status, or with none where it was dropped.
struct Ended {
    status: Option<u16>,
    told: mpsc::UnboundedSender<Option<u16>>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.told.unbounded_send(self.status).ok();
    }
}

/// A server that takes uploads, and what becomes of each.
pub(crate) struct Door {
    pub(crate) address: String,
    upload: Upload,
    ended: mpsc::UnboundedReceiver<Option<u16>>,
}

impl Door {
    pub(crate) async fn open(upload: Upload) -> Self {
        let (told, ended) = mpsc::unbounded();
        let taking = upload.clone();
        let take = move |request: Request| {
            let upload = taking.clone();
            let ended = Ended {
                status: None,
                told: told.clone(),
            };
            async move {
                // Of the whole of it, or it would end here and now.
                let mut ended = ended;
                let (head, body) = request.into_parts();
                let answer = match upload.receive_body(&head.headers, body).await {
                    Ok(mut form) => {
                        let names = form.keep().into_iter().map(|record| record.name);
                        (http::StatusCode::OK, names.collect())
                    }
                    Err(error) => (error.status(), error.client_message()),
                };
                ended.status = Some(answer.0.as_u16());
                answer
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let application = Router::new().fallback(take);
        tokio::spawn(async move { axum::serve(listener, application).await });
        Self {
            address,
            upload,
            ended,
        }
    }

    async fn exchange(&self, case: &Case) -> Option<Answer> {
        let (case, address) = (case.clone(), self.address.clone());
        let asking = tokio::task::spawn_blocking(move || case.exchange(&address));
        asking.await.unwrap()
    }

    /// Tries a case; afterwards the storage has what was taken.
    async fn try_case(&mut self, case: &Case) {
        let Case { id, why, .. } = case;

        let answer = self.exchange(case).await;

        let status = answer.as_ref().map(|answer| answer.status);
        assert_eq!(status, case.status, "{id}, {why}: {answer:?}");
        if let Some(answer) = answer {
            let text = answer.text();
            assert!(text.contains(&case.says), "{id}, {why}: {text}");
        }
        if case.then == Then::Goes {
            // Nobody hears when the server has noticed.
            let ended = tokio::time::timeout(LIMIT, self.ended.next()).await;
            let ended = ended.unwrap().unwrap();
            assert!(matches!(ended, None | Some(400)), "{id}, {why}: {ended:?}");
            self.upload.settle().await;
        }
        // What others were told is heard of above.
        while self.ended.try_recv().is_ok() {}
    }
}

/// Deletes what is there, and returns its names.
pub(crate) async fn taken_away(storage: &Arc<dyn Storage>) -> Vec<String> {
    let found = names(storage).await;
    for name in &found {
        storage.delete(&name.parse().unwrap()).await.unwrap();
    }
    found
}

async fn try_all(storage: &Arc<dyn Storage>, waiting_room: &Path, left: impl Fn() -> Vec<String>) {
    let text = include_str!("data/hostile-upload-connections.toml");
    let cases: Cases = toml::from_str(text).unwrap();
    let limits = UploadLimits::default()
        .with_temp_dir(waiting_room)
        .with_max_memory_bytes(100_000);
    let short = limits.clone().with_max_wait(SHORT, 0);
    // A turn that is not given back is a 503 for all that come later.
    let upload = Upload::new(Arc::clone(storage)).with_max_concurrent(1);
    for upload in [upload.clone(), upload.with_validator(Anything)] {
        let mut patient = Door::open(upload.clone().with_limits(limits.clone())).await;
        let mut impatient = Door::open(upload.with_limits(short.clone())).await;
        for case in &cases.case {
            let Case { id, why, .. } = case;
            let door = match case.status {
                Some(TOO_SLOW) => &mut impatient,
                _ => &mut patient,
            };

            door.try_case(case).await;

            let expected: &[&str] = match case.says.as_str() {
                "x.txt" => &["x.txt"],
                _ => &[],
            };
            assert_eq!(taken_away(storage).await, expected, "{id}, {why}");
            assert_eq!(left(), Vec::<String>::new(), "{id}, {why}");
            let waiting = waiting_room.read_dir().unwrap().count();
            assert_eq!(waiting, 0, "{id}, {why}");
            // The next request is answered.
            patient.try_case(&cases.case[0]).await;
            assert_eq!(taken_away(storage).await, ["x.txt"], "{id}, {why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_keeps_nothing_of_a_connection_that_breaks() {
    let (site, storages) = open("MEDIA_ROOT = \"root\"\n");
    let waiting = tempfile::tempdir().unwrap();

    try_all(&storages.default().unwrap(), waiting.path(), || {
        site.files("root")
    })
    .await;

    assert_eq!(site.files(""), ["storehouse.toml"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_nothing_of_a_connection_that_breaks() {
    let minio = Minio::get();
    let bucket = minio.bucket("broken-off");
    let (_site, storages) = open(&bucket_settings(&minio, &bucket, minio.endpoint()));
    let waiting = tempfile::tempdir().unwrap();

    try_all(&storages.default().unwrap(), waiting.path(), || {
        [bucket.object_names(), bucket.incomplete_uploads()].concat()
    })
    .await;
}
