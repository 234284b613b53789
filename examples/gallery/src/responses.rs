//! What all answers of the gallery have in common: header fields, pages for failures, and no forms
//! from other sites.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use minijinja::context;

use crate::{
    app::App,
    failure::{Failure, Told},
    pages,
};

/// Pictures may come from the bucket's host; nothing else comes from anywhere but here.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; \
                      connect-src 'self'; img-src 'self' data: blob: http: https:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Pages have signed URLs in them, which end.
    (header::CACHE_CONTROL, "no-store"),
];

/// The middleware around all of the gallery's own routes.
pub(crate) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let json = wants_json(request.headers());
    let response = match is_from_another_site(request.method(), request.headers()) {
        true => Failure::CrossOrigin.into_response(),
        false => next.run(request).await,
    };
    let mut response = match response.extensions().get::<Told>().cloned() {
        Some(told) => told_as(&told, json, &app),
        None => response,
    };
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"))
}

/// A form on another site could delete photos here: browsers say where a POST comes from.
fn is_from_another_site(method: &Method, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).map(HeaderValue::to_str);
    let (Some(origin), &Method::POST) = (origin, method) else {
        return false;
    };
    let origin: Option<Uri> = origin.ok().and_then(|origin| origin.parse().ok());
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = origin.as_ref().and_then(Uri::authority);
    host.is_none() || authority.map(|authority| authority.as_str()) != host
}

fn told_as(told: &Told, json: bool, app: &App) -> Response {
    if json {
        let body = BTreeMap::from([("error", &told.message)]);
        return (told.status, Json(body)).into_response();
    }
    let title = told.status.canonical_reason().unwrap_or_default();
    let context = context! {
        status => told.status.as_u16(),
        title => title,
        message => &told.message,
    };
    match pages::page(app, "error.html", context) {
        Ok(page) => (told.status, page).into_response(),
        Err(_) => (told.status, told.message.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_from_this_site_only() {
        let here = Some("https://photos.example:8443");
        let host = Some("photos.example:8443");
        for (case, method, origin, host, is_refused) in [
            ("this site", Method::POST, here, host, false),
            (
                "another host",
                Method::POST,
                Some("https://evil.example"),
                host,
                true,
            ),
            (
                "another port",
                Method::POST,
                Some("https://photos.example"),
                host,
                true,
            ),
            ("hidden", Method::POST, Some("null"), host, true),
            ("nothing to compare with", Method::POST, here, None, true),
            ("both unknown", Method::POST, Some("null"), None, true),
            ("no browser", Method::POST, None, host, false),
            (
                "a link from there",
                Method::GET,
                Some("https://evil.example"),
                host,
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::ORIGIN, origin), (header::HOST, host)] {
                headers.extend(value.map(|value| (name, HeaderValue::from_static(value))));
            }

            assert_eq!(
                is_from_another_site(&method, &headers),
                is_refused,
                "{case}"
            );
        }
    }
}
