//! What a run did, counted from what it told.

use std::{collections::HashMap, pin::pin};

use futures::{Stream, StreamExt};
use storehouse_storage::{Error, Name, Saved};

use super::event::Event;

/// What a run did, for the summary line.
#[derive(Debug, Default)]
pub struct Report {
    /// Collected files written.
    pub copied: usize,
    /// Collected files that are new, and that only their hashed names were written for.
    pub omitted: usize,
    /// Bytes written, under all names.
    pub bytes: u64,
    /// Files that are there under their hashed names, as Django counts them.
    pub post_processed: usize,
    /// Objects whose content stayed and whose attributes were replaced.
    pub repaired: usize,
    /// Objects deleted.
    pub deleted: usize,
    /// What failed.
    pub failures: Vec<Error>,
    /// The tags that the storage told of what was written.
    pub tags: HashMap<Name, String>,
}

impl Report {
    /// Takes an event into account.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Began { .. } | Event::Started(_) => {}
            Event::Wrote(saved) => {
                self.bytes += saved.size;
                let Saved { name, etag, .. } = saved;
                self.tags.extend(etag.map(|tag| (name, tag)));
            }
            Event::Done(write) => {
                let count = match write.is_omitted() {
                    true => &mut self.omitted,
                    false => &mut self.copied,
                };
                *count += usize::from(write.is_copied());
                self.post_processed += usize::from(write.is_post_processed());
            }
            Event::Repaired(_) => self.repaired += 1,
            Event::Deleted(_) => self.deleted += 1,
            Event::Failed(error) => self.failures.push(error),
        }
    }

    /// Carries out a plan to its end without showing anything meanwhile.
    pub async fn of(events: impl Stream<Item = Event>) -> Self {
        let mut report = Self::default();
        let mut events = pin!(events);
        while let Some(event) = events.next().await {
            report.add(event);
        }
        report
    }
}
