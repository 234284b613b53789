//! Uploads in handlers of axum 0.8 (feature `axum`): [`Uploaded`] is the form of a request, with its
//! files saved.
//!
//! ```
//! use axum_core::extract::FromRef;
//! use storehouse::media::{FormFile, Upload, axum::Uploaded};
//!
//! #[derive(Clone)]
//! struct App {
//!     photos: Upload,
//! }
//!
//! impl FromRef<App> for Upload {
//!     fn from_ref(app: &App) -> Self {
//!         app.photos.clone()
//!     }
//! }
//!
//! // Router::new().route("/photos", post(add)).with_state(app)
//! async fn add(Uploaded(mut form): Uploaded) -> String {
//!     match form.take_file("photo").map(FormFile::keep) {
//!         Some(photo) => format!("{} is {}", photo.original_name, photo.name),
//!         None => "choose a photo".to_owned(),
//!     }
//! }
//! ```
//!
//! What the handler does not keep of the form is deleted when it returns, whatever it answers.
//!
//! A handler with several kinds of uploads calls [`Upload::receive_body`] itself, with the two parts of
//! the request: `let (head, body) = request.into_parts(); upload.receive_body(&head.headers, body)`.
//! axum's limit of 2 MB for a body is not in the way: how much may come, [`UploadLimits`] says.
//!
//! [`UploadLimits`]: super::UploadLimits

use axum_core::{
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header::ACCEPT_ENCODING};

use super::{Form, Upload, UploadError};

/// A form whose files were taken by the [`Upload`] of the application's state.
#[derive(Debug)]
pub struct Uploaded(pub Form);

impl<S> FromRequest<S> for Uploaded
where
    Upload: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = UploadError;

    async fn from_request(request: Request, state: &S) -> Result<Self, UploadError> {
        let upload = Upload::from_ref(state);
        let (head, body) = request.into_parts();
        upload.receive_body(&head.headers, body).await.map(Self)
    }
}

impl IntoResponse for UploadError {
    /// The status, and as text what the client may know. What is not the client's mistake goes to the
    /// log, whole: see [`UploadError::log`].
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status(), self.client_message()).into_response();
        if matches!(self, Self::Encoded { .. }) {
            let identity = HeaderValue::from_static("identity");
            response.headers_mut().insert(ACCEPT_ENCODING, identity);
        }
        response
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use std::sync::Arc;

    use axum_core::body::Body;
    use http::{
        StatusCode,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
    };

    use super::*;

    fn request(body: &'static str) -> Request {
        let mut request = Request::new(Body::from(body));
        let content_type = HeaderValue::from_static("multipart/form-data; boundary=b");
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        request
    }

    fn upload() -> Upload {
        Upload::new(Arc::new(storehouse_memory::MemoryStorage::new()))
    }

    #[tokio::test]
    async fn a_request_becomes_its_form() {
        let body =
            "--b\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n\r\nhello\r\n--b--";

        let Uploaded(form) = Uploaded::from_request(request(body), &upload())
            .await
            .unwrap();

        assert_eq!(form.file("f").unwrap().size, 5);
    }

    #[tokio::test]
    async fn a_form_that_is_not_taken_is_answered() {
        let refused = Uploaded::from_request(request("--b\r\n"), &upload())
            .await
            .unwrap_err();

        assert_eq!(refused.into_response().status(), StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn who_sends_a_compressed_body_is_told_how_to_send_it() {
        let mut request = request("--b--");
        let gzip = HeaderValue::from_static("gzip");
        request.headers_mut().insert(CONTENT_ENCODING, gzip);

        let refused = Uploaded::from_request(request, &upload())
            .await
            .unwrap_err();

        let response = refused.into_response();
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(response.headers()[ACCEPT_ENCODING], "identity");
    }
}
