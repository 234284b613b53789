//! The body of an answer, as hyper and whatever stands on it take it. It decides nothing.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, stream::BoxStream};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use storehouse_storage::Result;

/// What may go wrong while a body is sent.
type BoxError = Box<dyn StdError + Send + Sync>;

/// The body of a response: of a file, or of the application behind a layer.
///
/// A file that is in memory is sent from there. Of all others some blocks are held, up to 830 KiB with
/// what the HTTP libraries hold. If a file ends early, or its storage does not go on, the body fails and
/// the connection is closed, so that no client takes a part for the whole.
pub struct ResponseBody(Kind);

enum Kind {
    Bytes(Bytes),
    /// Blocks, and how many bytes are left.
    Blocks(BoxStream<'static, Result<Bytes>>, u64),
    /// The application's own.
    Inner(UnsyncBoxBody<Bytes, BoxError>),
}

impl ResponseBody {
    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// `length` bytes in blocks.
    pub(super) fn blocks(
        blocks: impl Stream<Item = Result<Bytes>> + Send + 'static,
        length: u64,
    ) -> Self {
        Self(Kind::Blocks(Box::pin(blocks), length))
    }

    /// Whether no file is open for it, nor anything else of a storage.
    #[cfg(feature = "cli")]
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.0, Kind::Bytes(_))
    }

    /// The body of another service.
    pub(super) fn inner<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Inner(body.map_err(Into::into).boxed_unsync()))
    }
}

impl<T: Into<Bytes>> From<T> for ResponseBody {
    fn from(bytes: T) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            Kind::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Blocks(blocks, left) => blocks.as_mut().poll_next(context).map(|block| {
                block.map(|block| {
                    let block = block.inspect_err(|error| {
                        tracing::warn!("an answer was broken off: {error}");
                    })?;
                    *left = left.saturating_sub(block.len() as u64);
                    Ok(Frame::data(block))
                })
            }),
            Kind::Inner(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            // The end of the stream tells whether all came.
            Kind::Blocks(..) => false,
            Kind::Inner(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Blocks(_, left) => SizeHint::with_exact(*left),
            Kind::Inner(body) => body.size_hint(),
        }
    }
}

impl Default for ResponseBody {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size_hint();
        f.debug_tuple("ResponseBody").field(&size.exact()).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn it_tells_how_much_is_left() {
        let blocks = ["abc", "de"].map(|block| Ok(Bytes::from(block)));
        let mut body = ResponseBody::blocks(stream::iter(blocks), 5);

        for left in [5, 2, 0] {
            assert_eq!(body.size_hint().exact(), Some(left));
            assert!(!body.is_end_stream());
            let frame = body.frame().await;
            assert_eq!(frame.is_none(), left == 0);
        }
    }
}
