//! Problems gathered, so that a reader sees all of a kind at once. What counts as one is decided
//! elsewhere.

use std::collections::BTreeSet;

use storehouse_storage::{Error, Result};

/// More than a reader wants to see.
const MOST_SHOWN: usize = 20;

/// What is wrong, each problem in one line that says where.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    problems: Vec<String>,
    left_out: Vec<String>,
    unused: BTreeSet<String>,
}

impl Problems {
    /// Adds a problem, in one line.
    pub(crate) fn add(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// Adds what is left out because it means nothing here, and why.
    pub(crate) fn leave_out(&mut self, place_and_reason: impl Into<String>) {
        self.left_out.push(place_and_reason.into());
    }

    /// Adds a setting of Django that nothing here uses.
    pub(crate) fn leave_unused(&mut self, name: &str) {
        self.unused.insert(name.to_owned());
    }

    /// Returns those settings, each once, sorted.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.unused.iter().cloned().collect()
    }

    /// Returns a warning of all that is left out, if anything is.
    pub(crate) fn warning(&self) -> Option<String> {
        let all = self.left_out.join("; ");
        (!all.is_empty()).then(|| format!("these mean nothing here and are left out: {all}"))
    }

    /// Returns an error that holds all problems, if there are any.
    pub(crate) fn into_result(mut self) -> Result<()> {
        match self.problems.len() {
            0 => Ok(()),
            1 => Err(Error::configuration(self.problems.remove(0))),
            count => {
                let mut text = format!("{count} problems in the settings:");
                for problem in self.problems.iter().take(MOST_SHOWN) {
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
