//! Reads and writes HTTP/1.1 messages on a connection.
//!
//! As much of RFC 9112 as the servers and the client of this crate need: no TLS, no pipelining, no
//! `Expect: 100-continue`, no trailers. It is separate from what the drivers use, so that a mistake
//! there is seen here.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::http::{Headers, Request, Response};

/// A head is at most this long. S3 allows 8 KiB of headers; this leaves room for a long target.
const MAX_HEAD_BYTES: u64 = 64 * 1024;

/// Returns the `host:port` of an endpoint such as `http://127.0.0.1:9400`.
///
/// # Errors
/// It is no `http:` URL, or has a path.
pub(crate) fn authority(endpoint: &str) -> Result<&str, String> {
    let authority = endpoint
        .strip_prefix("http://")
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    authority
        .filter(|authority| authority.contains(':') && !authority.contains(['/', '?', '@']))
        .ok_or_else(|| format!("{endpoint:?} is no endpoint of the form http://HOST:PORT"))
}

/// Sends one request on a connection of its own, with `Host` and `Connection` added if they are
/// missing.
pub(crate) fn exchange(
    authority: &str,
    request: &Request,
    limit: Duration,
) -> io::Result<Response> {
    let (head, mut body) = forward(authority, request, limit)?;
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    Ok(Response {
        status: head.status,
        headers: head.headers,
        body: bytes,
    })
}

/// Sends one request on a connection of its own and reads the head of the answer; the body comes as
/// it is read.
pub(crate) fn forward(
    authority: &str,
    request: &Request,
    limit: Duration,
) -> io::Result<(Head, Body<BufReader<TcpStream>>)> {
    let address = authority
        .to_socket_addrs()?
        .next()
        .ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;

    let mut headers = request.headers.clone();
    for hop_by_hop in [
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "expect",
    ] {
        headers.remove(hop_by_hop);
    }
    if headers.get("host").is_none() {
        headers.add("Host", authority);
    }
    headers.add("Connection", "close");
    if !request.body.is_empty() || !matches!(request.method.as_str(), "GET" | "HEAD" | "DELETE") {
        headers.add("Content-Length", request.body.len().to_string());
    }
    stream.write_all(&head_bytes(
        &format!("{} {} HTTP/1.1", request.method, request.target),
        &headers,
    ))?;
    stream.write_all(&request.body)?;

    let mut reader = BufReader::new(stream);
    loop {
        let head = read_answer_head(&mut reader)?;
        if !(100..200).contains(&head.status) {
            let framing = answer_framing(&head, request.method == "HEAD")?;
            return Ok((head, Body::new(reader, framing)));
        }
    }
}

/// Reads the next request of a connection; `None` if the client has closed it instead.
pub(crate) fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some((line, headers)) = read_head(reader)? else {
        return Ok(None);
    };
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed(&line));
    };
    let framing = match framing(&headers)? {
        Framing::ToTheEnd => Framing::Length(0),
        known => known,
    };
    let mut body = Vec::new();
    Body::new(reader, framing).read_to_end(&mut body)?;
    Ok(Some(Request {
        method: method.into(),
        target: target.into(),
        headers,
        body,
    }))
}

/// Status and header fields of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
}

/// Writes a head; `line` is the request or status line.
pub(crate) fn head_bytes(line: &str, headers: &Headers) -> Vec<u8> {
    let mut head = format!("{line}\r\n");
    for (name, value) in headers.iter() {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Writes a status line. Clients do not read the words after the number (RFC 9112, 4), so there are
/// none.
pub(crate) fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} ")
}

/// Reads first line and fields.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<(String, Headers)>> {
    let mut reader = reader.take(MAX_HEAD_BYTES);
    let first = read_line(&mut reader)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut headers = Headers::default();
    loop {
        let line = read_line(&mut reader)?;
        let Some(line) = line.strip_suffix('\n') else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            return Ok(Some((first.trim_end().to_owned(), headers)));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed(line))?;
        headers.add(name, value.trim());
    }
}

/// Reads a line with its end.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line)
}

fn read_answer_head(reader: &mut impl BufRead) -> io::Result<Head> {
    let (line, headers) = read_head(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    Ok(Head {
        status: status.ok_or_else(|| malformed(&line))?,
        headers,
    })
}

/// How the end of a body is found: RFC 9112, 6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    ToTheEnd,
}

fn framing(headers: &Headers) -> io::Result<Framing> {
    if headers.says("transfer-encoding", "chunked") {
        return Ok(Framing::Chunked);
    }
    match headers.get("content-length") {
        Some(length) => Ok(Framing::Length(
            length.parse().map_err(|_| malformed(length))?,
        )),
        None => Ok(Framing::ToTheEnd),
    }
}

fn answer_framing(head: &Head, to_a_head_request: bool) -> io::Result<Framing> {
    if to_a_head_request || matches!(head.status, 204 | 304) {
        return Ok(Framing::Length(0));
    }
    framing(&head.headers)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not HTTP/1.1: {what:?}"),
    )
}

/// A body that ends where its framing says. One cut short is an error, never a short body.
#[derive(Debug)]
pub(crate) struct Body<R> {
    reader: R,
    framing: Framing,
    /// Bytes left of the whole body, or of the chunk.
    left: u64,
    /// The last chunk is read.
    done: bool,
    /// A chunk is read, and the line's end after it is not.
    between_chunks: bool,
}

impl<R: BufRead> Body<R> {
    fn new(reader: R, framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing {
            length
        } else {
            0
        };
        Self {
            reader,
            framing,
            left,
            done: false,
            between_chunks: false,
        }
    }

    pub(crate) fn framing(&self) -> Framing {
        self.framing
    }

    fn start_chunk(&mut self) -> io::Result<()> {
        if self.between_chunks {
            read_line(&mut self.reader)?;
        }
        let line = read_line(&mut self.reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(size, 16).map_err(|_| malformed(&line))?;
        self.between_chunks = true;
        if self.left == 0 {
            read_line(&mut self.reader)?;
            self.done = true;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.framing == Framing::ToTheEnd {
            return self.reader.read(buffer);
        }
        if self.framing == Framing::Chunked && self.left == 0 && !self.done {
            self.start_chunk()?;
        }
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(message: &str) -> io::Result<Option<Request>> {
        read_request(&mut BufReader::new(message.as_bytes()))
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        for (case, message, expected) in [
            ("no body", "GET / HTTP/1.1\r\n\r\nrest", ""),
            (
                "a length",
                "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcrest",
                "abc",
            ),
            (
                "chunks",
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nrest",
                "abc0123456789",
            ),
        ] {
            let request = body_of(message).unwrap().unwrap();

            assert_eq!(String::from_utf8(request.body).unwrap(), expected, "{case}");
        }
    }

    #[test]
    fn a_message_that_breaks_off_or_is_not_http_is_an_error() {
        for (case, message) in [
            ("in the head", "GET / HTTP/1.1\r\nHost: a"),
            (
                "in the body",
                "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab",
            ),
            (
                "in a chunk",
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            ),
            (
                "between chunks",
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            ),
            (
                "a length in words",
                "PUT / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
            ),
            ("no protocol", "GET /\r\n\r\n"),
        ] {
            assert!(body_of(message).is_err(), "{case}");
        }
    }

    #[test]
    fn a_connection_closed_between_messages_is_no_error() {
        assert_eq!(body_of("").unwrap(), None);
    }
}
