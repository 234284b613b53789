//! The only place that prints: results on standard output, all else on standard error. It decides
//! how things look, never what is said.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::SystemTime,
};

use serde_json::{Map, Value as Json, json};
use storehouse_storage::{Entry, Error, ErrorKind, Name};

use super::gathered;

/// How many errors are shown unless every file is. Where a disk is full or a key is wrong, each file
/// of thousands has the same to say.
const MOST_ERRORS: usize = 20;

/// Where a command says what it has to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    verbosity: u8,
    json: bool,
    causes: bool,
}

/// Why a command could not go on.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something to say on standard error; exit code 1.
    Error(Error),
    /// As [`Failure::Error`], for several of a kind.
    Errors(Vec<Error>),
    /// Standard output cannot be written to.
    Output(io::Error),
    /// The command line asks for what cannot be; exit code 2.
    Usage(Error),
    /// Everything was said already.
    Exit(u8),
}

impl Failure {
    /// Whether a setting is missing or wrong.
    pub(super) fn is_configuration(&self) -> bool {
        match self {
            Self::Error(error) => error.kind() == ErrorKind::Configuration,
            Self::Errors(errors) => errors
                .iter()
                .any(|error| error.kind() == ErrorKind::Configuration),
            Self::Output(_) | Self::Usage(_) | Self::Exit(_) => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Output {
    pub(super) fn new(verbosity: u8, json: bool) -> Self {
        Self {
            verbosity,
            json,
            causes: verbosity >= 3,
        }
    }

    /// Shows the causes of errors, whatever the verbosity.
    pub(super) fn with_causes(mut self, causes: bool) -> Self {
        self.causes |= causes;
        self
    }

    /// Whether results are JSON, one object a line.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Whether messages of this level are shown.
    pub(super) fn shows(self, level: u8) -> bool {
        self.verbosity >= level
    }

    /// Prints a line of the result.
    pub(super) fn result(self, line: impl fmt::Display) -> io::Result<()> {
        match self.json {
            true => writeln!(io::stdout().lock(), "{}", safe_json(&line.to_string())),
            false => writeln!(io::stdout().lock(), "{line}"),
        }
    }

    /// Prints a name that is the result, or one of many, and `end`: as it is, so that it can be given
    /// back, but for a terminal, which it could confuse.
    pub(super) fn name(self, name: &Name, end: char) -> io::Result<()> {
        write!(io::stdout().lock(), "{}{end}", for_reader(name.as_str()))
    }

    /// Prints the name of a folder as [`name`](Self::name) does, with a slash.
    pub(super) fn folder(self, name: &Name, end: char) -> io::Result<()> {
        write!(io::stdout().lock(), "{}/{end}", for_reader(name.as_str()))
    }

    /// Prints a line on standard error. An error of that is ignored: the place for messages is the one that
    /// failed.
    fn warn(self, line: impl fmt::Display) {
        let line = line.to_string();
        let line = match self.json {
            true => safe_json(&line),
            false => safe_lines(&line),
        };
        if !gathered::add(|waiting| waiting.extend_from_slice(line.as_bytes())) {
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    /// Prints a line about work under way. A reader that has had enough does not end the work.
    pub(super) fn report(self, line: impl fmt::Display) -> io::Result<()> {
        match self.result(line) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            printed => printed,
        }
    }

    /// Prints bytes of the result as they are.
    pub(super) fn bytes(self, bytes: &[u8]) -> io::Result<()> {
        io::stdout().lock().write_all(bytes)
    }

    /// Prints a question without an end of line: where Django does, but never among JSON.
    pub(super) fn ask(self, question: &str) -> io::Result<()> {
        let mut out: Box<dyn Write> = match self.json {
            true => Box::new(io::stderr().lock()),
            false => Box::new(io::stdout().lock()),
        };
        out.write_all(question.as_bytes())?;
        out.flush()
    }

    /// Makes sure that all of the result is out.
    pub(super) fn finish(self) -> io::Result<()> {
        io::stdout().lock().flush()
    }

    /// Prints a line on standard error, from verbosity 1 on.
    pub(super) fn note(self, line: impl fmt::Display) {
        if self.shows(1) {
            self.warn(line);
        }
    }

    /// Prints a failure and returns the exit code.
    pub(super) fn failure(self, failure: Failure) -> u8 {
        match failure {
            Failure::Error(error) => self.errors(&[error]),
            Failure::Errors(errors) => self.errors(&errors),
            // Whoever read has had enough: no failure.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return 0,
            Failure::Output(error) => {
                let reason = Error::from_io(error);
                self.warn(format_args!(
                    "storehouse: cannot write to standard output: {}",
                    reason.problem()
                ));
            }
            Failure::Usage(error) => {
                self.errors(&[error]);
                return 2;
            }
            Failure::Exit(code) => return code,
        }
        1
    }

    fn errors(self, errors: &[Error]) {
        if self.json {
            for error in errors {
                self.warn(
                    json!({ "error": error.to_string(), "kind": format!("{:?}", error.kind()) }),
                );
            }
            return;
        }
        let most = if self.shows(2) {
            usize::MAX
        } else {
            MOST_ERRORS
        };
        for error in errors.iter().take(most) {
            self.warn(format_args!("storehouse: {error}"));
            if self.causes {
                let mut cause = std::error::Error::source(error);
                while let Some(one) = cause {
                    self.warn(format_args!("  caused by: {}", escaped(&one.to_string())));
                    cause = one.source();
                }
            }
        }
        if errors.len() > most {
            let more = errors.len() - most;
            self.warn(format_args!(
                "storehouse: and {more} more like these; -v 2 shows them all"
            ));
        }
    }
}

/// Whether a person is watching standard error.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// A name as it is shown among other words: what moves the cursor, starts a line or turns the direction
/// of text is written as an escape. No name holds a `\`, so that it can be read back.
pub(super) fn shown(name: &Name) -> String {
    escaped(name.as_str())
}

/// A text as it is shown; see [`shown`].
pub(super) fn escaped(text: &str) -> String {
    escaped_but(text, |_| false)
}

/// A part of the result: as it is for a program, and as [`shown`] for a terminal.
pub(super) fn for_reader(text: &str) -> String {
    match io::stdout().is_terminal() {
        true => escaped(text),
        false => text.to_owned(),
    }
}

/// A name among the words of a line of the result. A program gets it as it is, but for what would end the line
/// or, where a person reads the log after all, move the cursor; a terminal gets it as [`shown`].
pub(super) fn among_words(text: &str) -> String {
    let is_for_terminal = io::stdout().is_terminal();
    escaped_but(text, |letter| !is_for_terminal && !ends_or_moves(letter))
}

/// A message as it is shown. It may have several lines: those after the first are set in, so that a name
/// with a line break in it does not look like a message of its own.
pub(super) fn safe_lines(message: &str) -> String {
    let mut lines = message.split('\n');
    let mut safe = escaped_but(lines.next().unwrap_or_default(), |letter| letter == '\t');
    for line in lines {
        let is_set_in = line.is_empty() || line.starts_with([' ', '\t']);
        safe.push_str(if is_set_in { "\n" } else { "\n  " });
        safe.push_str(&escaped_but(line, |letter| letter == '\t'));
    }
    safe
}

/// JSON with escapes in its strings also where the format needs none.
fn safe_json(json: &str) -> String {
    if !json.contains(is_harmful) {
        return json.to_owned();
    }
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match is_harmful(letter) {
            // All of them are in the first 65,536 characters.
            true => safe.push_str(&format!("\\u{:04x}", u32::from(letter))),
            false => safe.push(letter),
        }
    }
    safe
}

fn escaped_but(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_harmful(letter) && !is_kept(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}

/// Whether a letter is a control character, separates lines, or sets the direction of what follows
/// (Unicode's Bidi_Control).
fn is_harmful(letter: char) -> bool {
    ends_or_moves(letter)
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Whether a letter is a control character or separates lines.
fn ends_or_moves(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A time as RFC 3339 has it, in UTC.
pub(super) fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}

/// A time of whole seconds, as [`rfc3339`] has it.
pub(super) fn seconds(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// What a storage knows of a file, as one JSON object.
pub(super) fn entry_json(entry: &Entry) -> Json {
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(entry.name.as_str()));
    object.insert("size".to_owned(), json!(entry.size));
    for (key, value) in entry_details(entry) {
        object.insert(key.to_owned(), json!(value));
    }
    if !entry.attributes.metadata.is_empty() {
        object.insert("metadata".to_owned(), json!(entry.attributes.metadata));
    }
    Json::Object(object)
}

/// What a storage knows of a file besides name and size.
pub(super) fn entry_details(entry: &Entry) -> Vec<(&'static str, String)> {
    let attributes = &entry.attributes;
    let all = [
        ("modified", entry.modified.map(rfc3339)),
        ("created", entry.created.map(rfc3339)),
        ("accessed", entry.accessed.map(rfc3339)),
        ("etag", entry.etag.clone()),
        ("content_type", attributes.content_type.clone()),
        ("content_encoding", attributes.content_encoding.clone()),
        (
            "content_disposition",
            attributes.content_disposition.clone(),
        ),
        ("content_language", attributes.content_language.clone()),
        ("cache_control", attributes.cache_control.clone()),
        ("storage_class", attributes.storage_class.clone()),
    ];
    all.into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor_or_start_a_line() {
        for (name, expected) in [
            ("a b.txt", "a b.txt"),
            ("été ☺.txt", "été ☺.txt"),
            ("it's \"q\"", "it's \"q\""),
            ("a\nb", "a\\nb"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("a\u{7f}\u{9b}", "a\\u{7f}\\u{9b}"),
            // As macOS writes it, in two code points.
            ("e\u{301}te\u{301}.txt", "e\u{301}te\u{301}.txt"),
            ("\u{200b}a\u{a0}b", "\u{200b}a\u{a0}b"),
        ] {
            assert_eq!(shown(&Name::new(name).unwrap()), expected);
        }
    }

    #[test]
    fn json_has_escapes_for_what_moves_a_cursor_and_stays_the_same() {
        let name = "a\n\u{7f}\u{9b}\u{202e}\u{2028}\u{2066}e\u{301}\"";
        let json = safe_json(&json!({ "name": name }).to_string());

        assert!(!json.contains(is_harmful), "{json}");
        let read: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(read["name"], name);
    }

    #[test]
    fn a_message_keeps_its_lines_and_nothing_else() {
        for (message, shown) in [
            ("a\n\tb\u{1b}[2J\r", "a\n\tb\\u{1b}[2J\\r"),
            ("a\nstorehouse: b\n\n  c", "a\n  storehouse: b\n\n  c"),
        ] {
            assert_eq!(safe_lines(message), shown);
        }
    }

    #[test]
    fn a_time_is_shown_in_utc() {
        assert_eq!(
            rfc3339(SystemTime::UNIX_EPOCH),
            "1970-01-01T00:00:00.000000Z"
        );
    }
}
