//! Where connections come from: an address, or a socket in the file system.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    pin::Pin,
    task::{Context, Poll},
};
#[cfg(unix)]
use std::{
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use storehouse_storage::{Error, ErrorKind, Result};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use super::super::flags::ServeFlags;

/// Django's.
const DEFAULT_PORT: u16 = 8000;
/// Before the path of a socket.
#[cfg(unix)]
const UNIX: &str = "unix:";

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Address(SocketAddr),
    #[cfg(unix)]
    Socket(PathBuf),
}

impl Place {
    /// Takes `--listen`, or `[ADDRESS:]PORT` as Django's `runserver` does.
    pub(super) fn of(flags: &ServeFlags) -> Result<Self> {
        let text = flags.listen.as_deref().or(flags.address.as_deref());
        let text = text.unwrap_or_default();
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix(UNIX) {
            return match path.is_empty() {
                true => Err(not_an_address(text)),
                false => Ok(Self::Socket(path.into())),
            };
        }
        address(text, flags.ipv6).map(Self::Address)
    }
}

/// Reads `8000`, `0:8000`, `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, or an address alone; of IPv6 only if
/// that is asked for.
fn address(text: &str, ipv6: bool) -> Result<SocketAddr> {
    let (local, any): (IpAddr, IpAddr) = match ipv6 {
        true => (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into()),
        false => (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into()),
    };
    if text.is_empty() {
        return Ok(SocketAddr::new(local, DEFAULT_PORT));
    }
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(local, port));
    }
    let fits = |address: &SocketAddr| address.is_ipv6() || !ipv6;
    let not_fitting = || match ipv6 {
        true => not_of_ipv6(text),
        false => not_an_address(text),
    };
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        let address = SocketAddr::new(address, DEFAULT_PORT);
        return Some(address).filter(fits).ok_or_else(not_fitting);
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(|| not_an_address(text))?;
    let port: u16 = port.parse().map_err(|_| not_an_address(text))?;
    if host == "0" {
        return Ok(SocketAddr::new(any, port));
    }
    let found = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    let mut found = found.map_err(|error| not_an_address(text).with_source(error))?;
    found.find(fits).ok_or_else(not_fitting)
}

fn not_of_ipv6(text: &str) -> Error {
    Error::configuration(format!("{text:?} is no IPv6 address to listen at"))
        .with_advice("leave --ipv6 out, or write an address such as [::1]:8000")
}

fn not_an_address(text: &str) -> Error {
    Error::configuration(format!("{text:?} is no address to listen at"))
        .with_advice("write a port, as 8000, an address and a port, as 127.0.0.1:8000 or [::1]:8000, or unix:PATH")
}

/// Takes connections.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

/// A connection that was taken.
#[derive(Debug)]
pub(super) enum Connection {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Listener {
    pub(super) async fn bind(place: Place) -> Result<Self> {
        match place {
            Place::Address(address) => {
                let failed = |error: io::Error| {
                    let advice = advice_for_address(error.kind());
                    cannot_listen(&address.to_string(), advice, error)
                };
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let address = listener.local_addr().map_err(failed)?;
                Ok(Self::Tcp(listener, address))
            }
            #[cfg(unix)]
            Place::Socket(path) => {
                remove_stale(&path).await;
                let listener = UnixListener::bind(&path).map_err(|error| {
                    let advice = advice_for_socket(&path, error.kind());
                    cannot_listen(&path.display().to_string(), advice, error)
                })?;
                Ok(Self::Unix(listener, path))
            }
        }
    }

    /// Returns what to type into a browser; the path of a socket.
    pub(super) fn url(&self, is_tls: bool) -> String {
        let scheme = if is_tls { "https" } else { "http" };
        match self {
            Self::Tcp(_, address) => format!("{scheme}://{address}/"),
            #[cfg(unix)]
            Self::Unix(_, path) => format!("{UNIX}{}", path.display()),
        }
    }

    /// Whether only this machine can reach it.
    pub(super) fn is_private(&self) -> bool {
        match self {
            Self::Tcp(_, address) => address.ip().is_loopback(),
            #[cfg(unix)]
            Self::Unix(..) => true,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Connection> {
        match self {
            Self::Tcp(listener, _) => {
                let (stream, _) = listener.accept().await?;
                // Heads and bodies go out in one write each; the last must not wait for an answer.
                stream.set_nodelay(true)?;
                Ok(Connection::Tcp(stream))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => Ok(Connection::Unix(listener.accept().await?.0)),
        }
    }
}

#[cfg(unix)]
impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // If it stays, the next start finds that nobody listens there.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes a socket that nobody listens at: one that a killed server left.
#[cfg(unix)]
async fn remove_stale(path: &Path) {
    let found = std::fs::symlink_metadata(path);
    if !found.is_ok_and(|found| found.file_type().is_socket()) {
        return;
    }
    let refused = UnixStream::connect(path).await.err();
    if refused.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        let _ = std::fs::remove_file(path);
    }
}

/// What to do where a socket cannot be made.
#[cfg(unix)]
fn advice_for_socket(path: &Path, kind: io::ErrorKind) -> &'static str {
    let there = std::fs::symlink_metadata(path);
    match kind {
        io::ErrorKind::AddrInUse if there.is_ok_and(|there| !there.file_type().is_socket()) => {
            "what is there is no socket: remove it, or take another path"
        }
        io::ErrorKind::AddrInUse => "another program does: end it, or take another path",
        // std refuses a path that the system has no room for.
        io::ErrorKind::InvalidInput => {
            "the path of a socket has at most some 100 bytes: take a shorter one"
        }
        io::ErrorKind::NotFound => "make the folder that the socket is to be in",
        io::ErrorKind::PermissionDenied => "take a folder that this user may write to",
        _ => "take another path",
    }
}

/// What to do where an address cannot be listened at.
fn advice_for_address(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::AddrInUse => "another program does: end it, or take another address",
        io::ErrorKind::PermissionDenied => "ports below 1024 are the administrator's: take another",
        io::ErrorKind::AddrNotAvailable => {
            "take an address of this machine, or 0:PORT for all of them"
        }
        _ => "take another address",
    }
}

fn cannot_listen(place: &str, advice: &str, error: io::Error) -> Error {
    let reason = Error::from_io(io::Error::from(error.kind()));
    let problem = format!("cannot listen at {place}: {}", reason.problem());
    Error::new(ErrorKind::Other, problem)
        .with_advice(advice)
        .with_source(error)
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_django_does() {
        for (text, expected) in [
            ("", "[::1]:8000"),
            ("0:9000", "[::]:9000"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(address(text, true).unwrap().to_string(), expected, "{text}");
        }
        for text in ["127.0.0.1", "127.0.0.1:80"] {
            let error = address(text, true).unwrap_err();
            assert!(error.to_string().contains("no IPv6 address"), "{error}");
        }
        for (text, expected) in [
            ("", "127.0.0.1:8000"),
            ("9000", "127.0.0.1:9000"),
            ("0:9000", "0.0.0.0:9000"),
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("[::1]:9000", "[::1]:9000"),
            ("::1", "[::1]:8000"),
            ("[::]", "[::]:8000"),
            ("10.0.0.1", "10.0.0.1:8000"),
        ] {
            assert_eq!(
                address(text, false).unwrap().to_string(),
                expected,
                "{text}"
            );
        }
        for text in ["x", "1:2:x", "70000", "127.0.0.1:", ":::", "a b:80"] {
            let error = address(text, false).unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
