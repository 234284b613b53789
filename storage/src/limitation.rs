//! What a storage's service lacks, in words for the person who chose the service. Plain data: nothing
//! is tried here.

use std::fmt;

/// Something that the service behind a storage does not keep, and what to set because of it.
///
/// ```
/// use storehouse_storage::Limitation;
///
/// let limitation = Limitation::new("the service has no locks", "run one writer at a time");
///
/// assert_eq!(limitation.to_string(), "the service has no locks; run one writer at a time");
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limitation {
    /// What the service lacks, and what follows: lower case, no full stop, never a secret.
    pub problem: String,
    /// What can be done about it.
    pub advice: String,
}

impl Limitation {
    /// Makes one of both sentences.
    pub fn new(problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            advice: advice.into(),
        }
    }
}

impl fmt::Display for Limitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem, self.advice)
    }
}
