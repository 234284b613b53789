//! What the library logs, for whoever runs the command: why a file is not served, what was left out of a
//! listing, what could not be cleaned up. Only warnings and errors, and only of this project's crates.

use std::fmt::{Debug, Write};

use serde_json::{Map, Value as Json, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use super::output::{Output, escaped};

/// How the targets of this project's crates begin.
const OURS: &str = "storehouse";

/// Prints each event as a line on standard error: `storehouse: warning: …`, or an object with `--json`.
struct Log(Output);

/// Shows what is logged from now on. A program that has chosen a log of its own keeps it.
pub(super) fn show(output: Output) {
    let _ = tracing::subscriber::set_global_default(Log(output));
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with(OURS)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            _ => "warning",
        };
        let mut told = Told::default();
        event.record(&mut told);
        if self.0.is_json() {
            self.0.note(told.into_json(level));
        } else {
            self.0
                .note(format_args!("storehouse: {level}: {}", told.into_text()));
        }
    }

    // Nothing here has spans.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What one event says.
#[derive(Debug, Default)]
struct Told {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Told {
    fn into_text(self) -> String {
        let mut text = self.message;
        for (name, value) in self.fields {
            // Writing to a String cannot fail.
            let _ = write!(text, " ({name}: {value})");
        }
        escaped(&text)
    }

    fn into_json(self, level: &str) -> Json {
        let fields = self.fields.into_iter();
        let mut event: Map<_, _> = fields
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .collect();
        event.insert("event".to_owned(), json!(level));
        event.insert("message".to_owned(), json!(self.message));
        Json::Object(event)
    }
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => self.fields.push((name, value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_of_an_event_and_moves_no_cursor() {
        let told = Told {
            message: "not served: it cannot be read".to_owned(),
            fields: vec![("name", "\"a\u{1b}[2J\nb\"".to_owned())],
        };

        assert_eq!(
            told.into_text(),
            "not served: it cannot be read (name: \"a\\u{1b}[2J\\nb\")"
        );
    }
}
