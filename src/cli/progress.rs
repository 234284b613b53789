//! How far a long command has come: a bar on a terminal, now and then a line elsewhere. Nothing is
//! shown of what takes less than half a second.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{Output, is_watched};

const BEFORE_THE_BAR: Duration = Duration::from_millis(500);
/// Between two lines where nobody watches: often enough for a log, rare enough to be read.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The progress of one command.
#[derive(Debug)]
pub(super) struct Progress {
    output: Output,
    style: Style,
    /// What is done, for a line: `copied`.
    verb: &'static str,
    files: usize,
    total_files: Option<usize>,
    bytes: u64,
    next: Instant,
}

#[derive(Debug)]
enum Style {
    None,
    Lines,
    /// Hidden until it has been worth showing for half a second.
    Bar(ProgressBar),
}

impl Progress {
    /// Starts with `total_files` to do, where that is known.
    pub(super) fn new(output: Output, verb: &'static str, total_files: Option<usize>) -> Self {
        let style = match () {
            // Every file has a line of its own, or nobody wants to know.
            () if output.is_json() || !output.shows(1) || output.shows(2) => Style::None,
            () if is_watched() => Style::Bar(bar(total_files)),
            () => Style::Lines,
        };
        let wait = if matches!(style, Style::Bar(_)) {
            BEFORE_THE_BAR
        } else {
            BETWEEN_LINES
        };
        Self {
            output,
            style,
            verb,
            files: 0,
            total_files,
            bytes: 0,
            next: Instant::now() + wait,
        }
    }

    /// Counts one file of `bytes` bytes.
    pub(super) fn done(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        let is_due = Instant::now() >= self.next;
        match &self.style {
            Style::None => {}
            Style::Lines if is_due => {
                self.next = Instant::now() + BETWEEN_LINES;
                self.output.note(self.line());
            }
            Style::Lines => {}
            Style::Bar(bar) => {
                if is_due && bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_message(HumanBytes(self.bytes).to_string());
                bar.inc(1);
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Style::Bar(bar) = &self.style {
            bar.finish_and_clear();
        }
    }

    fn line(&self) -> String {
        let Self { verb, files, .. } = self;
        let bytes = HumanBytes(self.bytes);
        match self.total_files {
            Some(total) => format!("{verb} {files} of {total} files, {bytes}"),
            None => format!("{verb} {files} files, {bytes}"),
        }
    }
}

fn bar(total_files: Option<usize>) -> ProgressBar {
    let target = ProgressDrawTarget::hidden();
    let (length, template) = match total_files {
        Some(total) => (
            Some(total as u64),
            "{bar:30} {pos}/{len} files, {msg}, {eta} left",
        ),
        None => (None, "{spinner} {pos} files, {msg}"),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(length, target).with_style(style)
}
