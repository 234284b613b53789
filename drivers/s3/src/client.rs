//! The HTTP client below everything: time limits, TLS, counts, and no redirects. It knows nothing of
//! S3, signs nothing and tries everything once.
//!
//! It is an [`HttpConnector`] too, so that object_store's credential sources go through it.
//!
//! Redirects are never followed: reqwest would take `x-amz-security-token` along to another host.
//! There is no time limit for a request as a whole unless the user sets one, since a slow link that
//! moves is no failure; what is limited is the time in which nothing moves.

use std::{
    error::Error as StdError,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::{Method, Response, header::CONTENT_LENGTH};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use storehouse_storage::{Error, RequestCounts, Result};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{counts::Counts, payload::Payload, proxy, send_queue};

/// What is handed to the connection at once. The smaller, the sooner a slow link shows that it moves.
const SLICE: usize = 64 * 1024;
/// The system takes this much of a body at once and sends it on for a while, unseen by us.
const UNSEEN_BYTES: u64 = 4 * 1024 * 1024;
/// The slowest link, in bytes a second, that is given time to send those.
const SLOWEST_LINK: u64 = 32 * 1024;
/// What hands out credentials answers with less.
const MAX_CREDENTIAL_BYTES: usize = 1024 * 1024;

/// The body of an answer, as it comes.
pub(crate) type Body = BoxStream<'static, Result<Bytes, TransportError>>;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimits {
    /// To connect, TLS included.
    pub(crate) connect: Duration,
    /// Without a byte moving either way.
    pub(crate) idle: Duration,
    /// One request from its start to the last byte of its answer.
    pub(crate) total: Option<Duration>,
}

/// Which servers are trusted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    /// Certificates in PEM, besides the system's.
    pub(crate) authorities: Vec<u8>,
    /// Takes any certificate.
    pub(crate) anybody: bool,
}

/// A connection pool with time limits. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    limits: TimeLimits,
    counts: Arc<Counts>,
}

/// Why there is no answer, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// Nothing was sent. To whom, and why not.
    #[error("no connection to {0}")]
    Connect(String),
    /// Nothing was sent, and trying again is no use. To whom, and why not.
    #[error("no secure connection to {0}")]
    Tls(String),
    /// What came to a stand, and for how long.
    #[error("{what} for {} s", .time.as_secs())]
    Idle { what: &'static str, time: Duration },
    #[error("the request took longer than its limit of {} s", .0.as_secs())]
    Total(Duration),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl TransportError {
    /// Returns whether the server may have got the request and done what it asks.
    pub(crate) fn maybe_sent(&self) -> bool {
        !matches!(self, Self::Connect(_) | Self::Tls(_))
    }
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for certificates
    /// that cannot be read.
    pub(crate) fn new(limits: TimeLimits, trust: &Trust) -> Result<Self> {
        // The application's own choice stays. It fails only where there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authorities = reqwest::Certificate::from_pem_bundle(&trust.authorities)
            .map_err(|error| wrong_certificates(&error))?;
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(limits.connect)
            .tls_certs_merge(authorities)
            .tls_danger_accept_invalid_certs(trust.anybody)
            .user_agent(concat!("storehouse/", env!("CARGO_PKG_VERSION")));
        // The system takes megabytes of a body at once. With this it ends a connection whose peer takes
        // nothing of them for so long, which cannot be seen from here.
        #[cfg(target_os = "linux")]
        let builder = builder.tcp_user_timeout(limits.idle);
        let http = builder
            .build()
            .map_err(|error| wrong_certificates(&error))?;
        Ok(Self {
            http,
            limits,
            counts: Arc::default(),
        })
    }

    /// Sends a request and returns the head of its answer; the body comes as it is read.
    pub(crate) async fn send(
        &self,
        request: http::Request<Payload>,
    ) -> Result<Response<Body>, TransportError> {
        self.counts.add(request.method());
        let progress = Progress::new(Arc::clone(&self.counts));
        let (request, length) = self.prepared(request, &progress)?;
        let port = request.url().port_or_known_default().unwrap_or_default();
        let body = Sent { length, port };
        let answer = self
            .while_moving(&progress, body, self.http.execute(request))
            .await?;
        let (head, body) = Response::from(answer).into_parts();
        let idle = self.limits.idle;
        let limits = self.limits;
        let counts = Arc::clone(&self.counts);
        let blocks = stream::unfold(
            (
                reqwest::Response::from(Response::new(body))
                    .bytes_stream()
                    .boxed(),
                counts,
            ),
            move |(mut blocks, counts)| async move {
                let block = match timeout(idle, blocks.next()).await {
                    Ok(block) => block?.map_err(|error| translated(&error, limits)),
                    Err(_) => Err(TransportError::Idle {
                        what: "no byte of the answer came",
                        time: idle,
                    }),
                };
                if let Ok(bytes) = &block {
                    counts.received(bytes.len());
                }
                Some((block, (blocks, counts)))
            },
        );
        Ok(Response::from_parts(head, blocks.boxed()))
    }

    /// Returns how many requests were sent so far, repeated ones too.
    pub(crate) fn counts(&self) -> RequestCounts {
        self.counts.read()
    }

    fn prepared(
        &self,
        request: http::Request<Payload>,
        progress: &Progress,
    ) -> Result<(reqwest::Request, u64), TransportError> {
        let (head, payload) = request.into_parts();
        let url = head.uri.to_string();
        let url = url
            .parse()
            .map_err(|error| TransportError::Connect(format!("{url}, which is no URL: {error}")))?;
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.timeout_mut() = self.limits.total;
        let length = payload.len();
        if length > 0 || matches!(*request.method(), Method::PUT | Method::POST) {
            // S3 refuses a body of unknown length, which is what reqwest takes a stream for.
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
            *request.body_mut() = Some(reqwest::Body::wrap_stream(progress.watched(&payload)));
        }
        Ok((request, length))
    }

    /// Waits for an answer as long as the request moves.
    async fn while_moving(
        &self,
        progress: &Progress,
        body: Sent,
        answer: impl Future<Output = reqwest::Result<reqwest::Response>>,
    ) -> Result<reqwest::Response, TransportError> {
        let mut answer = std::pin::pin!(answer);
        let idle = self.limits.idle;
        // When bytes were last seen in the system, on their way to the server.
        let mut leaving = progress.last();
        loop {
            let moved = progress.last().max(leaving);
            let all_taken = progress.sent() >= body.length;
            if moved + idle <= Instant::now() {
                let what = match all_taken {
                    true => "no answer came after the request had left",
                    false => "no byte of the request left",
                };
                let time = moved.elapsed();
                return Err(TransportError::Idle { what, time });
            }
            let wake = match all_taken && body.may_wait_in_the_system() {
                true => (Instant::now() + look_pause(idle)).min(moved + idle),
                false => moved + idle,
            };
            tokio::select! {
                answer = &mut answer => {
                    return answer.map_err(|error| translated(&error, self.limits));
                }
                () = sleep_until(wake) => {}
            }
            // Bytes that do not move end the connection by themselves, after the same time.
            if progress.sent() >= body.length
                && body.may_wait_in_the_system()
                && progress.last().elapsed() < body.longest_wait()
                && send_queue::holds_bytes_for(body.port) != Some(false)
            {
                leaving = Instant::now();
            }
        }
    }
}

/// How often the system is asked whether bytes wait in it.
fn look_pause(idle: Duration) -> Duration {
    (idle / 4).max(Duration::from_secs(1))
}

/// A body that is sent to a server.
#[derive(Debug, Clone, Copy)]
struct Sent {
    length: u64,
    /// Of the server.
    port: u16,
}

impl Sent {
    /// Whether the system can hold a part of the body that the server does not have yet.
    fn may_wait_in_the_system(self) -> bool {
        self.length > SLICE as u64
    }

    /// How long a slow link needs for what the system takes.
    fn longest_wait(self) -> Duration {
        Duration::from_secs(self.length.min(UNSEEN_BYTES) / SLOWEST_LINK)
    }
}

/// Reads an answer into memory, if it has at most `most` bytes.
pub(crate) async fn whole(mut body: Body, most: usize) -> Result<Bytes, TransportError> {
    let mut bytes = Vec::new();
    while let Some(block) = body.next().await {
        bytes.extend_from_slice(&block?);
        if bytes.len() > most {
            return Err(TransportError::TooLong(most));
        }
    }
    Ok(bytes.into())
}

impl HttpConnector for Client {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.map(|body| match body.as_bytes() {
            Some(bytes) => Payload::small(bytes.clone()),
            None => Payload::empty(),
        });
        let (head, body) = self.send(request).await.map_err(http_error)?.into_parts();
        let body = whole(body, MAX_CREDENTIAL_BYTES)
            .await
            .map_err(http_error)?;
        Ok(Response::from_parts(head, HttpResponseBody::from(body)))
    }
}

/// How far a request's body has gone. Clones share it.
#[derive(Clone)]
struct Progress {
    start: Instant,
    counts: Arc<Counts>,
    sent: Arc<AtomicU64>,
    last_millis: Arc<AtomicU64>,
}

impl Progress {
    fn new(counts: Arc<Counts>) -> Self {
        Self {
            start: Instant::now(),
            counts,
            sent: Arc::default(),
            last_millis: Arc::default(),
        }
    }

    /// Gives the payload in slices, and notes when each is taken.
    fn watched(
        &self,
        payload: &Payload,
    ) -> impl futures::Stream<Item = Result<Bytes, fmt::Error>> + Send + 'static {
        let progress = self.clone();
        let blocks: Vec<Bytes> = payload.blocks().to_vec();
        let slices = blocks.into_iter().flat_map(|block| {
            let starts = (0..block.len()).step_by(SLICE);
            starts.map(move |start| block.slice(start..block.len().min(start + SLICE)))
        });
        stream::iter(slices.map(move |slice| {
            progress.note(slice.len());
            Ok(slice)
        }))
    }

    fn note(&self, bytes: usize) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_millis.store(millis, Ordering::Relaxed);
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        self.counts.sent(bytes);
    }

    fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last_millis.load(Ordering::Relaxed))
    }

    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

fn translated(error: &reqwest::Error, limits: TimeLimits) -> TransportError {
    let TimeLimits { idle, total, .. } = limits;
    let mut reason = "no reason was given".to_owned();
    let mut tls = false;
    let mut timed_out = false;
    let mut cause = error.source();
    while let Some(inner) = cause {
        tls |= is_tls(inner);
        timed_out |= is_timed_out(inner);
        reason = inner.to_string();
        cause = inner.source();
    }
    if timed_out && !error.is_connect() {
        return TransportError::Idle {
            what: "the server took no byte",
            time: idle,
        };
    }
    // Rust's number of the system's error tells a reader nothing.
    reason.truncate(reason.find(" (os error ").unwrap_or(reason.len()));
    match total {
        Some(total) if error.is_timeout() && !error.is_connect() => TransportError::Total(total),
        _ if tls => TransportError::Tls(to_server(error, &reason)),
        _ if error.is_connect() => TransportError::Connect(to_server(error, &reason)),
        _ => TransportError::Broken(reason),
    }
}

/// The reason behind host and port; never the whole URL, whose query may be signed.
fn to_server(error: &reqwest::Error, reason: &str) -> String {
    let Some(url) = error.url() else {
        return format!("the server: {reason}");
    };
    let host = url.host_str().unwrap_or_default();
    let through = match proxy::set_for(url.scheme()) {
        Some((variable, proxy)) => {
            format!(" ({variable} names the proxy {proxy}, and NO_PROXY what goes without)")
        }
        None => String::new(),
    };
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}: {reason}{through}"),
        None => format!("{host}: {reason}{through}"),
    }
}

/// The system's own limit, which `tcp_user_timeout` sets.
fn is_timed_out(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
        error.kind() == std::io::ErrorKind::TimedOut && error.raw_os_error().is_some()
    })
}

/// The TLS library's error hides in one of the system's, or in one inside that.
fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
    let inner = cause
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>() || inner.is_some_and(|inner| is_tls(inner))
}

fn http_error(error: TransportError) -> HttpError {
    let kind = match error {
        TransportError::Connect(_) => HttpErrorKind::Connect,
        TransportError::Idle { .. } | TransportError::Total(_) => HttpErrorKind::Timeout,
        TransportError::Broken(_) => HttpErrorKind::Interrupted,
        TransportError::Tls(_) | TransportError::TooLong(_) => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

fn wrong_certificates(error: &reqwest::Error) -> Error {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    Error::configuration(format!("the certificates cannot be used: {cause}"))
        .with_advice("ca_bundle names a file of certificates in PEM")
}
