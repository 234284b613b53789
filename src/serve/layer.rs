//! Files in front of an application: what is no file is the application's to answer, as with
//! WhiteNoise.
//!
//! ```
//! use storehouse::serve::{StaticFiles, UrlPrefix};
//! use tower_layer::Layer;
//!
//! # let (storage, application) = (std::sync::Arc::new(storehouse_memory::MemoryStorage::new()), ());
//! let files = StaticFiles::new(UrlPrefix::new("/static/"), storage);
//! let application = files.layer(application);
//! # let _ = application;
//! ```

use std::{
    error::Error as StdError,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::{MediaFiles, ResponseBody, StaticFiles, respond::FileResponse};

/// An application with files in front of it.
#[derive(Debug, Clone)]
pub struct WithFiles<F, S> {
    files: F,
    inner: S,
}

/// Something that may have the answer.
pub(super) trait Answers: Clone + Send + Sync + 'static {
    /// Answers a request, or leaves it to the application.
    fn answer(
        &self,
        request: &http::request::Parts,
    ) -> impl Future<Output = Option<FileResponse>> + Send;

    /// The field `Link` of the application's pages.
    fn links(&self) -> Option<HeaderValue> {
        None
    }
}

impl Answers for StaticFiles {
    async fn answer(&self, request: &http::request::Parts) -> Option<FileResponse> {
        Self::answer(self, request).await
    }

    fn links(&self) -> Option<HeaderValue> {
        Self::links(self)
    }
}

impl Answers for MediaFiles {
    async fn answer(&self, request: &http::request::Parts) -> Option<FileResponse> {
        Self::answer(self, request).await
    }
}

impl<S> Layer<S> for StaticFiles {
    type Service = WithFiles<Self, S>;

    fn layer(&self, inner: S) -> WithFiles<Self, S> {
        let files = self.clone();
        WithFiles { files, inner }
    }
}

impl<S> Layer<S> for MediaFiles {
    type Service = WithFiles<Self, S>;

    fn layer(&self, inner: S) -> WithFiles<Self, S> {
        let files = self.clone();
        WithFiles { files, inner }
    }
}

/// A response under way.
type Responding<E> = Pin<Box<dyn Future<Output = Result<FileResponse, E>> + Send>>;

impl<F, S, B, R> Service<Request<B>> for WithFiles<F, S>
where
    F: Answers,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = FileResponse;
    type Error = S::Error;
    type Future = Responding<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Responding<S::Error> {
        let files = self.files.clone();
        // The one that said it is ready has to be the one that is called.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            if let Some(response) = files.answer(&parts).await {
                return Ok(response);
            }
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            if is_page(&response)
                && let Some(links) = files.links()
            {
                response.headers_mut().append(header::LINK, links);
            }
            Ok(response.map(ResponseBody::inner))
        })
    }
}

/// Whether a response is a page that a browser shows.
fn is_page<R>(response: &Response<R>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_html = |value: &HeaderValue| value.as_bytes().starts_with(b"text/html");
    response.status().is_success() && content_type.is_some_and(is_html)
}
