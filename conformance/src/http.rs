//! A plain HTTP/1.1 GET, as a browser sends one: no credentials, no client of a driver's own.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A server on this machine that takes longer does not answer.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Returns a header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Gets an `http://` URL whose answer is a short text.
pub(crate) async fn get(url: &str) -> Answer {
    let answer = tokio::time::timeout(TIME_LIMIT, exchange(url)).await;
    let answer = answer.unwrap_or_else(|_| panic!("GET of {url}: no answer"));
    parse(&answer.unwrap_or_else(|error| panic!("GET of {url}: {error}")))
}

async fn exchange(url: &str) -> std::io::Result<String> {
    let rest = url
        .strip_prefix("http://")
        .expect("only http is spoken here");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut connection = TcpStream::connect(address).await?;
    // `close` and HTTP/1.0, so that the body is neither chunked nor followed by anything.
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    Answer {
        status: status.unwrap_or_else(|| panic!("this is no HTTP answer: {head:?}")),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
