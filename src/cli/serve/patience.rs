//! How long a client may take: a connection to which nothing can be written for a while, or on which
//! nothing happens at all, is closed. So nobody holds a file, or a place, for ever.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long a write may stand still.
pub(super) const STALL: Duration = Duration::from_secs(30);
/// How long a client may send and take nothing: nginx's `keepalive_timeout`.
pub(super) const IDLE: Duration = Duration::from_secs(75);

/// A connection that is closed when it stands still.
#[derive(Debug)]
pub(super) struct Patient<C> {
    inner: C,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs from the first read that waits on. It is not set anew at each: what has happened since is looked at
    /// when it ends, since to set a timer costs more than to send a small file.
    idle: Option<Pin<Box<Sleep>>>,
    /// When something was last read or written.
    latest: Instant,
}

impl<C> Patient<C> {
    pub(super) fn new(inner: C) -> Self {
        Self {
            inner,
            stalled: None,
            idle: None,
            latest: Instant::now(),
        }
    }

    /// Takes what a write gave, and fails where it has waited for too long.
    fn written<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.latest = Instant::now();
            self.stalled = None;
            return written;
        }
        let timer = || Box::pin(sleep(STALL));
        let timer = self.stalled.get_or_insert_with(timer);
        timer.as_mut().poll(context).map(|()| Err(timed_out()))
    }

    /// Waits with a read, and fails where nothing has happened for too long.
    fn waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let timer = || Box::pin(sleep(IDLE));
        let timer = self.idle.get_or_insert_with(timer);
        while timer.as_mut().poll(context).is_ready() {
            let end = self.latest + IDLE;
            if end <= Instant::now() {
                return Poll::Ready(Err(timed_out()));
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl<C: AsyncRead + Unpin> AsyncRead for Patient<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        if read.is_pending() {
            return this.waiting(context);
        }
        this.latest = Instant::now();
        read
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Patient<C> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.written(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        this.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(context);
        this.written(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_given_up() {
        let (server, mut client) = duplex(4);
        let mut server = Patient::new(server);

        let error = server.write_all(&[b'x'; 10]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let mut read = [0; 4];
        client.read_exact(&mut read).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_only_reads_is_not_idle() {
        let (server, mut client) = duplex(1);
        let mut server = Patient::new(server);
        let reading = tokio::spawn(async move {
            for _ in 0..5 {
                sleep(STALL - Duration::from_secs(1)).await;
                client.read_u8().await.unwrap();
            }
            client
        });

        // As a server of HTTP does: it writes, and listens meanwhile.
        let (mut reader, mut writer) = tokio::io::split(&mut server);
        let writing = async { writer.write_all(&[b'x'; 5]).await.unwrap() };
        let listening = async { reader.read_u8().await.unwrap_err().kind() };
        let ((), kind) = tokio::join!(writing, listening);

        // Only when it has read all, and says nothing for long.
        assert_eq!(kind, io::ErrorKind::TimedOut);
        reading.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_is_waited_for_as_long_as_it_goes_on() {
        let (server, mut client) = duplex(1);
        let mut server = Patient::new(server);
        let reading = tokio::spawn(async move {
            for _ in 0..5 {
                sleep(STALL - Duration::from_secs(1)).await;
                client.read_u8().await.unwrap();
            }
        });

        server.write_all(&[b'x'; 5]).await.unwrap();

        reading.await.unwrap();
    }
}
