//! The body as a whole: where parts begin and end.
//!
//! ```text
//! preamble  \r\n--boundary  head  body  \r\n--boundary  head  body  \r\n--boundary--  epilogue
//! ```
//!
//! A line end is put before the body, so that the first boundary is like the others.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memmem, memrchr};

use super::{Boundary, Malformed, PartHead};

/// Of the headers of a part, with the line ends around them: Django's `MAX_TOTAL_HEADER_SIZE`.
const MAX_HEAD_BYTES: usize = 1024;
/// What may come before the first boundary, and after the last. Old programs write a sentence there.
const MAX_AROUND_BYTES: usize = 64 * 1024;

/// What the parser has found. A part is its head, any number of blocks, and its end.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::media) enum Event {
    Part(PartHead),
    Data(Bytes),
    PartEnd,
}

/// Takes a body apart that is pushed into it; see the module above.
pub(in crate::media) struct Parser {
    delimiter: memmem::Finder<'static>,
    state: State,
    /// What was pushed and is not used yet.
    pending: Bytes,
    /// How far `pending` was looked through for the end of a head.
    seen: usize,
    /// How many bytes came that are in no part.
    around: usize,
    is_empty: bool,
    /// How many bytes were looked at or copied, for the tests: it must not grow faster than the body.
    #[cfg(test)]
    work: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    /// After a boundary.
    Head,
    /// After the empty line, of which the line end is pending still: a boundary may follow at once.
    BodyStart,
    Body,
    Epilogue,
}

impl Parser {
    pub(in crate::media) fn new(boundary: &Boundary) -> Self {
        Self {
            delimiter: memmem::Finder::new(&boundary.delimiter()).into_owned(),
            state: State::Preamble,
            pending: Bytes::from_static(b"\r\n"),
            seen: 0,
            around: 0,
            is_empty: true,
            #[cfg(test)]
            work: 0,
        }
    }

    /// Adds a block of the body. Ask for the events afterwards, until there are no more.
    pub(in crate::media) fn push(&mut self, block: Bytes) {
        self.is_empty &= block.is_empty();
        if self.pending.is_empty() {
            self.pending = block;
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        self.count(pending.len() + block.len());
        let mut joined = pending
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        joined.extend_from_slice(&block);
        self.pending = joined.freeze();
    }

    /// Returns the next event; `None` when more of the body is needed.
    pub(in crate::media) fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            match self.state {
                State::Preamble => match self.find_delimiter() {
                    Some(at) => {
                        self.skip(at)?;
                        self.enter_head();
                    }
                    None => {
                        self.skip(self.pending.len() - self.held_back())?;
                        return Ok(None);
                    }
                },
                State::Head if self.pending.starts_with(b"--") => self.state = State::Epilogue,
                State::Head => return Ok(self.head()?.map(Event::Part)),
                State::BodyStart => {
                    let delimiter = self.delimiter.needle();
                    if self.pending.len() < delimiter.len() && delimiter.starts_with(&self.pending)
                    {
                        return Ok(None);
                    }
                    self.state = State::Body;
                    if !self.pending.starts_with(delimiter) {
                        self.pending.advance(b"\r\n".len());
                    }
                }
                State::Body => return Ok(self.body()),
                State::Epilogue => {
                    self.skip(self.pending.len())?;
                    return Ok(None);
                }
            }
        }
    }

    /// Says that nothing more comes. A body of no bytes at all is a form without parts.
    pub(in crate::media) fn finish(&self) -> Result<(), Malformed> {
        match self.state {
            State::Epilogue => Ok(()),
            State::Preamble if self.is_empty => Ok(()),
            State::Preamble => Err(Malformed::new("no boundary is in it")),
            State::Head => Err(Malformed::new(
                "it ends in the headers of a part, or the last boundary is cut",
            )),
            State::BodyStart | State::Body => Err(Malformed::new(
                "it ends inside a part: the last boundary is missing",
            )),
        }
    }

    fn enter_head(&mut self) {
        self.pending.advance(self.delimiter.needle().len());
        self.state = State::Head;
        self.seen = 0;
    }

    /// The head, once its end is there. It begins with the line end of the boundary's line.
    fn head(&mut self) -> Result<Option<PartHead>, Malformed> {
        const END: &[u8] = b"\r\n\r\n";
        let limit = self.pending.len().min(MAX_HEAD_BYTES);
        let from = self.seen.saturating_sub(END.len() - 1);
        let found = memmem::find(&self.pending[from..limit], END);
        self.count(found.map_or(limit - from, |at| at + END.len()));
        let Some(at) = found else {
            self.seen = limit;
            if limit == MAX_HEAD_BYTES {
                return Err(Malformed::new(format!(
                    "the headers of a part have more than {MAX_HEAD_BYTES} bytes"
                )));
            }
            return Ok(None);
        };
        let block = self.pending.split_to(from + at);
        let padding = block
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let lines = &block[padding..];
        if !lines.is_empty() && !lines.starts_with(b"\r\n") {
            return Err(Malformed::new("a line goes on after the boundary"));
        }
        let head = PartHead::read(lines)?;
        self.pending.advance(b"\r\n".len());
        self.state = State::BodyStart;
        Ok(Some(head))
    }

    fn body(&mut self) -> Option<Event> {
        let end = match self.find_delimiter() {
            Some(0) => {
                self.enter_head();
                return Some(Event::PartEnd);
            }
            Some(at) => at,
            None => self.pending.len() - self.held_back(),
        };
        (end > 0).then(|| Event::Data(self.pending.split_to(end)))
    }

    fn find_delimiter(&mut self) -> Option<usize> {
        let found = self.delimiter.find(&self.pending);
        let needle = self.delimiter.needle().len();
        self.count(found.map_or(self.pending.len(), |at| at + needle));
        found
    }

    #[cfg(test)]
    fn count(&mut self, bytes: usize) {
        self.work += bytes;
    }

    #[cfg(not(test))]
    fn count(&self, _bytes: usize) {}

    /// How many bytes at the end may be the start of a delimiter. It has one carriage return only, its
    /// first byte, so the last one there is decides.
    fn held_back(&self) -> usize {
        let delimiter = self.delimiter.needle();
        let tail = &self.pending[self.pending.len().saturating_sub(delimiter.len() - 1)..];
        match memrchr(b'\r', tail) {
            Some(at) if delimiter.starts_with(&tail[at..]) => tail.len() - at,
            _ => 0,
        }
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.pending.advance(bytes);
        self.around += bytes;
        match self.around > MAX_AROUND_BYTES {
            true => Err(Malformed::new(format!(
                "more than {MAX_AROUND_BYTES} bytes of it are in no part"
            ))),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
