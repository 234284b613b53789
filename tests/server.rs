//! `storehouse serve` as a process, and requests to it byte by byte: an HTTP library would repair what
//! is wrong with them.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use crate::site::Site;

/// Nothing here takes as long.
const LIMIT: Duration = Duration::from_secs(30);

/// A server that listens until it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// As `127.0.0.1:41234`, or the path of a socket.
    pub(crate) address: String,
    /// Reads what it tells, all the time: it would wait for a reader.
    told: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts the command in the site's folder, on a free port unless `arguments` say where.
    pub(crate) fn start(site: &Site, arguments: &[&str]) -> Self {
        Self::start_as("serve", site, arguments)
    }

    /// Starts it by another name of the command.
    pub(crate) fn start_as(command: &str, site: &Site, arguments: &[&str]) -> Self {
        let mut all = vec![command];
        if !arguments.contains(&"--listen") {
            all.push("0");
        }
        all.extend(arguments);
        Self::start_command(site.command(&all))
    }

    /// Starts a command that serves and says where.
    pub(crate) fn start_command(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let place = lines.map_while(Result::ok).find_map(|line| place(&line));
        let Some(place) = place else {
            let output = child.wait_with_output().unwrap();
            panic!(
                "it does not listen: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        let address = place.split("://").last().unwrap_or(&place);
        Self::listening_at(address.trim_end_matches('/'), child)
    }

    /// A server that was started, with its standard error piped, to listen there.
    pub(crate) fn listening_at(address: &str, mut child: Child) -> Self {
        let mut stderr = child.stderr.take().unwrap();
        let told = std::thread::spawn(move || {
            let mut told = String::new();
            stderr.read_to_string(&mut told).unwrap();
            told
        });
        Self {
            child,
            address: address.to_owned(),
            told: Some(told),
        }
    }

    /// Sends a request as it is written, and reads the answer.
    pub(crate) fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server may have heard enough before all is sent.
        let sent = stream.write_all(request);
        let is_head = request.starts_with(b"HEAD ");
        match (Answer::read(&mut stream, is_head), sent) {
            (Ok(answer), _) => answer,
            (Err(error), sent) => panic!("no answer: {error}; sent: {sent:?}"),
        }
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// Gets a path with header fields.
    pub(crate) fn get_with(&self, path: &str, headers: &[&str]) -> Answer {
        self.send(&request("GET", path, headers))
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(&self.address)
    }

    /// Sends a signal, waits for the end, and returns the exit code and what was told.
    pub(crate) fn stop(mut self, signal: &str) -> (i32, String) {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let told = self.told.take().unwrap().join().unwrap();
        (status.code().unwrap_or(-1), told)
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args([signal, &id]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a line of standard output says of where the server listens, in words or with `--json`.
fn place(line: &str) -> Option<String> {
    if let Some(place) = line.strip_prefix("Listening at ") {
        return Some(place.to_owned());
    }
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    let place = event["address"].as_str()?;
    (event["event"] == "listening").then(|| place.to_owned())
}

/// Connects to a server that may not keep a client waiting for long.
pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// A request that asks for the connection to be closed.
pub(crate) fn request(method: &str, target: &str, headers: &[&str]) -> Vec<u8> {
    let mut request =
        format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// All that came behind the head.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads an answer to the end of the connection.
    pub(crate) fn read(stream: &mut impl Read, is_head: bool) -> io::Result<Self> {
        let mut answer = Self::read_head(stream)?;
        match stream.read_to_end(&mut answer.body) {
            // A server that closes with bytes unread resets the connection; what came has come.
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => return Err(error),
            _ => {}
        }
        if is_head {
            assert!(answer.body.is_empty(), "HEAD was answered with a body");
        }
        Ok(answer)
    }

    /// Reads the head, byte by byte, and nothing behind it.
    pub(crate) fn read_head(stream: &mut impl Read) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Ok(Self {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: Vec::new(),
        })
    }

    /// A header field; fails if it is there twice.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
