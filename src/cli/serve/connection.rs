//! One connection, from the handshake to its end, with limits on what a client may take.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    access_log::AccessLog, host::host_of, listen::Connection, patience::Patient, site::Site,
    tls::Acceptor,
};
use crate::serve::no_host;

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

/// Answers on connections.
pub(super) struct Server {
    site: Arc<Site>,
    log: AccessLog,
    tls: Option<Acceptor>,
    http: Builder<TokioExecutor>,
}

impl Server {
    pub(super) fn new(site: Arc<Site>, log: AccessLog, tls: Option<Acceptor>) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
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
            http,
        }
    }

    /// Returns what takes TLS connections, if it is asked for.
    pub(super) fn tls(&self) -> Option<&Acceptor> {
        self.tls.as_ref()
    }

    /// Answers on one connection until it ends.
    pub(super) async fn serve(self: Arc<Self>, connection: Connection, watcher: Watcher) {
        match &self.tls {
            None => self.answer_on(connection, watcher).await,
            // A client that does not get that far has only its own connection lost.
            Some(tls) => {
                if let Ok(Ok(connection)) = timeout(HANDSHAKE_TIME, tls.accept(connection)).await {
                    self.answer_on(connection, watcher).await;
                }
            }
        }
    }

    async fn answer_on<C>(&self, connection: C, watcher: Watcher)
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (site, log) = (&self.site, self.log);
        let service = service_fn(move |request| {
            let site = Arc::clone(site);
            async move {
                let asked = log.asked(&request);
                let response = match host_of(&request) {
                    Some(host) => site.answer(request, &host).await,
                    None => no_host(request.method()),
                };
                if let Some(asked) = asked {
                    log.answered(&asked, &response);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let io = TokioIo::new(Patient::new(connection));
        let connection = self.http.serve_connection(io, service);
        // What goes wrong on a connection is the client's: it went away, or it spoke no HTTP.
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!("a connection ended: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::server::graceful::GracefulShutdown;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::Instant,
    };

    use super::*;
    use crate::cli::{output::Output, serve::patience::IDLE};

    /// What a server says to a client that sends this and then nothing more, and how long it waited.
    async fn said_to(sent: &[u8]) -> (String, Duration) {
        let log = AccessLog::new(Output::new(0, false));
        let server = Arc::new(Server::new(Arc::new(Site::default()), log, None));
        let (connection, mut client) = duplex(1024);
        let shutdown = GracefulShutdown::new();
        let watcher = shutdown.watcher();
        tokio::spawn(async move { server.answer_on(connection, watcher).await });
        let started = Instant::now();
        client.write_all(sent).await.unwrap();
        let mut said = String::new();
        let end = timeout(10 * HEAD_TIME, client.read_to_string(&mut said)).await;
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
        ] {
            let (said, waited) = said_to(sent.as_bytes()).await;

            assert!(said.starts_with(status), "{case}: {said}");
            let limits = limit..limit + Duration::from_secs(5);
            assert!(limits.contains(&waited), "{case}: {waited:?}");
        }
    }
}
