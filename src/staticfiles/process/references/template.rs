//! What a rewritten reference looks like.

/// A reference with room for what is imported and for a URL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template {
    /// What comes first.
    pub(super) before: &'static str,
    /// What stands between the clause and the URL.
    pub(super) between: &'static str,
    /// What comes last.
    pub(super) after: &'static str,
}

impl Template {
    /// A template without a clause.
    pub(super) const fn new(before: &'static str, after: &'static str) -> Self {
        Self {
            before,
            between: "",
            after,
        }
    }

    /// Appends the reference.
    pub(super) fn fill(self, text: &mut String, clause: &str, url: &str) {
        for part in [self.before, clause, self.between, url, self.after] {
            text.push_str(part);
        }
    }
}
