//! Which part of the site a request is for.

use http::{Method, Request, Response};

use super::{host::host_of, page::Page};
use crate::serve::{MediaFiles, ResponseBody, StaticFiles, not_found, read_only};

/// What is served.
#[derive(Debug, Default)]
pub(super) struct Site {
    pub(super) static_files: Option<StaticFiles>,
    pub(super) media_files: Option<MediaFiles>,
    /// What is at `/` beside them.
    pub(super) root_files: Option<StaticFiles>,
    /// What a browser is shown at `/`.
    pub(super) page: Option<Page>,
}

impl Site {
    /// Whether there are no files to be served.
    pub(super) fn is_empty(&self) -> bool {
        self.static_files.is_none() && self.media_files.is_none() && self.root_files.is_none()
    }

    /// Answers a request that names a host: the first that has the file does.
    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<ResponseBody> {
        if let Some(page) = &self.page
            && request.uri().path() == "/"
        {
            let host = host_of(&request).unwrap_or_default();
            return match *request.method() {
                Method::GET | Method::HEAD => page.response(request.method(), host).await,
                _ => read_only(request.method()),
            };
        }
        let (parts, _) = request.into_parts();
        if let Some(files) = &self.static_files
            && let Some(response) = files.answer(&parts).await
        {
            return response;
        }
        if let Some(files) = &self.media_files
            && let Some(response) = files.answer(&parts).await
        {
            return response;
        }
        if let Some(files) = &self.root_files
            && let Some(response) = files.answer(&parts).await
        {
            return response;
        }
        not_found(&parts.method)
    }
}
