//! The services as tower has them: a request comes in, a response goes out, and nothing fails but by
//! its status.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Request;
use tower_service::Service;

use super::{
    MediaFiles, StaticFiles,
    layer::Answers,
    respond::{FileResponse, not_found},
};

/// A response under way.
type Responding = Pin<Box<dyn Future<Output = Result<FileResponse, Infallible>> + Send>>;

impl<B> Service<Request<B>> for StaticFiles {
    type Response = FileResponse;
    type Error = Infallible;
    type Future = Responding;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Responding {
        answer_or_not_found(self.clone(), request)
    }
}

impl<B> Service<Request<B>> for MediaFiles {
    type Response = FileResponse;
    type Error = Infallible;
    type Future = Responding;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Responding {
        answer_or_not_found(self.clone(), request)
    }
}

fn answer_or_not_found<B>(files: impl Answers, request: Request<B>) -> Responding {
    // Who asks for a file has nothing to say: the body is not read.
    let (parts, _) = request.into_parts();
    Box::pin(async move {
        let answer = files.answer(&parts).await;
        Ok(answer.unwrap_or_else(|| not_found(&parts.method)))
    })
}
