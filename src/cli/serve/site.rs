//! Which part of the site a request is for.

use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

use super::page::Page;
use crate::serve::{MediaFiles, ResponseBody, StaticFiles};

/// What is served.
#[derive(Debug, Default)]
pub(super) struct Site {
    pub(super) static_files: Option<StaticFiles>,
    pub(super) media_files: Option<MediaFiles>,
    /// What a browser is shown at `/`.
    pub(super) page: Option<Page>,
}

impl Site {
    /// Answers a request: the first that has the file does.
    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<ResponseBody> {
        let (parts, _) = request.into_parts();
        if let Some(page) = &self.page
            && parts.uri.path() == "/"
            && matches!(parts.method, Method::GET | Method::HEAD)
        {
            return page.response(&parts.method).await;
        }
        let mut last = None;
        let request = Request::from_parts(parts, ());
        if let Some(files) = &self.static_files {
            match called(files.clone(), &request).await {
                response if response.status() != StatusCode::NOT_FOUND => return response,
                response => last = Some(response),
            }
        }
        if let Some(files) = &self.media_files {
            last = Some(called(files.clone(), &request).await);
        }
        last.unwrap_or_default()
    }
}

async fn called<S>(mut service: S, request: &Request<()>) -> Response<ResponseBody>
where
    S: Service<Request<()>, Response = Response<ResponseBody>, Error = std::convert::Infallible>,
{
    let Ok(response) = service.call(request.clone()).await;
    response
}
