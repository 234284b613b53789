//! The body of an answer on its way: what it holds until it is sent, and how far it has come. With HTTP/1.1
//! it holds nothing and counts nothing; the connection's own clock is enough there.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use super::{idle::Open, places::Place, streams::Stream};
use crate::serve::ResponseBody;

/// What is up to a frame of HTTP/2 is sent with the end of the stream in it; after more, the end follows when
/// all is written, so that the clock of the stream runs until then.
const SHORT: usize = 16 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Sending {
    body: ResponseBody,
    held: Option<Held>,
    /// Whether the body has given all.
    is_over: bool,
    /// Whether the end waits until the last piece is written.
    is_long: bool,
}

/// What an answer on an HTTP/2 stream holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) stream: Option<Arc<Stream>>,
    /// For a file that is open.
    pub(super) place: Option<Place>,
    /// Keeps the connection from being idle.
    pub(super) _open: Open,
}

impl Sending {
    /// Wraps a body; `held` is nothing with HTTP/1.1.
    pub(super) fn new(body: ResponseBody, mut held: Option<Held>) -> Self {
        if let Some(held) = &mut held
            && body.is_in_memory()
        {
            held.place = None;
        }
        Self {
            body,
            held,
            is_over: false,
            is_long: false,
        }
    }

    fn stream(&self) -> Option<&Arc<Stream>> {
        self.held.as_ref()?.stream.as_ref()
    }

    fn piece(&mut self, bytes: Bytes) -> Piece {
        let stream = self.stream().map(Arc::clone);
        if let Some(stream) = &stream {
            stream.handed(bytes.len());
            self.is_long = bytes.len() > SHORT;
        }
        Piece { bytes, stream }
    }

    /// Closes the file, and gives its place to the next.
    fn end(&mut self) {
        self.is_over = true;
        self.body = ResponseBody::empty();
        if let Some(held) = &mut self.held {
            held.place = None;
        }
    }
}

impl Body for Sending {
    type Data = Piece;
    type Error = <ResponseBody as Body>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Self::Error>>> {
        let this = self.get_mut();
        if !this.is_over {
            if let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(context)) {
                let frame = frame.map(|frame| frame.map_data(|bytes| this.piece(bytes)));
                return Poll::Ready(Some(frame));
            }
            this.end();
        }
        match this.stream() {
            Some(stream) => stream.poll_written(context).map(|()| None),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.is_long
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A part of a body. hyper takes from it what it writes to the connection.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    stream: Option<Arc<Stream>>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(stream) = &self.stream {
            stream.written(count);
        }
    }
}

impl Drop for Piece {
    /// What hyper does not write any more waits no more.
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.written(self.bytes.len());
        }
    }
}
