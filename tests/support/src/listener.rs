//! Accepts connections on a free port of 127.0.0.1 and reads requests off them, a thread each.
//!
//! What becomes of a request is its owner's business: [`FakeHttp`](crate::FakeHttp) answers,
//! [`Proxy`](crate::Proxy) passes on and makes faults.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::http::{Request, Response};
use crate::wire;

/// What to do with a connection after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    KeepOpen,
    Close,
}

/// Listens until it is dropped; then every connection is closed.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    open: Mutex<HashMap<u64, TcpStream>>,
}

impl Listener {
    /// Starts to listen; `handle` gets each request and the connection to answer on.
    pub(crate) fn start<H>(handle: H) -> Self
    where
        H: Fn(Request, &mut TcpStream) -> io::Result<Connection> + Send + Sync + 'static,
    {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let shared = Arc::new(Shared::default());
        let (handle, theirs) = (Arc::new(handle), Arc::clone(&shared));
        let accepting = thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                if theirs.stopping.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let open = Open::new(&theirs, number, &stream);
                let handle = Arc::clone(&handle);
                thread::spawn(move || {
                    let _open = open;
                    // The client has gone or speaks no HTTP: either way there is nobody to tell.
                    let _ = serve(stream, &*handle);
                });
            }
        });
        Self {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes `accept`.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        if let Ok(open) = self.shared.open.lock() {
            for stream in open.values() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// A connection that the listener can end. It is forgotten when its thread is done, even by a
/// panic: as long as the clone lives the client waits.
struct Open {
    shared: Arc<Shared>,
    number: u64,
}

impl Open {
    fn new(shared: &Arc<Shared>, number: u64, stream: &TcpStream) -> Self {
        if let Ok(clone) = stream.try_clone() {
            shared.open.lock().unwrap().insert(number, clone);
        }
        Self {
            shared: Arc::clone(shared),
            number,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Ok(mut open) = self.shared.open.lock() {
            open.remove(&self.number);
        }
    }
}

fn serve<H>(mut stream: TcpStream, handle: &H) -> io::Result<()>
where
    H: Fn(Request, &mut TcpStream) -> io::Result<Connection>,
{
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = wire::read_request(&mut reader)? {
        let last = request.wants_close();
        if handle(request, &mut stream)? == Connection::Close || last {
            break;
        }
    }
    Ok(())
}

/// Writes an answer to `request`. One that lies about its length is the last on its connection.
pub(crate) fn write_response(
    stream: &mut TcpStream,
    request: &Request,
    response: &Response,
) -> io::Result<Connection> {
    let mut headers = response.headers.clone();
    let length = response.body.len().to_string();
    let mut after = Connection::KeepOpen;
    // The length of what is not sent (RFC 9110, 8.6).
    let bodiless = request.method == "HEAD" || response.status == 304;
    match headers.get("content-length") {
        Some(told) if told != length && !bodiless => after = Connection::Close,
        None if headers.get("transfer-encoding").is_none()
            && !matches!(response.status, 204 | 304) =>
        {
            headers.add("Content-Length", length);
        }
        _ => {}
    }
    stream.write_all(&wire::head_bytes(
        &wire::status_line(response.status),
        &headers,
    ))?;
    if request.method != "HEAD" {
        stream.write_all(&response.body)?;
    }
    Ok(after)
}
