//! How far a long command has come: a bar on a terminal, now and then a line elsewhere, the longer it takes the
//! more rarely. Nothing is shown of what takes less than half a second.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::timeout;

use super::output::{Output, is_watched};
use crate::staticfiles::PhaseCounts;

const BEFORE_THE_BAR: Duration = Duration::from_millis(500);
/// Before the first line where nobody watches, and between the first two. Each pause is twice the one before, so
/// that hours of work do not fill a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Between two looks at the clock while nothing is done: a spinner that turns.
const TICK: Duration = Duration::from_millis(100);

/// The progress of one command.
#[derive(Debug)]
pub(super) struct Progress {
    output: Output,
    style: Style,
    /// What is being done, in plain words: `writing files`.
    phase: &'static str,
    files: usize,
    bytes: u64,
    /// What there is to do, where that is known.
    total: Option<Total>,
    /// What the phase tells of itself.
    counts: PhaseCounts,
    next: Instant,
    pause: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Total {
    files: usize,
    bytes: u64,
}

#[derive(Debug)]
enum Style {
    None,
    Lines,
    /// Hidden until it has been worth showing for half a second.
    Bar(ProgressBar),
}

impl Progress {
    /// Starts with a phase.
    pub(super) fn new(output: Output, phase: &'static str) -> Self {
        let style = match () {
            // Every file has a line of its own, or nobody wants to know.
            () if output.is_json() || !output.shows(1) || output.shows(2) => Style::None,
            () if is_watched() => Style::Bar(bar()),
            () => Style::Lines,
        };
        Self::with_style(output, style, phase)
    }

    fn with_style(output: Output, style: Style, phase: &'static str) -> Self {
        let wait = match style {
            Style::Bar(_) => BEFORE_THE_BAR,
            Style::None | Style::Lines => BETWEEN_LINES,
        };
        let progress = Self {
            output,
            style,
            phase,
            files: 0,
            bytes: 0,
            total: None,
            counts: PhaseCounts::default(),
            next: Instant::now() + wait,
            pause: BETWEEN_LINES,
        };
        progress.update_bar();
        progress
    }

    /// Shows what phases tell of themselves.
    pub(super) fn with_counts(mut self, counts: PhaseCounts) -> Self {
        self.counts = counts;
        self
    }

    /// Goes on to another phase.
    pub(super) fn enter(&mut self, phase: &'static str) {
        self.phase = phase;
        self.show();
    }

    /// Says how many files of how many bytes there are to do, from here on.
    pub(super) fn expect(&mut self, files: usize, bytes: u64) {
        self.total = Some(Total { files, bytes });
        if let Style::Bar(bar) = &self.style {
            bar.set_length(files as u64);
            bar.set_style(style_of(BAR));
            // Time left is counted from here.
            bar.reset_eta();
        }
        self.show();
    }

    /// Counts one file of `bytes` bytes.
    pub(super) fn done(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        if let Style::Bar(bar) = &self.style {
            bar.inc(1);
        }
        self.show();
    }

    /// Waits for some work, and shows meanwhile that it goes on.
    pub(super) async fn watch<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            match timeout(TICK, &mut work).await {
                Ok(done) => return done,
                Err(_) => self.show(),
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Style::Bar(bar) = &self.style {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self) {
        let is_due = Instant::now() >= self.next;
        match &self.style {
            Style::Lines if is_due => {
                self.next = Instant::now() + self.pause;
                self.pause = LONGEST_PAUSE.min(self.pause * 2);
                self.output.note(self.line());
            }
            Style::None | Style::Lines => {}
            Style::Bar(bar) => {
                if is_due && bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                self.update_bar();
            }
        }
    }

    fn update_bar(&self) {
        if let Style::Bar(bar) = &self.style {
            bar.set_message(self.line());
            bar.tick();
        }
    }

    /// The phase, and how much is done.
    fn line(&self) -> String {
        let Self { phase, files, .. } = self;
        let bytes = HumanBytes(self.bytes);
        match self.total {
            Some(total) => format!(
                "{phase}: {files} of {} files, {bytes} of {}",
                total.files,
                HumanBytes(total.bytes)
            ),
            None if *files > 0 => format!("{phase}: {files} files, {bytes}"),
            None => match self.counts.get() {
                Some((done, total)) => format!("{phase}: {done} of {total} files"),
                None => (*phase).to_owned(),
            },
        }
    }
}

/// Where it is known how much there is to do.
const BAR: &str = "{bar:30} {msg}, {eta} left";
const SPINNER: &str = "{spinner} {msg}";

fn bar() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style_of(SPINNER))
}

fn style_of(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_the_phase_and_what_is_known_of_files_and_bytes() {
        let mut progress =
            Progress::with_style(Output::new(1, false), Style::None, "finding files");
        assert_eq!(progress.line(), "finding files");

        progress.enter("copying files");
        progress.done(5);
        assert_eq!(progress.line(), "copying files: 1 files, 5 B");

        progress.expect(3, 4096);
        progress.done(2043);
        assert_eq!(
            progress.line(),
            "copying files: 2 of 3 files, 2.00 KiB of 4.00 KiB"
        );
    }

    #[test]
    fn a_line_says_what_a_phase_tells_of_itself_and_lines_become_rare() {
        let (phases, _told) = crate::staticfiles::Phases::told();
        let counts = phases.counts();
        let output = Output::new(0, false);
        let mut progress =
            Progress::with_style(output, Style::Lines, "compressing").with_counts(counts.clone());
        assert_eq!(progress.line(), "compressing");

        counts.expect(3);
        counts.done();
        assert_eq!(progress.line(), "compressing: 1 of 3 files");

        let pauses = (0..7).map(|_| {
            let before = Instant::now();
            progress.next = before;
            progress.show();
            progress.next.duration_since(before).as_secs()
        });
        assert_eq!(pauses.collect::<Vec<_>>(), [10, 20, 40, 80, 160, 300, 300]);
    }
}
