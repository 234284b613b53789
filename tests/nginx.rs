//! A real nginx with one of the configurations of `docs/deploying`, in a folder of its own; and plain
//! HTTP to talk to it.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
};

use storehouse_test_support::Response;
use tempfile::TempDir;

/// What Debian's own nginx.conf includes too.
const TYPES: &str = "/etc/nginx/mime.types";
const NEEDED: &str =
    "nginx is needed to test the configurations in docs/deploying: apt-get install nginx-light";

/// It ends when dropped.
pub(crate) struct Nginx {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// Starts nginx with a configuration that is read inside `http`, on a free port in the place of
    /// its `listen 80`. It need not be waited for: what is asked before it listens waits.
    pub(crate) fn start(configuration: &str) -> Self {
        assert!(Path::new(TYPES).exists(), "{TYPES} is missing: {NEEDED}");
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let site = replaced(configuration, "listen 80;", &format!("listen {address};"));
        fs::write(folder.path().join("site.conf"), site).unwrap();
        fs::write(folder.path().join("nginx.conf"), around(folder.path())).unwrap();
        let process = run(folder.path(), listener);
        Self {
            process,
            address,
            folder,
        }
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send("GET", path, headers, b"")
    }

    /// Sends a request as it stands here: nothing in the path is tidied up.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: example.org\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let answer = exchange(self.address, &[head.as_bytes(), body].concat());
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}: {self}"));
        parsed(&answer).unwrap_or_else(|| panic!("{method} {path}: no HTTP came back: {self}"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its worker behind.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

/// What it complained of.
impl std::fmt::Display for Nginx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default())
    }
}

/// Replaces what the configuration tells its reader to change.
pub(crate) fn replaced(configuration: &str, from: &str, to: &str) -> String {
    assert!(configuration.contains(from), "{from} is not in it");
    configuration.replace(from, to)
}

/// What stands around the configuration. The worker has to be able to read a test's folder, which is
/// its owner's alone: as root, it stays root. It writes nowhere but in its own folder.
fn around(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nuser root;\nworker_processes 1;\nerror_log {folder}/error.log;\npid {folder}/nginx.pid;\n\
         events {{}}\n\
         http {{\n  include {TYPES};\n  access_log off;\n  client_body_temp_path {folder}/body;\n  \
         proxy_temp_path {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  \
         uwsgi_temp_path {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n  \
         include {folder}/site.conf;\n}}\n"
    )
}

/// Runs it with the socket that is listening already. As standard input, since that is handed down:
/// nginx takes the descriptors that the variable NGINX has, as it does when it replaces itself by a
/// new version. So no other process can take the port in between.
fn run(folder: &Path, listener: TcpListener) -> Child {
    let standard_input = OwnedFd::from(listener);
    for program in ["nginx", "/usr/sbin/nginx"] {
        let log = File::create(folder.join("error.log")).unwrap();
        let spawned = Command::new(program)
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .env("NGINX", "0;")
            .stdin(Stdio::from(standard_input.try_clone().unwrap()))
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn();
        match spawned {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            spawned => return spawned.unwrap(),
        }
    }
    panic!("{NEEDED}");
}

fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Takes an answer apart whose body ends with the connection.
fn parsed(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let response = lines.try_fold(Response::new(status), |response, line| {
        let (name, value) = line.split_once(": ")?;
        Some(response.header(name, value))
    })?;
    Some(response.body(&answer[end + 4..]))
}
