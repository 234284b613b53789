//! Static files and media as a service of actix-web, for what no route of the application takes.

use std::io;

use actix_web::{HttpRequest, HttpResponse, body::SizedStream, http::StatusCode, web::Data};
use http_body_util::BodyExt;
use storehouse::serve::{MediaFiles, ResponseBody, StaticFiles};

/// What is served.
pub(crate) struct Files {
    pub(crate) static_files: StaticFiles,
    pub(crate) media: MediaFiles,
}

/// Answers a request that no route took: with a file, or as the application does.
#[expect(clippy::future_not_send, reason = "each worker is one thread")]
pub(crate) async fn file_or_not_found(request: HttpRequest, files: Data<Files>) -> HttpResponse {
    let Ok(head) = head_of(&request) else {
        return HttpResponse::BadRequest().finish();
    };
    let answer = match files.static_files.answer(&head).await {
        None => files.media.answer(&head).await,
        answer => answer,
    };
    match answer {
        Some(answer) => response_of(answer),
        None => HttpResponse::NotFound().body("the application has no such page\n"),
    }
}

/// The head of a request in the types of http 1: actix-web has those of http 0.2.
fn head_of(request: &HttpRequest) -> http::Result<http::request::Parts> {
    let mut head = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().to_string());
    for (name, value) in request.headers() {
        head = head.header(name.as_str(), value.as_bytes());
    }
    Ok(head.body(())?.into_parts().0)
}

fn response_of(answer: http::Response<ResponseBody>) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    // What has content tells its length, to HEAD too, where no byte of the body comes.
    let length = head.headers.get(http::header::CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        Some(length) => {
            let blocks = body.map_err(io::Error::other).into_data_stream();
            response.body(SizedStream::new(length, blocks))
        }
        None => response.finish(),
    }
}
