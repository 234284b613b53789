//! The services in applications: in front of an axum router, as its routes, and under plain hyper.
//! Each is a real server that is asked by a real connection.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, routing::get};
use http::{HeaderValue, header};
use storehouse::{
    serve::{MediaFiles, StaticFiles, UrlPrefix},
    settings::{Settings, Sources},
    storage::{Name, SaveOptions, Storage},
    storages::{Storages, builtin},
};
use tower_layer::Layer;

use crate::server::{Answer, request};

pub(crate) async fn storage(files: &[(&str, &str)]) -> Arc<dyn Storage> {
    let sources = Sources::new("/nowhere").with_set("DEFAULT_FILE_STORAGE=memory:");
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let storage = Storages::new(&settings, builtin())
        .unwrap()
        .default()
        .unwrap();
    for (name, content) in files {
        let name = Name::new(*name).unwrap();
        let options = SaveOptions::default();
        storage
            .save(&name, (*content).to_owned().into(), &options)
            .await
            .unwrap();
    }
    storage
}

/// Serves an application at a free port, and returns the address.
pub(crate) async fn started(application: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, application).await });
    address
}

pub(crate) async fn sent(address: &str, method: &str, path: &str) -> Answer {
    sent_with(address, method, path, &[]).await
}

/// Sends a request with header fields.
pub(crate) async fn sent_with(address: &str, method: &str, path: &str, headers: &[&str]) -> Answer {
    let request = request(method, path, headers);
    let (address, is_head) = (address.to_owned(), method == "HEAD");
    let asking = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&request).unwrap();
        Answer::read(&mut stream, is_head).unwrap()
    });
    asking.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_hands_what_is_no_file_to_the_application() {
    let static_files = storage(&[("app.css", "body {}")]).await;
    let media = storage(&[("me.png", "picture")]).await;
    let application = Router::new()
        .route("/", get(|| async { "home" }))
        .route("/static/dynamic", get(|| async { "made" }))
        .route("/static/app.css", get(|| async { "never" }))
        .fallback(|| async { (http::StatusCode::NOT_FOUND, "the application's own") })
        .layer(StaticFiles::new(UrlPrefix::new("/static/"), static_files))
        .layer(MediaFiles::new(UrlPrefix::new("/media/"), media));
    let address = started(application).await;

    for (method, path, status, body) in [
        ("GET", "/", 200, "home"),
        ("GET", "/static/app.css", 200, "body {}"),
        ("GET", "/static/dynamic", 200, "made"),
        ("GET", "/static/nope", 404, "the application's own"),
        ("GET", "/static/../canary", 404, "the application's own"),
        ("GET", "/media/me.png", 200, "picture"),
        ("GET", "/media/nope", 404, "the application's own"),
        (
            "POST",
            "/static/app.css",
            405,
            "405 Method Not Allowed: it can be read, no more\n",
        ),
        ("HEAD", "/static/app.css", 200, ""),
    ] {
        let answer = sent(&address, method, path).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, body),
            "{method} {path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_tell_what_is_to_be_fetched_with_them() {
    let files = storage(&[
        ("app.55e7cbb9ba48.css", "body {}"),
        ("page.html", "<p>"),
        (
            "staticfiles.json",
            r#"{"paths": {"app.css": "app.55e7cbb9ba48.css"}, "version": "1.1", "hash": ""}"#,
        ),
    ])
    .await;
    let files = StaticFiles::new(UrlPrefix::new("/static/"), Arc::clone(&files))
        .with_preload(["app.css", "gone.css"])
        .with_manifest(files, Name::new("staticfiles.json").unwrap())
        .await
        .unwrap();
    let html = || async { axum::response::Html("<p>") };
    let application = Router::new()
        .route("/", get(html))
        .route("/text", get(|| async { "text" }))
        .layer(files);
    let address = started(application).await;

    let link = "</static/app.55e7cbb9ba48.css>; rel=preload; as=style";
    for (path, expected) in [
        ("/", Some(link)),
        ("/text", None),
        ("/static/page.html", None),
    ] {
        assert_eq!(
            sent(&address, "GET", path).await.header("link"),
            expected,
            "{path}"
        );
    }
    let manifest = sent(&address, "GET", "/static/staticfiles.json").await;
    assert_eq!(manifest.header("cache-control"), Some("no-cache"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_a_route() {
    let files = storage(&[("app.css", "body {}")]).await;
    // `nest_service` takes the prefix off; a route leaves it.
    let application = Router::new()
        .nest_service(
            "/nested",
            StaticFiles::new(UrlPrefix::new("/"), Arc::clone(&files)),
        )
        .route_service(
            "/static/{*path}",
            StaticFiles::new(UrlPrefix::new("/static/"), files),
        );
    let address = started(application).await;

    for path in ["/nested/app.css", "/static/app.css"] {
        assert_eq!(
            sent(&address, "GET", path).await.text(),
            "body {}",
            "{path}"
        );
    }
    let missing = sent(&address, "GET", "/static/nope").await;
    assert_eq!(
        (missing.status, missing.text().as_str()),
        (404, "404 Not Found\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn header_fields_are_changed_by_a_function_and_once_for_a_file() {
    let files = storage(&[("app.css", "body {}"), ("font.woff2", "x")]).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let files = StaticFiles::new(UrlPrefix::new("/static/"), files)
        .with_all_origins(false)
        .with_headers(move |name, headers| {
            counted.fetch_add(1, Ordering::Relaxed);
            headers.remove(header::CACHE_CONTROL);
            if name.as_str().ends_with(".woff2") {
                let origin = HeaderValue::from_static("https://example.com");
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("font/own"));
            }
        });
    let address = started(Router::new().fallback_service(files)).await;

    for _ in 0..3 {
        let font = sent(&address, "GET", "/static/font.woff2").await;
        assert_eq!(
            font.header("access-control-allow-origin"),
            Some("https://example.com")
        );
        assert_eq!(font.header("content-type"), Some("font/own"));
        assert_eq!(font.header("cache-control"), None);
    }
    let style = sent(&address, "GET", "/static/app.css").await;
    assert_eq!(style.header("access-control-allow-origin"), None);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_file_stands_for_its_folder() {
    let files = storage(&[
        ("index.html", "home"),
        ("d/index.html", "folder"),
        ("plain/x.css", "x"),
        (
            "//evil.example/index.html".trim_start_matches('/'),
            "elsewhere",
        ),
    ])
    .await;
    let files = StaticFiles::new(UrlPrefix::new("/static/"), files)
        .with_index(Name::new("index.html").unwrap());
    let address = started(Router::new().fallback_service(files)).await;

    for (path, status, location) in [
        ("/static/", 200, None),
        ("/static/d/", 200, None),
        ("/static/d", 302, Some("/static/d/")),
        ("/static/d/index.html", 302, Some("/static/d/")),
        ("/static/index.html", 302, Some("/static/")),
        ("/static/plain/", 404, None),
        ("/static/plain", 404, None),
        ("/static/plain/index.html", 404, None),
        ("/static/plain/x.css", 200, None),
        ("/static//evil.example", 404, None),
        ("/static/evil.example", 302, Some("/static/evil.example/")),
    ] {
        let answer = sent(&address, "GET", path).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (status, location),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_redirects_to_the_storage_where_it_is_told_to() {
    let sources = Sources::new("/nowhere")
        .with_set("DEFAULT_FILE_STORAGE=memory:?base_url=https://cdn.example/m/");
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let storage = Storages::new(&settings, builtin())
        .unwrap()
        .default()
        .unwrap();
    let media = MediaFiles::new(UrlPrefix::new("/media/"), storage).with_redirects();
    let address = started(Router::new().fallback_service(media)).await;

    let answer = sent(&address, "GET", "/media/a%20b.png").await;

    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.header("location"),
        Some("https://cdn.example/m/a%20b.png")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trusted_media_may_run() {
    let files = storage(&[("x.html", "<script>"), ("x.svg", "<svg/>")]).await;
    let trusted = MediaFiles::new(UrlPrefix::new("/media/"), files).with_trusted_content();
    let address = started(Router::new().fallback_service(trusted)).await;

    for path in ["/media/x.html", "/media/x.svg"] {
        let answer = sent(&address, "GET", path).await;
        assert_eq!(answer.header("content-security-policy"), None, "{path}");
        assert_eq!(answer.header("content-disposition"), None, "{path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_hyper_takes_a_layer_over_a_service() {
    let files = storage(&[("app.css", "body {}")]).await;
    let application = tower::service_fn(|_: http::Request<hyper::body::Incoming>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(String::from("home")))
    });
    let service = StaticFiles::new(UrlPrefix::new("/static/"), files).layer(application);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(service.clone());
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });

    assert_eq!(
        sent(&address, "GET", "/static/app.css").await.text(),
        "body {}"
    );
    assert_eq!(sent(&address, "GET", "/static/nope").await.text(), "home");
    assert_eq!(sent(&address, "GET", "/").await.text(), "home");
}
