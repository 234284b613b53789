//! Connections below HTTP: TLS, and links that are slow or dead. The service at the other end is a
//! bare socket.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use storehouse_storage::{ErrorKind, Storage, StorageExt};
use storehouse_test_support::{FakeHttp, Minio, Response};

use crate::fixture::{MIB, bucket, bytes, name, opened, replace, storage};

const KEYS: &[(&str, &str)] = &[
    ("bucket_name", "bucket"),
    ("access_key", "a"),
    ("secret_key", "s"),
];
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bucket/tls/ca.pem");
const ANSWER: &str = "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n";

/// Hands every connection to `serve`, and returns the port.
fn listen(serve: impl Fn(TcpStream) -> io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away is no failure of the server's.
            drop(serve(stream.unwrap()));
        }
    });
    port
}

/// Reads up to the end of a request's head.
fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// A service with TLS that answers everything so, and its endpoint.
fn listen_with_tls(answer: String) -> String {
    listen_with_tls_to(move |stream| {
        read_head(stream)?;
        stream.write_all(answer.as_bytes())
    })
}

/// A service with TLS that hands every connection to `serve`, and its endpoint.
fn listen_with_tls_to(
    serve: impl Fn(&mut StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> + Send + 'static,
) -> String {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let port = listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        serve(&mut stream)?;
        stream.conn.send_close_notify();
        stream.flush()
    });
    format!("https://localhost:{port}")
}

/// TLS in front of a server without, and what was asked.
fn tls_before(server: &str) -> (String, mpsc::Receiver<String>) {
    let server = server.strip_prefix("http://").unwrap().to_owned();
    let (heads, asked) = mpsc::channel();
    let endpoint = listen_with_tls_to(move |stream| {
        let head = read_head(stream)?;
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        stream.read_exact(&mut body)?;
        let mut upstream = TcpStream::connect(&server)?;
        let head_to_end = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        upstream.write_all(head_to_end.as_bytes())?;
        upstream.write_all(&body)?;
        heads.send(lower).unwrap();
        io::copy(&mut upstream, stream).map(drop)
    });
    (endpoint, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_refused_at_once() {
    let endpoint = listen_with_tls(ANSWER.to_owned());
    let storage = storage(&[KEYS, &[("endpoint_url", &endpoint)]].concat());

    let error = storage.stat(&name("a")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!error.retry_may_help(), "{error:#?}");
    assert!(error.to_string().contains("ca_bundle"), "{error}");
    assert_eq!(storage.request_counts().unwrap().total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_trusted_through_a_bundle_or_if_none_is_looked_at() {
    let endpoint = listen_with_tls(ANSWER.to_owned());
    for trust in [("ca_bundle", AUTHORITY), ("verify", "false")] {
        let storage = storage(&[KEYS, &[("endpoint_url", &endpoint), trust]].concat());

        storage.stat(&name("a")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_not_signed_where_the_option_says_so() {
    let bucket = bucket("unsigned").await;
    let (endpoint, asked) = tls_before(Minio::get().endpoint());
    // The second is the digest of nothing.
    let digest = "x-amz-content-sha256: ";
    let unsigned = format!("{digest}unsigned-payload\r\n");
    let nothing = format!("{digest}e3b0c442");
    for (option, contents_are_signed) in [("false", true), ("true", false)] {
        let options = [("ca_bundle", AUTHORITY), ("unsigned_payload", option)];
        let storage = opened(&bucket, &endpoint, &options);

        replace(&storage, "a.txt", "A").await.unwrap();
        replace(&storage, "a.bin", bytes(9 * MIB)).await.unwrap();
        let failures = storage.delete_many(&[name("a.txt"), name("b.txt")]).await;

        assert!(failures.is_empty(), "{failures:?}");
        let heads: Vec<String> = asked.try_iter().collect();
        assert_eq!(heads.len(), 6, "{heads:?}");
        for head in heads {
            let is_content = head.starts_with("put ");
            let is_signed = contents_are_signed || !is_content;
            assert_eq!(!head.contains(&unsigned), is_signed, "{head}");
            let has_md5 = !is_signed || head.contains("?delete");
            assert_eq!(head.contains("content-md5: "), has_md5, "{head}");
            assert_eq!(head.contains(&nothing), head.contains("?uploads"), "{head}");
        }
        assert!(bucket.get_raw("a.bin").unwrap() == bytes(9 * MIB));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_content_that_was_damaged_is_seen_by_its_etag() {
    // By the first answer the service's ETags are known to be MD5s.
    let right = std::sync::atomic::AtomicBool::new(true);
    let endpoint = listen_with_tls_to(move |stream| {
        let head = read_head(stream)?;
        if head.starts_with("PUT") {
            stream.read_exact(&mut [0])?;
            assert!(head.contains("UNSIGNED-PAYLOAD"), "{head}");
        }
        let etag = match right.swap(false, std::sync::atomic::Ordering::SeqCst) {
            true => "7fc56270e7a70fa81a5935b72eacbe29".to_owned(),
            false => "0".repeat(32),
        };
        let answer = ANSWER.replace("\"x\"", &format!("\"{etag}\""));
        stream.write_all(answer.as_bytes())
    });
    let options = [
        ("endpoint_url", endpoint.as_str()),
        ("ca_bundle", AUTHORITY),
        ("unsigned_payload", "true"),
    ];
    let storage = storage(&[KEYS, &options].concat());

    replace(&storage, "a", "A").await.unwrap();
    let error = replace(&storage, "a", "A").await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_leads_from_https_to_http() {
    let plain = FakeHttp::start(|_| Response::new(200));
    let location = format!("{}/bucket/a", plain.endpoint());
    let endpoint = listen_with_tls(format!(
        "HTTP/1.1 307 \r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ));
    let options = [
        ("endpoint_url", endpoint.as_str()),
        ("ca_bundle", AUTHORITY),
    ];
    let storage = storage(&[KEYS, &options].concat());

    let error = storage.stat(&name("a")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(plain.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_link_that_moves_is_no_failure() {
    let port = listen(|mut stream| {
        read_head(&mut stream)?;
        let mut block = vec![0; MIB];
        for _ in 0..64 {
            // This is the slowness, three times that of the limit in all. What the systems of both sides
            // hold at the end is a tenth of it.
            thread::sleep(Duration::from_millis(50));
            stream.read_exact(&mut block)?;
        }
        stream.write_all(ANSWER.as_bytes())
    });
    let endpoint = format!("http://127.0.0.1:{port}");
    let options = [
        ("endpoint_url", endpoint.as_str()),
        ("read_timeout", "1"),
        ("multipart_threshold", "67108864"),
    ];
    let storage = storage(&[KEYS, &options].concat());

    replace(&storage, "a.bin", bytes(64 * MIB)).await.unwrap();

    assert_eq!(storage.request_counts().unwrap().total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_dies_is_given_up() {
    let upload = |mut stream: TcpStream| {
        read_head(&mut stream)?;
        // The body is more than the system buffers for a reader that reads nothing.
        thread::park();
        Ok(())
    };
    let download = |mut stream: TcpStream| {
        read_head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 100\r\n\r\nhalf")?;
        thread::park();
        Ok(())
    };
    let limits = [("read_timeout", "1"), ("retry_timeout", "0")];
    for (case, port) in [("upload", listen(upload)), ("download", listen(download))] {
        let endpoint = format!("http://127.0.0.1:{port}");
        let options = [&limits[..], &[("endpoint_url", &endpoint)]].concat();
        let storage = storage(&[KEYS, &options].concat());
        let start = Instant::now();

        let error = match case {
            "upload" => replace(&storage, "a.bin", bytes(8 * MIB))
                .await
                .unwrap_err(),
            _ => storage.read(&name("a")).await.unwrap_err(),
        };

        assert_eq!(error.kind(), ErrorKind::Unavailable, "{case}: {error}");
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{case}: {:?}",
            start.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_reading_is_given_up_after_the_read_timeout() {
    let held = Arc::new(std::sync::Mutex::new(Vec::new()));
    let holding = Arc::clone(&held);
    let port = listen(move |mut stream| {
        read_head(&mut stream)?;
        // Open, and never read again.
        holding.lock().unwrap().push(stream);
        Ok(())
    });
    let endpoint = format!("http://127.0.0.1:{port}");
    let limits = [("read_timeout", "2"), ("retry_timeout", "0")];
    let storage = storage(&[KEYS, &[("endpoint_url", &endpoint)], &limits].concat());
    // What the system takes at once and cannot send, and what it does not take.
    for size in [100 * 1024, 3 * MIB, 8 * MIB] {
        let start = Instant::now();

        let error = replace(&storage, "a.bin", bytes(size)).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unavailable, "{size}");
        assert!(error.to_string().contains("read_timeout"), "{error}");
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(20), "{size}: {waited:?}");
    }
}
