//! A proxy in front of a server that counts requests and makes faults, for tests of retries.
//!
//! It passes on whatever no rule matches, `Host` as the client sent it, because S3's signatures
//! cover it. Requests are read whole before they are passed on, 8 MiB parts included; answers are
//! passed on as they come. It speaks plain HTTP only, and slows nothing down but by
//! [`Action::Delay`].

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::exchange::{Exchange, Log};
use crate::http::{Request, Response};
use crate::listener::{self, Connection, Listener};
use crate::wire::{self, Framing, Head};

/// Longer than any client under test waits.
const UPSTREAM_LIMIT: Duration = Duration::from_secs(120);

/// What a rule does to a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Answers this; the server never sees the request.
    Respond(Response),
    /// Answers 307 with this `Location`; the server never sees the request.
    Redirect(String),
    /// Closes the connection; the server never sees the request.
    LoseRequest,
    /// Passes the request on, waits for the whole answer, and closes the connection without it.
    LoseAnswer,
    /// Passes the request on, waits for the whole answer, and answers this instead.
    Replace(Response),
    /// Passes the request on, sends the head of the answer as it is, only so many bytes of its
    /// body, and closes the connection.
    CutBody(usize),
    /// Waits, then passes the request on.
    Delay(Duration),
}

/// The proxy: listens on a free port of 127.0.0.1 until it is dropped.
///
/// ```
/// use storehouse_test_support::{Action, FakeHttp, Proxy, Response};
///
/// let server = FakeHttp::start(|_| Response::new(200));
/// let proxy = Proxy::start(&server.endpoint());
/// proxy.when(|request| request.method == "PUT", Action::LoseAnswer);
///
/// // … the client under test, with `proxy.endpoint()` for its server …
///
/// assert_eq!(proxy.unused_rules(), 1, "nobody sent a PUT");
/// ```
pub struct Proxy {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    log: Log,
    waiting: usize,
    most_waiting: usize,
}

/// A request that has not been answered yet. Counted down before the first byte of the answer is
/// sent: a client that sends one request after the other must never be seen with two.
struct Waiting<'a>(&'a Mutex<State>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.0.lock() {
            state.waiting -= 1;
        }
    }
}

struct Rule {
    times: usize,
    matches: Box<dyn FnMut(&Request) -> bool + Send>,
    action: Action,
}

impl Proxy {
    /// Starts a proxy in front of `upstream`, an endpoint such as `http://127.0.0.1:9400`.
    #[must_use]
    pub fn start(upstream: &str) -> Self {
        let authority = wire::authority(upstream)
            .unwrap_or_else(|why| panic!("{why}"))
            .to_owned();
        let state = Arc::new(Mutex::new(State::default()));
        let theirs = Arc::clone(&state);
        let listener = Listener::start(move |request, client| {
            let (exchange, action) = theirs.lock().unwrap().begin(&request);
            let waiting = Waiting(&theirs);
            Passage {
                upstream: &authority,
                request,
                exchange: &exchange,
            }
            .run(action, waiting, client)
        });
        Self { listener, state }
    }

    /// Returns `http://127.0.0.1:PORT`, with no slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.listener.endpoint()
    }

    /// Does `action` to the next request that `matches`. Of several rules that match, the oldest is
    /// used.
    pub fn when<M>(&self, matches: M, action: Action)
    where
        M: FnMut(&Request) -> bool + Send + 'static,
    {
        self.when_times(1, matches, action);
    }

    /// Does `action` to the next `times` requests that `matches`; `usize::MAX` is for ever.
    pub fn when_times<M>(&self, times: usize, matches: M, action: Action)
    where
        M: FnMut(&Request) -> bool + Send + 'static,
    {
        self.state.lock().unwrap().rules.push(Rule {
            times,
            matches: Box::new(matches),
            action,
        });
    }

    /// Returns how many rules have not been used as often as they may: 0 when every fault has
    /// happened.
    #[must_use]
    pub fn unused_rules(&self) -> usize {
        self.state.lock().unwrap().rules.len()
    }

    /// Returns what came by so far, in the order it came.
    #[must_use]
    pub fn requests(&self) -> Vec<Exchange> {
        self.state.lock().unwrap().log.exchanges()
    }

    /// Returns how many requests waited for the head of their answer at once, at most.
    #[must_use]
    pub fn most_waiting(&self) -> usize {
        self.state.lock().unwrap().most_waiting
    }

    /// Forgets what came by, and the rules.
    pub fn clear(&self) {
        let mut state = self.state.lock().unwrap();
        state.rules.clear();
        state.log.clear();
        state.most_waiting = state.waiting;
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}

impl State {
    /// Writes a request down and looks its rule up.
    fn begin(&mut self, request: &Request) -> (Arc<Mutex<Exchange>>, Option<Action>) {
        let exchange = self.log.begin(request);
        self.waiting += 1;
        self.most_waiting = self.most_waiting.max(self.waiting);
        let rule = self
            .rules
            .iter_mut()
            .position(|rule| (rule.matches)(request));
        let action = rule.map(|index| {
            let rule = &mut self.rules[index];
            rule.times -= 1;
            let action = rule.action.clone();
            if rule.times == 0 {
                self.rules.remove(index);
            }
            action
        });
        (exchange, action)
    }
}

/// One request on its way.
struct Passage<'a> {
    upstream: &'a str,
    request: Request,
    exchange: &'a Mutex<Exchange>,
}

impl Passage<'_> {
    fn run(
        &self,
        action: Option<Action>,
        waiting: Waiting<'_>,
        client: &mut TcpStream,
    ) -> io::Result<Connection> {
        match action {
            None => self.pass_on(client, waiting, None),
            Some(Action::Delay(time)) => {
                thread::sleep(time);
                self.pass_on(client, waiting, None)
            }
            Some(Action::CutBody(bytes)) => self.pass_on(client, waiting, Some(bytes)),
            Some(Action::Respond(response)) => self.answer(client, waiting, &response),
            Some(Action::Redirect(location)) => self.answer(
                client,
                waiting,
                &Response::new(307).header("Location", location),
            ),
            Some(Action::LoseRequest) => Ok(Connection::Close),
            Some(Action::LoseAnswer) => {
                self.throw_away()?;
                Ok(Connection::Close)
            }
            Some(Action::Replace(response)) => {
                self.throw_away()?;
                self.answer(client, waiting, &response)
            }
        }
    }

    fn answer(
        &self,
        client: &mut TcpStream,
        waiting: Waiting<'_>,
        response: &Response,
    ) -> io::Result<Connection> {
        drop(waiting);
        self.note(|exchange| exchange.answer(response));
        listener::write_response(client, &self.request, response)
    }

    fn throw_away(&self) -> io::Result<()> {
        let answer = wire::exchange(self.upstream, &self.request, UPSTREAM_LIMIT)?;
        self.note(|exchange| exchange.upstream_status = Some(answer.status));
        Ok(())
    }

    /// Sends the server's answer on as it comes, at most `cut` bytes of its body.
    fn pass_on(
        &self,
        client: &mut TcpStream,
        waiting: Waiting<'_>,
        cut: Option<usize>,
    ) -> io::Result<Connection> {
        let (head, body) = wire::forward(self.upstream, &self.request, UPSTREAM_LIMIT)?;
        drop(waiting);
        self.note(|exchange| {
            exchange.upstream_status = Some(head.status);
            exchange.status = Some(head.status);
        });
        let Head {
            status,
            mut headers,
        } = head;
        headers.remove("connection");
        headers.remove("keep-alive");
        let ends_with_connection = body.framing() == Framing::ToTheEnd || cut.is_some();
        if ends_with_connection {
            headers.add("Connection", "close");
        }
        client.write_all(&wire::head_bytes(&wire::status_line(status), &headers))?;
        let framing = body.framing();
        let mut body = body.take(cut.map_or(u64::MAX, |bytes| bytes as u64));
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = body.read(&mut buffer)?;
            self.note(|exchange| exchange.answer_length += read as u64);
            if read > 0 || cut.is_none() {
                write_piece(client, framing, &buffer[..read])?;
            }
            if read == 0 {
                return Ok(if ends_with_connection {
                    Connection::Close
                } else {
                    Connection::KeepOpen
                });
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Exchange)) {
        change(&mut self.exchange.lock().unwrap());
    }
}

/// Writes a piece of a body; the empty piece is the last.
fn write_piece(client: &mut TcpStream, framing: Framing, piece: &[u8]) -> io::Result<()> {
    if framing != Framing::Chunked {
        return client.write_all(piece);
    }
    client.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
    client.write_all(piece)?;
    client.write_all(b"\r\n")
}
