//! One connection, from the handshake to its end, with limits on what a client may take.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::{Request, Response, Version};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulConnection},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    access_log::AccessLog,
    host::host_of,
    idle::Activity,
    listen::Connection,
    patience::{Patient, STALL},
    places::{ConnectionPlaces, Places},
    sending::{Held, Sending},
    site::Site,
    streams::{Stream, Streams},
    tls::Acceptor,
};
use crate::serve::{ResponseBody, no_host};

/// How long a client may take for the head of a request, and wait before the next one.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long the handshake of TLS may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes: nginx has 32 KiB, gunicorn 800 KiB.
const MAX_HEAD: usize = 64 * 1024;
/// The most header fields: gunicorn's.
const MAX_HEADERS: usize = 100;
/// How many requests of one HTTP/2 connection are answered at a time: nginx's.
const MAX_STREAMS: u32 = 128;

/// How old a connection is at least that has to make room: a younger one may be about to ask.
const YOUNG: Duration = Duration::from_secs(5);

/// What connections are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    /// Others wait for a place: those that ask for nothing end.
    MakeRoom,
    /// The server ends.
    End,
}

/// Answers on connections.
pub(super) struct Server {
    site: Arc<Site>,
    log: AccessLog,
    tls: Option<Acceptor>,
    places: Places,
    http: Builder<Streams>,
}

/// What is known of a connection.
struct Client {
    activity: Arc<Activity>,
    places: ConnectionPlaces,
}

impl Server {
    pub(super) fn new(
        site: Arc<Site>,
        log: AccessLog,
        tls: Option<Acceptor>,
        places: Places,
    ) -> Self {
        let mut http = Builder::new(Streams);
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HEAD_TIME)
            .keep_alive_timeout(HEAD_TIME)
            .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
            .max_concurrent_streams(MAX_STREAMS);
        Self {
            site,
            log,
            tls,
            places,
            http,
        }
    }

    /// Returns what takes TLS connections, if it is asked for.
    pub(super) fn tls(&self) -> Option<&Acceptor> {
        self.tls.as_ref()
    }

    /// Returns how many connections and files may be open.
    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// Answers on one connection until it ends. Told that the server ends, it takes no more requests.
    pub(super) async fn serve(
        self: Arc<Self>,
        connection: Connection,
        ending: watch::Receiver<Told>,
    ) {
        match &self.tls {
            None => self.answer_on(connection, ending).await,
            // A client that does not get that far has only its own connection lost.
            Some(tls) => {
                if let Ok(Ok(connection)) = timeout(HANDSHAKE_TIME, tls.accept(connection)).await {
                    self.answer_on(connection, ending).await;
                }
            }
        }
    }

    pub(super) async fn answer_on<C>(&self, connection: C, ending: watch::Receiver<Told>)
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let client = Arc::new(Client {
            activity: Arc::new(Activity::new()),
            places: self.places.of_connection(),
        });
        let (site, log) = (&self.site, self.log);
        let service = service_fn(|request| {
            let site = Arc::clone(site);
            let http2 = client.asks_by_http2(&request);
            async move {
                // Nobody reads what else a client sends.
                let request: Request<()> = request.map(drop);
                let held = match http2 {
                    Some(client) => Some(client.held().await),
                    None => None,
                };
                let response = answer(&site, log, request).await;
                Ok::<_, Infallible>(response.map(|body| Sending::new(body, held)))
            }
        });
        let io = TokioIo::new(Patient::new(connection));
        let connection = self.http.serve_connection(io, service);
        // What goes wrong on a connection is the client's: it went away, or it spoke no HTTP.
        if let Err(error) = until_its_end(connection, &client.activity, ending).await {
            tracing::debug!("a connection ended: {error}");
        }
    }
}

impl Client {
    /// Notes a request, and returns the client if it needs a clock and a place: with HTTP/2, where it may ask
    /// for much at a time.
    fn asks_by_http2<B>(self: &Arc<Self>, request: &Request<B>) -> Option<Arc<Self>> {
        if request.version() == Version::HTTP_2 {
            return Some(Arc::clone(self));
        }
        self.activity.is_http1();
        None
    }

    /// Waits for a place for a file, and returns what an answer holds.
    async fn held(&self) -> Held {
        let _open = self.activity.open();
        Held {
            stream: Stream::current(),
            place: Some(self.places.place().await),
            _open,
        }
    }
}

async fn answer(site: &Site, log: AccessLog, request: Request<()>) -> Response<ResponseBody> {
    let asked = log.asked(&request);
    let response = match host_of(&request) {
        Some(_) => site.answer(request).await,
        None => no_host(request.method()),
    };
    if let Some(asked) = asked {
        log.answered(&asked, &response);
    }
    response
}

/// Drives a connection until it ends, and ends it when it has been idle for long, or is told so: HTTP/2 with
/// GOAWAY, so that the client knows that what it asked for meanwhile was not heard; HTTP/1.1 after the answer
/// that is under way.
async fn until_its_end<C: GracefulConnection>(
    connection: C,
    activity: &Activity,
    mut told: watch::Receiver<Told>,
) -> Result<(), C::Error> {
    let mut connection = std::pin::pin!(connection);
    let patience = tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        told = has_to_end(&mut told) => match told {
            Told::MakeRoom if !activity.is_of_http1() => YOUNG,
            _ => {
                connection.as_mut().graceful_shutdown();
                return connection.await;
            }
        },
        () = activity.idle() => STALL,
    };
    connection.as_mut().graceful_shutdown();
    // A client that says nothing to that, or has left a stream half open, is waited for no longer.
    loop {
        match timeout(patience, connection.as_mut()).await {
            Ok(ended) => return ended,
            Err(_) if activity.has_streams() => {}
            Err(_) => return Ok(()),
        }
    }
}

/// Waits until a connection that begins now is told to end, and returns why.
async fn has_to_end(told: &mut watch::Receiver<Told>) -> Told {
    let began = Instant::now();
    // Without a sender the server has ended.
    while told.changed().await.is_ok() {
        let why = *told.borrow_and_update();
        let is_meant = match why {
            Told::Nothing => false,
            Told::MakeRoom => began.elapsed() >= YOUNG,
            Told::End => true,
        };
        if is_meant {
            return why;
        }
    }
    Told::End
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::sleep,
    };

    use super::*;
    use crate::cli::{output::Output, serve::patience::IDLE};

    /// What a server says to a client that sends this and then nothing more, and how long it waited.
    async fn said_to(sent: &[u8]) -> (String, Duration) {
        let log = AccessLog::new(Output::new(0, false));
        let server = Arc::new(Server::new(
            Arc::new(Site::default()),
            log,
            None,
            Places::of(1024),
        ));
        let (connection, mut client) = duplex(1024);
        let (_shutdown, ending) = watch::channel(Told::Nothing);
        tokio::spawn(async move { server.answer_on(connection, ending).await });
        let started = Instant::now();
        client.write_all(sent).await.unwrap();
        let mut said = Vec::new();
        let end = timeout(10 * HEAD_TIME, client.read_to_end(&mut said)).await;
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(end.is_ok(), "it waits for ever, and said {said:?}");
        (said, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_go_on_is_given_up() {
        for (case, sent, status, limit) in [
            ("nothing", "", "", IDLE),
            (
                "half a head",
                "GET /static/a HTTP/1.1\r\nHost: ",
                "",
                HEAD_TIME,
            ),
            (
                "one request",
                "GET /static/a HTTP/1.1\r\nHost: x\r\n\r\n",
                "HTTP/1.1 404",
                HEAD_TIME,
            ),
            ("half a preface", "PRI * HTTP/2.0\r\n\r\n", "", IDLE),
            // Settings, and HEADERS that are to go on; the PING after that is not answered.
            (
                "half a head of HTTP/2",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x01\0\0\0\0\x01",
                "",
                2 * HEAD_TIME,
            ),
        ] {
            let (said, waited) = said_to(sent.as_bytes()).await;

            assert!(said.starts_with(status), "{case}: {said}");
            let limits = limit..limit + Duration::from_secs(5);
            assert!(limits.contains(&waited), "{case}: {waited:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_ask_for_nothing_make_room() {
        for (case, sent, age, ends) in [
            ("nothing was sent", "", YOUNG, true),
            (
                "a preface of HTTP/2",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
                YOUNG,
                true,
            ),
            (
                "after a request",
                "GET /static/a HTTP/1.1\r\nHost: x\r\n\r\n",
                YOUNG,
                true,
            ),
            ("it may be about to ask", "", YOUNG / 2, false),
        ] {
            let log = AccessLog::new(Output::new(0, false));
            let site = Arc::new(Site::default());
            let server = Arc::new(Server::new(site, log, None, Places::of(1024)));
            let (connection, mut client) = duplex(1024);
            let (tell, told) = watch::channel(Told::Nothing);
            tokio::spawn(async move { server.answer_on(connection, told).await });
            client.write_all(sent.as_bytes()).await.unwrap();
            sleep(age).await;
            let mut said = Vec::new();

            tell.send(Told::MakeRoom).unwrap();
            let end = timeout(2 * YOUNG, client.read_to_end(&mut said)).await;

            assert_eq!(end.is_ok(), ends, "{case}");
        }
    }
}
