//! Lines for standard error while a server answers. They are gathered in memory, and one thread writes them
//! in large pieces, so that an answer does not wait for a write to standard error.
//!
//! If the program behind standard error stops reading, 4 MiB of lines wait, and later lines are lost. The
//! server goes on. When that program reads again, a line tells how many were lost. At its end the server
//! writes the lines that wait, for a second at most.

use std::{
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long lines are gathered before they are written.
const GATHERING: Duration = Duration::from_millis(10);
/// They are written at once if there are so many bytes of them.
const PIECE: usize = 64 * 1024;
/// How many bytes may wait for a reader. More are lost.
const MOST: usize = 4 * 1024 * 1024;

/// There is one standard error.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Gathers lines from now on. If no thread can be started they are written one by one.
pub(super) fn start() {
    if thread::Builder::new()
        .name("log".to_owned())
        .spawn(|| {
            LINES
                .get_or_init(Lines::default)
                .write_all(&mut io::stderr())
        })
        .is_ok()
    {
        LINES.get_or_init(Lines::default);
    }
}

/// Adds a line, which `write` makes without its end. Returns whether lines are gathered.
pub(super) fn add(write: impl FnOnce(&mut Vec<u8>)) -> bool {
    let Some(lines) = LINES.get() else {
        return false;
    };
    lines.add(write);
    true
}

/// Waits until all lines are written, at most for `limit`: the program that reads them may have stopped.
pub(super) fn finish(limit: Duration) {
    if let Some(lines) = LINES.get() {
        lines.finish(limit);
    }
}

/// Lines that wait to be written.
#[derive(Default)]
struct Lines {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// All that was there is written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    lost: u64,
    /// The thread has taken lines that are not written yet.
    is_writing: bool,
    /// Nothing is gathered any more: what comes is written at once.
    is_ending: bool,
}

impl Lines {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave it half changed, but for a line that is cut.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let before = state.waiting.len();
        if before >= MOST {
            state.lost += 1;
            return;
        }
        write(&mut state.waiting);
        state.waiting.push(b'\n');
        let is_first = before == 0;
        let is_piece = before < PIECE && state.waiting.len() >= PIECE;
        drop(state);
        if is_first || is_piece {
            self.filled.notify_one();
        }
    }

    fn finish(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = self.state();
        state.is_ending = true;
        self.filled.notify_one();
        while !state.waiting.is_empty() || state.is_writing {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Writes lines until the process ends. An error of a write is ignored: the place for messages is the
    /// one that failed.
    fn write_all(&self, to: &mut impl Write) {
        let mut piece = Vec::new();
        loop {
            let lost = self.take(&mut piece);
            let _ = to.write_all(&piece);
            if lost > 0 {
                let _ = writeln!(
                    to,
                    "storehouse: warning: standard error was not read: {lost} lines of the log are lost"
                );
            }
            piece.clear();
            self.state().is_writing = false;
            self.written.notify_all();
        }
    }

    /// Waits for lines, and takes them. Returns how many were lost after them.
    fn take(&self, piece: &mut Vec<u8>) -> u64 {
        let mut state = self.state();
        while state.waiting.is_empty() {
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !state.is_ending && state.waiting.len() < PIECE {
            let gathered = self.filled.wait_timeout(state, GATHERING);
            state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        }
        mem::swap(piece, &mut state.waiting);
        state.is_writing = true;
        mem::take(&mut state.lost)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// Takes what is written, each piece only when it is asked for.
    struct Reader {
        turns: mpsc::Receiver<()>,
        read: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.turns.recv().is_ok() {
                self.read.lock().unwrap().extend_from_slice(bytes);
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Arc<Lines>, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let lines = Arc::new(Lines::default());
        let (sender, turns) = mpsc::channel();
        let read = Arc::default();
        let mut reader = Reader {
            turns,
            read: Arc::clone(&read),
        };
        let writing = Arc::clone(&lines);
        thread::spawn(move || writing.write_all(&mut reader));
        (lines, sender, read)
    }

    fn text(read: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(read.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn all_lines_are_written_in_their_order_before_the_end() {
        let (lines, turns, read) = lines();
        for _ in 0..1000 {
            turns.send(()).unwrap();
        }

        for number in 0..10_000 {
            lines.add(|line| write!(line, "{number}").unwrap());
        }
        lines.finish(LIMIT);

        let expected: String = (0..10_000).map(|number| format!("{number}\n")).collect();
        assert_eq!(text(&read), expected);
    }

    #[test]
    fn nobody_who_adds_waits_for_a_reader_and_what_is_lost_is_counted() {
        let (lines, turns, read) = lines();
        let long = vec![b'x'; 64 * 1024];

        // The first piece may be with the reader already.
        for _ in 0..200 {
            lines.add(|line| line.extend_from_slice(&long));
        }
        for _ in 0..1000 {
            turns.send(()).unwrap();
        }
        lines.finish(LIMIT);

        let text = text(&read);
        let written = text.lines().filter(|line| line.starts_with('x')).count();
        let lost = text.lines().find_map(|line| {
            let count = line.strip_prefix("storehouse: warning: standard error was not read: ")?;
            count.split(' ').next()?.parse::<usize>().ok()
        });
        assert!(written >= MOST / long.len(), "{written}");
        assert_eq!(written + lost.unwrap(), 200);
    }

    #[test]
    fn an_end_does_not_wait_for_a_reader_for_ever() {
        let (lines, _turns, _read) = lines();
        lines.add(|line| line.push(b'x'));

        lines.finish(Duration::from_millis(1));
    }
}
