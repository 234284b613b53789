//! `storehouse serve` by TLS and HTTP/2.

use std::{fs, io, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    server::{Server, request},
    site::Site,
};

fn site() -> Site {
    let site =
        Site::new("DEBUG = true\nSTATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\n");
    site.write("assets/a.txt", "here");
    for name in ["", "other-"] {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let CertifiedKey { cert, signing_key } = made;
        site.write(&format!("{name}cert.pem"), cert.pem());
        site.write(&format!("{name}key.pem"), signing_key.serialize_pem());
    }
    site
}

async fn connected(site: &Site, server: &Server, protocol: &str) -> TlsStream<TcpStream> {
    let stream = trusting(&site.read("cert.pem"), server, protocol).await;
    let stream = stream.unwrap();
    assert_eq!(
        stream.get_ref().1.alpn_protocol(),
        Some(protocol.as_bytes())
    );
    stream
}

/// Connects as a client that trusts this certificate and no other.
async fn trusting(cert: &str, server: &Server, protocol: &str) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let cert = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
    roots.add(cert).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(&server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

#[test]
fn a_key_among_the_files_that_are_served_keeps_the_server_from_starting() {
    for (folder, sets) in [
        ("assets", &["DEBUG=true"][..]),
        (
            "media",
            &["DEBUG=false", "MEDIA_ROOT=media", "MEDIA_URL=/media/"],
        ),
        ("public", &["DEBUG=false", "WHITENOISE_ROOT=public"]),
    ] {
        let site = site();
        let key = format!("{folder}/key.pem");
        site.write(&key, site.read("key.pem"));
        let mut arguments = vec!["serve", "0", "--tls-cert", "cert.pem", "--tls-key", &key];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));

        let served = site.run(&arguments).failed(1);

        served.tells(&["storehouse.E010", "The TLS key", folder]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_sent_under_no_name() {
    let site = site();
    let folders = ["media", "public"].map(|folder| format!("{folder}/a.txt"));
    for name in &folders {
        site.write(name, "here");
    }
    let sets = "MEDIA_URL=/media/ MEDIA_ROOT=media WHITENOISE_ROOT=public";
    let sets = sets.split(' ').flat_map(|set| ["--set", set]);
    let mut arguments = vec!["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    arguments.extend(sets);
    let server = Server::start(&site, &arguments);
    for (folder, prefix) in [("assets", "/static"), ("media", "/media"), ("public", "")] {
        fs::hard_link(site.path("key.pem"), site.path(&format!("{folder}/k.txt"))).unwrap();

        for (name, status) in [("a.txt", "200"), ("k.txt", "404")] {
            let mut stream = connected(&site, &server, "http/1.1").await;
            let asked = request("GET", &format!("{prefix}/{name}"), &[]);
            stream.write_all(&asked).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let start = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&start), "{prefix}/{name}: {answer}");
        }
    }
}

/// Asks for the file in several ways at once, on one connection of HTTP/2.
async fn asked_by_http2(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let cases = [
        ("GET", "accept", "*/*", 200, "here"),
        ("GET", "range", "bytes=1-2", 206, "er"),
        ("GET", "range", "bytes=-1", 206, "e"),
        (
            "GET",
            "range",
            "bytes=4-",
            416,
            "416 Range Not Satisfiable: it is not as long as that\n",
        ),
        ("GET", "if-none-match", "*", 304, ""),
        ("HEAD", "range", "bytes=1-2", 200, ""),
        (
            "POST",
            "accept",
            "*/*",
            405,
            "405 Method Not Allowed: it can be read, no more\n",
        ),
    ];
    let asking = cases.map(|(method, field, value, status, body)| {
        let mut sender = sender.clone();
        async move {
            let request = http::Request::builder()
                .method(method)
                .uri("http://localhost/static/a.txt")
                .header(field, value)
                .body(Empty::<Bytes>::new())
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {field}: {value}");
            assert_eq!(response.version(), http::Version::HTTP_2);
            let sent = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(sent, body, "{method} {field}: {value}");
        }
    });
    futures::future::join_all(asking).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_speaks_the_version_that_the_client_likes() {
    let site = site();
    let server = Server::start(&site, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);

    asked_by_http2(connected(&site, &server, "h2").await).await;
    let mut stream = connected(&site, &server, "http/1.1").await;
    stream
        .write_all(&request("GET", "/static/a.txt", &[]))
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhere"), "{answer}");

    // Who speaks no TLS has only its own connection lost.
    let mut plain = TcpStream::connect(&server.address).await.unwrap();
    plain
        .write_all(&request("GET", "/static/a.txt", &[]))
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("here"));
    asked_by_http2(connected(&site, &server, "h2").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_is_spoken_without_tls_by_who_knows_of_it() {
    let site = site();
    let server = Server::start(&site, &[]);

    asked_by_http2(TcpStream::connect(&server.address).await.unwrap()).await;
}

/// Waits until the server shows this certificate.
async fn shown(cert: &str, server: &Server) {
    let tries = async {
        while trusting(cert, server, "http/1.1").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(30);
    tokio::time::timeout(limit, tries).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_shown_after_sighup_and_nobody_is_cut_off() {
    let site = site();
    let server = Server::start(&site, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let (old, new) = (site.read("cert.pem"), site.read("other-cert.pem"));
    let mut before = trusting(&old, &server, "http/1.1").await.unwrap();

    site.write("cert.pem", &new);
    site.write("key.pem", site.read("other-key.pem"));
    server.signal("-HUP");
    shown(&new, &server).await;
    trusting(&old, &server, "http/1.1").await.unwrap_err();

    let asked = request("GET", "/static/a.txt", &[]);
    before.write_all(&asked).await.unwrap();
    let mut answer = String::new();
    before.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhere"), "{answer}");
}

#[test]
fn a_key_that_does_not_fit_is_told() {
    let site = site();
    fs::write(site.path("empty.pem"), "").unwrap();
    for (cert, key, parts) in [
        (
            "cert.pem",
            "other-key.pem",
            "cannot be used for TLS|--tls-key has to be the key",
        ),
        (
            "empty.pem",
            "key.pem",
            "the certificate empty.pem cannot be read|-----BEGIN",
        ),
        ("cert.pem", "cert.pem", "the key cert.pem cannot be read"),
    ] {
        let ran = site
            .run(&["serve", "0", "--tls-cert", cert, "--tls-key", key])
            .failed(1);

        ran.tells(&parts.split('|').collect::<Vec<_>>());
    }
}
