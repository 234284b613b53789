//! Problems gathered, so that a reader sees all of a kind at once. What counts as one is decided
//! elsewhere.

use storehouse_storage::{Error, Result};

/// More than a reader wants to see.
const MOST_SHOWN: usize = 20;

/// What is wrong, each problem in one line that says where.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Adds a problem, in one line.
    pub(crate) fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Returns an error that holds all problems, if there are any.
    pub(crate) fn into_result(mut self) -> Result<()> {
        match self.0.len() {
            0 => Ok(()),
            1 => Err(Error::configuration(self.0.remove(0))),
            count => {
                let mut text = format!("{count} problems in the settings:");
                for problem in self.0.iter().take(MOST_SHOWN) {
                    text.push_str("\n  ");
                    text.push_str(problem);
                }
                if count > MOST_SHOWN {
                    text.push_str(&format!("\n  and {} more", count - MOST_SHOWN));
                }
                Err(Error::configuration(text))
            }
        }
    }
}
